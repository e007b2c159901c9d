"""Where things live: the only module that knows a path of ours (section 2 of the contract)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sidecar import meeting
from sidecar.records import dataclass

APP = "sidecar"


@dataclass(frozen=True, slots=True)
class Paths:
    """Every place that sidecar reads or writes, apart from the agents' own folders."""

    config_file: Path
    store: Path
    state: Path
    cache: Path
    socket: Path

    @property
    def journal(self) -> Path:
        """The SQLite file with cursors, jobs and the archive."""
        return self.state / "journal.db"

    @property
    def lock(self) -> Path:
        """Held by the running daemon; contains its pid."""
        return self.state / "daemon.lock"

    @property
    def token(self) -> Path:
        """The token of the TCP listener, unless `listen.token_file` names another file."""
        return self.state / "token"

    @property
    def logs(self) -> Path:
        """The folder of log files."""
        return self.state / "log"

    @property
    def trash(self) -> Path:
        """Deleted profiles, kept for 30 days."""
        return self.state / "trash"

    @property
    def index(self) -> Path:
        """The search index; deleting it is a supported act."""
        return self.cache / "index"


def resolve(environ: Mapping[str, str] | None = None) -> Paths:
    """The places for this environment: `SIDECAR_HOME` first, then XDG (the platform's own folders on macOS)."""
    env = os.environ if environ is None else environ
    home = env.get("SIDECAR_HOME")
    socket = Path(meeting.socket_path(env))
    return _below(Path(meeting.absolute(home)), socket) if home else _platform(env, socket)


def _below(root: Path, socket: Path) -> Paths:
    return Paths(
        config_file=root / "config.yaml",
        store=root / "store",
        state=root / "state",
        cache=root / "cache",
        socket=socket,
    )


def _platform(env: Mapping[str, str], socket: Path) -> Paths:
    import platformdirs  # late: with SIDECAR_HOME, and for who only wants the words, its cost is not needed

    dirs = platformdirs.PlatformDirs(APP, appauthor=False)
    return Paths(
        config_file=_xdg(env, "XDG_CONFIG_HOME", Path(dirs.user_config_path)) / "config.yaml",
        store=_xdg(env, "XDG_DATA_HOME", Path(dirs.user_data_path)),
        state=_xdg(env, "XDG_STATE_HOME", Path(dirs.user_state_path)),
        cache=_xdg(env, "XDG_CACHE_HOME", Path(dirs.user_cache_path)),
        socket=socket,
    )


def _xdg(env: Mapping[str, str], name: str, fallback: Path) -> Path:
    """The folder below the one that a variable names; a relative one is ignored, as the XDG specification asks."""
    value = env.get(name, "")
    return Path(value) / APP if value.startswith("/") else fallback


def user_home(environ: Mapping[str, str] | None = None) -> Path:
    """The user's home folder, as the environment states it."""
    env = os.environ if environ is None else environ
    return Path(env.get("HOME") or Path.home())


def temp_folders() -> tuple[Path, ...]:
    """Folders for throw-away work: a session there belongs to no project."""
    return tuple(dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))))  # noqa: S108 - compared, not used

"""Where each agent keeps its transcripts, on each platform, and the variables that move them: one table."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from sidecar import paths
from sidecar.records import dataclass

EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
"""Editors in which the extensions of this table run, by the name of their settings folder."""

EDITOR_SERVERS = (".vscode-server/data",)
"""Where an editor keeps its settings on a machine that is worked on from another one, below the home folder."""

SETTINGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "darwin": ("", "Library/Application Support"),
        "linux": ("XDG_CONFIG_HOME", ".config"),
        "win32": ("APPDATA", "AppData/Roaming"),
    }
)
"""By platform: the variable that moves the folder of programs' settings, and where it is otherwise."""

DATA = ("XDG_DATA_HOME", ".local/share")
"""The same for the folder of programs' data, which some of them use on every platform."""

WINDOWS = "win32"


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one agent.

    folders: below the home folder, on every platform.
    data: below the folder of programs' data, on every platform.
    on_windows: in place of `data` on Windows, below the folder of programs' settings.
    moved_by: variables, the strongest first, and what of theirs takes the place of `folders` and `data`.
    further: below the home folder too, whatever the variables say.
    settings: below the folder of programs' settings.
    storage: a folder in the storage of editors' extensions.
    """

    folders: tuple[str, ...] = ()
    moved_by: tuple[tuple[str, tuple[str, ...]], ...] = ()
    further: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    on_windows: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    storage: str = ""


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "claude-code": Place((".claude/projects",), (("CLAUDE_CONFIG_DIR", ("projects",)),)),
        "cline": Place(
            (".cline/data/sessions",),
            (
                ("CLINE_SESSION_DATA_DIR", ("",)),
                ("CLINE_DATA_DIR", ("sessions",)),
                ("CLINE_DIR", ("data/sessions",)),
            ),
            storage="saoudrizwan.claude-dev/tasks",
        ),
        "codex": Place(
            (".codex/sessions", ".codex/archived_sessions"),
            (("CODEX_HOME", ("sessions", "archived_sessions")),),
        ),
        "copilot-cli": Place(
            (".copilot/session-state", ".copilot/history-session-state"),
            (("COPILOT_HOME", ("session-state", "history-session-state")),),
        ),
        "cursor": Place(
            (".cursor/projects",),
            (("CURSOR_CONFIG_DIR", ("projects",)),),
            settings=("Cursor/User/globalStorage", "Cursor/User/workspaceStorage"),
        ),
        "gemini": Place(
            (".gemini/tmp",),
            (("GEMINI_CLI_HOME", (".gemini/tmp",)),),
            further=(".cache/.gemini/tmp",),  # in the sandbox of macOS
        ),
        "goose": Place(
            moved_by=(("GOOSE_PATH_ROOT", ("data/sessions",)),),
            data=("goose/sessions",),
            on_windows=("Block/goose/data/sessions",),
        ),
        "openclaw": Place(
            (".openclaw/agents",),
            (("OPENCLAW_STATE_DIR", ("agents",)),),
            further=(".clawdbot/agents", ".kimi_openclaw/agents", ".qclaw/agents"),  # older names, and relatives
        ),
        "opencode": Place(data=("opencode/storage/session", "opencode")),
        "pi": Place(
            (".pi/agent/sessions",),
            (("PI_CODING_AGENT_SESSION_DIR", ("",)), ("PI_CODING_AGENT_DIR", ("sessions",))),
            further=(".omp/agent/sessions",),  # Oh-My-Pi writes the same format
        ),
        "qwen": Place(
            (".qwen/projects", ".qwen/tmp"),
            (("QWEN_RUNTIME_DIR", ("projects", "tmp")), ("QWEN_HOME", ("projects", "tmp"))),
        ),
        "roo": Place(storage="rooveterinaryinc.roo-cline/tasks"),
    }
)
"""By agent.  Aider has none, as it writes into each repository, and neither have formats that belong to no agent."""


def roots(agent: str, environ: Mapping[str, str], platform: str = sys.platform) -> tuple[Path, ...]:
    """The folders of an agent in this environment, whether they exist or not."""
    home = paths.user_home(environ)
    return apart_from_home(_all(PLACES.get(agent, Place()), environ, home, platform), home)


def apart_from_home(found: Iterable[Path], home: Path) -> tuple[Path, ...]:
    """The folders, but never home or one above it, whatever a variable says: it would be watched as a whole."""
    real = home.resolve()
    everything = {home, real, *home.parents, *real.parents}
    return tuple(root for root in dict.fromkeys(found) if root not in everything and root.resolve() not in everything)


def data_folder(environ: Mapping[str, str]) -> Path:
    """The folder of programs' data."""
    return _base(DATA, environ, paths.user_home(environ))


def _all(place: Place, environ: Mapping[str, str], home: Path, platform: str) -> Iterator[Path]:
    moved = next(((value, inside) for name, inside in place.moved_by if (value := environ.get(name, "").strip())), None)
    if moved is None:
        yield from (home / folder for folder in place.folders)
        if place.on_windows and platform == WINDOWS:
            yield from (_settings(environ, home, platform) / folder for folder in place.on_windows)
        else:
            yield from (_base(DATA, environ, home) / folder for folder in place.data)
    else:
        base = folder_from(moved[0], home)
        yield from (base / inside for inside in moved[1])
    yield from (home / folder for folder in place.further)
    yield from (_settings(environ, home, platform) / folder for folder in place.settings)
    if place.storage:
        yield from (folder / "User" / "globalStorage" / place.storage for folder in _editors(environ, home, platform))


def _editors(environ: Mapping[str, str], home: Path, platform: str) -> Iterator[Path]:
    yield from (_settings(environ, home, platform) / editor for editor in EDITORS)
    yield from (home / server for server in EDITOR_SERVERS)


def _settings(environ: Mapping[str, str], home: Path, platform: str) -> Path:
    return _base(SETTINGS.get(platform, SETTINGS["linux"]), environ, home)


def _base(where: tuple[str, str], environ: Mapping[str, str], home: Path) -> Path:
    """The folder that a variable names, or the usual one below home."""
    variable, default = where
    value = environ.get(variable, "").strip() if variable else ""
    return folder_from(value, home) if value else home / default


def folder_from(value: str, home: Path) -> Path:
    """The folder that a variable names, with `~` as the given home."""
    if value == "~" or value.startswith("~/"):
        return home / value[2:]
    return Path(value).absolute()

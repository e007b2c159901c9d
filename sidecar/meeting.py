"""Where the daemon and those who call it meet: the socket's path, and the note with the hooks' time limit beside it.

Nothing is imported here but what every Python has loaded already: hooks start this on every prompt of an agent.
`paths.resolve` takes the socket's path from here, so that there is one truth.
"""

import os
import sys
from _collections_abc import Mapping  # of `collections.abc`, which would bring all of `collections` along
from _socket import SOL_SOCKET, socket  # what `socket` is made of, and hooks have loaded

LIMIT_MS = 300
"""How long a hook may make an agent wait, where nothing else is said."""

_LIMITS_MS = (10, 60_000)
"""What the setting may be; a note with anything else is not ours."""

_NOTE = "hooks.limit"
_FORMAT = b"1"
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES = 0, 1, 76
"""Of macOS and the BSDs: `struct xucred` is a version, the user id, and groups."""
_NOTE_BYTES = 32
"""More than a note of ours has."""

VARIABLE = "SIDECAR_HOOKS_TIMEOUT_MS"
"""The setting `hooks.timeout_ms` from the environment, which goes before the note as it goes before the file."""


def socket_path(environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """The daemon's socket in this environment.

    Raises KeyError where neither the environment nor the system names a home folder.
    """
    given = environ.get("SIDECAR_SOCKET")
    if given:
        return absolute(given)
    home = environ.get("SIDECAR_HOME")
    if home:
        return absolute(home) + "/run/sidecar.sock"
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):  # a relative one is ignored, as the XDG specification asks
        return runtime.rstrip("/") + "/sidecar/sidecar.sock"
    return _state(environ, platform) + "/run/sidecar.sock"


def absolute(path: str) -> str:
    """The path with `~` replaced and the current folder put before a relative one; links and dots stay."""
    expanded = os.path.expanduser(path)  # noqa: PTH111 - a Path would have to be imported
    whole = expanded if expanded.startswith("/") else os.getcwd() + "/" + expanded  # noqa: PTH109
    return whole.rstrip("/") or "/"


def _state(environ: Mapping[str, str], platform: str) -> str:
    given = environ.get("XDG_STATE_HOME", "")
    if given.startswith("/"):
        return given.rstrip("/") + "/sidecar"
    inside = "Library/Application Support" if platform == "darwin" else ".local/state"
    return absolute("~/" + inside + "/sidecar")


def note_path(place: str) -> str:
    """The file in which the daemon notes the time limit of hooks: beside its socket, where hooks look anyway."""
    return os.path.dirname(place) + "/" + _NOTE  # noqa: PTH120


def peer(connection: socket) -> int | None:
    """The user id of whoever has the other end of a Unix socket, as the kernel knows it; None where it does not say.

    Of a client: who connected.  Of a server: who listens, which is root where the system's own systemd does.
    """
    if sys.platform == "linux":
        from _socket import SO_PEERCRED

        return _number(connection.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)[4:8])  # struct ucred: pid, uid, gid
    try:
        found = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
    except OSError:
        return None
    return _number(found[4:8]) if len(found) >= 8 else None


def _number(data: bytes) -> int:
    return int.from_bytes(data, sys.byteorder)


def is_ours(connection: socket) -> bool:
    """Whether a server is one that may be told anything: the user's own, or root's, who can read all of it anyway."""
    return peer(connection) in (None, 0, os.geteuid())


def note(limit_ms: int) -> bytes:
    """The note's content: the number of its format, and milliseconds."""
    return _FORMAT + b" " + str(limit_ms).encode() + b"\n"


def limit_ms(environ: Mapping[str, str], place: str) -> int:
    """How long a hook may take: what the environment says, else what the daemon has noted, else the default."""
    given = environ.get(VARIABLE, "")
    return _within(given.encode()) or _noted(note_path(place)) or LIMIT_MS


def _noted(path: str) -> int | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        words = os.read(descriptor, _NOTE_BYTES).split()
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return _within(words[1]) if len(words) == 2 and words[0] == _FORMAT else None


def _within(digits: bytes) -> int | None:
    """The number if it is one that the setting may have."""
    if not digits.isdigit() or len(digits) > 5:
        return None
    return int(digits) if _LIMITS_MS[0] <= int(digits) <= _LIMITS_MS[1] else None

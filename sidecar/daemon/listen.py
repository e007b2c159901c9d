"""The Unix socket: made private, taken over from a dead daemon, never from a living one, or passed by systemd."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sidecar.errors import AlreadyRunning, Conflict, FileSystemFailed
from sidecar.records import dataclass

BACKLOG = 128
"""Connections that may wait to be accepted; the kernel's own default maximum is of this order."""

_PROBE_S = 1.0
"""How long a socket that exists may take to accept.  The kernel accepts for its owner, so this is plenty."""

_FIRST_PASSED_FD = 3
"""SD_LISTEN_FDS_START of sd_listen_fds(3)."""

_SHORTEN = "Set SIDECAR_SOCKET to a shorter path."


@dataclass(frozen=True, slots=True)
class Listening:
    """A listening socket.  `path` is None for one that was passed to us: it is not ours to remove."""

    sock: socket.socket
    path: Path | None
    identity: tuple[int, int] | None

    def close(self) -> None:
        """Stop listening, and remove the socket's file if it is still the one that we made."""
        self.sock.close()
        if self.path is None:
            return
        with suppress(OSError):
            found = self.path.lstat()
            if (found.st_dev, found.st_ino) == self.identity:
                self.path.unlink()


def listen(path: Path, environ: Mapping[str, str]) -> Listening:
    """The socket that was passed to this process, else a new one at `path`: 0600, in a folder that is made 0700.

    Raises:
        AlreadyRunning: somebody answers on the socket.
        Conflict: another daemon is starting in the same folder.
        FileSystemFailed: the path is too long, not a socket, or not ours.
    """
    passed = _passed(environ)
    if passed is not None:
        return Listening(passed, None, None)
    _make_folder(path.parent)
    with _locked(path.parent), _translated(path, "used as a socket"):
        _clear(path)
        return _bind(path)


def _passed(environ: Mapping[str, str]) -> socket.socket | None:
    """The socket of systemd's socket activation, if it was meant for this process and is one."""
    if environ.get("LISTEN_PID") != str(os.getpid()) or environ.get("LISTEN_FDS") != "1":
        return None
    with _translated(Path(f"/dev/fd/{_FIRST_PASSED_FD}"), "used as a socket"):
        found = socket.socket(fileno=_FIRST_PASSED_FD)
    if found.family != socket.AF_UNIX or not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        found.detach()
        why = "the socket that was passed is not a listening Unix stream socket"
        raise FileSystemFailed(path=f"file descriptor {_FIRST_PASSED_FD}", action="listened on", why=why)
    found.set_inheritable(False)
    return found


def _make_folder(folder: Path) -> None:
    """Make what is missing of the folder, each level 0700; one that exists is its owner's business."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with _translated(folder, "made"):
        folder.mkdir(mode=0o700, exist_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder, so that of two daemons starting at once neither takes the other's new socket for a dead one."""
    with _translated(folder, "opened"):
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                detail=f"Another daemon is starting in {folder}.", hint="Try again in a moment; one daemon is enough."
            ) from None
        yield
    finally:
        os.close(held)


def _clear(path: Path) -> None:
    """Remove the socket of a dead daemon; refuse everything else that is there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileSystemFailed(
            path=path,
            action="used as a socket",
            why="something else is there, which was left alone",
            hint="Move it away, or set SIDECAR_SOCKET to another path.",
        )
    pid = _answering(path)
    if pid is not None:
        raise AlreadyRunning(pid=pid, home=path)
    path.unlink()


def _answering(path: Path) -> str | None:
    """The pid of whoever accepts connections there (`unknown` where the system does not say); None if nobody does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(os.fspath(path))
        except (TimeoutError, BlockingIOError):  # its backlog is full: it lives
            return "unknown"
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        return _peer(probe)


def _peer(connection: socket.socket) -> str:
    if sys.platform != "linux":
        return "unknown"
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return str(struct.unpack("3i", credentials)[0])


def _bind(path: Path) -> Listening:
    """Nobody can connect between `bind` and `listen`: the mode is right before it matters, whatever the umask."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with suppress(OSError):  # not on macOS
            os.fchmod(sock.fileno(), 0o600)  # what Linux makes the file with, less the umask
        sock.bind(os.fspath(path))
        found = path.lstat()
        if stat.S_IMODE(found.st_mode) != 0o600 and stat.S_ISSOCK(found.st_mode):
            path.chmod(0o600)  # elsewhere, or with an umask that takes away from the owner
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return Listening(sock, path, (found.st_dev, found.st_ino))


@contextmanager
def _translated(path: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # A path over the limit of sockaddr_un is refused by Python itself, without an errno.
        too_long = error.errno is None or error.errno == errno.ENAMETOOLONG
        why = error.strerror or str(error)
        raise FileSystemFailed(path=path, action=action, why=why, hint=_SHORTEN if too_long else None) from error

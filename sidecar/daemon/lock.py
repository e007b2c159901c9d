"""One daemon for one home: a file lock that holds the pid, released by the kernel when the process ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from sidecar.descriptors import hint_for, lock_file
from sidecar.errors import AlreadyRunning, FileSystemFailed

_ATTEMPTS = 5
_PAUSE_S = 0.02


class HomeLock:
    """The lock of a running daemon.  The file stays when it is released; only the lock on it counts."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            AlreadyRunning: another process holds it; the message names its pid.
            FileSystemFailed: the file cannot be made, or is a link; a hard link that nobody has locked is replaced.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = lock_file(path, os.O_RDWR)
        except OSError as error:
            why, hint = error.strerror or str(error), hint_for(error, path)
            raise FileSystemFailed(path=path, action="used as a lock", why=why, hint=hint) from error
        if not self._locked():
            pid = os.read(self._descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise AlreadyRunning(pid=pid, home=path.parent.parent)
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def _locked(self) -> bool:
        """Try for a moment: whoever asks whether a daemon runs holds the lock for some microseconds."""
        for _ in range(_ATTEMPTS):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                time.sleep(_PAUSE_S)
        return False

    def release(self) -> None:
        """Give the lock back."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

"""Locks of git that somebody holds: waited for, and taken away once their owner must have died."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sidecar.errors import GitFailed
from sidecar.expressions import regex

PATIENCE: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between tries; then the lock is told as an error, and whoever asked tries again later."""
_STALE_SECONDS: Final = 60.0
_HELD = regex(
    r"(?:'(?P<lock>[^'\n]+\.lock)'|lock config file (?P<settings>[^\n]+)|create file (?P<new>[^\n]+\.new)): File exists"
)
"""How git says that somebody holds one of its locks (of the index, of a ref, of its settings), or writes a file that it
makes only while it holds one (`packed-refs.new`)."""


def patiently(folder: Path, command: Callable[[], bytes]) -> bytes:
    """What a git command in this repository says, as soon as nobody holds a lock that it needs.

    A git that was killed leaves its lock behind, for good: after a minute it is taken away.  Raises what the command
    raises, also if the lock is still held after some seconds.
    """
    for pause in PATIENCE:
        try:
            return command()
        except GitFailed as error:
            held = _HELD.search(str(error.fields["stderr"]))
            if held is None:
                raise
        _remove_stale(folder, folder / (held["lock"] or held["new"] or f"{held['settings']}.lock"))
        time.sleep(pause)
    return command()


def _remove_stale(folder: Path, lock: Path) -> None:
    """Take away a lock of this repository whose owner must have died: no command of ours or a hand is so slow."""
    try:
        if lock.is_relative_to(folder / ".git") and time.time() - lock.stat().st_mtime > _STALE_SECONDS:
            lock.unlink()
    except FileNotFoundError:  # its owner has just finished
        return

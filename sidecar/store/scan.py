"""Looking at a profile's folder: names and signatures, so that only what changed has to be read."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from sidecar.errors import FileSystemFailed
from sidecar.files import is_temporary
from sidecar.store.layout import is_memory_path, is_tombstone_path

_RACY_NS: Final = 2_000_000_000
"""A file written so short before the look may change again and keep its signature: file systems' clocks are coarse."""


class Signature(NamedTuple):
    """What tells, without reading, that a file is the one that was read; `racy` ones are read again all the same.

    A named tuple, because a look at 100,000 files makes as many of them.
    """

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    regular: bool
    racy: bool

    def same(self, other: Signature) -> bool:
        """Whether the two were taken of the same state of one file."""
        return self[:-1] == other[:-1]


@dataclass(slots=True)
class Scan:
    """Everything of interest below a profile's folder, by relative path; `folders` have names as memories have."""

    memories: dict[str, Signature] = field(default_factory=dict)
    tombstones: dict[str, Signature] = field(default_factory=dict)
    leftovers: list[str] = field(default_factory=list)
    folders: dict[str, Signature] = field(default_factory=dict)

    def misplaced(self, known: Container[str]) -> dict[str, Signature]:
        """The folders that lie where a memory is known to be: that memory was not removed, its file is bad."""
        return {path: signature for path, signature in self.folders.items() if path in known}


def is_file(path: Path) -> bool:
    """Whether a file is there; False also where nobody lets us look."""
    return os.path.isfile(path)  # noqa: PTH113 - the method of Path raises for want of permission


def signature_of(path: Path) -> Signature | None:
    """The signature of one file; None if nothing is there."""
    try:
        return _signature(path.lstat(), time.time_ns())
    except (FileNotFoundError, NotADirectoryError):
        return None


def scan(folder: Path) -> Scan:
    """Look at the whole folder.  Raises `FileSystemFailed` if a part of it cannot be read: unreadable is not gone."""
    found, waiting, now = Scan(), [""], time.time_ns()
    while waiting:
        prefix = waiting.pop()
        try:
            with os.scandir(folder / prefix) as entries:
                for entry in entries:
                    _sort_in(entry, f"{prefix}{entry.name}", found, waiting, now)
        except OSError as error:
            if prefix and isinstance(error, FileNotFoundError):
                continue  # removed while we looked
            raise FileSystemFailed(path=folder / prefix, action="read", why=error.strerror) from error
    return found


def _sort_in(entry: os.DirEntry[str], path: str, found: Scan, waiting: list[str], now: int) -> None:
    if is_temporary(entry.name):
        found.leftovers.append(path)
    elif entry.name.startswith("."):
        return
    elif entry.is_dir(follow_symlinks=False):  # whatever its name: a folder of notes may well be called `notes.md`
        waiting.append(f"{path}/")
        if is_memory_path(path):
            _take(entry, path, found.folders, now)
    elif is_memory_path(path):
        _take(entry, path, found.memories, now)
    elif is_tombstone_path(path):
        _take(entry, path, found.tombstones, now)


def _take(entry: os.DirEntry[str], path: str, into: dict[str, Signature], now: int) -> None:
    try:
        into[path] = _signature(entry.stat(follow_symlinks=False), now)
    except FileNotFoundError:  # removed while we looked
        return


def _signature(state: os.stat_result, now: int) -> Signature:
    racy = max(state.st_mtime_ns, state.st_ctime_ns) > now - _RACY_NS
    return Signature(
        state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns, stat.S_ISREG(state.st_mode), racy
    )

"""Looking at a profile's folder: names and signatures, so that only what changed has to be read."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final, NamedTuple

from sidecar.errors import FileSystemFailed
from sidecar.files import is_temporary
from sidecar.records import dataclass
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
    """Everything of interest below a profile's folder, by relative path; `folders` have names as memories have.

    `looked_at`: the paths of a look at some only, each with all that is below it; None: the whole folder.
    """

    looked_at: frozenset[str] | None = None
    memories: dict[str, Signature] = field(default_factory=dict)
    tombstones: dict[str, Signature] = field(default_factory=dict)
    leftovers: list[str] = field(default_factory=list)
    folders: dict[str, Signature] = field(default_factory=dict)

    def misplaced(self, known: Container[str]) -> dict[str, Signature]:
        """The folders that lie where a memory is known to be: that memory was not removed, its file is bad."""
        return {path: signature for path, signature in self.folders.items() if path in known}

    def missing(self, known: Mapping[str, object], found: Container[str]) -> list[str]:
        """Those of the known files that this look would have found, and has not."""
        if self.looked_at is None:
            return [path for path in known if path not in found]
        gone = {path for path in self.looked_at if path in known and path not in found}
        # What is no file now may have been a folder, that went away with all that was in it or was made anew.
        perhaps = {path for path in self.looked_at if (seen := self.memories.get(path)) is None or not seen.regular}
        if perhaps:
            held = {folder for folder in {path.rpartition("/")[0] for path in known} if _lies_in(folder, perhaps)}
            gone |= {path for path in known if path.rpartition("/")[0] in held and path not in found} if held else set()
        return sorted(gone)


def _lies_in(folder: str, folders: Container[str]) -> bool:
    """Whether a folder is one of some, or lies in one."""
    while folder:
        if folder in folders:
            return True
        folder = folder.rpartition("/")[0]
    return False


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
    return _scan_from(folder, "", time.time_ns())


def _scan_from(folder: Path, first: str, now: int) -> Scan:
    found, waiting = Scan(), [first]
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


def look_at(folder: Path, paths: Iterable[str], known: Collection[Container[str]]) -> Scan:
    """Look at some files and folders only, and at all that lies in the folders.

    What lies behind a symlink, below something hidden, or in a file's place is not there, as for `scan`; nor is a path
    that is in none of the `known` and that its folder spells otherwise.  Raises `FileSystemFailed`.
    """
    found, now = Scan(frozenset(paths)), time.time_ns()
    real: dict[str, bool] = {"": True}
    listed: dict[str, set[str]] = {}
    for path in sorted(found.looked_at or ()):
        parent, _, name = path.rpartition("/")
        try:
            if not _is_within(folder, parent, real):
                continue
            mode = (folder / path).lstat().st_mode
            if not any(path in one for one in known) and name not in _names(folder, parent, listed):
                continue
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise FileSystemFailed(path=folder / path, action="read", why=error.strerror) from error
        if name.startswith("."):
            continue
        if stat.S_ISDIR(mode):
            _take_folder(folder, path, found, now)
        else:
            _take_path(folder, path, found)
    return found


def _is_within(folder: Path, parent: str, real: dict[str, bool]) -> bool:
    """Whether a folder of the profile is one that `scan` goes into."""
    if parent not in real:
        above, _, name = parent.rpartition("/")
        hidden = name.startswith(".")
        inner = not hidden and _is_within(folder, above, real)
        real[parent] = inner and stat.S_ISDIR((folder / parent).lstat().st_mode)
    return real[parent]


def _names(folder: Path, parent: str, listed: dict[str, set[str]]) -> set[str]:
    """How the folder itself spells what is in it: a file system may know a file by other names too."""
    if parent not in listed:
        listed[parent] = {entry.name for entry in (folder / parent).iterdir()}
    return listed[parent]


def _take_folder(folder: Path, path: str, found: Scan, now: int) -> None:
    below = _scan_from(folder, f"{path}/", now)
    found.memories |= below.memories
    found.tombstones |= below.tombstones
    found.folders |= below.folders
    if is_memory_path(path) and (signature := signature_of(folder / path)) is not None:
        found.folders[path] = signature


def _take_path(folder: Path, path: str, found: Scan) -> None:
    into = found.memories if is_memory_path(path) else found.tombstones if is_tombstone_path(path) else None
    if into is not None and (signature := signature_of(folder / path)) is not None:
        into[path] = signature


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

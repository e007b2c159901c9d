"""Bringing a profile's work tree from one commit to another, as sharing needs it: guarded like every other write."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

from sidecar.errors import ChangedOnDisk, FileSystemFailed, SidecarError
from sidecar.files import ABSENT, sha256_of
from sidecar.model import Status
from sidecar.store.changes import refuse_if_vanished
from sidecar.store.core import Core
from sidecar.store.layout import PRIVATE, SUMMARY_FILE, is_private, is_tombstone_path
from sidecar.store.words import WriteContext

Transition = Mapping[str, tuple[bytes | None, bytes | None]]
"""path -> (bytes before, bytes after); None where no file is."""

TAKEN: Final = WriteContext("taken over from what others shared")
WITHHELD: Final = WriteContext("forgotten before the profile was shared")


def take(core: Core, files: Transition, move: Callable[[], None], *, resuming: bool) -> None:
    """Let the work tree hold what another commit says, then `move` the branch there.

    A file that cannot be committed (a bad one, a symlink) differs from the commit already; it is left as it is, and
    goes on differing.  Raises `ChangedOnDisk` if a person is editing one of the others: then nothing has changed.
    `resuming`: what differs from the commit may be what an interrupted run has put there.
    """
    refuse_if_vanished(core)
    held = set() if resuming else {entry.path for entry in core.history.git.status()}
    wanted = {path: change for path, change in files.items() if path not in held}
    _check(core, wanted)
    done: list[str] = []
    try:
        for path in _order(wanted):
            _put(core, path, *wanted[path])
            done.append(path)
    except SidecarError:
        for path in reversed(done):
            before, after = wanted[path]
            _put(core, path, after, before)
        raise
    move()
    core.history.git.refresh_index(sorted(files))
    core.history.commit_pending()  # it is committed already: this only lets go of it


def withhold_forgotten(core: Core) -> int:
    """Make what was forgotten private, so that neither its words nor their hashes go out; how many memories it was."""
    refuse_if_vanished(core)
    snapshot = core.catalog.snapshot()
    for stored in snapshot.memories([Status.FORGOTTEN]):
        if not stored.private:
            core.disk.move(stored.path, core.disk.free(f"{PRIVATE}{stored.path}"), stored.sha256, WITHHELD)
    for identifier in sorted(snapshot.tombstones):
        for path in core.catalog.tombstone_paths(identifier):
            data = None if is_private(path) else core.disk.read(path)
            if data is not None:
                core.disk.move(path, core.disk.free(f"{PRIVATE}{path}"), sha256_of(data), WITHHELD)
    return len(snapshot.tombstones)


def private_files(core: Core) -> list[str]:
    """What lies in `private/`, tombstones apart."""
    return sorted(path for path in core.catalog.entries if is_private(path))


def private_tombstones(core: Core) -> dict[str, str]:
    """The ids and content hashes of what was forgotten here and is nobody else's business."""
    stones = core.catalog.buried.tombstones
    buried = {i: [p for p in core.catalog.tombstone_paths(i) if is_tombstone_path(p)] for i in stones}
    return {i: stones[i].content_hash for i, paths in buried.items() if paths and all(map(is_private, paths))}


def _check(core: Core, files: Transition) -> None:
    for path, (before, after) in files.items():
        if is_private(path) or path == SUMMARY_FILE:
            raise FileSystemFailed(path=path, action="taken over", why="it belongs to this machine alone")
        if core.disk.read(path) not in (before, after):  # `after`: an interrupted run has put it there
            raise ChangedOnDisk(path=path)


def _order(files: Transition) -> Iterable[str]:
    """First what is in the way of something new, then the new, then the rest that goes.

    At no moment is a memory that moves in no place at all, unless its old place is the new one's folder or namesake.
    """
    new = {_plain(path) for path, (_, after) in files.items() if after is not None}
    folders = {str(parent) for path in new for parent in PurePosixPath(path).parents}
    gone = [path for path, (_, after) in sorted(files.items()) if after is None]
    in_the_way = [path for path in gone if _plain(path) in new or _plain(path) in folders]
    return [*in_the_way, *sorted(files.keys() - set(gone)), *sorted(set(gone).difference(in_the_way))]


def _plain(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _put(core: Core, path: str, before: bytes | None, after: bytes | None) -> None:
    present = core.disk.read(path)
    if present == after:
        return
    if present != before:
        raise ChangedOnDisk(path=path)
    if after is None:
        core.disk.remove(path, sha256_of(present or b""), TAKEN)
    else:
        core.disk.write(path, after, ABSENT if present is None else sha256_of(present), TAKEN)

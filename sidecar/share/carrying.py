"""A profile that its project carries: the files in `<project>/.memory/` and those of the profile are kept in step.

The daemon writes files there and leaves commits to the user: what is committed, pushed and pulled is theirs to decide.
The profile itself, with its history, stays in the store, so everything works as for any other.

    look at the folder -> what changed there since both were the same -> merge by ids -> guarded writes

A branch that is switched in the project, or an old commit that is looked at, takes nothing away from the profile: what
that commit lacks is left apart, neither forgotten here nor written there, until a commit has it again.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from sidecar.errors import CannotCarry, ChangedOnDisk
from sidecar.frontmatter import Document, edit, parse
from sidecar.git import Git, Trees, current_commit
from sidecar.identity import content_hash
from sidecar.model import Memory, Status, Tombstone
from sidecar.records import dataclass
from sidecar.share.authorship import written_by_others
from sidecar.share.checkout import Checkout, Note, committed
from sidecar.share.inspection import INFORMATION, unreadable
from sidecar.share.planning import names
from sidecar.share.purging import held_ids, purged_ids
from sidecar.share.records import Record
from sidecar.share.working import Work
from sidecar.store import tombstones
from sidecar.store.layout import is_memory_path, is_tombstone_path, tombstone_path
from sidecar.store.worktree import has_conflict

ARRIVED: Final = "refs/sidecar/carried-in"
"""What was changed there, on its way into the profile."""

AGREED: Final = "refs/sidecar/carried-torn"
"""The last agreement that had to be put together, as files there were torn by a conflict."""

_ATTEMPTS: Final = 5
"""How often a round begins again because somebody writes in the middle of it."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a round did: files that were taken over from the folder, and files that were written or removed there."""

    folder: Path
    taken: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """The folder against the last agreement.

    `base`: path and object name of the agreed files; `files`: of those that lie there; `changes`: what a hand, or git
    at its command, made of them (None: taken away); `apart`: agreed files that the project's commit lacks; `torn`:
    files with both sides of a conflict, which nobody touches until a person has chosen; `others`: paths of changed
    files, and ids of memories in them, that somebody else wrote.
    """

    commit: str | None
    base: Mapping[str, str]
    files: Mapping[str, str]
    changes: Mapping[str, bytes | None]
    apart: Mapping[str, str]
    torn: frozenset[str]
    others: frozenset[str]


def keep_in_step(work: Work, checkout: Checkout, *, accept: bool = False) -> Carried:
    """One round; `accept`: also if most of the profile is gone by it.

    Raises as `Sharing.keep_in_step`; `ChangedOnDisk` if somebody goes on writing all the time.
    """
    if not checkout.folder.is_dir():
        raise CannotCarry(folder=checkout.folder, why="it is not there")
    if checkout.merging:
        hint = "Finish or abort it; then it goes on by itself."
        raise CannotCarry(folder=checkout.folder, why="a merge or rebase there waits for you", hint=hint)
    for _ in range(_ATTEMPTS):
        head = work.prepare()
        try:
            sight = look(checkout, work.record, head, work.clock().replace(microsecond=0))
            if sight.changes:
                theirs = arrive(work.record, work.record.git, sight, work.clock())
                plan = work.plan(head, theirs, _apart_from(work.record, head))
                head = work.take(plan, accept=accept, remote=False, others=sight.others)
        except ChangedOnDisk:
            continue  # somebody has edited or learned something meanwhile
        return Carried(checkout.folder, len(sight.changes), leave(checkout, work, head, sight))
    raise ChangedOnDisk(path=str(checkout.folder))


def ready(folder: Path) -> bool:
    """Make the folder; whether it was not there.  Raises `CannotCarry` if it cannot be one, or not be written to."""
    try:
        made = not folder.is_dir()
        folder.mkdir(exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except FileExistsError as error:
        raise CannotCarry(folder=folder, why="something else lies there") from error
    except OSError as error:
        raise CannotCarry(folder=folder, why=error.strerror or str(error)) from error
    return made


def unmake(folder: Path) -> None:
    """Remove a folder that was made in vain; one that holds something stays."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def look(checkout: Checkout, record: Record, head: str, now: datetime) -> Sight:
    """What has changed in the folder since both were the same.  `ChangedOnDisk` if it changes meanwhile."""
    trees, note = record.trees, Note.load(record.git.folder)
    origin, commit = record.agreed, current_commit(checkout.folder.parent)
    base = {} if origin is None else names(trees, origin)
    files = checkout.files(head)
    switched = origin is not None and note.commit != commit
    missing = {path: name for path, name in base.items() if path not in files}
    apart = {path: name for path, name in note.apart.items() if path in missing}
    changes: dict[str, bytes | None] = {
        path: checkout.present(path) for path, name in files.items() if base.get(path) != name
    }
    _refuse_broken(checkout, changes)
    torn = frozenset(path for path, data in changes.items() if data is not None and has_conflict(data))
    changes = {path: data for path, data in changes.items() if path not in torn}
    if switched:
        apart |= missing
    apart = _still_apart(trees, apart, files, changes)
    changes |= dict.fromkeys(missing.keys() - apart.keys() - INFORMATION.keys(), None)
    for path in _purged(trees, head, changes):
        del changes[path]  # what was purged does not come back by an old commit, or by a copy
    if not switched:
        changes |= _by_hand(trees, base, changes, now)
    others = written_by_others(checkout.folder, note.commit, commit, changes)
    return Sight(commit, base, files, _marked(checkout, trees, base, changes, now), apart, torn, others)


def _apart_from(record: Record, head: str) -> str | None:
    """The last agreement, if the profile's history does not have it, as after a share: then it must not get there."""
    origin = record.agreed
    return None if origin is None or record.trees.contains(head, origin) else origin


def arrive(record: Record, git: Git, sight: Sight, when: datetime) -> str:
    """The commit of what was changed there, on top of what both had."""
    origin = record.agreed
    count = len(sight.changes)
    return record.trees.compose(
        ARRIVED,
        sight.changes,
        f"Take over {count} {'file' if count == 1 else 'files'} from the project\n\n"
        "Why: they were changed in its own repository\n",
        parents=[origin] if origin else [],
        author=git.user_identity(),
        committer=git.machine_identity,
        when=when,
    )


def leave(checkout: Checkout, work: Work, head: str, sight: Sight) -> int:
    """Let the folder hold what the profile's commit has; how many files were written or removed.

    Where somebody is writing right now nothing is written, and both are not the same yet: the next round merges again.
    """
    record, trees, wanted = work.record, work.record.trees, names(work.record.trees, head)
    left = sight.apart.keys() | sight.torn
    writes = {path: name for path, name in wanted.items() if sight.files.get(path) != name and path not in left}
    blobs = trees.blobs(writes.values())
    done = [checkout.put(path, blobs[name], sight.files.get(path), head) for path, name in sorted(writes.items())]
    gone = sorted(sight.files.keys() - wanted.keys() - sight.torn)
    done += [checkout.put(path, None, sight.files[path], head) for path in gone]
    if all(done):
        record.agree(_agreed(work, head, sight, wanted))
        apart = {path: wanted[path] for path in sight.apart if path in wanted}
        Note(sight.commit, apart).save(record.git.folder)
    return sum(done)


def _agreed(work: Work, head: str, sight: Sight, wanted: Mapping[str, str]) -> str:
    """What both have alike now: the profile's commit, but of torn files what both had before.

    What a person then makes of such a file is merged with what became of it here meanwhile.
    """
    before = {path: sight.base.get(path) for path in sight.torn if sight.base.get(path) != wanted.get(path)}
    if not before:
        return head
    return work.record.trees.compose(
        AGREED,
        before,
        "Remember what the project had before its conflicts\n",
        parents=[head],
        author=work.record.git.machine_identity,
        committer=work.record.git.machine_identity,
        when=work.clock(),
    )


def _refuse_broken(checkout: Checkout, changes: Mapping[str, bytes | None]) -> None:
    """What the profile says of itself is not taken over broken.  Raises `CannotCarry`."""
    found = unreadable(changes)
    if found is not None:
        raise CannotCarry(folder=checkout.folder, why=f"{found.path}: {found.why}")


def _purged(trees: Trees, head: str, changes: Mapping[str, bytes | None]) -> list[str]:
    """The changed files of memories that were purged; whoever names one that is alive all the same changes nothing."""
    purged = purged_ids(trees, head)
    found = {path: one.id for path, data in changes.items() if (one := _memory(data)) is not None and one.id in purged}
    alive = held_ids(trees, head) if found else set()
    return [path for path, identifier in found.items() if identifier not in alive]


def _still_apart(
    trees: Trees, apart: Mapping[str, str], files: Mapping[str, str], changes: Mapping[str, bytes | None]
) -> dict[str, str]:
    """Those that are not elsewhere in the folder now, nor forgotten by somebody, as their tombstones there say."""
    moved = {memory.id for data in changes.values() if (memory := _memory(data)) is not None}
    here = moved | {_buried(path) for path in files if is_tombstone_path(path)}
    blobs = trees.blobs(apart.values())
    return {path: name for path, name in apart.items() if (one := _memory(blobs[name])) is None or one.id not in here}


def _buried(path: str) -> str:
    """The id whose tombstone lies at a path."""
    return path.rpartition("/")[2].removesuffix(".yaml")


def _by_hand(
    trees: Trees, base: Mapping[str, str], changes: Mapping[str, bytes | None], now: datetime
) -> dict[str, bytes | None]:
    """What a hand's removal means: the memory is forgotten, and so are tombstones of what it brought back."""
    present = {memory.id for data in changes.values() if (memory := _memory(data)) is not None}
    stones = {_buried(path): path for path in base if is_tombstone_path(path)}
    found: dict[str, bytes | None] = {stones[one]: None for one in sorted(present & stones.keys())}
    gone = sorted(path for path, data in changes.items() if data is None and is_memory_path(path))
    blobs = trees.blobs(base[path] for path in gone)
    for path in gone:
        memory = _memory(blobs[base[path]])
        if memory is not None and memory.id not in present | stones.keys() and memory.status is not Status.FORGOTTEN:
            stone = Tombstone(memory.id, content_hash(memory.type, memory.content), now, memory.source.messages)
            found[tombstone_path(memory.id, private=False)] = tombstones.render(stone)
    return found


def _marked(
    checkout: Checkout,
    trees: Trees,
    base: Mapping[str, str],
    changes: Mapping[str, bytes | None],
    now: datetime,
) -> dict[str, bytes | None]:
    """A person's change of a body, which is not committed yet, is a correction: `edited` says so.

    What a commit of the project has came from somebody whose own machine has marked it.
    """
    theirs = committed(checkout.folder)
    found, edited = (
        dict(changes),
        {
            path: data
            for path, data in changes.items()
            if data is not None and path in base and theirs.get(path) != checkout.known(path)
        },
    )
    blobs = trees.blobs(base[path] for path in edited)
    for path, data in edited.items():
        after, before = parse(data), parse(blobs[base[path]])
        if not isinstance(after, Document) or not isinstance(before, Document) or after.missing:
            continue
        same_mark = after.fields.get("edited") == before.fields.get("edited")
        if same_mark and after.body != before.body and not after.memory().read_only:
            found[path] = edit(after, {"edited": now}, path=path)
    return found


def _memory(data: bytes | None) -> Memory | None:
    document = None if data is None else parse(data)
    return document.memory() if isinstance(document, Document) and not document.missing else None

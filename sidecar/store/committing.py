"""Into git: our own changes first, then the user's alone, then what follows from the user's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field

from sidecar.errors import FileSystemFailed
from sidecar.files import sha256_of
from sidecar.frontmatter import Document, parse
from sidecar.model import BadFile, Stored
from sidecar.records import dataclass
from sidecar.store import marking
from sidecar.store.core import Core
from sidecar.store.layout import (
    SUMMARY_FILE,
    is_memory_path,
    is_of_another_program,
    is_private,
    is_tombstone_path,
    is_utf8,
    shown,
)
from sidecar.store.refreshing import refresh
from sidecar.store.words import WriteContext

AFTER_REMOVAL = WriteContext("a person removed these files")


@dataclass(slots=True)
class _Changes:
    """What differs from the last commit, by whose it is; `before` holds the bytes of that commit.

    `unseen`: files that have changed again since the last look at them, which wait for the next one: as long as we do
    not know what they say, we cannot tell what follows from it.
    `stale`: paths that are as in that commit, while git's index says otherwise: an interruption came between the two.
    """

    before: Mapping[str, bytes]
    ours: dict[str, bytes | None] = field(default_factory=dict)
    users: dict[str, bytes | None] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def commit(core: Core, reason: str | None, *, everything: bool = True, most: int | None = None) -> list[str]:
    """Commit everything that can be committed; nothing while a sudden emptiness waits to be accepted.

    Unless `everything`, only what is known to have changed since the last commit is looked at, if that is known.
    `most`: so many of the memories that a person has corrected are marked by one call; while others wait for theirs
    (`marking.due`), what follows from the person's edits is not committed yet.
    """
    if core.vanished is None and most is not None and _marks_wait(core, most):
        return []
    if everything:
        core.changed = None
    refresh(core, _perhaps_changed(core))
    if core.vanished is not None:
        return []
    made = core.history.commit_pending()
    paths = _perhaps_changed(core)  # the look may have found that more has changed
    core.uncommittable = {} if paths is None else _others(core.uncommittable, paths)
    changed = (entry.path for entry in core.history.git.status(paths))
    made += commit_paths(core, [path for path in changed if not is_of_another_program(path)], reason)
    bury_removed(core)
    core.changed = set(core.unseen)
    if _marks_wait(core, most):
        return made
    made += core.history.commit_pending()
    core.disk.unsaved.clear()
    return made


def _marks_wait(core: Core, most: int | None) -> bool:
    """Mark some of those memories whose mark is due; whether others wait for theirs."""
    marking.mark(core, marking.due(core, most))
    waits = bool(marking.due(core))
    if waits or core.marks_noted:
        core.disk.note_marks(core.marks)
        core.marks_noted = bool(core.marks)
    return waits


def _perhaps_changed(core: Core) -> list[str] | None:
    """The paths that may differ from the last commit; None: any may."""
    return None if core.changed is None else sorted(core.changed | core.disk.unsaved)


def _others(bad: Mapping[str, BadFile], paths: Collection[str]) -> dict[str, BadFile]:
    return {path: found for path, found in bad.items() if path not in paths}


def commit_paths(core: Core, paths: Sequence[str], reason: str | None = None) -> list[str]:
    """Commit what these files are now, each change under its author's name.

    What a person has corrected is to be marked then, by `commit`, or by whoever writes over it first.
    """
    made = core.history.commit_pending()
    changes = _changes(core, [path for path in paths if not is_private(path) and path != SUMMARY_FILE])
    core.unseen = changes.unseen
    if changes.stale:
        core.history.git.refresh_index(changes.stale)
    bury_removed(core)
    removed = [core.hand_removed.pop(path) for path in sorted(changes.users) if path in core.hand_removed]
    made += core.history.commit_recovered(changes.ours, reason or "recovered after an interruption")
    made += core.history.commit_users(changes.users, removed)
    core.marks.update(marking.corrected(core, changes.before, changes.users))
    return made


def bury_removed(core: Core) -> None:
    """Removing a file by hand forgets the memory: its tombstone is written."""
    for path, memory in sorted(core.hand_gone.items()):
        core.disk.bury(memory, core.now(), AFTER_REMOVAL, private=is_private(path))
        core.history.explain(AFTER_REMOVAL, f"Forget {path}", memory.id, private=is_private(path))
        core.hand_removed[path] = memory.id
        del core.hand_gone[path]


def take_over_edits(core: Core, targets: Collection[Stored]) -> None:
    """Before we write over files, what a person has changed in them is committed as theirs."""
    foreign = [stored.path for stored in targets if not core.disk.sha_is_ours(stored.path, stored.sha256)]
    if foreign:
        commit_paths(core, sorted(foreign))
    marking.mark(core, sorted(core.marks.keys() & {stored.memory.id for stored in targets}))


def _changes(core: Core, paths: Sequence[str]) -> _Changes:
    changes = _Changes(core.history.git.read("HEAD", paths))
    for path in paths:
        entry = core.catalog.entries.get(path)
        if entry is not None and entry.problem is not None:
            continue  # a bad file is left as it is; the last commit keeps its good version
        if not is_utf8(path):
            core.uncommittable[path] = BadFile(core.ref, shown(path), None, "not committed: its name is not UTF-8")
            continue
        try:
            data = core.disk.read(path)
        except FileSystemFailed as error:
            core.uncommittable[path] = BadFile(core.ref, path, None, f"not committed: {error.fields['why']}")
            continue
        if data == changes.before.get(path):
            changes.stale.append(path)  # only git's index is behind
            continue
        if is_memory_path(path) and not _seen(core, path, data):
            changes.unseen.append(path)
            continue
        ours = _removed_by_us(core, path, changes.before[path]) if data is None else core.disk.is_ours(path, data)
        (changes.ours if ours else changes.users)[path] = data
    return changes


def _seen(core: Core, path: str, data: bytes | None) -> bool:
    """Whether the catalog knows of these bytes, or of there being none."""
    entry = core.catalog.entries.get(path)
    known = None if entry is None or entry.signature is None else entry.sha256
    return known == (None if data is None else sha256_of(data))


def _removed_by_us(core: Core, path: str, before: bytes) -> bool:
    """Whether a missing file is the other half of a move of ours, or was deleted through us."""
    if path in core.hand_gone or path in core.hand_removed:
        return False
    if is_tombstone_path(path):
        return core.catalog.chosen(path.rpartition("/")[2].removesuffix(".yaml")) is not None
    document = parse(before)
    if not isinstance(document, Document) or document.missing:
        return False
    memory = document.memory()
    elsewhere = core.catalog.chosen(memory.id)
    if elsewhere is not None:
        return core.disk.sha_is_ours(elsewhere.path, elsewhere.sha256)
    if core.catalog.tombstone_paths(memory.id):
        return True
    core.hand_gone[path] = memory
    return False

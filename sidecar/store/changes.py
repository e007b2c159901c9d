"""What the writer does to memories: plans of curation, and a person's forget, delete and restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from sidecar.errors import ChangedOnDisk, Refused, StoreVanished, UnknownMemory
from sidecar.files import inside, present_sha256
from sidecar.identity import content_hash
from sidecar.model import Add, Change, Memory, Revise, Skip, Status, Stored, Supersede
from sidecar.store.committing import commit_paths, take_over_edits
from sidecar.store.core import Core
from sidecar.store.refreshing import refresh
from sidecar.store.words import WriteContext

_ORDER: Final[dict[type[Change], int]] = {Add: 0, Revise: 1, Supersede: 2, Skip: 3}
"""A new version is there before the old one retires: an interruption leaves both, and the new one names the old."""


def apply(core: Core, changes: Sequence[Change], context: WriteContext) -> list[Stored]:
    """Run a plan; returns the memories that were written, as they are now.

    Raises `ChangedOnDisk`, before anything is written, if a file is not the one that the plan saw: plan again.
    """
    refuse_if_vanished(core)
    if all(isinstance(change, Add | Skip) for change in changes):
        return _run_all(core, changes, context)
    # What they change may still wait to be written, and nothing retires for a new version that may not come to be.
    with core.disk.at_once():
        _check(core, changes)
        return _run_all(core, changes, context)


def forget(core: Core, identifier: str, reason: str | None, context: WriteContext) -> Stored:
    """No longer true or wanted: archived with the reason, and a tombstone.  Repeating it changes nothing."""
    stored = _wanted(core, identifier)
    if stored.memory.status is Status.FORGOTTEN:
        return stored
    # After a restart the last commit tells which files were copies already, and which have been brought back since.
    commit_paths(core, core.catalog.duplicates(identifier))
    forgotten = core.disk.revise(stored, {"status": Status.FORGOTTEN, "reason": reason}, context)
    core.disk.bury(forgotten.memory, core.now(), context, private=forgotten.private)
    told = f"Forget {_name(stored.memory)}" + (f": {reason}" if reason else "")
    core.history.explain(context, told, identifier, private=stored.private)
    return forgotten


def delete(core: Core, identifier: str, context: WriteContext) -> Stored:
    """Forgotten, and the file leaves the tree with its copies.  An interruption leaves it at least forgotten."""
    before = _wanted(core, identifier)
    # What leaves the tree must at least be in the history.
    commit_paths(core, [before.path, *core.catalog.duplicates(identifier)])
    forgotten = forget(core, identifier, "deleted", context)
    for path in core.catalog.duplicates(identifier):
        copy = core.catalog.entries[path]
        if copy.stored is not None:  # a bad one is left alone, as everywhere
            core.disk.remove(path, copy.sha256, context)
    core.disk.remove(forgotten.path, forgotten.sha256, context)
    core.history.explain(context, f"Delete {_name(before.memory)}", identifier, private=before.private)
    return before


def restore(core: Core, identifier: str, context: WriteContext) -> Stored:
    """A forgotten or superseded memory is active again, in its normal place; its tombstone is lifted."""
    stored = _wanted(core, identifier)
    core.disk.exhume(identifier, context)
    fields = {"status": Status.ACTIVE, "reason": None, "superseded_by": None, "valid_until": None}
    restored = core.disk.revise(stored, fields, context)
    core.history.explain(context, f"Restore {_name(stored.memory)}", identifier, private=stored.private)
    return restored


def lift_tombstones(core: Core, identifier: str, content: str, context: WriteContext) -> list[str]:
    """Remove the tombstones that name an id or a content hash; returns their ids.

    An archived memory of that name comes back, or the next healing would forget it anew.
    """
    refuse_if_vanished(core)
    tombstones = core.catalog.buried.tombstones
    named = [t.id for t in tombstones.values() if t.id == identifier or t.content_hash == content]
    for name in sorted(named):
        stored = core.catalog.chosen(name)
        if stored is not None and stored.memory.status is Status.FORGOTTEN:
            restore(core, name, context)
        else:
            core.disk.exhume(name, context)
            core.history.explain(context, f"Lift the tombstone of {name}", name)
    return sorted(named)


def _run_all(core: Core, changes: Sequence[Change], context: WriteContext) -> list[Stored]:
    now: dict[str, Stored] = {}
    for change in sorted(changes, key=lambda change: _ORDER[type(change)]):
        written = _run(core, change, now, context)
        if written is not None:
            now[written.memory.id] = written
    return list(now.values())


def _run(core: Core, change: Change, now: dict[str, Stored], context: WriteContext) -> Stored | None:
    match change:
        case Add():
            return _add(core, change, context)
        case Revise():
            written = _revise(core, change.target, dict(change.fields), now, context)
            verb = "Revise"
        case Supersede():
            retired = {"status": Status.SUPERSEDED, "superseded_by": change.by, "valid_until": change.valid_until}
            written = _revise(core, change.target, {**change.fields, **retired}, now, context)
            verb = "Supersede"
        case Skip():
            return None
        case _:
            assert_never(change)
    if written is not None:
        told, memory = f"{verb} {_name(change.target.memory)}: {change.why}", change.target.memory
        core.history.explain(context, told, memory.id, private=change.target.private)
    return written


def _add(core: Core, change: Add, context: WriteContext) -> Stored | None:
    memory = change.memory
    known = core.catalog.chosen(memory.id)
    if known is not None:  # a repeated plan; the same words at the same moment are the same memory
        return None
    if core.catalog.buried.name(memory.id, content_hash(memory.type, memory.content), ()):
        return None
    return core.disk.add(memory, context, f"Add {_name(memory)}: {change.why}")


def _revise(
    core: Core, target: Stored, fields: dict[str, object], now: dict[str, Stored], context: WriteContext
) -> Stored | None:
    target = now.get(target.memory.id, target)
    entry = core.catalog.entries.get(target.path)
    if entry is not None and entry.stored is None:
        return None  # a bad file is left exactly as it is until a person has mended it
    return core.disk.revise(target, fields, context)


def _check(core: Core, changes: Sequence[Change]) -> None:
    """Before anything is written: every file is the one that the plan saw, and may be changed."""
    targets = {change.target.path: change.target for change in changes if isinstance(change, Revise | Supersede)}
    for target in targets.values():
        if target.memory.read_only:
            raise Refused(detail=f"{target.path} says read_only: true.", hint="Remove that line from the file first.")
    _refuse_changed(core, targets)
    take_over_edits(core, targets.values())
    _refuse_changed(core, targets)


def _refuse_changed(core: Core, targets: Mapping[str, Stored]) -> None:
    for path, target in targets.items():
        entry = core.catalog.entries.get(path)
        if entry is not None and entry.stored is None:
            continue  # a bad file, which will be left as it is
        if present_sha256(inside(core.folder, path)) != target.sha256:
            raise ChangedOnDisk(path=path)


def _wanted(core: Core, identifier: str) -> Stored:
    """The memory that a person names, with what they may have changed in its file taken over first."""
    refuse_if_vanished(core)
    stored = core.catalog.chosen(identifier)
    if stored is None:
        raise UnknownMemory(id=identifier, profile=core.ref)
    if stored.memory.read_only:
        raise Refused(detail=f"{stored.path} says read_only: true.", hint="Remove that line from the file first.")
    take_over_edits(core, [stored])
    return core.catalog.chosen(identifier) or stored


def refuse_if_vanished(core: Core) -> None:
    """Raise `StoreVanished` while a sudden emptiness is unconfirmed."""
    if core.vanished is None and not core.intact:
        refresh(core)
    if core.vanished is not None:
        gone, known = core.vanished
        raise StoreVanished(gone=gone, known=known, profile=core.ref)


def _name(memory: Memory) -> str:
    return f"{memory.type.value} {memory.key or memory.summary}"

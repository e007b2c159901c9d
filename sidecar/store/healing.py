"""Mending what a crash or a hand has left half done: the files' own statements decide."""

from __future__ import annotations

from sidecar.errors import BadMemoryFile, ChangedOnDisk
from sidecar.files import inside
from sidecar.model import Memory, Status, Stored
from sidecar.store.adoption import adopt
from sidecar.store.committing import bury_removed, take_over_edits
from sidecar.store.core import Core
from sidecar.store.layout import RETIRED, in_archive, is_private
from sidecar.store.words import WriteContext

HEALING = WriteContext("put in order")


def settle(core: Core, most: int | None = None) -> list[str]:
    """Heal what can be healed; returns the paths that it touched.  Nothing while a sudden emptiness is unconfirmed.

    `most`: how many files are adopted by one call; `core.adopting` says whether others wait.
    """
    core.adopting = False
    if core.vanished is not None:
        return []
    core.disk.written.clear()
    _remove_leftovers(core)
    bury_removed(core)
    adopt(core, most)
    while core.disk.touched:
        identifiers = sorted(core.disk.touched)
        core.disk.touched.clear()
        for identifier in identifiers:
            _settle_memory(core, identifier)
    return sorted(core.disk.written)


def _settle_memory(core: Core, identifier: str) -> None:
    stored = core.catalog.chosen(identifier)
    if stored is None or core.catalog.entries[stored.path].stored is None:
        return
    try:
        _remove_archived_twins(core, stored)
        stored = core.disk.relocate(stored, HEALING)
        if stored.memory.status is Status.FORGOTTEN:
            core.disk.bury(stored.memory, core.now(), HEALING, private=stored.private)
        elif core.disk.exhume(identifier, HEALING):
            core.history.explain(HEALING, f"Lift the tombstone of {stored.path}", identifier, private=stored.private)
        _retire_predecessor(core, stored)
    except (ChangedOnDisk, BadMemoryFile):
        return  # somebody is editing it right now: the next look brings us here again


def _remove_archived_twins(core: Core, stored: Stored) -> None:
    """A memory that was brought back beside its archived file lives in one place; git keeps the other."""
    if in_archive(stored.path):
        return
    for path in core.catalog.duplicates(stored.memory.id):
        twin = core.catalog.entries[path].stored
        retired = twin is not None and twin.memory.status in RETIRED and in_archive(path)
        if twin is not None and retired and core.disk.sha_is_ours(path, twin.sha256):
            core.history.commit_pending()
            core.disk.remove(path, twin.sha256, HEALING)
            told = f"Remove {path}, brought back as {stored.path}"
            core.history.explain(HEALING, told, stored.memory.id, private=is_private(path) or stored.private)


def _retire_predecessor(core: Core, stored: Stored) -> None:
    """A new version says whom it supersedes; an interruption may have left that one active."""
    memory = stored.memory
    old = _outranked(core, memory)
    if old is None:
        return
    take_over_edits(core, [old])
    old = _outranked(core, memory)  # not any more, if a person has corrected it meanwhile
    if old is None:
        return
    until = max(old.memory.effective, memory.effective)
    fields = {"status": Status.SUPERSEDED, "superseded_by": memory.id, "valid_until": until}
    core.disk.revise(old, fields, HEALING)
    told = f"Supersede {old.path} by {stored.path}"
    core.history.explain(HEALING, told, old.memory.id, private=old.private or stored.private)


def _outranked(core: Core, memory: Memory) -> Stored | None:
    """The active memory that this one supersedes by its own word and by the rule of section 3."""
    old = core.catalog.chosen(memory.supersedes) if memory.supersedes else None
    if old is None or memory.status is not Status.ACTIVE or old.memory.status is not Status.ACTIVE:
        return None
    if old.memory.id == memory.id or old.memory.read_only or old.memory.rank > memory.rank:
        return None
    if core.catalog.entries[old.path].stored is None:
        return None
    return old


def _remove_leftovers(core: Core) -> None:
    for path in core.leftovers:
        inside(core.folder, path).unlink(missing_ok=True)
    core.leftovers = []

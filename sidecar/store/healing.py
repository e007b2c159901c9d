"""Mending what a crash or a hand has left half done: the files' own statements decide."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from sidecar.errors import BadMemoryFile, ChangedOnDisk
from sidecar.files import inside, sha256_of
from sidecar.frontmatter import REQUIRED, Document, edit, parse
from sidecar.git import login
from sidecar.identity import content_hash, memory_id
from sidecar.model import Memory, MemoryType, Source, Status, Stored
from sidecar.store.arrivals import UNNAMED
from sidecar.store.committing import bury_removed, commit_paths, take_over_edits
from sidecar.store.core import Core
from sidecar.store.layout import RETIRED, default_type, in_archive, is_private
from sidecar.store.words import WriteContext

HEALING = WriteContext("put in order")
ADOPTION = WriteContext("a person wrote these files")
_SUMMARY_LENGTH: Final = 120


def settle(core: Core) -> list[str]:
    """Heal what can be healed; returns the paths that it touched.  Nothing while a sudden emptiness is unconfirmed."""
    if core.vanished is not None:
        return []
    core.disk.written.clear()
    _remove_leftovers(core)
    bury_removed(core)
    _adopt(core)
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
    if old.memory.read_only or old.memory.rank > memory.rank or core.catalog.entries[old.path].stored is None:
        return None
    return old


def _remove_leftovers(core: Core) -> None:
    for path in core.leftovers:
        inside(core.folder, path).unlink(missing_ok=True)
    core.leftovers = []


def _adopt(core: Core) -> None:
    """Give files that a person wrote the keys that they lack; the person's own version is committed first."""
    waiting = sorted(core.catalog.unadopted)
    if not waiting:
        return
    commit_paths(core, [path for path in waiting if not is_private(path)])
    for path in (path for path in waiting if path not in core.unseen):  # written again since: the next look takes it
        try:
            _adopt_file(core, path)
        except (ChangedOnDisk, BadMemoryFile):
            continue  # still being written, or laid out too oddly to add a line


def _adopt_file(core: Core, path: str) -> None:
    data = core.disk.read(path)
    document = None if data is None else parse(data)
    if data is None or not isinstance(document, Document) or not document.missing:
        return
    missing = _proposed_fields(core, path, document, _former_id(core, path))
    changed = edit(document, {name: missing[name] for name in document.missing}, path=path)
    core.disk.write(path, changed, sha256_of(data), ADOPTION)
    memory = core.disk.at(path).memory
    for tombstone in list(core.catalog.buried.tombstones.values()):
        if tombstone.content_hash == content_hash(memory.type, memory.content):
            core.disk.exhume(tombstone.id, ADOPTION)  # writing it anew is the clearest wish to have it back
    core.history.explain(ADOPTION, f"Take in {path}", memory.id, private=is_private(path))


def _former_id(core: Core, path: str) -> str | None:
    """The id that the file had, unless it is only a copy of the file that the id belongs to."""
    known = core.catalog.entries[path].last_good
    owner = None if known is None else core.catalog.chosen(known.memory.id)
    return owner.memory.id if owner is not None and owner.path == path else None


def _proposed_fields(core: Core, path: str, document: Document, known_id: str | None) -> dict[str, object]:
    given = document.fields
    memory_type = given.get("type", default_type(path))
    observed = given.get("observed", datetime.fromtimestamp(int((core.folder / path).lstat().st_mtime), UTC))
    assert isinstance(memory_type, MemoryType)  # noqa: S101 - the field's own type
    assert isinstance(observed, datetime)  # noqa: S101 - the field's own type
    fields: dict[str, object] = {
        "id": known_id or _free_id(core, memory_type, document.content, observed),
        "type": memory_type,
        "summary": _summary(document.content),
        "created": core.now(),
        "observed": observed,
        "source": _source(core, path, memory_type, document),
    }
    assert fields.keys() == set(REQUIRED)  # noqa: S101 - every required key can be made
    return fields


def _source(core: Core, path: str, memory_type: MemoryType, document: Document) -> Source:
    """A person wrote it here; or others did, and then it is nobody's word but that of whoever committed it there."""
    if core.arrivals.standing(UNNAMED, content_hash(memory_type, document.content)) is None:
        return Source("hand", speaker="user", by=f"{login()}@{core.machine}")
    entries = [] if is_private(path) else core.history.git.log([path], limit=1)
    return Source("import", by=entries[0].author.email if entries else None)


def _free_id(core: Core, memory_type: MemoryType, content: str, observed: datetime) -> str:
    """The id of the words at that moment, or of a later second if a copy of the same words has it already."""
    second = int(observed.timestamp())
    identifier = memory_id(memory_type, content, observed)
    while core.catalog.chosen(identifier) is not None:
        second += 1
        identifier = memory_id(memory_type, content, datetime.fromtimestamp(second, UTC))
    return identifier


def _summary(content: str) -> str:
    """The first line with words, without Markdown marks at its head."""
    for line in content.splitlines():
        text = re.sub(r"^[\s#>*+-]+", "", line).strip()
        if text:
            return text if len(text) <= _SUMMARY_LENGTH else text[: _SUMMARY_LENGTH - 1].rstrip() + "…"
    return content[:_SUMMARY_LENGTH]

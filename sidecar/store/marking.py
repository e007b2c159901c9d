"""What a person has changed in a body is a human's correction: `edited` says so, once it is in git as theirs.

A script that saves hundreds of files leaves hundreds of marks to be made, each of them a write.  They are made
together, and in portions where somebody may wait for the writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from sidecar.errors import ChangedOnDisk
from sidecar.files import inside, present_sha256
from sidecar.frontmatter import Document, parse
from sidecar.model import Status, Stored
from sidecar.store.core import Core
from sidecar.store.words import WriteContext

AFTER_EDIT: Final = WriteContext("a person edited these files")

_AGAIN: Final = ""
"""In place of a hash: it was being edited again, and is marked with the commit of that edit."""


def corrected(core: Core, before: Mapping[str, bytes], users: Mapping[str, bytes | None]) -> dict[str, str]:
    """The memories that a person has corrected, by id, with the hash of the file as it was committed.

    `before`: the bytes of the commit before it, `users` those that are the person's, by path.  Taking
    `status: proposed` out of a file is a correction too: a person has reviewed it.
    """
    documents = (parse(data) for data in before.values())
    earlier = {document.fields.get("id"): document for document in documents if isinstance(document, Document)}
    found: dict[str, str] = {}
    for path, data in sorted(users.items()):
        entry = core.catalog.entries.get(path)
        document = None if data is None else parse(data)
        if entry is None or entry.stored is None or not isinstance(document, Document):
            continue
        memory = entry.stored.memory
        known = earlier.get(memory.id, document)
        accepted = known.fields.get("status") is Status.PROPOSED and memory.status is Status.ACTIVE
        if known.body != document.body or accepted or memory.id in core.marks:
            found[memory.id] = entry.stored.sha256
    return found


def mark(core: Core, identifiers: Iterable[str]) -> None:
    """Say `edited` in the files of these memories, of those whose mark is due."""
    targets: dict[str, Stored] = {}
    for identifier in identifiers:
        sha256 = core.marks.get(identifier)
        stored = core.catalog.chosen(identifier)
        entry = None if stored is None else core.catalog.entries.get(stored.path)
        if sha256 is None or stored is None or entry is None or entry.stored is None or stored.memory.read_only:
            core.marks.pop(identifier, None)
        elif stored.sha256 == sha256 or core.disk.sha_is_ours(stored.path, stored.sha256):
            targets[stored.path] = stored
        else:
            core.marks[identifier] = _AGAIN
    if not targets:
        return
    marked = core.disk.revise_each(targets, {"edited": core.now()}, AFTER_EDIT)
    done = {stored.memory.id for stored in marked}
    for stored in marked:
        core.history.explain(AFTER_EDIT, f"Mark {stored.path} as edited", stored.memory.id, private=stored.private)
        with suppress(ChangedOnDisk):
            core.disk.relocate(stored, AFTER_EDIT)
    for target in targets.values():
        identifier = target.memory.id
        if identifier in done or present_sha256(inside(core.folder, target.path)) == target.sha256:
            core.marks.pop(identifier)  # or it is laid out too oddly: it stays as the person left it
        else:
            core.marks[identifier] = _AGAIN


def due(core: Core, most: int | None = None) -> list[str]:
    """The memories that can be marked now, sorted by id; the first ones of them."""
    return sorted(identifier for identifier, sha256 in core.marks.items() if sha256 != _AGAIN)[:most]

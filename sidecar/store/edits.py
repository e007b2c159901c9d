"""Whole files put in place by us: a memory as a person has edited it, and what an export has brought."""

from __future__ import annotations

from sidecar.errors import BadMemoryFile, FieldError, UnknownMemory
from sidecar.files import ABSENT, inside, write_durably
from sidecar.frontmatter import Problem, parse
from sidecar.model import BadFile, Status, Stored
from sidecar.store import tombstones
from sidecar.store.changes import refuse_if_vanished
from sidecar.store.core import Core
from sidecar.store.layout import MAX_FILE_BYTES, is_memory_path, is_private, path_for, tombstone_path
from sidecar.store.refreshing import refresh
from sidecar.store.words import WriteContext


def put(core: Core, identifier: str, data: bytes, expected: str) -> Stored:
    """Write the file of a memory, checked first; it stays the person's own, and is committed as theirs.

    Raises `BadMemoryFile` for text that is no memory, `ChangedOnDisk` if the file is not the one that was edited.
    """
    refuse_if_vanished(core)
    stored = core.catalog.chosen(identifier)
    if stored is None:
        raise UnknownMemory(id=identifier, profile=core.ref)
    if len(data) > MAX_FILE_BYTES:
        raise FieldError(field="text", problem=f"is longer than {MAX_FILE_BYTES:,} bytes")
    document = parse(data)
    if isinstance(document, Problem):
        at = f":{document.line}" if document.line else ""
        raise BadMemoryFile(path=stored.path, at=at, reason=document.reason)
    if document.fields.get("id", identifier) != identifier:
        raise FieldError(field="text", problem=f"its id must stay {identifier}, or go")
    write_durably(inside(core.folder, stored.path), data, expected_sha256=expected, root=core.folder)
    refresh(core)
    return core.catalog.chosen(identifier) or stored


def place(core: Core, path: str, data: bytes, context: WriteContext) -> Stored:
    """Write a memory's file as it came from elsewhere, every byte of it; it counts as our own write.

    It lies at `path` if that can be a memory's and is free, else beside it or where its key belongs.  A memory that is
    here already is left as it is, and returned.  Raises `BadMemoryFile` for a file that is no complete memory.
    """
    refuse_if_vanished(core)
    document = parse(data)
    if isinstance(document, Problem):
        raise BadMemoryFile(path=path, at=f":{document.line}" if document.line else "", reason=document.reason)
    if document.missing:
        raise BadMemoryFile(path=path, at="", reason=f"it lacks {', '.join(document.missing)}")
    memory = document.memory()
    known = core.catalog.chosen(memory.id)
    if known is not None:
        return known
    free = core.disk.free(path if is_memory_path(path) else path_for(memory))
    core.disk.write(free, data, ABSENT, context)
    told = f"Import {memory.type.value} {memory.key or memory.summary}"
    core.history.explain(context, told, memory.id, private=is_private(free))
    return core.disk.at(free)


def place_tombstone(core: Core, data: bytes, context: WriteContext, *, private: bool) -> bool:
    """Write a tombstone that came from elsewhere; False where one stands, or where the memory is not forgotten.

    Raises `BadMemoryFile` for what is no tombstone.
    """
    refuse_if_vanished(core)
    found = tombstones.read(core.ref, "the tombstone", data)
    if isinstance(found, BadFile):
        raise BadMemoryFile(path=found.path, at="", reason=found.reason)
    known = core.catalog.chosen(found.id)
    if core.catalog.tombstone_paths(found.id) or (known is not None and known.memory.status is not Status.FORGOTTEN):
        return False
    core.disk.write(tombstone_path(found.id, private=private), tombstones.render(found), ABSENT, context)
    core.history.explain(context, f"Import the tombstone of {found.id}", found.id, private=private)
    return True

"""A memory file as a person has edited it, put in place by us on their behalf."""

from __future__ import annotations

from sidecar.errors import BadMemoryFile, FieldError, UnknownMemory
from sidecar.files import inside, write_durably
from sidecar.frontmatter import Problem, parse
from sidecar.model import Stored
from sidecar.store.changes import refuse_if_vanished
from sidecar.store.core import Core
from sidecar.store.layout import MAX_FILE_BYTES
from sidecar.store.refreshing import refresh


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
    write_durably(inside(core.folder, stored.path), data, expected_sha256=expected)
    refresh(core)
    return core.catalog.chosen(identifier) or stored

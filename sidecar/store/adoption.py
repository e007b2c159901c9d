"""Files that a person wrote get the keys that they lack; the person's own version is committed first."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from datetime import UTC, datetime
from typing import Final

from sidecar.errors import BadMemoryFile
from sidecar.files import sha256_of
from sidecar.frontmatter import REQUIRED, Document, edit, parse
from sidecar.git import login
from sidecar.identity import content_hash, memory_id
from sidecar.model import MemoryType, Source
from sidecar.store.arrivals import UNNAMED
from sidecar.store.committing import commit_paths
from sidecar.store.core import Core
from sidecar.store.layout import MAX_FILE_BYTES, default_type, is_private
from sidecar.store.words import WriteContext

ADOPTION: Final = WriteContext("a person wrote these files")
_SUMMARY_LENGTH: Final = 120
_COMMITTED_AT_ONCE: Final = 1_000
"""Files of a person's that go into one commit: it costs the same for one as for a hundred, and others wait for it."""

_WRITTEN_AT_ONCE: Final = 200


def adopt(core: Core, most: int | None) -> None:
    """Give files that a person wrote the keys that they lack, `most` of them (None: all that it can be done for)."""
    waiting = _waiting(core)
    some = waiting[:most]
    core.adopting = len(some) < len(waiting)
    for start in range(0, len(some), _WRITTEN_AT_ONCE):
        portion = some[start : start + _WRITTEN_AT_ONCE]
        _commit_as_theirs(core, portion, waiting[start:])
        _adopt_files(core, portion)


def _waiting(core: Core) -> list[str]:
    """The paths of the files that can be adopted as far as is known, sorted."""
    unadopted = core.catalog.unadopted
    for known in (core.adopted, core.unfit):
        for path in [path for path in known if path not in unadopted]:
            del known[path]
    entries = core.catalog.entries
    return [path for path in sorted(unadopted) if path not in core.unfit or core.unfit[path] != entries[path].signature]


def _commit_as_theirs(core: Core, portion: Sequence[str], waiting: Sequence[str]) -> None:
    """See that the files of the portion are in git, and with them as many of the others as one commit takes."""

    def missing(paths: Sequence[str]) -> list[str]:
        entries = core.catalog.entries
        return [path for path in paths if not is_private(path) and core.adopted.get(path) != entries[path].sha256]

    if not missing(portion):
        return
    paths = missing(waiting[: max(_COMMITTED_AT_ONCE, len(portion))])
    commit_paths(core, paths)
    core.adopted |= {path: core.catalog.entries[path].sha256 for path in paths if path not in core.unseen}


def _adopt_files(core: Core, paths: Sequence[str]) -> None:
    """Write these files with the keys that they lack; what is still being written waits for the next look at it."""
    wanted: dict[str, tuple[bytes, str]] = {}
    taken: set[str] = set()
    seen = {path: core.catalog.entries[path].signature for path in paths}
    for path in paths:
        data = core.disk.read(path)
        document = None if data is None else parse(data)
        if data is None or not isinstance(document, Document) or not document.missing:
            continue
        if not is_private(path) and core.adopted.get(path) != sha256_of(data):
            continue  # written again since: git does not have these bytes yet
        missing = _proposed_fields(core, path, document, _former_id(core, path), taken)
        try:
            changed = edit(document, {name: missing[name] for name in document.missing}, path=path)
        except BadMemoryFile:
            continue  # laid out too oddly to add a line
        if len(changed) <= MAX_FILE_BYTES:
            taken.add(str(missing["id"]))
            wanted[path] = (changed, sha256_of(data))
    for path in core.disk.replace(wanted, ADOPTION) if wanted else ():
        _note(core, path)
    core.unfit |= {path: signature for path, signature in seen.items() if path in core.catalog.unadopted}


def _note(core: Core, path: str) -> None:
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


def _proposed_fields(
    core: Core, path: str, document: Document, known_id: str | None, taken: Container[str]
) -> dict[str, object]:
    given = document.fields
    memory_type = given.get("type", default_type(path))
    observed = given.get("observed") or _saved_at(core, path)
    assert isinstance(memory_type, MemoryType)  # noqa: S101 - the field's own type
    assert isinstance(observed, datetime)  # noqa: S101 - the field's own type
    fields: dict[str, object] = {
        "id": known_id or _free_id(core, memory_type, document.content, observed, taken),
        "type": memory_type,
        "summary": _summary(document.content),
        "created": core.now(),
        "observed": observed,
        "source": _source(core, path, memory_type, document),
    }
    assert fields.keys() == set(REQUIRED)  # noqa: S101 - every required key can be made
    return fields


def _saved_at(core: Core, path: str) -> datetime:
    """When a file was last changed; now, if its disk says a time that no calendar has."""
    try:
        return datetime.fromtimestamp(int((core.folder / path).lstat().st_mtime), UTC)
    except (ValueError, OverflowError):
        return core.now()


def _source(core: Core, path: str, memory_type: MemoryType, document: Document) -> Source:
    """A person wrote it here; or others did, and then it is nobody's word but that of whoever committed it there."""
    if core.arrivals.standing(UNNAMED, content_hash(memory_type, document.content)) is None:
        return Source("hand", speaker="user", by=f"{login()}@{core.machine}")
    entries = [] if is_private(path) else core.history.git.log([path], limit=1)
    return Source("import", by=entries[0].author.email if entries else None)


def _free_id(core: Core, memory_type: MemoryType, content: str, observed: datetime, taken: Container[str]) -> str:
    """The id of the words at that moment, or of a later second if a copy of the same words has it already."""
    second = int(observed.timestamp())
    identifier = memory_id(memory_type, content, observed)
    while core.catalog.chosen(identifier) is not None or identifier in taken:
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

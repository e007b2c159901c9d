"""What is noted of memories that come from others, when they come."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.extract.suspicion import suspicion
from sidecar.frontmatter import Document, parse
from sidecar.identity import content_hash
from sidecar.model import Memory
from sidecar.store.arrivals import UNNAMED, Arrival, Arrivals
from sidecar.store.layout import default_type, is_memory_path


def note_arrivals(known: Arrivals, files: Mapping[str, tuple[bytes | None, bytes | None]]) -> None:
    """Note whose words have changed by what came; `files`: path -> what lay there before and lies there now."""
    before = {memory.id: memory for old, _ in files.values() if (memory := _memory(old)) is not None}
    came: list[Arrival] = []
    for path, (_, new) in sorted(files.items()):
        memory = _memory(new) if is_memory_path(path) else None
        if memory is None:
            came += _unnamed(path, new)
            continue
        earlier = before.get(memory.id)
        anew = earlier is None or _name(earlier) != _name(memory)
        doubtful = (earlier is None or _told(earlier) != _told(memory)) and bool(suspicion(_told(memory)))
        if anew or doubtful:  # the words are others', or what others have written about them
            came.append(Arrival(memory.id, _name(memory), doubtful))
    known.note(came)


def _unnamed(path: str, data: bytes | None) -> list[Arrival]:
    """A file without an id, which will get one here: until then it is known by its words."""
    document = parse(data) if data is not None and is_memory_path(path) else None
    if not isinstance(document, Document):
        return []
    kind = document.fields.get("type") or default_type(path)
    told = "\n".join(str(part) for part in (document.body, document.fields.get("summary", ""), document.fields.get("queries", "")))
    return [Arrival(UNNAMED, content_hash(kind, document.body), bool(suspicion(told)))]


def _told(memory: Memory) -> str:
    return "\n".join([memory.content, memory.summary, *memory.queries, *memory.keywords])


def _name(memory: Memory) -> str:
    return content_hash(memory.type, memory.content)


def _memory(data: bytes | None) -> Memory | None:
    document = None if data is None else parse(data)
    return document.memory() if isinstance(document, Document) and not document.missing else None

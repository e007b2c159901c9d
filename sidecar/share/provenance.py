"""What is noted of memories that come from others, when they come."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sidecar.extract.suspicion import suspicion
from sidecar.frontmatter import Document, parse
from sidecar.identity import content_hash
from sidecar.model import Memory, MemoryType
from sidecar.store.arrivals import UNNAMED, Arrival, Arrivals, Standing
from sidecar.store.layout import default_type, is_memory_path


def note_arrivals(
    known: Arrivals, files: Mapping[str, tuple[bytes | None, bytes | None]], others: Collection[str] | None = None
) -> None:
    """Note whose words have changed by what came; `files`: path -> what lay there before and lies there now.

    `others`: paths of files, and ids of memories, that others wrote, where the user wrote the rest; None: all of it.
    What was ours until now is ours again whoever brings it back: a deletion by a colleague that is undone, say.
    """
    before = {memory.id: memory for old, _ in files.values() if (memory := _memory(old)) is not None}
    after = [(path, new, _memory(new) if is_memory_path(path) else None) for path, (_, new) in sorted(files.items())]
    present = {memory.id: _told_name(memory) for _, _, memory in after if memory is not None}
    noted = [
        Arrival(memory.id, _told_name(memory), "own")
        for memory in before.values()
        if present.get(memory.id) != _told_name(memory) and _is_ours(known, memory)
    ]
    for path, new, memory in after:
        if others is not None and path not in others and (memory is None or memory.id not in others):
            continue
        noted += _unnamed(path, new) if memory is None else _arrived(known, before.get(memory.id), memory)
    known.note(noted)


def _is_ours(known: Arrivals, memory: Memory) -> bool:
    return not known.came(memory) and known.standing(memory.id, _told_name(memory)) is None


def _arrived(known: Arrivals, earlier: Memory | None, memory: Memory) -> list[Arrival]:
    """What to note of a memory: nothing if neither its words nor those about it are others'."""
    if known.standing(memory.id, _told_name(memory)) == "own":
        return [Arrival(memory.id, _name(memory), "own")]
    anew = earlier is None or _name(earlier) != _name(memory)
    rewritten = earlier is None or _told(earlier) != _told(memory)
    doubtful = rewritten and bool(suspicion(_told(memory)))
    standing: Standing = "held" if doubtful else "taken"
    if anew:
        return [Arrival(memory.id, _name(memory), standing)]
    if not doubtful:
        return []
    return [Arrival(memory.id, _name(memory), standing), Arrival(memory.id, _told_name(memory), "taken")]


def _unnamed(path: str, data: bytes | None) -> list[Arrival]:
    """A file without an id, which will get one here: until then it is known by its words."""
    document = parse(data) if data is not None and is_memory_path(path) else None
    if not isinstance(document, Document):
        return []
    kind = document.fields.get("type")
    name = content_hash(kind if isinstance(kind, MemoryType) else default_type(path), document.body)
    told = [document.body, *(str(document.fields.get(key, "")) for key in ("summary", "queries", "keywords"))]
    return [Arrival(UNNAMED, name, "held" if suspicion("\n".join(told)) else "taken")]


def _told(memory: Memory) -> str:
    return "\n".join([memory.content, memory.summary, *memory.queries, *memory.keywords])


def _told_name(memory: Memory) -> str:
    """By which it is known again with all that is told of it."""
    return content_hash(memory.type, _told(memory))


def _name(memory: Memory) -> str:
    return content_hash(memory.type, memory.content)


def _memory(data: bytes | None) -> Memory | None:
    document = None if data is None else parse(data)
    return document.memory() if isinstance(document, Document) and not document.missing else None

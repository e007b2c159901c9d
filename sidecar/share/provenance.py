"""What is noted of memories that come from others, when they come."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.extract.suspicion import suspicion
from sidecar.frontmatter import Document, parse
from sidecar.identity import content_hash
from sidecar.model import Memory
from sidecar.store import Profile
from sidecar.store.arrivals import Arrival
from sidecar.store.layout import is_memory_path


def note_arrivals(profile: Profile, files: Mapping[str, tuple[bytes | None, bytes | None]]) -> None:
    """Note whose words have changed by what came; `files`: path -> what lay there before and lies there now."""
    before = {memory.id: _name(memory) for old, _ in files.values() if (memory := _memory(old)) is not None}
    came: list[Arrival] = []
    for path, (_, new) in sorted(files.items()):
        memory = _memory(new) if is_memory_path(path) else None
        if memory is not None and before.get(memory.id) != (name := _name(memory)):
            told = "\n".join([memory.content, memory.summary, *memory.queries])
            came.append(Arrival(memory.id, name, bool(suspicion(told))))
    profile.arrivals.note(came)


def _name(memory: Memory) -> str:
    return content_hash(memory.type, memory.content)


def _memory(data: bytes | None) -> Memory | None:
    document = None if data is None else parse(data)
    return document.memory() if isinstance(document, Document) and not document.missing else None

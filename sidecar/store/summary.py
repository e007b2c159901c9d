"""A profile in one page of Markdown, for people and for an agent that has just started."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sidecar.model import MemoryType, Status, Stored

_SHOWN: Final = 20
"""Lines under a heading: a page to be read, not an export."""


def summary_markdown(memories: Iterable[Stored], session: str | None) -> str:
    """Key facts, recent events, active tasks, the last (or the named) session, instructions; empty ones left out."""
    active = [stored for stored in memories if stored.memory.status is Status.ACTIVE]
    sections = [
        ("Key Facts", _of_type(active, MemoryType.FACT)),
        ("Recent Events", _of_type(active, MemoryType.EVENT)),
        ("Active Tasks", _of_type(active, MemoryType.TASK)),
        ("Last Session", _of_session(active, session)),
        ("Instructions", _of_type(active, MemoryType.INSTRUCTION)),
    ]
    return "\n".join(_section(title, found) for title, found in sections if found)


def _of_type(memories: Sequence[Stored], memory_type: MemoryType) -> list[Stored]:
    return _ordered(stored for stored in memories if stored.memory.type is memory_type)


def _of_session(memories: Sequence[Stored], session: str | None) -> list[Stored]:
    told = [stored for stored in memories if stored.memory.source.session is not None]
    if session is None and told:
        session = max(told, key=lambda stored: (stored.memory.observed, stored.memory.id)).memory.source.session
    return _ordered(stored for stored in told if stored.memory.source.session == session)


def _ordered(memories: Iterable[Stored]) -> list[Stored]:
    by_id = sorted(memories, key=lambda stored: stored.memory.id)
    newest = sorted(by_id, key=lambda stored: stored.memory.effective, reverse=True)
    return sorted(newest, key=lambda stored: not stored.memory.pinned)


def _section(title: str, memories: Sequence[Stored]) -> str:
    lines = [f"- {_line(stored)}" for stored in memories[:_SHOWN]]
    left = len(memories) - len(lines)
    more = [f"- … and {left} more"] if left > 0 else []
    return "\n".join([f"## {title}", "", *lines, *more, ""])


def _line(stored: Stored) -> str:
    memory = stored.memory
    text = " ".join((memory.summary or memory.content).split())
    if memory.type is MemoryType.EVENT:
        return f"{memory.occurred or memory.observed.strftime('%Y-%m-%d')}: {text}"
    return text

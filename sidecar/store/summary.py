"""A profile in one page of Markdown, for people and for an agent that has just started."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nlargest
from operator import attrgetter
from typing import Final

from sidecar.model import MemoryType, Status, Stored

_SHOWN: Final = 20
"""Lines under a heading: a page to be read, not an export."""

# The page is made at each commit, and of a large profile nearly all of its time went into comparing memories.
_effective = attrgetter("memory.effective")
_observed = attrgetter("memory.observed")


def summary_markdown(memories: Iterable[Stored], session: str | None) -> str:
    """Key facts, recent events, active tasks, the last (or the named) session, instructions; empty ones left out.

    The memories may come in any order.
    """
    active = [stored for stored in memories if stored.memory.status is Status.ACTIVE]
    by_type: dict[MemoryType, list[Stored]] = {memory_type: [] for memory_type in MemoryType}
    for stored in active:
        by_type[stored.memory.type].append(stored)
    sections = [
        ("Key Facts", by_type[MemoryType.FACT]),
        ("Recent Events", by_type[MemoryType.EVENT]),
        ("Active Tasks", by_type[MemoryType.TASK]),
        ("Last Session", _of_session(active, session)),
        ("Instructions", by_type[MemoryType.INSTRUCTION]),
    ]
    return "\n".join(_section(title, found) for title, found in sections if found)


def _of_session(memories: Sequence[Stored], session: str | None) -> list[Stored]:
    told = [stored for stored in memories if stored.memory.source.session is not None]
    if session is None and told:
        last = max(map(_observed, told))
        latest = [stored for stored in told if stored.memory.observed == last]
        session = max(latest, key=lambda stored: stored.memory.id).memory.source.session
    return [stored for stored in told if stored.memory.source.session == session]


def _place(stored: Stored) -> tuple[bool, float, str]:
    """Pinned ones first, then the newest; the smaller place is the better one."""
    memory = stored.memory
    return not memory.pinned, -memory.effective.timestamp(), memory.id


def _shown(memories: Sequence[Stored]) -> list[Stored]:
    """Those with the best places, in order."""
    if len(memories) > _SHOWN:
        moments = list(map(_effective, memories))
        since = nlargest(_SHOWN, reversed(moments))[-1]  # they mostly come in order, the latest last
        told = zip(memories, moments, strict=True)
        memories = [stored for stored, moment in told if moment >= since or stored.memory.pinned]
    return sorted(memories, key=_place)[:_SHOWN]


def _section(title: str, memories: Sequence[Stored]) -> str:
    lines = [f"- {_line(stored)}" for stored in _shown(memories)]
    left = len(memories) - len(lines)
    more = [f"- … and {left} more"] if left > 0 else []
    return "\n".join([f"## {title}", "", *lines, *more, ""])


def _line(stored: Stored) -> str:
    memory = stored.memory
    text = " ".join((memory.summary or memory.content).split())
    if memory.type is MemoryType.EVENT:
        return f"{memory.occurred or memory.observed.strftime('%Y-%m-%d')}: {text}"
    return text

"""What goes in and comes out, as type checkers see it: plain dicts with the API's own names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

MemoryKind = Literal["fact", "event", "instruction", "task"]
Status = Literal["active", "superseded", "forgotten", "proposed"]
Level = Literal["low", "medium", "high"]
Length = Literal["short", "medium", "long"]

Said = Mapping[str, Any]
"""One message of a conversation, as `ingest` takes it: `role`, `content`, and `timestamp` if it is known."""


class Source(TypedDict):
    """Where a memory comes from."""

    origin: str
    agent: str | None
    session: str | None
    speaker: str | None
    messages: list[str]
    by: str | None


class Listed(TypedDict):
    """A memory without its content; times are ISO 8601 in UTC."""

    id: str
    type: MemoryKind
    summary: str
    sessionId: str | None
    createdAt: str
    updatedAt: str
    key: str | None
    status: Status
    profile: str
    path: str
    source: Source
    sha256: str
    tags: list[str]
    pinned: bool
    arrived: NotRequired[bool]


class Item(Listed):
    """A memory."""

    content: str


class Candidate(TypedDict):
    """What a recall found: a memory, or a message as it was said."""

    id: str
    summary: str
    sessionId: str | None
    score: float
    kind: Literal["memory", "message"]
    type: MemoryKind | None
    content: str
    profile: str
    path: str | None
    observed: str | None
    speaker: Literal["user", "assistant", "tool"] | None
    age_days: int | None
    truncated: bool
    arrived: NotRequired[bool]
    shared_by: NotRequired[str | None]


class Recalled(TypedDict):
    """The answer and what it rests on, the most relevant first; 0 and an empty answer when nothing is relevant."""

    count: int
    answer: str
    candidates: list[Candidate]


class ToolResult(TypedDict):
    """What the memory tool answers to a model."""

    content: str
    is_error: bool

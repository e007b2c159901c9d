"""The words of the program: what every other module speaks of.

Everything here is a frozen value without behaviour beyond small derivations.  Times are timezone-aware and in UTC.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

Role = Literal["user", "assistant", "tool", "system"]
"""Whose turn it was in the transcript."""

Speaker = Literal["user", "assistant", "tool"]
"""Who really said it; `tool` covers everything that neither the person nor the agent wrote."""

AGENTS = (
    "aider",
    "claude-code",
    "cline",
    "codex",
    "copilot-cli",
    "cursor",
    "gemini",
    "goose",
    "markdown",
    "messages",
    "native",
    "openclaw",
    "opencode",
    "pi",
    "qwen",
    "roo",
)
"""The agents whose transcripts are understood, as settings and requests name them.

`markdown`, `messages` and `native` are forms that belong to no agent in particular.
"""

HTTP_AGENT = "http"
"""The agent of messages that came by `ingest` over HTTP."""

MessageKind = Literal["text", "tool", "summary"]
"""`text`: words; `tool`: a command or tool call with its outcome; `summary`: what an agent wrote at a compaction."""


Verdict = Literal["same", "changed", "different"]
"""How a new statement relates to a known one: the same in other words, another value of the same thing, or neither."""


class MemoryType(enum.StrEnum):
    """What kind of statement a memory is."""

    FACT = "fact"
    EVENT = "event"
    INSTRUCTION = "instruction"
    TASK = "task"

    @property
    def folder(self) -> str:
        """The folder of a profile in which memories of this type lie."""
        return f"{self.value}s"


class Status(enum.StrEnum):
    """The state of a memory; a file without `status` is active."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    FORGOTTEN = "forgotten"
    PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a tool was asked to do and how it ended, reduced to what extraction can use."""

    name: str
    command: str = ""
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said in a session, as the agent's transcript has it.

    `id` is the agent's own record id, the same in a resumed or forked copy.  `text` is free of base64 and of what was
    injected by hooks (ours and others').  `position` orders the messages of one session file; it only ever grows.
    """

    id: str
    agent: str
    session: str
    role: Role
    speaker: Speaker
    text: str
    time: datetime | None = None
    kind: MessageKind = "text"
    position: int = 0
    cwd: str | None = None
    branch: str | None = None
    model: str | None = None
    sidechain: bool = False
    tool: ToolCall | None = None


@dataclass(frozen=True, slots=True)
class SessionHeader:
    """What routing needs of a session before its body is read."""

    agent: str
    session: str
    path: Path
    cwds: tuple[str, ...] = ()
    branch: str | None = None
    remote: str | None = None
    started: datetime | None = None
    last_record: datetime | None = None
    parent: str | None = None
    commit: str | None = None
    """The commit that was checked out when the session began, where the agent records it."""
    project_hash: str | None = None
    """SHA-256 of the project's root (hexadecimal), where the agent records that instead of a path."""


@dataclass(frozen=True, slots=True)
class SessionRef:
    """A session by name.

    `scope` is empty for transcripts; for sessions that clients name themselves (HTTP ingest) it is the profile
    (`str(ProfileRef)`), because such a name is unique only within its profile.
    """

    agent: str
    session: str
    scope: str = ""


@dataclass(frozen=True, slots=True, order=True)
class ProfileRef:
    """A profile by name; its folder is `store/<namespace>/<name>/`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Namespace and name, as they stand in paths and messages."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a memory comes from.  `origin`: transcript, ingest, remember, import, hand or memory_tool."""

    origin: str
    agent: str | None = None
    session: str | None = None
    speaker: Speaker | None = None
    messages: tuple[str, ...] = ()
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A statement that extraction found worth keeping, before curation has compared it with what is there.

    `replaces_hint`: old values that the statement itself declares outdated ("4480, not 4400"), for finding what it
    supersedes when no key matches.
    """

    type: MemoryType
    content: str
    summary: str
    observed: datetime
    source: Source
    key: str | None = None
    occurred: str | None = None
    queries: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    pinned: bool = False
    scope: Literal["project", "personal"] = "project"
    extractor: str | None = None
    proposed: bool = False
    replaces_hint: tuple[str, ...] = ()
    reason: str | None = None
    """Of a proposed one: why it has to wait for a person."""


@dataclass(frozen=True, slots=True)
class Memory:
    """One memory, as its file states it (section 3 of the contract; docs/memory-format.md)."""

    id: str
    type: MemoryType
    content: str
    summary: str
    created: datetime
    observed: datetime
    source: Source
    key: str | None = None
    status: Status = Status.ACTIVE
    occurred: str | None = None
    valid_until: datetime | None = None
    extractor: str | None = None
    queries: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    supersedes: str | None = None
    superseded_by: str | None = None
    reason: str | None = None
    pinned: bool = False
    read_only: bool = False
    tags: tuple[str, ...] = ()
    edited: datetime | None = None
    tool_path: str | None = None
    """Of a file that a model keeps with the memory tool: where that tool sees it, below `/memories/`."""

    @property
    def human(self) -> bool:
        """Whether a person stands behind it: said in a session, told with `remember`, or edited by hand.

        What an agent asked to be remembered is the agent's word: `remember` counts as a person's unless it says who.
        """
        source = self.source
        if self.edited is not None or source.origin == "hand" or source.speaker == "user":
            return True
        return source.origin == "remember" and source.speaker is None

    @property
    def effective(self) -> datetime:
        """The moment that decides which of two versions is the later one."""
        return max(self.edited, self.observed) if self.edited else self.observed

    @property
    def rank(self) -> tuple[bool, datetime, str]:
        """Sort key of the rule of section 3: a human's word, then the later moment, then the smaller id (inverted)."""
        return (self.human, self.effective, _inverted(self.id))

    def replace(self, **changes: object) -> Memory:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]


def _inverted(identifier: str) -> str:
    """Characters mirrored, so that the smaller of two ids sorts last."""
    return "".join(chr(0x10FF - ord(character)) for character in identifier)


@dataclass(frozen=True, slots=True)
class Stored:
    """A memory together with the file that holds it."""

    memory: Memory
    profile: ProfileRef
    path: str
    sha256: str
    private: bool = False
    arrived: bool = False
    """Its words came from others; told only where it is given to an agent (see `store.arrivals`)."""


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file of the store that could not be taken in; its last good version still answers."""

    profile: ProfileRef
    path: str
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What was forgotten, without its content: enough to refuse it when it comes again."""

    id: str
    content_hash: str
    time: datetime
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Add:
    """Write a new memory; `archived` ones (already outdated when they arrive) go straight to the archive."""

    memory: Memory
    why: str


@dataclass(frozen=True, slots=True)
class Revise:
    """Change an existing memory in its file: `fields` holds the new values by field name.

    The body stays unless `content` is among them; then the identity stays all the same, as the file goes on living.
    """

    target: Stored
    fields: Mapping[str, object]
    why: str


@dataclass(frozen=True, slots=True)
class Supersede:
    """Retire an existing memory: it gets `status: superseded` and moves to the archive.

    `fields` are further front-matter values that change with it, by field name.
    """

    target: Stored
    by: str
    valid_until: datetime
    why: str
    fields: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skip:
    """Do nothing, and say why."""

    candidate: Candidate
    why: str
    existing: str | None = None
    forgotten: bool = False


Change = Add | Revise | Supersede | Skip


@dataclass(frozen=True, slots=True)
class ChannelScore:
    """What one recall channel said of a hit; `weight`: how much the channel's word weighs beside the others'."""

    rank: int
    score: float
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One candidate of a recall, in the order in which it is given."""

    id: str
    kind: Literal["memory", "message"]
    profile: ProfileRef
    score: float
    content: str
    summary: str
    session: str | None = None
    type: str | None = None
    path: str | None = None
    observed: datetime | None = None
    speaker: Speaker | None = None
    superseded: bool = False
    truncated: bool = False
    agent: str | None = None
    role: Role | None = None
    channels: Mapping[str, ChannelScore] = field(default_factory=dict)
    """What each channel said of it, where that was asked for."""
    related: tuple[Stored, ...] = ()
    """Of a memory: the active ones to which its `[[links]]` lead."""
    arrived: bool = False
    shared_by: str | None = None
    """`arrived`: its words came from others (see `store.arrivals`); who shared them, as its file claims."""

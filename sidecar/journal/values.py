"""What the journal gives back: frozen values, so that no caller ever holds a database row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sidecar.model import Message, ProfileRef, SessionRef

Mark = Literal["current", "superseded", "forgotten"]
"""What has become of a memory that was learned from a message."""

SessionState = Literal["idle", "pending", "running", "parked"]
"""`idle`: no job; the others are the state of the session's extraction job."""


@dataclass(frozen=True, slots=True)
class Archived:
    """What a write to the archive changed: rows new, rows with other content or another owner, rows taken back."""

    added: int = 0
    updated: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class ArchivedMessage:
    """A message of the archive.

    `seq` grows whenever a message is new to its session: when it arrives, when its content changes, when it moves to
    an earlier session.  So "everything after seq" is what extraction has not seen.  `withdrawn`: the transcript took
    it back (a rewind).
    """

    seq: int
    message: Message
    profile: ProfileRef
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class MessageChange:
    """One entry of the feed for the index: the present state of one message.

    `number` names the message for good: the same when it changes its profile, never used again, unique in this
    journal (`Journal.identity`).  `gone`: not to be found any more (taken back, pruned or removed); then `archived` is
    None.  `before` and `after` are the neighbouring words of the user or the assistant, cut to 600 characters.
    `forgotten`: every memory learned from it was forgotten.  `superseded`: none of them is current.
    """

    change: int
    number: int
    gone: bool
    archived: ArchivedMessage | None
    id: str
    agent: str
    profile: ProfileRef
    before: str = ""
    after: str = ""
    forgotten: bool = False
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as the journal knows it.  `extracted`: the `seq` up to which extraction has gone."""

    ref: SessionRef
    profile: ProfileRef
    cwds: tuple[str, ...]
    started: datetime | None
    last_record: datetime | None
    paths: tuple[str, ...]
    messages: int
    extracted: int
    state: SessionState


@dataclass(frozen=True, slots=True)
class Job:
    """A session whose new messages are to be extracted: those with a `seq` above `after`."""

    ref: SessionRef
    profile: ProfileRef
    after: int
    due: datetime
    priority: int
    attempts: int


@dataclass(frozen=True, slots=True)
class ParkedJob:
    """A job that was given up, and why."""

    ref: SessionRef
    profile: ProfileRef
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many jobs are in which state."""

    pending: int = 0
    running: int = 0
    parked: int = 0


@dataclass(frozen=True, slots=True)
class AgentCounts:
    """What was read of one agent's transcripts."""

    sessions: int = 0
    unknown_records: int = 0


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A transcript that is not read completely: damaged records, or a reason why it is not read at all."""

    path: str
    agent: str | None
    damaged: int
    reason: str | None

"""What the journal gives back: frozen values, so that no caller ever holds a database row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Literal

from sidecar.model import Message, ProfileRef, SessionRef
from sidecar.records import dataclass

Mark = Literal["current", "superseded", "forgotten"]
"""What has become of a memory that was learned from a message."""

SessionState = Literal["idle", "pending", "running", "parked"]
"""`idle`: no job; the others are the state of the session's extraction job."""

JobState = Literal["pending", "running", "parked"]
"""Of a job: it waits, it is being done, it was given up."""

Outcome = Literal["done", "nothing", "failed", "dropped"]
"""How extraction ended: with memories, without any, given up, or given up by a person."""


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
class Telling:
    """A part of a session as it went, for people: some of its messages in their order, and how many it has in all.

    Withdrawn messages are left out, those of which every memory was forgotten (`forgotten` counts these), and those of
    the session's own that the archive does not keep any more (`let_go`).
    """

    messages: tuple[Message, ...]
    total: int
    forgotten: int
    let_go: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What the archive holds.

    messages: those whose texts are kept.
    text_bytes: what these take, compressed; `archive.max_mb` is about this.
    let_go: messages whose texts were let go of, by age, by size, or because none are to be kept.
    """

    messages: int
    text_bytes: int
    let_go: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a message: the folder in which it was said, and the words before and after it."""

    cwd: str | None
    before: Message | None
    after: Message | None


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
    """A session whose new messages are to be extracted: those with a `seq` above `after`.

    `anew`: everything, though it was extracted before.
    """

    ref: SessionRef
    profile: ProfileRef
    after: int
    due: datetime
    priority: int
    attempts: int
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """How one run over a session's messages went.

    `extractor` is the version that extracted, None if there was nothing to look at.  `learned` is how many statements
    stand in memory by it.  `more`: messages that were there from the beginning are left for the next run.
    """

    at: datetime
    extractor: str | None
    learned: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """A job as the queue is shown.

    `characters` of text are to be extracted.  `error` is why it waits, was tried before or was given up.
    """

    ref: SessionRef
    profile: ProfileRef
    state: JobState
    priority: int
    due: datetime
    attempts: int
    error: str | None
    characters: int
    anew: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How the last extraction of a session ended, and when.

    `extractor` names the versions that took part, `learned` is how many statements stand in memory by it.
    """

    ref: SessionRef
    profile: ProfileRef
    outcome: Outcome
    reason: str | None
    extractor: str | None
    learned: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """Sessions that wait for extraction or are being extracted, and how many characters of text they hold."""

    sessions: int = 0
    characters: int = 0


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a model did in one minute: seconds of its time, and characters of text that it was through with."""

    minute: datetime
    seconds: float
    characters: int


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
class FileNotes:
    """What one step over a transcript has seen of its format.

    agent: whose format it is; None leaves it as it was.
    version: of the agent, as far as it says; likewise.
    unknown: records of kinds that the reader does not know, by kind; they were skipped.
    damaged: records that could not be read; they were skipped.
    flagged: which build of this program takes the file for one of a format that it does not understand; empty for a
        file that is understood; None leaves it as it was.
    anew: the file was read from its start, so that the counts take the place of what was counted before.
    """

    agent: str | None = None
    version: str | None = None
    unknown: Mapping[str, int] = field(default_factory=dict)
    damaged: int = 0
    flagged: str | None = None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How well a transcript was understood; the fields as in `FileNotes`."""

    path: str
    agent: str
    version: str | None
    unknown: Mapping[str, int]
    damaged: int
    flagged: str

    @property
    def unknown_records(self) -> int:
        """How many records are of unknown kinds."""
        return sum(self.unknown.values())


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A transcript that is not read completely: damaged records, or a reason why it is not read at all."""

    path: str
    agent: str | None
    damaged: int
    reason: str | None

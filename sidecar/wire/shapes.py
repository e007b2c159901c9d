"""What is answered: one model per shape, named as in the OpenAPI document.

A field without a default is always there, if need be as null; a field with one is there only when it was asked for.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from sidecar.wire.fields import StatusName, TypeName


def iso(moment: datetime) -> str:
    """A moment as the API and the files spell it: UTC, whole seconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def utf8(value: object) -> object:
    r"""A path of this machine need not be UTF-8; an undecodable byte is shown as `\udcff`."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(value, str) else value


Instant = Annotated[
    datetime, PlainSerializer(iso, return_type=str), WithJsonSchema({"type": "string", "format": "date-time"})
]
ShownPath = Annotated[str, BeforeValidator(utf8)]


class Shape(BaseModel):
    """A value of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def plain(self) -> Any:  # noqa: ANN401 - JSON
        """As JSON values; what was not asked for is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Camel(Shape):
    """A shape of the managed service, whose names are camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class SourceShape(Shape):
    """Where a memory comes from."""

    origin: str
    agent: str | None
    session: str | None
    speaker: str | None
    messages: list[str]
    by: str | None


class ListedMemory(Camel):
    """A memory without its content."""

    id: str
    type: TypeName
    summary: str
    session_id: str | None
    created_at: Instant
    updated_at: Instant
    key: str | None
    status: StatusName
    profile: str
    path: ShownPath
    source: SourceShape
    sha256: str
    tags: list[str]
    pinned: bool
    arrived: bool = Field(
        default=False,
        description="Its words came with a shared profile, and nobody here has checked them; else absent.",
    )


class MemoryShape(ListedMemory):
    """A memory."""

    content: str
    pushed_by: str | None = Field(default=None, description="Who pushed it first, if its profile is shared.")


class RelatedShape(Shape):
    """A memory that another one is tied to by a `[[link]]`."""

    id: str
    summary: str
    path: ShownPath
    link: Literal["to", "from"] = Field(description="`to`: the memory links to it; `from`: it links to the memory.")


class Replaced(Shape):
    """The memory that an accepted one would take the place of."""

    id: str
    summary: str


class ProposedShape(MemoryShape):
    """A memory that waits for a person's review."""

    observed: Instant
    why: str = Field(description="Why it waits.")
    replaces: Replaced | None = Field(description="What is in force under its key now.")


class VersionShape(MemoryShape):
    """One version in a memory's history; these names are those of its file."""

    observed: Instant = Field(alias="observed")
    valid_until: Instant | None = Field(alias="valid_until")
    supersedes: str | None = Field(alias="supersedes")
    superseded_by: str | None = Field(alias="superseded_by")
    reason: str | None = Field(alias="reason")


class SourceMessage(Shape):
    """A message from which a memory was learned, as archived."""

    id: str
    role: str
    speaker: str
    content: str
    time: Instant | None
    session: str
    agent: str


class RevisionShape(Shape):
    """The words that one and the same memory had from a commit on."""

    commit: str
    time: Instant
    author: str
    why: str | None
    summary: str
    content: str


class History(Shape):
    """The versions of a memory, oldest first, and its source messages in their order.

    `revisions`: the words of the memory itself, oldest first; more than one if its file was edited.
    """

    versions: list[VersionShape]
    messages: list[SourceMessage]
    revisions: list[RevisionShape]


class MemoryDetail(MemoryShape):
    """A memory, with its history if that was asked for."""

    history: History = Field(
        default_factory=lambda: History(versions=[], messages=[], revisions=[]), description="With `history=1`."
    )
    related: list[RelatedShape] = Field(
        default_factory=list, description="What `[[links]]` tie it to; absent if there is nothing."
    )


class SummaryResult(Shape):
    """Markdown under Key Facts, Recent Events, Active Tasks, Last Session, Instructions; empty ones are left out."""

    summary: str


class NamespaceShape(Shape):
    """A namespace."""

    id: str
    name: str
    created_at: Instant
    updated_at: Instant


class SyncShape(Shape):
    """How a shared profile stands with its remote."""

    remote: str
    state: Literal["waiting", "syncing", "synced", "offline", "refused", "rewritten", "purged", "declined", "failed"]
    since: Instant
    synced: Instant | None = Field(description="When both last were the same.")
    error: str | None
    hint: str | None


class CarriedShape(Shape):
    """How a profile stands with the folder in which its project carries it."""

    folder: str
    state: Literal["waiting", "in step", "refused", "failed"]
    since: Instant
    uncommitted: int | None = Field(description="Files there that the user has not committed; null if git cannot tell.")
    error: str | None
    hint: str | None


class ProfileShape(Shape):
    """A profile and how much it holds."""

    name: str
    namespace: str
    memories: int
    messages: int
    sync: SyncShape | None = Field(default=None, description="Of a shared profile.")
    carried: CarriedShape | None = Field(default=None, description="Of one that its project carries.")


class OutgoingFile(Shape):
    """A file that goes out; of a memory also what it is."""

    path: str
    id: str | None
    type: TypeName | None
    status: StatusName | None
    summary: str | None


class ShareResult(Shape):
    """What a share makes public, and how much stays here."""

    remote: str
    files: list[OutgoingFile]
    forgotten: int = Field(description="Forgotten memories, which stay here.")
    private: int = Field(description="Files below `private/`, which stay here.")
    commits: int = Field(description="Commits of the history, which stays here.")


class SyncResult(Shape):
    """What a sync did, in commits; `error` says what was in its way."""

    profile: str
    namespace: str
    pulled: int
    pushed: int
    merged: bool
    error: str | None
    hint: str | None


class JoinResult(Shape):
    """Which profile a remote is here."""

    profile: str
    namespace: str
    merged: bool = Field(description="With a profile that was here already.")
    project: str | None = Field(description="The root commit of the project that it belongs to on this machine.")
    pulled: int
    pushed: int


class LogEntry(Shape):
    """One commit of a profile."""

    commit: str
    time: Instant
    author: str
    subject: str
    memories: list[str] = Field(description="Ids of the memories that it touched.")
    session: str | None
    agent: str | None
    why: str | None = Field(description="The reason that it states.")
    changes: list[str] = Field(description="What it did, one by one.")
    pushed_by: str | None = Field(default=None, description="Who pushed it, if its profile is shared and it was.")


class PlannedChange(Shape):
    """One change that taking in transcripts would make; of a memory as it would be afterwards."""

    action: Literal["add", "revise", "supersede", "skip"]
    profile: str
    agent: str = Field(description="Whose session it was learned from.")
    session: str
    id: str | None = Field(description="Of the memory; of what is skipped the known one, if there is one.")
    type: TypeName
    key: str | None
    status: StatusName | None = Field(description="`proposed`: it would wait for review.  Null for what is skipped.")
    summary: str
    why: str


class PlannedCounts(Shape):
    """How many changes of each kind are planned."""

    add: int
    revise: int
    supersede: int
    skip: int


class TranscriptProblem(Shape):
    """A transcript that could not be taken in."""

    path: ShownPath
    reason: str
    hint: str = Field(description="What to do about it.")


class TranscriptsResult(Shape):
    """What was found in transcripts; `planned` is empty but for a dry run."""

    files: int = Field(description="Transcripts that could be read.")
    sessions: int
    messages: int
    extractor: str | None = Field(description="Of a dry run: what would extract; null if nothing would.")
    planned: list[PlannedChange] = Field(description="Session by session, in the order in which it would be done.")
    counts: PlannedCounts
    problems: list[TranscriptProblem]


class JobShape(Shape):
    """A session that is to be extracted."""

    agent: str
    session: str
    namespace: str
    profile: str
    state: Literal["pending", "running", "parked"] = Field(description="`parked`: given up after several tries.")
    priority: int = Field(description="Above 0 somebody waits for it; below 0 it was extracted before, by rules.")
    due: Instant = Field(description="Not before this moment.")
    attempts: int
    error: str | None = Field(description="Why it waits, was tried before or was given up.")
    pending_characters: int = Field(description="Text that is to be extracted.")
    anew: bool = Field(description="From the session's beginning, though it was extracted before.")


class EndedShape(Shape):
    """How the extraction of a session ended last."""

    agent: str
    session: str
    namespace: str
    profile: str
    outcome: Literal["done", "nothing", "failed", "dropped"]
    reason: str | None
    extractor: str | None = Field(description="The versions that took part.")
    learned: int = Field(description="Statements that stand in memory by it.")
    finished: Instant


class JobsResult(Shape):
    """The queue as it is done, what runs first and what was given up last; and what ended, the latest first."""

    jobs: list[JobShape]
    recent: list[EndedShape]


class RetriedResult(Shape):
    """How many sessions are extracted again."""

    sessions: int


class Health(Shape):
    """That the daemon lives."""

    status: Literal["ok"]
    version: str
    pid: int


class QueueState(Shape):
    """Jobs of extraction."""

    pending: int
    running: int
    parked: int


class BackfillState(Shape):
    """Sessions that were there before the daemon."""

    done: int
    total: int


class ExtractorState(Shape):
    """Who extracts, and what is in its way."""

    name: str
    state: str
    hint: str | None


class IndexState(Shape):
    """How fresh the index is: `lag_ms` is the age of the oldest change that it does not have yet."""

    generation: int
    lag_ms: int
    degraded: list[str] = Field(description="Why answers may miss something.")


class AgentState(Shape):
    """A folder of an agent's transcripts on this machine."""

    name: str
    path: ShownPath
    sessions: int = Field(description="Of the agent, in all of its folders.")
    unknown_records: int = Field(description="Of the agent, in all of its folders.")


class FormatState(Shape):
    """What of one agent's transcripts this version does not know."""

    agent: str
    files: int = Field(description="Transcripts in which something is unknown or damaged.")
    unknown_records: int
    kinds: dict[str, int] = Field(description="The unknown records by kind, the most frequent first, 20 at most.")
    damaged: int = Field(description="Records that could not be read.")
    flagged: int = Field(description="Transcripts of which too much is unknown: nothing is learned from them.")
    versions: dict[str, int] = Field(description="Transcripts by versions of the agent that this one does not know.")
    newest_known: str | None = Field(description="The newest version of the agent that this one knows.")


class BadFileState(Shape):
    """A memory file or a transcript that could not be taken in."""

    path: ShownPath
    line: int | None
    reason: str


class ServiceShape(Shape):
    """One long-running part of the daemon."""

    name: str
    state: str
    since: Instant
    error: str | None


class ListenState(Shape):
    """Where the daemon can be reached besides its Unix socket."""

    tcp: str | None = Field(description="The address of the TCP listener; null without one.")
    mcp: str | None = Field(description="Where MCP is served over HTTP: a URL, or the path alone without TCP.")
    problem: str | None = Field(description="Why the TCP listener of the settings does not listen yet.")


class ArchiveState(Shape):
    """What the archive holds of what was said, and what its settings let it keep."""

    messages: int = Field(description="Messages whose texts are kept.")
    text_bytes: int = Field(description="What these take, compressed; archive.max_mb is about this.")
    file_bytes: int = Field(description="What the journal takes on disk, with all that is in it besides texts.")
    let_go: int = Field(description="Messages that are not kept any more: too old, too many, or none are to be kept.")
    enabled: bool
    keep_days: int | None
    max_mb: int


class StatusResult(Shape):
    """What the daemon is doing."""

    version: str
    commit: str | None
    pid: int
    uptime_s: int
    settled: bool = Field(description="Nothing waits: no new bytes, no quiet time, no job, no change, index = files.")
    queue: QueueState
    backfill: BackfillState
    extractor: ExtractorState
    index: IndexState
    profiles: list[ProfileShape]
    agents: list[AgentState]
    formats: list[FormatState]
    bad_files: list[BadFileState]
    services: list[ServiceShape]
    listen: ListenState
    archive: ArchiveState


class Problem(Shape):
    """What went wrong, and what to do next.  `code` never changes its meaning."""

    code: int
    message: str
    hint: str


class Note(Shape):
    """Something to know about an answer that is none the less right."""

    code: int
    message: str


class ResultInfo(Shape):
    """Beside the result: where the next page begins, and how fresh the index was."""

    cursor: str | None = Field(default=None, description="Of a list: for the next page; null after the last one.")
    per_page: int = Field(default=0, description="Of a list: what was asked for.")
    count: int = Field(default=0, description="Of a list: items on this page.")
    index: IndexState

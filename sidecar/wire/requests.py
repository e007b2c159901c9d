"""What may be asked: one model per body and per query string.

Field names are those of the managed service (camelCase in bodies, snake_case in queries).  `null` means absent.
Unknown fields are ignored: clients of the managed service may send some that it gains later.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sidecar.wire import limits
from sidecar.wire.fields import (
    MEMORY_ID_PATTERN,
    AbsolutePath,
    EndOfMoment,
    Key,
    KindName,
    MemoryText,
    MessageText,
    Moment,
    MomentOrRevision,
    Name,
    Query,
    Reason,
    Remote,
    SessionId,
    Sha256,
    StatusFilter,
    Tag,
    TypeName,
    Word,
)


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_null(cls, value: Any) -> Any:  # noqa: ANN401 - whatever was sent
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None}
        return value


class Body(_Request):
    """A JSON body; types are taken at their word (`"10"` is not a number)."""

    model_config = ConfigDict(strict=True)

    @property
    def patient(self) -> bool:
        """Whether the sender asked for something that may take longer than the usual time limit."""
        return False


class QueryString(_Request):
    """A query string; its values are text and are read as what the field is."""

    @property
    def patient(self) -> bool:
        """As `Body.patient`."""
        return False


class Where(_Request):
    """Which profile, when the path does not name it: the project of `cwd`, or one by name; `personal` without both."""

    cwd: AbsolutePath | None = Field(default=None, description="The folder whose project's profile is meant.")
    profile: Name | None = Field(default=None, description="A profile by name; goes before `cwd`.")
    namespace: Name | None = Field(default=None, description="The namespace of `profile`; the default one if absent.")


class NewNamespace(Body):
    """A namespace to create."""

    name: Name


class IngestMessage(Body):
    """One message of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: MessageText
    timestamp: Moment | None = Field(default=None, description="When it was said; the time of the request if absent.")


class Ingest(Body):
    """Messages to archive and to learn from."""

    messages: Annotated[list[IngestMessage], Field(min_length=1, max_length=limits.MESSAGES)]
    session_id: SessionId | None = Field(
        default=None, alias="sessionId", description="Derived from the content if absent."
    )
    wait: bool = Field(default=False, description="Answer after extraction, not once it is queued.")

    @property
    def patient(self) -> bool:
        """Extraction by a model takes minutes."""
        return self.wait


class IngestHere(Ingest, Where):
    """As `Ingest`, routed by folder."""


class Remember(Body):
    """One statement to keep as it is."""

    content: MemoryText
    session_id: SessionId | None = Field(default=None, alias="sessionId")
    type: TypeName | None = Field(default=None, description="Judged from the content if absent.")
    key: Key | None = Field(default=None, description="Topic; a newer memory with the same key supersedes this one.")
    tags: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)
    pinned: bool = Field(default=False, description="Always in the summary.")
    speaker: Literal["user", "assistant"] = Field(
        default="user",
        description="Whose word it is: a person's, or `assistant` for what an agent asks of its own accord, which never"
        " supersedes a person's word nor brings back what was forgotten.",
    )


class RememberHere(Remember, Where):
    """As `Remember`, routed by folder."""


class Recall(Body):
    """A question to the memory."""

    query: Query
    thinking_level: Literal["low", "medium", "high"] = Field(default="low", alias="thinkingLevel")
    response_length: Literal["short", "medium", "long"] = Field(default="medium", alias="responseLength")
    reference_date: EndOfMoment | None = Field(
        default=None, alias="referenceDate", description="The moment from which relative dates count; now if absent."
    )
    session_id: SessionId | None = Field(default=None, alias="sessionId")
    limit: Annotated[int, Field(ge=1, le=limits.CANDIDATES_MAX)] | None = Field(
        default=None, description="Most candidates; `recall.limit` of the settings if absent."
    )
    at: MomentOrRevision | None = Field(
        default=None,
        description="What was valid at the end of this day or at this moment, or in the tree of this tag or commit.",
    )
    types: list[TypeName] | None = Field(default=None, description="Only memories of these types.")
    tags: Annotated[list[Tag], Field(max_length=20)] | None = Field(
        default=None, description="Only memories that have all of these tags."
    )
    since: Moment | None = Field(default=None, description="Only what was said from this day or moment on.")
    before: EndOfMoment | None = Field(
        default=None, description="Only what was said up to the end of this day or this moment."
    )
    kinds: list[KindName] | None = Field(
        default=None, description="Default: both under /v1; memories alone under the managed service's prefix."
    )
    include: Annotated[list[Name], Field(max_length=20)] = Field(
        default_factory=list, description="Further profiles of the same namespace to search."
    )
    budget: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None,
        description="Tokens (of four characters) that the candidates may take together; those that do not fit are left"
        " out, and `messages` says how many and which.",
    )
    explain: bool = Field(
        default=False,
        description="Adds what each channel said of each candidate, and `explanation`: why anything or nothing was"
        " relevant, and how long each stage took.",
    )

    @property
    def patient(self) -> bool:
        """From medium on a model takes part; the tree of a commit is indexed when it is first asked for."""
        return self.thinking_level != "low" or isinstance(self.at, str)


class RecallHere(Recall, Where):
    """As `Recall`, routed by folder."""


class Summary(Body):
    """What to sum up: the profile, with the named session as the last one."""

    session_id: SessionId | None = Field(default=None, alias="sessionId")


class SummaryHere(Summary, Where):
    """As `Summary`, routed by folder."""


class Forget(Body):
    """Why a memory is to be forgotten."""

    reason: Reason | None = None


class ForgetHere(Forget, Where):
    """As `Forget`, routed by folder."""


class Review(Body):
    """A person's decision about a memory that waits for it."""

    decision: Literal["accept", "reject"]
    content: MemoryText | None = Field(default=None, description="With `accept`: the text as it should be instead.")
    reason: Reason | None = Field(
        default=None, description="Of a rejection it is kept in the archived file, of an acceptance in the history."
    )
    expected_sha256: Sha256 | None = Field(
        default=None, description="The `sha256` that was seen: 409 if the file is another one by now."
    )


class ReviewHere(Review, Where):
    """As `Review`, routed by folder."""


class AcceptHere(Body, Where):
    """The profile whose loss is confirmed."""


class Transcripts(Body):
    """Transcript files or folders to take in now."""

    paths: Annotated[list[AbsolutePath], Field(min_length=1, max_length=limits.PATHS)]
    agent: Word | None = Field(default=None, description="Whose format it is; recognised if absent.")
    dry_run: bool = Field(default=False, description="Say what would be written, and write nothing.")

    @property
    def patient(self) -> bool:
        """Years of transcripts take their time."""
        return True


class _Patient(Body):
    """What may take as long as a remote takes."""

    @property
    def patient(self) -> bool:
        """A remote answers when it answers."""
        return True


class Share(_Patient):
    """Where a profile is to be published."""

    remote: Remote
    dry_run: bool = Field(default=False, description="List what would go out, and publish nothing.")


class Sync(_Patient):
    """A sync of one profile."""

    accept: bool = Field(default=False, description="Also if most memories of the profile go by it.")
    purge: Literal["yes", "no"] | None = Field(
        default=None,
        description="What to do about a purge that is in the way: `yes` lets the memories go here and there, `no` keeps"
        " what each has and exchanges nothing.",
    )


class SyncAll(_Patient):
    """A sync of every shared profile."""


class Join(_Patient):
    """The remote that is joined."""

    remote: Remote
    profile: Name | None = Field(default=None, description="The profile that it is to be here.")
    cwd: AbsolutePath | None = Field(default=None, description="In whose project's folder it is joined.")


class CarryHere(_Patient, Where):
    """Whether the project of `cwd` carries its profile in its own repository."""

    stop: bool = Field(default=False, description="No longer; the files there stay.")
    accept: bool = Field(default=False, description="Also if most memories of the profile go by it.")


class Notify(Body):
    """What an agent's hook saw: the session goes first in the queue."""

    agent: Word
    event: Word
    session: SessionId | None = None
    path: AbsolutePath | None = Field(default=None, description="The session's transcript.")


class Hook(Body):
    """What an agent said to its hook."""

    agent: Word
    event: Word = Field(description="The agent's own name of the event.")
    payload: dict[str, Any] = Field(default_factory=dict, description="What the agent sent, as it came.")


class Page(QueryString):
    """Which page."""

    per_page: Annotated[int, Field(ge=1, le=limits.PAGE_MAX)] = limits.PAGE
    cursor: Annotated[str, Field(max_length=256)] | None = Field(
        default=None, description="`result_info.cursor` of the page before."
    )


class ListMemories(Page):
    """Which memories of a profile."""

    session_id: SessionId | None = None
    type: TypeName | None = None
    status: StatusFilter = Field(default="active", description="`all`: whatever their status.")
    tag: Tag | None = None


class ListMemoriesHere(ListMemories, Where):
    """As `ListMemories`, routed by folder."""


class ListProposed(Page):
    """Which page of the memories that wait for review."""


class ListProposedHere(ListProposed, Where):
    """As `ListProposed`, routed by folder."""


class GetMemory(QueryString):
    """How much of a memory to show."""

    history: bool = Field(default=False, description="Adds its chain of versions and its source messages.")


class GetMemoryHere(GetMemory, Where):
    """As `GetMemory`, routed by folder."""


class Here(QueryString, Where):
    """Nothing but the profile."""


class ListLog(QueryString):
    """Which commits of a profile."""

    id: Annotated[str, Field(pattern=MEMORY_ID_PATTERN)] | None = Field(
        default=None, description="Only commits that touched this memory."
    )
    limit: Annotated[int, Field(ge=1, le=limits.PAGE_MAX)] = limits.PAGE


class ListLogHere(ListLog, Where):
    """As `ListLog`, routed by folder."""


class ListJobs(QueryString):
    """Which jobs of extraction."""

    state: Literal["pending", "running", "parked", "done", "nothing", "failed", "dropped"] | None = Field(
        default=None, description="Jobs in this state, or sessions whose extraction ended so; both if absent."
    )
    limit: Annotated[int, Field(ge=1, le=limits.PAGE_MAX)] = limits.PAGE


class _Session(Body):
    """A session by its name, and what else it takes to tell it from others of that name."""

    agent: Word | None = Field(default=None, description="Needed where sessions of several agents have the name.")
    profile: Name | None = Field(default=None, description="Needed where clients gave the name in several profiles.")
    namespace: Name | None = Field(default=None, description="The namespace of `profile`; the default one if absent.")


class RetryJobs(_Session):
    """What to extract again."""

    session: SessionId | None = Field(
        default=None, description="One session, whatever its state; all that were given up if absent."
    )


class DropJob(_Session):
    """A session to give up."""

    session: SessionId


class Nothing(Body):
    """An empty body."""


class NoQuery(QueryString):
    """No query."""

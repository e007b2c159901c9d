"""What may be asked of the archive of verbatim messages, and what is answered: a search, and a session as it went."""

from typing import Annotated

from pydantic import Field

from sidecar.wire import limits
from sidecar.wire.fields import Moment, Name, Query, SessionId, Word
from sidecar.wire.recalled import CandidateShape
from sidecar.wire.requests import Body, Page, Where
from sidecar.wire.shapes import Instant, Shape, ShownPath


class SearchHere(Body, Where):
    """Words to look for in the archived messages."""

    query: Query
    session_id: SessionId | None = Field(default=None, alias="sessionId", description="Only messages of this session.")
    agent: Word | None = Field(default=None, description="Only what was said to and by this agent.")
    since: Moment | None = Field(default=None, description="Only what was said at this moment or later.")
    everywhere: bool = Field(default=False, description="In all profiles of the namespace, not in this one alone.")
    limit: Annotated[int, Field(ge=1, le=limits.CANDIDATES_MAX)] | None = Field(
        default=None, description="Most candidates; `recall.limit` of the settings if absent."
    )


class ResumeShape(Shape):
    """How to go on with a session in its own agent."""

    command: str | None = Field(description="For a shell, to be run in `cwd`; null if the agent has none.")
    cwd: ShownPath | None
    note: str = Field(description="What else there is to know; empty for nothing.")


class ContextShape(Shape):
    """The beginning of a message that stands beside another one."""

    speaker: str
    content: str


class FoundMessage(CandidateShape):
    """A message that matches, with what stands around it."""

    agent: str = Field(alias="agent")
    role: str = Field(alias="role")
    before: ContextShape | None = Field(alias="before", description="The words before it in its session.")
    after: ContextShape | None = Field(alias="after", description="The words after it.")
    resume: ResumeShape = Field(alias="resume")


class SearchResult(Shape):
    """The messages that match: first those that have the query as it stands, then the best."""

    count: int
    candidates: list[FoundMessage]


class ShowSession(Page):
    """Which of the sessions of that name, and which part of it."""

    agent: Word | None = Field(default=None, description="Needed where sessions of several agents have the name.")
    profile: Name | None = Field(default=None, description="Needed where clients gave the name in several profiles.")
    namespace: Name | None = Field(default=None, description="The namespace of `profile`; the default one if absent.")


class ToolShape(Shape):
    """What a tool was asked."""

    name: str
    command: str
    failed: bool


class ArchivedShape(Shape):
    """A message as archived: secrets are redacted."""

    id: str
    role: str
    speaker: str
    kind: str
    time: Instant | None
    model: str | None
    sidechain: bool = Field(description="Said by or to a subagent.")
    tool: ToolShape | None
    content: str


class SessionShape(Shape):
    """A session, and a page of its messages in their order."""

    agent: str
    session: str
    namespace: str
    profile: str
    cwds: list[ShownPath] = Field(description="The folders in which it worked, the first one first.")
    started: Instant | None
    last_record: Instant | None
    paths: list[ShownPath] = Field(description="Its transcripts, whether they are still there or not.")
    total: int = Field(description="Messages that it has in the archive.")
    forgotten: int = Field(description="Messages that are left out, because what was learned from them was forgotten.")
    let_go: int = Field(description="Messages of its own that the archive does not keep any more, by its settings.")
    resume: ResumeShape
    messages: list[ArchivedShape]

"""What the HTTP server needs of the rest of the daemon: methods of plain values, without HTTP, JSON or limits.

The server has parsed and checked every argument before it calls.  Errors are those of `errors.py`: every method that
takes a profile or namespace raises UnknownNamespace for a namespace that does not exist.  A profile that does not exist
is created by `ingest` and `remember` and is empty for all others.  Unavailable is right for what is not ready yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Literal, Protocol

from sidecar.model import Hit, MemoryType, Message, ProfileRef, Status, Stored
from sidecar.records import dataclass

if TYPE_CHECKING:  # what only says what it is must not be imported by the start
    from sidecar.daemon.carrying import CarryState
    from sidecar.daemon.metrics import Metric
    from sidecar.errors import SidecarError
    from sidecar.exchange import Form
    from sidecar.share import Joined, Outgoing, Synced
    from sidecar.wire.archived import FoundMessage, SessionShape
    from sidecar.wire.edits import Patch
    from sidecar.wire.exchange import Export, ImportResult
    from sidecar.wire.memorytool import MemoryTool, ToolResult
    from sidecar.wire.past import DiffResult, SnapshotShape, UndoResult
    from sidecar.wire.removals import PreviewRemoval, PurgeResult, RemovalPreview
    from sidecar.wire.scanned import ScanStep
    from sidecar.wire.shapes import JobsResult, LogEntry, ProfileShape, RevisionShape, StatusResult, TranscriptsResult

YesNo = Literal["yes", "no"]
Level = Literal["low", "medium", "high"]
Length = Literal["short", "medium", "long"]
Kind = Literal["memory", "message"]
JobFilter = Literal["pending", "running", "parked", "done", "nothing", "failed", "dropped"]
"""The states of jobs, then how the extraction of a session may have ended."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace: its name is its id."""

    name: str
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Spooled:
    """A large answer, complete, in an open file at its beginning; whoever gets it closes it."""

    file: IO[bytes]
    media: str


@dataclass(frozen=True, slots=True)
class Said:
    """One message of an ingest; `time` is None if the sender did not say when."""

    role: Literal["system", "user", "assistant"]
    content: str
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """What `remember` is to keep, and at whose word; `type` is None if it is to be judged from the content."""

    content: str
    session: str | None
    type: MemoryType | None
    key: str | None
    tags: tuple[str, ...]
    pinned: bool
    speaker: Literal["user", "assistant"] = "user"


@dataclass(frozen=True, slots=True)
class Question:
    """A recall.

    `reference` is the moment from which relative dates count (None: now).  `at` is a moment or the name of a tag or
    commit; None is now.  `types` is empty for all; of `tags` a memory must have all.  `since` and `before` narrow to
    what was said from one moment up to another.  `budget` is in tokens.  `routed`: the profile was chosen by folder,
    so that `personal` is searched beside it if the settings say so; a profile asked for by name stands alone.
    `limit` None: what the settings say.
    """

    query: str
    level: Level
    length: Length
    reference: datetime | None
    limit: int | None
    at: datetime | str | None
    types: tuple[MemoryType, ...]
    kinds: tuple[Kind, ...]
    session: str | None
    budget: int | None
    explain: bool
    routed: bool
    tags: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Which memories a list holds; None is any."""

    session: str | None
    type: MemoryType | None
    status: Status | None
    tag: str | None


@dataclass(frozen=True, slots=True)
class MemoryView:
    """A memory; with its history `versions` (oldest first, itself among them) and its source messages in order.

    `revisions`: the words that its own file had, oldest first.  `related`: what `[[links]]` tie it to, each with whose
    the link is (`to`: its own, `from`: the other's).  `pushed_by`: who pushed it first.
    """

    stored: Stored
    versions: tuple[Stored, ...] = ()
    messages: tuple[Message, ...] = ()
    revisions: tuple[RevisionShape, ...] = ()
    related: tuple[tuple[Stored, str], ...] = ()
    pushed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A memory that waits for review: why, and what is in force under its key now."""

    stored: Stored
    why: str
    replaces: Stored | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A person's decision about a proposal.

    `content` is the corrected text of an accepted one.  `expected_sha256` is of the file that the person has seen; None
    takes the file as it is.
    """

    decision: Literal["accept", "reject"]
    content: str | None = None
    reason: str | None = None
    expected_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class SessionName:
    """A session as people name it: `agent` and `profile` (of sessions that clients name) only where it takes them."""

    session: str
    agent: str | None = None
    profile: ProfileRef | None = None


@dataclass(frozen=True, slots=True)
class SearchFor:
    """A search for words in the archive.

    `since`: said then or later; `everywhere`: in all profiles of the namespace; `limit` and `routed` as in `Question`;
    ages count from `now`.
    """

    query: str
    session: str | None
    agent: str | None
    since: datetime | None
    limit: int | None
    everywhere: bool
    routed: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh the index is; `degraded` says why answers may miss something."""

    generation: int
    lag_ms: int
    degraded: tuple[str, ...] = ()


class Answer(Protocol):
    """What a recall found: `hits` best first, `notes` for the reader, such as `degraded: no model`."""

    @property
    def answer(self) -> str:
        """The answer in words; empty when nothing is relevant."""

    @property
    def hits(self) -> Sequence[Hit]:
        """The candidates."""

    @property
    def notes(self) -> Sequence[str]:
        """What limits the answer."""

    @property
    def explanation(self) -> Mapping[str, object] | None:
        """How it came to be, in the fields of `recalled.Explanation`, if that was asked for."""


class HistoryApi(Protocol):
    """The past of profiles."""

    async def diff(self, ref: ProfileRef, before: datetime | str, after: datetime | str | None) -> DiffResult:
        """How two commits differ; `after` None is the present one.  Raises UnknownRevision."""

    async def undo(self, ref: ProfileRef, commit: str | None) -> UndoResult:
        """Take a commit back by a new one; None is the last change.

        Raises UnknownRevision, UndoConflict, NothingToUndo, NotUndoable.
        """

    async def snapshots(self, ref: ProfileRef) -> Sequence[SnapshotShape]:
        """The names of states, the latest first."""

    async def snapshot(self, ref: ProfileRef, name: str) -> SnapshotShape:
        """Name the present state.  Raises SnapshotExists."""


class EditApi(Protocol):
    """Changes of single memories."""

    async def patch(self, ref: ProfileRef, identifier: str, patch: Patch) -> Stored:
        """Change a memory, and return what it is now.

        Raises UnknownMemory, ChangedOnDisk, BadMemoryFile, and Refused where the file says `read_only`.
        """

    async def text(self, ref: ProfileRef, identifier: str) -> str:
        """The whole text of its file.  Raises UnknownMemory, BadMemoryFile."""


class ToolApi(Protocol):
    """The memory tool of Anthropic's API."""

    async def run(self, ref: ProfileRef, command: MemoryTool) -> ToolResult:
        """Carry out a command; what the model did wrong is in the answer."""


class RemovalApi(Protocol):
    """Previews of removals, and purges."""

    async def preview(self, ref: ProfileRef, wanted: PreviewRemoval) -> RemovalPreview:
        """What a removal would take away.  Raises UnknownMemory, Refused, PurgeImpossible."""

    async def purge(self, ref: ProfileRef, identifiers: Sequence[str]) -> PurgeResult:
        """Let memories go for good.  Raises UnknownMemory, Refused, PurgeImpossible."""


class ScanApi(Protocol):
    """Looks for secrets in what is stored."""

    async def step(self, place: str | None) -> ScanStep:
        """Go on with a scan from a cursor.  Raises FieldError."""


class ExchangeApi(Protocol):
    """Memories that leave, and memories that come from elsewhere."""

    async def export(self, ref: ProfileRef, wanted: Export) -> Spooled:
        """The profile in one file; empty for one that does not exist."""

    async def bring(
        self, ref: ProfileRef, paths: Sequence[str], form: Form | None, *, named: bool, dry_run: bool
    ) -> ImportResult:
        """Take memories in from files, or say what that would change; `named`: the profile was named."""


class ArchiveApi(Protocol):
    """What was said, word for word."""

    async def search(self, ref: ProfileRef, wanted: SearchFor) -> Sequence[FoundMessage]:
        """Messages of all roles: first those that have the query as it stands, then the best."""

    async def session(self, name: SessionName, *, offset: int, limit: int) -> SessionShape:
        """A session with `limit` of its messages from the `offset`-th on.  Raises UnknownSession, FieldError."""


class RecallApi(Protocol):
    """What answers recalls, which is there before the rest of the daemon.  Every method may be cancelled, as below."""

    async def recall(self, ref: ProfileRef, question: Question, *, include: Sequence[ProfileRef]) -> Answer:
        """Search this profile and `include`."""

    async def route(self, cwd: str | None, *, create: bool) -> ProfileRef:
        """The profile of a folder, by the rules of section 6; `personal` without one.

        `create`: a new project gets its name now, so that the profile knows which project it is about.
        """

    async def freshness(self) -> Freshness:
        """Cheap: it is asked for with every answer."""


class Api(RecallApi, Protocol):
    """The daemon, as its HTTP server sees it.

    Every method may be cancelled at any await: by a request's time limit, or when the daemon stops.
    """

    @property
    def archive(self) -> ArchiveApi:
        """What is asked of verbatim messages."""

    @property
    def history(self) -> HistoryApi:
        """What is asked of the past."""

    @property
    def editing(self) -> EditApi:
        """What changes single memories."""

    @property
    def exchange(self) -> ExchangeApi:
        """What leaves and what comes."""

    @property
    def tool(self) -> ToolApi:
        """The memory tool."""

    @property
    def removal(self) -> RemovalApi:
        """What previews removals, and purges."""

    @property
    def scanner(self) -> ScanApi:
        """What looks for secrets."""

    async def create_namespace(self, name: str) -> Namespace:
        """Raises NamespaceExists."""

    async def list_namespaces(self) -> Sequence[Namespace]:
        """All, in any order."""

    async def get_namespace(self, name: str) -> Namespace:
        """One."""

    async def delete_namespace(self, name: str) -> None:
        """Delete it with its profiles, which go to the trash."""

    async def list_profiles(self, namespace: str) -> Sequence[ProfileShape]:
        """All of a namespace."""

    async def delete_profile(self, ref: ProfileRef) -> None:
        """Move it to the trash; its name is free again.  Nothing happens if there is none."""

    async def delete_session(self, ref: ProfileRef, session: str) -> None:
        """Delete a session's messages and what was learned from it alone.  Nothing happens if there is none."""

    async def accept(self, ref: ProfileRef) -> None:
        """What has vanished from it at once is meant to be gone; nothing happens if nothing has.  Raises NotFound."""

    async def ingest(self, ref: ProfileRef, messages: Sequence[Said], *, session: str | None, wait: bool) -> None:
        """Archive, then queue extraction; with `wait` return after it."""

    async def remember(self, ref: ProfileRef, told: Told) -> Stored:
        """Write a memory; it is on disk and recallable when this returns.

        Raises ForgottenBefore if an agent asks for what was forgotten.
        """

    async def list_memories(
        self, ref: ProfileRef, listing: Listing, *, before: str | None, count: int
    ) -> Sequence[Stored]:
        """Up to `count` memories by descending id (the latest observed first), all with an id below `before`."""

    async def get_memory(self, ref: ProfileRef, identifier: str, *, history: bool) -> MemoryView:
        """Raises UnknownMemory."""

    async def delete_memory(self, ref: ProfileRef, identifier: str) -> Stored:
        """Delete it with the messages that only it used, and return what it was.  Raises UnknownMemory."""

    async def forget_memory(self, ref: ProfileRef, identifier: str, reason: str | None) -> Stored:
        """Archive it as forgotten, and return what it is now.  Raises UnknownMemory."""

    async def list_proposed(self, ref: ProfileRef, *, before: str | None, count: int) -> Sequence[Proposal]:
        """Up to `count` proposals by descending id, all with an id below `before`."""

    async def review_memory(self, ref: ProfileRef, identifier: str, review: Review) -> Stored:
        """Accept or reject a proposal, and return what it is now.

        Raises UnknownMemory, NotProposed, ChangedOnDisk, and Refused where the file, or the one whose place it would
        take, says `read_only`.
        """

    async def summary(self, ref: ProfileRef, session: str | None) -> str:
        """Markdown."""

    async def log(self, ref: ProfileRef, *, identifier: str | None, limit: int) -> Sequence[LogEntry]:
        """Commits, newest first; with `identifier` only those that touched this memory."""

    async def ingest_transcripts(self, paths: Sequence[str], *, agent: str | None, dry_run: bool) -> TranscriptsResult:
        """Take in transcript files and folders, or say what that would change."""

    async def notify(self, *, agent: str, session: str | None, path: str | None, event: str) -> None:
        """A hook's notice: this session goes first."""

    async def hook(self, *, agent: str, event: str, payload: Mapping[str, object]) -> str:
        """What an agent's hook is to print, in the agent's own shape; empty for nothing.  Within the hooks' limit."""

    async def list_jobs(self, state: JobFilter | None, *, limit: int) -> JobsResult:
        """The queue of extraction and how sessions ended lately, at most `limit` of each."""

    async def retry_jobs(self, name: SessionName | None) -> int:
        """Extract a session again, or all that were given up; how many.  Raises UnknownSession, FieldError."""

    async def drop_job(self, name: SessionName) -> None:
        """Extract nothing of what a session holds now.  Raises UnknownSession, FieldError."""

    async def status(self) -> StatusResult:
        """What the daemon is doing."""

    async def metrics(self) -> Sequence[Metric]:
        """What Prometheus is to see of it; the server adds its own."""

    async def share(self, ref: ProfileRef, remote: str, *, dry_run: bool) -> Outgoing:
        """Publish a profile, or say what would go out.  Raises NotFound, RemoteNotEmpty and others of sharing."""

    async def sync(self, ref: ProfileRef, *, accept: bool, purge: YesNo | None) -> Synced:
        """Bring a profile up to date with its remote; `purge`: what to do about one that is in the way.

        Raises NotShared and others of sharing.
        """

    async def carry(self, ref: ProfileRef, cwd: str, *, stop: bool, accept: bool) -> CarryState:
        """Let the project of a folder carry a profile in its own repository, or no longer.  Raises NoProject.

        `accept`: also if most memories of the profile go by it; else StoreVanished then.
        """

    async def sync_all(self) -> Mapping[ProfileRef, Synced | SidecarError]:
        """Every shared profile, and what came of it."""

    async def join(self, namespace: str, remote: str, *, name: str | None, cwd: str | None) -> Joined:
        """Take part in a remote's profile.  Raises RemoteEmpty, RemoteRefused and others of sharing."""

    async def pause(self) -> None:
        """Stop watching and extracting; idempotent."""

    async def resume(self) -> None:
        """Go on; idempotent."""

    async def rebuild(self) -> None:
        """Begin to make the index anew; returns once that has begun."""

    async def shutdown(self) -> None:
        """Ask the daemon to end soon; returns at once, so that the request is answered."""

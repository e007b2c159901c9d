"""A real fake of the daemon behind the server: a small memory in memory, with scripted waits and faults."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import http.client
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from exchange_fake import FakeExchange

from sidecar.daemon.carrying import CarryState
from sidecar.daemon.metrics import Metric, Sample
from sidecar.daemon.protocol import (
    Freshness,
    JobFilter,
    Listing,
    MemoryView,
    Namespace,
    Proposal,
    Question,
    Review,
    Said,
    SearchFor,
    SessionName,
    Told,
)
from sidecar.daemon.server import Server
from sidecar.errors import NamespaceExists, RemoteUnreachable, SidecarError, UnknownMemory, UnknownNamespace
from sidecar.model import (
    ChannelScore,
    Hit,
    Memory,
    MemoryType,
    Message,
    ProfileRef,
    Source,
    Status,
    Stored,
)
from sidecar.share import Joined, Outgoing, Synced
from sidecar.share.words import OutgoingFile
from sidecar.wire import archived, edits, memorytool, past, removals, render, scanned, shapes

NOW = datetime(2026, 11, 20, 16, 2, 11, tzinfo=UTC)
RESUME = archived.ResumeShape(command="codex resume s1", cwd="/home/ines/web", note="")
MANAGED = "/client/v4/accounts/0123/agent-memory"


@dataclass(frozen=True)
class FoundAnswer:
    answer: str
    hits: Sequence[Hit]
    notes: Sequence[str]
    explanation: Mapping[str, object] | None = None


@dataclass
class FakeApi:
    """`fault` is raised by every method; `gate` holds every recall until it is set."""

    fault: BaseException | None = None
    gate: asyncio.Event | None = None
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    namespaces: dict[str, Namespace] = field(default_factory=lambda: {"local": Namespace("local", NOW, NOW)})
    memories: dict[ProfileRef, dict[str, Stored]] = field(default_factory=dict)
    said: dict[ProfileRef, list[tuple[str | None, Said]]] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    fresh: Freshness = field(default_factory=lambda: Freshness(7, 12))

    @property
    def editing(self) -> FakeEditing:
        return FakeEditing(self)

    @property
    def exchange(self) -> FakeExchange:
        return FakeExchange(self)

    @property
    def tool(self) -> FakeTool:
        return FakeTool(self)

    @property
    def removal(self) -> FakeRemoval:
        return FakeRemoval(self)

    @property
    def archive(self) -> FakeArchive:
        return FakeArchive(self)

    @property
    def scanner(self) -> FakeScanner:
        return FakeScanner(self)

    @property
    def history(self) -> FakeHistory:
        return FakeHistory(self)

    def _note(self, name: str, *arguments: Any, namespace: str | None = None) -> None:
        self.calls.append((name, *arguments))
        if self.fault is not None:
            raise self.fault
        if namespace is not None and namespace not in self.namespaces:
            raise UnknownNamespace(name=namespace)

    async def create_namespace(self, name: str) -> Namespace:
        self._note("create_namespace", name)
        if name in self.namespaces:
            raise NamespaceExists(name=name)
        self.namespaces[name] = Namespace(name, NOW, NOW)
        return self.namespaces[name]

    async def list_namespaces(self) -> Sequence[Namespace]:
        self._note("list_namespaces")
        return list(self.namespaces.values())

    async def get_namespace(self, name: str) -> Namespace:
        self._note("get_namespace", name, namespace=name)
        return self.namespaces[name]

    async def delete_namespace(self, name: str) -> None:
        self._note("delete_namespace", name, namespace=name)
        del self.namespaces[name]

    async def list_profiles(self, namespace: str) -> Sequence[shapes.ProfileShape]:
        self._note("list_profiles", namespace, namespace=namespace)
        return [
            shapes.ProfileShape(
                name=ref.name, namespace=namespace, memories=len(found), messages=len(self.said.get(ref, ()))
            )
            for ref, found in self.memories.items()
            if ref.namespace == namespace
        ]

    async def delete_profile(self, ref: ProfileRef) -> None:
        self._note("delete_profile", ref, namespace=ref.namespace)
        self.memories.pop(ref, None)

    async def delete_session(self, ref: ProfileRef, session: str) -> None:
        self._note("delete_session", ref, session, namespace=ref.namespace)

    async def accept(self, ref: ProfileRef) -> None:
        self._note("accept", ref, namespace=ref.namespace)

    async def ingest(self, ref: ProfileRef, messages: Sequence[Said], *, session: str | None, wait: bool) -> None:
        self._note("ingest", ref, session, wait, namespace=ref.namespace)
        self.said.setdefault(ref, []).extend((session, one) for one in messages)

    async def remember(self, ref: ProfileRef, told: Told) -> Stored:
        self._note("remember", ref, told, namespace=ref.namespace)
        stored = make_stored(ref, told)
        self.memories.setdefault(ref, {})[stored.memory.id] = stored
        return stored

    async def recall(self, ref: ProfileRef, question: Question, *, include: Sequence[ProfileRef]) -> FoundAnswer:
        self._note("recall", ref, question, tuple(include), namespace=ref.namespace)
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        hits = [
            make_hit(stored)
            for one in (ref, *include)
            for stored in self.memories.get(one, {}).values()
            if "memory" in question.kinds and question.query.lower() in stored.memory.content.lower()
        ]
        if "message" in question.kinds:
            hits += self.spoken(ref, question.query)
        hits = hits[: question.limit]
        return FoundAnswer(hits[0].content if hits else "", hits, self.notes)

    def spoken(self, ref: ProfileRef, query: str, session: str | None = None) -> list[Hit]:
        return [
            Hit(f"m{number}", "message", ref, 0.5, one.content, one.content, said_in, None, None, one.time, "user")
            for number, (said_in, one) in enumerate(self.said.get(ref, ()))
            if query.lower() in one.content.lower() and session in (None, said_in)
        ]

    async def list_memories(
        self, ref: ProfileRef, listing: Listing, *, before: str | None, count: int
    ) -> Sequence[Stored]:
        self._note("list_memories", ref, listing, before, count, namespace=ref.namespace)
        found = [
            one
            for identifier, one in sorted(self.memories.get(ref, {}).items(), reverse=True)
            if (before is None or identifier < before)
            and listing.status in (None, one.memory.status)
            and listing.type in (None, one.memory.type)
            and listing.session in (None, one.memory.source.session)
            and (listing.tag is None or listing.tag in one.memory.tags)
        ]
        return found[:count]

    def _stored(self, ref: ProfileRef, identifier: str) -> Stored:
        found = self.memories.get(ref, {}).get(identifier)
        if found is None:
            raise UnknownMemory(id=identifier, profile=ref)
        return found

    async def get_memory(self, ref: ProfileRef, identifier: str, *, history: bool) -> MemoryView:
        self._note("get_memory", ref, identifier, history, namespace=ref.namespace)
        stored = self._stored(ref, identifier)
        message = Message("r1", "claude-code", "s1", "user", "user", "Use pnpm.", NOW)
        return MemoryView(stored, (stored,), (message,)) if history else MemoryView(stored)

    async def delete_memory(self, ref: ProfileRef, identifier: str) -> Stored:
        self._note("delete_memory", ref, identifier, namespace=ref.namespace)
        stored = self._stored(ref, identifier)
        del self.memories[ref][identifier]
        return stored

    async def forget_memory(self, ref: ProfileRef, identifier: str, reason: str | None) -> Stored:
        self._note("forget_memory", ref, identifier, reason, namespace=ref.namespace)
        stored = self._stored(ref, identifier)
        gone = dataclasses.replace(stored, memory=stored.memory.replace(status=Status.FORGOTTEN, reason=reason))
        self.memories[ref][identifier] = gone
        return gone

    async def list_proposed(self, ref: ProfileRef, *, before: str | None, count: int) -> Sequence[Proposal]:
        self._note("list_proposed", ref, before, count, namespace=ref.namespace)
        found = [
            Proposal(one, "an agent said it", one)
            for identifier, one in sorted(self.memories.get(ref, {}).items(), reverse=True)
            if before is None or identifier < before
        ]
        return found[:count]

    async def review_memory(self, ref: ProfileRef, identifier: str, review: Review) -> Stored:
        self._note("review_memory", ref, identifier, review, namespace=ref.namespace)
        return self._stored(ref, identifier)

    async def summary(self, ref: ProfileRef, session: str | None) -> str:
        self._note("summary", ref, session, namespace=ref.namespace)
        return "## Key Facts\n"

    async def log(self, ref: ProfileRef, *, identifier: str | None, limit: int) -> Sequence[shapes.LogEntry]:
        self._note("log", ref, identifier, limit, namespace=ref.namespace)
        entry = shapes.LogEntry(
            commit="a" * 40, time=NOW, author="sidecar", subject="Learn", memories=["01M"], session=None, agent=None,
            why="new", changes=["Add fact a"],
        )  # fmt: skip
        return [entry]

    async def ingest_transcripts(
        self, paths: Sequence[str], *, agent: str | None, dry_run: bool
    ) -> shapes.TranscriptsResult:
        self._note("ingest_transcripts", tuple(paths), agent, dry_run)
        change = shapes.PlannedChange(
            action="add",
            profile="web",
            agent="codex",
            session="s1",
            id="01M",
            type="fact",
            key=None,
            status="active",
            summary="s",
            why="new",
        )
        counts = shapes.PlannedCounts(add=1, revise=0, supersede=0, skip=0)
        problem = shapes.TranscriptProblem(path="/t/\udcff.jsonl", reason="unknown format", hint="Name it.")
        return shapes.TranscriptsResult(
            files=1,
            sessions=1,
            messages=2,
            extractor="rules-1",
            planned=[change],
            counts=counts,
            problems=[problem],
        )

    async def notify(self, *, agent: str, session: str | None, path: str | None, event: str) -> None:
        self._note("notify", agent, session, path, event)

    async def list_jobs(self, state: JobFilter | None, *, limit: int) -> shapes.JobsResult:
        self._note("list_jobs", state, limit)
        place = {"agent": "codex", "session": "s1", "namespace": "local", "profile": "web"}
        job = shapes.JobShape(
            **place,
            state="parked",
            priority=0,
            due=NOW,
            attempts=5,
            error="no answer",
            pending_characters=4_000,
            anew=True,
        )
        ended = shapes.EndedShape(
            **place, outcome="failed", reason="no answer", extractor="rules-1", learned=2, finished=NOW
        )
        return shapes.JobsResult(jobs=[job], recent=[ended])

    async def retry_jobs(self, name: SessionName | None) -> int:
        self._note("retry_jobs", name)
        return 1

    async def drop_job(self, name: SessionName) -> None:
        self._note("drop_job", name)

    async def route(self, cwd: str | None, *, create: bool) -> ProfileRef:
        self._note("route", cwd)
        return ProfileRef("local", Path(cwd).name if cwd else "personal")

    async def freshness(self) -> Freshness:
        return self.fresh

    async def status(self) -> shapes.StatusResult:
        self._note("status")
        return shapes.StatusResult(
            version="0.1.0",
            commit=None,
            pid=1,
            uptime_s=3,
            settled=True,
            queue=shapes.QueueState(pending=0, running=0, parked=0),
            backfill=shapes.BackfillState(done=1, total=1),
            extractor=shapes.ExtractorState(name="rules", state="ready", hint=None),
            index=shapes.IndexState(generation=1, lag_ms=0, degraded=[]),
            profiles=[],
            agents=[shapes.AgentState(name="codex", path="/home/ines/.codex", sessions=1, unknown_records=0)],
            formats=[],
            bad_files=[shapes.BadFileState(path="local/web/facts/a.md", line=3, reason="no mapping")],
            services=[shapes.ServiceShape(name="watch", state="running", since=NOW, error=None)],
            listen=shapes.ListenState(tcp=None, mcp=None, problem=None),
            archive=shapes.ArchiveState(
                messages=3, text_bytes=500, file_bytes=4096, let_go=0, enabled=True, keep_days=None, max_mb=2048
            ),
        )

    async def metrics(self) -> Sequence[Metric]:
        self._note("metrics")
        return [Metric("sidecar_memories", "gauge", "Memories.", (Sample(3, {"profile": 'we"b'}),))]

    async def hook(self, *, agent: str, event: str, payload: Mapping[str, object]) -> str:
        self._note("hook", agent, event, payload)
        return f"{agent} {event}"

    async def share(self, ref: ProfileRef, remote: str, *, dry_run: bool) -> Outgoing:
        self._note("share", ref, remote, dry_run, namespace=ref.namespace)
        files = (OutgoingFile("facts/a.md", "01M", MemoryType.FACT, Status.ACTIVE, "s"), OutgoingFile("profile.yaml"))
        return Outgoing(remote, files, forgotten=1, private=2, commits=3)

    async def sync(self, ref: ProfileRef, *, accept: bool, purge: str | None) -> Synced:
        self._note("sync", ref, accept, purge, namespace=ref.namespace)
        return Synced(1, 2, merged=True)

    async def carry(self, ref: ProfileRef, cwd: str, *, stop: bool, accept: bool) -> CarryState:
        self._note("carry", ref, cwd, stop, namespace=ref.namespace)
        return CarryState(Path(cwd) / ".memory", "in step", NOW, uncommitted=2)

    async def sync_all(self) -> Mapping[ProfileRef, Synced | SidecarError]:
        self._note("sync_all")
        web, work = ProfileRef("local", "web"), ProfileRef("local", "work")
        return {web: Synced(1, 2, merged=True), work: RemoteUnreachable(remote="/r.git", why="gone")}

    async def join(self, namespace: str, remote: str, *, name: str | None, cwd: str | None) -> Joined:
        self._note("join", namespace, remote, name, cwd, namespace=namespace)
        return Joined(
            ProfileRef(namespace, name or "web"), merged=False, project=None, synced=Synced(1, 0, merged=False)
        )

    async def pause(self) -> None:
        self._note("pause")

    async def resume(self) -> None:
        self._note("resume")

    async def rebuild(self) -> None:
        self._note("rebuild")

    async def shutdown(self) -> None:
        self._note("shutdown")


class FakeEditing:
    """Changes nothing."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    async def patch(self, ref: ProfileRef, identifier: str, patch: edits.Patch) -> Stored:
        self._api._note("patch", ref, identifier, patch, namespace=ref.namespace)
        return self._api._stored(ref, identifier)

    async def text(self, ref: ProfileRef, identifier: str) -> str:
        self._api._note("text", ref, identifier, namespace=ref.namespace)
        return f"---\nid: {self._api._stored(ref, identifier).memory.id}\n---\nUse pnpm.\n"


class FakeTool:
    """A tool that says what it was asked."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    async def run(self, ref: ProfileRef, command: memorytool.MemoryTool) -> memorytool.ToolResult:
        self._api._note("memory_tool", ref, command, namespace=ref.namespace)
        return memorytool.ToolResult(content=f"{command.command} {command.path}", is_error=False)


class FakeRemoval:
    """Removes nothing."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    async def preview(self, ref: ProfileRef, wanted: removals.PreviewRemoval) -> removals.RemovalPreview:
        self._api._note("preview_removal", ref, wanted, namespace=ref.namespace)
        gone = removals.RemovedMemory(id="01M", profile="web", type="fact", status="active", summary="s", path=None)
        return removals.RemovalPreview(
            action=wanted.action, memories=[gone], files=["facts/a.md"], messages=1, commits=2, refs=["refs/tags/a"],
            remotes=["origin/main"], transcripts=["/t/a.jsonl"], related=[gone],
        )  # fmt: skip

    async def purge(self, ref: ProfileRef, identifiers: Sequence[str]) -> removals.PurgeResult:
        self._api._note("purge", ref, tuple(identifiers), namespace=ref.namespace)
        return removals.PurgeResult(
            ids=list(identifiers), old="a" * 40, new="b" * 40, commits=2, messages=1, trash=0, remotes=["origin/main"],
            transcripts=[], remaining=[],
        )  # fmt: skip


class FakeScanner:
    """Has found one secret and one suspicious memory."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    async def step(self, place: str | None) -> scanned.ScanStep:
        self._api._note("scan", place)
        finding = scanned.ScanFinding(
            where="history", kind="github-token", hint="gh… (40 characters)", profile="local/web", path="facts/a.md",
            line=3, commit="a" * 40, object="b" * 40, message=None, session=None, memory="01M", next="Look.",
        )  # fmt: skip
        doubt = scanned.Suspicion(
            memory="01M", profile="local/web", path="facts/a.md", type="fact", status="proposed", why="it waits"
        )
        return scanned.ScanStep(
            stage="history", done=1, total=2, looked={"files": 1}, findings=[finding], suspicious=[doubt], cursor="MTox"
        )


class FakeArchive:
    """Has one session beside what was ingested."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    async def search(self, ref: ProfileRef, wanted: SearchFor) -> Sequence[archived.FoundMessage]:
        self._api._note("search", ref, wanted, namespace=ref.namespace)
        return [
            archived.FoundMessage(
                **dict(render.candidate(hit, now=wanted.now, explain=False)),
                agent="http", role="user", before=None, resume=RESUME,
                after=archived.ContextShape(speaker="assistant", content="All right."),
            )
            for hit in self._api.spoken(ref, wanted.query, wanted.session)[: wanted.limit]
        ]  # fmt: skip

    async def session(self, name: SessionName, *, offset: int, limit: int) -> archived.SessionShape:
        self._api._note("session", name, offset, limit)
        messages = [
            archived.ArchivedShape(
                id=f"m{number}", role="tool", speaker="tool", kind="tool", time=NOW, model=None, sidechain=False,
                tool=archived.ToolShape(name="Bash", command="make", failed=True), content="$ make\nno rule",
            )
            for number in range(5)
        ]  # fmt: skip
        return archived.SessionShape(
            agent="codex", session=name.session, namespace="local", profile="web", cwds=["/home/ines/web"], started=NOW,
            last_record=None, paths=["/t/\udcff.jsonl"], total=len(messages), forgotten=0, let_go=0,
            resume=RESUME, messages=messages[offset : offset + limit],
        )  # fmt: skip


class FakeHistory:
    """Has one commit, which nothing differs from."""

    def __init__(self, api: FakeApi) -> None:
        self._api = api

    async def diff(self, ref: ProfileRef, before: datetime | str, after: datetime | str | None) -> past.DiffResult:
        self._api._note("diff", ref, before, after, namespace=ref.namespace)
        changed = past.ChangedMemory(
            id="01M", change="moved", path="archive/facts/a.md", before_path="facts/a.md", type="fact", key=None,
            status="forgotten", summary="s",
        )  # fmt: skip
        return past.DiffResult(before="a" * 40, after="b" * 40, memories=[changed], patch="--- a\n", truncated=False)

    async def undo(self, ref: ProfileRef, commit: str | None) -> past.UndoResult:
        self._api._note("undo", ref, commit, namespace=ref.namespace)
        return past.UndoResult(commit="b" * 40, undone=["a" * 40], memories=["01M"], paths=["facts/a.md"])

    async def snapshots(self, ref: ProfileRef) -> Sequence[past.SnapshotShape]:
        self._api._note("snapshots", ref, namespace=ref.namespace)
        return [past.SnapshotShape(name="before-move", commit="a" * 40, time=NOW, note="")]

    async def snapshot(self, ref: ProfileRef, name: str) -> past.SnapshotShape:
        self._api._note("snapshot", ref, name, namespace=ref.namespace)
        return past.SnapshotShape(name=name, commit="a" * 40, time=NOW, note="")


def make_stored(ref: ProfileRef, told: Told) -> Stored:
    digest = hashlib.sha256(told.content.encode()).hexdigest()
    memory = Memory(
        id=f"01M7{digest[:22].upper()}",
        type=told.type or MemoryType.FACT,
        content=told.content,
        summary=told.content[:80],
        created=NOW,
        observed=NOW - timedelta(days=3),
        source=Source("remember", session=told.session, speaker="user", by="ines@laptop"),
        key=told.key,
        pinned=told.pinned,
        tags=told.tags,
    )
    return Stored(memory, ref, f"facts/general/{digest[:6]}.md", digest)


def make_hit(stored: Stored) -> Hit:
    memory = stored.memory
    return Hit(
        id=memory.id,
        kind="memory",
        profile=stored.profile,
        score=0.9,
        content=memory.content,
        summary=memory.summary,
        session=memory.source.session,
        type=memory.type.value,
        path=stored.path,
        observed=memory.observed,
        speaker="user",
        channels={"vector": ChannelScore(2, 0.4, 0.5), "keyword": ChannelScore(1, 3.5, 1.0)},
    )


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def result(self) -> Any:
        return self.json["result"]

    @property
    def error(self) -> dict[str, Any]:
        return self.json["errors"][0]


class UnixConnection(http.client.HTTPConnection):
    """The standard library's HTTP client on a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Running:
    """A running server with its fake, and a client for it."""

    def __init__(self, server: Server, api: FakeApi, path: Path) -> None:
        self.server, self.api, self.path = server, api, path
        self.url = ""

    async def ask(
        self, method: str, target: str, body: object = None, *, raw: bytes | None = None, **headers: str
    ) -> Response:
        """One request on a connection of its own; `headers` with `_` for `-`."""
        return await asyncio.to_thread(self._ask, method, target, body, raw, headers)

    def _ask(self, method: str, target: str, body: object, raw: bytes | None, headers: dict[str, str]) -> Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = UnixConnection(self.path)
        try:
            connection.request(method, target, raw, {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            return Response(response.status, response.headers, response.read())
        finally:
            connection.close()

    async def remember(self, content: str, profile: str = "web", **fields: object) -> dict[str, Any]:
        target = f"/v1/namespaces/local/profiles/{profile}/remember"
        return (await self.ask("POST", target, {"content": content, **fields})).result

    @contextlib.asynccontextmanager
    async def stream(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection, for what no proper client would send."""
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(folder: Path, api: FakeApi | None = None, **options: Any) -> AsyncIterator[Running]:
    """A started server in `folder`, stopped at the end."""
    fake = api or FakeApi()
    path = folder / "run" / "s.sock"
    server = Server(fake, path, clock=lambda: NOW, environ={}, **options)
    await server.start()
    try:
        yield Running(server, fake, path)
    finally:
        await server.stop()


def run(folder: Path, scenario: Callable[[Running], Any], **options: Any) -> None:
    """Run a scenario against a fresh server."""

    async def main() -> None:
        async with serving(folder, **options) as running:
            await scenario(running)

    asyncio.run(main())

"""One function per operation: from a parsed request to a call of the daemon to a result in wire shapes.

Nothing here knows HTTP: `routes.py` says which request reaches which function, `server.py` speaks the protocol.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sidecar import __version__
from sidecar.daemon.protocol import Api, Kind, Listing, Namespace, Question, Review, Said, SessionName, Told
from sidecar.errors import FieldError
from sidecar.model import Hit, MemoryType, ProfileRef, Status
from sidecar.wire import cursor, recalled, render, requests, shapes

B_co = TypeVar("B_co", bound=requests.Body, covariant=True)
Q_co = TypeVar("Q_co", bound=requests.QueryString, covariant=True)

_OURS: tuple[Kind, ...] = ("memory", "message")
_MANAGED: tuple[Kind, ...] = ("memory",)
"""What a recall finds by default: clients of the managed service know memories alone."""


@dataclass(frozen=True, slots=True)
class Call(Generic[B_co, Q_co]):
    """A parsed request.

    `path`: what the path names, by the names in the route, already checked.  `managed`: it came under the managed
    service's prefix.  `namespace`: the one that is meant where none is named.
    """

    body: B_co
    query: Q_co
    path: Mapping[str, str]
    managed: bool
    namespace: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page of a list ends."""

    cursor: str | None
    per_page: int
    count: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A result as plain JSON, the page that it is, and notes for the reader."""

    result: Any = None
    page: Page | None = None
    notes: Sequence[str] = ()


Plain = Call[requests.Nothing, requests.NoQuery]


async def create_namespace(api: Api, call: Call[requests.NewNamespace, requests.NoQuery]) -> Reply:
    """Create a namespace."""
    return Reply(_namespace(await api.create_namespace(call.body.name)))


async def list_namespaces(api: Api, call: Call[requests.Nothing, requests.Page]) -> Reply:
    """List namespaces by name."""
    after = cursor.decode(call.query.cursor) if call.query.cursor else ""
    found = sorted(await api.list_namespaces(), key=lambda one: one.name)
    rest = [one for one in found if one.name > after]
    shown = rest[: call.query.per_page]
    more = cursor.encode(shown[-1].name) if len(rest) > len(shown) else None
    return Reply([_namespace(one) for one in shown], Page(more, call.query.per_page, len(shown)))


async def get_namespace(api: Api, call: Plain) -> Reply:
    """Get a namespace."""
    return Reply(_namespace(await api.get_namespace(call.path["ns"])))


async def delete_namespace(api: Api, call: Plain) -> Reply:
    """Delete a namespace; its profiles go to the trash."""
    await api.delete_namespace(call.path["ns"])
    return Reply()


async def list_profiles(api: Api, call: Plain) -> Reply:
    """List the profiles of a namespace, all of them, by name."""
    found = sorted(await api.list_profiles(call.path["ns"]), key=lambda one: one.name)
    return Reply([one.plain() for one in found])


async def delete_profile(api: Api, call: Plain) -> Reply:
    """Move a profile to the trash, where it stays for 30 days; its name is free again."""
    await api.delete_profile((await _target(api, call)).ref)
    return Reply()


async def delete_session(api: Api, call: Plain) -> Reply:
    """Delete a session's messages and what was learned from it alone; again does nothing."""
    await api.delete_session((await _target(api, call)).ref, call.path["sid"])
    return Reply()


async def accept(api: Api, call: Call[requests.AcceptHere, requests.NoQuery]) -> Reply:
    """Confirm that memories which are gone at once are meant to be gone; until then nothing is taken over."""
    await api.accept((await _target(api, call)).ref)
    return Reply()


async def ingest(api: Api, call: Call[requests.Ingest, requests.NoQuery]) -> Reply:
    """Archive messages, which makes them recallable verbatim, and queue them for extraction."""
    target = await _target(api, call, create=True)
    messages = [Said(one.role, one.content, one.timestamp) for one in call.body.messages]
    await api.ingest(target.ref, messages, session=call.body.session_id, wait=call.body.wait)
    return Reply()


async def remember(api: Api, call: Call[requests.Remember, requests.NoQuery]) -> Reply:
    """Keep one statement; when the answer comes it is on disk and recallable."""
    target, body = await _target(api, call, create=True), call.body
    kind = MemoryType(body.type) if body.type else None
    told = Told(body.content, body.session_id, kind, body.key, tuple(body.tags), body.pinned, body.speaker)
    return Reply(render.memory(await api.remember(target.ref, told)).plain())


async def recall(api: Api, call: Call[requests.Recall, requests.NoQuery]) -> Reply:
    """Answer a question from the memory, and say what the answer rests on."""
    target, body = await _target(api, call), call.body
    question = Question(
        query=body.query,
        level=body.thinking_level,
        length=body.response_length,
        reference=body.reference_date,
        limit=body.limit,
        at=body.at,
        types=tuple(MemoryType(one) for one in body.types or ()),
        kinds=tuple(body.kinds) if body.kinds else _MANAGED if call.managed else _OURS,
        session=body.session_id,
        budget=body.budget,
        explain=body.explain,
        routed=target.routed,
        tags=tuple(body.tags or ()),
        since=body.since,
        before=body.before,
    )
    include = [ProfileRef(target.ref.namespace, name) for name in body.include]
    found = await api.recall(target.ref, question, include=include)
    candidates = _candidates(found.hits, now=body.reference_date or call.now, explain=body.explain)
    result = {"count": len(candidates), "answer": found.answer, "candidates": candidates}
    if found.explanation is not None:
        result["explanation"] = recalled.Explanation.model_validate(found.explanation).plain()
    return Reply(result, notes=found.notes)


async def list_memories(api: Api, call: Call[requests.Nothing, requests.ListMemories]) -> Reply:
    """List memories without their content, the latest observed first; active ones unless `status` says otherwise."""
    target, query = await _target(api, call), call.query
    listing = Listing(
        session=query.session_id,
        type=MemoryType(query.type) if query.type else None,
        status=None if query.status == "all" else Status(query.status),
        tag=query.tag,
    )
    before = cursor.decode(query.cursor) if query.cursor else None
    found = await api.list_memories(target.ref, listing, before=before, count=query.per_page + 1)
    shown = found[: query.per_page]
    more = cursor.encode(shown[-1].memory.id) if len(found) > len(shown) else None
    return Reply([render.listed(one).plain() for one in shown], Page(more, query.per_page, len(shown)))


async def get_memory(api: Api, call: Call[requests.Nothing, requests.GetMemory]) -> Reply:
    """Get a memory; with `history=1` also its versions and source messages."""
    target = await _target(api, call)
    view = await api.get_memory(target.ref, call.path["id"], history=call.query.history)
    found = (
        render.detail(view.stored, view.versions, view.messages, view.revisions, view.related)
        if call.query.history
        else render.shown(view.stored, view.related)
    )
    return Reply(found.model_copy(update={"pushed_by": view.pushed_by} if view.pushed_by else {}).plain())


async def delete_memory(api: Api, call: Plain) -> Reply:
    """Delete a memory and the messages that only it used; the answer is what it was."""
    target = await _target(api, call)
    return Reply(render.memory(await api.delete_memory(target.ref, call.path["id"])).plain())


async def forget_memory(api: Api, call: Call[requests.Forget, requests.NoQuery]) -> Reply:
    """Archive a memory that is no longer true or wanted; this can be undone."""
    target = await _target(api, call)
    forgotten = await api.forget_memory(target.ref, call.path["id"], call.body.reason)
    return Reply(render.memory(forgotten).plain())


async def list_proposed(api: Api, call: Call[requests.Nothing, requests.ListProposed]) -> Reply:
    """List the memories that wait for review, with their content, the latest observed first."""
    target, query = await _target(api, call), call.query
    before = cursor.decode(query.cursor) if query.cursor else None
    found = await api.list_proposed(target.ref, before=before, count=query.per_page + 1)
    shown = found[: query.per_page]
    more = cursor.encode(shown[-1].stored.memory.id) if len(found) > len(shown) else None
    result = [render.proposed(one.stored, one.why, one.replaces).plain() for one in shown]
    return Reply(result, Page(more, query.per_page, len(shown)))


async def review_memory(api: Api, call: Call[requests.Review, requests.NoQuery]) -> Reply:
    """Accept a proposed memory, as it is or corrected, or reject it for good; the answer is what it is now."""
    target, body = await _target(api, call), call.body
    if body.content is not None and body.decision == "reject":
        raise FieldError(field="content", problem="goes with `accept` alone")
    review = Review(body.decision, body.content, body.reason, body.expected_sha256)
    return Reply(render.memory(await api.review_memory(target.ref, call.path["id"], review)).plain())


async def summary(api: Api, call: Call[requests.Summary, requests.NoQuery]) -> Reply:
    """Sum up a profile in Markdown."""
    target = await _target(api, call)
    return Reply(shapes.SummaryResult(summary=await api.summary(target.ref, call.body.session_id)).plain())


async def log(api: Api, call: Call[requests.Nothing, requests.ListLog]) -> Reply:
    """List the commits of a profile, newest first."""
    target = await _target(api, call)
    entries = await api.log(target.ref, identifier=call.query.id, limit=call.query.limit)
    return Reply([one.plain() for one in entries])


async def transcripts(api: Api, call: Call[requests.Transcripts, requests.NoQuery]) -> Reply:
    """Take in transcript files or folders now, or with `dry_run` say what that would write."""
    body = call.body
    return Reply((await api.ingest_transcripts(body.paths, agent=body.agent, dry_run=body.dry_run)).plain())


async def notify(api: Api, call: Call[requests.Notify, requests.NoQuery]) -> Reply:
    """Take an agent's hook at its word that a session wants attention: it goes first in the queue."""
    body = call.body
    await api.notify(agent=body.agent, session=body.session, path=body.path, event=body.event)
    return Reply()


async def hook(api: Api, call: Call[requests.Hook, requests.NoQuery]) -> Reply:
    """Serve an agent's hook: the answer is what it prints, in the agent's own shape, and is empty for nothing."""
    body = call.body
    return Reply(await api.hook(agent=body.agent, event=body.event, payload=body.payload))


async def list_jobs(api: Api, call: Call[requests.Nothing, requests.ListJobs]) -> Reply:
    """List the sessions that are to be extracted, and how the extraction of others ended lately."""
    return Reply((await api.list_jobs(call.query.state, limit=call.query.limit)).plain())


async def retry_jobs(api: Api, call: Call[requests.RetryJobs, requests.NoQuery]) -> Reply:
    """Extract again: all sessions that were given up, or one, which goes first, whatever its state."""
    body = call.body
    if body.session is None and (body.agent or body.profile):
        raise FieldError(field="session", problem="is missing")
    name = None if body.session is None else session_name(call, body.session, body.agent, body.profile, body.namespace)
    return Reply(shapes.RetriedResult(sessions=await api.retry_jobs(name)).plain())


async def drop_job(api: Api, call: Call[requests.DropJob, requests.NoQuery]) -> Reply:
    """Give a session up: what it holds now stays searchable, but nothing is learned of it; what comes later is."""
    body = call.body
    await api.drop_job(session_name(call, body.session, body.agent, body.profile, body.namespace))
    return Reply()


async def status(api: Api, call: Plain) -> Reply:
    """Say what the daemon is doing."""
    return Reply((await api.status()).plain())


async def healthz(api: Api, call: Plain) -> Reply:
    """Say that the daemon lives; asks nothing of its parts."""
    return Reply(shapes.Health(status="ok", version=__version__, pid=os.getpid()).plain())


async def pause(api: Api, call: Plain) -> Reply:
    """Stop watching and extracting; recall goes on."""
    await api.pause()
    return Reply()


async def resume(api: Api, call: Plain) -> Reply:
    """Go on watching and extracting."""
    await api.resume()
    return Reply()


async def rebuild(api: Api, call: Plain) -> Reply:
    """Begin to make the index anew; `status` says how far it is."""
    await api.rebuild()
    return Reply()


async def shutdown(api: Api, call: Plain) -> Reply:
    """End the daemon, after this answer."""
    await api.shutdown()
    return Reply()


@dataclass(frozen=True, slots=True)
class _Target:
    """The profile that a request is about; `routed` if its folder decided."""

    ref: ProfileRef
    routed: bool


async def _target(api: Api, call: Call[requests.Body, requests.QueryString], *, create: bool = False) -> _Target:
    """`create`: something will be kept there, so a project that has no profile yet gets its name now."""
    if "p" in call.path:
        return _Target(ProfileRef(call.path["ns"], call.path["p"]), routed=False)
    where = next((one for one in (call.body, call.query) if isinstance(one, requests.Where)), requests.Where())
    if where.profile:
        return _Target(ProfileRef(where.namespace or call.namespace, where.profile), routed=False)
    return _Target(await api.route(where.cwd, create=create), routed=True)


async def profile_of(api: Api, call: Call[requests.Body, requests.QueryString]) -> ProfileRef:
    """The profile that a request is about, for the handlers of other modules."""
    return (await _target(api, call)).ref


async def target_of(
    api: Api, call: Call[requests.Body, requests.QueryString], *, create: bool = False
) -> tuple[ProfileRef, bool]:
    """As `profile_of`, and whether its folder decided."""
    target = await _target(api, call, create=create)
    return target.ref, target.routed


def session_name(
    call: Call[Any, Any], session: str, agent: str | None, profile: str | None, namespace: str | None
) -> SessionName:
    """A session as a request names it."""
    ref = None if profile is None else ProfileRef(namespace or call.namespace, profile)
    return SessionName(session, agent, ref)


def _candidates(hits: Sequence[Hit], *, now: datetime, explain: bool) -> list[Any]:
    return [render.candidate_plain(hit, now=now, explain=explain) for hit in hits]


def _namespace(one: Namespace) -> Any:  # noqa: ANN401 - JSON
    shape = shapes.NamespaceShape(id=one.name, name=one.name, created_at=one.created, updated_at=one.updated)
    return shape.plain()

"""What the daemon does for those who ask: the HTTP server's `Api`, over the parts.

Whatever changes something runs in the writer thread, at the urgency of somebody who waits; whatever only reads runs in
a thread of its own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from sidecar.config import Config
from sidecar.daemon import memorytool, naming
from sidecar.daemon.answering import Answering, Found, Rest
from sidecar.daemon.archivedesk import ArchiveDesk
from sidecar.daemon.carrying import CarryState
from sidecar.daemon.choices import AWAITED
from sidecar.daemon.deletion import Deletion
from sidecar.daemon.editing import EditDesk
from sidecar.daemon.exchanging import ExchangeDesk, claude_home
from sidecar.daemon.history import HistoryDesk
from sidecar.daemon.hooking import Hooking
from sidecar.daemon.jobs import JobDesk
from sidecar.daemon.learner import paused_error
from sidecar.daemon.metrics import Metric
from sidecar.daemon.parts import Parts
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
    SessionName,
    Told,
    YesNo,
)
from sidecar.daemon.relating import chain, ties
from sidecar.daemon.removal import RemovalDesk
from sidecar.daemon.reporting import Reporting
from sidecar.daemon.reviewing import Reviewing
from sidecar.daemon.said import redacted_messages
from sidecar.daemon.scanning import ScanDesk
from sidecar.daemon.takein import TakeIn
from sidecar.daemon.telling import Telling
from sidecar.daemon.thinker import Thinker
from sidecar.daemon.writer import Urgency
from sidecar.errors import SidecarError, UnknownMemory
from sidecar.model import HTTP_AGENT, ProfileRef, SessionRef, Stored
from sidecar.redact import redact
from sidecar.share import Joined, Outgoing, Synced
from sidecar.store import Profile, WriteContext
from sidecar.wire.shapes import JobsResult, LogEntry, ProfileShape, StatusResult, TranscriptsResult

P = ParamSpec("P")
T = TypeVar("T")


class Service:
    """The daemon as its faces see it."""

    def __init__(
        self,
        parts: Parts,
        config: Config,
        reporting: Reporting,
        takein: TakeIn,
        stop: asyncio.Event,
        answering: Answering,
    ) -> None:
        self._parts, self._reporting, self._takein, self._stop = parts, reporting, takein, stop
        self._answering = answering
        self._thinker = Thinker(answering.search, config.extract, parts.extraction)
        self._deletion = Deletion(parts)
        self.hooking = Hooking(parts, config, answering.search, takein)
        self.history = HistoryDesk(parts, answering.let_go)
        self.archive = ArchiveDesk(parts, config, answering.search, answering.refresh_index)
        self.editing = EditDesk(parts)
        self.exchange = ExchangeDesk(parts, by=takein.by, judge=takein.judge, claude_home=claude_home(os.environ))
        self.tool = memorytool.MemoryToolDesk(parts, takein.by)
        self.removal = RemovalDesk(parts, self._deletion, self.history)
        self.scanner = ScanDesk(parts, parts.logs)
        self._reviewing = Reviewing(parts)
        self._telling = Telling(parts.writer, parts.follow, takein)
        self._jobs = JobDesk(parts)
        answering.complete(Rest(self.history.as_of, self._thinker.think, self._refill, reporting.freshness))

    def stop_thinking(self) -> None:
        """End the running call of a recall's model: who waits for it is answered without."""
        self._thinker.close()

    def adopt(self, config: Config) -> None:
        """Take over new settings, for the requests to come."""
        self._answering.adopt(config)
        self.hooking.adopt(config)
        self.archive.adopt(config)

    # namespaces and profiles

    async def create_namespace(self, name: str) -> Namespace:
        """Make a namespace.  Raises NamespaceExists."""
        await self._write(self._parts.store.create_namespace, name)
        return self._namespace(name)

    async def list_namespaces(self) -> Sequence[Namespace]:
        """All namespaces."""
        return [self._namespace(name) for name in self._parts.store.namespaces()]

    async def get_namespace(self, name: str) -> Namespace:
        """One namespace.  Raises UnknownNamespace."""
        self._answering.known(name)
        return self._namespace(name)

    async def delete_namespace(self, name: str) -> None:
        """Move its profiles to the trash, then take its name away."""
        self._answering.known(name)
        await self._write(self._deletion.namespace, name)
        self._parts.keeper.wake()

    async def list_profiles(self, namespace: str) -> Sequence[ProfileShape]:
        """The profiles of a namespace with their sizes."""
        self._answering.known(namespace)
        return [shape for shape in self._reporting.profiles() if shape.namespace == namespace]

    async def delete_profile(self, ref: ProfileRef) -> None:
        """Move a profile to the trash; its messages and jobs go with it."""
        self._answering.known(ref.namespace)
        await self._write(self._deletion.profile, ref)
        self._parts.keeper.wake()

    async def delete_session(self, ref: ProfileRef, session: str) -> None:
        """Delete a session's messages, and the memories that were learned from it alone."""
        self._answering.known(ref.namespace)
        await self._write(self._deletion.session, ref, session)
        self._parts.keeper.wake()

    async def accept(self, ref: ProfileRef) -> None:
        """What has vanished from a profile is meant to be gone.  Raises NotFound."""
        self._answering.known(ref.namespace)
        await self._write(self._deletion.accept, ref)
        self._parts.keeper.look()
        self._parts.learner.wake()

    # writing

    async def ingest(self, ref: ProfileRef, messages: Sequence[Said], *, session: str | None, wait: bool) -> None:
        """Archive messages; they are recallable verbatim when this returns.  Extraction is queued."""
        self._answering.known(ref.namespace)
        if wait and self._parts.learner.paused:
            raise paused_error("nothing was taken in")
        now = datetime.now(UTC)
        naming.check_new_profile(self._parts.store, ref)
        # The batch as a whole, because a secret may be told in one message and repeated in another; and in a thread,
        # because large ones take seconds.
        name, kept = await asyncio.to_thread(redacted_messages, messages, session, now)
        await self._write(self._parts.learning.profile, ref)
        source = SessionRef(HTTP_AGENT, name, str(ref))
        due, priority = (now, AWAITED) if wait else (now + self._parts.archiving.quiet, 0)
        await self._write(self._parts.archiving.keep, source, ref, kept, due=due, priority=priority)
        await self._follow([])
        self._parts.learner.wake()
        if wait:
            await self._parts.learner.expect(source)

    async def remember(self, ref: ProfileRef, told: Told) -> Stored:
        """Write a memory at a person's or an agent's word; on disk and recallable when this returns."""
        self._answering.known(ref.namespace)
        stored = await self._telling.remember(ref, told)
        self._parts.keeper.wrote(ref, at_once=False)
        return stored

    async def delete_memory(self, ref: ProfileRef, identifier: str) -> Stored:
        """Delete a memory's file, and the source messages that only it used."""
        profile = self._profile_of(ref, identifier)
        stored = await self._write(self._deletion.memory, profile, identifier)
        self._parts.keeper.wake()
        return stored

    async def forget_memory(self, ref: ProfileRef, identifier: str, reason: str | None) -> Stored:
        """Archive a memory as forgotten."""
        profile = self._profile_of(ref, identifier)
        told = redact(reason, spoken=True).text if reason else None
        stored = await self._write(memorytool.forget, profile, identifier, told, WriteContext(why=told or "forgotten"))
        await self._follow([ref])
        return stored

    async def review_memory(self, ref: ProfileRef, identifier: str, review: Review) -> Stored:
        """A person's decision about a memory that waits for it."""
        profile = self._profile_of(ref, identifier)
        try:
            return await self._write(self._reviewing.decide, profile, identifier, review)
        finally:
            self._parts.keeper.wrote(ref)  # what is refused may have found an edit that nobody had told of

    async def ingest_transcripts(self, paths: Sequence[str], *, agent: str | None, dry_run: bool) -> TranscriptsResult:
        """Take in transcript files and folders, or say what that would change."""
        return await self._takein.transcripts([Path(path) for path in paths], agent, dry_run=dry_run)

    async def notify(self, *, agent: str, session: str | None, path: str | None, event: str) -> None:
        """A hook's notice: this session goes first."""
        await self._takein.notice(agent, session, Path(path) if path else None)

    async def hook(self, *, agent: str, event: str, payload: Mapping[str, object]) -> str:
        """What a hook is to print."""
        return await self.hooking.answer(agent, event, payload)

    async def retry_jobs(self, name: SessionName | None) -> int:
        """Extract a session again, or all that were given up; looks for the model server as well."""
        count = await self._write(self._jobs.retry, name)
        self._parts.extraction.look_now()
        self._parts.learner.wake()
        return count

    async def drop_job(self, name: SessionName) -> None:
        """Extract nothing of what a session holds now."""
        self._parts.learner.give_up(await self._write(self._jobs.drop, name))

    # reading

    async def list_jobs(self, state: JobFilter | None, *, limit: int) -> JobsResult:
        """The queue of extraction, and how sessions ended."""
        return await self._read(self._jobs.list, state, limit)

    async def recall(self, ref: ProfileRef, question: Question, *, include: Sequence[ProfileRef]) -> Found:
        """Search a profile, `personal` beside it if the folder decided, and those that are included."""
        return await self._answering.recall(ref, question, include=include)

    async def list_memories(
        self, ref: ProfileRef, listing: Listing, *, before: str | None, count: int
    ) -> Sequence[Stored]:
        """Memories by descending id."""
        self._answering.known(ref.namespace)
        profile = self._answering.open(ref)
        if profile is None:
            return []
        statuses = None if listing.status is None else (listing.status,)
        found = [
            stored
            for stored in reversed(profile.offered(statuses=statuses))
            if (before is None or stored.memory.id < before) and _listed(stored, listing)
        ]
        return [profile.arrivals.marked(stored) for stored in found[:count]]

    async def list_proposed(self, ref: ProfileRef, *, before: str | None, count: int) -> Sequence[Proposal]:
        """Memories that wait for review, by descending id."""
        self._answering.known(ref.namespace)
        profile = self._answering.open(ref)
        return [] if profile is None else await self._read(self._reviewing.proposals, profile, before, count)

    async def get_memory(self, ref: ProfileRef, identifier: str, *, history: bool) -> MemoryView:
        """One memory, with its chain of versions and source messages if asked for."""
        profile = self._profile_of(ref, identifier)
        stored = self._stored(profile, identifier)
        related = await self._read(ties, profile, stored)
        pushed_by = await self._read(profile.pushed_by, identifier)
        if not history:
            return MemoryView(stored, related=related, pushed_by=pushed_by)
        versions = chain(profile, stored)
        agent = stored.memory.source.agent
        found = [
            await self._read(self._parts.journal.message, message, agent)
            for version in versions
            for message in version.memory.source.messages
        ]
        messages = {one.message.id: one.message for one in found if one is not None}
        revisions = await self.history.revisions(profile, identifier)
        return MemoryView(stored, tuple(versions), tuple(messages.values()), revisions, related, pushed_by)

    async def summary(self, ref: ProfileRef, session: str | None) -> str:
        """The profile in Markdown under the five headings."""
        self._answering.known(ref.namespace)
        profile = self._answering.open(ref)
        return "" if profile is None else await self._read(profile.summary_markdown, session)

    async def log(self, ref: ProfileRef, *, identifier: str | None, limit: int) -> Sequence[LogEntry]:
        """Commits, newest first."""
        return await self.history.log(ref, identifier, limit)

    async def route(self, cwd: str | None, *, create: bool) -> ProfileRef:
        """The profile of a folder; one that rules ignore is answered from `personal`."""
        return await self._answering.route(cwd, create=create)

    # sharing

    async def share(self, ref: ProfileRef, remote: str, *, dry_run: bool) -> Outgoing:
        """Publish a profile in a remote, or say what would go out."""
        self._answering.known(ref.namespace)
        return await self._parts.sync.share(ref, remote, dry_run=dry_run)

    async def sync(self, ref: ProfileRef, *, accept: bool, purge: YesNo | None) -> Synced:
        """Bring a shared profile up to date with its remote."""
        self._answering.known(ref.namespace)
        if purge == "no":
            return await self._parts.sync.decline_purge(ref)
        if purge is None:
            return await self._parts.sync.sync(ref, accept=accept)
        synced = await self._parts.sync.follow_purge(ref, self.removal.purge_now, accept=accept)
        await self.history.forget_indexes()
        await self._parts.carry.now(ref)
        return synced

    async def carry(self, ref: ProfileRef, cwd: str, *, stop: bool, accept: bool) -> CarryState:
        """Let a project carry its profile in its own repository, or no longer."""
        self._answering.known(ref.namespace)
        if not stop and ref not in self._parts.store.profiles(ref.namespace):
            naming.check_new_profile(self._parts.store, ref)
            await self._write(self._parts.learning.profile, ref)
        return await self._parts.carry.carry(ref, cwd, stop=stop, accept=accept)

    async def sync_all(self) -> Mapping[ProfileRef, Synced | SidecarError]:
        """Bring every shared profile up to date."""
        return await self._parts.sync.sync_all()

    async def join(self, namespace: str, remote: str, *, name: str | None, cwd: str | None) -> Joined:
        """Take part in the profile of a remote."""
        self._answering.known(namespace)
        if name is not None:
            naming.check_new_profile(self._parts.store, ProfileRef(namespace, name))
        return await self._parts.sync.join(namespace, remote, name=name, cwd=cwd)

    # the daemon itself

    async def freshness(self) -> Freshness:
        """How fresh the index is."""
        return await self._answering.freshness()

    async def status(self) -> StatusResult:
        """What the daemon is doing."""
        return await self._read(self._reporting.status)

    async def metrics(self) -> Sequence[Metric]:
        """Figures for Prometheus."""
        return [*await self._read(self._reporting.metrics), *self.hooking.metrics()]

    async def pause(self) -> None:
        """Stop reading transcripts and extracting."""
        await self._set_paused(True)

    async def resume(self) -> None:
        """Go on."""
        await self._set_paused(False)

    async def rebuild(self) -> None:
        """Begin to make the index anew."""
        self._parts.keeper.rebuild()

    async def shutdown(self) -> None:
        """End soon."""
        self._stop.set()

    # helpers

    async def _set_paused(self, paused: bool) -> None:
        await self._write(self._parts.journal.set, "paused", "yes" if paused else None)
        self._parts.intake.pause(paused)
        self._parts.learner.pause(paused)

    async def _write(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._parts.writer.run(Urgency.ANSWER, function, *args, **kwargs)

    async def _read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)

    async def _follow(self, refs: list[ProfileRef]) -> None:
        """The index and what else follows from our own writes to these profiles; then they wait for a commit."""
        await self._write(self._parts.follow.catch_up, refs, paths=dict.fromkeys(refs, ()))
        for ref in refs:
            self._parts.follow.note_change(ref)
        self._parts.keeper.wake()

    async def _refill(self, anew: bool) -> None:
        await self._write(self._parts.follow.catch_up, [], anew=anew)

    def _profile_of(self, ref: ProfileRef, identifier: str) -> Profile:
        self._answering.known(ref.namespace)
        profile = self._answering.open(ref)
        if profile is None:
            raise UnknownMemory(id=identifier, profile=ref)
        self._stored(profile, identifier)
        return profile

    @staticmethod
    def _stored(profile: Profile, identifier: str) -> Stored:
        stored = profile.offered_one(identifier)
        if stored is None:
            raise UnknownMemory(id=identifier, profile=profile.ref)
        return stored

    def _namespace(self, name: str) -> Namespace:
        found = (self._parts.store.root / name).stat()
        return Namespace(
            name,
            datetime.fromtimestamp(found.st_ctime, UTC),
            datetime.fromtimestamp(found.st_mtime, UTC),
        )


def _listed(stored: Stored, listing: Listing) -> bool:
    memory = stored.memory
    return (
        (listing.session is None or memory.source.session == listing.session)
        and (listing.type is None or memory.type is listing.type)
        and (listing.tag is None or listing.tag in memory.tags)
    )

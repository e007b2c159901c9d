"""The write road: from a transcript on disk to memory files.

    transcripts.read(path, cursor) -> redact -> archive             Archiving, at once
    messages of a quiet session -> extract -> plan -> store.apply   Learning, when the session has been quiet
    save cursor (last)

The road ends at the files; the follow road brings them into the index.  Everything here runs in the writer thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sidecar import curate
from sidecar.errors import PROFILE_FAULTS, ChangedOnDisk
from sidecar.extract import Slice
from sidecar.extract.keys import dropped_values
from sidecar.identity import content_hash, memory_id
from sidecar.index import Index
from sidecar.journal import Job, Journal
from sidecar.model import Candidate, Change, Message, ProfileRef, SessionHeader, SessionRef, Skip
from sidecar.redact import redact_messages
from sidecar.routing import Router
from sidecar.store import Profile, ProjectIdentity, Store, WriteContext
from sidecar.transcripts import READERS, Cursor, Part, ReadResult, unchanged

_CONTEXT_MESSAGES = 8
"""Messages before the new ones that an extractor may look at, to understand "no, the other one"."""

_NEIGHBOURS = 8
"""Nearest memories that curation compares a candidate with."""

_PLAN_AGAIN = 5
"""How often a plan is made anew when a file changes between reading and writing, before the job is put off."""

PERSONAL = "personal"
"""The profile of what holds for a person in all projects, and of sessions without a project."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step over a transcript did."""

    added: int = 0
    changed: bool = False
    more: bool = False
    sessions: tuple[SessionRef, ...] = ()


class Archiving:
    """Reads what is new in transcript files and keeps it, redacted, in the archive."""

    def __init__(
        self, journal: Journal, router: Router, namespace: str, quiet: timedelta, *, extracting: bool = True
    ) -> None:
        """`extracting`: whether there is anything to queue sessions for; without it they wait for a later start."""
        self._journal, self._router, self._namespace, self.quiet = journal, router, namespace, quiet
        self._extracting = extracting

    def step(self, agent: str, path: Path, *, written: datetime | None = None) -> Step:
        """Read one bounded piece of a file and archive it, the cursor last.

        `written` is the moment of the last write of a live file, from which the quiet time counts; without it the
        session's last record counts, so that old sessions are extracted at once.
        """
        cursor = self.cursor(path)
        if cursor is not None and unchanged(path, cursor):
            return Step()
        result = READERS[agent].read(path, cursor)
        steps = [self._keep(agent, path, result, part, written) for part in result.sessions()[:-1]]
        # The cursor comes with the last session: after a crash in between, those before it are read once more.
        steps.append(self._keep(agent, path, result, result.sessions()[-1], written, last=True))
        return Step(
            added=sum(step.added for step in steps),
            changed=any(step.changed for step in steps),
            more=result.more,
            sessions=tuple(dict.fromkeys(ref for step in steps for ref in step.sessions)),
        )

    def _keep(
        self, agent: str, path: Path, result: ReadResult, part: Part, written: datetime | None, *, last: bool = False
    ) -> Step:
        """Archive what a piece of a file holds of one session."""
        profile = self._router.route(part.header or SessionHeader(agent, "", Path())).profile
        kept = [] if profile is None else redact_messages(part.messages)
        sessions = tuple(dict.fromkeys(SessionRef(message.agent, message.session) for message in kept))
        if profile is not None:
            # Queued before it is archived: a crash in between leaves a job with nothing to do, never messages without
            # a job.
            for ref in sessions:
                self.queue(ref, profile, due=self._quiet_at(ref, kept, written))
        archived = self._journal.record_read(
            str(path),
            None if profile is None else part.header,  # of what a rule ignores, only the cursor is kept
            profile or ProfileRef(self._namespace, PERSONAL),
            kept,
            cursor=result.cursor.to_json() if last else None,
            withdrawn=part.withdrawn,
            complete=result.complete and profile is not None,
            unknown=result.unknown if last else {},
            damaged=result.damaged if last else 0,
        )
        return Step(archived.added, bool(archived.added or archived.updated or archived.withdrawn), sessions=sessions)

    def keep(
        self, ref: SessionRef, profile: ProfileRef, messages: Sequence[Message], *, due: datetime, priority: int = 0
    ) -> None:
        """Archive messages that came without a file, already redacted, and queue their session; in this order too."""
        self.queue(ref, profile, due=due, priority=priority)
        self._journal.archive(profile, messages)

    def queue(self, ref: SessionRef, profile: ProfileRef, *, due: datetime, priority: int = 0) -> None:
        """Ask for a session to be extracted, if anything extracts."""
        if self._extracting:
            self._journal.enqueue(ref, profile, due=due, priority=priority)

    def cursor(self, path: Path) -> Cursor | None:
        """How far the file has been read."""
        saved = self._journal.cursor(str(path))
        return None if saved is None else Cursor.from_json(saved)

    def _quiet_at(self, ref: SessionRef, messages: Iterable[Message], written: datetime | None) -> datetime:
        times = (message.time for message in messages if message.session == ref.session and message.time is not None)
        last = written or max(times, default=datetime.fromtimestamp(0, UTC))
        return last + self.quiet


class Follower(Protocol):
    """The follow road, as far as the write road touches it."""

    @property
    def uncommitted(self) -> Mapping[ProfileRef, tuple[datetime, datetime]]:
        """Profiles that wait for a commit."""

    def note_change(self, ref: ProfileRef) -> None:
        """A profile has changes that are not committed yet."""

    def catch_up(
        self, refs: Collection[ProfileRef] | None = None, *, rescan: bool = True, messages: bool = True
    ) -> bool:
        """Bring the index up to the files of these profiles."""

    def commit(self, ref: ProfileRef) -> list[str]:
        """Commit what has changed in a profile."""


class Learning:
    """Turns the new messages of a quiet session into memory files."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        index: Index,
        follow: Follower,
        *,
        by: str,
        project: Callable[[ProfileRef], ProjectIdentity | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._journal, self._store, self._index, self._follow = journal, store, index, follow
        self._by, self._project, self._clock = by, project, clock
        self._touched: dict[str | None, set[ProfileRef]] = {}

    def slice(self, ref: SessionRef, after: int) -> tuple[Slice, int]:
        """The messages of a session above a mark, with some context, and the mark that they reach."""
        everything = [archived for archived in self._journal.messages(ref) if not archived.withdrawn]
        fresh = tuple(archived.message for archived in everything if archived.seq > after)
        known = tuple(archived.message for archived in everything if archived.seq <= after)
        upto = max((archived.seq for archived in everything), default=after)
        return Slice(ref, fresh, known[-_CONTEXT_MESSAGES:], by=self._by), upto

    def take(self, candidate: Candidate, home: ProfileRef) -> list[Change]:
        """Plan one candidate against its profile and write what the plan says; the index follows at once.

        The index is brought up to date after each candidate, so that the next one, and a run that is repeated after a
        crash, see the same neighbours.
        """
        if self._removed(candidate, home):
            return []
        profile = self.profile(ProfileRef(home.namespace, PERSONAL) if candidate.scope == "personal" else home)
        if candidate.source.messages:
            self._touched.setdefault(candidate.source.session, set()).add(profile.ref)
        for attempt in range(_PLAN_AGAIN):
            changes = self.plan(candidate, profile)
            if all(isinstance(change, Skip) for change in changes):
                self._hide_forgotten(changes, profile)
                return changes
            try:
                profile.apply(changes, self._context(candidate))
            except ChangedOnDisk:
                if attempt + 1 == _PLAN_AGAIN:
                    raise
                profile.refresh()
                continue
            break
        self._follow.note_change(profile.ref)
        self._follow.catch_up([profile.ref], rescan=False, messages=False)
        return changes

    def _hide_forgotten(self, changes: Sequence[Change], profile: Profile) -> None:
        """What was forgotten and is said again elsewhere is not to be recalled from there either."""
        said = {
            message
            for change in changes
            if isinstance(change, Skip) and change.forgotten
            for message in change.candidate.source.messages
        }
        if said:
            used = {m for stored in profile.memories() for m in stored.memory.source.messages}
            self._journal.mark_sources(profile.ref, dict.fromkeys(sorted(said - used), "forgotten"))

    def plan(self, candidate: Candidate, profile: Profile | None) -> list[Change]:
        """What taking the candidate in would change."""
        now = self._clock()
        if profile is None:
            return curate.plan(candidate, curate.View(now))
        identifier = memory_id(candidate.type, candidate.content, candidate.observed)
        forgotten = profile.is_forgotten(identifier, content_hash(candidate.type, candidate.content))
        versions = tuple(profile.versions(candidate.key)) if candidate.key else ()
        near = self._neighbours(candidate, profile)
        keys = sorted({n.stored.memory.key for n in near if n.stored.memory.key} - {candidate.key})
        versions += tuple(stored for key in keys for stored in profile.versions(key))
        return curate.plan(candidate, curate.View(now, profile.get(identifier), versions, near, forgotten))

    def profile(self, ref: ProfileRef) -> Profile:
        """The profile, made when it does not exist yet."""
        return self._store.open(ref, create=True, project=self._project(ref))

    def finish(self, job: Job, upto: int) -> None:
        """The job is done: commit its work, then let the cursor move, last of all.

        What cannot be committed now is on disk all the same, and is committed later by whoever keeps the store.
        """
        changed = sorted(self._touched.pop(job.ref.session, set()).intersection(self._follow.uncommitted))
        self._follow.catch_up(changed, rescan=False)
        for ref in changed:
            with contextlib.suppress(*PROFILE_FAULTS):
                self._follow.commit(ref)
        self._journal.finish(job, upto=upto)

    def _removed(self, candidate: Candidate, home: ProfileRef) -> bool:
        """Whether what it was learned from was deleted meanwhile: then it must not come back as a memory."""
        messages = candidate.source.messages
        return bool(messages) and self._journal.removed(candidate.source.agent, messages, profile=home) == {*messages}

    def _neighbours(self, candidate: Candidate, profile: Profile) -> tuple[curate.Neighbour, ...]:
        found = self._index.neighbours(profile.ref, candidate.content, _NEIGHBOURS)
        pairs = ((profile.get(identifier), score) for identifier, score in found)
        return tuple(
            curate.Neighbour(stored, score, dropped_values(stored.memory.content))
            for stored, score in pairs
            if stored is not None
        )

    def _context(self, candidate: Candidate) -> WriteContext:
        source = candidate.source
        why = f"learned from {source.agent or source.origin}"
        return WriteContext(why=why, session=source.session, agent=source.agent)

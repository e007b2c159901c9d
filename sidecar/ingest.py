"""The write road: from a transcript on disk to memory files.

    transcripts.read(path, cursor) -> redact -> archive             Archiving (its own module), at once
    messages of a quiet session -> extract -> plan -> store.apply   Learning, when the session has been quiet

The road ends at the files; the follow road brings them into the index.  Everything here runs in the writer thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, Generic, Protocol, TypeVar

from sidecar import curate
from sidecar.errors import PROFILE_FAULTS, ChangedOnDisk, IndexUnusable
from sidecar.extract import KnownKey, Slice
from sidecar.extract.keys import dropped_values
from sidecar.extract.words import tools
from sidecar.identity import content_hash, memory_id
from sidecar.journal import ArchivedMessage, Job, Mark, Run
from sidecar.model import (
    Candidate,
    Change,
    Memory,
    ProfileRef,
    SessionRef,
    Skip,
    Status,
    Stored,
    Verdict,
)
from sidecar.store import ProjectIdentity, WriteContext

_CONTEXT_MESSAGES = 8
"""Messages before the new ones that an extractor may look at, to understand "no, the other one"."""

_NEIGHBOURS = 8
"""Nearest memories that curation compares a candidate with."""

_KNOWN_KEYS = 200
"""Topic keys that an extractor is offered, the latest ones: more would not fit into a small model's prompt."""

_UNJUDGED: Final[Mapping[str, Verdict]] = MappingProxyType({})

_PLAN_AGAIN = 5
"""How often a plan is made anew when a file changes between reading and writing, before the job is put off."""

PERSONAL = "personal"
"""The profile of what holds for a person in all projects, and of sessions without a project."""


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


class Archive(Protocol):
    """The journal, as far as learning touches it."""

    def messages(self, ref: SessionRef) -> list[ArchivedMessage]:
        """As `Journal.messages`."""

    def removed(self, agent: str | None, ids: Iterable[str], *, profile: ProfileRef | None = None) -> set[str]:
        """As `Journal.removed`."""

    def mark_sources(self, profile: ProfileRef, marks: Mapping[str, Mark]) -> None:
        """As `Journal.mark_sources`."""

    def last_write(self, profile: str, path: str) -> str | None:
        """As `Journal.last_write`."""

    def finish(self, job: Job, *, upto: int, run: Run | None = None) -> None:
        """As `Journal.finish`."""


class Known(Protocol):
    """A profile, as far as learning touches it."""

    ref: ProfileRef

    def memories(self, *, statuses: Collection[Status] | None = (Status.ACTIVE,)) -> list[Stored]:
        """As `Profile.memories`."""

    def get(self, identifier: str) -> Stored | None:
        """As `Profile.get`."""

    def versions(self, key: str) -> list[Stored]:
        """As `Profile.versions`."""

    def learned_from(self, messages: Iterable[str]) -> list[Stored]:
        """As `Profile.learned_from`."""

    def is_forgotten(self, identifier: str, content_hash: str, messages: Collection[str] = ()) -> bool:
        """As `Profile.is_forgotten`."""

    def apply(self, plan: Sequence[Change], context: WriteContext) -> list[Stored]:
        """As `Profile.apply`."""

    def refresh(self) -> object:
        """As `Profile.refresh`."""


P = TypeVar("P", bound=Known)
P_co = TypeVar("P_co", bound=Known, covariant=True)


class Shelf(Protocol[P_co]):
    """The store, as far as learning touches it."""

    def exists(self, ref: ProfileRef) -> bool:
        """As `Store.exists`."""

    def open(self, ref: ProfileRef, *, create: bool = False, project: ProjectIdentity | None = None) -> P_co:
        """As `Store.open`."""


class Nearby(Protocol):
    """The index, as far as learning touches it."""

    def neighbours(self, profile: ProfileRef, text: str, limit: int) -> list[tuple[str, float]]:
        """As `Index.neighbours`."""

    def foresee(self, stored: Stored) -> None:
        """As `Index.foresee`."""


class Learning(Generic[P]):
    """Turns the new messages of a quiet session into memory files.

    What it works on is known by protocols, so that a dry run can put values in memory in their place.
    """

    def __init__(
        self,
        journal: Archive,
        store: Shelf[P],
        index: Nearby,
        follow: Follower,
        *,
        by: str,
        project: Callable[[ProfileRef], ProjectIdentity | None],
        clock: Callable[[], datetime],
    ) -> None:
        self._journal, self._store, self._index, self._follow = journal, store, index, follow
        self._by, self._project, self._clock = by, project, clock
        self._touched: dict[str | None, set[ProfileRef]] = {}

    def slice(self, ref: SessionRef, after: int, most: int | None = None) -> tuple[Slice, int]:
        """The messages of a session above a mark, with some context, and the mark that they reach.

        `most` bounds them to whole messages of about as many characters of text, at least one; what is left then waits
        above the new mark, and the slice says that the session has not `ended`.
        """
        everything = [archived for archived in self._journal.messages(ref) if not archived.withdrawn]
        fresh = [archived for archived in everything if archived.seq > after]
        upto = max((archived.seq for archived in fresh), default=after)
        reached = upto if most is None else _reach(fresh, most, upto)
        session = Slice(
            ref,
            tuple(archived.message for archived in fresh if archived.seq <= reached),
            tuple(archived.message for archived in everything if archived.seq <= after)[-_CONTEXT_MESSAGES:],
            ended=reached == upto,
            by=self._by,
            known=self._known_keys(everything[-1].profile) if fresh else (),
        )
        return session, reached

    def look(self, candidate: Candidate, home: ProfileRef) -> tuple[Memory, ...]:
        """The neighbours of which a model is to be asked how the candidate relates to them; usually none.

        Those that the words alone settle are not among them: `take` decides these without a verdict.
        """
        ref = _profile_for(candidate, home)
        if not self._store.exists(ref):
            return ()
        profile = self._store.open(ref)
        candidate = _with_hint(candidate)
        return curate.unsettled(candidate, self._view(candidate, profile, _UNJUDGED))

    def take(
        self,
        candidate: Candidate,
        home: ProfileRef,
        verdicts: Mapping[str, Verdict] = _UNJUDGED,
        *,
        index_later: bool = False,
    ) -> list[Change]:
        """Plan one candidate against its profile and write what the plan says; the index follows at once.

        `verdicts` are what a model said of the neighbours that `look` gave, by their ids; it is believed as far as the
        words do not deny it, and decides nothing that is not asked of it.  The index is brought up to date after each
        candidate, so that the next one, and a run that is repeated after a crash, see the same neighbours.
        `index_later`: the caller sees to that, after some more; until then the index only knows what is coming.
        """
        if self._removed(candidate, home):
            return []
        profile = self.profile(_profile_for(candidate, home))
        if candidate.source.messages:
            self._touched.setdefault(candidate.source.session, set()).add(profile.ref)
        for attempt in range(_PLAN_AGAIN):
            changes = self.plan(candidate, profile, verdicts)
            if all(isinstance(change, Skip) for change in changes):
                self._hide_forgotten(changes, profile)
                return changes
            try:
                written = profile.apply(changes, self._context(candidate))
            except ChangedOnDisk:
                if attempt + 1 == _PLAN_AGAIN:
                    raise
                profile.refresh()
                self._follow.note_change(profile.ref)  # a hand was quicker, and there may be nothing left to write
                continue
            break
        self._follow.note_change(profile.ref)
        if not index_later:
            self._follow.catch_up([profile.ref], rescan=False, messages=False)
            return changes
        for stored in written:
            if stored.memory.status is Status.ACTIVE:
                self._index.foresee(stored)
        return changes

    def replace_rules(self, session: Slice, home: ProfileRef) -> list[Change]:
        """Retire what rules once found in these messages for what a model has made of them now."""
        messages = {message.id for message in session.messages}
        context = WriteContext("told anew by a model", session.ref.session, session.ref.agent)
        refs = dict.fromkeys((home, ProfileRef(home.namespace, PERSONAL)))
        replaced: list[Change] = []
        for profile in [self._store.open(ref) for ref in refs if self._store.exists(ref)]:
            here: list[Change] = []
            known = profile.memories(statuses=(Status.ACTIVE, Status.SUPERSEDED))
            heard = [one for one in known if messages.intersection(one.memory.source.messages)]
            heard = [one for one in heard if not self._foreign(one)]
            for found in (one for one in heard if curate.by_rules(one.memory)):
                now = [stored for one in heard if (stored := profile.get(one.memory.id)) is not None]
                told = [one for one in now if _holds_without(profile, one.memory, found.memory)]
                names = _names(one.memory.content for one in told)
                changes = curate.retold(found, told, names)
                if changes:
                    with contextlib.suppress(ChangedOnDisk):  # somebody edits it right now: it is theirs
                        profile.apply(changes, context)
                        here += changes
            if here:
                self._touched.setdefault(session.ref.session, set()).add(profile.ref)
                self._follow.note_change(profile.ref)
                self._follow.catch_up([profile.ref], rescan=False, messages=False)
            replaced += here
        return replaced

    def _hide_forgotten(self, changes: Sequence[Change], profile: Known) -> None:
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

    def plan(
        self, candidate: Candidate, profile: Known | None, verdicts: Mapping[str, Verdict] = _UNJUDGED
    ) -> list[Change]:
        """What taking the candidate in would change."""
        if profile is None:
            return curate.plan(candidate, curate.View(self._clock()))
        candidate = _with_hint(candidate)
        return curate.plan(candidate, self._view(candidate, profile, verdicts))

    def _view(self, candidate: Candidate, profile: Known, verdicts: Mapping[str, Verdict]) -> curate.View:
        identifier = memory_id(candidate.type, candidate.content, candidate.observed)
        hashed = content_hash(candidate.type, candidate.content)
        versions = tuple(profile.versions(candidate.key)) if candidate.key else ()
        near = self._neighbours(candidate, profile)
        keys = sorted({n.stored.memory.key for n in near if n.stored.memory.key} - {candidate.key})
        versions += tuple(stored for key in keys for stored in profile.versions(key))
        told = _told_in(candidate, profile)
        reworded = candidate.extractor is not None  # what a person or agent told rewords nothing
        compared = (*(neighbour.stored for neighbour in near), *versions, *told)
        return curate.View(
            self._clock(),
            profile.get(identifier) or _proposed_already(candidate, hashed, profile),
            versions,
            near,
            forgotten=profile.is_forgotten(identifier, hashed),
            verdicts=verdicts,
            told=told,
            names=_names((candidate.content, *(one.memory.content for one in compared))),
            foreign=frozenset(one.memory.id for one in compared if self._foreign(one)) if reworded else frozenset(),
            buried=profile.is_forgotten("", "", candidate.source.messages),
        )

    def _foreign(self, stored: Stored) -> bool:
        """Whether a person has written the file last."""
        return self._journal.last_write(str(stored.profile), stored.path) != stored.sha256

    def profile(self, ref: ProfileRef) -> P:
        """The profile, made when it does not exist yet."""
        return self._store.open(ref, create=True, project=self._project(ref))

    def finish(self, job: Job, upto: int, run: Run | None = None) -> None:
        """The job is done, as `run` says: commit its work, then let the cursor move, last of all."""
        self.settle(job.ref)
        self._journal.finish(job, upto=upto, run=run)

    def settle(self, ref: SessionRef) -> None:
        """Commit what was learned from a session.

        What cannot be committed now is on disk all the same, and is committed later by whoever keeps the store.
        """
        changed = sorted(self._touched.pop(ref.session, set()).intersection(self._follow.uncommitted))
        self._follow.catch_up(changed, rescan=False)
        for profile in changed:
            with contextlib.suppress(*PROFILE_FAULTS):
                self._follow.commit(profile)

    def _removed(self, candidate: Candidate, home: ProfileRef) -> bool:
        """Whether what it was learned from was deleted meanwhile: then it must not come back as a memory."""
        messages = candidate.source.messages
        return bool(messages) and self._journal.removed(candidate.source.agent, messages, profile=home) == {*messages}

    def _neighbours(self, candidate: Candidate, profile: Known) -> tuple[curate.Neighbour, ...]:
        try:
            found = self._index.neighbours(profile.ref, candidate.content, _NEIGHBOURS)
        except IndexUnusable:  # damaged: made anew by the next sync; a memory kept twice is better than none
            return ()
        pairs = ((profile.get(identifier), score) for identifier, score in found)
        return tuple(
            curate.Neighbour(stored, score, dropped_values(stored.memory.content))
            for stored, score in pairs
            # A file of the memory tool says many things; no single statement takes its place or is told by it.
            # One that was retired a moment ago may still be in the index.
            if stored is not None and stored.memory.tool_path is None and stored.memory.status is Status.ACTIVE
        )

    def _known_keys(self, home: ProfileRef) -> tuple[KnownKey, ...]:
        """The topic keys in use in a profile and in the personal one, with what stands under them now, latest first."""
        found: list[Memory] = []
        for ref in dict.fromkeys((home, ProfileRef(home.namespace, PERSONAL))):
            with contextlib.suppress(*PROFILE_FAULTS):  # whoever writes there meets the fault and tells of it
                if self._store.exists(ref):
                    found += [stored.memory for stored in self._store.open(ref).memories() if stored.memory.key]
        found.sort(key=lambda memory: (memory.effective, memory.id), reverse=True)
        return tuple(KnownKey(memory.key or "", memory.summary) for memory in found[:_KNOWN_KEYS])

    def _context(self, candidate: Candidate) -> WriteContext:
        source = candidate.source
        why = f"learned from {source.agent or source.origin}"
        return WriteContext(why=why, session=source.session, agent=source.agent)


def _reach(fresh: Sequence[ArchivedMessage], most: int, upto: int) -> int:
    """The `seq` up to which messages have about as many characters of text; at least one message has."""
    characters = 0
    reached = None
    for archived in sorted(fresh, key=lambda archived: archived.seq):
        characters += len(archived.message.text)
        if reached is not None and characters > most:
            return reached
        reached = archived.seq
    return upto


def _holds_without(profile: Known, memory: Memory, other: Memory) -> bool:
    """Whether a memory holds, or what superseded it does, and not by way of the other one; its predecessor counts."""
    seen: set[str] = set()
    step: Memory | None = memory
    while step is not None and step.status is Status.SUPERSEDED and step.superseded_by and step.id not in seen:
        if step.superseded_by == other.id:
            return step is memory
        seen.add(step.id)
        after = profile.get(step.superseded_by)
        step = None if after is None else after.memory
    return step is not None and step.status is Status.ACTIVE


def _names(texts: Iterable[str]) -> frozenset[str]:
    """The known tools that are named in some texts; each by itself, as the words of a text are remembered."""
    return frozenset(name for text in texts for name in tools(text))


def _profile_for(candidate: Candidate, home: ProfileRef) -> ProfileRef:
    return ProfileRef(home.namespace, PERSONAL) if candidate.scope == "personal" else home


def _with_hint(candidate: Candidate) -> Candidate:
    """The candidate with the old values that its own words name, if its extractor has not looked for them."""
    if candidate.replaces_hint or candidate.type not in curate.KEYED_TYPES:
        return candidate
    return replace(candidate, replaces_hint=dropped_values(candidate.content))


def _told_in(candidate: Candidate, profile: Known) -> tuple[Stored, ...]:
    """The memories of any status that were learned from one of the candidate's messages."""
    return tuple(profile.learned_from(candidate.source.messages)) if candidate.source.messages else ()


def _proposed_already(candidate: Candidate, hashed: str, profile: Known) -> Stored | None:
    """For what is to wait for a review: the same words that wait already, said at another time."""
    if not candidate.proposed:
        return None
    waiting = profile.memories(statuses=(Status.PROPOSED,))
    return next((one for one in waiting if content_hash(one.memory.type, one.memory.content) == hashed), None)

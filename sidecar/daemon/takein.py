"""What comes in by request: a statement to remember, transcripts to read now, a hook's notice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

from sidecar import curate
from sidecar.daemon.parts import Parts
from sidecar.daemon.protocol import Told
from sidecar.daemon.sources import Transcript
from sidecar.daemon.writer import Urgency
from sidecar.errors import FieldError, SidecarError, TranscriptUnreadable
from sidecar.extract import Extractor, Slice
from sidecar.identity import content_hash, memory_id, normalized_key
from sidecar.model import (
    Add,
    Candidate,
    Change,
    Memory,
    MemoryType,
    Message,
    ProfileRef,
    Revise,
    SessionRef,
    Skip,
    Stored,
    Supersede,
)
from sidecar.redact import redact, redact_messages
from sidecar.store import Profile, WriteContext
from sidecar.transcripts import READERS, Part, detect
from sidecar.wire.shapes import PlannedChange, TranscriptProblem, TranscriptsResult

P = ParamSpec("P")
T = TypeVar("T")

_SUMMARY_CHARACTERS = 120
URGENT = 10
"""Priority above all that is only due: somebody waits, or an agent's context is about to be dropped."""

Action = Literal["add", "revise", "supersede", "skip"]


class TakeIn:
    """Serves requests that bring something in."""

    def __init__(self, parts: Parts, extractor: Extractor, by: str) -> None:
        """`extractor` judges what kind of statement a remembered text is; it needs no model."""
        self._parts, self._extractor, self._by = parts, extractor, by

    def remember(self, ref: ProfileRef, told: Told) -> Stored:
        """Write what a person or an agent asked to be remembered; runs in the writer thread."""
        learning = self._parts.learning
        profile = learning.profile(ref)
        candidate = self._candidate(told, profile)
        identifier = memory_id(candidate.type, candidate.content, candidate.observed)
        lifted = profile.lift_tombstones(
            identifier, content_hash(candidate.type, candidate.content), WriteContext(why="remembered again")
        )
        if lifted:
            # What came back from the archive must be seen as known, or the same words would be added once more.
            self._parts.follow.note_change(ref)
            self._parts.follow.catch_up([ref], rescan=False)
        changes = learning.take(candidate, ref)
        known = next((c.target.memory.id for c in changes if isinstance(c, Revise)), None) or next(
            (c.existing for c in changes if isinstance(c, Skip)), None
        )
        added = next((c.memory.id for c in changes if isinstance(c, Add)), None)
        stored = profile.get(added or known or identifier)
        if stored is None:
            raise SidecarError(detail=f"the memory {added or known or identifier} was not written")
        return stored

    async def transcripts(self, paths: Sequence[Path], agent: str | None, *, dry_run: bool) -> TranscriptsResult:
        """Read transcript files and folders now: archive and queue them, or only plan with `dry_run`.

        Raises FieldError for an agent that is not known.
        """
        if agent is not None and agent not in READERS:
            raise FieldError(field="agent", problem=f"is not one of {', '.join(sorted(READERS))} (got {agent})")
        items, problems = await asyncio.to_thread(_find, paths, agent)
        sessions: set[SessionRef] = set()
        messages = 0
        planned: list[PlannedChange] = []
        for item in items:
            try:
                if dry_run:
                    found = await self._run(self._dry, item)
                    messages += found[0]
                    sessions |= found[1]
                    planned += found[2]
                else:
                    added, refs = await self._archive(item)
                    messages += added
                    sessions |= refs
            except TranscriptUnreadable as error:
                problems.append(TranscriptProblem(path=str(item.path), reason=error.message))
        if not dry_run:
            self._parts.keeper.archived()
            self._parts.learner.wake()
        return TranscriptsResult(sessions=len(sessions), messages=messages, planned=planned, problems=problems)

    async def notice(self, agent: str, session: str | None, path: Path | None) -> None:
        """Read the session's file now and put its extraction first."""
        if path is not None and agent in READERS:
            await self._parts.intake.take(Transcript(agent, path), live=True)
        if session is None:
            return
        ref = SessionRef(agent, session)
        row = await asyncio.to_thread(self._parts.journal.session, ref)
        if row is not None:
            await self._run(self._parts.archiving.queue, ref, row.profile, due=datetime.now(UTC), priority=URGENT)
            self._parts.learner.wake()

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._parts.writer.run(Urgency.ANSWER, function, *args, **kwargs)

    async def _archive(self, item: Transcript) -> tuple[int, set[SessionRef]]:
        added, refs, more = 0, set[SessionRef](), True
        while more:
            step = await self._run(self._parts.archiving.step, item.agent, item.path)
            added, more = added + step.added, step.more
            refs |= set(step.sessions)
        return added, refs

    def _dry(self, item: Transcript) -> tuple[int, set[SessionRef], list[PlannedChange]]:
        """What taking in one file would change, judged statement by statement; nothing is written."""
        by_session: dict[SessionRef, list[Message]] = {}
        profiles: dict[SessionRef, ProfileRef | None] = {}
        for part in self._parts_of(item):
            route = (
                None
                if part.header is None
                else self._parts.router.route_cwd(next(iter(part.header.cwds), None), create=False)
            )
            for message in redact_messages(part.messages):
                session = SessionRef(message.agent, message.session)
                by_session.setdefault(session, []).append(message)
                profiles.setdefault(session, route.profile if route is not None else None)
        planned: list[PlannedChange] = []
        for session, said in by_session.items():
            for candidate in self._extractor.extract(Slice(session, tuple(said), by=self._by)):
                planned += self._planned(candidate, profiles[session])
        return sum(map(len, by_session.values())), set(by_session), planned

    def _parts_of(self, item: Transcript) -> Iterator[Part]:
        """What a file holds of its sessions, piece by piece."""
        cursor, more = None, True
        while more:
            result = READERS[item.agent].read(item.path, cursor)
            cursor, more = result.cursor, result.more
            yield from result.sessions()

    def _planned(self, candidate: Candidate, ref: ProfileRef | None) -> Iterator[PlannedChange]:
        if ref is None:
            return
        profile = self._parts.store.open(ref) if ref in self._parts.store.profiles(ref.namespace) else None
        for change in self._parts.learning.plan(candidate, profile):
            yield _shown(change, candidate, ref)

    def _candidate(self, told: Told, profile: Profile) -> Candidate:
        content = redact(told.content, spoken=True).text.strip()
        now = datetime.now(UTC).replace(microsecond=0)
        judged = self._judged(content, now)
        kind = told.type or (judged.type if judged is not None else MemoryType.FACT)
        key = normalized_key(told.key) if told.key else judged.key if judged is not None else None
        source = curate.human_source("remember", session=told.session, by=self._by)
        return Candidate(
            type=kind,
            content=content,
            summary=_first_line(content),
            observed=_after(now, profile, key) if key and kind in curate.KEYED_TYPES else now,
            source=source,
            key=key or None,
            occurred=judged.occurred if judged is not None else None,
            keywords=judged.keywords if judged is not None else (),
            tags=tuple(redact(tag).text for tag in told.tags),
            pinned=told.pinned,
            replaces_hint=judged.replaces_hint if judged is not None else (),
        )

    def _judged(self, content: str, now: datetime) -> Candidate | None:
        """What the rules make of a text: its type, key and keywords, if they see exactly one statement in it."""
        ref = SessionRef("remember", "")
        message = Message("", ref.agent, ref.session, "user", "user", content, now)
        found = self._extractor.extract(Slice(ref, (message,)))
        return found[0] if len(found) == 1 else None


def _after(now: datetime, profile: Profile, key: str) -> datetime:
    """A moment later than every version of the key: what is told last holds, also within one second."""
    latest = max((stored.memory.effective for stored in profile.versions(key)), default=None)
    return now if latest is None or latest < now else latest.replace(microsecond=0) + timedelta(seconds=1)


def _first_line(content: str) -> str:
    line = next(iter(content.splitlines()), "")
    return line if len(line) <= _SUMMARY_CHARACTERS else f"{line[: _SUMMARY_CHARACTERS - 1].rstrip()}…"


def _shown(change: Change, candidate: Candidate, ref: ProfileRef) -> PlannedChange:
    action: Action
    memory: Memory | None = None
    match change:
        case Add():
            action, memory = "add", change.memory
        case Revise():
            action, memory = "revise", change.target.memory
        case Supersede():
            action, memory = "supersede", change.target.memory
        case Skip():
            action = "skip"
    return PlannedChange(
        action=action,
        profile=ref.name,
        type=(memory.type if memory is not None else candidate.type).value,
        key=memory.key if memory is not None else candidate.key,
        summary=memory.summary if memory is not None else candidate.summary,
        why=change.why,
    )


def _find(paths: Sequence[Path], agent: str | None) -> tuple[list[Transcript], list[TranscriptProblem]]:
    """The transcripts that paths name: files as they are, folders with all transcripts below."""
    items: list[Transcript] = []
    problems: list[TranscriptProblem] = []
    for path in paths:
        if path.is_dir():
            items += [item for file in _below(path) if (item := _known(file, agent)) is not None]
        elif (item := _known(path, agent)) is not None:
            items.append(item)
        else:
            why = "it does not exist" if not path.exists() else "its format is not known; name the agent with --agent"
            problems.append(TranscriptProblem(path=str(path), reason=why))
    return list(dict.fromkeys(items)), problems


def _known(path: Path, agent: str | None) -> Transcript | None:
    if not path.is_file():
        return None
    found = agent if agent in READERS else detect(path)
    return None if found is None else Transcript(found, path)


def _below(root: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root):
        subfolders.sort()
        for name in sorted(names):
            yield Path(folder, name)

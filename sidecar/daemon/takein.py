"""What comes in by request: a statement to remember, transcripts to read now, a hook's notice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from sidecar import curate
from sidecar.archiving import Step
from sidecar.daemon import formats, naming
from sidecar.daemon.choices import AWAITED, NOTICED, Choice, Wait
from sidecar.daemon.parts import Parts
from sidecar.daemon.patience import BUSY, BUSY_HINT, patiently
from sidecar.daemon.protocol import Told
from sidecar.daemon.rehearsal import Rehearsal, in_order
from sidecar.daemon.sources import Transcript, named
from sidecar.daemon.writer import Urgency, outcome
from sidecar.errors import (
    FieldError,
    ForgottenBefore,
    SidecarError,
    TranscriptBusy,
    TranscriptUnreadable,
    Unavailable,
)
from sidecar.extract import Extractor, Slice
from sidecar.extract.suspicion import suspicion
from sidecar.identity import content_hash, memory_id, normalized_key
from sidecar.model import Add, Candidate, MemoryType, Message, ProfileRef, Revise, SessionRef, Skip, Stored
from sidecar.redact import redact
from sidecar.store import Profile, WriteContext
from sidecar.transcripts import READERS
from sidecar.wire.shapes import PlannedChange, PlannedCounts, TranscriptProblem, TranscriptsResult

P = ParamSpec("P")
T = TypeVar("T")

_SUMMARY_CHARACTERS = 120
_ASKED_BY_AGENT = "an agent asked to remember it, and {}"
_EMPTY = "it holds no conversation"
_EMPTY_HINT = "Name the agent with --agent, or report the format."
_STRANGE = "too many records are of kinds that this version does not know; nothing would be learned from it"
_STRANGE_HINT = "Upgrade sidecar, or report the kinds."


class TakeIn:
    """Serves requests that bring something in."""

    def __init__(
        self, parts: Parts, extractor: Extractor, by: str, choose: Callable[[], Choice | Wait] | None = None
    ) -> None:
        """`extractor` judges what kind of statement a remembered text is; it needs no model.

        `choose` says what a dry run extracts with; without it what would extract now for somebody who waits.
        """
        self._parts, self._extractor, self.by = parts, extractor, by
        self._choose = choose or (lambda: parts.extraction.choose(AWAITED))
        self._holding: dict[ProfileRef, Profile] = {}

    def remember(self, ref: ProfileRef, told: Told, *, hold: bool = False) -> Stored:
        """Write what a person or an agent asked to be remembered; runs in the writer thread.

        The index is the caller's to bring up to date.  `hold`: the file may wait for others that are written with it;
        it is not kept before `put_down` has said so.
        Raises ForgottenBefore if an agent asks for what was forgotten: that comes back at a person's word alone.
        Raises SecretInName for a new profile.
        """
        learning = self._parts.learning
        naming.check_new_profile(self._parts.store, ref)
        profile = learning.profile(ref)
        if hold:
            profile.hold()
            self._holding[ref] = profile
        candidate = self._candidate(told, profile)
        identifier = memory_id(candidate.type, candidate.content, candidate.observed)
        if told.speaker == "user":
            self._lift(profile, candidate, identifier)
        changes = learning.take(candidate, ref, index_later=True)
        if any(isinstance(change, Skip) and change.forgotten for change in changes):
            raise ForgottenBefore
        known = next((c.target.memory.id for c in changes if isinstance(c, Revise)), None) or next(
            (c.existing for c in changes if isinstance(c, Skip)), None
        )
        added = next((c.memory.id for c in changes if isinstance(c, Add)), None)
        stored = profile.get(added or known or identifier)
        if stored is None:
            raise SidecarError(detail=f"the memory {added or known or identifier} was not written")
        return stored

    def put_down(self) -> dict[ProfileRef, Future[Mapping[str, BaseException]]]:
        """Write the files that wait, durably; by profile which of them, by path, cannot be written, and why."""
        holding, self._holding = self._holding, {}
        return {ref: outcome(profile.put_down) for ref, profile in sorted(holding.items(), key=lambda item: item[0])}

    def _lift(self, profile: Profile, candidate: Candidate, identifier: str) -> None:
        """Allow again what was forgotten, if a person says it once more."""
        lifted = profile.lift_tombstones(
            identifier, content_hash(candidate.type, candidate.content), WriteContext(why="remembered again")
        )
        if lifted:
            # What came back from the archive must be seen as known, or the same words would be added once more.
            self._parts.follow.note_change(profile.ref)
            self._parts.follow.catch_up([profile.ref], rescan=False)

    async def transcripts(self, paths: Sequence[Path], agent: str | None, *, dry_run: bool) -> TranscriptsResult:
        """Read transcript files and folders now: archive and queue them, or only plan with `dry_run`.

        Raises FieldError for an agent that is not known; of a dry run also Unavailable while nothing extracts, and
        ModelFailed if a model extracts and fails.
        """
        if agent is not None and agent not in READERS:
            raise FieldError(field="agent", problem=f"is not one of {', '.join(sorted(READERS))} (got {agent})")
        items, unknown = await _named(paths, agent)
        problems = [
            _told(path, reason, BUSY_HINT if reason == BUSY else _EMPTY_HINT) for path, reason in unknown.items()
        ]
        if dry_run:
            return await self._rehearse(items, problems, asked=set(paths))
        sessions: set[SessionRef] = set()
        files = messages = 0
        for item in items:
            try:
                added, refs = await self._archive(item)
            except TranscriptUnreadable as error:
                problems.append(_problem(item, error))
                continue
            if not added and item.path in paths and not await asyncio.to_thread(_has_conversation, item):
                problems.append(_told(item.path, _EMPTY, _EMPTY_HINT))
                continue
            if (why := await asyncio.to_thread(self._not_understood, item.path)) is not None:
                problems.append(_told(item.path, why, _STRANGE_HINT))
            files, messages, sessions = files + 1, messages + added, sessions | refs
        self._parts.keeper.archived()
        self._parts.learner.wake()
        return _result(files, len(sessions), messages, None, [], problems)

    async def notice(self, agent: str, session: str | None, path: Path | None) -> None:
        """Read the session's file now and put its extraction first."""
        if path is not None and agent in READERS:
            await self._parts.intake.take(Transcript(agent, path))
        if session is None:
            return
        ref = SessionRef(agent, session)
        row = await asyncio.to_thread(self._parts.journal.session, ref)
        if row is not None:
            await self._run(self._parts.archiving.queue, ref, row.profile, due=datetime.now(UTC), priority=NOTICED)
            self._parts.learner.wake()

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._parts.writer.run(Urgency.ANSWER, function, *args, **kwargs)

    async def _archive(self, item: Transcript) -> tuple[int, set[SessionRef]]:
        """All that is new in a file.  Raises TranscriptUnreadable, TranscriptBusy."""
        added, refs, more = 0, set[SessionRef](), True
        while more:
            step = await patiently(item.path, lambda: self._step(item))
            added, more = added + step.added, step.more
            refs |= set(step.sessions)
        return added, refs

    async def _step(self, item: Transcript) -> Step:
        step = await self._run(self._parts.archiving.step, item.agent, item.path)
        if step.busy:
            raise TranscriptBusy(path=item.path, why=BUSY)
        return step

    def _not_understood(self, path: Path) -> str | None:
        return formats.flagged(self._parts.journal).get(str(path))

    async def _rehearse(
        self, items: Sequence[Transcript], problems: list[TranscriptProblem], *, asked: set[Path]
    ) -> TranscriptsResult:
        """What taking these files in would change."""
        await self._parts.extraction.ready.wait()
        chosen = await asyncio.to_thread(self._choose)
        if isinstance(chosen, Wait) and chosen.state != "off":
            raise Unavailable(what="Extraction", why=chosen.why)
        choice = chosen if isinstance(chosen, Choice) else None
        rehearsal = Rehearsal(self._parts, choice, by=self.by)
        sessions: set[SessionRef] = set()
        files = messages = 0
        planned: list[PlannedChange] = []
        for item in await asyncio.to_thread(in_order, items):
            try:
                told, changes = await patiently(item.path, partial(rehearsal.plan, item))
            except TranscriptUnreadable as error:
                problems.append(_problem(item, error))
                continue
            if not told.messages and item.path in asked:
                problems.append(_told(item.path, _EMPTY, _EMPTY_HINT))
                continue
            if told.drifted:
                problems.append(_told(item.path, _STRANGE, _STRANGE_HINT))
            files, messages, sessions = files + 1, messages + told.messages, sessions.union(told.sessions)
            planned += changes
        version = None if choice is None else choice.extractor.version
        return _result(files, len(sessions), messages, version, planned, problems)

    def _candidate(self, told: Told, profile: Profile) -> Candidate:
        content = redact(told.content, spoken=True).text.strip()
        now = datetime.now(UTC).replace(microsecond=0)
        judged = self.judge(content, now)
        kind = told.type or (judged.type if judged is not None else MemoryType.FACT)
        key = normalized_key(told.key) if told.key else judged.key if judged is not None else None
        theirs = curate.human_source if told.speaker == "user" else curate.agent_source
        source = theirs("remember", session=told.session, by=self.by)
        doubt = suspicion(content) if told.speaker == "assistant" else ""
        return Candidate(
            type=kind,
            content=content,
            summary=first_line(content),
            observed=later_than_versions(now, profile, key) if key and kind in curate.KEYED_TYPES else now,
            source=source,
            key=key or None,
            occurred=judged.occurred if judged is not None else None,
            keywords=judged.keywords if judged is not None else (),
            tags=tuple(redact(tag).text for tag in told.tags),
            pinned=told.pinned,
            proposed=bool(doubt),
            reason=_ASKED_BY_AGENT.format(doubt) if doubt else None,
            replaces_hint=judged.replaces_hint if judged is not None else (),
        )

    def judge(self, content: str, now: datetime | None = None) -> Candidate | None:
        """What the rules make of a text: its type, key and keywords, if they see exactly one statement in it."""
        ref = SessionRef("remember", "")
        message = Message("", ref.agent, ref.session, "user", "user", content, now or datetime.now(UTC))
        found = self._extractor.extract(Slice(ref, (message,)))
        return found[0] if len(found) == 1 else None


def later_than_versions(now: datetime, profile: Profile, key: str) -> datetime:
    """A moment later than every version of the key: what is told last holds, also within one second."""
    latest = max((stored.memory.effective for stored in profile.versions(key)), default=None)
    return now if latest is None or latest < now else latest.replace(microsecond=0) + timedelta(seconds=1)


def first_line(content: str) -> str:
    """The summary of a text that a person wrote."""
    line = next(iter(content.splitlines()), "")
    return line if len(line) <= _SUMMARY_CHARACTERS else f"{line[: _SUMMARY_CHARACTERS - 1].rstrip()}…"


def _has_conversation(item: Transcript) -> bool:
    return READERS[item.agent].header(item.path) is not None


async def _named(paths: Sequence[Path], agent: str | None) -> tuple[list[Transcript], Mapping[Path, str]]:
    """As `named`; where a database is being written, that alone is looked at again, for a moment."""
    items, problems = await asyncio.to_thread(named, paths, agent)

    async def attempt() -> tuple[list[Transcript], Mapping[Path, str]]:
        found = await asyncio.to_thread(named, busy, agent)
        if BUSY in found[1].values():
            raise TranscriptBusy(path=busy[0], why=BUSY)
        return found

    busy = [path for path, why in problems.items() if why == BUSY]
    if not busy:
        return items, problems
    try:
        later, others = await patiently(busy[0], attempt)
    except TranscriptBusy:
        later, others = await asyncio.to_thread(named, busy, agent)
    told = {path: why for path, why in problems.items() if why != BUSY}
    return list(dict.fromkeys([*items, *later])), {**told, **others}


def _problem(item: Transcript, error: TranscriptUnreadable) -> TranscriptProblem:
    return _told(item.path, str(error.fields.get("why", error.message)), error.hint)


def _told(path: Path, reason: str, hint: str) -> TranscriptProblem:
    return TranscriptProblem(path=str(path), reason=reason, hint=hint)


def _result(
    files: int,
    sessions: int,
    messages: int,
    extractor: str | None,
    planned: list[PlannedChange],
    problems: list[TranscriptProblem],
) -> TranscriptsResult:
    kinds = Counter(change.action for change in planned)
    return TranscriptsResult(
        files=files,
        sessions=sessions,
        messages=messages,
        extractor=extractor,
        planned=planned,
        counts=PlannedCounts(
            add=kinds["add"], revise=kinds["revise"], supersede=kinds["supersede"], skip=kinds["skip"]
        ),
        problems=problems,
    )

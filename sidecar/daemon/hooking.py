"""What hooks ask of the daemon: the summary when a session begins, recall on a prompt, and reading a session first.

A hook leaves after its time limit, so everything here answers with nothing rather than late; and what a session has got
once it never gets again, but for the summary after its context was emptied.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sidecar.config import Config
from sidecar.daemon import briefing, naming
from sidecar.daemon.briefing import Given, Line, Room, Shelf
from sidecar.daemon.metrics import Metric, Sample
from sidecar.daemon.notices import Notices
from sidecar.daemon.parts import Parts
from sidecar.daemon.sessionbook import SessionBook
from sidecar.daemon.shelving import Shelving
from sidecar.daemon.takein import TakeIn
from sidecar.dialects import DIALECTS, Act, Dialect, Heard, heard
from sidecar.extract.noise import Noise, noise
from sidecar.ingest import PERSONAL
from sidecar.model import Hit, ProfileRef, Status
from sidecar.recall import Recall, RecallAnswer, RecallRequest
from sidecar.records import dataclass
from sidecar.store import Profile
from sidecar.wire.limits import QUERY_BYTES

log = logging.getLogger(__name__)

_AT_ONCE = 8
"""Hooks that are worked on at the same time; more only make all of them late."""

_PROMPT_LINES = 5
"""Memories and messages given for one prompt: those that answer it, not all that touch it."""

_PROMPT_MESSAGES = 2
"""Messages among them: memories were judged worth keeping, messages were only said."""

_NEAR_BEST = 0.5
"""Share of the best candidate's score below which another is not about the same thing."""

_HITS = 12
"""Candidates asked for; some were given before or come from this very session."""

_AGAIN = timedelta(seconds=10)
"""Two starts of one session within this time are one: agents run the hooks of several settings at the same moment."""

_EMPTIED = frozenset({"compact", "clear"})
"""Why a session begins again with an empty context."""

_COMPACTED = "compacted"
_OWED = "owed"
"""Marks of a session whose context was cut: what it said itself counts as unknown; and the summary is to be given again
with the next prompt, as this agent has no other moment for it."""

_HEAD_SHARE = 0.75
"""Of a prompt that is longer than a query: so much from its beginning and the rest from its end, as a dump stands in
the middle."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One hook: what was said, in which dialect, and how much may be said in return."""

    dialect: Dialect
    event: str
    said: Heard
    budget: int
    now: datetime

    def room(self) -> Room:
        """The room for one answer: the budget of the settings, within the agent's own limits."""
        return Room(min(self.budget, self.dialect.tokens or self.budget), self.dialect.characters)


@dataclass(frozen=True, slots=True)
class _Looked:
    """What there is for an answer.

    `profiles`: where it is from, none if nothing may be said; `marks`: what the session has got, if that was not in
    memory; `summary`: for a session that knows nothing; `found`: what recall says, if it was asked; `opened`: the
    profiles of what it says.
    """

    profiles: tuple[ProfileRef, ...]
    marks: frozenset[str]
    shelves: tuple[Shelf, ...]
    summary: Given
    found: RecallAnswer | None
    opened: Mapping[ProfileRef, Profile]

    @property
    def project(self) -> str:
        return self.profiles[0].name


class Hooking:
    """Answers hooks."""

    def __init__(self, parts: Parts, config: Config, recall: Recall, takein: TakeIn) -> None:
        self._parts, self._config, self._recall = parts, config, recall
        self._book = SessionBook(parts.journal)
        self._notices = Notices(parts, takein)
        self._working = asyncio.Semaphore(_AT_ONCE)
        self._shelving = Shelving((0, date.min))
        self._tokens: dict[str, int] = {}

    def adopt(self, config: Config) -> None:
        """Take over new settings."""
        self._config = config

    async def serve(self) -> None:
        """Work off notices, and write down what was given; runs until it is cancelled."""
        try:
            await asyncio.gather(self._notices.serve(), self._book.serve())
        finally:
            self._book.flush()

    def metrics(self) -> list[Metric]:
        """How much has been given."""
        samples = tuple(Sample(count, {"agent": agent}) for agent, count in sorted(self._tokens.items()))
        return [Metric("sidecar_hook_tokens_total", "counter", "Tokens that hooks have given to agents.", samples)]

    async def answer(self, agent: str, event: str, payload: Mapping[str, object]) -> str:
        """What the hook is to print; empty for nothing, also if the answer would come too late."""
        dialect = DIALECTS.get(agent)
        act = dialect.events.get(event) if dialect is not None else None
        if dialect is None or act is None:
            return ""
        said = heard(payload)
        if said.session is not None:
            said = replace(said, session=naming.stand_in(said.session))  # the journal keeps what a session has got
        if act in (Act.COMPACT, Act.NOTICE):
            self._note(dialect, act, said)
            return ""
        try:
            async with asyncio.timeout(self._config.hooks.timeout_ms / 1000), self._working:
                return await self._given(dialect, act, event, said)
        except TimeoutError:
            log.info("a hook's answer came too late", extra={"agent": agent, "event": event})
            return ""

    def _note(self, dialect: Dialect, act: Act, said: Heard) -> None:
        if act is Act.COMPACT and said.session is not None:
            self._book.mark(said.session, {_COMPACTED} if dialect.begins_again else {_COMPACTED, _OWED})
        self._notices.add(dialect.agent, said.session, said.path)

    async def _given(self, dialect: Dialect, act: Act, event: str, said: Heard) -> str:
        budget = self._config.hooks.budget_tokens
        asked = _Asked(dialect, event, said, budget, datetime.now(UTC))
        if not budget:
            return ""
        sums = act is Act.START or _OWED in self._book.known(said.session)
        # One way to another thread and back: on a busy machine each costs more than what is done there.
        looked = await asyncio.to_thread(self._look, asked, sums=sums, query="" if act is Act.START else _query(said))
        if not looked.profiles:
            return ""
        self._book.absorb(said.session, looked.marks)
        # From here on nothing is waited for, so that no other hook of the session can be given the same.
        given = self._start(asked, looked) if act is Act.START else self._prompt(asked, looked)
        if not given.lines:
            return ""
        self._book.give(said.session, given.lines)
        self._tokens[dialect.agent] = self._tokens.get(dialect.agent, 0) + briefing.tokens(given.text)
        shaped = dialect.shaped(event, given.text)
        return shaped if isinstance(shaped, str) else json.dumps(shaped, ensure_ascii=False)

    def _look(self, asked: _Asked, *, sums: bool, query: str) -> _Looked:
        """Everything that an answer needs and that may take a while."""
        # Taken once: another thread may have one of a later state by the time that this one is through.
        shelving = self._shelving = self._shelving.at((self._parts.index.generation, asked.now.date()))
        profiles = self._profiles(asked.said.cwd)
        session = asked.said.session
        unread = session is not None and not self._book.holds(session)
        marks = self._parts.journal.given(session) if session is not None and unread else frozenset[str]()
        sums = sums or _OWED in marks
        shelves = self._shelved(shelving, profiles, asked.now) if sums else ()
        summary = self._first_summary(shelving, asked, profiles, shelves) if sums and profiles else briefing.NOTHING
        found = self._recall(_request(query, profiles, asked.now)) if query and profiles else None
        return _Looked(
            profiles=profiles,
            marks=marks,
            shelves=shelves,
            summary=summary,
            found=found,
            opened={hit.profile: self._parts.store.open(hit.profile) for hit in found.hits} if found else {},
        )

    def _profiles(self, cwd: str | None) -> tuple[ProfileRef, ...]:
        """The folder's profile and `personal`; none if the rules ignore the folder."""
        ref = self._parts.router.route_cwd(cwd, create=False).profile
        if ref is None:
            return ()
        beside = [ProfileRef(ref.namespace, PERSONAL)] if self._config.recall.include_personal else []
        return tuple(dict.fromkeys([ref, *beside]))

    # the beginning of a session

    def _start(self, asked: _Asked, looked: _Looked) -> Given:
        session = asked.said.session
        known = self._book.known(session)
        if asked.said.source in _EMPTIED:
            first = session is None or self._book.first(session, asked.now, _AGAIN)
            return looked.summary if first else briefing.NOTHING
        if not known:
            return looked.summary
        return briefing.summary(looked.project, looked.shelves, asked.room(), asked.now, known, asked.budget)

    def _shelved(self, shelving: Shelving, profiles: Sequence[ProfileRef], now: datetime) -> tuple[Shelf, ...]:
        """What each profile has for a summary."""
        return tuple(shelving.shelf(ref, partial(self._shelf, ref, now)) for ref in profiles)

    def _shelf(self, ref: ProfileRef, now: datetime) -> Shelf:
        if ref not in self._parts.store.profiles():
            return briefing.shelve([], now)
        profile = self._parts.store.open(ref)
        return briefing.shelve(profile.offered(), now, profile.arrivals.came)

    def _first_summary(
        self, shelving: Shelving, asked: _Asked, profiles: tuple[ProfileRef, ...], shelves: Sequence[Shelf]
    ) -> Given:
        return shelving.summary(
            (profiles, asked.budget, asked.dialect.agent),
            lambda: briefing.summary(profiles[0].name, shelves, asked.room(), asked.now, (), asked.budget),
        )

    # a prompt

    def _prompt(self, asked: _Asked, looked: _Looked) -> Given:
        session = asked.said.session
        known = self._book.known(session)
        if session is not None and _OWED in known:
            self._book.unmark(session, _OWED)
            return looked.summary
        if looked.found is None or not looked.found.hits:
            return briefing.NOTHING
        lines = _lines(asked, looked.found, looked.opened, known)
        return briefing.answer(looked.project, lines, asked.room(), asked.budget)


def _lines(
    asked: _Asked, found: RecallAnswer, profiles: Mapping[ProfileRef, Profile], known: Collection[str]
) -> list[Line]:
    """The hits worth giving, best first, without what this session knows."""
    best = max((hit.score for hit in found.hits), default=0.0)
    seen = {*known, briefing.digest(asked.said.prompt or "")}
    own = None if _COMPACTED in known else asked.said.session
    lines: list[Line] = []
    messages = 0
    for hit in found.hits:
        if hit.score < _NEAR_BEST * best or hit.superseded or hit.id in seen or (own and hit.session == own):
            continue
        is_message = hit.kind == "message"
        line = _said(hit, asked.now) if is_message else _kept(hit, profiles[hit.profile], asked.now)
        if line is None or line.marks & seen or (is_message and messages == _PROMPT_MESSAGES):
            continue
        messages += is_message
        seen |= line.marks
        lines.append(line)
        if len(lines) == _PROMPT_LINES:
            break
    return lines


def _kept(hit: Hit, profile: Profile, now: datetime) -> Line | None:
    """A memory as a line; None if it is not active any more, or speaks to agents instead of of things."""
    stored = profile.offered_one(hit.id)
    if stored is None or stored.memory.status is not Status.ACTIVE:
        return None
    if (stored.arrived or not stored.memory.human) and _addresses_agents(stored.memory.content):
        return None
    return briefing.of_memory(stored, now, personal=hit.profile.name == PERSONAL)


def _said(hit: Hit, now: datetime) -> Line | None:
    """A message as a line; None if nobody said it, or it speaks to agents."""
    spoken = hit.speaker in ("user", "assistant") and not _addresses_agents(hit.content)
    return briefing.of_message(hit, now) if spoken else None


def _query(said: Heard) -> str:
    """A prompt as a query: not more than one may have; nothing for a command of the agent's own."""
    text = (said.prompt or "").strip()
    if text.startswith(("/", "!", "#")) and "\n" not in text and " " not in text[:2]:
        return ""
    data = text.encode("utf-8", "replace")
    if len(data) <= QUERY_BYTES:
        return text
    head = int(QUERY_BYTES * _HEAD_SHARE)
    pieces = (data[:head], data[-(QUERY_BYTES - head - 1) :])
    return " ".join(piece.decode("utf-8", "ignore") for piece in pieces)


def _request(query: str, profiles: tuple[ProfileRef, ...], now: datetime) -> RecallRequest:
    return RecallRequest(query=query, profiles=profiles, limit=_HITS, reference=now, answered=False)


def _addresses_agents(text: str) -> bool:
    """Whether a text tells an agent what to do, as what came out of a page or a log may."""
    return noise(text) in (Noise.RELAYED, Noise.CREDENTIAL)

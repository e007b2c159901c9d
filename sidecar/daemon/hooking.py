"""What hooks ask of the daemon: the summary when a session begins, recall on a prompt, and reading a session first.

A hook leaves after its time limit, so everything here answers with nothing rather than late; and what a session has got
once it never gets again, but for the summary after its context was emptied.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sidecar.config import Config
from sidecar.daemon import briefing
from sidecar.daemon.briefing import Given, Line, Room, Shelf
from sidecar.daemon.metrics import Metric, Sample
from sidecar.daemon.notices import Notices
from sidecar.daemon.parts import Parts
from sidecar.daemon.sessionbook import SessionBook
from sidecar.daemon.takein import TakeIn
from sidecar.dialects import DIALECTS, Act, Dialect, Heard, heard
from sidecar.extract.noise import Noise, noise
from sidecar.ingest import PERSONAL
from sidecar.model import Hit, ProfileRef, Status
from sidecar.recall import Recall, RecallAnswer, RecallRequest
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
    """One hook: what was said, in which dialect, for which profiles, and how much may be said in return."""

    dialect: Dialect
    event: str
    said: Heard
    profiles: tuple[ProfileRef, ...]
    budget: int
    now: datetime

    @property
    def project(self) -> str:
        return self.profiles[0].name

    def room(self) -> Room:
        """The room for one answer: the budget of the settings, within the agent's own limits."""
        return Room(min(self.budget, self.dialect.tokens or self.budget), self.dialect.characters)


class Hooking:
    """Answers hooks."""

    def __init__(self, parts: Parts, config: Config, recall: Recall, takein: TakeIn) -> None:
        self._parts, self._config, self._recall = parts, config, recall
        self._book = SessionBook(parts.journal)
        self._notices = Notices(parts, takein)
        self._working = asyncio.Semaphore(_AT_ONCE)
        self._state: tuple[int, date] | None = None
        self._shelves: dict[ProfileRef, Shelf] = {}
        self._summaries: dict[tuple[tuple[ProfileRef, ...], int, str], Given] = {}
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
        profiles = await asyncio.to_thread(self._profiles, said.cwd) if budget else ()
        if not profiles:
            return ""
        asked = _Asked(dialect, event, said, profiles, budget, datetime.now(UTC))
        text = await (self._start(asked) if act is Act.START else self._prompt(asked))
        if not text:
            return ""
        self._tokens[dialect.agent] = self._tokens.get(dialect.agent, 0) + briefing.tokens(text)
        shaped = dialect.shaped(event, text)
        return shaped if isinstance(shaped, str) else json.dumps(shaped, ensure_ascii=False)

    def _profiles(self, cwd: str | None) -> tuple[ProfileRef, ...]:
        """The folder's profile and `personal`; none if the rules ignore the folder."""
        ref = self._parts.router.route_cwd(cwd, create=False).profile
        if ref is None:
            return ()
        beside = [ProfileRef(ref.namespace, PERSONAL)] if self._config.recall.include_personal else []
        return tuple(dict.fromkeys([ref, *beside]))

    # the beginning of a session

    async def _start(self, asked: _Asked) -> str:
        emptied = asked.said.source in _EMPTIED
        session = asked.said.session
        known = await self._book.known(session)
        if emptied and session is not None and not self._book.first(session, asked.now, _AGAIN):
            return ""
        return await self._summary(asked, frozenset() if emptied else known)

    async def _summary(self, asked: _Asked, known: Collection[str]) -> str:
        found = await asyncio.to_thread(self._summed_up, asked, known)
        self._book.give(asked.said.session, found.lines)
        return found.text

    def _summed_up(self, asked: _Asked, known: Collection[str]) -> Given:
        """The summary; of a session that knows nothing yet it is the same until the index moves on, or the day."""
        state = (self._parts.index.generation, asked.now.date())
        if self._state != state:
            self._state, self._shelves, self._summaries = state, {}, {}
        shelves = [self._shelf(ref, asked.now) for ref in asked.profiles]
        key = (asked.profiles, asked.budget, asked.dialect.agent)
        if not known and key in self._summaries:
            return self._summaries[key]
        found = briefing.summary(asked.project, shelves, asked.room(), asked.now, known, asked.budget)
        if not known:
            self._summaries[key] = found
        return found

    def _shelf(self, ref: ProfileRef, now: datetime) -> Shelf:
        held = self._shelves.get(ref)
        if held is None:
            exists = ref in self._parts.store.profiles()
            held = briefing.shelve(self._parts.store.open(ref).memories() if exists else [], now)
            self._shelves[ref] = held
        return held

    # a prompt

    async def _prompt(self, asked: _Asked) -> str:
        session = asked.said.session
        known = await self._book.known(session)
        again = ""
        if _OWED in known and session is not None:
            self._book.unmark(session, _OWED)
            again = await self._summary(asked, frozenset())
        query = _query(asked.said.prompt or "")
        if again or not query:
            return again
        found = await asyncio.to_thread(self._recall, _request(query, asked))
        lines = self._lines(asked, found, known) if found.hits else []
        told = briefing.answer(asked.project, lines, asked.room(), asked.budget)
        self._book.give(session, told.lines)
        return told.text

    def _lines(self, asked: _Asked, found: RecallAnswer, known: Collection[str]) -> list[Line]:
        """The hits worth giving, best first, without what this session knows."""
        best = max((hit.score for hit in found.hits), default=0.0)
        seen = {*known, briefing.digest(asked.said.prompt or "")}
        own = None if _COMPACTED in known else asked.said.session
        profiles = {ref: self._parts.store.open(ref) for ref in {hit.profile for hit in found.hits}}
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
    stored = profile.get(hit.id)
    if stored is None or stored.memory.status is not Status.ACTIVE:
        return None
    if not stored.memory.human and _addresses_agents(stored.memory.content):
        return None
    return briefing.of_memory(stored, now, personal=hit.profile.name == PERSONAL)


def _said(hit: Hit, now: datetime) -> Line | None:
    """A message as a line; None if nobody said it, or it speaks to agents."""
    spoken = hit.speaker in ("user", "assistant") and not _addresses_agents(hit.content)
    return briefing.of_message(hit, now) if spoken else None


def _query(prompt: str) -> str:
    """A prompt as a query: not more than one may have; nothing for a command of the agent's own."""
    text = prompt.strip()
    if text.startswith(("/", "!", "#")) and "\n" not in text and " " not in text[:2]:
        return ""
    data = text.encode("utf-8", "replace")
    if len(data) <= QUERY_BYTES:
        return text
    head = int(QUERY_BYTES * _HEAD_SHARE)
    pieces = (data[:head], data[-(QUERY_BYTES - head - 1) :])
    return " ".join(piece.decode("utf-8", "ignore") for piece in pieces)


def _request(query: str, asked: _Asked) -> RecallRequest:
    return RecallRequest(query=query, profiles=asked.profiles, limit=_HITS, reference=asked.now, answered=False)


def _addresses_agents(text: str) -> bool:
    """Whether a text tells an agent what to do, as what came out of a page or a log may."""
    return noise(text) in (Noise.RELAYED, Noise.CREDENTIAL)

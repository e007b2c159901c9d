"""What hooks ask of the daemon: the summary when a session begins, recall on a prompt, and reading a session first.

A hook leaves after its time limit, so everything here answers with nothing rather than late; and what a session has got
once it never gets again, but for the summary after its context was emptied.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sidecar.config import Config
from sidecar.daemon import briefing
from sidecar.daemon.briefing import Line, Room, Shelf
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

_HITS = 20
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
        self._shelves: dict[ProfileRef, tuple[int, Shelf]] = {}
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
        return await self._summary(asked, frozenset() if emptied else known, asked.room())

    async def _summary(self, asked: _Asked, known: Collection[str], room: Room) -> str:
        shelves = await asyncio.to_thread(self._shelved, asked.profiles, asked.now)
        found = briefing.summary(asked.project, shelves, room, asked.now, known, asked.budget)
        self._book.give(asked.said.session, found.lines)
        return found.text

    def _shelved(self, profiles: Sequence[ProfileRef], now: datetime) -> list[Shelf]:
        """What each profile has for a summary, sorted anew only when the index has moved on."""
        generation = self._parts.index.generation
        found: list[Shelf] = []
        for ref in profiles:
            held = self._shelves.get(ref)
            if held is None or held[0] != generation:
                exists = ref in self._parts.store.profiles()
                memories = self._parts.store.open(ref).memories() if exists else []
                held = (generation, briefing.shelve(memories, now))
                self._shelves[ref] = held
            found.append(held[1])
        return found

    # a prompt

    async def _prompt(self, asked: _Asked) -> str:
        session = asked.said.session
        known = await self._book.known(session)
        again = ""
        if _OWED in known and session is not None:
            self._book.unmark(session, _OWED)
            again = await self._summary(asked, frozenset(), asked.room())
            known = await self._book.known(session)
        query = _query(asked.said.prompt or "")
        if again or not query:
            return again
        found = await asyncio.to_thread(self._recall, _request(query, asked))
        lines = self._lines(asked, found, known)
        told = briefing.answer(asked.project, lines, asked.room(), asked.budget)
        self._book.give(session, told.lines)
        return told.text

    def _lines(self, asked: _Asked, found: RecallAnswer, known: Collection[str]) -> list[Line]:
        """The hits worth giving, best first, without what this session knows."""
        best = max((hit.score for hit in found.hits), default=0.0)
        lines: list[Line] = []
        messages = 0
        seen = {*known, briefing.digest(asked.said.prompt or "")}
        own = None if _COMPACTED in known else asked.said.session
        for hit in found.hits:
            if hit.score < _NEAR_BEST * best or hit.superseded or (own is not None and hit.session == own):
                continue
            line = self._line(hit, asked)
            is_message = hit.kind == "message"
            if line is None or line.marks & seen or (is_message and messages == _PROMPT_MESSAGES):
                continue
            messages += is_message
            seen |= line.marks
            lines.append(line)
        return lines[:_PROMPT_LINES]

    def _line(self, hit: Hit, asked: _Asked) -> Line | None:
        """A hit as a line; None for what is not active any more, and for what speaks to agents instead of of things."""
        if hit.kind == "message":
            spoken = hit.speaker in ("user", "assistant") and not _addresses_agents(hit.content)
            return briefing.of_message(hit, asked.now) if spoken else None
        stored = self._parts.store.open(hit.profile).get(hit.id)
        if stored is None or stored.memory.status is not Status.ACTIVE:
            return None
        if not stored.memory.human and _addresses_agents(stored.memory.content):
            return None
        return briefing.of_memory(stored, asked.now, personal=hit.profile.name == PERSONAL)


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
    return RecallRequest(
        query=query, profiles=asked.profiles, limit=_HITS, reference=asked.now, response_length="short"
    )


def _addresses_agents(text: str) -> bool:
    """Whether a text tells an agent what to do, as what came out of a page or a log may."""
    return noise(text) in (Noise.RELAYED, Noise.CREDENTIAL)

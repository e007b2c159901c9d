"""A set on the product's own road: messages in by `ingest`, questions by `recall`, as any client would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.home import Home
from benchmarks.metrics import DEEPEST
from benchmarks.sets import DataSet, Group, Question, Turn, Unit, parts
from sidecar.client import Client, Profile
from sidecar.wire import limits

_SESSIONS_LIMIT = limits.CANDIDATES_MAX
"""Messages asked for where sessions are ranked: enough that their best turns name twenty sessions."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What recall gave for a question: what it ranked, by unit, best first, each once; and how long it took."""

    question: Question
    ranked: Mapping[Unit, Sequence[str]]
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """A set's answers, and what it cost to take it in."""

    answers: Sequence[Answer]
    messages: int
    load_seconds: float
    index_seconds: float
    index_bytes: int


def run(data: DataSet, home: Home, tick: Callable[[], None]) -> Run:
    """Load a set into a running daemon and ask its questions.  `tick` is called after each session and question.

    Questions that are asked in mid-history are put when exactly the sessions before them are in: that is how it is
    for whoever lives with the product, and needs no filter.
    """
    answers: list[Answer] = []
    seconds = 0.0
    for group in data.groups:
        asker = _Asker(home.client, group, data.known.units)
        waiting = sorted(group.questions, key=lambda question: (question.before is None, question.before or 0))
        for stage, turns in group.sessions():
            while waiting and waiting[0].before is not None and waiting[0].before <= stage:
                answers.append(asker.ask(waiting.pop(0)))
                tick()
            begun = time.monotonic()
            asker.tell(turns)
            seconds += time.monotonic() - begun
            tick()
        home.settled()
        for question in waiting:
            answers.append(asker.ask(question))
            tick()
    return Run(answers, sum(len(group.turns) for group in data.groups), seconds, home.rebuilt(), home.index_bytes())


def steps(data: DataSet) -> int:
    """How often `run` ticks."""
    return sum(len(group.questions) + sum(1 for _ in group.sessions()) for group in data.groups)


class _Asker:
    """One group's profile as a client knows it."""

    def __init__(self, client: Client, group: Group, units: Sequence[Unit]) -> None:
        self._client = client
        self._profile = Profile(name=group.profile)
        self._limit = _SESSIONS_LIMIT if "session" in units else DEEPEST
        self._told: dict[str, dict[str, list[str]]] = {}
        self._last = max(turn.time for turn in group.turns)

    def tell(self, turns: Sequence[Turn]) -> None:
        """Ingest a session, or a part of one."""
        session = turns[0].session
        told = self._told.setdefault(session, {})
        messages = []
        for turn in turns:
            for piece in parts(turn.content, limits.MESSAGE_BYTES):
                told.setdefault(piece, []).append(turn.id)
                messages.append({"role": turn.role, "content": piece, "timestamp": turn.time.isoformat()})
        for start in range(0, len(messages), limits.MESSAGES):
            body = {"sessionId": session, "messages": messages[start : start + limits.MESSAGES]}
            self._client.request("POST", self._profile.route("ingest"), body)

    def ask(self, question: Question) -> Answer:
        """Recall at the level without a model, over messages alone."""
        query = parts(question.text, limits.QUERY_BYTES)[0]
        asked = (question.asked or self._last).isoformat()
        begun = time.perf_counter()
        found = self._client.recall(
            self._profile, query, thinkingLevel="low", kinds=["message"], limit=self._limit, referenceDate=asked
        )
        taken = (time.perf_counter() - begun) * 1_000
        candidates = found["candidates"]
        ranked: dict[Unit, Sequence[str]] = {
            "turn": _once(turn for candidate in candidates for turn in self._turns(candidate)),
            "session": _once(candidate["sessionId"] for candidate in candidates),
        }
        return Answer(question, ranked, taken)

    def _turns(self, candidate: Mapping[str, Any]) -> Sequence[str]:
        """The turns of which a candidate is the text; a text with redacted parts is known by what is left of it."""
        told = self._told.get(candidate["sessionId"], {})
        content = candidate["content"]
        if content in told:
            return told[content]
        words = set(content.split())
        return told[max(told, key=lambda text: (len(words & set(text.split())), -len(text)))] if told else ()


def _once(items: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(items))

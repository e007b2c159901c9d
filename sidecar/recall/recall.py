"""The read road: a question, the channels, one order, the gate, an answer.  It changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sidecar.index import Embedder, Filters, IndexedMessage, View
from sidecar.model import ChannelScore, Hit, ProfileRef, Role, Status
from sidecar.recall import gate
from sidecar.recall.answer import Answered, Wanted, extract
from sidecar.recall.channels import Findings, Search, run
from sidecar.recall.explain import WITHHELD, Account, explanation
from sidecar.recall.fuse import Candidate, first_sentence, fuse
from sidecar.recall.period import favoured, period_of
from sidecar.recall.query import Query, analyse
from sidecar.recall.request import RecallAnswer, RecallRequest
from sidecar.recall.stopwatch import Stopwatch
from sidecar.recall.weights import ANSWER_SENTENCES, SUMMARY_CHARACTERS

_VERBATIM_POOL = 100
"""Of so many messages that have the words, those come first that have them as they were asked for."""


class Searched(Protocol):
    """An index, or a replica of one."""

    embedder: Embedder

    @property
    def view(self) -> View:
        """What is in it by now."""


class Recall:
    """Answers questions from an index.  Safe to use from several threads."""

    def __init__(self, index: Searched) -> None:
        self._index = index

    def __call__(self, request: RecallRequest) -> RecallAnswer:
        """What is known about the query: nothing at all rather than something unrelated.

        Raises IndexUnusable if the index cannot be read.
        """
        watch = Stopwatch()
        query = analyse(request.query, self._index.view, request.places)
        watch.lap("analyse")
        if not request.explain and gate.beforehand(query):
            return RecallAnswer((), "")
        period = period_of(request.query, request.reference)
        search, findings = self._found(request, query, watch)
        verdict = gate.judge(query, findings, thorough=request.explain)
        watch.lap("gate")
        looked = verdict.open or request.explain
        ranked = fuse(search, findings, telling=request.explain) if looked else []
        found = favoured(ranked, period)[: request.limit]
        candidates = found if verdict.open else []
        watch.lap("fuse")
        answered = self._answered(request, search, candidates)
        watch.lap("answer")
        hits = tuple(_hit(candidate) for candidate in candidates)
        told: Mapping[str, object] | None = None
        if request.explain:
            withheld = [] if verdict.open else [_hit(candidate) for candidate in found[:WITHHELD]]
            told = explanation(Account(query, period, verdict, findings, withheld, watch))
        return RecallAnswer(hits, answered.text, told, reckoned=answered.reckoned)

    def beside(self, request: RecallRequest, text: str) -> tuple[Hit, ...]:
        """What another text finds, best first, where the request looks.

        There is no gate: whether there is anything to say is judged by the query itself.
        """
        query = analyse(text, self._index.view, request.places)
        search, findings = self._found(request, query, Stopwatch())
        return tuple(_hit(candidate) for candidate in fuse(search, findings, telling=request.explain)[: request.limit])

    def search(
        self,
        query: str,
        profiles: Sequence[ProfileRef],
        *,
        roles: Sequence[Role] = (),
        session: str | None = None,
        agent: str | None = None,
        since: int | None = None,
        limit: int = 10,
    ) -> tuple[Hit, ...]:
        """Verbatim messages with any of the query's words: first those that have it as it stands, then the best.

        Of all roles, sessions and agents unless some are named, and of all times unless `since` (seconds since 1970)
        says from when on.  There is no gate: who searches for words gets what has
        them.
        """
        view = self._index.view
        unique = tuple(dict.fromkeys(profiles))
        weights = analyse(query, view, unique).weights
        narrowed = Filters(session=session, roles=tuple(roles), agent=agent, since=since)
        most = max(limit, _VERBATIM_POOL)
        found = [
            (hit.score, number, hit.row)
            for number, profile in enumerate(unique)
            for hit in view.verbatim(profile, weights, narrowed, most)
        ]
        best = sorted(found, key=lambda item: (-item[0], item[1], -item[2]))[:most]
        messages = view.fetch_messages([row for _, _, row in best])
        known = [(messages[row], score) for score, _, row in best if row in messages]
        hits = [_message_hit(message, score, superseded=message.superseded, channels={}) for message, score in known]
        words = " ".join(query.split()).casefold()
        hits.sort(key=lambda hit: words not in " ".join(hit.content.split()).casefold())
        return tuple(hits[:limit])

    def _found(self, request: RecallRequest, query: Query, watch: Stopwatch) -> tuple[Search, Findings]:
        """What all channels find for a query under the filters of the request."""
        vector = self._index.embedder.weighted(query.words)
        watch.lap("embed")
        search = Search(self._index.view, request.places, query, vector, request.filters, request.limit)
        kinds = [kind for kind in request.kinds if kind == "memory" or request.asks_messages]
        findings = run(search, kinds)
        watch.lap("channels")
        return search, findings

    def _answered(self, request: RecallRequest, search: Search, candidates: Sequence[Candidate]) -> Answered:
        """The answer in the candidates' own words, if one is wanted."""
        if not request.answered:
            return Answered()
        wanted = Wanted(ANSWER_SENTENCES[request.response_length], request.reference)
        return extract(search.query, search.vector, candidates, self._index.embedder, wanted)


def _hit(candidate: Candidate) -> Hit:
    document = candidate.document
    if isinstance(document, IndexedMessage):
        return _message_hit(document, candidate.score, superseded=candidate.outdated, channels=candidate.channels)
    return Hit(
        id=document.id,
        kind="memory",
        profile=document.profile,
        score=candidate.score,
        content=document.content,
        summary=document.summary,
        session=document.session,
        type=document.type,
        path=document.path,
        observed=document.observed,
        speaker=document.speaker,
        superseded=document.status == Status.SUPERSEDED,
        channels=candidate.channels,
    )


def _message_hit(
    message: IndexedMessage, score: float, *, superseded: bool, channels: Mapping[str, ChannelScore]
) -> Hit:
    return Hit(
        id=message.id,
        kind="message",
        profile=message.profile,
        score=score,
        content=message.content,
        summary=_summary(message.content),
        session=message.session,
        observed=message.time,
        speaker=message.speaker,
        superseded=superseded,
        truncated=message.truncated,
        agent=message.agent,
        role=message.role,
        channels=channels,
    )


def _summary(text: str) -> str:
    """The first sentence of a message, on one line."""
    first = " ".join(first_sentence(text).split())
    return first if len(first) <= SUMMARY_CHARACTERS else first[: SUMMARY_CHARACTERS - 1].rstrip() + "…"

"""One order of memories and messages, each by its worth, in the light of what is known of the documents themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sidecar.expressions import regex
from sidecar.index import IndexedMemory, IndexedMessage, Kind
from sidecar.model import ChannelScore
from sidecar.recall.channels import Findings, Place, Search
from sidecar.recall.weights import ASKING, ASKING_CHARACTERS, FLOOR_SHARE, SCRAP_WORDS, Kept, Talk

_SHARES: Mapping[Kind, float] = {"memory": Kept.SHARE, "message": Talk.SHARE}

_TIE_DIGITS = 3
"""Scores between 0 and 1 that agree so far are a tie."""

_SENTENCE_END = regex(r"(?<=[.!?。！？])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that may be given.  `outdated`: a message whose memories are superseded now.

    `beyond`: what was found for it over a score of 1, which is as much as is told; among such it decides.
    """

    place: Place
    document: IndexedMemory | IndexedMessage
    score: float
    channels: Mapping[str, ChannelScore]
    outdated: bool = False
    beyond: float = 0.0

    @property
    def time(self) -> datetime | None:
        """When it was said."""
        return self.document.observed if isinstance(self.document, IndexedMemory) else self.document.time


def fuse(search: Search, findings: Findings, *, telling: bool = False) -> list[Candidate]:
    """The best documents of all channels, best first; a score of 1 is all that can be said for one.

    `telling`: with what each channel said of them, which changes nothing and takes its time.
    """
    scores = {place: _SHARES[place.kind] * worth for place, worth in findings.worth.items()}
    least = min(sorted(scores.values(), reverse=True)[: search.looked_at], default=0.0)
    reaching = [place for place, score in scores.items() if score >= least]
    best = sorted(reaching, key=lambda place: (-scores[place], place))[: search.looked_at]
    documents = _documents(search, best)
    said = findings.said(documents) if telling else {}
    found = [
        _judged(place, document, scores[place], said.get(place, {}), search) for place, document in documents.items()
    ]
    return _worth_giving(_folded(found))


def _worth_giving(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Without messages that are far behind the best candidate, and without scraps of talk."""
    best = max((candidate.score for candidate in ranked), default=0.0)
    return [
        candidate
        for candidate in ranked
        if candidate.place.kind == "memory"
        or (candidate.score >= FLOOR_SHARE * best and not _scrap(candidate.document))
    ]


def _scrap(document: IndexedMemory | IndexedMessage) -> bool:
    """A message like "right." tells nothing, whatever it lies near to."""
    return (
        isinstance(document, IndexedMessage)
        and len(document.content.split()) < SCRAP_WORDS
        and document.content.isascii()
    )


def _documents(search: Search, places: Sequence[Place]) -> dict[Place, IndexedMemory | IndexedMessage]:
    held: Mapping[Kind, Mapping[int, IndexedMemory | IndexedMessage]] = {
        "memory": search.view.fetch_memories([place.row for place in places if place.kind == "memory"]),
        "message": search.view.fetch_messages([place.row for place in places if place.kind == "message"]),
    }
    return {place: held[place.kind][place.row] for place in places if place.row in held[place.kind]}


def _judged(
    place: Place,
    document: IndexedMemory | IndexedMessage,
    worth: float,
    channels: Mapping[str, ChannelScore],
    search: Search,
) -> Candidate:
    """A document with its score, less what its own nature takes from it."""
    score = min(1.0, max(0.0, worth))
    beyond = max(0.0, worth - score)
    if isinstance(document, IndexedMemory):
        return Candidate(place, document, score, channels, beyond=beyond)
    factor = ASKING if only_asks(document.content) else 1.0
    outdated = document.superseded and search.filters.until is None
    return Candidate(place, document, score * factor, channels, outdated, beyond)


def only_asks(text: str) -> bool:
    """Whether a text is short and every sentence of it a question; a long question tells something on its way."""
    asked = len(text) <= ASKING_CHARACTERS and all(piece.endswith(("?", "？")) for piece in sentences(text))
    return asked and bool(text.strip())


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, without blank ones."""
    return [sentence.strip() for sentence in _SENTENCE_END.split(text) if sentence.strip()]


def first_sentence(text: str) -> str:
    """The first of the sentences, for which a long text need not be cut as a whole; empty for a blank text."""
    begin = 0
    for end in _SENTENCE_END.finditer(text):
        if sentence := text[begin : end.start()].strip():
            return sentence
        begin = end.end()
    return text[begin:].strip()


def _folded(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Best first, without the messages that are the source of a memory among them.

    The best such memory takes over the message's score if that is better: it says the same, in fewer words.
    """
    ranked = sorted(candidates, key=_order)
    owners: dict[tuple[int, str], int] = {}
    for number, candidate in enumerate(ranked):
        if isinstance(candidate.document, IndexedMemory):
            for message in candidate.document.messages:
                owners.setdefault((candidate.place.profile, message), number)
    kept = dict(enumerate(ranked))
    for number, candidate in enumerate(ranked):
        owner = owners.get((candidate.place.profile, candidate.document.id))
        if candidate.place.kind == "message" and owner is not None:
            del kept[number]
            memory = kept[owner]
            kept[owner] = replace(
                memory,
                score=max(memory.score, candidate.score),
                beyond=max(memory.beyond, candidate.beyond),
                channels={**candidate.channels, **memory.channels},
            )
    return ranked if len(kept) == len(ranked) else sorted(kept.values(), key=_order)


def _order(candidate: Candidate) -> tuple[bool, float, float, int, float, str]:
    """What is outdated last, then by score; at ties the project's before the personal, the newer before the older."""
    time = candidate.time
    age = -time.timestamp() if time else 0.0
    beyond = -round(candidate.beyond, _TIE_DIGITS) if candidate.beyond else 0.0
    score = -round(candidate.score, _TIE_DIGITS)
    return candidate.outdated, score, beyond, candidate.place.profile, age, candidate.document.id

"""The channels: each looks in its own way, and votes for documents with a strength between 0 and 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.index import Filters, Found, Kind, View, stems
from sidecar.model import ProfileRef
from sidecar.recall.query import Query
from sidecar.recall.weights import ATTAINABLE, KEY_COVERED, LOOKED_AT, MEMORY_FIELDS, MESSAGE_FIELDS, POOL, SAME_SCORE

CHANNEL_KINDS: Mapping[str, Kind] = {
    "keyword": "memory",
    "key": "memory",
    "vector": "memory",
    "raw": "message",
    "raw_vector": "message",
}
"""The channels, each over one kind of document."""

WORDED = ("keyword", "raw")
"""The channels whose score is one of words, without an upper end of its own."""


class Place(NamedTuple):
    """A document: the position of its profile among those asked, its kind, its row."""

    profile: int
    kind: Kind
    row: int


@dataclass(frozen=True, slots=True)
class Vote:
    """A channel's word for a document.  `score` is on the channel's own scale, `strength` between 0 and 1."""

    place: Place
    rank: int
    score: float
    strength: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What all channels found: their votes, best first, and which of the query's terms each of the best has."""

    votes: Mapping[str, Sequence[Vote]]
    has: Mapping[Place, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Search:
    """What the channels of one recall share."""

    view: View
    profiles: Sequence[ProfileRef]
    query: Query
    vector: NDArray[np.float32]
    filters: Filters
    limit: int

    @property
    def pool(self) -> int:
        """Rows that each channel brings."""
        return max(POOL, self.limit)


Ranking = list[tuple[Place, float]]


def run(search: Search, kinds: Sequence[Kind], threads: Executor) -> Findings:
    """Ask every channel, all at the same time; none sees what another found."""
    ways = {"keyword": _worded, "key": _keyed, "vector": _near, "raw": _worded, "raw_vector": _near}
    asked = {name: threads.submit(ways[name], search, kind) for name, kind in CHANNEL_KINDS.items() if kind in kinds}
    rankings = {name: answer.result() for name, answer in asked.items()}
    has = _coverage(search, sorted({place for ranking in rankings.values() for place, _ in ranking[:LOOKED_AT]}))
    for vector, words in (("vector", "keyword"), ("raw_vector", "raw")):
        if vector in rankings:
            rankings[vector] += _further(search, rankings[words], rankings[vector])
    whole = sum(search.query.weights.values()) or 1.0
    votes = {
        name: [Vote(place, rank, score, _strength(name, score, whole)) for rank, place, score in _ranked(ranking)]
        for name, ranking in rankings.items()
    }
    return Findings(votes, has)


def _ranked(ranking: Ranking) -> Iterator[tuple[int, Place, float]]:
    """With ranks from 1; what has the same score has the same rank, so that ties are settled by time and profile."""
    rank, last = 0, float("inf")
    for position, (place, score) in enumerate(ranking, 1):
        if score < last * (1 - SAME_SCORE):
            rank, last = position, score
        yield rank, place, score


def _strength(channel: str, score: float, whole: float) -> float:
    """How much of a vote counts, in absolute terms.

    A cosine and a key's coverage as they are; a match of words as the share of what all words together could score.
    """
    return min(1.0, score / (whole * ATTAINABLE)) if channel in WORDED else score


def _worded(search: Search, kind: Kind) -> Ranking:
    """The documents with the query's words."""
    fields = MEMORY_FIELDS if kind == "memory" else MESSAGE_FIELDS
    return _merged(
        kind,
        [
            search.view.words(kind, profile, search.query.weights, fields, search.filters, search.pool)
            for profile in search.profiles
        ],
        search.pool,
    )


def _near(search: Search, kind: Kind) -> Ranking:
    """The documents whose vectors are near the query's."""
    return _merged(
        kind,
        [search.view.nearest(kind, profile, search.vector, search.filters, search.pool) for profile in search.profiles],
        search.pool,
    )


def _further(search: Search, worded: Ranking, near: Ranking) -> Ranking:
    """What the vectors say of documents that were found by words and are not among the nearest."""
    known = {place for place, _ in near}
    missing = [place for place, _ in worded if place not in known]
    found: Ranking = []
    for profile, kind in sorted({(place.profile, place.kind) for place in missing}):
        rows = [place.row for place in missing if (place.profile, place.kind) == (profile, kind)]
        cosines = search.view.cosines(kind, search.profiles[profile], search.vector, rows)
        found += [(Place(profile, kind, row), cosine) for row, cosine in cosines.items() if cosine > 0]
    return sorted(found, key=lambda item: (-item[1], item[0].profile, -item[0].row))


def _keyed(search: Search, kind: Kind) -> Ranking:
    """The memories whose topic key the query names; the score is the share of the key's words that it has."""
    shares: list[list[Found]] = []
    for profile in search.profiles:
        found = search.view.words(kind, profile, search.query.weights, {"key": 1.0}, search.filters, search.pool)
        memories = search.view.fetch_memories([hit.row for hit in found])
        named = [Found(row, _named(memory.key or "", search.query)) for row, memory in memories.items()]
        shares.append([hit for hit in named if hit.score >= KEY_COVERED])
    return _merged(kind, shares, search.pool)


def _named(key: str, query: Query) -> float:
    words = {term for segment in key.split("/") for term in stems(segment.replace("-", " "))}
    return len(words & query.weights.keys()) / len(words) if words else 0.0


def _merged(kind: Kind, by_profile: Sequence[Sequence[Found]], pool: int) -> Ranking:
    """The rankings of several profiles as one; equal scores by profile, then the later row first."""
    everything = [
        (Place(profile, kind, hit.row), hit.score) for profile, found in enumerate(by_profile) for hit in found
    ]
    return sorted(everything, key=lambda item: (-item[1], item[0].profile, -item[0].row))[:pool]


def _coverage(search: Search, places: Sequence[Place]) -> dict[Place, frozenset[str]]:
    terms = list(search.query.weights)
    found: dict[Place, frozenset[str]] = {}
    for profile, kind in sorted({(place.profile, place.kind) for place in places}):
        rows = [place.row for place in places if (place.profile, place.kind) == (profile, kind)]
        for row, has in search.view.coverage(kind, search.profiles[profile], terms, rows).items():
            found[Place(profile, kind, row)] = has
    return found

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
from sidecar.recall.messages import Asked, spoken
from sidecar.recall.query import Query
from sidecar.recall.weights import ATTAINABLE, KEY_COVERED, LOOKED_AT, MEMORY_FIELDS, POOL, SAME_SCORE, SPARE

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
    """What all channels found: their votes, best first, and which of the query's terms each of the best has.

    `worth`: of messages, which are not ranked by votes.
    """

    votes: Mapping[str, Sequence[Vote]]
    has: Mapping[Place, frozenset[str]]
    worth: Mapping[Place, float]


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

    @property
    def looked_at(self) -> int:
        """Documents that are read: some are folded into others or ranked down."""
        return self.limit + max(SPARE, self.limit // 2)


Ranking = list[tuple[Place, float]]


def run(search: Search, kinds: Sequence[Kind], threads: Executor) -> Findings:
    """Ask every channel, all at the same time; none sees what another found."""
    ways = {"keyword": _worded, "key": _keyed, "vector": _near}
    asked = {name: threads.submit(way, search) for name, way in ways.items() if "memory" in kinds}
    talk = threads.submit(_talk, search) if "message" in kinds else None
    rankings = {name: answer.result() for name, answer in asked.items()}
    worth: Mapping[Place, float] = {}
    if talk:
        rankings["raw"], rankings["raw_vector"], worth = talk.result()
    has = _coverage(search, sorted({place for ranking in rankings.values() for place, _ in ranking[:LOOKED_AT]}))
    if "vector" in rankings:
        rankings["vector"] += _further(search, rankings["keyword"], rankings["vector"])
    whole = sum(search.query.weights.values()) or 1.0
    votes = {
        name: [Vote(place, rank, score, _strength(name, score, whole)) for rank, place, score in _ranked(ranking)]
        for name, ranking in rankings.items()
    }
    return Findings(votes, has, worth)


def _talk(search: Search) -> tuple[Ranking, Ranking, Mapping[Place, float]]:
    """The messages by words, by meaning, and what each is worth in all."""
    asked = Asked(search.query, search.vector, search.filters, search.looked_at)
    found = [
        (Place(number, "message", one.row), one)
        for number, profile in enumerate(search.profiles)
        for one in spoken(search.view, profile, asked)
    ]
    words = [(place, one.words) for place, one in found if one.words > 0]
    near = [(place, one.cosine) for place, one in found if one.cosine > 0]
    return _sorted(words), _sorted(near), {place: one.worth for place, one in found}


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


def _worded(search: Search) -> Ranking:
    """The memories with the query's words."""
    weights, filters, pool = search.query.weights, search.filters, search.pool
    found = [search.view.words("memory", profile, weights, MEMORY_FIELDS, filters, pool) for profile in search.profiles]
    return _merged(found, pool)


def _near(search: Search) -> Ranking:
    """The memories whose vectors are near the query's."""
    vector, filters, pool = search.vector, search.filters, search.pool
    return _merged([search.view.nearest("memory", each, vector, filters, pool) for each in search.profiles], pool)


def _further(search: Search, worded: Ranking, near: Ranking) -> Ranking:
    """What the vectors say of documents that were found by words and are not among the nearest."""
    known = {place for place, _ in near}
    missing = [place for place, _ in worded if place not in known]
    found: Ranking = []
    for profile, kind in sorted({(place.profile, place.kind) for place in missing}):
        rows = [place.row for place in missing if (place.profile, place.kind) == (profile, kind)]
        cosines = search.view.cosines(kind, search.profiles[profile], search.vector, rows)
        found += [(Place(profile, kind, row), cosine) for row, cosine in cosines.items() if cosine > 0]
    return _sorted(found)


def _keyed(search: Search) -> Ranking:
    """The memories whose topic key the query names; the score is the share of the key's words that it has."""
    shares: list[list[Found]] = []
    for profile in search.profiles:
        found = search.view.words("memory", profile, search.query.weights, {"key": 1.0}, search.filters, search.pool)
        memories = search.view.fetch_memories([hit.row for hit in found])
        named = [Found(row, _named(memory.key or "", search.query)) for row, memory in memories.items()]
        shares.append([hit for hit in named if hit.score >= KEY_COVERED])
    return _merged(shares, search.pool)


def _named(key: str, query: Query) -> float:
    words = {term for segment in key.split("/") for term in stems(segment.replace("-", " "))}
    return len(words & query.weights.keys()) / len(words) if words else 0.0


def _merged(by_profile: Sequence[Sequence[Found]], pool: int) -> Ranking:
    """The memories of several profiles as one ranking."""
    everything = [
        (Place(profile, "memory", hit.row), hit.score) for profile, found in enumerate(by_profile) for hit in found
    ]
    return _sorted(everything)[:pool]


def _sorted(found: Ranking) -> Ranking:
    """Best first; equal scores by profile, then the later row first."""
    return sorted(found, key=lambda item: (-item[1], item[0].profile, -item[0].row))


def _coverage(search: Search, places: Sequence[Place]) -> dict[Place, frozenset[str]]:
    terms = list(search.query.weights)
    found: dict[Place, frozenset[str]] = {}
    for profile, kind in sorted({(place.profile, place.kind) for place in places}):
        rows = [place.row for place in places if (place.profile, place.kind) == (profile, kind)]
        for row, has in search.view.coverage(kind, search.profiles[profile], terms, rows).items():
            found[Place(profile, kind, row)] = has
    return found

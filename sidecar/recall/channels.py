"""The channels: each looks in its own way and ranks the documents that it found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.index import Filters, Kind, View
from sidecar.model import ProfileRef
from sidecar.recall.memories import told
from sidecar.recall.messages import Asked, spoken
from sidecar.recall.query import Query
from sidecar.recall.weights import LOOKED_AT, SAME_SCORE, SPARE


class Place(NamedTuple):
    """A document: the position of its profile among those asked, its kind, its row."""

    profile: int
    kind: Kind
    row: int


class Vote(NamedTuple):
    """A channel's word for a document.  `score` is on the channel's own scale."""

    rank: int
    place: Place
    score: float


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
    def looked_at(self) -> int:
        """Documents that are read: some are folded into others or ranked down."""
        return self.limit + max(SPARE, self.limit // 2)


class Had:
    """Which of the query's terms each of the best documents has.

    The index is asked for it at the first use: where the gate decides without it, that is a search of many terms saved.
    """

    def __init__(self, search: Search, places: Sequence[Place]) -> None:
        self._search, self._places = search, places

    @cached_property
    def memories(self) -> frozenset[frozenset[str]]:
        """What the memories have."""
        return self._of("memory")

    @cached_property
    def messages(self) -> frozenset[frozenset[str]]:
        """What the messages have."""
        return self._of("message")

    @property
    def everything(self) -> frozenset[frozenset[str]]:
        """What both have."""
        return self.memories | self.messages

    def _of(self, kind: Kind) -> frozenset[frozenset[str]]:
        terms = list(self._search.query.weights)
        found: set[frozenset[str]] = set()
        for number, profile in enumerate(self._search.profiles):
            rows = [place.row for place in self._places if (place.profile, place.kind) == (number, kind)]
            found |= set(self._search.view.coverage(kind, profile, terms, rows).values())
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Findings:
    """What all channels found: their votes, best first, and which of the query's terms the best have.

    `worth`: what each document is worth in all, on the scale of its kind.
    """

    votes: Mapping[str, Sequence[Vote]]
    had: Had
    worth: Mapping[Place, float]


Ranking = list[tuple[Place, float]]
Worth = Mapping[Place, float]


def run(search: Search, kinds: Sequence[Kind]) -> Findings:
    """Ask for memories, then for messages; neither sees what the other found.

    One after the other: both are Python between short calls of the engines, and two threads that hand the interpreter
    to each other after each of these took longer than one, alone and still more beside other recalls.
    """
    ways: Mapping[Kind, Callable[[Search], tuple[Mapping[str, Ranking], Worth]]] = {"memory": _kept, "message": _talk}
    rankings: dict[str, Ranking] = {}
    worth: dict[Place, float] = {}
    for kind in sorted(set(kinds)):
        channels, values = ways[kind](search)
        rankings |= channels
        worth |= values
    had = Had(search, sorted({place for ranking in rankings.values() for place, _ in ranking[:LOOKED_AT]}))
    votes = {name: [Vote(*ranked) for ranked in _ranked(ranking)] for name, ranking in rankings.items()}
    return Findings(votes, had, worth)


def _kept(search: Search) -> tuple[Mapping[str, Ranking], Worth]:
    """The memories by each channel, and what each is worth in all."""
    asked = Asked(search.query, search.vector, search.filters, search.looked_at)
    found = [
        (Place(number, "memory", one.row), one)
        for number, profile in enumerate(search.profiles)
        for one in told(search.view, profile, asked, beside=number > 0)
    ]
    rankings = {
        "keyword": [(place, one.words) for place, one in found if one.words > 0],
        "synonym": [(place, one.synonyms) for place, one in found if one.synonyms > 0],
        "key": [(place, one.key) for place, one in found if one.key > 0],
        "vector": [(place, one.cosine) for place, one in found if one.cosine > 0],
        "source": [(place, one.source) for place, one in found if one.source > 0],
    }
    return {name: _sorted(each) for name, each in rankings.items()}, {place: one.worth for place, one in found}


def _talk(search: Search) -> tuple[Mapping[str, Ranking], Worth]:
    """The messages by words, by meaning, and what each is worth in all."""
    asked = Asked(search.query, search.vector, search.filters, search.looked_at)
    found = [
        (Place(number, "message", one.row), one)
        for number, profile in enumerate(search.profiles)
        for one in spoken(search.view, profile, asked)
    ]
    words = [(place, one.words) for place, one in found if one.words > 0]
    near = [(place, one.cosine) for place, one in found if one.cosine > 0]
    return {"raw": _sorted(words), "raw_vector": _sorted(near)}, {place: one.worth for place, one in found}


def _ranked(ranking: Ranking) -> Iterator[tuple[int, Place, float]]:
    """With ranks from 1; what has the same score has the same rank, so that ties are settled by time and profile."""
    rank, last = 0, float("inf")
    for position, (place, score) in enumerate(ranking, 1):
        if score < last * (1 - SAME_SCORE):
            rank, last = position, score
        yield rank, place, score


def _sorted(found: Ranking) -> Ranking:
    """Best first; equal scores by profile, then the later row first."""
    return sorted(found, key=lambda item: (-item[1], item[0].profile, -item[0].row))

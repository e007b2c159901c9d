"""The channels: each looks in its own way and ranks the documents that it found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.index import Filters, Kind, View
from sidecar.model import ChannelScore, ProfileRef
from sidecar.recall import memories, messages
from sidecar.recall.messages import Asked, Ranked
from sidecar.recall.query import Query
from sidecar.recall.weights import CHANNELS, LOOKED_AT, SAME_SCORE, SPARE


class Place(NamedTuple):
    """A document: the position of its profile among those asked, its kind, its row."""

    profile: int
    kind: Kind
    row: int


Ranking = list[tuple[Place, float]]
"""A channel's documents, best first, with their scores on its own scale."""

Worth = Mapping[Place, float]


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

    def __init__(self, search: Search, rankings: Iterable[Ranking]) -> None:
        self._search, self._rankings = search, rankings

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
        places = {place for ranking in self._rankings for place, _ in ranking[:LOOKED_AT] if place.kind == kind}
        found: set[frozenset[str]] = set()
        for number, profile in enumerate(self._search.profiles):
            rows = sorted(place.row for place in places if place.profile == number)
            found |= set(self._search.view.coverage(kind, profile, terms, rows).values())
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class Findings:
    """What all channels found: their rankings by name, and which of the query's terms the best have.

    `worth`: what each document is worth in all, on the scale of its kind.
    """

    rankings: Mapping[str, Ranking]
    had: Had
    worth: Worth

    def said(self, wanted: Container[Place]) -> Mapping[Place, Mapping[str, ChannelScore]]:
        """What each channel said of some documents.

        Ranks are from 1; what has the same score has the same rank, so that ties are settled by time and profile.
        """
        found: dict[Place, dict[str, ChannelScore]] = defaultdict(dict)
        for name, ranking in self.rankings.items():
            rank, last = 0, float("inf")
            for position, (place, score) in enumerate(ranking, 1):
                if score < last * (1 - SAME_SCORE):
                    rank, last = position, score
                if place in wanted:
                    found[place][name] = ChannelScore(rank, score, CHANNELS[name])
        return found


_PARTS: Mapping[Kind, Sequence[str]] = {"memory": memories.PARTS, "message": messages.PARTS}


def run(search: Search, kinds: Sequence[Kind]) -> Findings:
    """Ask for memories, then for messages; neither sees what the other found.

    One after the other: both are Python between short calls of the engines, and two threads that hand the interpreter
    to each other after each of these took longer than one, alone and still more beside other recalls.
    """
    rankings: dict[str, Ranking] = {}
    worth: dict[Place, float] = {}
    for kind in sorted(set(kinds)):
        found = _found(search, kind)
        for each, one in found:
            worth.update(zip(each, one.worth, strict=True))
        rankings |= {part: _ranking(found, part) for part in _PARTS[kind]}
    return Findings(rankings, Had(search, rankings.values()), worth)


def _found(search: Search, kind: Kind) -> list[tuple[list[Place], Ranked]]:
    """What may be given of each profile, and where it is."""
    asked = Asked(search.query, search.vector, search.filters, search.looked_at)
    found = []
    for number, profile in enumerate(search.profiles):
        if kind == "memory":
            ranked = memories.told(search.view, profile, asked, beside=number > 0)
        else:
            ranked = messages.spoken(search.view, profile, asked)
        found.append(([Place(number, kind, row) for row in ranked.rows], ranked))
    return found


def _ranking(found: Sequence[tuple[Sequence[Place], Ranked]], part: str) -> Ranking:
    """What one channel found; equal scores come by profile, then the later row first."""
    scored = [
        pair
        for places, ranked in found
        for pair in zip(places, ranked.scores.get(part, ()), strict=True)
        if pair[1] > 0
    ]
    return sorted(scored, key=itemgetter(1), reverse=True)  # which keeps the order of equals

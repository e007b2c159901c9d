"""Memories in one order: what each says, in the query's words, in other words for them, and in what it came from.

A memory is one statement, often in words that its reader does not use: the message that it came from says the same in
the words of that day, and a table knows what else things are called.  The parts are summed on absolute scales, so that
one that found nothing good does not outvote another (see `weights.Kept`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.index import TYPES, View
from sidecar.model import ProfileRef
from sidecar.recall.arrays import distinct, foremost
from sidecar.recall.messages import Asked
from sidecar.recall.weights import KEY_COVERED, LOOKED_AT, MEMORY_FIELDS, POOL, Kept

_TASK = TYPES.index("task")
_WEIGHTS = np.array([Kept.WORDS, Kept.SYNONYMS, Kept.KEY, Kept.MEANING, Kept.SOURCE])
"""Of the parts, in the order of `Told`."""


class Told(NamedTuple):
    """A memory that may be given, what each part found, and what it is worth in all.

    `words` and `synonyms` are scores by words, as shares of what the query's words weigh together; `key` is the share
    of its topic key's words that the query has, `cosine` its own nearness and `source` that of the message that it came
    from; of what has only one of them, both are that.
    """

    row: int
    words: float
    synonyms: float
    key: float
    cosine: float
    source: float
    worth: float


def told(view: View, profile: ProfileRef, asked: Asked, *, beside: bool) -> list[Told]:
    """The memories of most worth, and with them the best by each part alone; in no order.

    `beside`: the profile is not the project's own.
    """
    block = view.memories_of(profile)
    if block is None:
        return []
    query, filters, pool = asked.query, asked.filters, max(POOL, asked.most)
    worded, other_words = (
        view.worded("memory", profile, weights, MEMORY_FIELDS, filters, pool)
        for weights in (query.weights, query.synonyms)
    )
    shares = view.keys(profile, query.weights, filters, pool)
    keys = {row: share for row, share in shares.items() if share >= KEY_COVERED}
    near = view.near("memory", profile, asked.vector, filters, pool)
    others = [*keys, *view.nearest_sources(profile, asked.vector, filters, pool)]
    rows = distinct(np.concatenate([near, worded[0], other_words[0], np.array(others, np.uint64)]))
    whole = sum(query.weights.values()) or 1.0
    places = block.places(rows)
    parts = np.stack(
        [
            _aligned(rows, *worded) / whole,
            _aligned(rows, *other_words) / whole,
            _aligned(rows, np.array(list(keys), np.uint64), list(keys.values())),
            *_nearness(view, profile, asked, places),
        ]
    )
    worth = _WEIGHTS @ parts - Kept.BESIDE * beside - Kept.TASK * (block.column("type")[places] == _TASK)
    ranked = [foremost(worth, asked.most), *(foremost(part, LOOKED_AT) for part in parts)]
    best = distinct(np.concatenate(ranked))
    values = zip(rows[best].tolist(), parts[:, best].T.tolist(), worth[best].tolist(), strict=True)
    return [
        Told(row, words, synonyms, key, cosine, source, value)
        for row, (words, synonyms, key, cosine, source), value in values
    ]


def _aligned(
    rows: NDArray[np.uint64], scored: NDArray[np.uint64], scores: NDArray[np.float32] | Sequence[float]
) -> NDArray[np.float64]:
    """The score of each row, 0 where it has none; every scored row is among them, and they are in order."""
    found = np.zeros(len(rows))
    found[np.searchsorted(rows, scored)] = scores
    return found


def _nearness(
    view: View, profile: ProfileRef, asked: Asked, places: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cosine of each memory and of the message that it came from.

    A task has no vector of its own, and not every message is held: then one stands in for the other.
    """
    own = view.own_cosines(profile, asked.vector, places)
    source = view.source_cosines(profile, asked.vector, places)
    cosine = np.where(np.isnan(own), np.nan_to_num(source), own)
    return cosine, np.where(np.isnan(source), cosine, source)

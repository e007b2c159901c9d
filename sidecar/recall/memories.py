"""Memories in one order: what each says, in the query's words, in other words for them, and in what it came from.

A memory is one statement, often in words that its reader does not use: the message that it came from says the same in
the words of that day, and a table knows what else things are called.  The parts are summed on absolute scales, so that
one that found nothing good does not outvote another (see `weights.Kept`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sidecar.index import TYPES, View, distinct, foremost
from sidecar.model import ProfileRef
from sidecar.recall.messages import NOTHING, Asked, Ranked
from sidecar.recall.weights import CHANNELS, KEY_COVERED, LOOKED_AT, MEMORY_FIELDS, POOL, Kept

Cosines = NDArray[np.float32]

PARTS = ("keyword", "synonym", "key", "vector", "source")
"""The channels of memories.

`keyword` and `synonym` are scores by words, as shares of what the query's words weigh together; `key` is the share of
its topic key's words that the query has, `vector` a memory's own nearness and `source` that of the message that it came
from; of what has only one of them, both are that.
"""

_WEIGHTS = np.array([CHANNELS[part] for part in PARTS])
_TASK = TYPES.index("task")


def told(view: View, profile: ProfileRef, asked: Asked, *, beside: bool) -> Ranked:
    """The memories of most worth, and with them the best by each part alone.

    `beside`: the profile is not the project's own.
    """
    block = view.memories_of(profile)
    if block is None:
        return NOTHING
    query, filters, pool = asked.query, asked.filters, max(POOL, asked.most)
    shares = view.keys(profile, query.weights, filters, pool)
    keys = {place: share for place, share in shares.items() if share >= KEY_COVERED}
    worded, other_words = (
        view.worded("memory", profile, weights, MEMORY_FIELDS, filters, pool)
        for weights in (query.weights, query.synonyms)
    )
    others = np.concatenate([worded[0], other_words[0], np.array(list(keys), np.intp)])
    places, own = view.near_memories(profile, asked.vector, filters, pool, others)
    whole = sum(query.weights.values()) or 1.0
    parts = np.zeros((len(PARTS), len(places)))
    for part, (scored, scores) in enumerate((worded, other_words)):
        parts[part, np.searchsorted(places, scored)] = scores / np.float32(whole)
    if keys:
        parts[2, np.searchsorted(places, list(keys))] = list(keys.values())
    parts[3:] = _nearness(own, view.source_cosines(profile, asked.vector, places))
    worth = _WEIGHTS @ parts - Kept.BESIDE * beside - Kept.TASK * (block.column("type")[places] == _TASK)
    best = distinct(np.concatenate([foremost(worth, asked.most), _best_by_each(parts)]))[::-1]
    return Ranked(
        block.column("row")[places[best]].tolist(),
        dict(zip(PARTS, parts[:, best].tolist(), strict=True)),
        worth[best].tolist(),
    )


def _best_by_each(parts: NDArray[np.float64]) -> NDArray[np.intp]:
    """The places of the best by each part, of what it found: that may be less than is looked at."""
    order = np.argsort(-parts, axis=1, kind="stable")[:, :LOOKED_AT]
    found: NDArray[np.intp] = order[np.take_along_axis(parts, order, axis=1) > 0]
    return found


def _nearness(own: Cosines, source: Cosines) -> tuple[Cosines, Cosines]:
    """The cosine of each memory and of the message that it came from, NaN where there is none.

    A task has no vector of its own, and not every message is held: then one stands in for the other.
    """
    cosine = np.where(np.isnan(own), np.nan_to_num(source), own)
    return cosine, np.where(np.isnan(source), cosine, source)

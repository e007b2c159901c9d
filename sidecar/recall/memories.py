"""Memories in one order: what each says, in the query's words, in other words for them, and in what it came from.

A memory is one statement, often in words that its reader does not use: the message that it came from says the same in
the words of that day, and a table knows what else things are called.  The parts are summed on absolute scales, so that
one that found nothing good does not outvote another (see `weights.Kept`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.index import Filters, IndexedMemory, View, stems
from sidecar.model import ProfileRef
from sidecar.recall.messages import Asked
from sidecar.recall.query import Query
from sidecar.recall.weights import KEY_COVERED, MEMORY_FIELDS, POOL, Kept


@dataclass(frozen=True, slots=True)
class Told:
    """A memory that may be given, what each part found, and what it is worth in all.

    `words` and `synonyms` are scores by words, `key` the share of its topic key's words that the query has, `cosine`
    its own nearness and `source` that of the message that it came from; of what has only one of them, both are that.
    """

    row: int
    words: float
    synonyms: float
    key: float
    cosine: float
    source: float
    worth: float


def told(view: View, profile: ProfileRef, asked: Asked, *, beside: bool) -> list[Told]:
    """The memories of most worth, in no order.  `beside`: the profile is not the project's own."""
    query, filters, pool = asked.query, asked.filters, max(POOL, asked.most)
    words = _scores(view, profile, query.weights, filters, pool)
    others = _scores(view, profile, query.synonyms, filters, pool)
    near = {hit.row for hit in view.nearest("memory", profile, asked.vector, filters, pool)}
    near |= set(view.nearest_sources(profile, asked.vector, filters, pool))
    memories = view.fetch_memories(sorted(near | words.keys() | others.keys()))
    cosines = view.cosines("memory", profile, asked.vector, list(memories))
    sources = view.source_cosines(profile, asked.vector, list(memories))
    whole = sum(query.weights.values()) or 1.0
    found = []
    for row, memory in memories.items():
        key = named(memory, query)
        # A task has no vector of its own, and not every message is held: then one stands in for the other.
        cosine = cosines.get(row, sources.get(row, 0.0))
        source = sources.get(row, cosine)
        said = Kept.WORDS * words.get(row, 0.0) / whole + Kept.SYNONYMS * others.get(row, 0.0) / whole
        worth = said + Kept.KEY * key + Kept.MEANING * cosine + Kept.SOURCE * source
        worth -= Kept.BESIDE * beside + Kept.TASK * (memory.type == "task")
        found.append(Told(row, words.get(row, 0.0), others.get(row, 0.0), key, cosine, source, worth))
    return found


def _scores(
    view: View, profile: ProfileRef, weights: Mapping[str, float], filters: Filters, pool: int
) -> Mapping[int, float]:
    return {hit.row: hit.score for hit in view.words("memory", profile, weights, MEMORY_FIELDS, filters, pool)}


def named(memory: IndexedMemory, query: Query) -> float:
    """The share of the words of a memory's topic key that the query names; 0 below what counts as naming it."""
    segments = (memory.key or "").split("/")
    words = {term for segment in segments for term in stems(segment.replace("-", " "))}
    share = len(words & query.weights.keys()) / len(words) if words else 0.0
    return share if share >= KEY_COVERED else 0.0

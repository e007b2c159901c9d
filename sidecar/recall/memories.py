"""Memories in one order: what each says, in the query's words, in other words for them, and in what it came from.

A memory is one statement, often in words that its reader does not use: the message that it came from says the same in
the words of that day, and a table knows what else things are called.  The parts are summed on absolute scales, so that
one that found nothing good does not outvote another (see `weights.Kept`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.index import View, stems
from sidecar.model import ProfileRef
from sidecar.recall.messages import Asked
from sidecar.recall.query import Query
from sidecar.recall.weights import KEY_COVERED, MEMORY_FIELDS, POOL, Kept


@dataclass(frozen=True, slots=True)
class Told:
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
    """The memories of most worth, in no order.  `beside`: the profile is not the project's own."""
    query, filters, pool = asked.query, asked.filters, max(POOL, asked.most)
    words = _scores(view, profile, query.weights, MEMORY_FIELDS, asked)
    others = _scores(view, profile, query.synonyms, MEMORY_FIELDS, asked)
    keys = _keys(view, profile, asked)
    near = {hit.row for hit in view.nearest("memory", profile, asked.vector, filters, pool)}
    near |= set(view.nearest_sources(profile, asked.vector, filters, pool))
    types = view.types(profile, sorted(near | words.keys() | others.keys() | keys.keys()))
    cosines = view.cosines("memory", profile, asked.vector, list(types))
    sources = view.source_cosines(profile, asked.vector, list(types))
    whole = sum(query.weights.values()) or 1.0
    found = []
    for row, kind in types.items():
        # A task has no vector of its own, and not every message is held: then one stands in for the other.
        cosine = cosines.get(row, sources.get(row, 0.0))
        source = sources.get(row, cosine)
        said, otherwise, key = words.get(row, 0.0) / whole, others.get(row, 0.0) / whole, keys.get(row, 0.0)
        worth = Kept.WORDS * said + Kept.SYNONYMS * otherwise + Kept.KEY * key
        worth += Kept.MEANING * cosine + Kept.SOURCE * source
        worth -= Kept.BESIDE * beside + Kept.TASK * (kind == "task")
        found.append(Told(row, said, otherwise, key, cosine, source, worth))
    return found


def _scores(
    view: View, profile: ProfileRef, weights: Mapping[str, float], fields: Mapping[str, float], asked: Asked
) -> Mapping[int, float]:
    pool = max(POOL, asked.most)
    return {hit.row: hit.score for hit in view.words("memory", profile, weights, fields, asked.filters, pool)}


def _keys(view: View, profile: ProfileRef, asked: Asked) -> Mapping[int, float]:
    """The memories whose topic key the query names, with the share of the key's words that it has."""
    rows = _scores(view, profile, asked.query.weights, {"key": 1.0}, asked)
    shares = {row: _named(memory.key or "", asked.query) for row, memory in view.fetch_memories(sorted(rows)).items()}
    return {row: share for row, share in shares.items() if share >= KEY_COVERED}


def _named(key: str, query: Query) -> float:
    words = {term for segment in key.split("/") for term in stems(segment.replace("-", " "))}
    return len(words & query.weights.keys()) / len(words) if words else 0.0

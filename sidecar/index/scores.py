"""What the engine's scores are made of (BM25): to weigh terms, and to score what the engine does not have yet."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from sidecar.records import dataclass

_K1, _B = 1.2, 0.75
"""Tantivy's: how soon a term that is repeated tells nothing new, and how much a long field tells less."""

_EXACT_LENGTHS = 24
_LENGTH_BITS = 4
"""Tantivy keeps a field's length in one byte, as Lucene does: up to 24 terms exactly, and of what is beyond the first
four bits."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What BM25 takes from a whole field: the terms of a document on average, and how many documents there are.

    Both with those that were deleted, until they are merged away.
    """

    average: float
    documents: int


def idf(documents: int, containing: int) -> float:
    """How much a term tells that `containing` of `documents` have (BM25's form, never negative)."""
    containing = min(containing, documents)
    return math.log1p((documents - containing + 0.5) / (containing + 0.5))


def saturated(times: int, length: int, average: float) -> float:
    """What the idf is multiplied with for a term that a field of some length, as `kept_length` gives it, has so often.

    `average` is the average length.
    """
    return (_K1 + 1) * times / (times + _K1 * (1 - _B + _B * length / average))


def kept_length(terms: int) -> int:
    """The length of a field with so many terms, as the engine remembers it."""
    beyond = max(0, terms - _EXACT_LENGTHS)
    dropped = max(0, beyond.bit_length() - _LENGTH_BITS)
    return terms - beyond + (beyond >> dropped << dropped)


def shares_of(weights: Mapping[str, float]) -> dict[str, float]:
    """The share of one half that each weight has of all of them."""
    whole = 2 * (sum(weights.values()) or 1.0)
    return {term: weight / whole for term, weight in weights.items()}


def figures_in(told: str) -> Figures:
    """What the engine's account of the score of a term, which is JSON, says of the whole field."""
    found: dict[str, float] = {}
    parts = [json.loads(told)]
    while parts:
        part = parts.pop()
        found[part["description"].partition(",")[0]] = part["value"]
        parts += part.get("details") or ()
    return Figures(found["avgdl"], int(found["N"]))

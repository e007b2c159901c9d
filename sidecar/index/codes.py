"""Vectors as bytes: which rows are near is told from a quarter of the memory; the only module that knows simsimd.

What the bytes say is off by a thousandth or so, so they choose whom to compare, and the vectors themselves decide.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import simsimd
from numpy.typing import NDArray

Bytes = NDArray[np.int8]
Scores = NDArray[np.float32]

SLACK = np.float32(0.01)
"""How much two cosines by bytes may mislead about which is greater.

A number is off by half a step at most, a step being 1/127 of the greatest number of its row, a quarter or so in 256
dimensions: the errors of a row and of the query add up to a standard deviation below 0.001, that of two rows to little
more.
"""

_STEPS = 127


def quantised(vectors: NDArray[Any]) -> tuple[Bytes, Scores]:
    """Rows as bytes, and what one step of each is worth; 0 for a row without a vector."""
    vectors = vectors.astype(np.float32)
    steps = np.abs(vectors).max(axis=1, initial=0) / np.float32(_STEPS)
    parts = np.divide(vectors, steps[:, None], out=np.zeros_like(vectors), where=steps[:, None] > 0)
    return np.rint(parts, out=parts).astype(np.int8), steps


def products(codes: Bytes, steps: Scores, vector: NDArray[np.float32]) -> Scores:
    """Nearly the product of each row with a vector."""
    query, step = quantised(vector[None])
    # Some four times as quick as numpy with the vectors themselves: a quarter of the memory to read.
    found = np.asarray(simsimd.cdist(query, codes, "dot")).ravel().astype(np.float32)
    found *= steps
    found *= step[0]
    return found


def candidates(scores: Scores, limit: int) -> NDArray[np.intp]:
    """The places among which the greatest `limit` true values are, and hardly more; in order."""
    return np.flatnonzero(scores >= _least(scores, limit) - SLACK)


def _least(scores: Scores, limit: int) -> np.float32:
    """What the `limit` greatest values reach, or a little less."""
    if limit >= len(scores):
        return np.float32(-np.inf)
    # The greatest of each of many groups: as many of these reach the bound as of the values themselves do, or fewer.
    groups = len(scores) // _GROUP
    if groups > limit:
        scores = scores[: groups * _GROUP].reshape(_GROUP, groups).max(axis=0)
    return np.float32(np.partition(scores, -limit)[-limit])


_GROUP = 32
"""Values of a group, of which only the greatest is compared further."""

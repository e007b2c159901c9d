"""Vectors as bytes: which rows are near is told from a quarter of the memory; the only module that knows simsimd.

What the bytes say is off by a thousandth or so, so they choose whom to compare.  Four bits more of each number decide:
with them a cosine is off by some 0.00004, where numbers of 16 bits are by half of that and take a quarter more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import simsimd
from numpy.typing import NDArray

Bytes = NDArray[np.int8]
Rests = NDArray[np.uint8]
Scores = NDArray[np.float32]

SLACK = np.float32(0.01)
"""How much two cosines by bytes may mislead about which is greater.

A number is off by half a step at most, a step being 1/127 of the greatest number of its row, a quarter or so in 256
dimensions: the errors of a row and of the query add up to a standard deviation below 0.001, that of two rows to little
more.
"""

_FINE = 16
"""Fine steps of one step: what four bits tell apart."""

_MOST = 127 * _FINE + _FINE // 2 - 1
"""Fine steps of a row's greatest number, so that the nearest step is a byte."""


def quantised(vectors: NDArray[Any]) -> tuple[Bytes, Rests, Scores]:
    """Rows as bytes, what these leave over, and what one step of each row is worth; 0 for a row without a vector.

    The rest of a number is 0 to 15 fine steps, from 8 below its byte on; a byte of rests holds that of one number of
    the first half of a row in its lower bits, and that of its fellow of the second half in its upper ones.
    """
    vectors = vectors.astype(np.float32)
    fine = np.abs(vectors).max(axis=1, initial=0) / np.float32(_MOST)
    parts = np.divide(vectors, fine[:, None], out=np.zeros_like(vectors), where=fine[:, None] > 0)
    whole = np.rint(parts, out=parts).astype(np.int16) + np.int16(_FINE // 2)
    codes, left = (whole >> 4).astype(np.int8), (whole & 15).astype(np.uint8)
    half = half_of(vectors.shape[1])
    rests = left[:, :half]
    rests[:, : vectors.shape[1] - half] |= left[:, half:] << 4
    return codes, np.ascontiguousarray(rests), fine * np.float32(_FINE)


def half_of(dimensions: int) -> int:
    """Bytes that the rests of a row of so many numbers take."""
    return (dimensions + 1) // 2


def exact(codes: Bytes, rests: Rests, steps: Scores) -> NDArray[np.float32]:
    """Rows again from what `quantised` made of them."""
    whole = codes.astype(np.int16) << 4
    dimensions = codes.shape[1]
    half = half_of(dimensions)
    whole[:, :half] += rests & 15
    whole[:, half:] += rests[:, : dimensions - half] >> 4
    whole -= np.int16(_FINE // 2)
    found = whole.astype(np.float32)
    found *= steps[:, None] / np.float32(_FINE)
    return found


def products(codes: Bytes, steps: Scores, vector: NDArray[np.float32]) -> Scores:
    """Nearly the product of each row with a vector."""
    query, _, step = quantised(vector[None])
    # Some four times as quick as numpy with 32-bit numbers: a quarter of the memory to read.
    found: Scores = np.asarray(simsimd.cdist(query, codes, "dot", out_dtype="float32")).ravel()
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

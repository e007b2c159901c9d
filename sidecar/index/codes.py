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

SLACK = 0.01
"""How much two cosines by bytes may mislead about which is greater.

A number is off by half a step at most, a step being 1/127 of the greatest number of its row, a quarter or so in 256
dimensions: the errors of a row and of the query add up to a standard deviation below 0.001, that of two rows to little
more.
"""

_FINE = 16
"""Fine steps of one step: what four bits tell apart."""

_MOST = 127 * _FINE + _FINE // 2 - 1
"""Fine steps of a row's greatest number, so that the nearest step is a byte."""


_FINER = np.float32(254)
"""Fine steps of a step of the vector that is asked for: what is left over is half a step at most, and so a byte."""


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


def products(codes: Bytes, steps: Scores, vector: Scores) -> Scores:
    """Nearly the product of each row with a vector."""
    query, worth = _in_steps(vector)
    # Some four times as quick as numpy with 32-bit numbers: a quarter of the memory to read.
    found: Scores = np.asarray(simsimd.cdist(query[:1], codes, "dot", out_dtype="float32")).ravel()
    found *= steps
    found *= worth[0]
    return found


def compared(codes: Bytes, rests: Rests, steps: Scores, vector: Scores) -> Scores:
    """The product of each row with a vector, as near as with `exact`, in a third of the time: nothing is widened.

    The vector is taken in steps and fine steps, each a byte: so all products are of bytes, and whole numbers.
    """
    if not len(codes):
        return np.zeros(0, np.float32)
    (coarse, fine), dimensions = _in_steps(vector), codes.shape[1]
    half = half_of(dimensions)
    over = np.empty(codes.shape, np.uint8)
    np.bitwise_and(rests, 15, out=over[:, :half])
    np.right_shift(rests[:, : dimensions - half], 4, out=over[:, half:])
    found, left = (
        np.asarray(simsimd.cdist(coarse, rows, "dot", out_dtype="float32")).reshape(2, -1)
        for rows in (codes, over.view(np.int8))
    )
    left -= coarse.sum(axis=1, dtype=np.float32)[:, None] * np.float32(_FINE // 2)
    left *= np.float32(1 / _FINE)
    found += left
    found *= fine[:, None]
    sums: Scores = found[0]
    sums += found[1]
    sums *= steps
    return sums


def _in_steps(vector: Scores) -> tuple[Bytes, Scores]:
    """A vector as two rows of bytes, the second what the first leaves over, and what one of each is worth."""
    step = np.abs(vector).max(initial=0) / np.float32(127)
    if not step:
        return np.zeros((2, len(vector)), np.int8), np.zeros(2, np.float32)
    parts = vector / step
    whole = np.rint(parts)
    parts -= whole
    parts *= _FINER
    return np.array([whole, np.rint(parts)], np.int8), np.array([step, step / _FINER], np.float32)


def candidates(scores: Scores, limit: int, slack: float = SLACK) -> NDArray[np.intp]:
    """The places among which the greatest `limit` true values are, and hardly more; in order.

    `slack`: how much two scores may mislead about which is greater.
    """
    return np.flatnonzero(scores >= _least(scores, limit) - np.float32(slack))


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

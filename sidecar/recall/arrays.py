"""Small questions to small arrays, asked several times in a recall: numpy's own ways are made for large ones."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

N = TypeVar("N", bound=np.generic)


def distinct(values: NDArray[N]) -> NDArray[N]:
    """The values, each once, in order.

    As `numpy.unique`, which finds them by hashing: for a thousand numbers that takes three times as long as to sort.
    """
    found = np.sort(values)
    return found[:1] if len(found) < 2 else found[np.append(True, found[1:] != found[:-1])]


def foremost(scores: NDArray[Any], most: int) -> NDArray[np.intp]:
    """The places of the greatest scores, of equal ones the first; in the order of the scores."""
    return np.argsort(-scores, kind="stable")[:most]

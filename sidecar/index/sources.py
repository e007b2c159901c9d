"""Which message each memory came from, by arithmetic: both have the session and the second at which it was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sidecar.index.threads import NOBODY, Places

if TYPE_CHECKING:
    from sidecar.index.block import Block

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
"""An odd number without a pattern, which spreads seconds over 64 bits (Knuth's multiplicative hashing)."""


def sources(memories: Block, messages: Block) -> Places:
    """For each place of the memories that of its message, NOBODY where none is held; of several the last."""
    living = np.flatnonzero(messages.alive)
    if not len(living):
        return np.full(memories.size, NOBODY, np.int32)
    moments = _moments(messages)[living]
    order = np.argsort(moments, kind="stable")
    wanted = _moments(memories)
    at = order[np.searchsorted(moments, wanted, side="right", sorter=order) - 1]
    return np.where(moments[at] == wanted, living[at], NOBODY).astype(np.int32)


def _moments(block: Block) -> NDArray[np.uint64]:
    """A number for the session and second of each row."""
    seconds: NDArray[np.uint64] = block.column("time").astype(np.uint64) * _SPREAD
    return block.column("session") ^ seconds

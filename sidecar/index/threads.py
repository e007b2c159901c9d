"""How the messages of a profile follow each other: which comes before and after, and who speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.index.traits import NO_VOICE
from sidecar.records import dataclass

Places = NDArray[np.int32]

NOBODY = -1
"""In the place of a message that is not there."""

_SPEAKERS_SHARE = 0.05
"""Of a profile's messages, how many a name must open to be that of somebody who speaks: `Note: …` is nobody."""


@dataclass(frozen=True, slots=True)
class Threads:
    """Arrays over the places of a block; for a dead row they say NOBODY.

    `before` and `after`: the places of the neighbours in the same session; `session`: a number from 0 for the session;
    `later`: how many sessions went on after this one had ended; `voices`: the numbers of those who speak.
    """

    before: Places
    after: Places
    session: Places
    later: Places
    voices: frozenset[int]


def threads(columns: Mapping[str, NDArray[Any]], alive: NDArray[np.bool_]) -> Threads:
    """The threads of a block's rows, by their `time`, `session` and `voice`.

    What was said at one time is in the order in which it arrived.
    """
    living = np.flatnonzero(alive).astype(np.int32)
    order = living[np.lexsort((columns["time"][living], columns["session"][living]))]
    sessions = columns["session"][order]
    same = sessions[1:] == sessions[:-1]
    before, after, session, later = (np.full(len(alive), NOBODY, np.int32) for _ in range(4))
    before[order[1:][same]] = order[:-1][same]
    after[order[:-1][same]] = order[1:][same]
    numbers = np.concatenate([np.zeros(1, np.int32), np.cumsum(~same, dtype=np.int32)])[: len(order)]
    session[order] = numbers
    ends = order[np.append(~same, np.ones(1, np.bool_))[: len(order)]]
    rank = np.empty(len(ends), np.int32)
    rank[np.lexsort((ends, columns["time"][ends]))] = np.arange(len(ends), dtype=np.int32)
    later[order] = len(ends) - 1 - rank[numbers]
    names, counts = np.unique(columns["voice"][living], return_counts=True)
    spoken = (counts >= _SPEAKERS_SHARE * len(living)) & (names != NO_VOICE)
    return Threads(before, after, session, later, frozenset(names[spoken].tolist()))

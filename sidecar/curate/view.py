"""What curation sees of a profile when it decides about one candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from sidecar.model import Candidate, Memory, MemoryType, Status, Stored, Verdict
from sidecar.records import dataclass

KEYED_TYPES: Final = frozenset({MemoryType.FACT, MemoryType.INSTRUCTION})
"""Types that hold until something newer is said about their key; events and tasks do not supersede each other."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An active memory near the candidate.

    `score` is the cosine of their embeddings, from -1 to 1.  `dismisses` are the old values that the memory's own words
    declare outdated.
    """

    stored: Stored
    score: float
    dismisses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What a profile holds about one candidate.

    `versions` are all memories, of any status, under the candidate's key and under those of its neighbours; `forgotten`
    says that a tombstone names the candidate's id or content, `buried` that tombstones name all of its source messages.
    `verdicts` are what a model said of neighbours, by their ids.  `told` are memories of any status that were learned
    from one of the candidate's messages.  `names` are names of products, lower-cased, that occur in any of these texts.
    `foreign` are the ids of memories whose file a person has written last.
    """

    now: datetime
    same: Stored | None = None
    versions: tuple[Stored, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    forgotten: bool = False
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    told: tuple[Stored, ...] = ()
    names: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()
    buried: bool = False

    def nearest(self) -> list[Neighbour]:
        """The neighbours, nearest first, in an order that depends on nothing else."""
        return sorted(self.neighbours, key=lambda near: (-near.score, near.stored.memory.id))


def comparable(candidate: Candidate, memory: Memory) -> bool:
    """Whether a memory is active and of a type that can say the same as the candidate."""
    if memory.status is not Status.ACTIVE:
        return False
    if memory.type is MemoryType.EVENT and memory.type is candidate.type and candidate.occurred is not None:
        return memory.occurred in (None, candidate.occurred)
    keyed = candidate.type in KEYED_TYPES, memory.type in KEYED_TYPES
    return all(keyed) or candidate.type is memory.type

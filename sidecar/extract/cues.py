"""What in a sentence speaks for and against keeping it.

A cue has a kind (see `patterns`); kinds are counted once, with the heaviest cue of each.  The weights are added and the
sum is compared with a threshold.
"""

from __future__ import annotations

from collections.abc import Iterable

from sidecar.extract import tongues
from sidecar.extract.patterns import CUES, Kind


def weights(text: str) -> dict[Kind, int]:
    """The cues of a text: kind to weight, the heaviest of each kind (for AGAINST: all of them added)."""
    found: dict[Kind, int] = {}
    lower = text.lower()
    for cue in (*CUES, *tongues.CUES) if tongues.foreign(lower) else CUES:
        known = found.get(cue.kind, 0)
        if cue.kind is Kind.AGAINST:
            if cue.speaks_in(lower):
                found[cue.kind] = known + cue.weight
        elif known < cue.weight and cue.speaks_in(lower):
            found[cue.kind] = cue.weight
    return found


def combined(parts: Iterable[dict[Kind, int]]) -> dict[Kind, int]:
    """The cues of several sentences together: each kind once; what speaks against counts where it is heaviest."""
    found: dict[Kind, int] = {}
    for part in parts:
        for kind, weight in part.items():
            known = found.get(kind, 0)
            found[kind] = min(known, weight) if kind is Kind.AGAINST else max(known, weight)
    return found

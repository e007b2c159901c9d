"""One claim for each thing that a slice says, however often and in however many words a model states it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sidecar.extract.llm.evidence import MOST_LINES, Claim
from sidecar.extract.llm.figures import stems
from sidecar.extract.llm.ground import Ground
from sidecar.extract.llm.values import values
from sidecar.statements import adds_nothing, negated

_SAME_SHARE = 0.6
"""Share of a claim's words that another one of the same lines has, with the same values, for both to say the same."""


def merged(claims: Iterable[Claim]) -> list[Claim]:
    """The claims without those that another one contains, each with the lines of both, in the order of their lines."""
    kept: list[Claim] = []
    for claim in claims:
        for index, other in enumerate(kept):
            if _contains(other, claim):
                kept[index] = _joined(other, claim)
                break
            if _contains(claim, other):
                kept[index] = _joined(claim, other)
                break
        else:
            kept.append(claim)
    return sorted(kept, key=lambda claim: claim.lines)


def _contains(claim: Claim, other: Claim) -> bool:
    """Whether `other` tells nothing that `claim` does not."""
    if adds_nothing(other.content, claim.content):
        return True
    if not set(claim.lines) & set(other.lines) or negated(claim.content) != negated(other.content):
        return False
    return _same_values(claim.content, other.content)


def _same_values(content: str, other: str) -> bool:
    concrete = values(other)
    if not concrete or Ground([(content, None)]).missing(concrete):
        return False
    ours, theirs = stems(content), stems(other)
    return len(ours & theirs) >= _SAME_SHARE * len(theirs)


def _joined(claim: Claim, other: Claim) -> Claim:
    lines: Sequence[int] = [*claim.lines, *(number for number in other.lines if number not in claim.lines)]
    return replace(claim, lines=tuple(sorted(lines[:MOST_LINES])))

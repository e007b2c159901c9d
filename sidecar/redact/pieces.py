"""Very long texts, piece by piece, so that what is remembered of a text does not grow with it.

A piece is looked at with what stands before and behind it, and counts for what begins in it.  Pieces end at an empty
line, at a line's end or at a blank, whichever there is: so do almost all places that a detector looks into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sidecar.redact import crowds
from sidecar.redact.findings import Finding

LONG = 400_000
"""A text of more characters is looked at in pieces."""
_PIECE = 120_000
_BEFORE = 2_000
"""Further back than a name stands from its value, or a sentence from the one that speaks of a password."""
_BEHIND = 6_000
"""Longer than almost all that is found, private keys among it."""
_ENDS = ("\n\n", "\n", " ")

Detect = Callable[[str], list[Finding]]


def find(text: str, detect: Detect) -> Iterator[Finding]:
    """What `detect` finds in a long text, in order and without overlap."""
    start = reached = 0
    while start < len(text):
        end = _end(text, start)
        for finding in _piece(text, start, end, detect):
            # Of a crowd, which goes on from piece to piece, what is new counts.
            begin = max(finding.start, reached, start) if _crowd(finding) else finding.start
            if reached <= begin < finding.end:
                yield Finding(finding.kind, begin, finding.end)
                reached = finding.end
        start = max(end, reached)


def _piece(text: str, start: int, end: int, detect: Detect) -> Iterator[Finding]:
    """What begins between two places; what goes on behind what was looked at is looked at further."""
    first, behind = max(0, start - _BEFORE), _BEHIND
    while True:
        last = min(len(text), end + behind)
        found = [Finding(kind, first + at, first + to) for kind, at, to in detect(text[first:last])]
        if last == len(text) or not any(one.start < end and one.end == last and not _crowd(one) for one in found):
            return (one for one in found if one.start < end and (one.start >= start or _crowd(one)))
        behind *= 8


def _crowd(finding: Finding) -> bool:
    return finding.kind == crowds.KIND


def _end(text: str, start: int) -> int:
    """Where the piece ends that begins at `start`."""
    last = start + _PIECE
    if last >= len(text):
        return len(text)
    places = (text.rfind(sign, start + _PIECE // 2, last) for sign in _ENDS)
    return next((place + 1 for place in places if place > 0), last)

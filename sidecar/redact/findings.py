"""What a detector reports, and how overlapping reports become one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sidecar.expressions import regex

MARK_PATTERN = regex(r"\[redacted:[a-z0-9-]{1,40}\]")
"""A mark that an earlier redaction left; detectors leave it alone, whatever stands around it."""

_PIECE = regex(r"[^\W_]")


class Finding(NamedTuple):
    """A secret at `text[start:end]`; `kind` is the word that the mark will name."""

    kind: str
    start: int
    end: int


def lowered(text: str) -> str:
    """Lower case of the same length: of the letters only `İ` has a longer small form; `ſ` is an `s` of old prints."""
    return text.replace("İ", "i").replace("ſ", "s").lower()


def merged(text: str, findings: Iterable[Finding]) -> list[Finding]:
    """Findings in order and without overlap; marks that are already in the text are cut out of them.

    Overlapping findings become one over their whole extent, named for the longest of them (the first, if equal).
    """
    joined: list[Finding] = []
    longest = 0
    for found in sorted(findings, key=lambda item: (item.start, -item.end)):
        if found.end <= found.start:
            continue
        if not joined or found.start >= joined[-1].end:
            joined.append(found)
            longest = found.end - found.start
            continue
        last = joined[-1]
        kind = found.kind if found.end - found.start > longest else last.kind
        longest = max(longest, found.end - found.start)
        joined[-1] = Finding(kind, last.start, max(last.end, found.end))
    return list(_without_marks(text, joined))


def _without_marks(text: str, findings: list[Finding]) -> Iterator[Finding]:
    if "[redacted:" not in text:
        yield from findings
        return
    marks = [match.span() for match in MARK_PATTERN.finditer(text)]
    index = 0
    for kind, start, end in findings:
        while index < len(marks) and marks[index][1] <= start:
            index += 1
        position, cursor = start, index
        while cursor < len(marks) and marks[cursor][0] < end:
            yield from _piece(text, kind, position, marks[cursor][0])
            position = max(position, marks[cursor][1])
            cursor += 1
        yield from _piece(text, kind, position, end)


def _piece(text: str, kind: str, start: int, end: int) -> Iterator[Finding]:
    """What is left of a finding beside a mark, unless it is only punctuation."""
    if start < end and _PIECE.search(text, start, end):
        yield Finding(kind, start, end)

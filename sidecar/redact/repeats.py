"""The same secret once more, where nothing around it says so: an agent echoes what a person has told it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from sidecar.redact import crowds, values
from sidecar.redact.findings import Finding
from sidecar.redact.shapes import Shape, shape
from sidecar.redact.sight import Needles, in_order

_LEAST = 8
"""Shorter values (`guest`, `admin1`) are too likely to mean something else elsewhere."""
_MOST = 512
_KEPT = 20_000
"""So many values are remembered: far more than people tell, and what they take is bounded."""
_BLOCKS = frozenset(["private", "private-key", crowds.KIND])
_BY_PLACE = frozenset(["file-secret", "cookie", "authorization"])
"""Kinds that are taken for where they stand: `cat .env` prints ports, paths and modes too."""


class Repeats:
    """Values that were found, and where else they stand.

    Values are told apart by their first characters and their length, so that the time for a text depends on its own
    length and not on the number of values.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._beginnings: Needles | None = None

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def add(self, found: Iterable[Finding], text: str) -> None:
        """Take in what was found in `text`."""
        for finding in found:
            self._note(finding.kind, text[finding.start : finding.end].strip())

    def noting(self, found: Iterable[Finding], text: str) -> Iterator[Finding]:
        """What was found in `text`, one by one, each taken in as `add` does it."""
        for finding in found:
            self.add((finding,), text)
            yield finding

    def _note(self, kind: str, value: str) -> None:
        """Remember a value as far as a repetition of it can be known to be the same secret."""
        if value in self._kinds or len(self._kinds) >= _KEPT or not _known_again(kind, value):
            return
        self._kinds[value] = kind
        self._beginnings = None
        known = self._lengths.get(value[:_LEAST], ())
        if len(value) not in known:
            self._lengths[value[:_LEAST]] = _longest_first((*known, len(value)))

    def find(self, text: str) -> Iterator[Finding]:
        """Where the values stand in `text`; of plain words only whole ones."""
        if not self._kinds:
            return
        if self._beginnings is None:
            self._beginnings = Needles(self._lengths)
        reached = 0
        for position in in_order(self._beginnings.places(text).values()):
            lengths = self._lengths.get(text[position : position + _LEAST]) if position >= reached else None
            found = self._at(text, position, lengths) if lengths else None
            if found:
                yield found
                reached = found.end

    def _at(self, text: str, position: int, lengths: tuple[int, ...]) -> Finding | None:
        for length in lengths:
            value = text[position : position + length]
            if value in self._kinds and not (_wordlike(value) and _inside_word(text, position, position + length)):
                return Finding(self._kinds[value], position, position + length)
        return None


@functools.cache
def _one_length(length: int) -> tuple[int, ...]:
    """The same object for all values of that length, of which there are many."""
    return (length,)


def _longest_first(lengths: tuple[int, ...]) -> tuple[int, ...]:
    return _one_length(lengths[0]) if len(lengths) == 1 else tuple(sorted(lengths, reverse=True))


def _known_again(kind: str, value: str) -> bool:
    if not _LEAST <= len(value) <= _MOST or "\n" in value or kind in _BLOCKS:
        return False
    if values.is_placeholder(value) or (values.is_number(value) and not value.isdigit()):
        return False
    if kind in _BY_PLACE:
        return shape(value) is Shape.STRONG or values.looks_random(value)
    return not values.is_reference(value)


def _wordlike(value: str) -> bool:
    return value.isalnum() and (value.isalpha() or value.isdigit())


def _inside_word(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()

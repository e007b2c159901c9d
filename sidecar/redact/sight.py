"""A text that is being looked at, with every place where something begins that a detector wants to look into.

The detectors know some four hundred words and beginnings of tokens.  One automaton finds the places of all of them in
one pass; a search for each in turn would take longer than everything else.  The only module that knows ahocorasick_rs.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import ahocorasick_rs

_PIECE = 1 << 16
"""Characters searched at once: bounds what the found places take while they are sorted by word."""

Places = Sequence[int]

_NOWHERE: Places = ()


class Needles:
    """Words to be found in texts, in one pass for all of them."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(set(map(_encodable, words)))
        self._overlap = max(map(len, self._words), default=1) - 1
        self._automaton = ahocorasick_rs.AhoCorasick(self._words)

    def places(self, text: str) -> dict[str, Places]:
        """Where each word stands in the text, in order, also where they overlap; without those that stand nowhere."""
        text = _encodable(text)
        found: dict[int, array[int]] = {}
        for start in range(0, len(text), _PIECE):
            # A word that begins in a piece may end behind it; one that begins behind it is found with the next.
            piece = text[start : start + _PIECE + self._overlap]
            for number, at, _ in self._automaton.find_matches_as_indexes(piece, overlapping=True):
                if at < _PIECE:
                    held = found.get(number)
                    if held is None:
                        held = found[number] = array("I")
                    held.append(start + at)
        return {self._words[number]: held for number, held in found.items()}


class Spellings:
    """Needles as they are written, to be told by their lower case; in the order in which they were given."""

    def __init__(self, needles: Iterable[str]) -> None:
        self.by_lower: dict[str, list[tuple[int, str]]] = {}
        for order, needle in enumerate(needles):
            self.by_lower.setdefault(needle.lower(), []).append((order, needle))


class Sight:
    """One text, its lower case, and where the needles stand in it."""

    __slots__ = ("_places", "lower", "text")

    def __init__(self, text: str, lower: str, needles: Needles) -> None:
        """`lower`: as `findings.lowered` gives it; `needles`: in lower case, all that will be asked for."""
        self.text, self.lower = text, lower
        self._places: Mapping[str, Places] = needles.places(lower)

    def at(self, needle: str) -> Places:
        """Where `needle`, given in lower case, stands in any case."""
        return self._places.get(needle, _NOWHERE)

    def exactly(self, needle: str) -> Iterator[int]:
        """Where `needle` stands as it is written."""
        return (place for place in self.at(needle.lower()) if self.text.startswith(needle, place))

    def among(self, spellings: Spellings) -> list[str]:
        """Which of the needles may stand in the text: in some case they do."""
        known = spellings.by_lower
        return [needle for _, needle in sorted(row for lower in self._places.keys() & known for row in known[lower])]

    def any_of(self, needles: frozenset[str]) -> Iterator[int]:
        """Where any of the needles, given in lower case, stands; in order, each place once."""
        held = [self._places[needle] for needle in self._places.keys() & needles]
        return in_order(held)


def in_order(held: Collection[Places]) -> Iterator[int]:
    """Places of several needles as one row, each once; sorted bit by bit, for of a hostile text they are many."""
    end = max((places[-1] + 1 for places in held), default=0)
    for start in range(0, end, _PIECE):
        yield from sorted({place for places in held for place in _within(places, start, start + _PIECE)})


def _within(places: Places, start: int, end: int) -> Places:
    return places[bisect_left(places, start) : bisect_left(places, end)]


def _encodable(text: str) -> str:
    """A text of the same length that the automaton takes: it knows no lone surrogates, and no needle has one."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    return text

"""How much of a file this build does not know: the sign that an agent has changed its format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from sidecar.transcripts.base import Record
from sidecar.transcripts.values import count, items

SHARE: Final = 0.05
"""A new kind of record here and there is usual and holds nothing said; a twentieth of them is another format."""

FEWEST: Final = 3
"""So many unknown records at least, unless nothing in the file is known.  The share alone would flag every session of
fewer than twenty records in which one is new, and each begins as such a session: its first piece is read before the
rest is written."""

MOST_KINDS: Final = 100
"""Kinds of unknown records that are told apart in one file; of more than these nobody reads the list."""

OTHERS: Final = "(others)"
"""Stands for the kinds beyond `MOST_KINDS`."""

_LONGEST_KIND: Final = 120
"""Characters kept of a kind's name: it is whatever the file has in its place."""

_KEY = "drift"


class Unknown(Counter[str]):
    """What a reader did not know, by kind; `self[kind] += 1` counts one more."""

    def __init__(self) -> None:
        super().__init__()
        self.noted = 0
        """How often something was counted, so that nobody has to add up the kinds for each record."""

    def __setitem__(self, kind: str, number: int) -> None:
        self.noted += 1
        if kind in self:
            super().__setitem__(kind, number)
            return
        short = kind[:_LONGEST_KIND]
        told = short if short in self or len(self) < MOST_KINDS else OTHERS
        super().__setitem__(told, number if told == kind else self[told] + number)


class Drift:
    """Counts the records of one file, over all reads of it, and those in which something was unknown."""

    def __init__(self, state: Mapping[str, object]) -> None:
        """`state`: that of the cursor; without one the file begins."""
        numbers = [count(number) for number in items(state.get(_KEY))]
        self._records, self._unknown = numbers if len(numbers) == 2 else (0, 0)
        self._seen = 0

    def note(self, unknown: Unknown) -> None:
        """One record was read; `unknown` is the count by kind that its reading may have raised."""
        self._records += 1
        if unknown.noted != self._seen:
            self._unknown += 1
            self._seen = unknown.noted

    def note_all(self, records: int, unknown: int) -> None:
        """So many records were read, in so many of which something was unknown: for who has counted them."""
        self._records += records
        self._unknown += unknown

    def state(self) -> Record:
        """For the cursor."""
        return {_KEY: [self._records, self._unknown]}

    @property
    def found(self) -> bool | None:
        """Whether more than `SHARE` of the records, and at least `FEWEST` or all, are unknown; None of none."""
        if not self._records:
            return None
        enough = self._unknown >= FEWEST or self._unknown == self._records
        return enough and self._unknown > self._records * SHARE

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
"""So many unknown records at least.  The share alone would flag every session of fewer than twenty records in which one
is new, and each begins as such a session: its first piece is read before the rest is written."""

_KEY = "drift"


class Drift:
    """Counts the records of one file, over all reads of it, and those in which something was unknown."""

    def __init__(self, state: Mapping[str, object]) -> None:
        """`state`: that of the cursor; without one the file begins."""
        numbers = [count(number) for number in items(state.get(_KEY))]
        self._records, self._unknown = numbers if len(numbers) == 2 else (0, 0)
        self._seen = 0

    def note(self, unknown: Counter[str]) -> None:
        """One record was read; `unknown` is the count by kind that its reading may have raised."""
        self._records += 1
        total = unknown.total() if unknown else 0
        self._unknown += total > self._seen
        self._seen = total

    def state(self) -> Record:
        """For the cursor."""
        return {_KEY: [self._records, self._unknown]}

    @property
    def found(self) -> bool | None:
        """Whether more than `SHARE` of the records, and at least `FEWEST`, are of unknown kinds; None without any."""
        return self._unknown >= FEWEST and self._unknown > self._records * SHARE if self._records else None

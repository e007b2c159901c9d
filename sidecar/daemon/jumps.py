"""Notices that the clock was set back, after which what waits for a moment would wait for it all over again."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

_LEAST: Final = timedelta(seconds=1)
"""Less is how clocks are kept right all the time, and delays nothing."""


class Jumps:
    """Compares the clock of the day with the one that only goes on."""

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ticks`: seconds from anywhere, which nobody sets."""
        self._clock, self._ticks = clock, ticks
        self._start = self._began()

    def back(self) -> timedelta:
        """How far the clock has been set back since the last time; zero if it has not."""
        before, self._start = self._start, self._began()
        lost = before - self._start
        return lost if lost >= _LEAST else timedelta()

    def _began(self) -> datetime:
        """What the clock would have shown when the other one began."""
        return self._clock() - timedelta(seconds=self._ticks())

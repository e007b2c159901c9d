"""How long the stages of one recall take."""

from __future__ import annotations

import time


class Stopwatch:
    """Runs from its making; each lap is the time since the one before.  For one thread."""

    def __init__(self) -> None:
        self._begun = self._last = time.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """End a stage; a stage that ends twice took both times together."""
        now = time.perf_counter()
        self._laps[stage] = self._laps.get(stage, 0.0) + now - self._last
        self._last = now

    @property
    def milliseconds(self) -> dict[str, float]:
        """Each stage in the order of its first end, then `total`, which is all of the time up to now."""
        total = time.perf_counter() - self._begun
        return {stage: round(seconds * 1000, 3) for stage, seconds in {**self._laps, "total": total}.items()}

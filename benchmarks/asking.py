"""Somebody who asks for memories and keeps one now and then, and how long the answers take."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.client import Client, Profile

_PAUSE_S = 0.1
"""Between an answer and the next question: far more often than agents ask, and little work in itself."""

_KEPT_EVERY = 10
"""After so many questions something is to be remembered."""

_PATIENCE_S = 60.0

_PROFILE = Profile(name="personal")
"""Where rendered sessions belong, whose projects are not on this machine."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Seconds that answers took."""

    recall: list[float] = field(default_factory=list)
    remember: list[float] = field(default_factory=list)


class Asker:
    """Asks the same questions in turn, in a thread of its own, until it is told to stop."""

    def __init__(self, socket: Path, questions: Sequence[str]) -> None:
        self._client, self._questions = Client(socket, timeout=_PATIENCE_S), questions
        self._stop = threading.Event()
        self.answers = Answers()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask while the block runs.  The first answer does not count: for it the daemon loads its model."""
        self._client.recall(_PROFILE, self._questions[0])
        thread = threading.Thread(target=self._ask)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _ask(self) -> None:
        recalled, kept = self.answers.recall, self.answers.remember
        while not self._stop.wait(_PAUSE_S):
            question = self._questions[len(recalled) % len(self._questions)]
            begun = time.monotonic()
            self._client.recall(_PROFILE, question)
            recalled.append(time.monotonic() - begun)
            if len(recalled) % _KEPT_EVERY == 0:
                begun = time.monotonic()
                self._client.remember(_PROFILE, f"Crane {begun} of the harbour is painted in colour {len(kept)}.")
                kept.append(time.monotonic() - begun)


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds within which half, 95 % and 99 % of the answers came, and the slowest, with their number."""
    ordered = sorted(seconds)
    found = {f"p{share}_ms": _quantile(ordered, share / 100) for share in (50, 95, 99, 100)}
    return {"answers": len(ordered), **{name: round(1000 * value, 1) for name, value in found.items()}}


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan

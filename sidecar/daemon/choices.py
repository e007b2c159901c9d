"""The words in which it is decided what extracts: who does, who waits and why, and who goes first."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from sidecar.extract import Extractor
from sidecar.model import Candidate, Memory, Verdict
from sidecar.records import dataclass

NOTICED: Final = 5
"""Priority of a session whose agent is about to drop what it knows: no budget holds it up, but the battery does."""

AWAITED: Final = 10
"""Priority of a session for which somebody waits: nothing holds it up."""


class Judge(Protocol):
    """What says how a new statement relates to known ones, by their ids.  Raises ModelFailed."""

    def relations(self, statement: Candidate, known: Sequence[Memory]) -> Mapping[str, Verdict]:
        """The verdicts by memory id."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """A model at work.  `close` ends its running call soon, with ModelCancelled; it is of no use afterwards."""

    extractor: Extractor
    judge: Judge
    close: Callable[[], None]


Build = Callable[[Callable[[float], None]], Engine]
"""Makes an engine that tells after each call how many seconds it took."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who extracts; with a judge if a model does."""

    extractor: Extractor
    judge: Judge | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody extracts before `until`: `why` says in sentences what is in the way and what to do, `state` in a word."""

    until: datetime
    why: str
    state: str


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the model server is looked for, in seconds.

    Each pause is drawn from three quarters to five quarters of its length, so that it never hits an interval of
    something else.  While calls fail although the server answers, the pause doubles each time, up to `longest`.
    """

    away: float = 60.0
    there: float = 600.0
    longest: float = 1800.0
    least: float = 30.0
    """Between two looks lies at least this, unless a person asks for one."""

    def pause(self, *, usable: bool, faults: int) -> float:
        """The seconds until the next look."""
        length = self.there if usable else min(self.away * 2 ** max(faults - 1, 0), self.longest)
        return length * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing

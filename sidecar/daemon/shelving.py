"""Summaries for the beginnings of sessions, kept as long as nothing has changed that they are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import date

from sidecar.daemon.briefing import Given, Shelf
from sidecar.model import ProfileRef
from sidecar.records import dataclass

State = tuple[int, date]
"""What they depend on beside their keys: the generation of the index, and the day."""

SummaryKey = tuple[tuple[ProfileRef, ...], int, str]
"""Profiles, budget in tokens, and agent."""


@dataclass(frozen=True, slots=True)
class Shelving:
    """Shelves and summaries of one state, for any number of threads.

    Two threads that miss the same make it twice, which costs time only.  One that began with an older state keeps what
    it makes with that: what has been forgotten since cannot come into what later sessions are given.
    """

    state: State
    _shelves: dict[ProfileRef, Shelf] = field(default_factory=dict)
    _summaries: dict[SummaryKey, Given] = field(default_factory=dict)

    def at(self, state: State) -> Shelving:
        """This one if it is of that state, else an empty one that is."""
        return self if self.state == state else Shelving(state)

    def shelf(self, profile: ProfileRef, make: Callable[[], Shelf]) -> Shelf:
        """What a profile has for a summary."""
        held = self._shelves.get(profile)
        if held is None:
            held = self._shelves[profile] = make()
        return held

    def summary(self, key: SummaryKey, make: Callable[[], Given]) -> Given:
        """The summary for a session that knows nothing, which is the same for all of them."""
        held = self._summaries.get(key)
        if held is None:
            held = self._summaries[key] = make()
        return held

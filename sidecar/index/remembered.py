"""What one commit says of terms, remembered for as long as it is the last: people ask in the same words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Values of terms by profile and field, or fields; all are forgotten once there are `most`.

    Safe to use from several threads.
    """

    def __init__(self, most: int) -> None:
        self._most, self._number = most, 0
        self._held: dict[tuple[int, Hashable], dict[str, T]] = {}

    def of(self, profile: int, field: Hashable) -> Mapping[str, T]:
        """What is known of the terms of a field; not to be iterated over, as it may grow meanwhile."""
        return self._held.get((profile, field), {})

    def add(self, profile: int, field: Hashable, fresh: Mapping[str, T]) -> None:
        """Remember the values of some terms."""
        if self._number >= self._most:
            self._held, self._number = {}, 0
        self._held.setdefault((profile, field), {}).update(fresh)
        self._number += len(fresh)

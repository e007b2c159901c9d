"""Judgements of short texts, remembered while one text is being looked at.

The same token stands in a text many times (in logs, in tables, in hostile repeats), is judged by several detectors, and
once more in the next round.  What is remembered holds secrets, so it goes with the end of the look: see `forget`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

_KEPT = 1024
_LONGEST = 600
"""A longer text is judged each time: bounds what is remembered to some megabytes, whatever the text."""

Result = TypeVar("Result")

_clears: list[Callable[[], None]] = []


def remembered(judge: Callable[[str], Result]) -> Callable[[str], Result]:
    """The same function of a text, which remembers its answers for short texts."""
    known = functools.lru_cache(maxsize=_KEPT)(judge)
    _clears.append(known.cache_clear)

    @functools.wraps(judge)
    def answer(value: str) -> Result:
        return known(value) if len(value) <= _LONGEST else judge(value)

    return answer


def forget() -> None:
    """Drop everything that is remembered."""
    for clear in _clears:
        clear()

"""The rule of each key, for when both sides have changed it.

Every rule looks at the values alone, so that it does not matter which side is ours nor which merge comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from sidecar.model import Source, Status

T = TypeVar("T")

_STATUSES: Final = {Status.PROPOSED: 0, Status.ACTIVE: 1, Status.SUPERSEDED: 2, Status.FORGOTTEN: 3}
"""The stronger word wins: what one side has retired stays retired, what one side has accepted is accepted."""

_SPEAKERS: Final = {None: 0, "tool": 1, "assistant": 2, "user": 3}


def three_way(base: T, one: T, other: T, both: Callable[[T, T], T]) -> T:
    """What only one side changed is taken over; what both changed differently is decided by `both`."""
    if one == other or other == base:
        return one
    if one == base:
        return other
    return both(one, other)


def united(base: Iterable[str], one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """Lists as sets: whatever a side added is there, whatever a side took out is not; old ones keep their order."""
    old, first, second = tuple(dict.fromkeys(base)), set(one), set(other)
    kept = [item for item in old if item in first and item in second]
    return (*kept, *sorted((first | second).difference(old)))


def resolved(name: str, base: Any, one: Any, other: Any) -> Any:  # noqa: ANN401 - the value of any key
    """The value of a key that both sides have changed; None is an absent key."""
    if name in _LISTS:
        return united(base or (), one or (), other or ()) or None
    if one is None or other is None:
        return _absent(name, one if other is None else other)
    if name == "source":
        return _source(base, one, other)
    return _RULES.get(name, _larger)(one, other)


_LISTS: Final = frozenset({"queries", "keywords", "tags"})


def _absent(name: str, present: Any) -> Any:  # noqa: ANN401
    """One side has taken the key out, the other has changed it: the change is the later thought.

    But an absent status means active, which is a status like the others.
    """
    return _status(Status.ACTIVE, present) if name == "status" else present


def _larger(one: Any, other: Any) -> Any:  # noqa: ANN401
    return max(one, other, key=str)


def _status(one: Status, other: Status) -> Status:
    return max(one, other, key=_STATUSES.__getitem__)


_RULES: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "created": min,
    "observed": min,
    "edited": max,
    "valid_until": max,
    "status": _status,
    "pinned": lambda one, other: one or other,
    "read_only": lambda one, other: one or other,
}


def _source(base: Source | None, one: Source, other: Source) -> Source:
    old = base or Source("")
    return replace(
        one,
        origin=three_way(old.origin, one.origin, other.origin, min),
        agent=three_way(old.agent, one.agent, other.agent, _smaller),
        session=three_way(old.session, one.session, other.session, _smaller),
        speaker=three_way(old.speaker, one.speaker, other.speaker, lambda a, b: max(a, b, key=_SPEAKERS.__getitem__)),
        messages=three_way(old.messages, one.messages, other.messages, lambda a, b: united(old.messages, a, b)),
        by=three_way(old.by, one.by, other.by, _smaller),
    )


def _smaller(one: str | None, other: str | None) -> str | None:
    return min(filter(None, (one, other)), default=None)

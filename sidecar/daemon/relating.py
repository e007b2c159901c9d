"""What is told of a memory besides itself: what `[[links]]` tie it to, and whether its words came from others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sidecar.errors import PROFILE_FAULTS
from sidecar.model import Hit, ProfileRef, Status, Stored
from sidecar.store import Profile


def ties(profile: Profile, stored: Stored) -> tuple[tuple[Stored, str], ...]:
    """What is tied to a memory, each with whose the link is (`to`, `from`); not what was forgotten."""
    found = [(profile.view(one), link) for one, link in profile.related(stored).values()]
    return tuple((one, link) for one, link in found if one.memory.status is not Status.FORGOTTEN)


def alone(hits: Sequence[Hit], has_arrivals: Callable[[ProfileRef], bool]) -> bool:
    """Whether nothing is to be told of these besides: no links, and no words that others can have brought."""
    memories = [hit for hit in hits if hit.kind == "memory"]
    linked = any("[[" in hit.content for hit in memories)
    return not linked and not any(map(has_arrivals, sorted({hit.profile for hit in memories}, key=str)))


def with_linked(hits: Sequence[Hit], opened: Callable[[ProfileRef], Profile | None]) -> list[Hit]:
    """The hits, those of memories with the active memories that they link to."""
    return [_with_linked(hit, opened) if hit.kind == "memory" and "[[" in hit.content else hit for hit in hits]


def _with_linked(hit: Hit, opened: Callable[[ProfileRef], Profile | None]) -> Hit:
    try:
        profile = opened(hit.profile)
    except PROFILE_FAULTS:
        return hit  # `status` tells of it; what was found is found all the same
    found = [] if profile is None else profile.linked(hit.content)
    given = [] if profile is None else [profile.view(one) for one in found]
    active = (one for one in given if one.memory.status is Status.ACTIVE and one.memory.id != hit.id)
    return replace(hit, related=tuple(active))


def with_sharers(hits: Sequence[Hit], opened: Callable[[ProfileRef], Profile | None]) -> list[Hit]:
    """The hits, those whose words came from others with who shared them; of the past, as it is known now."""
    return [_with_sharer(hit, opened) if hit.kind == "memory" else hit for hit in hits]


def _with_sharer(hit: Hit, opened: Callable[[ProfileRef], Profile | None]) -> Hit:
    try:
        profile = opened(hit.profile)
    except PROFILE_FAULTS:
        return hit
    stored = None if profile is None else profile.offered_one(hit.id)
    if stored is None or not stored.arrived:
        return hit
    return replace(hit, arrived=True, shared_by=stored.memory.source.by)

"""What is told of a memory besides itself: its versions, what `[[links]]` tie it to, and whose words it holds."""

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


def chain(profile: Profile, stored: Stored) -> list[Stored]:
    """The versions that a memory replaced and those that replaced it, oldest first, itself among them."""
    earlier: list[Stored] = []
    seen = {stored.memory.id}
    link = stored.memory.supersedes
    while link is not None and link not in seen and (found := profile.offered_one(link)) is not None:
        seen.add(link)
        earlier.append(found)
        link = found.memory.supersedes
    later: list[Stored] = []
    link = stored.memory.superseded_by
    while link is not None and link not in seen and (found := profile.offered_one(link)) is not None:
        seen.add(link)
        later.append(found)
        link = found.memory.superseded_by
    return [*reversed(earlier), stored, *later]


def alone(hits: Sequence[Hit], has_arrivals: Callable[[ProfileRef], bool]) -> bool:
    """Whether nothing is to be told of these besides: no links, and no words that others can have brought."""
    memories = [hit for hit in hits if hit.kind == "memory"]
    linked = any("[[" in hit.content for hit in memories)
    return not linked and not any(map(has_arrivals, sorted({hit.profile for hit in memories}, key=str)))


def dressed(hits: Sequence[Hit], opened: Callable[[ProfileRef], Profile | None], *, linked: bool = True) -> list[Hit]:
    """The hits, those of memories with what is told of them besides; each profile is opened once.

    That is who shared them, if their words came from others, and, where `linked`, the active memories that they link
    to.  Who shared a memory of the past is told as it is known now.
    """
    refs = dict.fromkeys(hit.profile for hit in hits if hit.kind == "memory")
    profiles = {ref: _opened(ref, opened) for ref in refs}
    return [_dressed(hit, profiles.get(hit.profile), linked=linked) if hit.kind == "memory" else hit for hit in hits]


def _opened(ref: ProfileRef, opened: Callable[[ProfileRef], Profile | None]) -> Profile | None:
    try:
        return opened(ref)
    except PROFILE_FAULTS:
        return None  # `status` tells of it; what was found is found all the same


def _dressed(hit: Hit, profile: Profile | None, *, linked: bool) -> Hit:
    if profile is None:
        return hit
    if linked and "[[" in hit.content:
        given = (profile.view(one) for one in profile.linked(hit.content))
        active = (one for one in given if one.memory.status is Status.ACTIVE and one.memory.id != hit.id)
        hit = replace(hit, related=tuple(active))
    stored = profile.offered_one(hit.id)
    if stored is None or not stored.arrived:
        return hit
    return replace(hit, arrived=True, shared_by=stored.memory.source.by)

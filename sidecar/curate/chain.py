"""The versions of one key: one of them active, the others archived behind it (section 3's rule)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from sidecar.model import Add, Change, Memory, Revise, Status, Stored, Supersede
from sidecar.records import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """What the chain of versions wants of one memory."""

    status: Status
    supersedes: str | None
    superseded_by: str | None
    valid_until: datetime | None
    memory: Memory = field(compare=False)


def settle(versions: Sequence[Stored]) -> list[Change]:
    """The changes that leave one active memory under a key, the others chained behind it."""
    return chain_changes(chain([version.memory for version in versions]), versions)


def chain(memories: Iterable[Memory]) -> Mapping[str, Link]:
    """The versions of one key from the weakest to the strongest claim, each superseded by the next."""
    alive = _in_force(list(memories))
    ordered = sorted(alive, key=lambda memory: memory.rank)
    links: dict[str, Link] = {}
    for index, memory in enumerate(ordered):
        later = ordered[index + 1] if index + 1 < len(ordered) else None
        earlier = ordered[index - 1].id if index else None
        if later is None:
            links[memory.id] = Link(Status.ACTIVE, earlier, None, None, memory)
        else:
            until = max(memory.effective, later.effective)
            links[memory.id] = Link(Status.SUPERSEDED, earlier, later.id, until, memory)
    return links


def _in_force(versions: Sequence[Memory]) -> list[Memory]:
    """The versions that make up the chain.

    Not those that something outside it has retired: a statement of another key that a model made of the same words, or
    one that is gone.  They would come back as the last of their key.
    """
    known = {memory.id: memory for memory in versions}
    ended: set[str] = set()
    for memory in versions:
        path: list[str] = []
        step: Memory | None = memory
        while step is not None and step.status is Status.SUPERSEDED and step.superseded_by and step.id not in path:
            path.append(step.id)
            step = known.get(step.superseded_by)
        if step is None or step.status is Status.FORGOTTEN:
            ended.update(path)
    alive = (Status.ACTIVE, Status.SUPERSEDED)
    return [memory for memory in versions if memory.status in alive and memory.id not in ended]


def add_version(memory: Memory, versions: Sequence[Stored]) -> list[Change]:
    """The changes that put a new memory into its place among the versions of its key."""
    if outranks_fixed(memory, versions):
        why = "it contradicts a read-only memory"
        return [Add(memory.replace(status=Status.PROPOSED, reason=why), why)]
    links = chain([memory, *(version.memory for version in versions)])
    mine = links[memory.id]
    placed = memory.replace(
        status=mine.status, supersedes=mine.supersedes, superseded_by=mine.superseded_by, valid_until=mine.valid_until
    )
    why = "new" if not versions else "a newer version" if mine.status is Status.ACTIVE else "an older version"
    return [Add(placed, why), *chain_changes(links, versions)]


def outranks_fixed(memory: Memory, versions: Sequence[Stored]) -> bool:
    """Whether the memory would retire one that says `read_only`."""
    fixed = [v.memory for v in versions if v.memory.read_only and v.memory.status is Status.ACTIVE]
    return any(memory.rank > other.rank for other in fixed)


def chain_changes(links: Mapping[str, Link], versions: Sequence[Stored]) -> list[Change]:
    """The changes that give stored versions what the chain wants of them; read-only ones stay."""
    changes: list[Change] = []
    for stored in sorted(versions, key=lambda version: version.memory.id):
        memory, link = stored.memory, links.get(stored.memory.id)
        if link is None or memory.read_only:
            continue
        fields = different(memory, link)
        if memory.status is Status.ACTIVE and link.superseded_by is not None and link.valid_until is not None:
            rest = {name: value for name, value in fields.items() if name == "supersedes"}
            changes.append(Supersede(stored, link.superseded_by, link.valid_until, "a newer version is known", rest))
        elif fields:
            changes.append(Revise(stored, fields, "its place in the chain of versions changed"))
    return changes


def different(memory: Memory, link: Link) -> dict[str, object]:
    """The fields in which a memory is not yet what the chain wants."""
    wanted: dict[str, object] = {
        "status": link.status,
        "supersedes": link.supersedes,
        "superseded_by": link.superseded_by,
        "valid_until": link.valid_until,
    }
    return {name: value for name, value in wanted.items() if getattr(memory, name) != value}

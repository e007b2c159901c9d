"""What readers see of a profile: its memories and tombstones at one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

from sidecar.model import BadFile, Status, Stored, Tombstone
from sidecar.store.links import Links


class Buried:
    """Tombstones by the id of the memory, and what else they name; never changes."""

    def __init__(self, tombstones: Mapping[str, Tombstone]) -> None:
        self.tombstones = tombstones

    @cached_property
    def hashes(self) -> frozenset[str]:
        """The content hashes of what was forgotten."""
        return frozenset(tombstone.content_hash for tombstone in self.tombstones.values())

    @cached_property
    def messages(self) -> frozenset[str]:
        """The messages that it was learned from."""
        return frozenset(message for tombstone in self.tombstones.values() for message in tombstone.messages)

    def name(self, identifier: str, content_hash: str, messages: Collection[str]) -> bool:
        """Whether a tombstone names the id, the content, or all of the messages."""
        return (
            identifier in self.tombstones
            or content_hash in self.hashes
            or (bool(messages) and self.messages.issuperset(messages))
        )


class Layered(Mapping[str, Stored]):
    """A large table that never changes, and the few entries in which this one differs from it; None: not there.

    Nothing is put in order before somebody asks for it: with each memory that is written there is a new one of these.
    """

    def __init__(self, base: Mapping[str, Stored], over: Mapping[str, Stored | None]) -> None:
        self._base, self._over = base, over

    def __getitem__(self, identifier: str) -> Stored:
        found = self._over[identifier] if identifier in self._over else self._base[identifier]
        if found is None:
            raise KeyError(identifier)
        return found

    def __iter__(self) -> Iterator[str]:
        yield from (identifier for identifier in self._base if identifier not in self._over)
        yield from (identifier for identifier, stored in self._over.items() if stored is not None)

    def __bool__(self) -> bool:  # asked at each opening of a profile, where counting is too much
        return next(iter(self), None) is not None

    def __len__(self) -> int:
        news = sum((stored is not None) - (name in self._base) for name, stored in self._over.items())
        return len(self._base) + news

    def every(self) -> list[Stored]:
        """All of it, in no order."""
        over = self._over
        found = [stored for identifier, stored in self._base.items() if identifier not in over]
        return found + [stored for stored in over.values() if stored is not None]

    def in_order(self) -> dict[str, Stored]:
        """All of it, sorted by id; quick where the large table is sorted."""
        over, base = self._over, self._base
        found = ((one, over[one] if one in over else base[one]) for one in sorted(self))
        return {identifier: stored for identifier, stored in found if stored is not None}


class Snapshot:
    """A profile at one moment; never changes."""

    def __init__(
        self,
        by_id: Layered,
        bad: tuple[BadFile, ...],
        buried: Buried,
    ) -> None:
        self.by_id, self.bad, self._buried = by_id, bad, buried

    @property
    def tombstones(self) -> Mapping[str, Tombstone]:
        """What was forgotten, by id."""
        return self._buried.tombstones

    @cached_property
    def ordered(self) -> tuple[Stored, ...]:
        """Every memory, sorted by id."""
        return tuple(self.by_id.in_order().values())

    @cached_property
    def links(self) -> Links:
        """The names by which these memories can be linked to."""
        return Links(self.ordered)

    def memories(self, statuses: Collection[Status] | None) -> list[Stored]:
        """Memories of some statuses (None: all), sorted by id."""
        if statuses is None:
            return list(self.ordered)
        return [stored for stored in self.ordered if stored.memory.status in statuses]

    def is_forgotten(self, identifier: str, content_hash: str, messages: Collection[str]) -> bool:
        """Whether a tombstone names the id, the content, or all of the messages."""
        return self._buried.name(identifier, content_hash, messages)

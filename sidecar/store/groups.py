"""Memories by what they have in common, and what has moved: so that a change costs what it touches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from sidecar.model import Stored
from sidecar.records import dataclass


@dataclass(slots=True)
class Moved:
    """What is not as it was when the one who follows the store last took notice, and emptied this.

    `ids`: memories; `keys`: those to which a memory has come, which it has left, or in which it has changed;
    `messages`: those that such memories, or tombstones, were learned from.
    """

    ids: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    messages: set[str] = field(default_factory=set)


class Groups:
    """The ids of memories by their keys, and by the messages that they were learned from.

    Only the writer changes it.  Anybody may look things up: at every moment what is found is a tuple.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, tuple[str, ...]] = {}
        self._by_message: dict[str, tuple[str, ...]] = {}
        self.moved = Moved()

    def of_key(self, key: str) -> list[str]:
        """The ids of every memory of a key, sorted."""
        return sorted(self._by_key.get(key, ()))

    def of_message(self, message: str) -> tuple[str, ...]:
        """The ids of the memories that were learned from a message, in no order."""
        return self._by_message.get(message, ())

    def change(self, before: Stored | None, after: Stored | None) -> None:
        """The memory of an id is another now."""
        for stored, put in ((before, _without), (after, _with)):
            if stored is None:
                continue
            memory = stored.memory
            for message in memory.source.messages:
                put(self._by_message, message, memory.id)
            if memory.key is not None:
                put(self._by_key, memory.key, memory.id)
                self.moved.keys.add(memory.key)
            self.moved.ids.add(memory.id)
            self.moved.messages.update(memory.source.messages)

    def buried(self, messages: Iterable[str]) -> None:
        """A tombstone that names these messages has come or gone."""
        self.moved.messages.update(messages)


def _with(groups: dict[str, tuple[str, ...]], name: str, identifier: str) -> None:
    groups[name] = (*groups.get(name, ()), identifier)


def _without(groups: dict[str, tuple[str, ...]], name: str, identifier: str) -> None:
    left = tuple(one for one in groups.get(name, ()) if one != identifier)
    if left:
        groups[name] = left
    else:
        groups.pop(name, None)

"""From what the store and the archive hold to what a commit changes: comparing, numbering, embedding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np

from sidecar.index.block import Matrix
from sidecar.index.documents import MessageDoc, MessageGone
from sidecar.index.entries import (
    INDEXED_STATUSES,
    memory_columns,
    memory_entry,
    memory_ident,
    memory_words,
    message_columns,
    message_entry,
    message_ident,
)
from sidecar.index.shelf import Batch
from sidecar.index.vectors import Embedder
from sidecar.model import ProfileRef, Status, Stored
from sidecar.records import dataclass

COMMIT_AT_MOST = 5_000
"""Documents of one commit: bounds the memory that a back-fill takes, and what a kill repeats."""

COMMIT_CHARACTERS = 16_000_000
"""Of the texts of one commit, so that messages of megabytes are not held by the thousand."""

_FEW = 50

Item = TypeVar("Item")
MessageChange = MessageDoc | MessageGone
ChangedMemories = Mapping[ProfileRef, Mapping[str, Stored | None]]
"""Memories by profile and id; None for one that is gone."""


@dataclass(frozen=True, slots=True)
class Known:
    """Which file a memory was indexed from, with which status, and as which row.

    Of what others shared the status is not the file's alone: it may be held, and released.
    """

    path: str
    sha256: str
    status: Status
    row: int


@dataclass(frozen=True, slots=True)
class MemoryChanges:
    """What differs between the store and the index, in the order in which it is written."""

    write: tuple[Stored, ...]
    remove: tuple[str, ...]


def portions(items: Iterable[Item], size: int = COMMIT_AT_MOST) -> Iterator[list[Item]]:
    """The items in lists of at most `size`, read as they are needed."""
    iterator = iter(items)
    while portion := list(islice(iterator, size)):
        yield portion


def message_portions(changes: Iterable[MessageChange]) -> Iterator[list[MessageChange]]:
    """The changes in lists for one commit each, read as they are needed."""
    portion: list[MessageChange] = []
    characters = 0
    for change in changes:
        portion.append(change)
        characters += len(change.text) if isinstance(change, MessageDoc) else 0
        if len(portion) == COMMIT_AT_MOST or characters >= COMMIT_CHARACTERS:
            yield portion
            portion, characters = [], 0
    if portion:
        yield portion


class Seen:
    """The memories of the store as they were when the index last agreed with it, to tell cheaply what has changed.

    A memory that is the same object as then is the same file: of 100,000 only those that are not are looked at.
    """

    def __init__(self, known: Mapping[str, Known]) -> None:
        """`known`: what the index holds, which nothing has been compared with yet."""
        self._unseen = set(known)
        self._held: dict[ProfileRef, dict[str, Stored]] = {}

    def take(self, memories: Mapping[ProfileRef, Sequence[Stored]]) -> tuple[list[Stored], list[str]]:
        """The memories that are other objects than before, and the idents of those that are gone."""
        changed: list[Stored] = []
        gone = {memory_ident(ref, name) for ref in self._held.keys() - memories.keys() for name in self._held.pop(ref)}
        for ref, held in sorted(memories.items()):
            before = self._held.setdefault(ref, {})
            fresh = [stored for stored in held if before.get(stored.memory.id) is not stored]
            added = sum(stored.memory.id not in before for stored in fresh)
            if len(before) + added > len(held):
                left = before.keys() - {stored.memory.id for stored in held}
                gone.update(memory_ident(ref, name) for name in left)
                for name in left:
                    del before[name]
            before.update((stored.memory.id, stored) for stored in fresh)
            changed += fresh
        # What the index held from an earlier run, and nobody has.
        gone |= self._unseen - {memory_ident(stored.profile, stored.memory.id) for stored in changed}
        self._unseen = set()
        return changed, sorted(gone)

    def take_some(self, memories: ChangedMemories) -> tuple[list[Stored], list[str]]:
        """As `take`, where it is known which memories alone can be others than before."""
        changed: list[Stored] = []
        gone: list[str] = []
        for ref, found in sorted(memories.items()):
            held = self._held.setdefault(ref, {})
            for name, stored in sorted(found.items()):
                if stored is None:
                    gone += [memory_ident(ref, name)] if held.pop(name, None) is not None else []
                elif held.get(name) is not stored:
                    held[name] = stored
                    changed.append(stored)
        return changed, gone


def memory_changes(changed: Sequence[Stored], gone: Sequence[str], known: Mapping[str, Known]) -> MemoryChanges:
    """Which of the memories that `Seen` tells of are to be written, and which idents are to leave the index."""
    named = {memory_ident(stored.profile, stored.memory.id): stored for stored in changed}
    write = [
        stored
        for ident, stored in sorted(named.items())
        if stored.memory.status in INDEXED_STATUSES and _differs(stored, known.get(ident))
    ]
    retired = [ident for ident, stored in named.items() if stored.memory.status not in INDEXED_STATUSES]
    return MemoryChanges(tuple(write), tuple(name for name in sorted({*gone, *retired}) if name in known))


def _differs(stored: Stored, known: Known | None) -> bool:
    as_stored = (stored.path, stored.sha256, stored.memory.status)
    return known is None or (known.path, known.sha256, known.status) != as_stored


def memory_batch(
    write: Sequence[Stored], removed: Sequence[int], first_row: int, embedder: Embedder
) -> tuple[Batch, dict[str, Known]]:
    """The commit that writes some memories, and what is known of them after it."""
    numbered = list(enumerate(write, first_row))
    batch = Batch(
        entries=[memory_entry(row, stored) for row, stored in numbered],
        columns=[memory_columns(row, stored) for row, stored in numbered],
        vectors=_memory_vectors(embedder, [memory_words(stored.memory) for stored in write]),
        removed=removed,
    )
    known = {
        memory_ident(stored.profile, stored.memory.id): Known(stored.path, stored.sha256, stored.memory.status, row)
        for row, stored in numbered
    }
    return batch, known


def latest(changes: Sequence[MessageChange]) -> dict[str, MessageChange]:
    """The last change of each message, by ident."""
    return {message_ident(change): change for change in changes}


def message_batch(
    changes: Iterable[MessageChange], removed: Sequence[int], first_row: int, embedder: Embedder, *, archived: bool
) -> Batch:
    """The commit that takes over some changes of the archive.  `archived`: whether texts can be had from there."""
    kept = [change for change in changes if isinstance(change, MessageDoc) and not change.forgotten]
    numbered = list(enumerate(kept, first_row))
    recallable = [(row, message) for row, message in numbered if message.recallable]
    return Batch(
        entries=[message_entry(row, message, archived=archived) for row, message in numbered],
        columns=[message_columns(row, message) for row, message in recallable],
        vectors=_vectors(embedder, [message.text for _, message in recallable]),
        removed=removed,
    )


def _memory_vectors(embedder: Embedder, texts: Sequence[str]) -> Matrix:
    """As `_vectors`; few are mostly those that somebody has just compared with the others."""
    if len(texts) > _FEW:
        return _vectors(embedder, texts)
    found = np.zeros((len(texts), embedder.dimensions), np.float32)
    for place, text in enumerate(texts):
        if text.strip():
            found[place] = embedder.encode_one(text)
    return found


def _vectors(embedder: Embedder, texts: Sequence[str]) -> Matrix:
    """A vector for each text, zero for an empty one."""
    found = np.zeros((len(texts), embedder.dimensions), np.float32)
    filled = [place for place, text in enumerate(texts) if text.strip()]
    found[filled] = embedder.encode([texts[place] for place in filled])
    return found

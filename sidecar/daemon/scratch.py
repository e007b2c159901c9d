"""Profiles as they would become: plans are carried out on values in memory, and nothing is written anywhere.

These offer what `Learning` asks of the journal, the store, the index and the follow road, so that the very code that
learns can be asked what it would do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sidecar.frontmatter import Document, load_mapping, parse
from sidecar.identity import content_hash
from sidecar.index import Index
from sidecar.journal import ArchivedMessage, Job, Journal, Mark, Run
from sidecar.model import (
    Add,
    Change,
    MemoryType,
    Message,
    ProfileRef,
    Revise,
    SessionRef,
    Skip,
    Status,
    Stored,
    Supersede,
    Tombstone,
)
from sidecar.statements import content_words
from sidecar.store import Profile, ProjectIdentity, Store, WriteContext, path_for

_NO_BYTES = ""
"""In place of the hash of a file that was not written."""


class ScratchProfile:
    """What a profile holds, and what plans have made of it since."""

    def __init__(self, ref: ProfileRef, real: Profile | None) -> None:
        """`real` is read now and, its purges apart, never again; None for a profile that does not exist yet."""
        self.ref = ref
        self._real = real
        self.changed: dict[str, Stored] = {}
        known = [] if real is None else real.memories(statuses=None)
        self._by_id = {stored.memory.id: stored for stored in known}
        self._by_key: dict[str, set[str]] = {}
        for stored in known:
            self._note_key(stored)
        tombstones = {} if real is None else real.tombstones()
        self._tombstones = tombstones
        self._buried_ids = frozenset(tombstones)
        self._buried_hashes = frozenset(tombstone.content_hash for tombstone in tombstones.values())
        self._buried_messages = frozenset(message for one in tombstones.values() for message in one.messages)

    def memories(self, *, statuses: Collection[Status] | None = (Status.ACTIVE,)) -> list[Stored]:
        """As `Profile.memories`."""
        found = (self._by_id[identifier] for identifier in sorted(self._by_id))
        return [stored for stored in found if statuses is None or stored.memory.status in statuses]

    def get(self, identifier: str) -> Stored | None:
        """As `Profile.get`."""
        return self._by_id.get(identifier)

    def versions(self, key: str) -> list[Stored]:
        """As `Profile.versions`."""
        found = (self._by_id[identifier] for identifier in sorted(self._by_key.get(key, ())))
        return [stored for stored in found if stored.memory.key == key]

    def learned_from(self, messages: Iterable[str]) -> list[Stored]:
        """As `Profile.learned_from`."""
        wanted = frozenset(messages)
        return [one for one in self.memories(statuses=None) if wanted.intersection(one.memory.source.messages)]

    def is_forgotten(self, identifier: str, content_hash: str, messages: Collection[str] = ()) -> bool:
        """As `Profile.is_forgotten`."""
        return (
            identifier in self._buried_ids
            or content_hash in self._buried_hashes
            or (bool(messages) and self._buried_messages.issuperset(messages))
        )

    def tombstones(self) -> Mapping[str, Tombstone]:
        """As `Profile.tombstones`."""
        return self._tombstones

    def purged(self) -> frozenset[str]:
        """As `Profile.purged`."""
        return frozenset() if self._real is None else self._real.purged()

    def apply(self, plan: Sequence[Change], _context: WriteContext) -> list[Stored]:
        """As `Profile.apply`, on values."""
        found = [stored for change in plan if (stored := self._outcome(change)) is not None]
        for stored in found:
            self._by_id[stored.memory.id] = self.changed[stored.memory.id] = stored
            self._note_key(stored)
        return found

    def place(self, path: str, data: bytes, _context: WriteContext) -> None:
        """As `Profile.place`, on values."""
        document = parse(data)
        assert isinstance(document, Document)  # noqa: S101 - whoever plans has looked
        stored = Stored(document.memory(), self.ref, path, _NO_BYTES)
        self._by_id[stored.memory.id] = self.changed[stored.memory.id] = stored
        self._note_key(stored)

    def place_tombstone(self, data: bytes, _context: WriteContext, *, private: bool) -> bool:
        """As `Profile.place_tombstone`, on values."""
        found = load_mapping(data)
        identifier = found.get("id") if isinstance(found, Mapping) else None
        known = self.get(str(identifier))
        here = known is not None and known.memory.status is not Status.FORGOTTEN
        return not here and identifier not in self._buried_ids

    def refresh(self) -> None:
        """Nothing changes under a scratch profile."""

    def _outcome(self, change: Change) -> Stored | None:
        match change:
            case Add(memory=memory):
                buried = self.is_forgotten(memory.id, content_hash(memory.type, memory.content))
                if memory.id in self._by_id or buried:
                    return None
                return Stored(memory, self.ref, path_for(memory), _NO_BYTES)
            case Revise(target=target):
                now = self._by_id[target.memory.id]
                return replace(now, memory=now.memory.replace(**change.fields))
            case Supersede(target=target):
                now = self._by_id[target.memory.id]
                retired = {
                    "status": Status.SUPERSEDED,
                    "superseded_by": change.by,
                    "valid_until": change.valid_until,
                }
                return replace(now, memory=now.memory.replace(**{**change.fields, **retired}))
            case Skip():
                return None

    def _note_key(self, stored: Stored) -> None:
        if stored.memory.key is not None:
            self._by_key.setdefault(stored.memory.key, set()).add(stored.memory.id)


class ScratchStore:
    """Every profile as a scratch one, made when it is first asked for."""

    def __init__(self, real: Store) -> None:
        self._real = real
        self._open: dict[ProfileRef, ScratchProfile] = {}

    def exists(self, ref: ProfileRef) -> bool:
        """As `Store.exists`."""
        return ref in self._open or self._real.exists(ref)

    def open(
        self,
        ref: ProfileRef,
        *,
        create: bool = False,
        project: ProjectIdentity | None = None,
    ) -> ScratchProfile:
        """As `Store.open`; nothing is made on disk."""
        if ref not in self._open:
            self._open[ref] = ScratchProfile(ref, self._real.open(ref) if self._real.exists(ref) else None)
        return self._open[ref]


class ScratchIndex:
    """The index, corrected by what plans have made of the profiles since."""

    def __init__(self, real: Index, store: ScratchStore) -> None:
        self._real, self._store = real, store

    def neighbours(self, profile: ProfileRef, text: str, limit: int) -> list[tuple[str, float]]:
        """As `Index.neighbours`."""
        changed = self._store.open(profile).changed
        found = [pair for pair in self._real.neighbours(profile, text, limit) if pair[0] not in changed]
        active = [stored for _, stored in sorted(changed.items()) if stored.memory.status is Status.ACTIVE]
        found += self._scored(text, active)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def foresee(self, stored: Stored) -> None:
        """The plans are known already."""

    def _scored(self, text: str, stored: Sequence[Stored]) -> list[tuple[str, float]]:
        if not stored:
            return []
        told, *rows = self._real.embedder.encode([text, *(_embedded(one) for one in stored)])
        words = content_words(text)
        scores = []
        for one, row in zip(stored, rows, strict=True):
            cosine = float(row @ told)
            share = len(words & content_words(one.memory.content)) / max(len(words), 1)
            scores.append((one.memory.id, share if one.memory.type is MemoryType.TASK else cosine))
        return [(identifier, score) for identifier, score in scores if score > 0]


def _embedded(stored: Stored) -> str:
    """What the index embeds of a memory."""
    return "\n".join([*stored.memory.queries, stored.memory.content])


class ScratchJournal:
    """The archive as if it held some messages, and only them."""

    def __init__(self, real: Journal) -> None:
        self._real = real
        self._messages: dict[SessionRef, list[ArchivedMessage]] = {}

    def say(self, ref: SessionRef, profile: ProfileRef, messages: Iterable[Message]) -> None:
        """Let a session consist of these messages."""
        self._messages[ref] = [ArchivedMessage(seq, one, profile) for seq, one in enumerate(messages, 1)]

    def messages(self, ref: SessionRef, *, after: int = 0) -> list[ArchivedMessage]:
        """As `Journal.messages`."""
        return [archived for archived in self._messages.get(ref, ()) if archived.seq > after]

    def removed(self, agent: str | None, ids: Iterable[str], *, profile: ProfileRef | None = None) -> set[str]:
        """As `Journal.removed`."""
        return self._real.removed(agent, ids, profile=profile)

    def last_write(self, profile: str, path: str) -> str | None:
        """As `Journal.last_write`; a scratch file has no bytes, and the machine wrote it."""
        return self._real.last_write(profile, path) or _NO_BYTES

    def finish(self, job: Job, *, upto: int, run: Run | None = None) -> None:
        """There are no jobs."""

    def mark_sources(self, profile: ProfileRef, marks: Mapping[str, Mark]) -> None:
        """Nothing is marked."""


class ScratchFollow:
    """Nobody follows what is not written."""

    @property
    def uncommitted(self) -> Mapping[ProfileRef, tuple[datetime, datetime]]:
        """Nothing waits for a commit."""
        return {}

    def note_change(self, ref: ProfileRef) -> None:
        """Nothing waits for a commit."""

    def catch_up(
        self, refs: Collection[ProfileRef] | None = None, *, rescan: bool = True, messages: bool = True
    ) -> bool:
        """The scratch index looks at the scratch profiles itself."""
        return False

    def commit(self, ref: ProfileRef) -> list[str]:
        """There is nothing to commit."""
        return []

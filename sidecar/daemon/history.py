"""What is asked of the past: differences, undo, snapshots, and recall as of a tag or commit.

The index holds the present.  A question to the tree of a commit is answered from an index of that tree, made by the
same code when it is first asked for: forgotten memories and earlier words are in no other index, and the ranking is the
same as that of every recall.  A tree never changes, so neither does its index; the last few are kept.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from sidecar.daemon.desk import Desk
from sidecar.daemon.parts import Parts
from sidecar.descriptors import remove_tree
from sidecar.errors import UnknownRevision
from sidecar.git.past import Tag
from sidecar.index import Index, MessageDoc, MessageGone
from sidecar.model import ProfileRef, Stored
from sidecar.recall import Recall
from sidecar.records import dataclass
from sidecar.store import Difference, Profile
from sidecar.store.past import why
from sidecar.wire.past import ChangedMemory, DiffResult, SnapshotShape, UndoResult
from sidecar.wire.shapes import LogEntry, RevisionShape

_KEPT = 4
"""Indexes of past trees: one of 1,000 memories takes some 5 MB of the cache."""

_PATCH_CHARACTERS = 2_000_000
"""Of a diff; nobody reads more, and `git diff` shows all of it."""

_REVISIONS = 100
"""Commits of one memory that are looked through for its words."""

_FOLDER = "past"

Trees = tuple[tuple[ProfileRef, str], ...]


@dataclass(frozen=True, slots=True)
class AsOf:
    """What answers a question to the past: the profiles that know the revision, and notes on those that do not."""

    recall: Recall
    profiles: tuple[ProfileRef, ...]
    notes: tuple[str, ...]


class HistoryDesk(Desk):
    """Serves questions about the past, and takes commits back."""

    def __init__(self, parts: Parts, let_go: Callable[[], None]) -> None:
        """`let_go` has others close what they read from."""
        super().__init__(parts)
        self._let_go = let_go
        self._folder = parts.index.folder.parent / _FOLDER
        with suppress(OSError):
            remove_tree(self._folder)  # what an earlier run has left
        self._indexes: OrderedDict[Trees, tuple[Index, Recall]] = OrderedDict()
        self._building: dict[Trees, asyncio.Task[tuple[Index, Recall]]] = {}
        self._lock = asyncio.Lock()
        self._count = 0

    async def diff(self, ref: ProfileRef, before: datetime | str, after: datetime | str | None) -> DiffResult:
        """How two commits differ."""
        return await self.read(_diff, self.profile(ref), before, after)

    async def undo(self, ref: ProfileRef, commit: str | None) -> UndoResult:
        """Take a commit back by a new one; the index follows before this returns."""
        return await self.write(self._undo, self.profile(ref), commit)

    async def snapshots(self, ref: ProfileRef) -> Sequence[SnapshotShape]:
        """The names of states, the latest first; none of a profile that does not exist."""
        profile = self.opened(ref)
        tags = [] if profile is None else await self.read(profile.past.snapshots)
        return [SnapshotShape(name=tag.name, commit=tag.commit, time=tag.time, note=tag.note) for tag in tags]

    async def snapshot(self, ref: ProfileRef, name: str) -> SnapshotShape:
        """Name the present state; what has changed and is not committed yet is committed first."""
        tag = await self.write(self._snapshot, self.profile(ref), name)
        return SnapshotShape(name=tag.name, commit=tag.commit, time=tag.time, note=tag.note)

    async def log(self, ref: ProfileRef, identifier: str | None, limit: int) -> Sequence[LogEntry]:
        """Commits with their reasons, newest first; none of a profile that does not exist."""
        profile = self.opened(ref)
        if profile is None:
            return []
        entries = await self.read(profile.log, identifier, limit)
        pushed = await self.read(profile.pushed, entries)
        return [
            LogEntry(
                commit=entry.commit,
                time=entry.time,
                author=entry.author.name,
                subject=entry.subject,
                memories=list(entry.memories),
                session=next(iter(entry.sessions), None),
                agent=next(iter(entry.agents), None),
                why=why(entry.body),
                changes=[line.removeprefix("- ") for line in entry.body.splitlines() if line.startswith("- ")],
                **({"pushed_by": pushed[entry.commit]} if entry.commit in pushed else {}),
            )
            for entry in entries
        ]

    async def revisions(self, profile: Profile, identifier: str) -> tuple[RevisionShape, ...]:
        """The words that a memory's file had, oldest first."""
        found = await self.read(lambda: profile.past.revisions(identifier, profile.log(identifier, _REVISIONS)))
        return tuple(
            RevisionShape(
                commit=one.commit,
                time=one.time,
                author=one.author,
                why=one.why,
                summary=one.memory.summary,
                content=one.memory.content,
            )
            for one in found
        )

    async def as_of(self, profiles: Iterable[ProfileRef], revision: str) -> AsOf:
        """What answers for the trees of a tag or commit, the first profile's and those of others that have it too.

        Raises UnknownRevision if none has.
        """
        trees, notes = await self.read(self._trees, tuple(profiles), revision)
        held = self._indexes.get(trees)
        if held is None or not held[0].intact():
            if trees not in self._building:
                self._building[trees] = asyncio.create_task(self._build(trees))
            # Whoever asked may give up: the index is made all the same, for the next one.
            held = await asyncio.shield(self._building[trees])
        if trees in self._indexes:
            self._indexes.move_to_end(trees)
        return AsOf(held[1], tuple(ref for ref, _ in trees), tuple(notes))

    async def forget_indexes(self) -> None:
        """Let go of what is held of past trees and of earlier files of the index, because history was rewritten."""
        self._let_go()
        async with self._lock:
            self._indexes.clear()
            await self.read(shutil.rmtree, self._folder, ignore_errors=True)

    async def _build(self, trees: Trees) -> tuple[Index, Recall]:
        """Make an index and keep it, instead of the one that was asked for longest ago."""
        try:
            async with self._lock:
                held = await self.read(self._built, trees)
                self._indexes[trees] = held
                while len(self._indexes) > _KEPT:
                    _, (old, _) = self._indexes.popitem(last=False)
                    await self.read(shutil.rmtree, old.folder, ignore_errors=True)
                return held
        finally:
            del self._building[trees]

    def _trees(self, profiles: tuple[ProfileRef, ...], revision: str) -> tuple[Trees, list[str]]:
        trees: list[tuple[ProfileRef, str]] = []
        notes: list[str] = []
        for ref in profiles:
            profile = self.opened(ref)
            try:
                if profile is not None:
                    trees.append((ref, profile.past.commit(revision)))
            except UnknownRevision:
                notes.append(f"at: profile {ref} has no {revision}, and is left out")
        if not trees:
            raise UnknownRevision(name=revision, profile=profiles[0])
        notes.append("at: messages are not part of a commit; memories alone were searched")
        return tuple(trees), notes

    def _built(self, trees: Trees) -> tuple[Index, Recall]:
        """An index of some trees, in a folder of its own."""
        self._count += 1
        index = Index.open(self._folder / str(self._count), self.parts.index.embedder)
        opened = {ref: (self.parts.store.open(ref), commit) for ref, commit in trees}
        index.sync(_Tree({ref: one.arrivals.views(one.past.memories(at)) for ref, (one, at) in opened.items()}))
        return index, Recall(index)

    def _undo(self, profile: Profile, commit: str | None) -> UndoResult:
        try:
            done = profile.undo(commit)
        finally:
            self.parts.follow.note_change(profile.ref)
            self.parts.follow.catch_up([profile.ref])
        return UndoResult(
            commit=done.commit, undone=list(done.undone), memories=list(done.memories), paths=list(done.paths)
        )

    def _snapshot(self, profile: Profile, name: str) -> Tag:
        self.parts.follow.commit(profile.ref)
        now = datetime.now(UTC).replace(microsecond=0)
        return profile.past.snapshot(name, now, f"Snapshot {name} of {profile.ref}")


@dataclass(frozen=True, slots=True)
class _Tree:
    """Past memories as an index follows them; messages were never in git."""

    held: Mapping[ProfileRef, Sequence[Stored]]

    def memories(self) -> Mapping[ProfileRef, Sequence[Stored]]:
        """All of them."""
        return self.held

    def message_changes(self, after: int) -> Iterable[MessageDoc | MessageGone]:
        """None."""
        del after
        return ()


def _diff(profile: Profile, before: datetime | str, after: datetime | str | None) -> DiffResult:
    past = profile.past
    first, last = past.commit(before), past.commit("HEAD" if after is None else after)
    patch = past.patch(first, last)
    return DiffResult(
        before=first,
        after=last,
        memories=[_changed(one) for one in past.differences(first, last)],
        patch=patch[:_PATCH_CHARACTERS],
        truncated=len(patch) > _PATCH_CHARACTERS,
    )


def _changed(one: Difference) -> ChangedMemory:
    memory = one.after or one.before
    before, after = one.paths
    moved = before is not None and after is not None and before != after
    change: Literal["added", "removed", "changed", "moved"] = "moved" if moved else "changed"
    if before is None or after is None:
        change = "added" if before is None else "removed"
    return ChangedMemory(
        id=one.identifier,
        change=change,
        path=after or before or "",
        before_path=before if moved else None,
        type=memory.type.value if memory else None,
        key=memory.key if memory else None,
        status=memory.status.value if memory else None,
        summary=memory.summary if memory else None,
    )

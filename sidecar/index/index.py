"""The index as the program knows it: opened in doubt as empty, brought up to date by `sync`, read through `view`.

On disk: `format.json` (what it was built with), `memories/` and `messages/`, each with `words/` and `columns/`.
It is a cache of store and archive: whatever is wrong with it, the answer is to start anew, once.  Each of the two
folders is committed as a whole; a kill between the two leaves both as they were at some moment, and the next sync
goes on from there: it compares the memories' files with what the index knows, and asks the archive for what came after
the last message that is in.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sidecar.descriptors import fresh_file
from sidecar.errors import IndexUnusable
from sidecar.index.block import Matrix
from sidecar.index.documents import Archive, Filters, Found, Lasting, Source, SyncReport
from sidecar.index.entries import (
    indexed_memory,
    memory_id_in,
    memory_ident,
)
from sidecar.index.foreseen import Foreseen
from sidecar.index.lexical import MAX_COVERAGE_TERMS, stems
from sidecar.index.marker import KINDS, MARKER, built_with, name_of
from sidecar.index.scores import idf
from sidecar.index.shelf import Shelf, wipe
from sidecar.index.sync import (
    ChangedMemories,
    Known,
    Seen,
    latest,
    memory_batch,
    memory_changes,
    message_batch,
    message_portions,
    portions,
)
from sidecar.index.vectors import Embedder
from sidecar.index.view import View
from sidecar.model import ProfileRef, Status, Stored

_NEIGHBOUR_FIELDS = {"content": 1.0, "summary": 1.0, "key": 1.0, "keywords": 0.5}
_NEIGHBOUR_POOL = 4
"""How many times the wanted neighbours each of the two searches brings."""

_FEW_BARE = 64
"""Memories without a vector, such as tasks, that are looked at each before a search for words is begun."""


class Index:
    """Search over the memories and archived messages of all profiles.

    `view` and `neighbours` may be used from any thread while a `sync` runs; syncs wait for each other.
    """

    _memories: Shelf
    _messages: Shelf
    _known: dict[str, Known] | None
    _opened: tuple[int, int, int]
    _name: str
    _view: View

    def __init__(
        self, folder: Path, embedder: Embedder, archive: Archive | None, clock: Callable[[], datetime]
    ) -> None:
        self.folder = folder
        self.embedder = embedder
        self.synced_at: datetime | None = None
        self.refilling = False
        """Whether it is being made anew; until that is done, answers come from what was there before."""
        self._built_with = built_with(embedder, archive)
        self._archive = archive
        # Looked at with each answer: putting such a path together costs more than the look.
        self._marker = folder / MARKER
        self._lasting = [folder / name / "words" / "meta.json" for name in KINDS]
        self._clock = clock
        self._writing = threading.Lock()
        self._base = 0
        self._doubtful = False
        self._seen: Seen | None = None
        self._shelves: tuple[Shelf, ...] = ()
        self._foreseen = Foreseen(embedder)
        self._waiting: tuple[float, float] | None = None
        self.on_waiting: Callable[[], object] = lambda: None
        """Called, in the thread that syncs, once something `waiting` is there that was not."""
        try:
            self._load()
        except IndexUnusable:
            self._start_anew()
        self._publish()

    @classmethod
    def open(
        cls,
        folder: Path,
        embedder: Embedder,
        *,
        archive: Archive | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Index:
        """The index in a folder, which is created if need be.

        `archive` is the one whose change numbers are followed and which has the messages' texts; without one the index
        keeps those itself.  An index of another format, embedding model
        or archive, or a damaged one, is emptied; the next `sync` fills it.  Raises IndexUnusable only if the folder
        itself cannot be used.
        """
        return cls(folder, embedder, archive, clock)

    @property
    def view(self) -> View:
        """Everything as of the last commit; does not change under its holder."""
        return self._view

    @property
    def generation(self) -> int:
        """Grows with each change of what can be found."""
        return self._view.generation

    def intact(self) -> bool:
        """Whether the folder on disk is still the one that was opened, or is being filled; costs a few stats.

        Not any more once a rest has found something else in it.
        """
        if self.refilling:
            return True
        if self._doubtful:
            return False
        try:
            for path in self._lasting:
                path.stat()
            return self._identity() == self._opened
        except OSError:
            return False

    def sync(
        self,
        source: Source,
        *,
        anew: bool = False,
        messages: bool = True,
        changed: ChangedMemories | None = None,
        later: bool = False,
    ) -> SyncReport:
        """Bring the index to what the source holds: the only writer.

        `later`: a little that was added may wait for the folder (`waiting`), which somebody then has to `write`; it is
        found at once.  What a kill takes back of it the next sync finds missing.

        Without `messages` only the memories are brought up to date, for somebody who goes on to write more of them.
        `changed`: all that can be another memory than at the last sync, or none any more; None if that is not known.

        A folder that was deleted or damaged meanwhile is filled from scratch, as it is with `anew`; until that is
        done, searches are answered from what was there before.  Raises IndexUnusable if it cannot be written.
        """
        with self._writing:
            if anew or not self.intact():
                return self._refill(source)
            generation = self.generation
            try:
                return self._follow(source, publish=self._publish, messages=messages, changed=changed, later=later)
            except IndexUnusable:
                # Whatever it is, a cache is made anew: what a kill has left may read well and yet refuse to be written,
                # such as a file of deletions whose commit never came.  If that fails too, the folder cannot be used.
                return self._refill(source)
            finally:
                self._note_waiting(changed=self.generation != generation)

    def neighbours(self, profile: ProfileRef, text: str, limit: int) -> list[tuple[str, float]]:
        """The ids of the active memories most like a text, best first.

        The score is the cosine; for what has no vector the share of the text's words that it has, weighted by idf.
        """
        view, terms, vector = self._view, stems(text), self.embedder.encode_one(text)
        near = view.nearest("memory", profile, vector, Filters(), limit)
        scores = {found.row: found.score for found in near}
        if not _nearer_than_any_words(view, profile, terms, vector, near, limit):
            scores = _nearest_or_worded(view, profile, terms, vector, limit)
        best = sorted(scores.items(), key=lambda item: (-item[1], -item[0]))[:limit]
        payloads = view.memories.reader.fetch([row for row, _ in best])
        found = {memory_id_in(payloads[row]): score for row, score in best if row in payloads}
        coming = self._foreseen.neighbours(profile, vector, terms)
        if coming:
            found = dict(sorted({**found, **coming}.items(), key=lambda item: (-item[1], item[0]))[:limit])
        return [(name, score) for name, score in found.items() if score > 0]

    def foresee(self, stored: Stored) -> None:
        """An active memory has been written that the next sync will take in: until then `neighbours` knows of it."""
        self._foreseen.add(stored)

    @property
    def lasting(self) -> Lasting | None:
        """What state of the folder the view shows, for a `Replica`; None if not all of it is in there."""
        view = self._view
        if self.refilling or self._doubtful or not (view.memories.lasts and view.messages.lasts):
            return None
        return Lasting(self._name, view.memories.state.generation, view.messages.state.generation)

    @property
    def waiting(self) -> tuple[float, float] | None:
        """When, by `time.monotonic`, something first and last came that is not in the folder; None if all of it is."""
        return self._waiting

    def write(self) -> None:
        """Put what waits into the folder; what is found does not change.

        Raises IndexUnusable if the folder cannot be written; the next sync makes it anew then.
        """
        self._together(Shelf.write)

    def rest(self) -> None:
        """Let go of what reading and writing have taken and can take again: threads, and the pages of files.

        To be called when nothing was asked or written for a while; what is found does not change.  Raises
        IndexUnusable if the folder is damaged; readers keep what they have then, and the next sync makes it anew.
        """
        self._together(Shelf.rest)

    def close(self) -> None:
        """Wait for a running sync; what was read from stays readable for whoever still holds a view."""
        with contextlib.suppress(IndexUnusable):  # it is a cache, which the next run makes anew
            self.write()
        with self._writing:
            self.synced_at = None
            self._close_shelves()

    def _together(self, act: Callable[[Shelf], None]) -> None:
        """Have all shelves do what leaves nothing waiting and changes nothing of what is found."""
        with self._writing:
            try:
                if self.intact():  # else the next sync makes it anew
                    for shelf in self._shelves:
                        act(shelf)
                    # What the view has reckoned from its rows stays true.
                    self._view = replace(self._view, memories=self._memories.view, messages=self._messages.view)
            except BaseException:
                self._doubtful = True  # nothing may be added to what is not what was there before
                raise
            finally:
                self._waiting = None

    def _note_waiting(self, *, changed: bool) -> None:
        before = self._waiting
        if not any(shelf.waits for shelf in self._shelves):
            self._waiting = None
        elif changed or before is None:
            now = time.monotonic()
            self._waiting = (before[0] if before else now, now)
            if before is None:
                self.on_waiting()

    def _refill(self, source: Source) -> SyncReport:
        """From scratch, unseen by readers until it is complete."""
        self.refilling = True
        self._waiting = None
        try:
            self._base = self._view.generation + 1
            self._start_anew()
            report = self._follow(source, publish=lambda: None)
            for shelf in (self._memories, self._messages):
                shelf.settle()
            self._publish()
        except BaseException:
            self._doubtful = True  # what is there of it stays unseen: a rest would give it out for all there is
            raise
        finally:
            self.refilling = False
        return replace(report, generation=self.generation, rebuilt=True)

    def _follow(
        self,
        source: Source,
        publish: Callable[[], None],
        *,
        messages: bool = True,
        changed: ChangedMemories | None = None,
        later: bool = False,
    ) -> SyncReport:
        messages_written, messages_removed = self._follow_messages(source, publish, later) if messages else (0, 0)
        memories_written, memories_removed = self._follow_memories(source, publish, changed, later)
        self.synced_at = self._clock()
        return SyncReport(
            generation=self.generation,
            memories_written=memories_written,
            memories_removed=memories_removed,
            messages_written=messages_written,
            messages_removed=messages_removed,
        )

    def _follow_messages(self, source: Source, publish: Callable[[], None], later: bool) -> tuple[int, int]:
        """Take over the archive's changes; how many messages were written and removed."""
        written = removed = 0
        for changes in message_portions(source.message_changes(self._messages.view.state.cursor)):
            view, last = self._messages.view, latest(changes)
            replaced = view.reader.rows_of(sorted(last))
            archived = self._archive is not None
            batch = message_batch(last.values(), replaced, view.state.next_row, self.embedder, archived=archived)
            self._messages.commit(batch, cursor=max(change.change for change in changes), later=later)
            publish()
            written += len(batch.entries)
            removed += max(0, len(replaced) - len(batch.entries))
        return written, removed

    def _follow_memories(
        self, source: Source, publish: Callable[[], None], changed: ChangedMemories | None, later: bool
    ) -> tuple[int, int]:
        """Take over what differs in the store; how many memories were written and removed."""
        # Read at the first sync and not at the start: the first answer does not wait for it.
        known = self._known = _known(self._memories) if self._known is None else self._known
        seen, changed = (Seen(known), None) if self._seen is None else (self._seen, changed)
        self._seen = None  # until all of it is written: what breaks off is compared as a whole again
        found = seen.take(source.memories()) if changed is None else seen.take_some(changed)
        changes = memory_changes(*found, known)
        for portion in portions([*changes.remove, *changes.write]):
            write = [item for item in portion if isinstance(item, Stored)]
            idents = [
                memory_ident(item.profile, item.memory.id) if isinstance(item, Stored) else item for item in portion
            ]
            replaced = [known[ident].row for ident in idents if ident in known]
            batch, fresh = memory_batch(write, replaced, self._memories.view.state.next_row, self.embedder)
            self._memories.commit(batch, cursor=0, later=later)
            for ident in sorted(known.keys() & set(idents)):
                del known[ident]
            known |= fresh
            publish()
        self._seen = seen
        self._foreseen.clear()
        return len(changes.write), len(changes.remove)

    def _publish(self) -> None:
        memories, messages = self._memories.view, self._messages.view
        generation = self._base + memories.state.generation + messages.state.generation
        self._view = View(generation, memories, messages, self._archive)

    def _load(self) -> None:
        """Open what is on disk.  Raises IndexUnusable if anything about it is in doubt."""
        self._name = name_of(self.folder, self._built_with)
        self._open_shelves()

    def _start_anew(self) -> None:
        """Empty the folder.  The marker comes first: without it, what a kill leaves is in doubt and emptied again."""
        self._close_shelves()
        wipe(self.folder)
        try:
            self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            self._name = secrets.token_hex(8)
            content = json.dumps({**self._built_with, "id": self._name})
            with os.fdopen(fresh_file(self._marker), "w", encoding="utf-8") as file:
                file.write(content)
        except OSError as error:
            raise IndexUnusable(path=self.folder, why=error) from error
        self._open_shelves()

    def _close_shelves(self) -> None:
        for shelf in self._shelves:
            with contextlib.suppress(IndexUnusable):  # damaged, as it may be: it is only to be let go of
                shelf.close()

    def _open_shelves(self) -> None:
        memories, messages = (Shelf(self.folder / kind, fields) for kind, fields in KINDS.items())
        self._known, self._seen = None, None
        self._memories, self._messages = memories, messages
        self._doubtful = False
        self._shelves = (memories, messages)
        try:
            self._opened = self._identity()
        except OSError as error:
            raise IndexUnusable(path=self.folder, why=error) from error

    def _identity(self) -> tuple[int, int, int]:
        """What tells this folder's marker from another of the same name."""
        found = self._marker.stat()
        return found.st_dev, found.st_ino, found.st_mtime_ns


def _known(memories: Shelf) -> dict[str, Known]:
    """What a shelf says of the memories in it."""
    rows = [int(row) for block in memories.view.blocks.values() for row in block.column("row")[block.alive]]
    known = {}
    for portion in portions(rows):
        for row, payload in memories.view.reader.fetch(portion).items():
            memory = indexed_memory(payload)
            known[memory_ident(memory.profile, memory.id)] = Known(
                memory.path, memory.sha256, Status(memory.status), row
            )
    if len(known) != len(rows):
        raise IndexUnusable(path="memories", why=f"{len(rows)} rows stand for {len(known)} memories")
    return known


def _nearer_than_any_words(
    view: View, profile: ProfileRef, terms: list[str], vector: Matrix, near: Sequence[Found], limit: int
) -> bool:
    """Whether the nearest memories are the neighbours, as none without a vector has as much of the words.

    Then no search for words is needed, which takes longer than all the rest; it is False too where that is not sure.
    """
    bare = view.unembedded(profile, vector)
    if not bare:
        return True
    if len(bare) > _FEW_BARE or not near or len(near) < limit:
        return False
    shares = _shares(view, profile, _weights(view, profile, terms), bare)
    return max(shares.values(), default=0.0) < near[-1].score


def _nearest_or_worded(
    view: View, profile: ProfileRef, terms: list[str], vector: Matrix, limit: int
) -> dict[int, float]:
    """The rows among which the neighbours of a text are, where some have no vector, and their scores."""
    filters, pool, weights = Filters(), limit * _NEIGHBOUR_POOL, _weights(view, profile, terms)
    near = view.nearest("memory", profile, vector, filters, pool)
    worded = view.words("memory", profile, weights, _NEIGHBOUR_FIELDS, filters, pool)
    rows = sorted({found.row for found in (*near, *worded)})
    cosines = view.cosines("memory", profile, vector, rows)
    bare = [row for row in rows if row not in cosines]
    return {**(_shares(view, profile, weights, bare) if bare else {}), **cosines}


def _weights(view: View, profile: ProfileRef, terms: list[str]) -> dict[str, float]:
    """The idf of terms, the weightiest first, as many as `coverage` can tell of."""
    counts, size = view.frequencies(profile, list(dict.fromkeys(terms)))
    weights = {term: idf(size, count) for term, count in counts.items()}
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MAX_COVERAGE_TERMS])


def _shares(view: View, profile: ProfileRef, weights: Mapping[str, float], rows: list[int]) -> dict[int, float]:
    """What share of the terms' weight each row has."""
    whole = sum(weights.values()) or 1.0
    found = view.coverage("memory", profile, list(weights), rows)
    return {row: sum(weights[term] for term in sorted(has)) / whole for row, has in found.items()}

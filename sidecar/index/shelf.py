"""All documents of one kind: the lexical index and the columns, committed as one.

A commit costs as much for one document as for fifty, most of it in syncs of the engine's.  So a few that are added may
wait for it: they are found from memory meanwhile.  A kill takes them back, as if they had not been there yet.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from itertools import chain
from pathlib import Path

import numpy as np

from sidecar.errors import IndexUnusable
from sidecar.index.block import PROPOSED, Block, Flags, Matrix, Rows
from sidecar.index.columns import TYPES, ColumnLog, ColumnRow, apply, rows_of
from sidecar.index.documents import Entry, Filters, Found, IndexedMemory, State, digest
from sidecar.index.fresh import FreshReader, Words
from sidecar.index.lexical import LexicalReader, Lexicon, cut, reader_beside
from sidecar.index.waiting import Waiting
from sidecar.records import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """What one commit changes.

    `columns` and `vectors` go together, a vector for each row; a document without a row in the columns is found by
    words only.  `removed` are the numbers of rows that are there.
    """

    entries: Sequence[Entry]
    columns: Sequence[ColumnRow]
    vectors: Matrix
    removed: Sequence[int]


_TRIES = 3
_WORDS, _COLUMNS = "words", "columns"
_NOTHING = Batch((), (), np.zeros((0, 0), np.float32), ())


@dataclass(frozen=True, slots=True)
class ShelfView:
    """One state, to read from; safe to use from several threads.

    `read`: documents that have been read, by their rows.
    """

    state: State
    reader: Words
    blocks: Mapping[int, Block]
    read: dict[int, IndexedMemory] = field(default_factory=dict, compare=False, repr=False)

    @property
    def lasts(self) -> bool:
        """Whether all of it is in the folder, and nothing in memory alone."""
        return isinstance(self.reader, LexicalReader)

    def live(self, profile: int) -> int:
        """How many documents with a row in the columns a profile has."""
        block = self.blocks.get(profile)
        return block.live if block else 0

    def nearest(self, profile: int, vector: Matrix, filters: Filters, limit: int) -> list[Found]:
        """The rows with the greatest cosine to a vector, best first; those without a vector never.

        Of equal ones the later row comes first.
        """
        block = self.blocks.get(profile)
        if block is None:
            return []
        places, cosines = block.nearest(vector, self.allowed(profile, block, filters), limit)
        rows = block.column("row")[places]
        order = np.lexsort((rows, cosines))[::-1][:limit]
        return [Found(row, cosine) for row, cosine in zip(rows[order].tolist(), cosines[order].tolist(), strict=True)]

    def allowed(self, profile: int, block: Block, filters: Filters) -> Flags:
        """Which rows of a profile's block pass all filters; the columns have no tags, the words do."""
        allowed = wanted(block, filters)
        if filters.tags:
            allowed = allowed & np.isin(block.column("row"), self.reader.tagged(profile, filters.tags))
        return allowed


def wanted(block: Block, filters: Filters) -> Flags:
    """Which rows of a block are alive and pass the filters, but for tags; not to be written to."""
    if filters.until is None:
        mask = block.current
    else:
        time = block.column("time")
        mask = (
            block.alive
            & (block.column("state") != PROPOSED)
            & (time >= 0)
            & (time <= filters.until)
            & (block.column("until") > filters.until)
        )
    if filters.since is not None:
        mask = mask & (block.column("time") >= filters.since)
    if filters.before is not None:
        mask = mask & (block.column("time") >= 0) & (block.column("time") <= filters.before)
    if filters.session is not None:
        mask = mask & (block.column("session") == np.uint64(digest(filters.session)))
    if filters.types:
        mask = mask & np.isin(block.column("type"), [TYPES.index(name) for name in filters.types if name in TYPES])
    return mask


class Shelf:
    """Writes and keeps the current view of one kind of documents.  One writer at a time."""

    def __init__(self, folder: Path, fields: Sequence[str]) -> None:
        """Opens or creates it; raises IndexUnusable if what is there cannot be used or does not fit together."""
        self._folder = folder
        words, columns = folder / _WORDS, folder / _COLUMNS
        for place in (folder, words, columns):
            if place.is_symlink():  # what is removed and written below it would be somebody else's
                raise IndexUnusable(path=place, why="it is a symlink")
        self._lexicon = Lexicon(words, fields)
        self._log = ColumnLog(columns)
        reader = self._lexicon.reader()
        self.view = _as_one(folder, reader, self._log.load)
        self._committed, self._engine, self._waiting = self.view.state, reader, Waiting()

    @property
    def waits(self) -> bool:
        """Whether memory has what the folder does not."""
        return bool(self._waiting)

    def close(self) -> None:
        """Write no more; views can still be read from.  Raises IndexUnusable if what was under way cannot be ended."""
        self._lexicon.close()

    def commit(self, batch: Batch, cursor: int, *, later: bool = False) -> None:
        """Change documents and cursor at once; on an error the view stays as it was.

        `later`: if it only adds a little, that is found at once, and comes into the folder with the next commit or
        `write`.
        """
        view, entries = self.view, batch.entries
        added = rows_of(batch.columns, batch.vectors)
        blocks = apply(view.blocks, added, batch.removed)
        state = replace(
            view.state,
            generation=view.state.generation + 1,
            cursor=cursor,
            next_row=max([view.state.next_row - 1, *(entry.row for entry in entries)]) + 1,
            documents=view.state.documents - len(batch.removed) + len(entries),
            live=sum(block.live for block in blocks.values()),
        )
        if later and self._waiting.takes(entries, batch.removed, self._committed.documents):
            self._waiting = self._waiting.without(batch.removed).joined(entries, added)
            self.view = ShelfView(state, FreshReader(self._engine, self._waiting.fresh), blocks)
            return
        self._write(batch, [added], ShelfView(state, self._engine, blocks))

    def write(self) -> None:
        """Commit what waits; what is found does not change."""
        if self._waiting:
            self._write(_NOTHING, (), self.view)

    def _write(self, batch: Batch, rows: Sequence[Rows], view: ShelfView) -> None:
        """Commit what waits and a batch with its rows; `view`: what there is then, whose reader is another."""
        state, removed = view.state, self._waiting.written(batch.removed)
        waiting = self._waiting.without(batch.removed)
        documents = chain((one.cut for one in waiting.fresh.documents), map(cut, batch.entries))
        self._log.write(state.generation, view.blocks, [*waiting.rows, *rows], removed)
        self._lexicon.commit(documents, removed, state)
        self._log.tidy(state.generation)
        self._committed, self._engine, self._waiting = state, self._lexicon.reader(), Waiting()
        self.view = replace(view, reader=self._engine)

    def rest(self) -> None:
        """Let go of what reading and writing have taken; nothing of what is in it changes."""
        self.write()
        self._lexicon.rest()
        reader = self._lexicon.reader()
        if reader.state() != self._committed:
            raise IndexUnusable(path=self._folder, why="somebody else has written it")
        self._engine = reader
        self.view = replace(self.view, reader=reader)

    def settle(self) -> None:
        """After many commits: the columns as one file, from which the vectors are read where they lie."""
        self.write()
        view = self.view
        if view.blocks:
            self._log.rewrite(view.state.generation, view.blocks)
            self.view = ShelfView(view.state, view.reader, self._log.load(view.state.generation))


def beside(folder: Path, fields: Sequence[str]) -> ShelfView:
    """The last state in a folder that another process writes; nothing is changed there.

    Raises IndexUnusable if it cannot be read, which may be because another state has come meanwhile.
    """
    return _as_one(folder, reader_beside(folder / _WORDS, fields), ColumnLog(folder / _COLUMNS).read)


def _as_one(folder: Path, reader: LexicalReader, blocks_of: Callable[[int], Mapping[int, Block]]) -> ShelfView:
    """The state of a reader with its rows.  Raises IndexUnusable if they do not fit together."""
    state = reader.state()
    blocks = blocks_of(state.generation)
    there = (reader.documents(), sum(block.live for block in blocks.values()))
    if there != (state.documents, state.live):
        raise IndexUnusable(path=folder, why=f"{there} documents and rows, not {(state.documents, state.live)}")
    return ShelfView(state, reader, blocks)


def wipe(folder: Path) -> None:
    """Remove an index folder's content; what cannot be removed is reported as IndexUnusable."""
    try:
        if folder.is_symlink() or not folder.is_dir():  # a pipe too, which `rmtree` would open and wait for
            folder.unlink(missing_ok=True)
        else:
            _removed(folder)
    except FileNotFoundError:
        shutil.rmtree(folder, ignore_errors=True)  # someone else is deleting it at the same time
    except OSError as error:
        raise IndexUnusable(path=folder, why=error) from error


def _removed(folder: Path) -> None:
    for _ in range(_TRIES):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            # Who reads it beside us makes a lock there, perhaps after the look at what is in it.
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        else:
            return
    shutil.rmtree(folder)

"""The index as a reader sees it: everything of one moment, unchanged by later syncs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from sidecar.index.block import Block, Matrix, greatest
from sidecar.index.documents import Archive, Filters, Found, IndexedMemory, IndexedMessage, Kind, profile_number
from sidecar.index.entries import ALL_FIELDS, SETTLED, indexed_memory, indexed_messages
from sidecar.index.shelf import ShelfView
from sidecar.index.sources import sources
from sidecar.index.threads import NOBODY, Places
from sidecar.model import ProfileRef
from sidecar.records import dataclass

_RECALL_FIELDS: Mapping[Kind, Sequence[str]] = {"memory": (ALL_FIELDS,), "message": ("text",)}
"""The fields whose words count as a document's own."""

_OTHERS = 0.2
"""A memory's summary, questions and keywords say its content again, so its best field counts, the others by this
share."""


_KEPT_MEMORIES = 1_024
"""Memories that are remembered as they were read, until one is written: a few megabytes.  Most of what is recalled in a
project was recalled before, and to read a memory takes longer than to rank it."""


@dataclass(frozen=True, slots=True)
class View:
    """Searches over memories and messages; safe to use from several threads.

    A profile that is not in the index is empty.  Rows are numbers of documents, unique within a kind.
    """

    generation: int
    memories: ShelfView
    messages: ShelfView
    archive: Archive | None = None
    _sources: dict[int, Places] = field(default_factory=dict, compare=False, repr=False)

    def words(
        self,
        kind: Kind,
        profile: ProfileRef,
        weights: Mapping[str, float],
        fields: Mapping[str, float],
        filters: Filters,
        limit: int,
    ) -> list[Found]:
        """The rows with the best BM25 score for any of the terms (`stems` makes them), best first.

        `weights` stand for the terms' idf: taken over all that is searched, they make the scores of several
        profiles comparable.
        """
        rows, scores = self._worded(kind, profile, weights, fields, filters, limit)
        ranked = sorted(zip(scores.tolist(), rows.tolist(), strict=True), reverse=True)
        return [Found(row, score) for score, row in ranked]

    def worded(
        self,
        kind: Kind,
        profile: ProfileRef,
        weights: Mapping[str, float],
        fields: Mapping[str, float],
        filters: Filters,
        limit: int,
    ) -> tuple[NDArray[np.intp], Matrix]:
        """As `words`, of what has a row in the columns: its place in there and its score; equal scores in no order."""
        rows, scores = self._worded(kind, profile, weights, fields, filters, limit)
        block = self._shelf(kind).blocks.get(profile_number(profile))
        return (block.places(rows) if block else np.zeros(0, np.intp)), scores

    def _worded(
        self,
        kind: Kind,
        profile: ProfileRef,
        weights: Mapping[str, float],
        fields: Mapping[str, float],
        filters: Filters,
        limit: int,
    ) -> tuple[NDArray[np.uint64], Matrix]:
        shelf, number = self._shelf(kind), profile_number(profile)
        block = shelf.blocks.get(number)
        if block is None:
            return np.zeros(0, np.uint64), np.zeros(0, np.float32)
        if kind == "memory":  # what is not in the field of all words is in none, and need not be looked up in each
            held = shelf.reader.frequencies(number, ALL_FIELDS, weights)
            weights = {term: weight for term, weight in weights.items() if held[term]}
        always, spare = _current(kind, filters), 0
        if always and filters.until is None:
            # To look at each row's label costs a third of a search: where few rows are not current, so many more are
            # asked for, and those left out.
            outdated = block.live - block.valid
            always, spare = ((), outdated) if outdated <= limit else (always, 0)
        rows, scores = shelf.reader.scores(number, weights, fields, filters, limit + spare, _OTHERS, always)
        if spare:
            current = block.current[block.places(rows)]
            rows, scores = rows[current][:limit], scores[current][:limit]
        return rows, scores

    def verbatim(self, profile: ProfileRef, weights: Mapping[str, float], filters: Filters, limit: int) -> list[Found]:
        """As `words`, over the messages of every role."""
        reader, number = self.messages.reader, profile_number(profile)
        fields = {"text": 1.0, "other": 1.0}
        return reader.search(number, weights, fields, filters, limit, 0.0)

    def nearest(self, kind: Kind, profile: ProfileRef, vector: Matrix, filters: Filters, limit: int) -> list[Found]:
        """The rows with the greatest cosine to a vector of the index's own embedder, best first."""
        return self._shelf(kind).nearest(profile_number(profile), vector, filters, limit)

    def unembedded(self, profile: ProfileRef, vector: Matrix) -> list[int]:
        """The rows of a profile's current memories without a vector, or with one of another model than this one's."""
        block = self.memories.blocks.get(profile_number(profile))
        if block is None:
            return []
        strange = block.dimensions != vector.shape[0]
        bare = block.current if strange else block.current & ~block.embedded
        found: list[int] = block.column("row")[bare].tolist()
        return found

    def memories_of(self, profile: ProfileRef) -> Block | None:
        """The memories of a profile as arrays; None if there are none."""
        return self.memories.blocks.get(profile_number(profile))

    def messages_of(self, profile: ProfileRef) -> Block | None:
        """The recallable messages of a profile as arrays; None if there are none."""
        return self.messages.blocks.get(profile_number(profile))

    def cosines(self, kind: Kind, profile: ProfileRef, vector: Matrix, rows: Sequence[int]) -> dict[int, float]:
        """The cosines of some rows; those without a vector are left out."""
        block = self._shelf(kind).blocks.get(profile_number(profile))
        if block is None or block.dimensions != vector.shape[0]:
            return {}
        positions = block.positions(rows)
        places = np.array(list(positions.values()), np.intp)
        known = block.embedded[places]
        cosines = block.cosines(vector, places[known])
        rows_known = np.array(list(positions), np.uint64)[known]
        return dict(zip(rows_known.tolist(), cosines.tolist(), strict=True))

    def keys(self, profile: ProfileRef, weights: Mapping[str, float], filters: Filters, limit: int) -> dict[int, float]:
        """The places of memories whose topic key has the most of the terms; the share of its words that these are."""
        shelf, number = self.memories, profile_number(profile)
        block = shelf.blocks.get(number)
        if block is None:
            return {}
        anywhere = shelf.reader.frequencies(number, ALL_FIELDS, weights)
        plain = [term for term in weights if anywhere[term] and term.isalnum()]  # a key is counted in its parts
        held = shelf.reader.frequencies(number, "key", plain)
        known = {term: weights[term] for term in plain if held[term]}
        if not known:
            return {}
        counted = shelf.reader.counted(number, known, "key", filters, limit, _current("memory", filters))
        places = block.places([found.row for found in counted])
        counts = [int(found.score + 0.25) for found in counted]  # a little below a whole number is one too
        found = zip(places.tolist(), counts, block.column("key")[places].tolist(), strict=True)
        return {place: min(1.0, count / most) for place, count, most in found if most}

    def near_memories(
        self, profile: ProfileRef, vector: Matrix, filters: Filters, limit: int, others: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], Matrix]:
        """The places of the memories nearest to a vector and some others, each once and in order, with their cosines.

        Among them are those without a vector of their own that came from the messages nearest to it; their cosine, as
        that of any other without a vector, is NaN.
        """
        number = profile_number(profile)
        block = self.memories.blocks.get(number)
        if block is None:
            return np.zeros(0, np.intp), np.zeros(0, np.float32)
        allowed = self.memories.allowed(number, block, filters)
        bare = np.flatnonzero(allowed & ~block.embedded)
        if len(bare):
            cosines = np.nan_to_num(self.source_cosines(profile, vector, bare))
            others = np.concatenate([others, bare[greatest(cosines, limit)]])
        places, cosines = block.nearest_beside(vector, allowed, limit, others)
        cosines[~block.embedded[places]] = np.nan
        return places, cosines

    def source_cosines(self, profile: ProfileRef, vector: Matrix, places: NDArray[np.intp]) -> Matrix:
        """The cosine of the message that the memory at each place came from, NaN where none is held."""
        number = profile_number(profile)
        found = np.full(len(places), np.nan, np.float32)
        memories, messages = self.memories.blocks.get(number), self.messages.blocks.get(number)
        if memories is None or messages is None or messages.dimensions != vector.shape[0]:
            return found
        if number not in self._sources:
            self._sources[number] = sources(memories, messages)
        come_from = self._sources[number][places]
        held = come_from != NOBODY
        found[held] = messages.cosines(vector, come_from[held])
        return found

    def coverage(
        self, kind: Kind, profile: ProfileRef, terms: Sequence[str], rows: Sequence[int]
    ) -> dict[int, frozenset[str]]:
        """Which of the terms (24 at most) each row has among its own words."""
        reader = self._shelf(kind).reader
        masks = reader.coverage(profile_number(profile), terms, _RECALL_FIELDS[kind], rows)
        return {
            row: frozenset(term for bit, term in enumerate(terms) if mask >> bit & 1) for row, mask in masks.items()
        }

    def frequencies(self, profile: ProfileRef, terms: Sequence[str]) -> tuple[dict[str, int], int]:
        """In how many recallable documents of a profile each term is, and how many there are (both approximate)."""
        number, size = profile_number(profile), self.size(profile)
        if not size:
            return dict.fromkeys(terms, 0), 0
        counts = dict.fromkeys(terms, 0)
        for kind, names in _RECALL_FIELDS.items():
            for name in names:
                for term, count in self._shelf(kind).reader.frequencies(number, name, counts).items():
                    counts[term] += count
        return counts, size

    def size(self, profile: ProfileRef) -> int:
        """How many memories and recallable messages a profile has."""
        number = profile_number(profile)
        return self.memories.live(number) + self.messages.live(number)

    def fetch_memories(self, rows: Sequence[int]) -> dict[int, IndexedMemory]:
        """The memories of rows."""
        known = self.memories.read
        found = {row: memory for row in rows if (memory := known.get(row))}
        if len(found) < len(rows):
            fetched = self.memories.reader.fetch([row for row in rows if row not in found])
            fresh = {row: indexed_memory(payload) for row, payload in fetched.items()}
            if len(known) + len(fresh) > _KEPT_MEMORIES:
                known.clear()
            known.update(fresh)
            found |= fresh
        return found

    def fetch_messages(self, rows: Sequence[int]) -> dict[int, IndexedMessage]:
        """The messages of rows, but for those whose text has left the archive meanwhile."""
        return indexed_messages(self.messages.reader.fetch(rows), self.archive)

    def _shelf(self, kind: Kind) -> ShelfView:
        return self.memories if kind == "memory" else self.messages


def _current(kind: Kind, filters: Filters) -> tuple[str, ...]:
    if kind == "message":
        return ()
    return ("status:active",) if filters.until is None else (SETTLED,)

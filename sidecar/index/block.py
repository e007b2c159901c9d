"""The rows of one profile as arrays: numbers side by side, vectors as bytes beside them, and what these leave over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.index.arrays import distinct
from sidecar.index.codes import SLACK, Bytes, Rests, Scores, candidates, compared, exact, products
from sidecar.index.threads import Threads, threads

Matrix = NDArray[np.float32]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

CURRENT, SUPERSEDED, PROPOSED = 0, 1, 2
"""Values of the column `state`."""

_DEAD_SHARE = 0.25
"""Of a block's rows, how many may be removed ones before the block is packed."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows as arrays of one length.

    `numbers`: the columns by name; `codes`, `rests` and `steps`: the vectors, as `codes.quantised` gives them, of which
    the rests may be a memory map.
    """

    numbers: Mapping[str, NDArray[Any]]
    codes: Bytes
    rests: Rests
    steps: Scores

    def __len__(self) -> int:
        return len(self.steps)

    def of_profile(self, number: int) -> Rows:
        """Those of one profile; where they lie together, without a copy."""
        places = np.flatnonzero(self.numbers["profile"] == number)
        together = len(places) and places[-1] - places[0] + 1 == len(places)
        chosen: Any = slice(places[0], places[-1] + 1) if together else places
        return self.chosen(chosen)

    def chosen(self, which: Any) -> Rows:  # noqa: ANN401 - whatever indexes an array
        """Some of them."""
        numbers = {name: column[which] for name, column in self.numbers.items()}
        return Rows(numbers, self.codes[which], self.rests[which], self.steps[which])


class Block:
    """The rows of one profile, in the order of their numbers.

    Immutable for whoever holds it: an extended block is a new one, which may share the arrays' memory, since rows
    are only ever added behind the end that this one sees.  The rests that a block began with stay where they are,
    which may be a file; later ones lie in memory.
    """

    __slots__ = ("_base", "_current", "_rows", "_tail", "_threads", "_valid", "alive", "live", "size")

    def __init__(self, rows: Rows, base: Rests, size: int, alive: Flags) -> None:
        """`rows` may have room for more than `size` rows; its rests are those behind `base`."""
        self._rows, self._base, self._tail = rows, base, rows.rests
        self._threads: Threads | None = None
        self._current: Flags | None = None
        self._valid: int | None = None
        self.size = size
        self.alive = alive
        self.live = int(np.count_nonzero(alive))

    @classmethod
    def of(cls, added: Rows) -> Block:
        """A block with these rows."""
        behind = Rows(added.numbers, added.codes, added.rests[:0], added.steps)
        return cls(behind, added.rests, len(added), np.ones(len(added), np.bool_))

    def column(self, name: str) -> NDArray[Any]:
        """One of the numbers, for all rows."""
        found: NDArray[Any] = self._rows.numbers[name][: self.size]
        return found

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return int(self._rows.codes.shape[1])

    @property
    def embedded(self) -> Flags:
        """Which rows have a vector."""
        return self._rows.steps[: self.size] > 0

    @property
    def current(self) -> Flags:
        """Which rows are alive and neither superseded nor proposed; not to be written to."""
        if self._current is None:
            self._current = self.alive & (self.column("state") == CURRENT)
        return self._current

    @property
    def valid(self) -> int:
        """How many rows are current."""
        if self._valid is None:
            self._valid = int(np.count_nonzero(self.current))
        return self._valid

    @property
    def threads(self) -> Threads:
        """How the rows, which are messages, follow each other; reckoned at the first use."""
        if self._threads is None:
            self._threads = threads({name: self.column(name) for name in ("time", "session", "voice")}, self.alive)
        return self._threads

    def rests(self, places: Places) -> Rests:
        """What the bytes at some places leave over."""
        begun = len(self._base)
        if self.size <= begun:
            return self._base.take(places, axis=0)
        found = np.empty((len(places), self._base.shape[1]), np.uint8)
        held = places < begun
        found[held] = self._base[places[held]]
        found[~held] = self._tail[places[~held] - begun]
        return found

    def vectors(self, places: Places) -> Matrix:
        """The vectors at some places; zero where there is none."""
        return exact(self._rows.codes[places], self.rests(places), self._rows.steps[places])

    def cosines(self, vector: Matrix, places: Places) -> Matrix:
        """The cosine at each of some places to a vector of length 1; 0 for a vector of another model."""
        if self.dimensions != vector.shape[0]:
            return np.zeros(len(places), np.float32)
        rows = self._rows  # of which `take` copies some in half the time that an index does
        return compared(rows.codes.take(places, axis=0), self.rests(places), rows.steps.take(places), vector)

    def products(self, vector: Matrix) -> Scores:
        """Nearly the cosine of each row to a vector of the same model, within `codes.SLACK`."""
        return products(self._rows.codes[: self.size], self._rows.steps[: self.size], vector)

    def nearest(self, vector: Matrix, allowed: Flags, limit: int) -> tuple[Places, Matrix]:
        """The places with the greatest cosines above 0 among what is allowed, and these; more than `limit` at a tie."""
        return self.nearest_beside(vector, allowed, limit, np.zeros(0, np.intp))

    def nearest_beside(self, vector: Matrix, allowed: Flags, limit: int, others: Places) -> tuple[Places, Matrix]:
        """The same places and some others, each once and in order, with their cosines.

        What may be among the nearest is compared together with the others, in one go.
        """
        maybe = self._maybe_nearest(vector, allowed, limit)
        places = distinct(np.concatenate([maybe, others]))
        cosines = self.cosines(vector, places)
        wanted = np.zeros(len(places), np.bool_)
        at = np.searchsorted(places, maybe)
        wanted[at[greatest(cosines[at], limit)]] = True
        wanted[np.searchsorted(places, others)] = True
        return places[wanted], cosines[wanted]

    def nearly_nearest(self, vector: Matrix, allowed: Flags, limit: int) -> tuple[Places, Scores]:
        """The nearest places by bytes alone, and by these the cosine of every row: to choose what is compared."""
        if self.dimensions != vector.shape[0]:
            return np.zeros(0, np.intp), np.zeros(self.size, np.float32)
        scores = self.products(vector)
        places = _among(scores, allowed, limit, 0.0)
        return places[greatest(scores[places], limit)], scores

    def _maybe_nearest(self, vector: Matrix, allowed: Flags, limit: int) -> Places:
        """The places among which the nearest are."""
        if self.dimensions != vector.shape[0] or limit < 1 or not vector.any():
            return np.zeros(0, np.intp)
        return _among(self.products(vector), allowed, limit, SLACK)

    def positions(self, rows: Sequence[int]) -> dict[int, int]:
        """Where some rows lie; dead and foreign ones are left out."""
        if not self.size or not len(rows):
            return {}
        mine = self.column("row")
        wanted = np.asarray(rows, np.uint64)
        places = np.minimum(np.searchsorted(mine, wanted), self.size - 1)
        there = (mine[places] == wanted) & self.alive[places]
        return dict(zip(wanted[there].tolist(), places[there].tolist(), strict=True))

    def places(self, rows: Sequence[int] | NDArray[np.uint64]) -> Places:
        """Where some living rows of this block lie, in the same order."""
        return np.searchsorted(self.column("row"), np.asarray(rows, np.uint64))

    def changed(self, added: Rows | None, removed: Sequence[int]) -> Block:
        """This block with rows added and removed; packed if too many are dead."""
        dead = list(self.positions(removed).values())
        if added is None and not dead:
            return self
        alive = self.alive.copy()
        alive[dead] = False
        block = Block(self._rows, self._base, self.size, alive)
        if added is not None:
            block = block.extended(added)
        return block.packed() if block.size - block.live > _DEAD_SHARE * block.size else block

    def extended(self, added: Rows) -> Block:
        """This block with more rows behind its own."""
        size, begun, rows = self.size + len(added), len(self._base), self._rows
        if size > len(rows):
            room = size + size // 2  # half as many again, so that growth is seldom
            rows = Rows(
                {name: _grown(column, self.size, room) for name, column in rows.numbers.items()},
                _grown(rows.codes, self.size, room),
                _grown(rows.rests, self.size - begun, room - begun),
                _grown(rows.steps, self.size, room),
            )
        behind = slice(self.size, size)
        for name, column in rows.numbers.items():
            column[behind] = added.numbers[name]
        rows.rests[self.size - begun : size - begun] = added.rests
        rows.codes[behind], rows.steps[behind] = added.codes, added.steps
        return Block(rows, self._base, size, np.concatenate([self.alive, np.ones(len(added), np.bool_)]))

    def packed(self) -> Block:
        """This block without its dead rows."""
        return Block.of(self.living())

    def living(self) -> Rows:
        """The rows that are alive."""
        keep, rows = np.flatnonzero(self.alive), self._rows
        numbers = {name: column[keep] for name, column in rows.numbers.items()}
        return Rows(numbers, rows.codes[keep], self.rests(keep), rows.steps[keep])


def _among(scores: Scores, allowed: Flags, limit: int, slack: float) -> Places:
    """The candidates of what is allowed."""
    if allowed.all():
        return candidates(scores, limit, slack)
    places = candidates(np.where(allowed, scores, np.float32(-np.inf)), limit, slack)
    return places[allowed[places]]


def greatest(scores: Matrix, limit: int) -> Places:
    """The places of the greatest values above 0, in order; more than `limit` at a tie."""
    least = np.partition(scores, -limit)[-limit] if 0 < limit < len(scores) else np.float32(-1)
    return np.flatnonzero((scores >= least) & (scores > 0))


def _grown(array: NDArray[Any], held: int, room: int) -> NDArray[Any]:
    """The first `held` rows in an array with room for more."""
    found = np.zeros((room, *array.shape[1:]), array.dtype)
    found[:held] = array[:held]
    return found

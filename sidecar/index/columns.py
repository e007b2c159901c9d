"""Rows to numbers: what recall compares by arithmetic, in memory, kept beside the lexical index.

On disk it is a log: `<generation>.rows`, each file the rows that one commit added and the numbers of those that it
removed, with the generation before it; a file that is `whole` starts anew.  The lexical index names the generation
that counts: a later file is the leaving of a kill and is dropped; a missing or damaged one makes the log unusable.

In memory the rows of one profile lie together, so that a search reads its own profile only.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.descriptors import fresh_file
from sidecar.errors import IndexUnusable
from sidecar.index.threads import Threads, threads

FORMAT = 3
_SUFFIX = ".rows"

_FILES_AT_MOST = 48
"""Small commits leave small files; so many of them are read quickly at start, more are rewritten as one."""

_DEAD_SHARE = 0.25
"""Of a block's rows, how many may be removed ones before the block is packed."""

NEVER = 2**62
"""`until` of what has no end."""

Matrix = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """The numbers of one document.

    `time`: seconds since 1970, -1 if unknown; `until`: the moment from which it was no longer valid, or NEVER;
    `type`: an index into TYPES; `state`: CURRENT, SUPERSEDED or PROPOSED (a message is 0 in both); `session`: a digest;
    `voice` and `traits`: of a message (see `traits`); `key`: how many different terms a memory's topic key has.
    """

    row: int
    profile: int
    session: int
    time: int
    until: int
    type: int
    state: int
    voice: int = 0
    traits: int = 0
    key: int = 0


TYPES = ("fact", "event", "instruction", "task")
CURRENT, SUPERSEDED, PROPOSED = 0, 1, 2


def _dtype(dimensions: int) -> np.dtype[Any]:
    return np.dtype(
        [
            ("row", "<u8"),
            ("profile", "<u8"),
            ("session", "<u8"),
            ("time", "<i8"),
            ("until", "<i8"),
            ("type", "u1"),
            ("state", "u1"),
            ("voice", "<u4"),
            ("traits", "u1"),
            ("key", "u1"),
            ("vector", "<f2", (dimensions,)),
        ]
    )


def records(rows: Sequence[ColumnRow], vectors: Matrix) -> NDArray[Any]:
    """Rows with their vectors as one array, the form in which they are written."""
    found = np.zeros(len(rows), _dtype(vectors.shape[1]))
    for name in found.dtype.names or ():
        if name != "vector":
            found[name] = [getattr(row, name) for row in rows]
    found["vector"] = vectors
    return found


class Block:
    """The rows of one profile, in the order of their numbers.

    Immutable for whoever holds it: an extended block is a new one, which may share the arrays' memory, since rows
    are only ever added behind the end that this one sees.
    """

    __slots__ = ("_embedded", "_store", "_threads", "_vectors", "alive", "live", "size")

    def __init__(self, store: NDArray[Any], vectors: Matrix, size: int, alive: Flags) -> None:
        self._store = store
        self._vectors = vectors
        self._threads: Threads | None = None
        self._embedded: Flags | None = None
        self.size = size
        self.alive = alive
        self.live = int(np.count_nonzero(alive))

    @classmethod
    def of(cls, added: NDArray[Any]) -> Block:
        """A block with these records, as `records` gives them."""
        store = added[[name for name in added.dtype.names or () if name != "vector"]]
        numbers = np.zeros(len(added), [(name, store.dtype[name]) for name in store.dtype.names or ()])
        for name in numbers.dtype.names or ():
            numbers[name] = added[name]
        return cls(numbers, added["vector"].astype(np.float32), len(added), np.ones(len(added), np.bool_))

    def column(self, name: str) -> NDArray[Any]:
        """One of the numbers, for all rows."""
        found: NDArray[Any] = self._store[name][: self.size]
        return found

    @property
    def vectors(self) -> Matrix:
        """The vectors, one row each; zero where there is none."""
        return self._vectors[: self.size]

    @property
    def embedded(self) -> Flags:
        """Which rows have a vector; reckoned at the first use."""
        if self._embedded is None:
            self._embedded = np.asarray(self.vectors.any(axis=1))
        return self._embedded

    @property
    def threads(self) -> Threads:
        """How the rows, which are messages, follow each other; reckoned at the first use."""
        if self._threads is None:
            self._threads = threads(self._store[: self.size], self.alive)
        return self._threads

    def cosines(self, vector: Matrix) -> Matrix:
        """The cosine of every row to a vector of length 1, dead rows too; 0 for a vector of another model."""
        if self._vectors.shape[1] != vector.shape[0]:
            return np.zeros(self.size, np.float32)
        # Not `@`: its threads spin for each other, which on a busy machine costs more than the product and takes
        # cores from the agent beside us.
        found: Matrix = np.einsum("ij,j->i", self.vectors, vector)
        return found

    def positions(self, rows: Sequence[int]) -> dict[int, int]:
        """Where some rows lie; dead and foreign ones are left out."""
        if not self.size or not len(rows):
            return {}
        mine = self.column("row")
        wanted = np.asarray(rows, np.uint64)
        places = np.minimum(np.searchsorted(mine, wanted), self.size - 1)
        there = (mine[places] == wanted) & self.alive[places]
        return dict(zip(wanted[there].tolist(), places[there].tolist(), strict=True))

    def places(self, rows: Sequence[int] | NDArray[np.uint64]) -> NDArray[np.intp]:
        """Where some living rows of this block lie, in the same order."""
        return np.searchsorted(self.column("row"), np.asarray(rows, np.uint64))

    def changed(self, added: Block | None, removed: Sequence[int]) -> Block:
        """This block with rows added and removed; packed if too many are dead."""
        dead = list(self.positions(removed).values())
        if added is None and not dead:
            return self
        alive = self.alive.copy()
        alive[dead] = False
        block = Block(self._store, self._vectors, self.size, alive)
        if added is not None:
            block = block.extended(added)
        return block.packed() if block.size - block.live > _DEAD_SHARE * block.size else block

    def extended(self, added: Block) -> Block:
        """This block with the rows of another behind its own."""
        size = self.size + added.size
        store, vectors = self._store, self._vectors
        if size > len(store):
            store, vectors = _grown(store, size), _grown(vectors, size)
            store[: self.size], vectors[: self.size] = self._store[: self.size], self._vectors[: self.size]
        store[self.size : size], vectors[self.size : size] = added._store, added._vectors
        return Block(store, vectors, size, np.concatenate([self.alive, added.alive]))

    def packed(self) -> Block:
        """This block without its dead rows."""
        keep = self.alive
        store, vectors = self._store[: self.size][keep], self._vectors[: self.size][keep]
        return Block(store, vectors, len(store), np.ones(len(store), np.bool_))


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    """An empty array like this one with room for `size` rows and as many again, so that growth is seldom."""
    return np.zeros((2 * size, *array.shape[1:]), array.dtype)


Blocks = Mapping[int, Block]


def apply(blocks: Blocks, added: NDArray[Any], removed: Sequence[int]) -> dict[int, Block]:
    """The blocks after a commit."""
    fresh = {int(number): Block.of(added[added["profile"] == number]) for number in np.unique(added["profile"])}
    result = {}
    for number in sorted({*blocks, *fresh}):
        known = blocks.get(number)
        block = fresh[number] if known is None else known.changed(fresh.get(number), removed)
        if block.live:
            result[number] = block
    return result


class ColumnLog:
    """The files of the columns of one kind of document, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, generation: int) -> dict[int, Block]:
        """The blocks as of a generation; later files are removed.

        Raises IndexUnusable if a file is missing or damaged.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._drop_leavings(generation)
        except OSError as error:
            raise IndexUnusable(path=self._folder, why=error) from error
        chain = self._chain(generation)
        blocks: dict[int, Block] = {}
        for added, removed in reversed(chain):
            blocks = apply(blocks, added, removed)
        return blocks

    def write(self, generation: int, blocks: Blocks, added: NDArray[Any], removed: Sequence[int]) -> None:
        """Put down what a commit changes, before the commit.  `blocks`: as they are after it."""
        if len(self._files()) >= _FILES_AT_MOST:
            self._write(generation, _all_records(blocks, added.dtype), (), whole=True)
        else:
            self._write(generation, added, removed, whole=generation == 1)

    def tidy(self, generation: int) -> None:
        """Remove the files before a whole one, once that is committed."""
        if generation in self._files() and self._header(generation)["whole"]:
            for older in self._files():
                if older < generation:
                    self._path(older).unlink(missing_ok=True)

    def _files(self) -> list[int]:
        names = (path.stem for path in self._folder.glob(f"*{_SUFFIX}"))
        return sorted(int(name) for name in names if name.isdigit())

    def _path(self, generation: int) -> Path:
        return self._folder / f"{generation:012d}{_SUFFIX}"

    def _drop_leavings(self, generation: int) -> None:
        for path in self._folder.iterdir():
            if path.suffix != _SUFFIX or not path.stem.isdigit() or int(path.stem) > generation:
                path.unlink()

    def _chain(self, generation: int) -> list[tuple[NDArray[Any], list[int]]]:
        """The changes from the newest back to the whole one."""
        found = []
        while generation:
            header = self._header(generation)
            found.append(self._read(generation, header))
            generation = 0 if header["whole"] else generation - 1
        return found

    def _header(self, generation: int) -> dict[str, Any]:
        path = self._path(generation)
        try:
            with path.open("rb") as file:
                header: dict[str, Any] = json.loads(file.readline())
        except (OSError, ValueError) as error:
            raise IndexUnusable(path=path, why=error) from error
        if header.get("format") != FORMAT:
            raise IndexUnusable(path=path, why=f"its format is {header.get('format')}, not {FORMAT}")
        return header

    def _read(self, generation: int, header: Mapping[str, Any]) -> tuple[NDArray[Any], list[int]]:
        path = self._path(generation)
        try:
            _, _, body = path.read_bytes().partition(b"\n")
        except OSError as error:
            raise IndexUnusable(path=path, why=error) from error
        if zlib.crc32(body) != header["crc"]:
            raise IndexUnusable(path=path, why="it is damaged or cut off")
        return np.frombuffer(body, _dtype(header["dimensions"])), list(header["removed"])

    def _write(self, generation: int, added: NDArray[Any], removed: Sequence[int], *, whole: bool) -> None:
        body = added.tobytes()
        header = {
            "format": FORMAT,
            "whole": whole,
            "dimensions": added.dtype["vector"].shape[0],
            "removed": list(removed),
            "crc": zlib.crc32(body),
        }
        path = self._path(generation)
        try:
            with os.fdopen(fresh_file(path), "wb") as file:
                file.write(json.dumps(header).encode() + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise IndexUnusable(path=path, why=error) from error


def _all_records(blocks: Blocks, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Every living row of all blocks, as records."""
    parts = []
    for number in sorted(blocks):
        block = blocks[number]
        part = np.zeros(block.live, dtype)
        for name in dtype.names or ():
            part[name] = block.vectors[block.alive] if name == "vector" else block.column(name)[block.alive]
        parts.append(part)
    return np.concatenate(parts) if parts else np.zeros(0, dtype)

"""Rows to numbers: what recall compares by arithmetic, in memory, kept beside the lexical index.

On disk it is a log: `<generation>.rows`, each file the rows that were added since another generation (mostly the one
before) and the numbers of those that were removed; what is since 0 starts anew.  The lexical index names the generation
that counts: a later file is the leaving of a kill and is dropped; a missing or damaged one makes the log unusable.
A file is a line of JSON and then, each for all rows, the numbers (packed), and of the vectors the steps, the bytes and
what these leave over (see `codes`).

In memory the rows of one profile lie together, so that a search reads its own profile only.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sidecar.descriptors import fresh_file
from sidecar.errors import IndexUnusable
from sidecar.index.block import Block, Matrix, Rows
from sidecar.index.codes import Rests, half_of, quantised
from sidecar.records import dataclass

FORMAT = 5
_SUFFIX = ".rows"

_FILES_AT_MOST = 48
"""Small commits leave small files; so many of them are read quickly at start, more are rewritten as one."""

_ANEW_SHARE = 0.25
"""Of the first file's rows, how many the later files may hold before all is rewritten, and not only these."""

_READ_BYTES = 1 << 20
"""Bytes that are read at a time of what stays in the file, and is only looked at on the way."""

_PACKING = 1
"""zlib's level: side by side the bytes of one place are much alike, and a higher one gains little more."""

NEVER = 2**62
"""`until` of what has no end."""


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


_NUMBERS = {
    "row": "<u8",
    "profile": "<u8",
    "session": "<u8",
    "time": "<i8",
    "until": "<i8",
    "type": "u1",
    "state": "u1",
    "voice": "<u4",
    "traits": "u1",
    "key": "u1",
}
"""The columns in the order in which they are written, and their types."""


def rows_of(columns: Sequence[ColumnRow], vectors: Matrix) -> Rows:
    """Rows with their vectors as arrays."""
    numbers = {name: np.array([getattr(row, name) for row in columns], kind) for name, kind in _NUMBERS.items()}
    return Rows(numbers, *quantised(vectors))


Blocks = Mapping[int, Block]


def apply(blocks: Blocks, added: Rows, removed: Sequence[int]) -> dict[int, Block]:
    """The blocks after a commit."""
    # Asked for counts too, it does not import numpy's masked arrays to see whether these are any.
    profiles, _ = np.unique(added.numbers["profile"], return_counts=True)
    fresh = {number: added.of_profile(number) for number in profiles.tolist()}
    result = {}
    for number in sorted({*blocks, *fresh}):
        known = blocks.get(number)
        block = Block.of(fresh[number]) if known is None else known.changed(fresh.get(number), removed)
        if block.live:
            result[number] = block
    return result


class ColumnLog:
    """The files of the columns of one kind of document, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last = 0
        """The generation that counts: that of the last commit."""
        self._since: dict[int, int] = {}
        """The files that are there since `load`, by generation, and since when each is: to list a folder takes as long
        as a small commit itself."""

    def load(self, generation: int) -> dict[int, Block]:
        """The blocks as of a generation; files that do not count for it are removed.

        Raises IndexUnusable if a file is missing or damaged.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            chain, self._last = self._chain(generation), generation
            self._since = {number: header["since"] for number, header in chain}
            self._drop_leavings()
        except OSError as error:
            raise IndexUnusable(path=self._folder, why=error) from error
        return self._blocks(chain)

    def read(self, generation: int) -> dict[int, Block]:
        """As `load`, for somebody who writes nothing: whatever else is in the folder stays there."""
        return self._blocks(self._chain(generation))

    def write(self, generation: int, blocks: Blocks, added: Sequence[Rows], removed: Sequence[int]) -> None:
        """Put down what a commit changes since the last one, before the commit.  `blocks`: as they are after it.

        `added`: in parts, of which there is one at least; `removed`: of the rows that are in the files.
        """
        if not self._last or len(self._since) < _FILES_AT_MOST:
            self._write(generation, added, removed, since=self._last)
            return
        *later, (first, whole) = self._chain(self._last)
        if sum(header["rows"] for _, header in later) > _ANEW_SHARE * whole["rows"]:
            self._write(generation, [*_living(blocks), added[0].chosen(slice(0))], (), since=0)  # of none too the width
            return
        gone = [*removed, *(row for _, header in later for row in header["removed"])]
        parts = [*(self._rows(number, header) for number, header in reversed(later)), *added]
        kept = [part.chosen(~np.isin(part.numbers["row"], gone)) for part in parts]
        self._write(generation, kept, gone, since=first)

    def rewrite(self, generation: int, blocks: Blocks) -> None:
        """Lay down all that a committed generation has as its one file; at every moment one of the two is there."""
        self._write(generation, _living(blocks), (), since=0)
        self.tidy(generation)

    def tidy(self, generation: int) -> None:
        """Once a generation is committed: what comes is since this one, and files that it stands for are removed.

        Raises IndexUnusable if they cannot be.
        """
        self._last = generation
        since = self._since.get(generation, generation)
        for older in [number for number in self._since if since < number < generation]:
            path = self._path(older)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise IndexUnusable(path=path, why=error) from error
            del self._since[older]

    def _blocks(self, chain: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[int, Block]:
        blocks: dict[int, Block] = {}
        for number, header in reversed(chain):
            blocks = apply(blocks, self._rows(number, header), header["removed"])
        return blocks

    def _path(self, generation: int) -> Path:
        return self._folder / f"{generation:012d}{_SUFFIX}"

    def _drop_leavings(self) -> None:
        """What a kill has left: later files, and earlier ones that another has taken the place of."""
        for path in self._folder.iterdir():
            if path.suffix != _SUFFIX or not path.stem.isdigit() or int(path.stem) not in self._since:
                path.unlink()

    def _chain(self, generation: int) -> list[tuple[int, dict[str, Any]]]:
        """The files that count and their headers, from the newest back to the first."""
        found = []
        while generation:
            header = self._header(generation)
            found.append((generation, header))
            generation = header["since"]
        return found

    def _header(self, generation: int) -> dict[str, Any]:
        path = self._path(generation)
        try:
            with path.open("rb") as file:
                line = file.readline()
            header: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as error:
            raise IndexUnusable(path=path, why=error) from error
        if header.get("format") != FORMAT:
            raise IndexUnusable(path=path, why=f"its format is {header.get('format')}, not {FORMAT}")
        return {**header, "begin": len(line)}

    def _rows(self, generation: int, header: Mapping[str, Any]) -> Rows:
        """A file's rows; their rests stay there.  Raises IndexUnusable if it is damaged."""
        path, count, dimensions = self._path(generation), header["rows"], header["dimensions"]
        steps, codes = np.empty(count, np.float32), np.empty((count, dimensions), np.int8)
        shape = (count, half_of(dimensions))
        behind = header["begin"] + header["packed"] + steps.nbytes + codes.nbytes
        try:
            # All of it of one file: another may take its place meanwhile, for whoever reads beside the writer.
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size != behind + math.prod(shape):
                    raise IndexUnusable(path=path, why="it is cut off")
                # Read, not looked at through the map: whatever is touched there counts as ours.
                file.seek(header["begin"])
                packed = file.read(header["packed"])
                crc = zlib.crc32(packed)
                for part in (steps, codes):
                    held = part.reshape(-1).view(np.uint8).data
                    file.readinto(held)
                    crc = zlib.crc32(held, crc)
                while piece := file.read(_READ_BYTES):
                    crc = zlib.crc32(piece, crc)
                if crc != header["crc"]:
                    raise IndexUnusable(path=path, why="it is damaged")
                return Rows(_unpacked(packed, count), codes, _mapped(file, behind, shape), steps)
        except (OSError, ValueError, zlib.error) as error:
            raise IndexUnusable(path=path, why=error) from error

    def _write(self, generation: int, parts: Sequence[Rows], removed: Sequence[int], *, since: int) -> None:
        """Rows, of which there may be none, but at least one part."""
        packed = _packed(parts)
        arrays = [np.ascontiguousarray(getattr(part, name)) for name in _VECTOR for part in parts]
        pieces: list[bytes | memoryview] = [packed, *(array.reshape(-1).view(np.uint8).data for array in arrays)]
        crc = 0
        for piece in pieces:
            crc = zlib.crc32(piece, crc)
        header = {
            "format": FORMAT,
            "since": since,
            "rows": sum(map(len, parts)),
            "dimensions": parts[0].codes.shape[1],
            "packed": len(packed),
            "removed": list(removed),
            "crc": crc,
        }
        path = self._path(generation)
        fresh = path.with_suffix(".new")
        try:
            with os.fdopen(fresh_file(fresh), "wb") as file:
                file.write(json.dumps(header).encode() + b"\n")
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            raise IndexUnusable(path=path, why=error) from error
        self._since[generation] = since


_VECTOR = ("steps", "codes", "rests")
"""What a vector is made of, in the order in which it is written."""


def _living(blocks: Blocks) -> list[Rows]:
    """Every living row of all blocks."""
    return [blocks[number].living() for number in sorted(blocks)]


def _packed(parts: Sequence[Rows]) -> bytes:
    """The numbers of rows, a column after the other, and of each the first bytes of all numbers, then the second."""
    packer = zlib.compressobj(_PACKING)
    pieces = []
    for name, kind in _NUMBERS.items():
        column = np.concatenate([part.numbers[name] for part in parts]).astype(kind, copy=False)
        pieces.append(packer.compress(column.view(np.uint8).reshape(len(column), column.itemsize).T.tobytes()))
    return b"".join([*pieces, packer.flush()])


def _unpacked(packed: bytes, count: int) -> dict[str, NDArray[Any]]:
    """The inverse of `_packed`.  Raises ValueError if it is not that of so many rows."""
    held, found, begin = np.frombuffer(zlib.decompress(packed), np.uint8), {}, 0
    for name, kind in _NUMBERS.items():
        size = np.dtype(kind).itemsize
        column = held[begin : begin + count * size].reshape(size, count).T
        found[name] = np.array(column, order="C").reshape(-1).view(kind)
        begin += count * size
    return found


def _mapped(file: IO[bytes], begin: int, shape: tuple[int, int]) -> Rests:
    """A part of a file as an array, which is not read."""
    if not shape[0]:
        return np.zeros(shape, np.uint8)
    # Nobody cuts a file of ours short while it is mapped: it is written once, and then removed at most.
    # As an array like any other: a map's own class makes each look at it three times as long.
    return np.memmap(file, np.uint8, "r", begin, shape).view(np.ndarray)

"""Rows to numbers: what recall compares by arithmetic, in memory, kept beside the lexical index.

On disk it is a log: `<generation>.rows`, each file the rows that were added since another generation (mostly the one
before) and the numbers of those that were removed; what is since 0 starts anew.  The lexical index names the generation
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
from sidecar.index.block import Block, Matrix, Rows
from sidecar.index.codes import quantised

FORMAT = 4
_SUFFIX = ".rows"

_FILES_AT_MOST = 48
"""Small commits leave small files; so many of them are read quickly at start, more are rewritten as one."""

_ANEW_SHARE = 0.25
"""Of the first file's rows, how many the later files may hold before all is rewritten, and not only these."""

_READ_ROWS = 1_024
"""Rows of a file that are read at a time: their vectors stay in the file, and are only looked at on the way.  As many
as the processor's caches hold, with what is reckoned of them: of 8,192 the reading takes a fifth longer."""

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


Blocks = Mapping[int, Block]


def apply(blocks: Blocks, added: Rows, removed: Sequence[int]) -> dict[int, Block]:
    """The blocks after a commit."""
    fresh = {int(number): added.of_profile(int(number)) for number in np.unique(added.numbers["profile"])}
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

    def load(self, generation: int) -> dict[int, Block]:
        """The blocks as of a generation; later files are removed.

        Raises IndexUnusable if a file is missing or damaged.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._drop_leavings(generation)
        except OSError as error:
            raise IndexUnusable(path=self._folder, why=error) from error
        blocks: dict[int, Block] = {}
        for number, header in reversed(self._chain(generation)):
            blocks = apply(blocks, self._rows(number, header), header["removed"])
        return blocks

    def write(self, generation: int, blocks: Blocks, added: NDArray[Any], removed: Sequence[int]) -> None:
        """Put down what a commit changes, before the commit.  `blocks`: as they are after it."""
        if generation == 1 or len(self._files()) < _FILES_AT_MOST:
            self._write(generation, added, removed, since=generation - 1)
            return
        *later, (first, whole) = self._chain(generation - 1)
        if sum(header["rows"] for _, header in later) > _ANEW_SHARE * whole["rows"]:
            self._write(generation, _all_records(blocks, added.dtype), (), since=0)
            return
        gone = [*removed, *(row for _, header in later for row in header["removed"])]
        parts = [*(self._records(number, header) for number, header in reversed(later)), added]
        merged = np.concatenate(parts)
        self._write(generation, merged[~np.isin(merged["row"], gone)], gone, since=first)

    def rewrite(self, generation: int, blocks: Blocks) -> None:
        """Lay down all that a committed generation has as its one file; at every moment one of the two is there."""
        dimensions = next(iter(blocks.values())).dimensions
        self._write(generation, _all_records(blocks, _dtype(dimensions)), (), since=0)
        self.tidy(generation)

    def tidy(self, generation: int) -> None:
        """Remove the files that one has taken the place of, once that is committed."""
        if generation in self._files():
            since = self._header(generation)["since"]
            for older in self._files():
                if since < older < generation:
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

    def _records(self, generation: int, header: Mapping[str, Any]) -> NDArray[Any]:
        """The records of a file, mapped into memory and not read."""
        path, dtype = self._path(generation), _dtype(header["dimensions"])
        try:
            # Nobody cuts a file of ours short while it is mapped: it is written once, and then removed at most.
            size = path.stat().st_size - header["begin"]
            if size != header["rows"] * dtype.itemsize:
                raise IndexUnusable(path=path, why="it is cut off")
            if not size:
                return np.zeros(0, dtype)
            return np.memmap(path, dtype, "r", header["begin"], header["rows"])
        except (OSError, ValueError) as error:
            raise IndexUnusable(path=path, why=error) from error

    def _rows(self, generation: int, header: Mapping[str, Any]) -> Rows:
        """A file's rows; its vectors stay there.  Raises IndexUnusable if it is damaged."""
        mapped, count, path = self._records(generation, header), header["rows"], self._path(generation)
        dtype = _dtype(header["dimensions"])
        numbers = {name: np.zeros(count, dtype[name]) for name in dtype.names or () if name != "vector"}
        codes, steps = np.zeros((count, header["dimensions"]), np.int8), np.zeros(count, np.float32)
        crc, begin = 0, 0
        try:
            # Read, not looked at through the map: whatever is touched there counts as ours.
            with path.open("rb", buffering=0) as file:
                file.seek(header["begin"])
                while piece := file.read(_READ_ROWS * dtype.itemsize):
                    crc = zlib.crc32(piece, crc)
                    part = np.frombuffer(piece, dtype, len(piece) // dtype.itemsize)
                    there = slice(begin, begin + len(part))
                    for name, column in numbers.items():
                        column[there] = part[name]
                    codes[there], steps[there] = quantised(part["vector"])
                    begin += len(part)
        except OSError as error:
            raise IndexUnusable(path=path, why=error) from error
        if crc != header["crc"]:
            raise IndexUnusable(path=path, why="it is damaged")
        return Rows(numbers, mapped["vector"], codes, steps)

    def _write(self, generation: int, added: NDArray[Any], removed: Sequence[int], *, since: int) -> None:
        body = np.ascontiguousarray(added).view(np.uint8).data
        header = {
            "format": FORMAT,
            "since": since,
            "rows": len(added),
            "dimensions": added.dtype["vector"].shape[0],
            "removed": list(removed),
            "crc": zlib.crc32(body),
        }
        path = self._path(generation)
        fresh = path.with_suffix(".new")
        try:
            with os.fdopen(fresh_file(fresh), "wb") as file:
                file.write(json.dumps(header).encode() + b"\n")
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError as error:
            raise IndexUnusable(path=path, why=error) from error


def _all_records(blocks: Blocks, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Every living row of all blocks, as records."""
    found = np.zeros(sum(block.live for block in blocks.values()), dtype)
    begin = 0
    for number in sorted(blocks):
        rows = blocks[number].living()
        part = found[begin : begin + len(rows)]
        for name, column in rows.numbers.items():
            part[name] = column
        part["vector"] = rows.vectors
        begin += len(rows)
    return found

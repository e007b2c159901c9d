"""A look at both ends of a JSONL file, for headers: a bounded number of bytes, however long the file is.

The records go by one after the other, and none is held: parsed, rubbish takes sixty times its bytes.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sidecar.transcripts.base import Record
from sidecar.transcripts.lines import Lines, open_lines
from sidecar.transcripts.streams import Source, opened

HEAD_SIZES = (64 * 1024, 512 * 1024, 4 * 1024 * 1024)
"""Bytes of the head, tried in turn: instructions of 50 KB or a picture may stand before the first words."""

MOST_LINES = 10_000
"""Lines of either end that are looked at beyond the first size: where so many say nothing, a million may."""

TAIL_SIZES = (64 * 1024, 1024 * 1024, 4 * 1024 * 1024)
"""Bytes of the tail, tried in turn until a complete line is among them."""

MAX_STREAMED = 256 * 1024 * 1024
"""A compressed file has no end to jump to; up to this size it is run through to its end (well under a second)."""


class Sight(ABC):
    """What a reader notes of the records that go by."""

    unfinished = False
    """Whether a last line without an end is looked at, in a file whose lines do not give enough."""

    @abstractmethod
    def head(self, position: int, record: Record) -> None:
        """Take a record of the head, with its position."""

    @abstractmethod
    def enough(self) -> bool:
        """Whether what was taken so far holds what is sought."""

    @abstractmethod
    def tail(self, record: Record) -> None:
        """Take a record of the tail, if the head is not the whole file."""

    def rest(self, position: int, record: Record) -> None:
        """Take a record of a last line that has no end: as any other, unless a reader says otherwise."""
        self.head(position, record)


AnySight = TypeVar("AnySight", bound=Sight)


def glance(path: Path, begin: Callable[[datetime], AnySight]) -> tuple[AnySight, bool]:
    """Look at the file, with what `begin` makes for the time of its last write; whether the head is the whole file.

    The head grows until the sight has enough.

    Raises:
        TranscriptUnreadable: the file is gone, or cannot be opened or decompressed.
    """
    with open_lines(path, None, HEAD_SIZES[0]) as lines:
        sight = begin(lines.source.written)
        seen = 0
        for size in HEAD_SIZES:
            lines.go_on(size)
            for position, record in lines:
                sight.head(position, record)
                seen += 1
                if seen + lines.damaged > MOST_LINES:
                    lines.stop()
            if not lines.more or sight.enough() or seen + lines.damaged > MOST_LINES:
                break
        whole = not lines.more
        for position, record in lines.tail() if whole and sight.unfinished and not sight.enough() else ():
            sight.rest(position, record)
    if not whole:
        for record in _tail(path):
            sight.tail(record)
    return sight, whole


def _tail(path: Path) -> Iterator[Record]:
    """The records of the last bytes; where so many lines are none as `MOST_LINES`, no more bytes are looked at."""
    for size in TAIL_SIZES:
        any_found = False
        with opened(path) as source:
            lines = Lines(_end_of(source, size), size, None, (b"", b""))
            lines.patience = MOST_LINES
            for _, record in lines:
                any_found = True
                yield record
        if any_found or lines.damaged > MOST_LINES:
            return


def _end_of(source: Source, size: int) -> Source:
    """The source at the first whole line among its last bytes."""
    if not source.compressed:
        start = max(0, source.stat.st_size - size)
        source.skip(start)
        if start:
            _skip_line(source, size)
        return source
    parts: deque[bytes] = deque(maxlen=2)
    for _ in range(MAX_STREAMED // size):
        part = source.stream.read(size)
        if not part:  # more was dropped, or it was the head and is known already
            end = Source(io.BufferedReader(io.BytesIO(b"".join(parts))), source.stat, compressed=False)
            _skip_line(end, 2 * size)
            return end
        parts.append(part)
    return Source(io.BufferedReader(io.BytesIO()), source.stat, compressed=False)


def _skip_line(source: Source, most: int) -> None:
    """Move to the beginning of the next line."""
    source.stream.readline(most)

"""A look at both ends of a JSONL file, for headers: a bounded number of bytes, however long the file is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sidecar.transcripts.base import Record
from sidecar.transcripts.lines import open_lines
from sidecar.transcripts.parsing import parsed
from sidecar.transcripts.streams import opened

HEAD_SIZES = (64 * 1024, 512 * 1024, 4 * 1024 * 1024)
"""Bytes of the head, tried in turn: instructions of 50 KB or a picture may stand before the first words."""

TAIL_SIZES = (64 * 1024, 1024 * 1024, 4 * 1024 * 1024)
"""Bytes of the tail, tried in turn until a complete line is among them."""

MAX_STREAMED = 256 * 1024 * 1024
"""A compressed file has no end to jump to; up to this size it is run through to its end (well under a second)."""


@dataclass(frozen=True, slots=True)
class Glance:
    """Records with their positions from the head, records of the tail, and whether the head is the whole file."""

    head: list[tuple[int, Record]]
    tail: list[Record]
    whole: bool
    written: datetime


def glance(path: Path, enough: Callable[[list[tuple[int, Record]], datetime], bool]) -> Glance:
    """Look at the file; the head grows until `enough` says that it holds what is sought.

    Raises:
        TranscriptUnreadable: the file is gone, or cannot be opened or decompressed.
    """
    for size in HEAD_SIZES:
        with open_lines(path, None, size) as lines:
            head = list(lines)
            whole, written = not lines.more, lines.source.written
        if whole or enough(head, written):
            break
    tail = [record for _, record in head] if whole else _tail(path)
    return Glance(head, tail, whole, written)


def _tail(path: Path) -> list[Record]:
    for size in TAIL_SIZES:
        data, cut = _last_bytes(path, size)
        lines = data.split(b"\n")[cut:-1]
        found = [record for line in lines if line for _, record in parsed(line)[0]]
        if found:
            return found
    return []


def _last_bytes(path: Path, size: int) -> tuple[bytes, bool]:
    """The last bytes, and whether they may begin within a line."""
    with opened(path) as source:
        if not source.compressed:
            start = max(0, source.stat.st_size - size)
            source.skip(start)
            return source.stream.read(size), start > 0
        parts: deque[bytes] = deque(maxlen=2)
        for _ in range(MAX_STREAMED // size):
            part = source.stream.read(size)
            if not part:
                return b"".join(parts), True  # more was dropped, or it was the head and is known already
            parts.append(part)
        return b"", False

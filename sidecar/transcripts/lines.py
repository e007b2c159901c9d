"""JSONL files that grow: complete lines after a cursor, and the cursor after them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sidecar.transcripts.base import Cursor, Record
from sidecar.transcripts.streams import Source, opened

PREFIX_SIZE = 4096
"""Bytes at the head that identify a file: the first record with its ids and times fits."""

TAIL_SIZE = 1024
"""Bytes before the offset that must still be there: finds a file cut in the middle that has grown again since."""

MAX_LINE = 64 * 1024 * 1024
"""A longer line is skipped as damaged; the longest real one seen had 1 MB."""

_DECODER = json.JSONDecoder()
_BLANK = "\0\ufeff \t\r\n"  # a crash may leave NULs, an editor a byte order mark


class Lines:
    """The complete lines of one file from a position on; iterate once, then ask for `damaged`, `more`, `cursor`."""

    def __init__(self, source: Source, limit_bytes: int, cursor: Cursor | None, known: tuple[bytes, bytes]) -> None:
        """`source` stands at the cursor's offset; `known` is the consumed head and the bytes before the offset."""
        self.source = source
        self.state: Mapping[str, object] = cursor.state if cursor else {}
        self.offset = cursor.offset if cursor else 0
        self.damaged = 0
        self.more = False
        self.restarted = False
        self._end = self.offset + max(limit_bytes, 1)
        self._prefix, self._tail = known

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        """Each record with its position: the byte offset of its line, plus its place in it if several are glued."""
        while True:
            if self.offset >= self._end:
                self.more = True
                return
            line = self.source.stream.readline(MAX_LINE)
            if not line.endswith(b"\n"):
                if len(line) < MAX_LINE or not self._skip_giant(line):
                    return
                continue
            start = self.offset
            self._consume(line)
            records, damaged = parsed(line)
            self.damaged += damaged
            for place, record in records:
                yield start + place, record

    def _skip_giant(self, line: bytes) -> bool:
        """Step over a line of more than MAX_LINE bytes; False if its end is not written yet."""
        size, head = len(line), line[:PREFIX_SIZE]
        while part := self.source.stream.readline(MAX_LINE):
            size += len(part)
            line = (line + part)[-TAIL_SIZE:]
            if part.endswith(b"\n"):
                self.damaged += 1
                self.offset += size
                self._prefix += head[: PREFIX_SIZE - len(self._prefix)]
                self._tail = line
                return True
        return False

    def _consume(self, line: bytes) -> None:
        self.offset += len(line)
        if len(self._prefix) < PREFIX_SIZE:
            self._prefix += line[: PREFIX_SIZE - len(self._prefix)]
        self._tail = line[-TAIL_SIZE:] if len(line) >= TAIL_SIZE else (self._tail + line)[-TAIL_SIZE:]

    def cursor(self, state: Mapping[str, object]) -> Cursor:
        """Where the next call goes on."""
        found = self.source.stat
        tail = _tail_size(self.offset, len(self._prefix))
        return Cursor(
            device=found.st_dev,
            inode=found.st_ino,
            # In the middle of a file the cursor is that of no state of it, so that nobody takes it for read.
            # The offset into a compressed file may lie beyond its size, which must not look as if it had shrunk.
            size=min(self.offset, found.st_size) if self.more else found.st_size,
            mtime_ns=0 if self.more else found.st_mtime_ns,
            offset=self.offset,
            prefix_size=len(self._prefix),
            prefix_hash=hashed(self._prefix),
            tail_hash=hashed(self._tail[len(self._tail) - tail :]),
            state=state,
        )


@contextmanager
def open_lines(path: Path, cursor: Cursor | None = None, limit_bytes: int = 1 << 62) -> Iterator[Lines]:
    """The lines after the cursor; all of them, with `restarted` set, if the file is not the cursor's any more."""
    if cursor is not None:
        with opened(path) as source:
            known = _continues(source, cursor)
            if known is not None:
                yield Lines(source, limit_bytes, cursor, known)
                return
    with opened(path) as source:
        lines = Lines(source, limit_bytes, None, (b"", b""))
        lines.restarted = cursor is not None
        yield lines


def _continues(source: Source, cursor: Cursor) -> tuple[bytes, bytes] | None:
    """The consumed head and the bytes before the offset, with the source left at it; None for another file."""
    found = source.stat
    if (found.st_dev, found.st_ino) != (cursor.device, cursor.inode) or found.st_size < cursor.size:
        return None
    prefix = source.stream.read(cursor.prefix_size)
    if hashed(prefix) != cursor.prefix_hash:
        return None
    tail_size = _tail_size(cursor.offset, cursor.prefix_size)
    if not source.skip(cursor.offset - cursor.prefix_size - tail_size):
        return None
    tail = source.stream.read(tail_size)
    if hashed(tail) != cursor.tail_hash:
        return None
    return prefix, (prefix + tail)[-TAIL_SIZE:] if tail_size < TAIL_SIZE else tail


def _tail_size(offset: int, prefix_size: int) -> int:
    return max(0, min(TAIL_SIZE, offset - prefix_size))


def hashed(data: bytes) -> str:
    """A short hash that tells two contents apart."""
    return hashlib.sha256(data).hexdigest()[:32]


def parsed(line: bytes) -> tuple[list[tuple[int, Record]], int]:
    """The objects of one line with their places in it, and 1 if something in it could not be read.

    A line that is not JSON is tried again as several objects without a line end between them, as two writers that
    meet leave it.
    """
    content = line.decode("utf-8", "replace").strip(_BLANK)
    if not content:
        return [], 0
    found: list[tuple[int, Record]] = []
    at = 0
    while at < len(content):
        try:
            value, end = _DECODER.raw_decode(content, at)
        except (ValueError, RecursionError):
            return found, 1
        if not isinstance(value, dict):
            return found, 1
        found.append((at, value))
        at = len(content) - len(content[end:].lstrip(_BLANK))
    return found, 0

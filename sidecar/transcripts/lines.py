"""Files that grow by lines: the complete lines after a cursor, and the cursor after them."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from sidecar.expressions import regex
from sidecar.transcripts.base import Cursor, Record
from sidecar.transcripts.cutting import shortened
from sidecar.transcripts.parsing import BRACE, HEAVY_LINE, SHORTEST, parsed, quickly
from sidecar.transcripts.streams import Source, opened

PREFIX_SIZE = 4096
"""Bytes at the head that identify a file: the first record with its ids and times fits."""

TAIL_SIZE = 1024
"""Bytes before the offset that must still be there: finds a file cut in the middle that has grown again since."""

MAX_LINE = 32 * 1024 * 1024
"""A longer line is skipped as damaged; the longest real one seen had 1 MB, several screenshots can make it ten."""

MOST_MESSAGES = 8 * 1024
"""Messages after which a call ends before its limit of bytes: those of two words take ten times the bytes of their
lines."""

TINY = 24
"""Where the lines of a whole block have fewer bytes than this on average, those with fewer are not parsed either: tens
of kilobytes of a transcript hold lines that say something."""

WIDER = 5
"""Bytes more for each, that the text of a long line may take in memory: they count as if they had been read."""

TINY_BLOCK = 64 * 1024
"""Bytes of a block that is large enough to be judged so."""

TINY_TEXT = 6
"""As `TINY`, for text, blank lines apart: there such a block is taken as one line, as millions would take seconds."""

TINY_TURN = 15
"""As `TINY_TEXT`, for the lines by which turns begin: so many bytes from one to the next leave room for a word."""


def _no_records(shortest: int) -> re.Pattern[bytes]:
    """Lines that need no closer look: too short for a record, or beginning as none does."""
    return regex(rb"(?:[^\n]{0,%d}\n|[^\n{\0 \t\r\xef][^\n]*+\n)++" % (shortest - 1))


_NO_RECORDS, _TINY_LINES = _no_records(SHORTEST), _no_records(TINY)


class RawLines:
    """The complete lines of one file from a position on."""

    def __init__(self, source: Source, limit_bytes: int, cursor: Cursor | None, known: tuple[bytes, bytes]) -> None:
        """`source` stands at the cursor's offset; `known` is the consumed head and the bytes before the offset."""
        self.source = source
        self.state: Mapping[str, object] = cursor.state if cursor else {}
        self.offset = cursor.offset if cursor else 0
        self.damaged = 0
        self.more = False
        self.restarted = False
        self._end = self.offset + max(limit_bytes, 1)
        self._rest = b""
        self._prefix, self._tail = known

    def _next(self) -> bytes | None:
        """The next complete line, not consumed yet; None at the limit and at the end of what is written."""
        while True:
            if self.offset >= self._end:
                self.more = True
                return None
            line = self.source.stream.readline(MAX_LINE)
            if line.endswith(b"\n"):
                return line
            if len(line) < MAX_LINE or not self._skip_giant(line):
                self._rest = line
                return None

    def _block(self, room: int) -> bytes:
        """The complete lines that are in memory and begin within so many bytes, else the next one; empty at the end."""
        stream = self.source.stream
        ahead = stream.peek() if room > 0 else b""
        size = ahead.find(b"\n", room - 1) + 1 if len(ahead) >= room else 0
        size = size or ahead.rfind(b"\n") + 1
        return stream.read(size) if size else self._next() or b""

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

    def go_on(self, limit_bytes: int) -> None:
        """Let the iteration go on, where it has ended at its limit, to another one that counts from the beginning."""
        self._end, self.more = limit_bytes, False

    def stop(self) -> None:
        """End the iteration with the lines that are in memory, as at the limit."""
        self._end = self.offset

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


class Lines(RawLines):
    """The records of a JSONL file; iterate once, then ask for `damaged`, `more`, `cursor`."""

    patience = 1 << 62
    """Damaged lines after which the iteration ends as at the limit, with what is in memory."""

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        """Each record with its position: the byte offset of its line, plus its place in it if several are glued."""
        while block := self._block(self._end - self.offset):
            start = self.offset
            self._consume(block)
            at, tiny = 0, len(block) >= TINY_BLOCK and block.count(b"\n") * TINY > len(block)
            if len(block) <= HEAVY_LINE and not tiny:
                at = yield from quickly(block, start)
            rest = [block]
            del block  # or a line of megabytes would be held as long as its record
            yield from self._slowly(rest, at, start, TINY if tiny else SHORTEST)
            if self.damaged > self.patience:
                self.stop()

    def _slowly(self, rest: list[bytes], at: int, start: int, shortest: int) -> Iterator[tuple[int, Record]]:
        """The records of a block of lines from a place in it on, line by line, without those that are too short.

        rest: the block, which is taken out.
        """
        block = rest.pop()
        no_records = _TINY_LINES if shortest == TINY else _NO_RECORDS
        while at < len(block):
            end = block.index(b"\n", at) + 1
            if end - at <= shortest or block[at] != BRACE:
                skipped = no_records.match(block, at)
                if skipped:
                    self.damaged += _words_in(skipped.group())
                    at = skipped.end()
                    continue
            line = block[at:end]
            if end == len(block):
                block = b""
            records, damaged = parsed(line)
            self.damaged += damaged
            if len(line) >= HEAVY_LINE and not (line.isascii() and b"\\u" not in line):
                self._end -= WIDER * len(line)
            del line
            for place, record in records:
                yield start + at + place, record
            at = end

    def tail(self) -> list[tuple[int, Record]]:
        """The records of a last line without an end, if it is whole all the same; it is read again by the next call."""
        if not self._rest or self.more:
            return []
        records, damaged = parsed(self._rest)
        return [] if damaged else [(self.offset + place, record) for place, record in records]


class TextLines(RawLines):
    """The lines of a text; what is not settled when it ends is read again by the next call.

    So a paragraph that is still being written is seen as a whole every time.
    """

    def __init__(self, source: Source, limit_bytes: int, cursor: Cursor | None, known: tuple[bytes, bytes]) -> None:
        """As for `RawLines`; the limit counts what is settled."""
        super().__init__(source, limit_bytes, cursor, known)
        self.settled = self.offset
        """The lines before this offset will not be asked for again; who iterates moves it on."""
        self.marks: tuple[bytes, ...] = ()
        """A line end and the beginnings of lines by which a turn may begin."""
        self._held: deque[bytes] = deque()
        self._used = 0
        self._read = self.offset

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Each line without its end, with its byte offset; rubbish of tiny lines comes as one line, with its ends."""
        while self.settled < self._end and (block := self._block(MAX_LINE)):
            start = self._read
            self._read += len(block)
            self._held.append(block)
            for line in _split(block[:-1], whole=len(block) >= TINY_BLOCK and self._tiny(block)):
                yield start, line if isinstance(line, str) else _decoded(line, first=start == 0)
                start += len(line) + 1
                if self.settled >= self._end:
                    break
            self._settle()
        self.more = self.settled >= self._end

    def tail(self) -> tuple[int, str] | None:
        """The last line if it has no end yet, with its byte offset; it is never settled."""
        if not self._rest or self.more:
            return None
        return self._read, shortened(self._rest).decode("utf-8-sig" if self._read == 0 else "utf-8", "replace")

    def _tiny(self, block: bytes) -> bool:
        """Whether lines or turns are so short that they say nothing."""
        worded = block.count(b"\n") - block.count(b"\n\n")
        return worded * TINY_TEXT > len(block) or sum(map(block.count, self.marks)) * TINY_TURN > len(block)

    def _settle(self) -> None:
        """Consume what is settled of the blocks that are held."""
        while self._held and self.offset < self.settled:
            block, room = self._held[0], self.settled - self.offset
            part = block[self._used : self._used + room]
            self._consume(part)
            self._used += len(part)
            if self._used == len(block):
                self._held.popleft()
                self._used = 0

    def _skip_giant(self, line: bytes) -> bool:
        """No text has a line so long: it is taken for one that is never ended."""
        return False


def _split(block: bytes, *, whole: bool) -> Sequence[bytes | str]:
    """The lines of a block, or all of it as one; decoded already if each character is a byte, as it mostly is."""
    if b"\r" not in block and block.isascii():
        content = block.decode("ascii")
        return [content] if whole else content.split("\n")
    return [block] if whole else block.split(b"\n")


def _decoded(line: bytes, *, first: bool) -> str:
    return shortened(line.rstrip(b"\r")).decode("utf-8-sig" if first else "utf-8", "replace")


AnyLines = TypeVar("AnyLines", bound=RawLines)


def open_lines(path: Path, cursor: Cursor | None = None, limit_bytes: int = 1 << 62) -> AbstractContextManager[Lines]:
    """The records after the cursor; all of them, with `restarted` set, if the file is not the cursor's any more."""
    return _opened_as(Lines, path, cursor, limit_bytes)


def open_text(
    path: Path, cursor: Cursor | None = None, limit_bytes: int = 1 << 62
) -> AbstractContextManager[TextLines]:
    """As `open_lines`, for text."""
    return _opened_as(TextLines, path, cursor, limit_bytes)


@contextmanager
def _opened_as(kind: type[AnyLines], path: Path, cursor: Cursor | None, limit_bytes: int) -> Iterator[AnyLines]:
    if cursor is not None:
        with opened(path) as source:
            known = _continues(source, cursor)
            if known is not None:
                yield kind(source, limit_bytes, cursor, known)
                return
    with opened(path) as source:
        lines = kind(source, limit_bytes, None, (b"", b""))
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


def _words_in(lines: bytes) -> int:
    """How many of these lines are not blank."""
    return sum(map(bool, lines.translate(None, b"\0 \t\r").split(b"\n")))

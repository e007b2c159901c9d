"""Files that are one JSON document, written anew as a whole on every change."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from sidecar.errors import TranscriptUnreadable
from sidecar.records import dataclass
from sidecar.transcripts.base import Cursor, ReadResult, Record
from sidecar.transcripts.elements import Elements, surveyed
from sidecar.transcripts.lines import hashed
from sidecar.transcripts.reel import ReadAt, Torn
from sidecar.transcripts.streams import Source, opened
from sidecar.transcripts.weights import absurd

MAX_SIZE = 256 * 1024 * 1024
"""A larger document is refused: it is looked through as a whole whenever it has changed."""

SPARED = 1024 * 1024
"""Bytes of a document from which on it is not held, but parsed value by value."""

TRY_AGAIN = -1
"""As `mtime_ns` of a cursor it matches no file, so that the next look reads again."""

SETTLED: Final = 2_000_000_000
"""Nanoseconds after its last change from which on a file that looks unchanged is so: a further change at once may get
the same time, as file systems count in steps of up to two seconds."""

PORTION = "portion"
"""The key in a cursor's state for how much of a document was given: see `portions`."""


class FileBytes:
    """A file that is read at places of it; opened again, it is read on by who has this already."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __call__(self, at: int, size: int) -> bytes:
        """See `ReadAt`."""
        return os.pread(self.source.stream.fileno(), size, at)


@dataclass(frozen=True, slots=True)
class Document:
    """The content, None if it cannot be parsed now; `same` if it is what the cursor has seen already.

    `array` is the content of a document that is no object but a list.  In a document of `SPARED` bytes or more,
    `array` and the long lists in `content` are `Elements`: go through them with `each`, as long as it is open.

    continued: it is what the cursor has seen, of which not all was given yet.
    large: it is not held.
    file: what its parts are read from, if it can be gone on with in a later call without being looked through again.
    """

    content: Record | None
    array: list[object] | Elements | None
    same: bool
    continued: bool
    large: bool
    empty: bool
    written: datetime
    cursor: Cursor
    source: Source
    file: FileBytes | None = None

    @property
    def readable(self) -> bool:
        """Whether it could be parsed."""
        return self.content is not None or self.array is not None

    def nothing(self, *, listed: bool = True) -> ReadResult:
        """What there is to say of one that cannot be read, or has not changed; `listed`: it may be a list."""
        usable = self.readable if listed else self.content is not None
        return ReadResult((), self.cursor, damaged=int(not usable and not self.empty))

    def torn(self) -> ReadResult:
        """What there is to say of one that was written while it was read: it is to be tried again."""
        return ReadResult((), _cursor(self.source, self.cursor.size, "", usable=False), damaged=1)

    def unchanged(self, source: Source) -> bool:
        """Whether this file, open now, is what was looked through, to its last byte."""
        return _identity(source.stat) == _identity(self.source.stat)

    def check(self) -> None:
        """See that it is still what was looked through.  Raises Torn."""
        if self.large and _touched(self.source):
            raise Torn


@contextmanager
def open_document(path: Path, cursor: Cursor | None, before: Document | None = None) -> Iterator[Document]:
    """The file as a whole; one that does not parse up to its end is taken as being written at this moment.

    before: what the call before has looked through, with a `file`, and given in part; it is there again, with that
        `file`, if nothing was written since.

    Raises:
        TranscriptUnreadable: the file is gone, cannot be opened, is too large, or holds little but brackets.
    """
    with opened(path) as source:
        if before is not None and before.file is not None and before.unchanged(source):
            before.file.source = source
            yield replace(before, source=source, same=False, continued=True)
            return
        settled = _settled(source)  # now, as of the look at its times: what comes next may take seconds
        held = source.compressed or source.stat.st_size < SPARED
        data = source.stream.read() if held else b""
        if max(source.stat.st_size, len(data)) > MAX_SIZE:
            raise TranscriptUnreadable(path=path, why=f"it has more than {MAX_SIZE} bytes in one JSON document")
        if held and len(data) < SPARED:
            yield _held(source, data, cursor)
            return
        file = FileBytes(source)
        read_at: ReadAt = partial(_part, data) if held else file
        if absurd(read_at, len(data) if held else source.stat.st_size):
            raise TranscriptUnreadable(path=path, why="it holds little but brackets, which says nothing")
        yield replace(_surveyed(source, read_at, cursor), file=file if settled and not held else None)


def _held(source: Source, data: bytes, cursor: Cursor | None) -> Document:
    content, empty = _content(data), not data.strip()
    after = _cursor(source, len(data), hashed(data), usable=content is not None, empty=empty)
    return _document(source, content, after, cursor, empty=empty, large=False)


def _surveyed(source: Source, read_at: ReadAt, cursor: Cursor | None) -> Document:
    survey = surveyed(read_at)
    content = None if _touched(source) else survey.content
    after = _cursor(source, survey.size, survey.known, usable=content is not None, empty=survey.blank)
    return _document(source, content, after, cursor, empty=survey.blank, large=True)


def _document(
    source: Source,
    content: Record | list[object] | Elements | None,
    after: Cursor,
    cursor: Cursor | None,
    *,
    empty: bool,
    large: bool,
) -> Document:
    known = cursor is not None and cursor.prefix_hash == after.prefix_hash
    partly = known and cursor is not None and PORTION in cursor.state
    return Document(
        content=content if isinstance(content, dict) else None,
        array=None if isinstance(content, dict) else content,
        same=known and not partly,
        continued=partly,
        large=large,
        empty=empty,
        written=source.written,
        cursor=after,
        source=source,
    )


def _cursor(source: Source, size: int, known: str, *, usable: bool, empty: bool = False) -> Cursor:
    return Cursor(
        device=source.stat.st_dev,
        inode=source.stat.st_ino,
        size=size,
        mtime_ns=source.stat.st_mtime_ns if usable or empty else TRY_AGAIN,
        offset=size if usable else 0,
        prefix_size=size,
        prefix_hash=known,
    )


def _part(data: bytes, at: int, size: int) -> bytes:
    return data[at : at + size]


def _identity(state: os.stat_result) -> tuple[int, ...]:
    """What any write to a file changes: the time of the last change cannot be set back, as that of a write can."""
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns


def _settled(source: Source) -> bool:
    """Whether any write from now on shows in the file's `_identity`."""
    return time.time_ns() - max(source.stat.st_mtime_ns, source.stat.st_ctime_ns) > SETTLED


def _touched(source: Source) -> bool:
    """Whether the file was written to since it was opened."""
    if source.compressed:
        return False
    now = os.fstat(source.stream.fileno())
    return (now.st_size, now.st_mtime_ns) != (source.stat.st_size, source.stat.st_mtime_ns)


def _content(data: bytes) -> Record | list[object] | None:
    try:
        found: object = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None

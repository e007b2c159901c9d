"""Files that are one JSON document, written anew as a whole on every change."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from sidecar.errors import TranscriptUnreadable
from sidecar.records import dataclass
from sidecar.transcripts.base import Cursor, Record
from sidecar.transcripts.elements import Elements, sparing
from sidecar.transcripts.lines import hashed
from sidecar.transcripts.parsing import PICTURE_LINE
from sidecar.transcripts.pictures import without_pictures
from sidecar.transcripts.streams import opened
from sidecar.transcripts.weights import absurd, too_heavy

MAX_SIZE = 256 * 1024 * 1024
"""Such a file can only be held in memory as a whole; a larger one is refused."""

SPARED = 1024 * 1024
"""Bytes of a document from which on its long lists are parsed element by element."""

TRY_AGAIN = -1
"""As `mtime_ns` of a cursor it matches no file, so that the next look reads again."""


@dataclass(frozen=True, slots=True)
class Document:
    """The content, None if it cannot be parsed now; `same` if it is what the cursor has seen already.

    `array` is the content of a document that is no object but a list.  In a document of `SPARED`
    bytes or more, `array` and the lists in `content` are `Elements`: go through them with `each`.
    """

    content: Record | None
    array: list[object] | Elements | None
    same: bool
    empty: bool
    written: datetime
    cursor: Cursor


def read_document(path: Path, cursor: Cursor | None) -> Document:
    """Read the file as a whole; one that does not parse is taken as being written at this moment.

    Raises:
        TranscriptUnreadable: the file is gone, cannot be opened, is too large, or holds little but brackets.
    """
    with opened(path) as source:
        if source.stat.st_size > MAX_SIZE:
            raise TranscriptUnreadable(path=path, why=f"it has more than {MAX_SIZE} bytes in one JSON document")
        data = source.stream.read()
        found, written = source.stat, source.written
    size, empty, known = len(data), not data.strip(), hashed(data)
    if len(data) >= PICTURE_LINE:
        data = without_pictures(data)
    if too_heavy(data) and absurd(data):
        raise TranscriptUnreadable(path=path, why="it holds little but brackets, which would take all memory")
    content = sparing(data) if size >= SPARED else _content(data)
    usable = content is not None
    after = Cursor(
        device=found.st_dev,
        inode=found.st_ino,
        size=size,
        mtime_ns=found.st_mtime_ns if usable or empty else TRY_AGAIN,
        offset=size if usable else 0,
        prefix_size=size,
        prefix_hash=known,
    )
    return Document(
        content=content if isinstance(content, dict) else None,
        array=None if isinstance(content, dict) else content,
        same=cursor is not None and cursor.prefix_hash == known,
        empty=empty,
        written=written,
        cursor=after,
    )


def _content(data: bytes) -> Record | list[object] | None:
    try:
        found: object = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None

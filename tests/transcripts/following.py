"""A file followed as the daemon follows it, into a model of the archive."""

from __future__ import annotations

from pathlib import Path

from sidecar.model import Message
from sidecar.transcripts import Cursor, Reader, ReadResult

WRITTEN = (1_780_315_200, 1_780_315_200)
"""Access and last write of a growing file: some formats have no times of their own."""


def absorb(archive: dict[str, Message], result: ReadResult) -> None:
    """What the archive does with a result: replace by id, take back, and after a complete one forget the absent."""
    if result.complete:
        archive.clear()
    archive.update({message.id: message for message in result.messages})
    for known in result.withdrawn:
        archive.pop(known, None)


def followed(reader: Reader, path: Path, cursor: Cursor | None, archive: dict[str, Message], limit: int) -> Cursor:
    more = True
    while more:
        result = reader.read(path, cursor, limit_bytes=limit)
        absorb(archive, result)
        saved = Cursor.from_json(result.cursor.to_json())
        assert saved == result.cursor
        cursor, more = saved, result.more
    assert cursor is not None
    return cursor


def in_order(archive: dict[str, Message]) -> list[Message]:
    return sorted(archive.values(), key=lambda message: message.position)


def at_once(reader: Reader, path: Path) -> list[Message]:
    archive: dict[str, Message] = {}
    absorb(archive, reader.read(path, None))
    return in_order(archive)

"""A piece of a transcript as it goes into the archive: read from a cursor on, and without its secrets.

Nothing here knows the archive, so that another process than the one that keeps the pieces can make them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sidecar.errors import TranscriptUnreadable
from sidecar.records import dataclass
from sidecar.redact import redact_messages
from sidecar.transcripts import READERS, Cursor, Part, ReadResult, unchanged, version_of


@dataclass(frozen=True, slots=True)
class Piece:
    """What one bounded read of a transcript found, already redacted.

    after: the cursor from which it was read; None for the file's start.
    result: what the reader said; its messages stand in its parts alone.
    version: of the agent that wrote the file, looked up when the file's end is reached; None if it does not say.
    """

    agent: str
    path: Path
    after: Cursor | None
    result: ReadResult
    version: str | None = None


def read_piece(agent: str, path: Path, after: Cursor | None) -> Piece | None:
    """The next piece of a file, at most some megabytes of it; None if nothing new can be in it.

    Raises:
        TranscriptUnreadable: the file is gone, or cannot be opened or understood.
    """
    if after is not None and unchanged(path, after):
        return None
    result = READERS[agent].read(path, after)
    version = None if result.busy or result.more else _version(agent, path)
    return Piece(agent, path, after, _redacted(result), version)


def _redacted(result: ReadResult) -> ReadResult:
    parts = tuple(
        Part(part.header, tuple(redact_messages(part.messages)), part.withdrawn) for part in result.sessions()
    )
    return replace(result, messages=(), withdrawn=(), header=None, parts=parts)


def _version(agent: str, path: Path) -> str | None:
    """Which version wrote the file; nobody knows of one that has vanished since, whose messages count all the same."""
    try:
        return version_of(agent, path)
    except TranscriptUnreadable:
        return None

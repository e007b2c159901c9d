"""What every transcript reader offers, and what it hands out.

A reader knows one agent's files.  It is asked with a path and the cursor of the last time, and answers with messages
and the next cursor; it keeps nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from sidecar.model import Message, SessionHeader

Record: TypeAlias = dict[str, object]
"""One JSON object of a transcript; any value may have any type."""

CURSOR_FORMAT = 1
"""Raised whenever a state of an older build would be misread; an old cursor then means: read again from 0."""

DEFAULT_LIMIT = 8 * 1024 * 1024
"""Bytes taken in one call: some seconds of parsing at most, and well above any single line seen so far (1 MB)."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a file has been read, and how to know that it is still the same file.

    `offset` is the (decompressed) byte after the last complete line taken.  `prefix_hash` covers the first
    `prefix_size` bytes, `tail_hash` the last bytes before `offset`; both only cover what has been consumed, so growth
    never changes them.  `state` is what the reader needs to go on in mid-conversation, such as calls without a result.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    offset: int
    prefix_size: int
    prefix_hash: str
    tail_hash: str = ""
    state: Mapping[str, object] = field(default_factory=dict)

    def to_json(self) -> str:
        """One line of JSON with a format number; the order inside `state` is kept, it carries meaning."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps({"format": CURSOR_FORMAT, **fields}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Cursor | None:
        """The cursor that `to_json` wrote; None for another format or a damaged text: read again from 0."""
        try:
            data = json.loads(text)
        except ValueError:
            return None
        if not isinstance(data, dict) or data.pop("format", None) != CURSOR_FORMAT:
            return None
        return cls(**data) if _well_formed(data) else None


_FIELD_TYPES: Mapping[str, type] = {
    "device": int,
    "inode": int,
    "size": int,
    "mtime_ns": int,
    "offset": int,
    "prefix_size": int,
    "prefix_hash": str,
    "tail_hash": str,
    "state": dict,
}


def _well_formed(data: Record) -> bool:
    return data.keys() == _FIELD_TYPES.keys() and all(isinstance(data[key], kind) for key, kind in _FIELD_TYPES.items())


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What one call of `Reader.read` found.

    messages: new ones in file order.  A message whose id is known already replaces it if its text differs (Gemini), and
        is the same one again otherwise (resume, fork, restart).
    cursor: give it to the next call.
    header: what routing needs, read anew; None for a file without conversation.
    unknown: record types that this build does not know, with their number; they were skipped.
    damaged: lines that are no JSON object; they were skipped.
    restarted: the file has shrunk or is another one: everything was read from 0, known ids come again.
    withdrawn: ids that the user took back (rewind, rollback); never among `messages`.
    complete: `messages` is all that this session file holds now; archived ones of this session that are absent from
        it were withdrawn.
    more: the limit was reached; call again with the cursor.
    drifted: more than `drift.SHARE` of the file's records so far are of unknown kinds: a format that this build does
        not understand any more, whose messages are not to be built upon.
    """

    messages: tuple[Message, ...]
    cursor: Cursor
    header: SessionHeader | None = None
    unknown: Mapping[str, int] = field(default_factory=dict)
    damaged: int = 0
    restarted: bool = False
    withdrawn: tuple[str, ...] = ()
    complete: bool = False
    more: bool = False
    drifted: bool = False


class Reader(Protocol):
    """One agent's transcripts."""

    @property
    def agent(self) -> str:
        """The agent's name, as in messages, settings and `READERS`."""

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """Folders to watch, whether they exist or not; never the home folder itself."""

    def is_transcript(self, path: Path) -> bool:
        """Whether a file is a session of this agent, judged by name and place."""

    def header(self, path: Path) -> SessionHeader | None:
        """What routing needs, from a bounded part of head and tail; None for a file without conversation.

        Raises:
            TranscriptUnreadable: the file is gone, or cannot be opened or decompressed.
        """

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """The messages after `cursor` (None: from the start), at most `limit_bytes` and one line of them.

        Raises:
            TranscriptUnreadable: the file is gone, or cannot be opened or decompressed.
        """


def unchanged(path: Path, cursor: Cursor) -> bool:
    """Whether nothing new can be in the file, told by one stat; False for a file that is gone."""
    try:
        found = path.stat()
    except OSError:
        return False
    known = (cursor.device, cursor.inode, cursor.size, cursor.mtime_ns)
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) == known

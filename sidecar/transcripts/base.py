"""What every transcript reader offers, and what it hands out.

A reader knows one agent's files.  It is asked with a path and the cursor of the last time, and answers with messages
and the next cursor; it keeps nothing itself on which an answer depends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from sidecar.model import Message, SessionHeader
from sidecar.records import dataclass

Record: TypeAlias = dict[str, object]
"""One JSON object of a transcript; any value may have any type."""

CURSOR_FORMAT = 1
"""Raised whenever a state of an older build would be misread; an old cursor then means: read again from 0."""

DEFAULT_LIMIT = 8 * 1024 * 1024
"""Bytes taken in one call: some seconds of parsing at most, and well above any single line seen so far (1 MB)."""

MOST_FOLDERS = 1000
"""Folders that a header names; a session is held in a few, and of a file with more the first ones tell enough."""


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


DIGEST_SIZE = 8
"""Bytes that stand for an id in `Ids`: of ten million million strangers, one is taken for one of a million."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids of messages, a few bytes each.

    digests: `DIGEST_SIZE` bytes for each, in any order.
    """

    digests: bytes

    @staticmethod
    def digested(ids: Iterable[str]) -> bytes:
        """What stands for ids; one with a lone surrogate, which UTF-8 cannot hold, counts as with a question mark."""
        return b"".join(hashlib.sha256(known.encode("utf-8", "replace")).digest()[:DIGEST_SIZE] for known in ids)

    def absent(self, ids: Iterable[str]) -> set[str]:
        """Those of some ids that are not among these."""
        asked = {self.digested([known]): known for known in ids}
        for at in range(0, len(self.digests), DIGEST_SIZE):
            asked.pop(self.digests[at : at + DIGEST_SIZE], None)
        return set(asked.values())


@dataclass(frozen=True, slots=True)
class Part:
    """What a piece of a file holds of one session."""

    header: SessionHeader | None
    messages: tuple[Message, ...]
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What one call of `Reader.read` found.

    messages: new ones in file order.  A message whose id is known already replaces it if its text differs (Gemini), and
        is the same one again otherwise (resume, fork, restart).
    cursor: give it to the next call.
    header: what routing needs, read anew; None for a file without conversation.
    unknown: record types that this build does not know, with their number; they were skipped.
    damaged: lines that are no JSON object, or too short to be a record; they were skipped.
    restarted: the file has shrunk or is another one: everything was read from 0, known ids come again.
    withdrawn: ids that the user took back (rewind, rollback); never among `messages`.
    complete: `messages` is all that this session file holds now; archived ones of this session that are absent from
        it were withdrawn.
    present: with the last of several calls over one document, which is `complete`: the ids of all calls together,
        which are what the file holds now, while `messages` are those of this call.
    more: the limit was reached; call again with the cursor.
    drifted: more than `drift.SHARE` of the file's records so far, and at least `drift.FEWEST`, are of unknown kinds: a
        format that this build does not understand any more, whose messages are not to be built upon.  None: nothing
        was seen that could tell, as in a document that is as it was, or torn; what is known of the file stands.
    busy: the file is being written at this moment, and nothing of it could be read; the cursor says to try again.
    parts: of a file with many sessions, what belongs to each; `header` is None then, and `messages` and `withdrawn`
        are those of all parts.
    """

    messages: tuple[Message, ...]
    cursor: Cursor
    header: SessionHeader | None = None
    unknown: Mapping[str, int] = field(default_factory=dict)
    damaged: int = 0
    restarted: bool = False
    withdrawn: tuple[str, ...] = ()
    complete: bool = False
    present: Ids | None = None
    more: bool = False
    drifted: bool | None = None
    busy: bool = False
    parts: tuple[Part, ...] = ()

    def sessions(self) -> tuple[Part, ...]:
        """What belongs together.

        A file of one session is one part, whatever sessions its messages name: a fork replays its parent's.
        """
        return self.parts or (Part(self.header, self.messages, self.withdrawn),)


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


@runtime_checkable
class ManySessions(Reader, Protocol):
    """A reader of files that hold many sessions each, as databases do."""

    def headers(self, path: Path) -> tuple[SessionHeader, ...]:
        """What routing needs of every session in the file, oldest first.

        Raises:
            TranscriptUnreadable: the file is gone, or cannot be opened or understood.
        """

    def depth(self, root: Path) -> int | None:
        """How many folders below this root files lie at most; None for any number.

        Such a root is not the agent's transcripts alone: what lies deeper is neither searched nor watched.
        """


def headers_in(reader: Reader, path: Path) -> tuple[SessionHeader, ...]:
    """The headers of all sessions of a file, for every kind of reader.

    Raises:
        TranscriptUnreadable: the file is gone, or cannot be opened or understood.
    """
    if isinstance(reader, ManySessions):
        return reader.headers(path)
    header = reader.header(path)
    return () if header is None else (header,)


LOG = "wal"
"""The key in a cursor's state for the state of the write-ahead log beside a database."""

_LOG_SUFFIX = "-wal"
_COMPANIONS = (_LOG_SUFFIX, "-journal")


def unchanged(path: Path, cursor: Cursor) -> bool:
    """Whether nothing new can be in the file, told by a stat or two; False for a file that is gone."""
    try:
        found = path.stat()
    except OSError:
        return False
    known = (cursor.device, cursor.inode, cursor.size, cursor.mtime_ns)
    if (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) != known:
        return False
    return LOG not in cursor.state or log_of(path) == cursor.state[LOG]


def log_of(path: Path) -> list[int] | None:
    """What changes when the write-ahead log of a database changes: inode, size, time; None if there is none."""
    try:
        found = path.with_name(path.name + _LOG_SUFFIX).stat()
    except OSError:
        return None
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def written_for(path: Path) -> Path:
    """The file whose content a write to this one changes: the database for its log, else the file itself."""
    for suffix in _COMPANIONS:
        if path.name.endswith(suffix) and len(path.name) > len(suffix):
            return path.with_name(path.name.removesuffix(suffix))
    return path

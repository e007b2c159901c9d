"""OpenCode before 1.2: a folder tree of JSON files, one for each session, message and part.

    storage/session/<project>/<session>.json
    storage/message/<session>/<message>.json
    storage/part/<message>/<part>.json

A session's file stands for the session; the others are read with it.  They stay behind when OpenCode carries them over
into its database, where the same ids are given to the same messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.model import Message, SessionHeader
from sidecar.records import dataclass
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.opencode_messages import AGENT, Entry, Session, messages_with_parts, unknown_in
from sidecar.transcripts.places import roots
from sidecar.transcripts.streams import head_of
from sidecar.transcripts.values import decoded, digest, identifier, moment, name, obj
from sidecar.transcripts.whole import TRY_AGAIN, Document, open_document

ACTIVE = timedelta(hours=1)
"""Messages come without a change to the session's file, so one that was active lately is looked at again."""

FILE_SIZE = 64 * 1024 * 1024
"""A larger part is left out; the largest seen hold a picture of some MB."""

_SESSIONS = "session"


class OpenCodeFiles:
    """Reads the sessions of OpenCode's versions before 1.2."""

    agent = AGENT

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """See `Reader.roots`: of the tree only the sessions; messages and parts are many thousands of files."""
        return roots(AGENT, environ)

    def is_transcript(self, path: Path) -> bool:
        """The file of a session."""
        return path.suffix == ".json" and path.parent.parent.name == _SESSIONS and not path.name.startswith(".")

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`; None for a session without messages."""
        with open_document(path, None) as document:
            return _header(_Tree(path, document)) if document.content is not None else None

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  A session is read as a whole, when anything of it has changed."""
        with open_document(path, None) as document:
            if document.content is None:
                return ReadResult((), document.cursor, damaged=int(not document.empty))
            tree = _Tree(path, document)
        after = tree.cursor()
        if cursor is not None and cursor.tail_hash == after.tail_hash:
            return ReadResult((), after)
        unknown = Unknown()
        messages = tuple(sorted(tree.messages(unknown), key=lambda message: message.position))
        return ReadResult(
            messages=messages,
            cursor=after,
            header=_header(tree),
            unknown=dict(sorted(unknown.items())),
            damaged=tree.damaged,
        )


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    size: int
    time: int


class _Tree:
    """The files of one session."""

    def __init__(self, path: Path, document: Document) -> None:
        self.path, self._document, self.damaged = path, document, 0
        self.content: Record = document.content or {}
        self.session = identifier(self.content.get("id")) or path.stem
        storage = path.parents[2]
        self._messages = _listed(storage / "message" / _safe(self.session))
        self._parts = {file.path.stem: _listed(storage / "part" / file.path.stem) for file in self._messages}

    @property
    def written(self) -> datetime:
        """When any of the files was last written."""
        times = [file.time for file in self._all()]
        return max([self._document.written, *(datetime.fromtimestamp(time / 1e9, UTC) for time in times)])

    def cursor(self) -> Cursor:
        """That of the session's file; its tail is that of the files beside."""
        cursor = self._document.cursor
        state = [[str(file.path), file.size, file.time] for file in self._all()]
        active = datetime.now(UTC) - self.written < ACTIVE
        return Cursor(
            device=cursor.device,
            inode=cursor.inode,
            size=cursor.size,
            mtime_ns=TRY_AGAIN if active else cursor.mtime_ns,
            offset=cursor.offset,
            prefix_size=cursor.prefix_size,
            prefix_hash=cursor.prefix_hash,
            tail_hash=digest(cursor.prefix_hash, state),
        )

    def messages(self, unknown: Unknown) -> Iterator[Message]:
        """What is said in them."""
        subagent = name(self.content.get("parentID")) is not None
        session = Session(self.session, name(self.content.get("directory")), subagent)
        for file in self._messages:
            info = self._read(file)
            made = identifier(info.get("id")) or file.path.stem
            parts = self._parts[file.path.stem] if made == file.path.stem else self._parts_of(made)
            if info:
                found = [part for each in parts if (part := self._read(each))]
                unknown += unknown_in(info, found)
                yield from messages_with_parts(Entry(session, made, info, self.written), found)

    @property
    def any_message(self) -> bool:
        """Whether the session has begun."""
        return bool(self._messages)

    def _parts_of(self, made: str) -> list[_File]:
        return _listed(self.path.parents[2] / "part" / _safe(made))

    def _all(self) -> Iterator[_File]:
        yield from self._messages
        for parts in self._parts.values():
            yield from parts

    def _read(self, file: _File) -> Record:
        """The object in a file; empty for one that is gone, being written or damaged."""
        try:
            found = decoded(head_of(file.path, FILE_SIZE)) if file.size <= FILE_SIZE else None
        except OSError:
            return {}
        self.damaged += not isinstance(found, dict)
        return obj(found)


def _header(tree: _Tree) -> SessionHeader | None:
    if not tree.any_message:
        return None
    cwd, time = name(tree.content.get("directory")), obj(tree.content.get("time"))
    return SessionHeader(
        agent=AGENT,
        session=tree.session,
        path=tree.path,
        cwds=(cwd,) if cwd else (),
        started=moment(time.get("created"), tree.written),
        last_record=moment(time.get("updated"), tree.written),
        parent=name(tree.content.get("parentID")),
    )


def _listed(folder: Path) -> list[_File]:
    """The JSON files in a folder, in the order of their names, which is that of their making."""
    try:
        found = [(path, path.stat()) for path in sorted(folder.iterdir()) if path.suffix == ".json"]
    except OSError:
        return []
    return [_File(path, stat.st_size, stat.st_mtime_ns) for path, stat in found]


def _safe(part: str) -> str:
    """An id as one part of a path."""
    return part.replace("/", "_").replace("\\", "_").strip(".") or "_"

"""Gemini CLI: a replay log in JSONL, and the one-document JSON of its versions before 0.39.

In the replay log a message that comes again replaces the earlier one, `$rewindTo` takes back a message and all after
it, and `$set.messages` replaces them all, unless it holds the summary of a compression.  Growth without these is read
as it comes; with one of them the whole file is replayed and given as complete.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import attrgetter
from pathlib import Path

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.drift import Drift, Unknown
from sidecar.transcripts.elements import Elements, each
from sidecar.transcripts.gemini_records import AGENT, Session, messages_of
from sidecar.transcripts.glance import Sight, glance
from sidecar.transcripts.lines import Lines, open_lines
from sidecar.transcripts.places import roots
from sidecar.transcripts.portions import Portion
from sidecar.transcripts.reel import Torn
from sidecar.transcripts.streams import head_of
from sidecar.transcripts.text import safe
from sidecar.transcripts.values import identifier, items, moment, name, obj
from sidecar.transcripts.whole import open_document

CHATS = "chats"
_KEPT = ("sessionId", "kind")
REWIND, SET = "$rewindTo", "$set"

_ALL = 1 << 62
"""A limit of bytes that is none."""

MARKER_SIZE = 1024 * 1024
"""Bytes read of `.project_root` and `projects.json`; a registry of thousands of projects fits."""


class Gemini:
    """Reads Gemini CLI's transcripts."""

    agent = AGENT

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """`.gemini/tmp` in `$GEMINI_CLI_HOME` or the home folder, and where the macOS sandbox puts it."""
        return roots(AGENT, environ)

    def is_transcript(self, path: Path) -> bool:
        """A session below `chats`; an old one only while it has not been carried over to JSONL."""
        if path.suffix not in (".json", ".jsonl") or path.name.startswith(".") or ".tmp-" in path.name:
            return False
        if path.parent.name != CHATS:  # subagents lie one folder deeper, named for their parent
            return path.parent.parent.name == CHATS and path.suffix == ".jsonl"
        if not path.name.startswith("session-"):
            return False
        return path.suffix == ".jsonl" or not _carried_over(path)

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        if path.suffix == ".json":
            return _document_header(path)
        seen, whole = glance(path, lambda written: _Sight(path, written))
        return _header(path, seen.log, seen.last if whole else seen.tail_last, whole=whole)

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  A file whose new part takes something back is given as a whole, whatever the limit."""
        if path.suffix == ".json":
            return self._read_document(path, cursor)
        with open_lines(path, cursor, limit_bytes) as lines:
            since, restarted = lines.offset, lines.restarted
            log = _Log(path, lines.source.written, lines.state)
            for position, record in lines:
                log.apply(position, record)
            if log.reaches_back and since == 0 and lines.more:
                lines.go_on(_ALL)
                for position, record in lines:
                    log.apply(position, record)
            if not log.reaches_back or since == 0:
                return self._result(path, log, lines, lines.damaged, restarted=restarted)
        with open_lines(path) as lines:
            log = _Log(path, lines.source.written, {})
            known = 0
            for position, record in lines:
                log.apply(position, record)
                if position < since:  # what an earlier call has counted
                    log.forget_unknown()
                    known = lines.damaged
            return self._result(path, log, lines, lines.damaged - known, restarted=restarted)

    def _result(self, path: Path, log: _Log, lines: Lines, damaged: int, *, restarted: bool) -> ReadResult:
        return ReadResult(
            messages=log.messages(),
            cursor=lines.cursor(log.state()),
            header=self.header(path),
            unknown=dict(sorted(log.unknown.items())),
            damaged=damaged,
            restarted=restarted,
            complete=log.taken_back,
            more=lines.more,
            drifted=log.drift.found,
        )

    def _read_document(self, path: Path, cursor: Cursor | None) -> ReadResult:
        with open_document(path, cursor) as document:
            if document.content is None or document.same:
                return document.nothing(listed=False)
            portion = Portion(document, cursor)
            log = _Log(path, document.written, portion.state)
            try:
                last = log.take(document.content, portion)
                portion.messages = list(log.messages())
                portion.note()
            except Torn:
                return document.torn()
            header = _header(path, log, last, whole=not portion.spoke())
            whole = not _carried_over(path)  # what the JSONL has more was not withdrawn
            return portion.result(log.state(), (), header, log.unknown, complete=whole, drifted=log.drift.found)


class _Log:
    """The messages that are present after the records so far, by the id of the record that gave them."""

    def __init__(self, path: Path, written: datetime, state: Mapping[str, object]) -> None:
        self.unknown = Unknown()
        self.reaches_back = False
        self.taken_back = False
        self.head: Record = {key: state[key] for key in _KEPT if key in state}
        self.drift = Drift(state)
        self._path = path
        self._written = written
        self._cwd = project_root(path)
        self._parent = parent_of(path)
        self._present: dict[str, list[Message]] = {}
        self._session: Session | None = None

    def state(self) -> Record:
        """For the cursor."""
        return {key: self.head[key] for key in _KEPT if key in self.head} | self.drift.state()

    def forget_unknown(self) -> None:
        """What is unknown so far was told already; it still counts as drift."""
        self.unknown = Unknown()
        self.drift = Drift(self.drift.state())

    def messages(self) -> tuple[Message, ...]:
        """In file order; a message that came again stands where it came last."""
        found = [message for messages in self._present.values() for message in messages]
        return tuple(sorted(found, key=attrgetter("position")))

    @property
    def speaks(self) -> bool:
        """Whether anything that was said is present."""
        return any(self._present.values())

    def apply(self, position: int, record: Record) -> None:
        """Replay one record that stands at this byte."""
        if "id" in record and "type" in record and REWIND not in record and SET not in record:  # the usual case
            self._put(position, record)
        else:
            self._apply(position, record)
        self.drift.note(self.unknown)

    def _apply(self, position: int, record: Record) -> None:
        if REWIND in record:
            self._rewind(identifier(record[REWIND]))
        elif SET in record:
            self._set(position, obj(record[SET]))
        elif "sessionId" in record or "messages" in record:
            self._note(record)
            self._put_all(position, record.get("messages"))
        else:
            kind = next((key for key in record if key.startswith("$")), None) or name(record.get("type"))
            self.unknown[safe(kind or "(no type)")] += 1

    def time_of(self, record: Record) -> datetime | None:
        """When a record was written."""
        told = (record.get("timestamp"), obj(record.get(SET)).get("lastUpdated"), record.get("lastUpdated"))
        return next((time for value in told if (time := moment(value, self._written))), None)

    def _note(self, record: Record) -> None:
        for key, value in record.items():
            if key != "messages":
                self.head[key] = value
                if key in _KEPT:
                    self._session = None

    def _set(self, position: int, changes: Record) -> None:
        self._note(changes)
        if not isinstance(changes.get("messages"), list):
            return
        self.reaches_back = True
        before = dict(self._present)
        self._present.clear()
        self._put_all(position, changes["messages"])
        if any(message.kind == "summary" for messages in self._present.values() for message in messages):
            self._keep(before)
        else:
            self.taken_back = True

    def _keep(self, before: dict[str, list[Message]]) -> None:
        """A compression shortens what the model is given; nobody took back what was said."""
        said = {(message.role, message.text) for messages in before.values() for message in messages}
        new = {
            key: messages
            for key, messages in self._present.items()
            if key not in before and any((message.role, message.text) not in said for message in messages)
        }
        self._present = before | new

    def _rewind(self, target: str) -> None:
        """Take back this message and all after it; one that is not there takes back all."""
        self.reaches_back = self.taken_back = True
        known = list(self._present)
        for key in known[known.index(target) if target in self._present else 0 :]:
            del self._present[key]

    def _put_all(self, position: int, records: object) -> None:
        for record in map(obj, each(records)):
            position += self._put(position, record)
            self.drift.note(self.unknown)

    def _put(self, position: int, record: Record) -> int:
        """Add or replace a message; returns how many positions it took, each shorter than its JSON."""
        if self._session is None:
            self._session = Session(self.session, self._cwd, self.subagent, self._written)
        made = identifier(record["id"]) if "id" in record else ""
        self._present[_key(position, made)] = messages_of(self._session, position, made, record, self.unknown)
        return _places(record)

    def take(self, content: Record, portion: Portion) -> datetime | None:
        """Replay a document, as much of its messages as the portion takes; the time of its last record so far."""
        listed = content.get("messages")
        if not isinstance(listed, Elements) or (not portion.records and _comes_again(listed)):
            self.apply(0, content)
            portion.weigh(self.messages())
            return self._last_of(content, each(listed))
        self._note(content)
        position = 0
        for number, record in enumerate(map(obj, listed)):
            if number < portion.records:
                position += _places(record)
                continue
            if portion.full:
                portion.more = True
                return self._last_of(content, (record,))
            self._put(position, record)
            self.drift.note(self.unknown)
            portion.weigh(self._present.get(_key(position, identifier(record.get("id"))), ()))
            portion.records += 1
            position += _places(record)
        return self._last_of(content, each(listed))

    def look(self, content: Record) -> datetime | None:
        """Replay a document until something was said; the time of its last record."""
        listed = content.get("messages")
        if not isinstance(listed, Elements):
            self.apply(0, content)
        else:
            self._note(content)
            for position, record in enumerate(map(obj, listed)):
                if self.speaks:
                    break
                self._put(position, record)
        return self._last_of(content, each(listed))

    def _last_of(self, content: Record, records: Iterable[object]) -> datetime | None:
        last = self.time_of(content)
        for record in map(obj, records):
            last = self.time_of(record) or last
        return last

    @property
    def session(self) -> str:
        """The session of the file."""
        return name(self.head.get("sessionId")) or self._path.stem

    @property
    def subagent(self) -> bool:
        """Whether an agent, not a person, gave the prompts."""
        return name(self.head.get("kind")) == "subagent" or self._parent is not None


def _key(position: int, made: str) -> str:
    """By what a later record replaces this one."""
    return made or f"at {position}"


def _places(record: Record) -> int:
    """How many positions the messages of a record take."""
    return len(items(record["toolCalls"])) + 1 if "toolCalls" in record else 1


def _comes_again(records: Iterable[object]) -> bool:
    """Whether a record comes twice, so that the later one replaces the earlier one: then all must be held."""
    seen: set[int] = set()
    for record in map(obj, records):
        if key := identifier(record.get("id")):
            if hash(key) in seen:
                return True
            seen.add(hash(key))
    return False


def _document_header(path: Path) -> SessionHeader | None:
    with open_document(path, None) as document:
        log = _Log(path, document.written, {})
        try:
            last = log.look(document.content or {})
        except Torn:
            return None
    return _header(path, log, last, whole=True)


class _Sight(Sight):
    """The log of the head, and when the last records of head and tail were written."""

    def __init__(self, path: Path, written: datetime) -> None:
        self.log = _Log(path, written, {})
        self.last: datetime | None = None
        self.tail_last: datetime | None = None

    def head(self, position: int, record: Record) -> None:
        self.log.apply(position, record)
        self.last = self.log.time_of(record) or self.last

    def enough(self) -> bool:
        return self.log.speaks

    def tail(self, record: Record) -> None:
        self.tail_last = self.log.time_of(record) or self.tail_last


def _header(path: Path, log: _Log, last: datetime | None, *, whole: bool) -> SessionHeader | None:
    messages = log.messages()
    if whole and not messages:
        return None
    cwd = project_root(path)
    return SessionHeader(
        agent=AGENT,
        session=log.session,
        path=path,
        cwds=(cwd,) if cwd else (),
        started=log.time_of({"timestamp": log.head.get("startTime")})
        or next((m.time for m in messages if m.time), None),
        last_record=last,
        parent=parent_of(path),
        project_hash=name(log.head.get("projectHash")),
    )


def project_hash(cwd: str) -> str:
    """The folder name that older versions give a project: the unsalted SHA-256 of its path."""
    return hashlib.sha256(cwd.encode("utf-8", "surrogateescape")).hexdigest()


def project_root(path: Path) -> str | None:
    """The project's path: from the marker in its folder, else from the registry of folder names."""
    project = _project_folder(path)
    if project is None:
        return None
    marker = _content(project / ".project_root").strip()
    if marker:
        return safe(marker)
    if project.parent.name != "tmp":
        return None
    try:
        registry = obj(json.loads(_content(project.parent.parent / "projects.json")))
    except (ValueError, RecursionError):
        return None
    known = obj(registry.get("projects", registry))
    return next((safe(root) for root, folder in sorted(known.items(), key=str) if folder == project.name), None)


def parent_of(path: Path) -> str | None:
    """The session that started this one, told by the folder of a subagent's file."""
    return path.parent.name if path.parent.parent.name == CHATS else None


def _project_folder(path: Path) -> Path | None:
    return next((folder.parent for folder in path.parents if folder.name == CHATS), None)


def _content(path: Path) -> str:
    try:
        return head_of(path, MARKER_SIZE).decode("utf-8", "replace")
    except OSError:
        return ""


def _carried_over(path: Path) -> bool:
    """Whether a JSONL of the same session lies beside: of the same name, or ending in the same part of the id."""
    part = path.stem.rpartition("-")[2]
    return path.with_suffix(".jsonl").exists() or any(
        other.suffix == ".jsonl" and part and other.stem.endswith(f"-{part}") for other in _beside(path)
    )


def _beside(path: Path) -> list[Path]:
    try:
        return sorted(path.parent.iterdir())
    except OSError:
        return []

"""Codex CLI: rollouts as JSONL, plain or zstd, and the one-document JSON of its first versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice, starmap
from pathlib import Path
from types import MappingProxyType

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.codex_records import AGENT, Conversation, rolled_back_turns
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.elements import each
from sidecar.transcripts.glance import Sight, glance
from sidecar.transcripts.lines import Lines, open_lines
from sidecar.transcripts.places import roots
from sidecar.transcripts.portions import Portion
from sidecar.transcripts.reel import Torn
from sidecar.transcripts.streams import ZSTD_SUFFIX
from sidecar.transcripts.values import moment, obj
from sidecar.transcripts.whole import open_document


class Codex:
    """Reads Codex's transcripts."""

    agent = AGENT

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """`sessions` and `archived_sessions` in `$CODEX_HOME`, by default `~/.codex`."""
        return roots(AGENT, environ)

    def is_transcript(self, path: Path) -> bool:
        """A rollout; a compressed one only where the plain file is gone, as the plain one counts."""
        if not path.name.startswith("rollout-"):
            return False
        if path.suffix == ZSTD_SUFFIX:
            plain = path.with_suffix("")
            return plain.suffix == ".jsonl" and not plain.exists()
        return path.suffix in (".jsonl", ".json")

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        if path.suffix == ".json":
            return _legacy_header(path)
        seen, whole = glance(path, lambda written: _Sight(path, written))
        return seen.header(whole=whole)

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  A rollback withdraws the ids of the turns that it takes back."""
        if path.suffix == ".json":
            return self._read_legacy(path, cursor)
        with open_lines(path, cursor, limit_bytes) as lines:
            conversation = Conversation(path, lines.state, lines.source.written)
            drift = Drift(lines.state)
            messages, rollbacks = _taken(conversation, lines, drift)
            after = lines.cursor(conversation.state() | drift.state())
        withdrawn = _withdrawn(path, rollbacks) if rollbacks else ()
        gone = frozenset(withdrawn)
        return ReadResult(
            messages=tuple(message for message in messages if message.id not in gone),
            cursor=after,
            header=self.header(path),
            unknown=dict(sorted(conversation.unknown.items())),
            damaged=lines.damaged,
            restarted=lines.restarted,
            withdrawn=withdrawn,
            more=lines.more,
            drifted=drift.found,
        )

    def _read_legacy(self, path: Path, cursor: Cursor | None) -> ReadResult:
        with open_document(path, cursor) as document:
            if document.content is None or document.same:
                return document.nothing(listed=False)
            portion = Portion(document, cursor)
            seen = _Sight(path, document.written, portion.state, portion.folders, speaks=portion.spoke())
            conversation, drift = seen.conversation, Drift(portion.state)
            try:
                items = islice(_legacy(document.content), portion.records, None)
                for _ in portion.of(starmap(seen.take, items)):
                    drift.note(conversation.unknown)
                portion.note()
            except Torn:
                return document.torn()
            state, header = conversation.state() | drift.state(), seen.header(whole=True)
            return portion.result(
                state, conversation.cwds, header, conversation.unknown, complete=True, drifted=drift.found
            )


def _taken(conversation: Conversation, lines: Lines, drift: Drift) -> tuple[list[Message], list[int]]:
    """The messages of the lines, and the positions of rollbacks; no record is held when it returns."""
    messages: list[Message] = []
    rollbacks: list[int] = []
    for position, record in lines:
        messages.extend(conversation.feed(position, record))
        drift.note(conversation.unknown)
        if rolled_back_turns(record):
            rollbacks.append(position)
    return messages, rollbacks


def _legacy(content: Record) -> Iterator[tuple[int, Record]]:
    """The session object and the items of the one-document form, as records."""
    yield 0, {"type": "session_meta", "payload": obj(content.get("session"))}
    for index, item in enumerate(each(content.get("items"))):
        yield index + 1, obj(item)


def _withdrawn(path: Path, rollbacks: list[int]) -> tuple[str, ...]:
    """The ids that the rollbacks at these positions take back, of this thread's own turns.

    A rollback is rare and counts turns from far back, so the file is run through once more instead of carrying every
    id in the cursor.  Replayed turns belong to the parent, where they may still stand.
    """
    turns: list[list[str]] = [[]]
    taken: list[str] = []
    with open_lines(path) as lines:
        conversation = Conversation(path, {}, lines.source.written)
        for position, record in lines:
            for message in conversation.feed(position, record):
                if message.role == "user" and message.kind == "text":
                    turns.append([])
                if message.session == conversation.thread:
                    turns[-1].append(message.id)
            number = rolled_back_turns(record)
            if number:
                first = max(1, len(turns) - number)  # what stands before the first prompt belongs to no turn
                if position in rollbacks:
                    taken.extend(known for turn in turns[first:] for known in turn)
                del turns[first:]
            if position >= rollbacks[-1]:
                break
    return tuple(dict.fromkeys(taken))


def _legacy_header(path: Path) -> SessionHeader | None:
    with open_document(path, None) as document:
        seen = _Sight(path, document.written)
        try:
            for position, record in _legacy(document.content or {}):
                seen.head(position, record)
        except Torn:
            return None
        return seen.header(whole=True)


class _Sight(Sight):
    """What the header tells, gathered record by record."""

    def __init__(
        self,
        path: Path,
        written: datetime,
        state: Mapping[str, object] = MappingProxyType({}),
        folders: Iterable[str] = (),
        *,
        speaks: bool = False,
    ) -> None:
        """`state`, `folders` and `speaks`: of what went before, if it does not begin with the file."""
        self._path, self._written = path, written
        self.conversation = Conversation(path, state, written)
        self.conversation.cwds.update(dict.fromkeys(folders))
        self._speaks = speaks
        self._meta: Mapping[str, str] | None = None
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._tail_last: datetime | None = None

    def head(self, position: int, record: Record) -> None:
        for _ in self.take(position, record):
            pass

    def take(self, position: int, record: Record) -> Iterator[Message]:
        """The messages of a record of the head, noted as they are gone through."""
        for message in self.conversation.feed(position, record):
            self._speaks = True
            self._first = self._first or message.time
            yield message
        self._last = moment(record.get("timestamp"), self._written) or self._last

    def enough(self) -> bool:
        return self._speaks

    def tail(self, record: Record) -> None:
        """Only the folders that later turns name, and the last time."""
        self._meta = dict(self.conversation.meta) if self._meta is None else self._meta
        for _ in self.conversation.feed(0, record):
            pass
        self._tail_last = moment(record.get("timestamp"), self._written) or self._tail_last

    def header(self, *, whole: bool) -> SessionHeader | None:
        if whole and not self._speaks:
            return None
        meta = self.conversation.meta if self._meta is None else self._meta
        started = moment(meta.get("started"), self._written) or self._first
        return SessionHeader(
            agent=AGENT,
            session=meta.get("thread") or self.conversation.thread,
            path=self._path,
            cwds=tuple(self.conversation.cwds),
            branch=meta.get("branch"),
            remote=meta.get("remote"),
            started=started,
            last_record=(self._last or started) if whole else self._tail_last,
            parent=meta.get("parent"),
            commit=meta.get("commit"),
        )

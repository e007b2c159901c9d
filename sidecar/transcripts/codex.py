"""Codex CLI: rollouts as JSONL, plain or zstd, and the one-document JSON of its first versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.codex_records import AGENT, Conversation, rolled_back_turns
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.glance import glance
from sidecar.transcripts.lines import open_lines
from sidecar.transcripts.places import roots
from sidecar.transcripts.streams import ZSTD_SUFFIX
from sidecar.transcripts.values import items, moment, obj
from sidecar.transcripts.whole import read_document


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
            document = read_document(path, None)
            head = list(_legacy(document.content or {}))
            return _header(path, head, [record for _, record in head], document.written, whole=True)
        seen = glance(path, lambda head, written: _speaks(path, head, written))
        return _header(path, seen.head, seen.tail, seen.written, whole=seen.whole)

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  A rollback withdraws the ids of the turns that it takes back."""
        if path.suffix == ".json":
            return self._read_legacy(path, cursor)
        rollbacks: list[int] = []
        messages: list[Message] = []
        with open_lines(path, cursor, limit_bytes) as lines:
            conversation = Conversation(path, lines.state, lines.source.written)
            drift = Drift(lines.state)
            for position, record in lines:
                messages.extend(conversation.feed(position, record))
                drift.note(conversation.unknown)
                if rolled_back_turns(record):
                    rollbacks.append(position)
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
        document = read_document(path, cursor)
        if document.content is None or document.same:
            return ReadResult((), document.cursor, damaged=int(document.content is None and not document.empty))
        records = list(_legacy(document.content))
        conversation, drift = Conversation(path, {}, document.written), Drift({})
        messages: list[Message] = []
        for position, record in records:
            messages.extend(conversation.feed(position, record))
            drift.note(conversation.unknown)
        return ReadResult(
            messages=tuple(messages),
            cursor=document.cursor,
            header=_header(path, records, [record for _, record in records], document.written, whole=True),
            unknown=dict(sorted(conversation.unknown.items())),
            complete=True,
            drifted=drift.found,
        )


def _legacy(content: Record) -> Iterator[tuple[int, Record]]:
    """The session object and the items of the one-document form, as records."""
    yield 0, {"type": "session_meta", "payload": obj(content.get("session"))}
    for index, item in enumerate(items(content.get("items"))):
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


def _speaks(path: Path, head: Iterable[tuple[int, Record]], written: datetime) -> bool:
    conversation = Conversation(path, {}, written)
    return any(True for position, record in head for _ in conversation.feed(position, record))


def _header(
    path: Path, head: list[tuple[int, Record]], tail: list[Record], written: datetime, *, whole: bool
) -> SessionHeader | None:
    conversation = Conversation(path, {}, written)
    messages = [message for position, record in head for message in conversation.feed(position, record)]
    if whole and not messages:
        return None
    meta = dict(conversation.meta)
    if not whole:
        for record in tail:  # only for the folders that later turns name
            for _ in conversation.feed(0, record):
                pass
    times = [time for record in tail if (time := moment(record.get("timestamp"), written))]
    started = moment(meta.get("started"), written) or next((m.time for m in messages if m.time), None)
    return SessionHeader(
        agent=AGENT,
        session=meta.get("thread") or conversation.thread,
        path=path,
        cwds=tuple(conversation.cwds),
        branch=meta.get("branch"),
        remote=meta.get("remote"),
        started=started,
        last_record=times[-1] if times else started if whole else None,
        parent=meta.get("parent"),
        commit=meta.get("commit"),
    )

"""Goose: one SQLite database for all sessions, since 1.10.

Goose rewrites a conversation by removing its rows and writing them anew with the same ids and times, so a row that is
gone means nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path

from sidecar.model import SessionHeader
from sidecar.transcripts.databases import Snapshot, Value
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.goose_blocks import AGENT, REQUESTS, Entry, Session, blocks_of, call_in, messages_of
from sidecar.transcripts.places import roots
from sidecar.transcripts.rows import Follower, Table
from sidecar.transcripts.stores import StoreReader, Taken
from sidecar.transcripts.tools import Call
from sidecar.transcripts.values import decoded, identifier, moment, name, obj, text

DATABASE = "sessions.db"
SUBAGENT = "sub_agent"

CALLS_LOOKED_AT = 8
"""Rows that name the id of a call and come before its result; the request is one of the last."""

CALL_DISTANCE = 5000
"""Rows between a call and its result at most: other sessions write in between."""

_FOLDER = "sessions"
_MESSAGES, _SESSIONS = "messages", "sessions"
_MESSAGE_COLUMNS = ("session_id", "message_id", "role", "content_json", "created_timestamp", "metadata_json")
_SESSION_COLUMNS = (
    *("id", "working_dir", "session_type", "parent_session_id", "created_at", "updated_at", "model_config_json"),
)


class Goose(StoreReader):
    """Reads Goose's sessions."""

    agent = AGENT

    def roots(self, environ: Mapping[str, str], platform: str = sys.platform) -> tuple[Path, ...]:
        """See `Reader.roots`."""
        return roots(AGENT, environ, platform)

    def depth(self, root: Path) -> int | None:
        """See `ManySessions.depth`."""
        return 0 if root.name == _FOLDER else None

    def is_transcript(self, path: Path) -> bool:
        """The database."""
        return path.name == DATABASE

    def fits(self, database: Snapshot) -> bool:
        """See `StoreReader.fits`."""
        return "content_json" in database.columns(_MESSAGES) and "working_dir" in database.columns(_SESSIONS)

    def _headers(self, database: Snapshot, only: Collection[str] | None) -> list[SessionHeader]:
        return [_header(database, row) for row in _sessions(database, only)]

    def _take(self, database: Snapshot, state: Mapping[str, object], limit_bytes: int) -> Taken:
        taken, sessions = Taken(Drift(state)), dict[str, Session]()
        table = Table(_MESSAGES, "id", database.chosen(_MESSAGES, _MESSAGE_COLUMNS))
        rows = Follower(database, table, state.get(_MESSAGES))
        for row in rows.changed(limit_bytes):
            found = dict(zip(_MESSAGE_COLUMNS, row.values, strict=True))
            content = decoded(found["content_json"])
            if content is None:
                taken.damaged += 1
                continue
            known = _key(found["session_id"])
            if known not in sessions:
                sessions[known] = _session(known, next(_sessions(database, [known]), {}))
            entry = _entry(database, sessions[known], row.number, found, content)
            taken.add(list(messages_of(entry, partial(_asked, database, entry), taken.unknown)))
            taken.note_record()
        taken.state, taken.more = {_MESSAGES: rows.state()}, rows.more
        return taken


def _sessions(database: Snapshot, only: Collection[str] | None) -> Iterator[Mapping[str, Value]]:
    if only is None:
        yield from database.selected(_SESSIONS, _SESSION_COLUMNS)
        return
    for session in sorted(only):
        yield from database.selected(_SESSIONS, _SESSION_COLUMNS, "id = ?", (session,))


def _session(known: str, row: Mapping[str, Value]) -> Session:
    model = obj(decoded(row.get("model_config_json"))).get("model_name")
    return Session(known, name(row.get("working_dir")), name(model), _is_subagent(row))


def _is_subagent(row: Mapping[str, Value]) -> bool:
    return text(row.get("session_type")) == SUBAGENT


def _header(database: Snapshot, row: Mapping[str, Value]) -> SessionHeader:
    cwd = name(row.get("working_dir"))
    return SessionHeader(
        agent=AGENT,
        session=_key(row["id"]),
        path=database.path,
        cwds=(cwd,) if cwd else (),
        started=moment(row.get("created_at"), database.written),
        last_record=moment(row.get("updated_at"), database.written),
        parent=name(row.get("parent_session_id")),
    )


def _entry(database: Snapshot, session: Session, number: int, row: Mapping[str, Value], content: object) -> Entry:
    return Entry(
        session=session,
        # Goose named the rows of its first versions so when it introduced ids.
        made=name(row["message_id"]) or f"msg_{session.id}_{number}",
        number=number,
        role=text(row["role"]),
        created=row["created_timestamp"],
        time=moment(row["created_timestamp"], database.written),
        shown=obj(decoded(row["metadata_json"])).get("userVisible") is not False,
        blocks=blocks_of(content),
    )


def _asked(database: Snapshot, entry: Entry, key: str) -> Call | None:
    """The call of this id: it was requested before its result came."""
    condition = "session_id = ? AND id BETWEEN ? AND ? AND instr(content_json, ?) ORDER BY id DESC LIMIT ?"
    values = (entry.session.id, entry.number - CALL_DISTANCE, entry.number, key, CALLS_LOOKED_AT)
    for row in database.selected(_MESSAGES, ("content_json",), condition, values):
        for block in blocks_of(decoded(row["content_json"])):
            if text(block.get("type")) in REQUESTS and identifier(block.get("id")) == key:
                return call_in(block)
    return None


def _key(value: Value) -> str:
    return identifier(value) or "(none)"

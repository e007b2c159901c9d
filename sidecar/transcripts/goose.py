"""Goose: one SQLite database for all sessions, since 1.10.

A message is one row or more of the same `message_id`.  Goose rewrites a conversation by removing its rows and writing
them anew under the same ids, so a row that is gone means nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sidecar.model import SessionHeader
from sidecar.transcripts.base import Record
from sidecar.transcripts.databases import Snapshot, Value
from sidecar.transcripts.goose_blocks import AGENT, REQUESTS, Group, Session, blocks_of, call_in, messages_of
from sidecar.transcripts.locations import WINDOWS, below, roaming, xdg_data
from sidecar.transcripts.rows import Follower, Row, Table
from sidecar.transcripts.stores import StoreReader, Taken
from sidecar.transcripts.tools import Call
from sidecar.transcripts.values import decoded, identifier, moment, name, obj, text

DATABASE = "sessions.db"
SUBAGENT = "sub_agent"

CALLS_LOOKED_AT = 8
"""Rows that name the id of a call and come before its result; the request is one of the last."""

_FOLDER = "sessions"
_MESSAGES, _SESSIONS = "messages", "sessions"
_MESSAGE_COLUMNS = ("id", "role", "content_json", "created_timestamp", "metadata_json")
_SESSION_COLUMNS = (
    *("id", "working_dir", "session_type", "parent_session_id", "created_at", "updated_at", "model_config_json"),
)


class Goose(StoreReader):
    """Reads Goose's sessions."""

    agent = AGENT

    def roots(self, environ: Mapping[str, str], platform: str = sys.platform) -> tuple[Path, ...]:
        """`sessions` in `$GOOSE_PATH_ROOT/data`, else in the platform's data folder."""
        if environ.get("GOOSE_PATH_ROOT", "").strip():
            return (below(environ, "GOOSE_PATH_ROOT", "") / "data" / _FOLDER,)
        if platform == WINDOWS:
            return (roaming(environ) / "Block" / "goose" / "data" / _FOLDER,)
        return (xdg_data(environ) / "goose" / _FOLDER,)

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
        taken = Taken()
        columns = database.chosen(_MESSAGES, ("session_id", "message_id", "content_json"))
        rows = Follower(database, Table(_MESSAGES, "id", columns), state.get(_MESSAGES))
        changed = dict.fromkeys(_place(row) for row in rows.changed(limit_bytes))
        sessions = {_key(row["id"]): row for row in _sessions(database, {place.session for place in changed})}
        for place in changed:
            group = _group(database, _session(place.session, sessions.get(place.session, {})), place)
            taken.damaged += group is None
            if group is not None:
                taken.add(list(messages_of(group, partial(_asked, database, group), taken.unknown)))
        taken.state, taken.more = {_MESSAGES: rows.state()}, rows.more
        return taken


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message is: all rows of an id in a session, or the row of this number where there are no ids."""

    session: str
    made: str | None
    number: int | None


def _place(row: Row) -> _Place:
    made = name(row.values[1])
    return _Place(_key(row.values[0]), made, None if made else row.number)


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


def _group(database: Snapshot, session: Session, place: _Place) -> Group | None:
    """The message at this place; None if nothing of it can be read."""
    condition, values = "message_id = ? AND session_id = ? ORDER BY id", [place.made, session.id]
    if place.made is None:
        condition, values = "id = ?", [str(place.number)]
    made = place.made or f"msg_{session.id}_{place.number}"  # as Goose named such rows when it introduced ids
    rows = list(database.selected(_MESSAGES, _MESSAGE_COLUMNS, condition, values))
    contents = [decoded(row["content_json"]) for row in rows]
    if not rows or all(content is None for content in contents):
        return None
    blocks: list[Record] = [block for content in contents for block in blocks_of(content)]
    first = rows[0]
    return Group(
        session=session,
        made=made,
        at=int(identifier(first["id"]) or 0),
        role=text(first["role"]),
        time=moment(first["created_timestamp"], database.written),
        shown=obj(decoded(first["metadata_json"])).get("userVisible") is not False,
        blocks=tuple(blocks),
    )


def _asked(database: Snapshot, group: Group, key: str) -> Call | None:
    """The call of this id: it was requested in the same message or before it."""
    condition = "session_id = ? AND id <= ? AND instr(content_json, ?) ORDER BY id DESC LIMIT ?"
    values = (group.session.id, group.at, key, CALLS_LOOKED_AT)
    for row in database.selected(_MESSAGES, ("content_json",), condition, values):
        for block in blocks_of(decoded(row["content_json"])):
            if text(block.get("type")) in REQUESTS and identifier(block.get("id")) == key:
                return call_in(block)
    return None


def _key(value: Value) -> str:
    return identifier(value) or "(none)"

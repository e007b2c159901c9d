"""OpenCode's tables: sessions, and the two generations of tables with messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import ClassVar

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import Record
from sidecar.transcripts.databases import Snapshot, Value
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.opencode_messages import (
    AGENT,
    Entry,
    Session,
    messages_of_row,
    messages_with_parts,
    unfinished_part,
    unfinished_row,
    unknown_in,
)
from sidecar.transcripts.rows import Follower, Table
from sidecar.transcripts.stores import Taken
from sidecar.transcripts.values import decoded, identifier, moment, name, obj, text

ANCESTORS = 8
"""How far the forks of forks are followed to the session in which something was said first."""

_MESSAGE = "message"
_MESSAGE_COLUMNS = ("id", "session_id", "time_created", "data")
_ROW_COLUMNS = ("id", "session_id", "type", "seq", "time_created", "data")

_SAME_DATA = "session_id = ? AND type = ? AND data = (SELECT data FROM session_message WHERE id = ?)"

_SESSION_TABLES = ("session_v2", "session")
_SESSION_COLUMNS = ("id", "directory", "parent_id", "fork_session_id", "revert", "time_created", "time_updated")


class Sessions:
    """The sessions of both generations; where one is in both, the newer row counts."""

    def __init__(self, database: Snapshot) -> None:
        self._database = database
        self.tables = [table for table in _SESSION_TABLES if "directory" in database.columns(table)]

    def find(self, known: str) -> Mapping[str, Value]:
        """The row of a session; empty if there is none."""
        for table in self.tables:
            for row in self._database.selected(table, _SESSION_COLUMNS, "id = ?", (known,)):
                return row
        return {}

    def headers(self, only: Collection[str] | None) -> list[SessionHeader]:
        """The headers of these sessions, or of all."""
        if only is not None:
            return [self._header(row) for session in sorted(only) if (row := self.find(session))]
        rows = {
            identifier(row["id"]): row
            for table in reversed(self.tables)
            for row in self._database.selected(table, _SESSION_COLUMNS)
        }
        return [self._header(row) for _, row in sorted(rows.items())]

    def reverted(self) -> dict[str, str]:
        """The sessions that are undone in part, each with the first message that is taken back."""
        return {
            identifier(row["id"]): identifier(obj(decoded(row["revert"])).get("messageID"))
            for table in reversed(self.tables)
            if "revert" in self._database.columns(table)
            for row in self._database.selected(table, ("id", "revert"), "revert IS NOT NULL")
            if identifier(obj(decoded(row["revert"])).get("messageID"))
        }

    def _header(self, row: Mapping[str, Value]) -> SessionHeader:
        cwd = name(row["directory"])
        return SessionHeader(
            agent=AGENT,
            session=identifier(row["id"]),
            path=self._database.path,
            cwds=(cwd,) if cwd else (),
            started=moment(row["time_created"], self._database.written),
            last_record=moment(row["time_updated"], self._database.written),
            parent=name(row["parent_id"]) or name(row["fork_session_id"]),
        )


class Generation(ABC):
    """One generation of tables, in one database."""

    table: ClassVar[str]
    """The table whose rows are followed."""

    def __init__(self, database: Snapshot) -> None:
        self._database = database
        self._sessions = Sessions(database)
        self._known: dict[str, Session] = {}
        self._columns = database.columns(self.table)

    @property
    @abstractmethod
    def exists(self) -> bool:
        """Whether this database has these tables."""

    @abstractmethod
    def take(self, taken: Taken, state: object, reverted: Mapping[str, str], limit_bytes: int) -> None:
        """Add what is new since the state, and the state after it."""

    @abstractmethod
    def since(self, session: str, message: str) -> list[Message]:
        """What a session says from a message on."""

    def _version(self) -> str | None:
        return "time_updated" if "time_updated" in self._columns else None

    def _session(self, known: str) -> Session:
        if known not in self._known:
            row = self._sessions.find(known)
            self._known[known] = Session(known, name(row.get("directory")), name(row.get("parent_id")) is not None)
        return self._known[known]


class Parts(Generation):
    """1.x: `message` and `part`.  All words are in parts, so only their rows are followed."""

    table = "part"

    @property
    def exists(self) -> bool:
        """See `Generation.exists`."""
        return "data" in self._columns and "data" in self._database.columns(_MESSAGE)

    def take(self, taken: Taken, state: object, reverted: Mapping[str, str], limit_bytes: int) -> None:
        """See `Generation.take`: every message of which a part is new, whole."""
        rows = Follower(self._database, Table(self.table, "id", ("message_id", "data"), self._version()), state)
        changed = _parts_by_message(rows, taken, limit_bytes)
        for made in list(changed):
            new = changed.pop(made)
            for found in self._database.selected(_MESSAGE, _MESSAGE_COLUMNS, "id = ?", (made,)):
                taken.unknown += unknown_in(obj(decoded(found["data"])), new)
                new = []  # all of its parts are read again
                taken.note_record()
                point = reverted.get(identifier(found["session_id"]))
                (taken.withdraw if point is not None and made >= point else taken.add)(self._messages(found))
        taken.state[self.table], taken.more = rows.state(), rows.more

    def since(self, session: str, message: str) -> list[Message]:
        """See `Generation.since`: ids of messages ascend."""
        condition = "session_id = ? AND id >= ?"
        found = self._database.selected(_MESSAGE, _MESSAGE_COLUMNS, condition, (session, message))
        return [each for row in found for each in self._messages(row)]

    def _messages(self, row: Mapping[str, Value]) -> list[Message]:
        made = identifier(row["id"])
        condition = "message_id = ? ORDER BY id"
        parts = [decoded(part["data"]) for part in self._database.selected(self.table, ("data",), condition, (made,))]
        entry = Entry(
            session=self._session(identifier(row["session_id"])),
            made=made,
            info=obj(decoded(row["data"])),
            written=self._database.written,
            row_time=row["time_created"],
        )
        return list(messages_with_parts(entry, [part for part in parts if isinstance(part, dict)]))


def _parts_by_message(rows: Follower, taken: Taken, limit_bytes: int) -> dict[str, list[Record]]:
    """The parts that are new or have changed, by the ids of their messages."""
    changed: dict[str, list[Record]] = {}
    for row in rows.changed(limit_bytes):
        made, part = identifier(row.values[0]), decoded(row.values[1])
        known = changed.setdefault(made, [])
        if isinstance(part, dict):
            known.append(part)
        else:
            taken.damaged += 1
        if unfinished_part(obj(part)):
            rows.unfinished(row)
    return changed


class Rows(Generation):
    """2.x: `session_message`."""

    table = "session_message"

    @property
    def exists(self) -> bool:
        """See `Generation.exists`."""
        return self._columns >= {"session_id", "type", "data"}

    def take(self, taken: Taken, state: object, reverted: Mapping[str, str], limit_bytes: int) -> None:
        """See `Generation.take`."""
        columns = self._database.chosen(self.table, _ROW_COLUMNS)
        rows = Follower(self._database, Table(self.table, "id", columns, self._version()), state)
        points = {session: self._place(session, message) for session, message in reverted.items()}
        for row in rows.changed(limit_bytes):
            found = dict(zip(_ROW_COLUMNS, row.values, strict=True))
            if unfinished_row(text(found["type"]), obj(decoded(found["data"]))):
                rows.unfinished(row)
            point, place = points.get(identifier(found["session_id"])), found[self._order]
            taken_back = point is not None and isinstance(place, int) and place >= point
            taken.damaged += not isinstance(decoded(found["data"]), dict)
            (taken.withdraw if taken_back else taken.add)(self._messages(found, taken.unknown))
            taken.note_record()
        taken.state[self.table], taken.more = rows.state(), rows.more

    def since(self, session: str, message: str) -> list[Message]:
        """See `Generation.since`."""
        condition = f"session_id = ? AND {self._order} >= ?"
        found = self._database.selected(self.table, _ROW_COLUMNS, condition, (session, self._place(session, message)))
        return [each for row in found for each in self._messages(row, Unknown())]

    @property
    def _order(self) -> str:
        """What rows of a session are ordered by; the first versions had no sequence."""
        return "seq" if "seq" in self._columns else "time_created"

    def _place(self, session: str, message: str) -> int | None:
        found = self._database.selected(self.table, (self._order,), "session_id = ? AND id = ?", (session, message))
        return next((place for row in found if isinstance(place := row[self._order], int)), None)

    def _messages(self, row: Mapping[str, Value], unknown: Unknown) -> list[Message]:
        info = decoded(row["data"])
        if not isinstance(info, dict):
            return []
        entry = Entry(
            session=self._session(identifier(row["session_id"])),
            made=self._first_id(row, obj(info.get("time")).get("created")),
            info=info,
            written=self._database.written,
            row_time=row["time_created"],
        )
        return list(messages_of_row(entry, text(row["type"]), unknown))

    def _first_id(self, row: Mapping[str, Value], said: object) -> str:
        """The id under which the same was said first: a fork copies rows, with their times, under new ids."""
        made, session = identifier(row["id"]), self._sessions.find(identifier(row["session_id"]))
        for _ in range(ANCESTORS):
            origin, began = identifier(session.get("fork_session_id")), session.get("time_created")
            if not origin or not isinstance(said, int) or not isinstance(began, int) or said > began:
                break
            values = (origin, row["type"], row["id"])  # its own words may be cut here
            same = self._database.selected(self.table, ("id",), _SAME_DATA, values)
            made = next((identifier(found["id"]) for found in same), made)
            session = self._sessions.find(origin)
        return made

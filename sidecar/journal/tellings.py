"""Sessions as they went, for people: all that one held, and what stands around one message."""

from __future__ import annotations

from sidecar.journal.claims import stored_content
from sidecar.journal.codec import clean, message_of, unpack_content, unpack_start
from sidecar.journal.database import Connection, Database, Row
from sidecar.journal.feed import MARK, NEIGHBOUR_CHARACTERS, NEIGHBOURS
from sidecar.journal.sessions import session_number
from sidecar.journal.values import Surroundings, Telling
from sidecar.model import Message, ProfileRef, SessionRef

_HELD = """
    SELECT number AS message, file, position, withdrawn, NULL AS content FROM messages WHERE session = :session
     UNION ALL SELECT message, file, position, withdrawn, content FROM copies WHERE session = :session
"""
"""Every message of a session: its own, and those that an earlier session owns and it repeats."""

_LIVE = f"""
    FROM ({_HELD}) x JOIN messages m ON m.number = x.message JOIN sessions s ON s.number = m.session
    LEFT JOIN files f ON f.number = x.file WHERE NOT x.withdrawn AND m.gone = 0
"""
_FORGOTTEN = f"{MARK} = 0"
_ORDER = "ORDER BY f.started NULLS LAST, f.path, x.position, m.number"


class Tellings:
    """The part of the journal that tells a session."""

    _db: Database

    def telling(self, ref: SessionRef, *, offset: int = 0, limit: int = -1) -> Telling:
        """The messages of a session from the `offset`-th on, in the order of its files and positions."""
        with self._db.reading() as connection:
            values = {"session": session_number(connection, ref), "offset": offset, "limit": limit}
            counts = connection.execute(
                f"SELECT count(*) AS held, coalesce(sum({_FORGOTTEN}), 0) AS forgotten {_LIVE}", values
            ).fetchone()
            rows = connection.execute(
                f"SELECT x.message, x.position, x.content {_LIVE} AND coalesce(NOT {_FORGOTTEN}, 1)"
                f" {_ORDER} LIMIT :limit OFFSET :offset",
                values,
            ).fetchall()
            found = tuple(_told(connection, row, ref) for row in rows)
        return Telling(found, counts["held"] - counts["forgotten"], counts["forgotten"])

    def surroundings(self, id: str, agent: str, profile: ProfileRef) -> Surroundings | None:  # noqa: A002
        """What stands around a message; `profile` tells messages of clients apart.  None if it is not there."""
        with self._db.reading() as connection:
            row = connection.execute(
                f"SELECT m.cwd, s.session AS name, {NEIGHBOURS} FROM messages m JOIN sessions s ON s.number = m.session"
                " WHERE m.id = ? AND m.agent = ? AND m.scope IN ('', ?) AND m.gone = 0 ORDER BY m.scope DESC LIMIT 1",
                (clean(id), agent, str(profile)),
            ).fetchone()
            if row is None:
                return None
            beside = {side: _start(connection, row[side], row["name"]) for side in ("before", "after")}
        return Surroundings(row["cwd"], beside["before"], beside["after"])


def _told(connection: Connection, held: Row, ref: SessionRef) -> Message:
    row = _row(connection, held["message"])
    content = stored_content(row, row["body"]) if held["content"] is None else unpack_content(held["content"])
    return message_of(content, id=row["id"], agent=row["agent"], session=ref.session, position=held["position"])


def _start(connection: Connection, number: int | None, session: str) -> Message | None:
    """A message with the beginning of its text."""
    if number is None:
        return None
    row = _row(connection, number)
    content = stored_content(row, row["body"])._replace(text=unpack_start(row["body"], NEIGHBOUR_CHARACTERS))
    return message_of(content, id=row["id"], agent=row["agent"], session=session, position=row["position"])


def _row(connection: Connection, number: int) -> Row:
    row: Row = connection.execute(
        "SELECT m.*, t.body FROM messages m JOIN texts t ON t.number = m.number WHERE m.number = ?", (number,)
    ).fetchone()
    return row

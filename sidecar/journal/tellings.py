"""Sessions as they went, for people: all that one held, and what stands around one message."""

from __future__ import annotations

from sidecar.journal.claims import stored_content
from sidecar.journal.codec import clean, message_of, unpack_content, unpack_start
from sidecar.journal.database import Connection, Database, Row
from sidecar.journal.feed import BESIDE, MARK, NEIGHBOUR_CHARACTERS
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
_LET_GO = "SELECT count(*) FROM messages WHERE session = :session AND gone = 1 AND NOT withdrawn"
_ORDER = "ORDER BY f.started NULLS LAST, f.path, x.position, m.number"

_REPEATED = """
    SELECT c.session, c.file, c.position, s.session AS name FROM copies c JOIN sessions s ON s.number = c.session
     WHERE c.message = ? AND NOT c.withdrawn ORDER BY coalesce(s.started, 1 << 62), s.session
"""
"""The places of a message in other sessions than that which owns it, of the oldest session first."""


def _nearest(sign: str, order: str) -> str:
    """The nearest words before (`<`) or after (`>`) a place, among what its session owns and what it repeats."""
    return f"""
        SELECT x.message, x.position, x.content FROM (
            SELECT * FROM (
                SELECT n.number AS message, n.position, NULL AS content FROM messages n
                 WHERE n.session = :session AND n.file = :file AND n.sidechain = :sidechain AND {BESIDE}
                   AND n.position {sign}= :position AND (n.position {sign} :position OR n.number {sign} :number)
                 ORDER BY n.position {order}, n.number {order} LIMIT 1)
             UNION ALL
            SELECT c.message, c.position, c.content FROM copies c JOIN messages n ON n.number = c.message
             WHERE c.session = :session AND c.file = :file AND n.sidechain = :sidechain AND n.talk AND NOT n.gone
               AND NOT c.withdrawn AND (c.position {sign} :position
                                        OR (c.position = :position AND c.message {sign} :number))
        ) x ORDER BY x.position {order}, x.message {order} LIMIT 1
    """


_BEFORE, _AFTER = _nearest("<", "DESC"), _nearest(">", "")


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
            (let_go,) = connection.execute(_LET_GO, values).fetchone()
        return Telling(found, counts["held"] - counts["forgotten"], counts["forgotten"], let_go)

    def surroundings(self, id: str, agent: str, profile: ProfileRef) -> Surroundings | None:  # noqa: A002
        """What stands around a message; `profile` tells messages of clients apart.  None if it is not there.

        Where its session begins or ends with it, the words are those of a session that repeats it and goes on.
        """
        with self._db.reading() as connection:
            row = connection.execute(
                "SELECT m.*, s.session AS name FROM messages m JOIN sessions s ON s.number = m.session"
                " WHERE m.id = ? AND m.agent = ? AND m.scope IN ('', ?) AND m.gone = 0 ORDER BY m.scope DESC LIMIT 1",
                (clean(id), agent, str(profile)),
            ).fetchone()
            if row is None:
                return None
            repeated = connection.execute(_REPEATED, (row["number"],)).fetchall()
            before, after = (
                next((found for place in (row, *repeated) if (found := _beside(connection, row, place, side))), None)
                for side in (_BEFORE, _AFTER)
            )
        return Surroundings(row["cwd"], before, after)


def _told(connection: Connection, held: Row, ref: SessionRef) -> Message:
    row = _row(connection, held["message"])
    content = stored_content(row, row["body"]) if held["content"] is None else unpack_content(held["content"])
    return message_of(content, id=row["id"], agent=row["agent"], session=ref.session, position=held["position"])


def _beside(connection: Connection, row: Row, place: Row, side: str) -> Message | None:
    """The nearest words on one side of a place of a message in a session, with the beginning of their text."""
    values = {column: place[column] for column in ("session", "file", "position")}
    found = connection.execute(side, {**values, "number": row["number"], "sidechain": row["sidechain"]}).fetchone()
    if found is None:
        return None
    beside = _row(connection, found["message"])
    if found["content"] is None:
        content = stored_content(beside, beside["body"])._replace(
            text=unpack_start(beside["body"], NEIGHBOUR_CHARACTERS)
        )
    else:
        content = unpack_content(found["content"])
        content = content._replace(text=content.text[:NEIGHBOUR_CHARACTERS])
    told = {"session": place["name"], "position": found["position"]}
    return message_of(content, id=beside["id"], agent=beside["agent"], **told)


def _row(connection: Connection, number: int) -> Row:
    row: Row = connection.execute(
        "SELECT m.*, t.body FROM messages m JOIN texts t ON t.number = m.number WHERE m.number = ?", (number,)
    ).fetchone()
    return row

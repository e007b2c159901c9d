"""Reading the archive: messages of a session, single messages, and the feed of changes for the index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sidecar.journal.claims import stored_content
from sidecar.journal.codec import clean, message_of, unpack, unpack_start
from sidecar.journal.database import Connection, Row, Snapshots
from sidecar.journal.neighbours import LIVE_TALK
from sidecar.journal.sessions import session_number
from sidecar.journal.values import ArchivedMessage, MessageChange
from sidecar.model import ProfileRef, SessionRef

NEIGHBOUR_CHARACTERS = 600
"""What a document carries of the words before and after it: enough for context, too little to drown its own."""

_VARIABLES = 500
"""Values in one statement; old builds of SQLite allow 999."""

_COLUMNS = "m.*, s.session AS name, p.namespace, p.name AS profile_name"
_TABLES = "messages m JOIN sessions s ON s.number = m.session JOIN profiles p ON p.number = s.profile"

_THREAD = "n.session = m.session AND n.file = m.file AND n.sidechain = m.sidechain"
BESIDE = " AND ".join(f"n.{column}" for column in LIVE_TALK.split(" AND ")).replace("n.NOT ", "NOT n.")
"""Of a message n, whether it counts as context of others."""

NEIGHBOURS = f"""
           (SELECT n.number FROM messages n WHERE {_THREAD} AND n.position <= m.position AND {BESIDE}
               AND (n.position < m.position OR n.number < m.number)
             ORDER BY n.position DESC, n.number DESC LIMIT 1) AS before,
           (SELECT n.number FROM messages n WHERE {_THREAD} AND n.position >= m.position AND {BESIDE}
               AND (n.position > m.position OR n.number > m.number)
             ORDER BY n.position, n.number LIMIT 1) AS after
"""
"""Columns with the words before and after a message m of a session s."""

MARK = "(SELECT max(k.state) FROM marks k WHERE k.message = m.id AND (m.scope = '' OR k.profile = s.profile))"
"""What has become of the memories of a message m of a session s: NULL if none was learned from it."""

_CHANGES = f"""
    SELECT {_COLUMNS}, t.body, {NEIGHBOURS}, {MARK} AS mark
      FROM {_TABLES} LEFT JOIN texts t ON t.number = m.number
     WHERE m.change > ? ORDER BY m.change LIMIT ?
"""


class Feed:
    """The part of the journal that gives messages back."""

    _db: Snapshots

    def messages(self, ref: SessionRef, *, after: int = 0) -> list[ArchivedMessage]:
        """What a session owns with a `seq` above `after`, in the order of its files and positions."""
        with self._db.reading() as connection:
            session = session_number(connection, ref)
            rows = connection.execute(
                f"SELECT {_COLUMNS}, t.body FROM {_TABLES} JOIN texts t ON t.number = m.number"
                " LEFT JOIN files f ON f.number = m.file"
                " WHERE m.session = ? AND m.seq > ? AND m.gone = 0"
                " ORDER BY f.started NULLS LAST, f.path, m.position, m.number",
                (session, after),
            ).fetchall()
        return [_archived(row) for row in rows]

    def message(
        self,
        id: str,  # noqa: A002
        agent: str | None = None,
        *,
        profile: ProfileRef | None = None,
    ) -> ArchivedMessage | None:
        """One message by its id; `agent`, and for messages of clients `profile`, tell those apart that share it."""
        condition, values = by_id([id], agent, profile)
        with self._db.reading() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS}, t.body FROM {_TABLES} JOIN texts t ON t.number = m.number"
                f" WHERE {condition} ORDER BY m.agent, m.scope LIMIT 1",
                values,
            ).fetchone()
        return None if row is None else _archived(row)

    def message_texts(self, ids: Iterable[str]) -> Mapping[str, str]:
        """The texts of messages by id, without those that are not in the archive."""
        found: dict[str, str] = {}
        with self._db.reading() as connection:
            for part in chunks(sorted(set(map(clean, ids)))):
                condition, values = by_id(part, None, None)
                for row in connection.execute(
                    f"SELECT m.id, t.body FROM {_TABLES} JOIN texts t ON t.number = m.number"
                    f" WHERE {condition} ORDER BY m.id, m.agent, m.scope",
                    values,
                ):
                    found.setdefault(row["id"], unpack(row["body"]))
        return found

    def changes(self, after: int, limit: int) -> list[MessageChange]:
        """At most `limit` entries of the feed above `after`, in its order.

        The feed holds each message once, at its latest change.  It is complete from 0: an index made anew needs
        nothing else.
        """
        with self._db.reading() as connection:
            rows = connection.execute(_CHANGES, (after, limit)).fetchall()
            wanted = {row[side] for row in rows if not _gone(row) for side in ("before", "after")} - {None}
            starts = _starts(connection, sorted(wanted), NEIGHBOUR_CHARACTERS)
            texts = {number: text for number, (_, text) in starts.items()}
        return [_change(row, texts) for row in rows]

    def texts(self, numbers: Sequence[int], characters: int) -> Mapping[int, tuple[str, str]]:
        """The ids and the beginnings of the texts of messages by the number that `changes` gives.

        One that is gone is left out.
        """
        with self._db.reading() as connection:
            return _starts(connection, numbers, characters)

    def last_change(self) -> int:
        """The newest change number; an index that has followed to it is up to date."""
        with self._db.reading() as connection:
            return int(connection.execute("SELECT value FROM counters WHERE name = 'change'").fetchone()["value"])

    @property
    def identity(self) -> str:
        """Names this journal: after a loss the new one has another, and change numbers start again."""
        with self._db.reading() as connection:
            return str(connection.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()["value"])


class Beside(Feed):
    """The archive for a process beside the one whose journal it is."""

    def __init__(self, path: Path) -> None:
        """The journal's file; that it can be read is seen by the first call."""
        self._db = Snapshots(path)


def by_id(ids: Sequence[str], agent: str | None, profile: ProfileRef | None) -> tuple[str, list[object]]:
    """A condition on the messages m that is true of those with these ids, and its values.

    The ids of transcripts are unique, so `profile` leaves out other profiles' messages of clients only: a memory may
    lie in another profile than the session that it was learned from.
    """
    condition, values = f"m.id IN ({', '.join('?' * len(ids))})", [*map(clean, ids)]
    if agent is not None:
        condition, values = f"{condition} AND m.agent = ?", [*values, agent]
    if profile is not None:
        condition, values = f"{condition} AND m.scope IN ('', ?)", [*values, str(profile)]
    return condition, [*values]


def chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """The ids in pieces that fit into one statement."""
    return (ids[start : start + _VARIABLES] for start in range(0, len(ids), _VARIABLES))


def _starts(connection: Connection, numbers: Sequence[int], characters: int) -> Mapping[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(numbers), _VARIABLES):
        part = numbers[start : start + _VARIABLES]
        marks = ", ".join("?" * len(part))
        for row in connection.execute(
            f"SELECT t.number, m.id, t.body FROM texts t JOIN messages m ON m.number = t.number"
            f" WHERE t.number IN ({marks})",
            part,
        ):
            found[row["number"]] = row["id"], unpack_start(row["body"], characters)
    return found


def _gone(row: Row) -> bool:
    return bool(row["gone"] or row["withdrawn"])


def _change(row: Row, texts: Mapping[int, str]) -> MessageChange:
    gone = _gone(row)
    return MessageChange(
        change=row["change"],
        number=row["number"],
        gone=gone,
        archived=None if gone else _archived(row),
        id=row["id"],
        agent=row["agent"],
        profile=ProfileRef(row["namespace"], row["profile_name"]),
        before="" if gone else texts.get(row["before"], ""),
        after="" if gone else texts.get(row["after"], ""),
        forgotten=row["mark"] == 0,
        superseded=row["mark"] == 1,
    )


def _archived(row: Row) -> ArchivedMessage:
    content = stored_content(row, row["body"])
    message = message_of(content, id=row["id"], agent=row["agent"], session=row["name"], position=row["position"])
    profile = ProfileRef(row["namespace"], row["profile_name"])
    return ArchivedMessage(row["seq"], message, profile, bool(row["withdrawn"]))

"""Taking messages out of the archive: because a person deleted them, or because they are old."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sidecar.journal.claims import Batch, load
from sidecar.journal.codec import micros
from sidecar.journal.database import Connection, Database, Row
from sidecar.journal.feed import by_id, chunks
from sidecar.journal.neighbours import finish
from sidecar.journal.sessions import session_number
from sidecar.model import ProfileRef, SessionRef

_PRUNED = 1
_REMOVED = 2

_STEP = 2000
"""Messages taken out in one transaction, so that no other writer waits long."""

_MEGABYTE = 1 << 20

_BY_AGE = """
    SELECT m.*, coalesce(m.time, s.last_record, s.started) AS age
      FROM messages m JOIN sessions s ON s.number = m.session
     WHERE m.gone = 0 AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.session = m.session)
"""


class Retention:
    """The part of the journal that lets go of texts."""

    _db: Database

    def remove_messages(self, agent: str | None, ids: Iterable[str], *, profile: ProfileRef | None = None) -> int:
        """Take messages out for good; the number that were there.

        The texts are overwritten on disk.  The ids are remembered, so that reading the transcript again does not bring
        them back.  `profile` leaves out the messages that clients told other profiles.
        """
        removed = 0
        with self._db.writing() as connection:
            batch = Batch.begin(connection)
            for part in chunks(sorted(set(ids))):
                condition, values = by_id(part, agent, profile)
                rows = connection.execute(
                    f"SELECT m.* FROM messages m WHERE m.gone = 0 AND {condition} ORDER BY m.number", values
                ).fetchall()
                removed += _take_out(batch, rows, _REMOVED)
            finish(batch)
        self._db.scrub()
        return removed

    def remove_session(self, ref: SessionRef) -> int:
        """Take out every message of a session for good, and its job; the number that were there.

        Copies in other sessions go with it.  What the session says later is new and is kept.
        """
        with self._db.writing() as connection:
            session = session_number(connection, ref)
            if session is None:
                return 0
            batch = Batch.begin(connection)
            rows = connection.execute(
                "SELECT * FROM messages WHERE session = ? AND gone = 0 ORDER BY number", (session,)
            ).fetchall()
            removed = _take_out(batch, rows, _REMOVED)
            connection.execute("DELETE FROM copies WHERE session = ?", (session,))
            connection.execute("DELETE FROM jobs WHERE session = ?", (session,))
            finish(batch)
        self._db.scrub()
        return removed

    def prune(self, keep_days: int | None, max_mb: int | None, *, now: datetime) -> int:
        """Let go of the oldest texts; the number of messages.

        Messages of a session that has a job are kept, and with `keep_days` those whose age nobody knows.

        Args:
            keep_days: how many days a message is kept; None: for ever.
            max_mb: how many MiB the compressed texts may take; None: any number.
            now: the moment from which days are counted.
        """
        pruned = 0
        if keep_days is not None:
            oldest = micros(now - timedelta(days=keep_days))
            while count := self._prune_step("age < ?", oldest, None):
                pruned += count
        if max_mb is not None:
            while (excess := self._excess(max_mb)) > 0 and (count := self._prune_step("?", 1, excess)):
                pruned += count
        if pruned:
            self._db.scrub()
        return pruned

    def _excess(self, max_mb: int) -> int:
        with self._db.reading() as connection:
            row = connection.execute("SELECT coalesce(sum(bytes), 0) AS bytes FROM messages WHERE gone = 0").fetchone()
        return int(row["bytes"]) - max_mb * _MEGABYTE

    def _prune_step(self, condition: str, value: object, excess: int | None) -> int:
        """Prune some of the oldest messages that meet the condition, no more than make up for the excess of bytes."""
        with self._db.writing() as connection:
            rows = connection.execute(
                f"{_BY_AGE} AND {condition} ORDER BY age NULLS LAST, m.number LIMIT ?", (value, _STEP)
            ).fetchall()
            if excess is not None:
                rows = _until(rows, excess)
            batch = Batch.begin(connection)
            count = _take_out(batch, rows, _PRUNED)
            finish(batch)
        return count


def _until(rows: Sequence[Row], excess: int) -> list[Row]:
    """The first rows, as many as it takes to free so many bytes."""
    taken: list[Row] = []
    for row in rows:
        if excess <= 0:
            break
        taken.append(row)
        excess -= row["bytes"]
    return taken


def _take_out(batch: Batch, rows: Sequence[Row], gone: int) -> int:
    connection: Connection = batch.connection
    for row in rows:
        batch.touch(load(connection, row).owner)
        connection.execute(
            "UPDATE messages SET gone = ?, change = ?, bytes = 0, cwd = NULL, branch = NULL, model = NULL, tool = NULL"
            " WHERE number = ?",
            (gone, batch.next_change(), row["number"]),
        )
        connection.execute("DELETE FROM texts WHERE number = ?", (row["number"],))
        connection.execute("DELETE FROM copies WHERE message = ?", (row["number"],))
    return len(rows)

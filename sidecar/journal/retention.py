"""Taking messages out of the archive: because a person deleted them, or because they are old."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sidecar.journal.archive import renumber
from sidecar.journal.claims import Batch, load
from sidecar.journal.codec import micros
from sidecar.journal.database import Connection, Database, Row
from sidecar.journal.feed import by_id, chunks
from sidecar.journal.neighbours import finish
from sidecar.journal.sessions import profile_number, session_number
from sidecar.journal.values import Kept
from sidecar.model import ProfileRef, SessionRef

_PRUNED = 1
_REMOVED = 2

_STEP = 2000
"""Messages taken out in one transaction, so that no other writer waits long."""

_SCRUB_WAIT_S = 0.2
"""How long writers may wait for it that old texts are overwritten at once, while somebody reads."""

_MEGABYTE = 1 << 20

_BY_AGE = """
    SELECT m.*, coalesce(m.time, s.last_record, s.started) AS age
      FROM messages m JOIN sessions s ON s.number = m.session
     WHERE m.gone = 0 AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.session = m.session AND j.priority >= 0)
"""
_OLDEST_FIRST = "ORDER BY age NULLS LAST, m.number"

_KEPT = f"""
    SELECT coalesce(sum(gone = 0), 0) AS messages, coalesce(sum(bytes), 0) AS bytes,
           coalesce(sum(gone = {_PRUNED}), 0) AS let_go
      FROM messages
"""

_SEEN = """
    SELECT m.* FROM messages m JOIN sessions s ON s.number = m.session
     WHERE m.gone = 0 AND m.seq <= s.extracted AND {} ORDER BY m.number
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
        self._scrub_removed()
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
        self._scrub_removed()
        return removed

    def remove_profile(self, profile: ProfileRef) -> int:
        """Take out every message of a profile for good, and its jobs; the number of messages that were there.

        For a profile that was deleted: nothing of it can be found, and nothing that waits makes it again.  What its
        sessions say later is new.  What was forgotten in it stays forgotten in the messages of other profiles.
        """
        with self._db.writing() as connection:
            number = profile_number(connection, profile)
            batch = Batch.begin(connection)
            rows = connection.execute(
                "SELECT m.* FROM messages m JOIN sessions s ON s.number = m.session"
                " WHERE s.profile = ? AND m.gone = 0 ORDER BY m.number",
                (number,),
            ).fetchall()
            removed = _take_out(batch, rows, _REMOVED)
            for table in ("copies", "jobs"):
                connection.execute(
                    f"DELETE FROM {table} WHERE session IN (SELECT number FROM sessions WHERE profile = ?)", (number,)
                )
            connection.execute("DELETE FROM writes WHERE profile = ?", (str(profile),))
            _drop_marks(batch, number)
            finish(batch)
        self._scrub_removed()
        return removed

    def removed(self, agent: str | None, ids: Iterable[str], *, profile: ProfileRef | None = None) -> set[str]:
        """Those of the ids whose messages a person had removed; the arguments as for `remove_messages`."""
        found: set[str] = set()
        with self._db.reading() as connection:
            for part in chunks(sorted(set(ids))):
                condition, values = by_id(part, agent, profile)
                rows = connection.execute(
                    f"SELECT m.id FROM messages m WHERE m.gone = {_REMOVED} AND {condition}", values
                ).fetchall()
                found |= {row["id"] for row in rows}
        return found

    def prune(self, keep_days: int | None, max_mb: int | None, *, now: datetime) -> int:
        """Let go of the oldest texts; the number of messages.

        Messages of a session that has a job are kept (unless it was extracted before and is only to be done better),
        and with `keep_days` those whose age nobody knows.

        Args:
            keep_days: how many days a message is kept; None: for ever.
            max_mb: how many MiB the compressed texts may take; None: any number.
            now: the moment from which days are counted.
        """
        pruned = 0
        while count := self.prune_some(keep_days, max_mb, now=now):
            pruned += count
        while self.give_back():
            pass
        self.scrub()
        return pruned

    def prune_some(self, keep_days: int | None, max_mb: int | None, *, now: datetime) -> int:
        """One short step of `prune`; 0 once nothing is left to do.  `give_back` and `scrub` belong after it."""
        if keep_days is not None:
            oldest = micros(now - timedelta(days=keep_days))
            if count := self._prune_step(f"{_BY_AGE} AND age < ? {_OLDEST_FIRST}", oldest, None):
                return count
        if max_mb is not None and (excess := self._excess(max_mb)) > 0:
            return self._prune_step(f"{_BY_AGE} AND ? {_OLDEST_FIRST}", 1, excess)
        return 0

    def release(self, ref: SessionRef) -> int:
        """Let go of the texts of a session that extraction has seen; the number of messages.

        As after `prune`, ids and cursors stay, so that reading the transcript again brings nothing back.
        """
        with self._db.reading() as connection:
            session = session_number(connection, ref)
        released = 0
        while count := self._prune_step(_SEEN.format("m.session = ?"), session, None):
            released += count
        if released:
            self.give_back()
            self.scrub()
        return released

    def release_some(self) -> int:
        """One short step of letting go of whatever extraction has seen, of all sessions; 0 once nothing is left."""
        return self._prune_step(_SEEN.format("?"), 1, None)

    def give_back(self) -> int:
        """Give some of the room back that was taken by what was let go of: how many pages of the file, 0 if none."""
        return self._db.give_back()

    def scrub(self) -> bool:
        """Overwrite what was let go of, so that its words are nowhere left on disk; whether no reader was in the way.

        None is waited for long, as no writer goes on meanwhile: the texts are old, and the next call does it.
        """
        return self._db.scrub(wait_s=_SCRUB_WAIT_S)

    def kept(self) -> Kept:
        """How much the archive holds, and what retention has let go of; looks at every message."""
        with self._db.reading() as connection:
            row = connection.execute(_KEPT).fetchone()
        return Kept(row["messages"], row["bytes"], row["let_go"])

    @property
    def file_bytes(self) -> int:
        """What the journal takes on disk, with all that is in it besides texts."""
        return self._db.file_bytes

    def _scrub_removed(self) -> None:
        """As `scrub`, of what a person has removed: for that readers are waited for."""
        self._db.give_back()
        self._db.scrub()

    def _excess(self, max_mb: int) -> int:
        return self.kept().text_bytes - max_mb * _MEGABYTE

    def _prune_step(self, query: str, value: object, excess: int | None) -> int:
        """Prune some of the messages that the query finds, no more than make up for the excess of bytes."""
        with self._db.writing() as connection:
            rows = connection.execute(f"{query} LIMIT ?", (value, _STEP)).fetchall()
            if excess is not None:
                rows = _until(rows, excess)
            batch = Batch.begin(connection)
            count = _take_out(batch, rows, _PRUNED)
            finish(batch)
        return count


def _drop_marks(batch: Batch, profile: int) -> None:
    """Memories that are gone speak for no message any more; what was forgotten does not come back by that."""
    marked = batch.connection.execute(
        "SELECT message FROM marks WHERE profile = ? AND state > 0 ORDER BY message", (profile,)
    ).fetchall()
    batch.connection.execute("DELETE FROM marks WHERE profile = ? AND state > 0", (profile,))
    for row in marked:
        renumber(batch, "id = ? AND gone = 0", row["message"])


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
            "UPDATE messages SET gone = ?, change = ?, bytes = 0, characters = 0, cwd = NULL, branch = NULL,"
            " model = NULL, tool = NULL WHERE number = ?",
            (gone, batch.next_change(), row["number"]),
        )
        connection.execute("DELETE FROM texts WHERE number = ?", (row["number"],))
        connection.execute("DELETE FROM copies WHERE message = ?", (row["number"],))
    return len(rows)

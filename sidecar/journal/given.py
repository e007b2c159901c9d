"""What hooks have given to each session, so that nothing is given twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sidecar.journal.codec import micros
from sidecar.journal.database import Database


class Given:
    """The part of the journal that remembers what a session has got.

    A session is named as its agent names it, whatever agent that is: an agent that also runs another's hooks must not
    get everything twice.
    """

    _db: Database

    def given(self, session: str) -> frozenset[str]:
        """The marks of everything that this session has got."""
        with self._db.reading() as connection:
            rows = connection.execute("SELECT mark FROM given WHERE session = ?", (session,)).fetchall()
        return frozenset(str(row["mark"]) for row in rows)

    def note_given(self, session: str, marks: Iterable[str], now: datetime) -> None:
        """Remember what a session has got."""
        rows = [(session, mark, micros(now)) for mark in sorted(set(marks))]
        with self._db.writing() as connection:
            connection.executemany("INSERT OR IGNORE INTO given VALUES (?, ?, ?)", rows)

    def forget_given(self, before: datetime) -> None:
        """Let go what was given before a moment; sessions that old are not gone on with."""
        with self._db.writing() as connection:
            connection.execute("DELETE FROM given WHERE time < ?", (micros(before),))

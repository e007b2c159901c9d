"""What people and the extraction as a whole do with the queue: look at it, try again, give up, do anew."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sidecar.journal.codec import clean, micros, moment
from sidecar.journal.database import Connection, Database
from sidecar.journal.queue import ANEW, ORDER, SELECT, profile_of, ref_of
from sidecar.journal.sessions import session_number
from sidecar.journal.values import Backlog, Ended, JobState, Outcome, QueuedJob
from sidecar.model import SessionRef

_LIVE = "m.gone = 0 AND m.withdrawn = 0"
_WAITING = f"""
    (SELECT coalesce(sum(m.characters), 0) FROM messages m
      WHERE m.session = s.number AND {_LIVE} AND m.seq > CASE WHEN j.anew THEN 0 ELSE s.extracted END)
"""
_NAMES = "', ' || s.extractor"
"""The extractors of a session in a form in which a prefix of one can be looked for."""


class Jobs:
    """The part of the journal that shows and changes the queue as a whole."""

    _db: Database

    def jobs(self, state: JobState | None = None, *, limit: int = -1) -> list[QueuedJob]:
        """The first jobs, those that run before those that wait, those given up last; within that as they are done."""
        with self._db.reading() as connection:
            rows = connection.execute(
                f"{SELECT.replace('SELECT j.*', f'SELECT j.*, {_WAITING} AS characters')}"
                " WHERE j.state = coalesce(?, j.state)"
                f" ORDER BY CASE j.state WHEN 'running' THEN 0 WHEN 'pending' THEN 1 ELSE 2 END, {ORDER} LIMIT ?",
                (state, limit),
            ).fetchall()
        return [
            QueuedJob(
                ref=ref_of(row),
                profile=profile_of(row),
                state=cast("JobState", row["state"]),
                priority=row["priority"],
                due=cast("datetime", moment(row["due"])),
                attempts=row["attempts"],
                error=row["error"],
                characters=row["characters"],
                anew=bool(row["anew"]),
            )
            for row in rows
        ]

    def outcomes(self, outcome: Outcome | None = None, *, limit: int = -1) -> list[Ended]:
        """How the extraction of sessions ended, the last first."""
        with self._db.reading() as connection:
            rows = connection.execute(
                "SELECT s.*, s.session AS name, p.namespace, p.name AS profile_name"
                " FROM sessions s JOIN profiles p ON p.number = s.profile"
                " WHERE s.finished IS NOT NULL AND s.outcome = coalesce(?, s.outcome)"
                " ORDER BY s.finished DESC, s.agent, s.session, s.scope LIMIT ?",
                (outcome, limit),
            ).fetchall()
        return [
            Ended(
                ref=ref_of(row),
                profile=profile_of(row),
                outcome=cast("Outcome", row["outcome"]),
                reason=row["reason"],
                extractor=row["extractor"],
                learned=row["learned"],
                at=cast("datetime", moment(row["finished"])),
            )
            for row in rows
        ]

    def backlog(self) -> Backlog:
        """How much waits or runs."""
        with self._db.reading() as connection:
            row = connection.execute(
                f"SELECT count(*) AS sessions, coalesce(sum({_WAITING}), 0) AS characters"
                " FROM jobs j JOIN sessions s ON s.number = j.session WHERE j.state <> 'parked'"
            ).fetchone()
        return Backlog(row["sessions"], row["characters"])

    def named(self, session: str) -> list[SessionRef]:
        """The sessions with this name, of any agent and scope, in their order."""
        with self._db.reading() as connection:
            rows = connection.execute(
                "SELECT agent, session, scope FROM sessions WHERE session = ? ORDER BY agent, scope", (clean(session),)
            ).fetchall()
        return [SessionRef(row["agent"], row["session"], row["scope"]) for row in rows]

    def requeue(self, prefix: str, *, due: datetime) -> int:
        """Have every session done anew in which an extractor took part whose version begins so; the number of them.

        Below all other work, and only where texts are left.  The mark of a session moves when its first piece has been
        done, so that neither a crash nor `stand_down` loses anything, and a second call changes nothing.  What runs, is
        parked or was dropped is left alone.
        """
        with self._db.writing() as connection:
            return connection.execute(
                "INSERT INTO jobs (session, state, due, priority, anew)"
                f" SELECT s.number, 'pending', ?, {ANEW}, 1 FROM sessions s"
                f" WHERE instr({_NAMES}, ', ' || ?) > 0 AND coalesce(s.outcome, '') <> 'dropped'"
                f" AND EXISTS (SELECT 1 FROM messages m WHERE m.session = s.number AND {_LIVE})"
                " ON CONFLICT DO UPDATE SET anew = 1 WHERE state = 'pending' AND anew = 0",
                (micros(due), prefix),
            ).rowcount

    def stand_down(self) -> None:
        """Take `requeue` back as far as nothing has come of it; a session that was begun anew goes on as any other."""
        with self._db.writing() as connection:
            connection.execute("DELETE FROM jobs WHERE state = 'pending' AND priority < 0 AND anew = 1")
            connection.execute("UPDATE jobs SET priority = 0 WHERE priority < 0")

    def retry(self, ref: SessionRef | None, *, due: datetime, priority: int = 0) -> int:
        """Try again what is parked: all, or the one session; the number of sessions that are pending by that.

        One session is taken whatever its state: a pending one at once, one that has been extracted anew from its
        beginning if texts of it are left.  What runs is left alone.
        """
        values = {"due": micros(due), "priority": priority}
        again = (
            "UPDATE jobs SET state = 'pending', due = :due, attempts = 0, error = NULL,"
            " priority = max(priority, :priority) WHERE "
        )
        with self._db.writing() as connection:
            if ref is None:
                return connection.execute(f"{again} state = 'parked'", values).rowcount
            values["session"] = session_number(connection, ref)
            changed = connection.execute(f"{again} session = :session AND state <> 'running'", values).rowcount
            if changed == 0:
                changed = connection.execute(
                    "INSERT INTO jobs (session, state, due, priority, anew)"
                    " SELECT s.number, 'pending', :due, :priority, 1 FROM sessions s WHERE s.number = :session"
                    f" AND EXISTS (SELECT 1 FROM messages m WHERE m.session = s.number AND {_LIVE})"
                    " ON CONFLICT DO NOTHING",
                    values,
                ).rowcount
        return changed

    def drop(self, ref: SessionRef, *, at: datetime) -> bool:
        """Do not extract what a session holds now; whether it is known.  What it says later is extracted."""
        with self._db.writing() as connection:
            session = session_number(connection, ref)
            if session is None:
                return False
            _drop(connection, session, at)
        return True


def _drop(connection: Connection, session: int, at: datetime) -> None:
    connection.execute("DELETE FROM jobs WHERE session = ?", (session,))
    connection.execute(
        "UPDATE sessions SET outcome = 'dropped', reason = NULL, finished = :at, extracted = max(extracted,"
        " (SELECT coalesce(max(seq), 0) FROM messages WHERE session = :session)) WHERE number = :session",
        {"at": micros(at), "session": session},
    )

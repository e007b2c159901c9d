"""The queue of sessions to extract: one job a session, which every new message moves on."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sidecar.journal.codec import clean, micros, moment
from sidecar.journal.database import Connection, Database
from sidecar.journal.sessions import ensure_session, session_number
from sidecar.journal.values import Job, ParkedJob, QueueCounts
from sidecar.model import ProfileRef, SessionRef

_SELECT = """
    SELECT j.*, s.agent, s.session AS name, s.scope, s.extracted, p.namespace, p.name AS profile_name
      FROM jobs j JOIN sessions s ON s.number = j.session JOIN profiles p ON p.number = s.profile
"""


class Queue:
    """The part of the journal that says what to extract next."""

    _db: Database

    def enqueue(self, ref: SessionRef, profile: ProfileRef, *, due: datetime, priority: int = 0) -> None:
        """Ask for a session's new messages to be extracted, not before `due`.

        A pending job is moved to the later of both moments, because quiet time begins anew with each message.  One
        with a priority above 0 (its own or the new one, the higher counts) waits for no quiet: it takes the earlier
        moment.  A running one runs again afterwards if it did not see everything.  A parked one gets another try.
        `profile` counts only if the session is not known yet.
        """
        with self._db.writing() as connection:
            session = ensure_session(connection, ref, profile)
            connection.execute(
                "INSERT INTO jobs (session, state, due, priority) VALUES (?, 'pending', ?, ?)"
                " ON CONFLICT DO UPDATE SET"
                " again = CASE WHEN state <> 'running' THEN NULL"
                " WHEN max(priority, excluded.priority) > 0 THEN min(coalesce(again, excluded.due), excluded.due)"
                " ELSE max(coalesce(again, 0), excluded.due) END,"
                " due = CASE WHEN state = 'running' THEN due WHEN state = 'parked' THEN excluded.due"
                " WHEN max(priority, excluded.priority) > 0 THEN min(due, excluded.due)"
                " ELSE max(due, excluded.due) END,"
                " state = CASE state WHEN 'running' THEN state ELSE 'pending' END,"
                " priority = max(priority, excluded.priority)",
                (session, micros(due), priority),
            )

    def claim(self, now: datetime) -> Job | None:
        """Take the next job that is due, and mark it as running: the highest priority, then the newest session."""
        with self._db.writing() as connection:
            row = connection.execute(
                f"{_SELECT} WHERE j.state = 'pending' AND j.due <= ?"
                " ORDER BY j.priority DESC, s.last_record DESC NULLS LAST, s.agent, s.session, s.scope LIMIT 1",
                (micros(now),),
            ).fetchone()
            if row is None:
                return None
            # The priority is used up: only what asks while the job runs makes its next run urgent.
            connection.execute("UPDATE jobs SET state = 'running', priority = 0 WHERE session = ?", (row["session"],))
        return Job(
            ref=SessionRef(row["agent"], row["name"], row["scope"]),
            profile=ProfileRef(row["namespace"], row["profile_name"]),
            after=row["extracted"],
            due=cast("datetime", moment(row["due"])),
            priority=row["priority"],
            attempts=row["attempts"],
        )

    def finish(self, job: Job, *, upto: int) -> None:
        """Note that extraction has seen every message up to this `seq`.

        The job is gone by that, unless newer messages have come: then it is pending again.
        """
        with self._db.writing() as connection:
            session = session_number(connection, job.ref)
            if session is None:
                return
            connection.execute("UPDATE sessions SET extracted = max(extracted, ?) WHERE number = ?", (upto, session))
            if _has_newer(connection, session):
                connection.execute(
                    "UPDATE jobs SET state = 'pending', due = coalesce(again, due), again = NULL, attempts = 0,"
                    " error = NULL WHERE session = ?",
                    (session,),
                )
            else:
                connection.execute("DELETE FROM jobs WHERE session = ?", (session,))

    def fail(self, job: Job, error: str, *, retry_at: datetime | None) -> None:
        """Note that a job failed: pending again from `retry_at`, or parked with the reason if that is None."""
        with self._db.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = :state, due = max(coalesce(:due, due), coalesce(again, 0)), again = NULL,"
                " attempts = attempts + 1, error = :error, priority = max(priority, :priority)"
                " WHERE session = :session",
                {
                    "priority": job.priority,
                    "state": "parked" if retry_at is None else "pending",
                    "due": micros(retry_at),
                    "error": clean(error),
                    "session": session_number(connection, job.ref),
                },
            )

    def put_off(self, job: Job, error: str, *, until: datetime) -> None:
        """Note that a job has to wait for something that is no fault of its own; this counts as no attempt."""
        with self._db.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'pending', due = max(?, coalesce(again, 0)), again = NULL, error = ?,"
                " priority = max(priority, ?) WHERE session = ?",
                (micros(until), clean(error), job.priority, session_number(connection, job.ref)),
            )

    def recover(self) -> int:
        """At start: what ran when the process died is pending again, and what was given up gets another try.

        Returns the number of such jobs.
        """
        with self._db.writing() as connection:
            connection.execute("UPDATE jobs SET attempts = 0, error = NULL WHERE state = 'parked'")
            return connection.execute(
                "UPDATE jobs SET state = 'pending', due = max(due, coalesce(again, 0)), again = NULL"
                " WHERE state IN ('running', 'parked')"
            ).rowcount

    def unextracted(self) -> list[tuple[SessionRef, ProfileRef]]:
        """Sessions with messages that extraction has not seen and for which no job stands, in their order."""
        with self._db.reading() as connection:
            rows = connection.execute(
                "SELECT s.agent, s.session AS name, s.scope, p.namespace, p.name AS profile_name"
                " FROM sessions s JOIN profiles p ON p.number = s.profile"
                " WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.session = s.number)"
                " AND EXISTS (SELECT 1 FROM messages m WHERE m.session = s.number AND m.seq > s.extracted"
                " AND m.gone = 0 AND m.withdrawn = 0) ORDER BY s.agent, s.session, s.scope"
            ).fetchall()
        return [
            (SessionRef(row["agent"], row["name"], row["scope"]), ProfileRef(row["namespace"], row["profile_name"]))
            for row in rows
        ]

    def drop_jobs(self) -> int:
        """Take back every job but the parked ones; `unextracted` finds their sessions again.  The number of jobs."""
        with self._db.writing() as connection:
            return connection.execute("DELETE FROM jobs WHERE state <> 'parked'").rowcount

    def newest(self, ref: SessionRef) -> int:
        """The highest `seq` of a session's messages: the mark at which extraction has seen them all; 0 without any."""
        with self._db.reading() as connection:
            row = connection.execute(
                "SELECT coalesce(max(seq), 0) AS seq FROM messages WHERE session = ? AND gone = 0 AND withdrawn = 0",
                (session_number(connection, ref),),
            ).fetchone()
        return int(row["seq"])

    def queue(self) -> QueueCounts:
        """How many jobs are in which state."""
        with self._db.reading() as connection:
            counts = dict(connection.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
        return QueueCounts(**counts)

    def next_due(self) -> datetime | None:
        """When the next pending job is due; None if there is none."""
        with self._db.reading() as connection:
            row = connection.execute("SELECT min(due) AS due FROM jobs WHERE state = 'pending'").fetchone()
        return moment(row["due"])

    def parked(self) -> list[ParkedJob]:
        """The jobs that were given up, in the order of sessions."""
        with self._db.reading() as connection:
            rows = connection.execute(
                f"{_SELECT} WHERE j.state = 'parked' ORDER BY s.agent, s.session, s.scope"
            ).fetchall()
        return [
            ParkedJob(
                SessionRef(row["agent"], row["name"], row["scope"]),
                ProfileRef(row["namespace"], row["profile_name"]),
                row["error"],
                row["attempts"],
            )
            for row in rows
        ]


def _has_newer(connection: Connection, session: int) -> bool:
    row = connection.execute(
        "SELECT 1 FROM messages JOIN sessions ON sessions.number = messages.session"
        " WHERE messages.session = ? AND seq > extracted AND gone = 0 AND withdrawn = 0 LIMIT 1",
        (session,),
    ).fetchone()
    return row is not None

"""The queue of sessions to extract: one job a session, which every new message moves on.

A job that runs is leased: only its holder can end it.  What ends a job that is no longer running (it was dropped, or
its session was deleted) changes nothing.  Priorities: 0 is what has become quiet; above it somebody waits; below it
(`ANEW`) is what was extracted before and is to be done better.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

from sidecar.journal.codec import clean, micros, moment
from sidecar.journal.database import Connection, Database, Row
from sidecar.journal.formats import WITHHELD, withheld
from sidecar.journal.sessions import ensure_session, session_number
from sidecar.journal.values import Job, Outcome, QueueCounts, Run
from sidecar.model import ProfileRef, SessionRef

ANEW: Final = -1
"""The priority of sessions that are done anew: below all that was never done."""

_LEASE = timedelta(hours=6)
"""Longer than a step of the slowest model takes; after that a job that nobody ended is given out again."""

SELECT: Final = """
    SELECT j.*, s.agent, s.session AS name, s.scope, s.extracted, s.extractor, p.namespace, p.name AS profile_name
      FROM jobs j JOIN sessions s ON s.number = j.session JOIN profiles p ON p.number = s.profile
"""
ORDER: Final = "j.priority DESC, s.last_record DESC NULLS LAST, s.agent, s.session, s.scope"
"""The order in which jobs are done: the highest priority, then the newest session."""


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

    def claim(self, now: datetime, *, least: int | None = None, lease: timedelta = _LEASE) -> Job | None:
        """Take the next job that is due, with a priority of at least `least`, and lease it.

        A job whose lease has run out is due again.  Jobs of withheld sessions go, however they came into the queue:
        they ran when their file was flagged, or were asked for anew.  The session is queued again with its file.
        """
        with self._db.writing() as connection:
            while (row := _first_due(connection, now, least)) is not None and withheld(connection, row["session"]):
                connection.execute("DELETE FROM jobs WHERE session = ?", (row["session"],))
            if row is None:
                return None
            # The urgency is used up: only what asks while the job runs makes its next run urgent.
            connection.execute(
                "UPDATE jobs SET state = 'running', priority = min(priority, 0), lease = ? WHERE session = ?",
                (micros(now + lease), row["session"]),
            )
        return Job(
            ref=ref_of(row),
            profile=profile_of(row),
            after=0 if row["anew"] else row["extracted"],
            due=cast("datetime", moment(row["due"])),
            priority=row["priority"],
            attempts=row["attempts"],
            anew=bool(row["anew"]),
        )

    def finish(self, job: Job, *, upto: int, run: Run | None = None) -> None:
        """Note that extraction has seen every message up to this `seq`, and how that went.

        The job is gone by that, unless messages are left or newer ones have come: then it is pending again, with its
        priority if they were there from the beginning (`Run.more`).
        """
        with self._db.writing() as connection:
            session = _held(connection, job)
            if session is None:
                return
            _move_mark(connection, session, job, upto)
            if run is not None:
                _note_run(connection, session, job, run)
            if _has_newer(connection, session):
                connection.execute(
                    "UPDATE jobs SET state = 'pending', due = coalesce(again, due), again = NULL, attempts = 0,"
                    " error = NULL, lease = NULL, anew = 0, priority = max(priority, coalesce(?, priority))"
                    " WHERE session = ?",
                    (job.priority if run is not None and run.more else None, session),
                )
            else:
                connection.execute("DELETE FROM jobs WHERE session = ?", (session,))

    def fail(self, job: Job, error: str, *, at: datetime, retry_at: datetime | None) -> None:
        """Note that a job failed: pending again from `retry_at`, or parked with the reason if that is None."""
        with self._db.writing() as connection:
            session = _held(connection, job)
            if session is None:
                return
            connection.execute(
                "UPDATE jobs SET state = :state, due = max(coalesce(:due, due), coalesce(again, 0)), again = NULL,"
                " attempts = attempts + 1, error = :error, lease = NULL, priority = max(priority, :priority)"
                " WHERE session = :session",
                {
                    "priority": job.priority,
                    "state": "parked" if retry_at is None else "pending",
                    "due": micros(retry_at),
                    "error": clean(error),
                    "session": session,
                },
            )
            if retry_at is None:
                _note_outcome(connection, session, "failed", clean(error), at)

    def park(self, job: Job, error: str, *, upto: int, run: Run) -> None:
        """Give a job up, though something else (`run`) has extracted its messages up to this `seq` in its place.

        Another try, which `retry`, new messages or a better extractor bring, begins at the session's beginning.
        """
        with self._db.writing() as connection:
            session = _held(connection, job)
            if session is None:
                return
            _move_mark(connection, session, job, upto)
            _note_run(connection, session, job, run)
            _note_outcome(connection, session, "failed", clean(error), run.at)
            connection.execute(
                "UPDATE jobs SET state = 'parked', again = NULL, attempts = attempts + 1, error = ?, lease = NULL,"
                " anew = 1, priority = 0 WHERE session = ?",
                (clean(error), session),
            )

    def put_off(self, job: Job, error: str | None, *, until: datetime) -> None:
        """Note that a job has to wait for something that is no fault of its own; this counts as no attempt."""
        with self._db.writing() as connection:
            connection.execute(
                "UPDATE jobs SET state = 'pending', due = max(?, coalesce(again, 0)), again = NULL, error = ?,"
                " lease = NULL, priority = max(priority, ?) WHERE session = ?",
                (
                    micros(until),
                    None if error is None else clean(error),
                    job.priority,
                    _held(connection, job),
                ),
            )

    def held(self, job: Job) -> bool:
        """Whether the job still runs: it was neither dropped nor deleted with its session."""
        with self._db.reading() as connection:
            return _held(connection, job) is not None

    def recover(self, latest: datetime) -> int:
        """At start: what ran when the process died is pending again.  Returns the number of such jobs.

        `latest`: nothing waits longer than until then.  What does was told so by a clock that has been set back since.
        """
        with self._db.writing() as connection:
            found = connection.execute(
                "UPDATE jobs SET state = 'pending', due = max(due, coalesce(again, 0)), again = NULL, lease = NULL"
                " WHERE state = 'running'"
            ).rowcount
            connection.execute(
                "UPDATE jobs SET due = :at WHERE state = 'pending' AND due > :at", {"at": micros(latest)}
            )
            return found

    def unextracted(self) -> list[tuple[SessionRef, ProfileRef]]:
        """Sessions with messages that extraction has not seen and for which no job stands, in their order.

        Withheld sessions are left out.
        """
        with self._db.reading() as connection:
            rows = connection.execute(
                "SELECT s.agent, s.session AS name, s.scope, p.namespace, p.name AS profile_name"
                " FROM sessions s JOIN profiles p ON p.number = s.profile"
                " WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.session = s.number)"
                " AND EXISTS (SELECT 1 FROM messages m WHERE m.session = s.number AND m.seq > s.extracted"
                f" AND m.gone = 0 AND m.withdrawn = 0) AND NOT {WITHHELD} ORDER BY s.agent, s.session, s.scope"
            ).fetchall()
        return [(ref_of(row), profile_of(row)) for row in rows]

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

    def set_back(self, by: timedelta) -> None:
        """The clock was set back by so much: what waits for a moment waits no longer than it would have."""
        with self._db.writing() as connection:
            connection.execute(
                "UPDATE jobs SET due = due - :by, again = again - :by, lease = lease - :by",
                {"by": by // timedelta(microseconds=1)},
            )

    def next_due(self, *, least: int | None = None) -> datetime | None:
        """When the next pending job of at least this priority is due; None if there is none."""
        with self._db.reading() as connection:
            row = connection.execute(
                "SELECT min(due) AS due FROM jobs WHERE state = 'pending' AND priority >= coalesce(?, priority)",
                (least,),
            ).fetchone()
        return moment(row["due"])


def ref_of(row: Row) -> SessionRef:
    """The session of a row of `SELECT`."""
    return SessionRef(row["agent"], row["name"], row["scope"])


def profile_of(row: Row) -> ProfileRef:
    """The profile of a row of `SELECT`."""
    return ProfileRef(row["namespace"], row["profile_name"])


def _first_due(connection: Connection, now: datetime, least: int | None) -> Row | None:
    row: Row | None = connection.execute(
        f"{SELECT} WHERE (j.state = 'pending' AND j.due <= :now OR j.state = 'running' AND j.lease <= :now)"
        f" AND j.priority >= coalesce(:least, j.priority) ORDER BY {ORDER} LIMIT 1",
        {"now": micros(now), "least": least},
    ).fetchone()
    return row


def _held(connection: Connection, job: Job) -> int | None:
    """The session of a job that still runs."""
    session = session_number(connection, job.ref)
    row = connection.execute("SELECT 1 FROM jobs WHERE session = ? AND state = 'running'", (session,)).fetchone()
    return None if row is None else session


def _move_mark(connection: Connection, session: int, job: Job, upto: int) -> None:
    """The mark only grows, but for a session that is done anew: there it begins anew."""
    connection.execute(
        "UPDATE sessions SET extracted = CASE WHEN :anew THEN :upto ELSE max(extracted, :upto) END"
        " WHERE number = :session",
        {"anew": job.anew, "upto": upto, "session": session},
    )


def _note_run(connection: Connection, session: int, job: Job, run: Run) -> None:
    row = connection.execute("SELECT extractor, learned FROM sessions WHERE number = ?", (session,)).fetchone()
    fresh = job.after == 0
    names = set() if fresh or row["extractor"] is None else set(row["extractor"].split(", "))
    names |= set() if run.extractor is None else {run.extractor}
    learned = run.learned + (0 if fresh else row["learned"])
    connection.execute(
        "UPDATE sessions SET extractor = ?, learned = ? WHERE number = ?",
        (", ".join(sorted(names)) or None, learned, session),
    )
    _note_outcome(connection, session, "done" if learned else "nothing", None, run.at)


def _note_outcome(connection: Connection, session: int, outcome: Outcome, reason: str | None, at: datetime) -> None:
    connection.execute(
        "UPDATE sessions SET outcome = ?, reason = ?, finished = ? WHERE number = ?",
        (outcome, reason, micros(at), session),
    )


def _has_newer(connection: Connection, session: int) -> bool:
    row = connection.execute(
        "SELECT 1 FROM messages JOIN sessions ON sessions.number = messages.session"
        " WHERE messages.session = ? AND seq > extracted AND gone = 0 AND withdrawn = 0 LIMIT 1",
        (session,),
    ).fetchone()
    return row is not None

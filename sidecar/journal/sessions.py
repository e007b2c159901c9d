"""Sessions, profiles and transcript files: rows that everything else points to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from sidecar.journal.codec import clean, micros, moment, path_key, path_of
from sidecar.journal.database import Connection, Database, Row
from sidecar.journal.values import AgentCounts, FileProblem, SessionRow, SessionState
from sidecar.model import ProfileRef, SessionHeader, SessionRef

_SELECT = """
    SELECT s.*, p.namespace, p.name, j.state
      FROM sessions s JOIN profiles p ON p.number = s.profile LEFT JOIN jobs j ON j.session = s.number
"""


class Sessions:
    """The part of the journal that knows sessions and files."""

    _db: Database

    def cursor(self, path: str) -> str | None:
        """How far a transcript has been read, as its reader wrote it down; None if it never was."""
        with self._db.reading() as connection:
            row = connection.execute("SELECT cursor FROM files WHERE path = ?", (path_key(path),)).fetchone()
        return None if row is None else cast("str | None", row["cursor"])

    def cursors(self) -> Mapping[str, str]:
        """Every file that was read, with its cursor, in the order of paths."""
        with self._db.reading() as connection:
            rows = connection.execute("SELECT path, cursor FROM files WHERE cursor IS NOT NULL").fetchall()
        return dict(sorted((path_of(row["path"]), row["cursor"]) for row in rows))

    def sessions(self) -> list[SessionRow]:
        """Every session, in the order of agents and names."""
        with self._db.reading() as connection:
            rows = connection.execute(f"{_SELECT} ORDER BY s.agent, s.session, s.scope").fetchall()
            paths: dict[int, list[str]] = {}
            for row in connection.execute("SELECT session, path FROM files WHERE session IS NOT NULL"):
                paths.setdefault(row["session"], []).append(path_of(row["path"]))
        return [_session_row(row, paths.get(row["number"], ())) for row in rows]

    def session(self, ref: SessionRef) -> SessionRow | None:
        """One session, or None if it is not known."""
        with self._db.reading() as connection:
            number = session_number(connection, ref)
            if number is None:
                return None
            row = connection.execute(f"{_SELECT} WHERE s.number = ?", (number,)).fetchone()
            paths = connection.execute("SELECT path FROM files WHERE session = ?", (number,)).fetchall()
        return _session_row(row, [path_of(found["path"]) for found in paths])

    def agent_counts(self) -> Mapping[str, AgentCounts]:
        """Sessions and unknown records of each agent."""
        with self._db.reading() as connection:
            sessions = dict(connection.execute("SELECT agent, count(*) FROM sessions GROUP BY agent").fetchall())
            unknown = dict(
                connection.execute(
                    "SELECT agent, sum(count) FROM files JOIN unknown_records ON file = number"
                    " WHERE agent IS NOT NULL GROUP BY agent"
                ).fetchall()
            )
        return {
            agent: AgentCounts(sessions.get(agent, 0), unknown.get(agent, 0)) for agent in sorted({*sessions, *unknown})
        }

    def profile_counts(self) -> Mapping[ProfileRef, int]:
        """How many messages of each profile can be found."""
        with self._db.reading() as connection:
            rows = connection.execute(
                "SELECT namespace, name, sum(messages) AS messages"
                " FROM sessions JOIN profiles ON profiles.number = profile GROUP BY profile ORDER BY namespace, name"
            ).fetchall()
        return {ProfileRef(row["namespace"], row["name"]): row["messages"] for row in rows}

    def note_problem(self, path: str, reason: str | None, *, agent: str | None = None) -> None:
        """Remember why a file is not read; None forgets it.  A later `record_read` forgets it too."""
        with self._db.writing() as connection:
            number = file_number(connection, path)
            connection.execute(
                "UPDATE files SET problem = ?, agent = coalesce(?, agent) WHERE number = ?", (reason, agent, number)
            )

    def file_problems(self) -> list[FileProblem]:
        """Files that are not read, or not completely, in the order of paths."""
        with self._db.reading() as connection:
            rows = connection.execute("SELECT * FROM files WHERE damaged > 0 OR problem IS NOT NULL").fetchall()
        found = (FileProblem(path_of(row["path"]), row["agent"], row["damaged"], row["problem"]) for row in rows)
        return sorted(found, key=lambda problem: problem.path)


def session_number(connection: Connection, ref: SessionRef) -> int | None:
    """The row of a session, if there is one."""
    row = connection.execute(
        "SELECT number FROM sessions WHERE agent = ? AND session = ? AND scope = ?",
        (ref.agent, clean(ref.session), ref.scope),
    ).fetchone()
    return None if row is None else int(row["number"])


def profile_number(connection: Connection, profile: ProfileRef) -> int:
    """The row of a profile, made when it is new."""
    connection.execute(
        "INSERT INTO profiles (namespace, name) VALUES (?, ?) ON CONFLICT DO NOTHING", (profile.namespace, profile.name)
    )
    row = connection.execute(
        "SELECT number FROM profiles WHERE namespace = ? AND name = ?", (profile.namespace, profile.name)
    ).fetchone()
    return int(row["number"])


def ensure_session(connection: Connection, ref: SessionRef, profile: ProfileRef) -> int:
    """The row of a session, made when it is new; a known session keeps its profile."""
    connection.execute(
        "INSERT INTO sessions (agent, session, scope, profile) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (ref.agent, clean(ref.session), ref.scope, profile_number(connection, profile)),
    )
    number = session_number(connection, ref)
    if number is None:  # an invariant of the statement above
        raise AssertionError(ref)
    return number


def file_number(connection: Connection, path: str) -> int:
    """The row of a transcript file, made when it is new."""
    key = path_key(path)
    connection.execute("INSERT INTO files (path) VALUES (?) ON CONFLICT DO NOTHING", (key,))
    return int(connection.execute("SELECT number FROM files WHERE path = ?", (key,)).fetchone()["number"])


def note_header(connection: Connection, number: int, file: int, header: SessionHeader) -> bool:
    """Bring the rows of a session and its file up to what a header says.

    Headers of later pieces of a file may know less than the first one: what is known is only ever added to.

    Returns:
        Whether the session turned out to begin earlier than was known, so that it may own other messages now.
    """
    row = connection.execute("SELECT started, cwds FROM sessions WHERE number = ?", (number,)).fetchone()
    started = micros(header.started)
    cwds = list(dict.fromkeys([*json.loads(row["cwds"]), *map(clean, header.cwds)]))
    connection.execute("UPDATE sessions SET cwds = ? WHERE number = ?", (json.dumps(cwds), number))
    note_times(connection, number, started, micros(header.last_record))
    connection.execute(
        "UPDATE files SET session = :session, agent = :agent,"
        " started = min(coalesce(started, :started), coalesce(:started, started)) WHERE number = :file",
        {"session": number, "agent": header.agent, "started": started, "file": file},
    )
    return started is not None and (row["started"] is None or started < row["started"])


def note_times(connection: Connection, number: int, started: int | None, last: int | None) -> None:
    """Widen a session's span of time."""
    connection.execute(
        "UPDATE sessions SET started = min(coalesce(started, :started), coalesce(:started, started)),"
        " last_record = max(coalesce(last_record, :last), coalesce(:last, last_record)) WHERE number = :number",
        {"started": started, "last": last, "number": number},
    )


def _session_row(row: Row, paths: Sequence[str]) -> SessionRow:
    return SessionRow(
        ref=SessionRef(row["agent"], row["session"], row["scope"]),
        profile=ProfileRef(row["namespace"], row["name"]),
        cwds=tuple(json.loads(row["cwds"])),
        started=moment(row["started"]),
        last_record=moment(row["last_record"]),
        paths=tuple(sorted(paths)),
        messages=row["messages"],
        extracted=row["extracted"],
        state=cast("SessionState", row["state"] or "idle"),
    )

"""How well each transcript was understood, and what follows from that for its sessions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from sidecar.journal.codec import clean, path_key, path_of
from sidecar.journal.database import Connection, Database
from sidecar.journal.sessions import session_number
from sidecar.journal.values import FileFormat, FileNotes
from sidecar.model import SessionRef

_KIND = re.compile(r"[\w ./()$:+-]{1,80}")
"""What can be the name of a kind of records; names are kept and shown, and anything may stand in their place."""

_OTHER = "(other)"

_HOLDS = "SELECT 1 FROM messages m WHERE m.session = s.number AND m.file = f.number"
"""That a file has messages of a session; the order of the columns is that of an index."""

_OF_SESSION = f"(f.session = s.number OR EXISTS ({_HOLDS}))"
"""That a file is one of a session: it was read last as that, or messages have their first place in it.

Of a transcript that was renamed or compressed the first is true and the second is not: messages keep their place.
"""

WITHHELD = f"EXISTS (SELECT 1 FROM files f WHERE f.flagged <> '' AND {_OF_SESSION})"
"""That one of the files of the session `s` is flagged."""

_ODD = "f.flagged <> '' OR f.damaged > 0 OR EXISTS (SELECT 1 FROM unknown_records WHERE file = f.number)"


class Formats:
    """The part of the journal that counts what no reader knew."""

    _db: Database

    def formats(self) -> list[FileFormat]:
        """Every file that was not understood as a whole, in the order of agents and paths."""
        with self._db.reading() as connection:
            rows = connection.execute(f"SELECT f.* FROM files f WHERE {_ODD}").fetchall()
            kinds: dict[int, dict[str, int]] = {}
            for row in connection.execute("SELECT * FROM unknown_records ORDER BY file, kind"):
                kinds.setdefault(row["file"], {})[row["kind"]] = row["count"]
        found = (
            FileFormat(
                path=path_of(row["path"]),
                agent=row["agent"] or "",
                version=row["version"],
                unknown=kinds.get(row["number"], {}),
                damaged=row["damaged"],
                flagged=row["flagged"],
            )
            for row in rows
        )
        return sorted(found, key=lambda one: (one.agent, one.path))

    def versions(self) -> Mapping[tuple[str, str], int]:
        """How many files were last written by which version of an agent, by (agent, version)."""
        with self._db.reading() as connection:
            rows = connection.execute(
                "SELECT agent, version, count(*) AS files FROM files"
                " WHERE agent IS NOT NULL AND version IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
            ).fetchall()
        return {(row["agent"], row["version"]): row["files"] for row in rows}

    def is_flagged(self, path: str) -> bool:
        """Whether a file is one of a format that is not understood."""
        with self._db.reading() as connection:
            row = connection.execute("SELECT flagged FROM files WHERE path = ?", (path_key(path),)).fetchone()
        return row is not None and bool(row["flagged"])

    def is_withheld(self, ref: SessionRef) -> bool:
        """Whether one of a session's files is flagged, so that nothing is to be learned from it."""
        with self._db.reading() as connection:
            session = session_number(connection, ref)
            return session is not None and withheld(connection, session)

    def sessions_in(self, path: str) -> list[SessionRef]:
        """The sessions that a file is one of, in the order of agents and names."""
        with self._db.reading() as connection:
            rows = connection.execute(
                "SELECT s.agent, s.session, s.scope FROM files f, sessions s"
                f" WHERE f.path = ? AND {_OF_SESSION} ORDER BY s.agent, s.session, s.scope",
                (path_key(path),),
            ).fetchall()
        return [SessionRef(row["agent"], row["session"], row["scope"]) for row in rows]

    def withhold(self, refs: Sequence[SessionRef]) -> None:
        """Take the sessions out of the queue, unless they are being extracted at this moment."""
        with self._db.writing() as connection:
            numbers = [(session_number(connection, ref),) for ref in refs]
            connection.executemany("DELETE FROM jobs WHERE session = ? AND state <> 'running'", numbers)

    def unflag(self, path: str) -> None:
        """Take a file for understood."""
        with self._db.writing() as connection:
            connection.execute("UPDATE files SET flagged = '' WHERE path = ?", (path_key(path),))

    def flagged_by_others(self, build: str) -> list[str]:
        """The files that another build of this program has flagged, in order."""
        with self._db.reading() as connection:
            rows = connection.execute("SELECT path FROM files WHERE flagged NOT IN ('', ?)", (build,)).fetchall()
        return sorted(path_of(row["path"]) for row in rows)

    def recheck(self, build: str) -> int:
        """Have the files read again from their start that another build of this program has flagged; how many."""
        with self._db.writing() as connection:
            return connection.execute(
                "UPDATE files SET cursor = NULL WHERE flagged NOT IN ('', ?) AND cursor IS NOT NULL", (build,)
            ).rowcount


def withheld(connection: Connection, session: int) -> bool:
    """Whether nothing is to be learned from a session at present."""
    row = connection.execute(f"SELECT 1 FROM sessions s WHERE s.number = ? AND {WITHHELD}", (session,)).fetchone()
    return row is not None


def note_format(connection: Connection, file: int, notes: FileNotes, agent: str | None) -> None:
    """Write down what one step has seen of a file's format; `agent` counts where the notes do not say."""
    if notes.anew:
        connection.execute("DELETE FROM unknown_records WHERE file = ?", (file,))
    connection.execute(
        "UPDATE files SET damaged = :damaged + CASE WHEN :anew THEN 0 ELSE damaged END,"
        " flagged = coalesce(:flagged, flagged),"
        " agent = coalesce(:told, agent, :agent), version = coalesce(:version, version) WHERE number = :file",
        {
            "damaged": notes.damaged,
            "anew": notes.anew,
            "flagged": notes.flagged,
            "told": notes.agent,
            "agent": agent,
            "version": None if notes.version is None else clean(notes.version),
            "file": file,
        },
    )
    kinds: Counter[str] = Counter()
    for kind, count in notes.unknown.items():
        kinds[kind if _KIND.fullmatch(kind) else _OTHER] += count
    connection.executemany(
        "INSERT INTO unknown_records VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        [(file, kind, count) for kind, count in sorted(kinds.items())],
    )

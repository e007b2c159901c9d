"""Small things to remember: flags, the store's own writes, and which project a profile belongs to."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sidecar.journal.codec import path_key, path_of
from sidecar.journal.database import Database
from sidecar.model import ProfileRef


class Notes:
    """The part of the journal that holds notes of other rooms; it meets their protocols `WriteLog` and `RouteBook`."""

    _db: Database

    def get(self, name: str) -> str | None:
        """The value of a flag, None if it is not set."""
        with self._db.reading() as connection:
            row = connection.execute("SELECT value FROM flags WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["value"])

    def set(self, name: str, value: str | None) -> None:
        """Set a flag; None takes it away."""
        with self._db.writing() as connection:
            if value is None:
                connection.execute("DELETE FROM flags WHERE name = ?", (name,))
            else:
                connection.execute("INSERT OR REPLACE INTO flags VALUES (?, ?)", (name, value))

    def note_write(self, profile: str, path: str, sha256: str | None) -> None:
        """Remember what the daemon last wrote to a file of the store; None: it took the file away."""
        with self._db.writing() as connection:
            if sha256 is None:
                connection.execute("DELETE FROM writes WHERE profile = ? AND path = ?", (profile, path))
            else:
                connection.execute("INSERT OR REPLACE INTO writes VALUES (?, ?, ?)", (profile, path, sha256))

    def note_writes(self, profile: str, hashes: Mapping[str, str]) -> None:
        """As `note_write` for several files, by path, in one transaction."""
        with self._db.writing() as connection:
            rows = [(profile, path, sha256) for path, sha256 in sorted(hashes.items())]
            connection.executemany("INSERT OR REPLACE INTO writes VALUES (?, ?, ?)", rows)

    def last_write(self, profile: str, path: str) -> str | None:
        """The hash of the daemon's last write to this file; another one on disk means that a person edited it."""
        with self._db.reading() as connection:
            row = connection.execute(
                "SELECT sha256 FROM writes WHERE profile = ? AND path = ?", (profile, path)
            ).fetchone()
        return None if row is None else str(row["sha256"])

    def note_marks(self, profile: str, marks: Mapping[str, str]) -> None:
        """Remember which memories of a profile are still to be marked as edited: their ids, and hashes of the files."""
        self.set(f"marks {profile}", json.dumps(dict(marks)) if marks else None)

    def marks(self, profile: str) -> Mapping[str, str]:
        """Which memories of a profile are still to be marked as edited."""
        found: Mapping[str, str] = json.loads(self.get(f"marks {profile}") or "{}")
        return found

    def routes(self) -> Mapping[tuple[str, str], ProfileRef]:
        """What is known of projects: (kind, value) -> profile; the kinds are those of `routing`."""
        with self._db.reading() as connection:
            rows = connection.execute("SELECT * FROM routes ORDER BY namespace, kind, value").fetchall()
        return {(row["kind"], path_of(row["value"])): ProfileRef(row["namespace"], row["profile"]) for row in rows}

    def save_route(self, kind: str, value: str, profile: ProfileRef) -> None:
        """Remember that a path, a commit or a remote belongs to a profile, whatever was known of it before."""
        with self._db.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO routes VALUES (?, ?, ?, ?)",
                (profile.namespace, kind, path_key(value), profile.name),
            )

    def forget_routes(self, profile: ProfileRef) -> None:
        """Forget what belongs to a profile, because it was deleted and its name is free again."""
        with self._db.writing() as connection:
            connection.execute(
                "DELETE FROM routes WHERE namespace = ? AND profile = ?", (profile.namespace, profile.name)
            )

"""Texts of the journal that are no messages: names, folders, reasons, what copies of messages say otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.journal.codec import unpack_content
from sidecar.journal.database import Database
from sidecar.records import dataclass

_SMALL = (
    ("routes", "SELECT 0 AS key, CAST(value AS TEXT) || ' ' || profile AS text FROM routes ORDER BY kind, value"),
    ("flags", "SELECT 0 AS key, value AS text FROM flags ORDER BY name"),
)
"""Read as a whole: a row for each project or setting."""
_LARGE = (
    (
        "sessions",
        "SELECT number AS key, session || char(10) || cwds || char(10) || ifnull(reason, '') AS text"
        " FROM sessions WHERE number > ? ORDER BY number LIMIT ?",
    ),
    (
        "files",
        "SELECT number AS key, CAST(path AS TEXT) || char(10) || ifnull(problem, '') AS text"
        " FROM files WHERE number > ? ORDER BY number LIMIT ?",
    ),
    ("jobs", "SELECT session AS key, error AS text FROM jobs WHERE session > ? ORDER BY session LIMIT ?"),
)
_COPIES = (
    "SELECT message AS key, content FROM copies WHERE message IN"
    " (SELECT DISTINCT message FROM copies WHERE message > ? AND content NOT NULL ORDER BY message LIMIT ?)"
    " AND content NOT NULL ORDER BY message, session"
)
TABLES = (*(name for name, _ in _SMALL), *(name for name, _ in _LARGE), "copies")
"""The tables that have such texts."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A text of a row; `key` grows within its table."""

    table: str
    key: int
    text: str


class Strays:
    """The part of the journal that gives back what is no message."""

    _db: Database

    def strays(self, table: str, after: int, limit: int) -> Sequence[Stray]:
        """Texts of some rows of a table of `TABLES`, those with a key above `after`; small tables come at once."""
        small, large = dict(_SMALL), dict(_LARGE)
        if table in small and after >= 0:
            return []
        with self._db.reading() as connection:
            if table in small:
                rows = connection.execute(small[table]).fetchall()
            else:
                rows = connection.execute(large.get(table, _COPIES), (after, limit)).fetchall()
        if table == "copies":
            return [Stray(table, row["key"], _content(row["content"])) for row in rows]
        return [Stray(table, row["key"], row["text"] or "") for row in rows]


def _content(body: bytes) -> str:
    return "\n".join(str(value) for value in unpack_content(body) if isinstance(value, str))

"""The journal as one thing: its parts over one database."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from sidecar.journal.archive import Archive
from sidecar.journal.database import Database
from sidecar.journal.feed import Feed
from sidecar.journal.formats import Formats
from sidecar.journal.given import Given
from sidecar.journal.jobs import Jobs
from sidecar.journal.notes import Notes
from sidecar.journal.queue import Queue
from sidecar.journal.retention import Retention
from sidecar.journal.schema import MIGRATIONS
from sidecar.journal.sessions import Sessions
from sidecar.journal.strays import Strays
from sidecar.journal.tellings import Tellings
from sidecar.journal.usage import Usage


class Journal(Sessions, Archive, Formats, Feed, Tellings, Queue, Jobs, Usage, Notes, Given, Retention, Strays):
    """What the daemon must remember between two runs.

    Every method is one transaction, may be called from any thread, and raises `JournalUnusable` when the file cannot
    be used.  Reads never wait for writes.
    """

    _db: Database

    def __init__(self, database: Database) -> None:
        """See `open`."""
        self._db = database

    @classmethod
    def open(cls, path: Path) -> Journal:
        """Open the journal, or make a new one; the file and its companions are readable by their owner only.

        Raises:
            FormatTooNew: a newer sidecar wrote it; it is left untouched.
            JournalUnusable: it is damaged, locked by another process, or cannot be made.
        """
        return cls(Database(path, MIGRATIONS))

    @property
    def path(self) -> Path:
        """The file."""
        return self._db.path

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The only user of sqlite3: connections, transactions, the format number, and the translation of its errors.

WAL with `synchronous=FULL`: what a call has stored survives a power cut, not only a kill.  NORMAL could not tear the
cursors from the archive either (one file, one transaction), but it may take back whole transactions that were already
acknowledged: messages of HTTP ingest have no transcript to be read from again, and a removal must stay done.

One connection writes, under a lock; readers borrow connections of their own from a pool, so that they neither wait
for the writer nor share a cursor.  All of them are closed by `Database.close`.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sidecar.descriptors import kept_file
from sidecar.errors import FormatTooNew, JournalUnusable

Connection = sqlite3.Connection
Row = sqlite3.Row
Migration = Sequence[str]
"""The statements that lead from one format to the next."""

_BUSY_SECONDS = 10.0
"""How long to wait for another process (a backup, a person with the sqlite3 shell) before giving up."""

_GIVEN_BACK = 500
"""Free pages given back at once, so that no other writer waits long: for each of them another one may be moved."""


class Snapshots:
    """A SQLite file of ours to read from; another process keeps it, and has brought it up to the newest format."""

    _MODE = "rw"
    """As which it is opened: who only reads makes no new one."""

    def __init__(self, path: Path) -> None:
        """The file is opened by the first who reads."""
        self.path = path
        self._idle: list[Connection] = []
        self._pool = threading.Lock()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot for one thread: everything read in the block belongs to the same moment."""
        with translated(self.path):
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give_back(connection)

    def close(self) -> None:
        """Close every connection.  A second call does nothing."""
        with self._pool, translated(self.path):
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    def _borrow(self) -> Connection:
        with self._pool:
            if self._closed:
                raise JournalUnusable(path=self.path, why="it is closed")
            if self._idle:
                return self._idle.pop()
        connection = self._connect()
        connection.execute("PRAGMA query_only=ON")
        return connection

    def _give_back(self, connection: Connection) -> None:
        with self._pool:
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)

    def _connect(self) -> Connection:
        # Connections change threads, yet never serve two at once: the lock and the pool see to that.
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={self._MODE}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # counts only while the file is still empty
            connection.execute("PRAGMA journal_mode=WAL").fetchone()
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA secure_delete=ON")  # what is removed is overwritten, not only unlinked
        except BaseException:
            connection.close()
            raise
        return connection


class Database(Snapshots):
    """A SQLite file of ours, brought up to the newest format when it is opened."""

    _MODE = "rwc"

    def __init__(self, path: Path, migrations: Sequence[Migration]) -> None:
        """Open or create the file.

        Raises:
            FormatTooNew: a newer sidecar wrote it; nothing was changed.
            JournalUnusable: it is not a database, is damaged, locked, or cannot be created.
        """
        super().__init__(path)
        self._lock = threading.Lock()
        with translated(path):
            _create(path)
            _refuse_newer(path, len(migrations))
            self._writer = self._connect()
            try:
                _migrate(self._writer, migrations)
            except BaseException:
                self._writer.close()
                raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.  Blocks must not be nested."""
        with self._lock, translated(self.path):
            connection = self._writer
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def give_back(self) -> int:
        """Give some free pages back; how many.  The file is as small as it gets after that is 0 and a `scrub`."""
        with self._lock, translated(self.path):
            before = self._free_pages()
            # A script, because it steps through a statement to its end: `execute` takes the first step alone of one
            # that has no columns, and each step gives one page back.
            self._writer.executescript(f"PRAGMA incremental_vacuum({_GIVEN_BACK})")
            return before - self._free_pages()

    def scrub(self, *, wait_s: float = _BUSY_SECONDS) -> bool:
        """Empty the write-ahead log into the file, so that removed text is nowhere left; whether that was done.

        Readers that are busy keep the log alive.  They are waited for, and no writer goes on meanwhile; after that the
        next call empties it.
        """
        with self._lock, translated(self.path):
            self._writer.execute(f"PRAGMA busy_timeout={round(wait_s * 1000)}").fetchone()
            try:
                busy = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                self._writer.execute(f"PRAGMA busy_timeout={round(_BUSY_SECONDS * 1000)}").fetchone()
        return not busy

    @property
    def file_bytes(self) -> int:
        """What the file takes on disk, with its write-ahead log."""
        with translated(self.path):
            files = (self.path, self.path.with_name(f"{self.path.name}-wal"))
            return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Close every connection.  A second call does nothing."""
        with self._lock, translated(self.path):
            super().close()
            self._writer.close()

    def _free_pages(self) -> int:
        return int(self._writer.execute("PRAGMA freelist_count").fetchone()[0])


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what sqlite3 and the file system raise into `JournalUnusable`."""
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, OSError) as error:
        raise JournalUnusable(path=path, why=str(error) or type(error).__name__) from error


def _create(path: Path) -> None:
    """Make the file before SQLite does, so that it and its companions are never readable by others.

    Links are refused, and hard links of its companions, which SQLite opens without following a symbolic one.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for companion in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if companion.exists() and companion.stat().st_nlink > 1:
            raise OSError(errno.EMLINK, f"{companion.name} is a hard link, and another file would be changed with it")
    descriptor = kept_file(path, os.O_RDWR)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _refuse_newer(path: Path, known: int) -> None:
    """Look at the format through a read-only connection: SQLite would otherwise tidy up the file of a newer sidecar."""
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
    try:
        found = _format(connection)
    finally:
        connection.close()
    if found > known:
        raise FormatTooNew(path=path, found=found, known=known)


def _format(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(connection: Connection, migrations: Sequence[Migration]) -> None:
    """Run the missing migrations in one transaction; a crash in the middle leaves the old format."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number, statements in enumerate(migrations[_format(connection) :], start=_format(connection) + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number}")
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('format', ?)", (str(number),))
            connection.execute("INSERT OR IGNORE INTO meta VALUES ('identity', ?)", (uuid.uuid4().hex,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

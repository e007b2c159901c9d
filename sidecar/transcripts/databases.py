"""Looking into a SQLite file that belongs to a running agent: the only module of this room that uses sqlite3.

The agent must never notice us: nothing is written, created or left behind, and no writer is kept waiting.

- A database in WAL mode with both companions in place (`-wal`, `-shm`) is read through them, as any other reader of
  the agent's would.  In WAL mode a reader stands in nobody's way.
- A log without its index (a copied database, or a writer in exclusive mode) could only be read by creating the index:
  so a copy of both files is read instead.
- Everything else is read as an immutable file, without locks: a lock would make a writer in the older journal modes
  wait, and opening a WAL database without companions would create them.  If the files have changed meanwhile, what was
  read may be torn and is thrown away.

A connection lives for one short read.  Only if the agent's last connection closes within that time, the agent leaves
its log to its next start, which it can handle at any time.

There is one look at a time in this process: closing any handle of a file drops the locks that the process holds on it.
"""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sidecar.errors import TranscriptBusy, TranscriptUnreadable
from sidecar.records import dataclass
from sidecar.transcripts.base import LOG, Cursor, log_of
from sidecar.transcripts.cutting import lightened, shortened
from sidecar.transcripts.parsing import HEAVY_LINE

MAGIC = b"SQLite format 3\0"

COPY_LIMIT = 256 * 1024 * 1024
"""Bytes of database and log that are copied to be read; a larger one waits until its agent opens it again."""

_CACHE_KB = 512
"""Of SQLite's own, for a short read: a quarter of what it would take, as the system has the file's pages too."""

_JOURNAL_MAGIC = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""At the head of a rollback journal while it counts; it is zeroed, cut off or removed when the transaction ends."""

_JSON = (b"{", b"[")

_ALONE = threading.Lock()

_FOR_NOW = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,  # the log's index belongs to somebody else and is not in a state to be read
        sqlite3.SQLITE_CANTOPEN,  # the companions went away between our look and our opening
        sqlite3.SQLITE_SCHEMA,
    )
)

_Stat = tuple[int, int, int]
Value = object
"""What a column may hold: None, int, float, str or bytes, whatever its declared type."""


@dataclass(frozen=True, slots=True)
class _Files:
    """A database and its companions at one moment; equal while nobody has written."""

    device: int
    main: _Stat
    log: tuple[int, ...] | None
    has_index: bool
    journal: _Stat | None

    @classmethod
    def of(cls, path: Path) -> _Files:
        try:
            found = path.stat()
        except OSError as error:
            raise TranscriptUnreadable(path=path, why=error.strerror or str(error)) from error
        if not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
            raise TranscriptUnreadable(path=path, why="it is not a regular file")
        log = log_of(path)
        return cls(
            device=found.st_dev,
            main=(found.st_ino, found.st_size, found.st_mtime_ns),
            log=None if log is None else tuple(log),
            has_index=_beside(path, "-shm").exists(),
            journal=_journal(path),
        )


class Snapshot:
    """A database as it was at one moment."""

    def __init__(self, path: Path, connection: sqlite3.Connection, files: _Files) -> None:
        self.path = path
        self._connection, self._files = connection, files
        self._columns: dict[str, frozenset[str]] = {}

    @property
    def written(self) -> datetime:
        """When the database was last written, its log included."""
        times = [self._files.main[2], *(self._files.log or ())[2:]]
        return datetime.fromtimestamp(max(times) / 1e9, UTC)

    def rows(self, statement: str, values: Sequence[Value] = ()) -> Iterator[tuple[Value, ...]]:
        """The rows of a query, one after the other."""
        for row in self._connection.execute(statement, values):  # noqa: UP028 - `yield from` would close the cursor,
            yield row  # which fails when a query that is not read to its end outlives the connection

    def columns(self, table: str) -> frozenset[str]:
        """The names of a table's columns; empty if there is no such table.  Views do not count."""
        if table not in self._columns:
            there = any(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)))
            names = self.rows("SELECT name FROM pragma_table_info(?)", (table,)) if there else ()
            self._columns[table] = frozenset(str(name) for (name,) in names)
        return self._columns[table]

    def chosen(self, table: str, columns: Sequence[str]) -> tuple[str, ...]:
        """Expressions for the columns; NULL for those that this version of the table does not have."""
        there = self.columns(table)
        return tuple(f'"{column}"' if column in there else "NULL" for column in columns)

    def selected(
        self, table: str, columns: Sequence[str], condition: str = "1", values: Sequence[Value] = ()
    ) -> Iterator[Mapping[str, Value]]:
        """Rows by column names; a column that this version of the table does not have is None."""
        chosen = ", ".join(self.chosen(table, columns))
        for row in self.rows(f'SELECT {chosen} FROM "{table}" WHERE {condition}', values):
            yield dict(zip(columns, row, strict=True))

    def continues(self, cursor: Cursor | None) -> bool:
        """Whether the cursor is of this file, and not of another one in its place."""
        return cursor is not None and (cursor.device, cursor.inode) == (self._files.device, self._files.main[0])

    def cursor(self, state: Mapping[str, object], *, more: bool) -> Cursor:
        """The cursor after this look; with `more` it is that of no state of the file, so nobody takes it for read."""
        inode, size, time = self._files.main
        log = None if self._files.log is None else [*self._files.log]
        return _cursor(self._files.device, inode, size, -1 if more else time, {**state, LOG: log})


def is_database(path: Path) -> bool:
    """Whether the file begins as a SQLite database does; False for one that cannot be read."""
    try:
        with _ALONE, path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def waiting(cursor: Cursor | None) -> Cursor:
    """The cursor of a file that could not be read now: as before, but the next look tries again."""
    if cursor is None:
        return _cursor(0, 0, 0, -1, {})
    return _cursor(cursor.device, cursor.inode, cursor.size, -1, cursor.state)


def _cursor(device: int, inode: int, size: int, time: int, state: Mapping[str, object]) -> Cursor:
    return Cursor(device, inode, size, time, offset=0, prefix_size=0, prefix_hash="", state=state)


@contextmanager
def snapshot(path: Path) -> Iterator[Snapshot]:
    """Open a database for one short read.

    Raises:
        TranscriptBusy: it is being written or locked; also at the end of the block, if it was written meanwhile and
            what was read cannot be trusted.
        TranscriptUnreadable: it is gone, cannot be opened, is no database, or is damaged.
    """
    with _ALONE:
        files = _Files.of(path)
        _refuse_other_formats(path)
        shared = files.log is not None and files.has_index
        try:
            if shared:
                with _connected(path, path, "mode=ro") as connection:
                    yield Snapshot(path, connection, files)
            elif files.log is not None and files.log[1]:
                with _copied(path, files) as copy, _connected(copy, path, "mode=rw") as connection:
                    yield Snapshot(path, connection, files)
            elif files.journal is not None:
                raise TranscriptBusy(path=path, why="a transaction is under way, or was broken off")
            else:
                with _connected(path, path, "mode=ro&immutable=1") as connection:
                    yield Snapshot(path, connection, files)
        except TranscriptUnreadable:
            _refuse_changed(path, files)  # then it is no wonder
            raise
        if not shared:
            _refuse_changed(path, files)


def _refuse_changed(path: Path, files: _Files) -> None:
    if _Files.of(path) != files:
        raise TranscriptBusy(path=path, why="it has changed while it was read")


def _refuse_other_formats(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
    except OSError as error:
        raise TranscriptUnreadable(path=path, why=error.strerror or str(error)) from error
    if head and head != MAGIC:  # an empty file is an empty database
        raise TranscriptUnreadable(path=path, why="it is not a SQLite database")


@contextmanager
def _connected(opened: Path, path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """A connection in one read transaction; what sqlite3 raises is said of `path`."""
    try:
        uri = f"{opened.absolute().as_uri()}?{mode}"
        with closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as connection:
            connection.text_factory = _text
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("BEGIN")
            yield connection
    except (sqlite3.Error, sqlite3.Warning, UnicodeDecodeError) as error:  # a message may quote damaged bytes
        code = getattr(error, "sqlite_errorcode", None)
        kind = TranscriptBusy if code is not None and code & 0xFF in _FOR_NOW else TranscriptUnreadable
        raise kind(path=path, why=str(error) or type(error).__name__) from error


def _text(data: bytes) -> str:
    """A column's text: a long one as light as a line is made, and none where that cannot be (see `cutting`).

    It need not be UTF-8, whatever the header says.
    """
    if len(data) >= HEAVY_LINE:
        data = (lightened(data) or b"") if data.startswith(_JSON) else shortened(data)
    return data.decode("utf-8", "replace")


@contextmanager
def _copied(path: Path, files: _Files) -> Iterator[Path]:
    """A copy of the database with its log, in a folder that goes away."""
    size = files.main[1] + (files.log[1] if files.log else 0)
    if size > COPY_LIMIT:
        raise TranscriptUnreadable(path=path, why="its write-ahead log has no index, and it is too large to be copied")
    try:
        with tempfile.TemporaryDirectory(prefix="sidecar-") as folder:
            copy = Path(folder, "copy.db")
            shutil.copyfile(path, copy)
            shutil.copyfile(_beside(path, "-wal"), _beside(copy, "-wal"))
            _refuse_changed(path, files)
            yield copy
    except OSError as error:
        raise TranscriptUnreadable(path=path, why=error.strerror or str(error)) from error


def _journal(path: Path) -> _Stat | None:
    """The state of a rollback journal that counts; None if there is none, or one that is at rest."""
    journal = _beside(path, "-journal")
    try:
        found = journal.stat()
        if not found.st_size or not stat.S_ISREG(found.st_mode):
            return None
        with journal.open("rb") as file:
            if file.read(len(_JOURNAL_MAGIC)) != _JOURNAL_MAGIC:
                return None
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)

"""The file: its format, its permissions, its errors, its threads."""

from __future__ import annotations

import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from journal_builders import WEB, at, ids, read, ref, said, talk

from sidecar.errors import FormatTooNew, JournalUnusable
from sidecar.journal import Journal
from sidecar.journal.database import Database, translated
from sidecar.journal.schema import MIGRATIONS


def raw(path: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_only_the_owner_can_read_the_files(journal: Journal) -> None:
    read(journal, talk("a"))
    files = sorted(journal.path.parent.iterdir())
    assert [file.name for file in files] == ["journal.db", "journal.db-shm", "journal.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700


def test_the_format_is_written_down_twice(journal: Journal) -> None:
    assert raw(journal.path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert raw(journal.path, "SELECT value FROM meta WHERE name = 'format'") == [(str(len(MIGRATIONS)),)]


def test_the_database_is_set_up_to_lose_nothing(journal: Journal) -> None:
    assert raw(journal.path, "PRAGMA journal_mode") == [("wal",)]
    assert raw(journal.path, "PRAGMA auto_vacuum") == [(2,)]
    with journal._db.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA secure_delete").fetchone()[0] == 1


def test_everything_is_there_after_a_restart(journal: Journal) -> None:
    read(journal, talk("a"), cursor="7")
    identity, messages = journal.identity, journal.messages(ref())
    journal.close()
    with Journal.open(journal.path) as again:
        assert (again.identity, again.messages(ref()), again.cursor("/t/s1.jsonl")) == (identity, messages, "7")


def test_a_new_journal_is_another_one(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "a.db") as one, Journal.open(tmp_path / "b.db") as two:
        assert one.identity != two.identity


def test_a_newer_format_is_refused_and_left_untouched(journal: Journal) -> None:
    journal.close()
    raw(journal.path, "PRAGMA user_version = 99")
    before = journal.path.read_bytes()
    with pytest.raises(FormatTooNew, match=f"format 99, this one knows {len(MIGRATIONS)}"):
        Journal.open(journal.path)
    assert journal.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(content)
    with pytest.raises(JournalUnusable, match=str(path)):
        Journal.open(path)


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(JournalUnusable, match="directory"):
        Journal.open(tmp_path / "journal.db")


def test_migrations_run_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    more = (*MIGRATIONS, ("CREATE TABLE extra (x)", "INSERT INTO extra VALUES (1)"), ("UPDATE extra SET x = x + 1",))
    Database(path, MIGRATIONS).close()
    for _ in range(2):
        Database(path, more).close()
    assert raw(path, "SELECT x FROM extra") == [(2,)]
    assert raw(path, "SELECT value FROM meta WHERE name = 'format'") == [(str(len(more)),)]


def test_a_migration_that_fails_leaves_the_old_format(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Database(path, MIGRATIONS).close()
    with pytest.raises(JournalUnusable):
        Database(path, (*MIGRATIONS, ("CREATE TABLE extra (x)", "THIS IS NO SQL")))
    assert raw(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert raw(path, "SELECT name FROM sqlite_master WHERE name = 'extra'") == []
    Database(path, MIGRATIONS).close()


def sqlite_errors() -> list[type[BaseException]]:
    exported = [value for value in vars(sqlite3).values() if isinstance(value, type) and issubclass(value, Exception)]
    return sorted(exported, key=lambda error: error.__name__)


@pytest.mark.parametrize("error", [*sqlite_errors(), OSError, PermissionError])
def test_every_error_of_the_engine_is_translated(error: type[BaseException]) -> None:
    with pytest.raises(JournalUnusable, match=r"journal\.db .*: what it said"), translated(Path("journal.db")):
        raise error("what it said")


def test_a_transaction_that_raises_is_rolled_back(journal: Journal) -> None:
    def interrupted() -> None:
        with journal._db.writing() as connection:
            connection.execute("INSERT INTO flags VALUES ('a', 'b')")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert journal.get("a") is None
    journal.set("a", "c")
    assert journal.get("a") == "c"


def test_readers_cannot_write(journal: Journal) -> None:
    with pytest.raises(JournalUnusable, match="readonly"), journal._db.reading() as connection:
        connection.execute("INSERT INTO flags VALUES ('a', 'b')")


def test_a_reader_sees_one_moment(journal: Journal) -> None:
    read(journal, talk("a"))
    with journal._db.reading() as connection:
        count = "SELECT count(*) FROM messages"
        assert connection.execute(count).fetchone()[0] == 1
        read(journal, talk("b", first=1))
        assert connection.execute(count).fetchone()[0] == 1
    assert ids(journal) == ["a", "b"]


def test_many_threads_read_while_one_writes(journal: Journal) -> None:
    done = threading.Event()

    def look(_: int) -> bool:
        while not done.is_set():
            assert len(journal.messages(ref())) % 10 == 0, "a transaction is seen whole or not at all"
        return True

    with ThreadPoolExecutor(4) as pool:
        results = [pool.submit(look, number) for number in range(4)]
        try:
            for step in range(20):
                read(journal, [said(f"m{step}-{n}", position=step * 10 + n) for n in range(10)])
        finally:
            done.set()
        assert all(result.result() for result in results)


def test_threads_may_all_write(journal: Journal) -> None:
    def write(number: int) -> None:
        journal.archive(WEB, [said(f"m{number}", agent="http", session=f"s{number}", time=at(number))])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    assert dict(journal.profile_counts()) == {WEB: 40}
    assert len({change.change for change in journal.changes(0, 100)}) == 40

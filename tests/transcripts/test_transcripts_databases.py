"""Looking into another program's database: nothing is created, changed or held up, whatever its state."""

import os
import shutil
import sqlite3
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_writer import Writer

from sidecar.errors import TranscriptBusy, TranscriptUnreadable
from sidecar.transcripts import Cursor, unchanged
from sidecar.transcripts.databases import snapshot, waiting
from sidecar.transcripts.rows import WATCHED, Follower, Table

TABLE = "CREATE TABLE said (id TEXT PRIMARY KEY, words TEXT)"
SAY = "INSERT INTO said VALUES (?, ?)"


def words(path: Path) -> list[str]:
    with snapshot(path) as database:
        return [str(found) for (found,) in database.rows("SELECT words FROM said ORDER BY id")]


def closed(path: Path, *pragmas: str) -> Path:
    """A database that nobody has open, with one row."""
    with Writer(path, *pragmas) as writer:
        writer.run(TABLE)
        writer.run(SAY, ["a", "Rye."])
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_missing_database_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(TranscriptUnreadable), snapshot(tmp_path / "x.db"):
        pass
    assert files(tmp_path) == {}


@pytest.mark.parametrize("mode", ["wal", "delete", "truncate", "persist"])
def test_a_closed_database_stays_alone(mode: str, tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db", f"journal_mode={mode}")
    before = files(tmp_path)
    assert words(path) == ["Rye."]
    assert files(tmp_path) == before


def test_what_is_committed_to_the_log_is_seen_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Writer(path) as writer:
        writer.run(TABLE)
        writer.run(SAY, ["a", "Rye."])
        assert path.with_name("x.db-wal").stat().st_size
        writer.run("BEGIN IMMEDIATE")
        writer.run(SAY, ["b", "Salt."])
        assert words(path) == ["Rye."]
        writer.run("COMMIT")
        assert words(path) == ["Rye.", "Salt."]
        assert sorted(files(tmp_path)) == ["x.db", "x.db-shm", "x.db-wal"]
    assert sorted(files(tmp_path)) == ["x.db"]


def test_a_reader_in_mid_read_holds_no_writer_up(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Writer(path) as writer:
        writer.run(TABLE)
        writer.run(SAY, ["a", "Rye."])
        with snapshot(path) as database:
            rows = database.rows("SELECT words FROM said")
            assert next(rows) == ("Rye.",)
            writer.run(SAY, ["b", "Salt."])
            writer.run("PRAGMA wal_checkpoint(PASSIVE)")
            assert list(rows) == []  # a snapshot is of one moment
        assert words(path) == ["Rye.", "Salt."]


def test_without_a_log_a_writer_is_not_held_up_either_and_what_it_tore_is_thrown_away(tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db", "journal_mode=delete")
    with Writer(path, "journal_mode=delete") as writer:
        read = ExitStack()
        database = read.enter_context(snapshot(path))
        assert list(database.rows("SELECT words FROM said")) == [("Rye.",)]
        writer.run(SAY, ["b", "Salt."])
        with pytest.raises(TranscriptBusy):
            read.close()
        assert words(path) == ["Rye.", "Salt."]


def test_a_transaction_under_way_without_a_log_is_not_seen(tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db", "journal_mode=delete")
    with Writer(path, "journal_mode=delete") as writer:
        writer.run("BEGIN IMMEDIATE")
        writer.run(SAY, ["b", "Salt."])
        assert words(path) == ["Rye."]
        writer.run("COMMIT")
        assert words(path) == ["Rye.", "Salt."]


def test_a_transaction_that_was_broken_off_is_left_to_its_agent(tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db", "journal_mode=delete")
    journal = path.with_name("x.db-journal")
    for content, waits in ((b"", False), (bytes(512), False), (bytes.fromhex("d9d505f920a163d7") + bytes(504), True)):
        journal.write_bytes(content)
        if waits:
            with pytest.raises(TranscriptBusy), snapshot(path):
                pass
        else:
            assert words(path) == ["Rye."]
        assert journal.read_bytes() == content


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_an_exclusive_writer_is_read_all_the_same(mode: str, tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db", f"journal_mode={mode}")
    with Writer(path, "locking_mode=EXCLUSIVE", f"journal_mode={mode}") as writer:
        writer.run(SAY, ["b", "Salt."])
        there = sorted(files(tmp_path))
        assert words(path) == ["Rye.", "Salt."]
        assert sorted(files(tmp_path)) == there


def test_a_locked_log_is_waited_for(tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db")
    with Writer(path) as writer:
        writer.run(SAY, ["b", "Salt."])
        writer.run("PRAGMA locking_mode=EXCLUSIVE")
        writer.run("BEGIN EXCLUSIVE")
        with pytest.raises(TranscriptBusy):
            words(path)
        writer.run("COMMIT")


def test_a_killed_writers_log_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    writer = Writer(path)
    writer.run(TABLE)
    writer.run(SAY, ["a", "Rye."])
    writer.kill()
    before = {name: data for name, data in files(tmp_path).items() if not name.endswith("-shm")}
    assert before["x.db-wal"]
    assert words(path) == ["Rye."]
    assert {name: data for name, data in files(tmp_path).items() if not name.endswith("-shm")} == before


def test_a_copied_log_without_its_index_is_read_without_making_one(tmp_path: Path) -> None:
    with Writer(tmp_path / "x.db") as writer:
        writer.run(TABLE)
        writer.run(SAY, ["a", "Rye."])
        copies = tmp_path / "copies"
        copies.mkdir()
        for name in ("x.db", "x.db-wal"):
            shutil.copyfile(tmp_path / name, copies / name)
    before = files(copies)
    assert words(copies / "x.db") == ["Rye."]
    assert files(copies) == before


@pytest.mark.parametrize(
    "content", [b"not a database at all", b"SQLite format 3\0", b"SQLite format 3\0" + b"x" * 5000]
)
def test_what_is_no_database_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(content)
    with pytest.raises(TranscriptUnreadable), snapshot(path) as database:
        list(database.rows("SELECT * FROM sqlite_master"))
    assert path.read_bytes() == content


def test_an_empty_file_is_an_empty_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.touch()
    with snapshot(path) as database:
        assert list(database.rows("SELECT * FROM sqlite_master")) == []
    assert files(tmp_path) == {"x.db": b""}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are a thing of Unix")
def test_folders_and_pipes_are_no_databases(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")
    for path in (tmp_path, tmp_path / "pipe.db"):
        with pytest.raises(TranscriptUnreadable), snapshot(path):
            pass


def test_names_with_special_characters_are_names(tmp_path: Path) -> None:
    folder = tmp_path / "a?b#c%20d&mode=rwc é"
    folder.mkdir()
    assert words(closed(folder / "x.db")) == ["Rye."]


def test_a_query_that_outlives_its_look_ends_in_silence(tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db")
    with snapshot(path) as database:
        rows = database.rows("SELECT words FROM said")
        assert next(rows) == ("Rye.",)
    rows.close()


def test_a_view_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Writer(path) as writer:
        writer.run("CREATE VIEW said AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n")
    with snapshot(path) as database:
        assert database.columns("said") == frozenset()


def test_growth_of_the_log_alone_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Writer(path) as writer:
        writer.run(TABLE)
        with snapshot(path) as database:
            cursor = database.cursor({}, more=False)
        assert Cursor.from_json(cursor.to_json()) == cursor
        assert unchanged(path, cursor)
        main = path.stat()
        writer.run(SAY, ["a", "Rye."])
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (main.st_size, main.st_mtime_ns)
        assert not unchanged(path, cursor)
    assert not unchanged(path, waiting(cursor))
    with snapshot(path) as database:
        assert not unchanged(path, database.cursor({}, more=True))


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, 60)),
        st.tuples(st.just("remove"), st.integers(0, 60)),
        st.tuples(st.just("replace"), st.integers(0, 60)),
        st.tuples(st.just("many"), st.integers(1, 3 * WATCHED)),
        st.tuples(st.just("cut"), st.integers(1, 400)),
        st.tuples(st.just("vacuum"), st.just(0)),
        st.tuples(st.just("look"), st.sampled_from([1, 200, 1 << 20])),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(operations=OPERATIONS)
def test_every_row_is_found_whatever_happens_to_row_numbers(
    operations: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Rows are added, taken away at the end, replaced under other numbers, and numbered anew."""
    path = tmp_path_factory.mktemp("rows") / "x.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(TABLE)
    archive: dict[str, str] = {}
    state: object = None
    made = 0
    for operation, number in [*operations, ("look", 1 << 20)]:
        if operation == "look":
            connection.close()  # our own look at the file would take this connection's locks away
            state = look(path, state, archive, number)
            connection = sqlite3.connect(path, isolation_level=None)
        elif operation in ("say", "many"):
            connection.execute("BEGIN")
            for _ in range(number if operation == "many" else 1):
                made += 1
                connection.execute("INSERT OR REPLACE INTO said VALUES (?, ?)", (f"m{made}", f"words {made}"))
            connection.execute("COMMIT")
        elif operation == "remove":
            connection.execute("DELETE FROM said WHERE id = ?", (f"m{number}",))
        elif operation == "replace":
            connection.execute("INSERT OR REPLACE INTO said VALUES (?, ?)", (f"m{number}", f"words {made} anew"))
        elif operation == "cut":
            connection.execute(
                "DELETE FROM said WHERE rowid IN (SELECT rowid FROM said ORDER BY rowid DESC LIMIT ?)", (number,)
            )
        else:
            connection.execute("VACUUM")
    there = dict(connection.execute("SELECT id, words FROM said"))
    connection.close()
    assert there.items() <= archive.items()


def look(path: Path, state: object, archive: dict[str, str], limit: int) -> object:
    more = True
    while more:
        with snapshot(path) as database:
            rows = Follower(database, Table("said", "id", ("words",)), state)
            archive.update({row.key: str(row.values[0]) for row in rows.changed(limit)})
            state, more = rows.state(), rows.more
    return state


def test_the_newest_rows_come_first_and_new_ones_before_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with Writer(path) as writer:
        writer.run(TABLE)
        for number in range(5):
            writer.run(SAY, [f"m{number}", "Rye."])
        state: object = None
        found: list[list[str]] = []
        for look_number in range(6):
            with snapshot(path) as database:
                rows = Follower(database, Table("said", "id", ("words",)), state)
                found.append([row.key for row in rows.changed(1)])
                state = rows.state()
            if look_number == 1:
                writer.run(SAY, ["m5", "Salt."])
    assert found == [["m4"], ["m3"], ["m5"], ["m2"], ["m1"], ["m0"]]


def test_rows_that_change_in_place_are_given_again(tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db")
    archive: dict[str, str] = {}
    with Writer(path) as writer:
        state = look(path, None, archive, 1 << 20)
        writer.run("UPDATE said SET words = 'Rye bread.' WHERE id = 'a'")
        state = look(path, state, archive, 1 << 20)
        assert archive == {"a": "Rye bread."}
        archive.clear()
        look(path, state, archive, 1 << 20)
        assert archive == {}


def test_an_unfinished_row_is_watched_however_many_come_after_it(tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db")
    with Writer(path) as writer:
        state: object = None
        for start in range(0, 4 * WATCHED, WATCHED):
            with snapshot(path) as database:
                rows = Follower(database, Table("said", "id", ("words",)), state)
                for row in rows.changed(1 << 20):
                    if row.key == "a":
                        rows.unfinished(row)
                state = rows.state()
            writer.run("BEGIN")
            for number in range(start, start + WATCHED):
                writer.run(SAY, [f"b{number}", "Salt."])
            writer.run("COMMIT")
        writer.run("UPDATE said SET words = 'Rye bread.' WHERE id = 'a'")
        archive: dict[str, str] = {}
        state = look(path, state, archive, 1 << 20)
        assert archive["a"] == "Rye bread."
        writer.run("UPDATE said SET words = 'Too late.' WHERE id = 'a'")
        archive.clear()
        look(path, state, archive, 1 << 20)
        assert archive == {}  # it was finished


def test_a_look_without_news_reads_little_and_says_nothing(tmp_path: Path) -> None:
    path = closed(tmp_path / "x.db")
    archive: dict[str, str] = {}
    state = look(path, None, archive, 1 << 20)
    assert look(path, state, archive, 1) == state
    assert len(str(state)) < 40 * WATCHED

"""Databases of agents while they grow: rows that come, change, go and come back, under a writer that never waits."""

import contextlib
import dataclasses
import json
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_writer import Writer
from spoken import store

from sidecar.errors import TranscriptUnreadable
from sidecar.model import Message
from sidecar.transcripts import READERS, Cursor, Reader, ReadResult, detect, headers_in, unchanged
from sidecar.transcripts.lines import MOST_MESSAGES
from sidecar.transcripts.opencode import OpenCode

DATA = Path(__file__).parent.parent / "data" / "databases"
SCRIPTS = sorted(DATA.rglob("*.sql"))
STORES = sorted({script.parent.name for script in SCRIPTS})
Archive = dict[tuple[str, str], Message]


def absorb(archive: Archive, result: ReadResult) -> None:
    """What the archive does with a result, session by session."""
    for part in result.parts:
        assert part.header is not None
        archive.update({(message.session, message.id): message for message in part.messages})
        for known in part.withdrawn:
            archive.pop((part.header.session, known), None)


def followed(reader: Reader, path: Path, cursor: Cursor | None, archive: Archive, limit: int = 1 << 20) -> Cursor:
    more = True
    while more:
        result = reader.read(path, cursor, limit_bytes=limit)
        absorb(archive, result)
        cursor, more = Cursor.from_json(result.cursor.to_json()), result.more
        assert cursor == result.cursor
    assert cursor is not None
    return cursor


def at_once(reader: Reader, path: Path) -> Archive:
    archive: Archive = {}
    followed(reader, path, None, archive)
    return archive


def texts(archive: Archive) -> list[str]:
    return [message.text for message in sorted(archive.values(), key=lambda message: message.position)]


def statements(script: Path) -> list[str]:
    found, held = [], ""
    for line in script.read_text().splitlines(keepends=True):
        held += line
        if sqlite3.complete_statement(held):
            found.append(held)
            held = ""
    return found


def tables(script: Path) -> list[str]:
    return [statement for statement in statements(script) if "CREATE" in statement]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.parent.name}/{script.stem}")
@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(0, 40), max_size=6), limit=st.sampled_from([1, 500, 1 << 20]))
def test_growth_under_a_live_writer_equals_one_read(script: Path, cuts: list[int], limit: int) -> None:
    reader = READERS[script.parent.name]
    rows = [statement for statement in statements(script) if "CREATE" not in statement]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "built.db")
        with Writer(path) as writer:
            for statement in tables(script):
                writer.run(statement)
            archive: Archive = {}
            cursor = None
            for number, statement in enumerate(rows):
                writer.run(statement)
                if number in cuts:
                    cursor = followed(reader, path, cursor, archive, limit)
                    assert unchanged(path, cursor)
            cursor = followed(reader, path, cursor, archive, limit)
            assert sorted(found.name for found in Path(folder).iterdir()) == [
                "built.db",
                "built.db-shm",
                "built.db-wal",
            ]
            assert without_folders(archive) == without_folders(at_once(reader, path))
        assert not unchanged(path, cursor)  # the log went into the database
        followed(reader, path, cursor, archive, limit)
        assert without_folders(archive) == without_folders(at_once(reader, path))


def without_folders(archive: Archive) -> list[Message]:
    """Cursor names the folder in some bubbles; those that came before are not given again for it."""
    return [dataclasses.replace(message, cwd=None) for _, message in sorted(archive.items())]


@pytest.mark.parametrize("agent", STORES)
def test_a_locked_database_has_nothing_new_yet(agent: str, tmp_path: Path) -> None:
    script = next(script for script in SCRIPTS if script.parent.name == agent)
    path, reader = tmp_path / "built.db", READERS[agent]
    with Writer(path) as writer:
        for statement in statements(script):
            writer.run(statement)
        writer.run("PRAGMA locking_mode=EXCLUSIVE")
        writer.run("BEGIN EXCLUSIVE")
        first = reader.read(path, None)
        assert (first.messages, first.parts, first.more, first.restarted) == ((), (), False, False)
        assert not unchanged(path, first.cursor)
        assert reader.header(path) is None
        writer.run("COMMIT")
        writer.run("PRAGMA locking_mode=NORMAL")
        writer.run("SELECT count(*) FROM sqlite_master")  # which lets go of the lock
        after = reader.read(path, first.cursor)
        assert after.messages
        assert not after.restarted


@pytest.mark.parametrize("agent", STORES)
def test_another_database_in_its_place_is_read_from_the_start(agent: str, tmp_path: Path) -> None:
    script = next(script for script in SCRIPTS if script.parent.name == agent)
    for name in ("built.db", "other.db"):
        with Writer(tmp_path / name) as writer:
            for statement in statements(script):
                writer.run(statement)
    path, reader = tmp_path / "built.db", READERS[agent]
    before = reader.read(path, None)
    (tmp_path / "other.db").replace(path)
    after = reader.read(path, before.cursor)
    assert after.restarted
    assert after.messages == before.messages


@pytest.mark.parametrize("agent", STORES)
def test_sessions_that_are_deleted_are_not_taken_back(agent: str, tmp_path: Path) -> None:
    script = next(script for script in SCRIPTS if script.parent.name == agent)
    path, reader = tmp_path / "built.db", READERS[agent]
    with Writer(path) as writer:
        for statement in statements(script):
            writer.run(statement)
        before = reader.read(path, None)
        for table in ("part", "message", "session", "messages", "sessions", "cursorDiskKV"):
            if any(f"CREATE TABLE {table} " in statement for statement in tables(script)):
                writer.run(f"DELETE FROM {table}")
        after = reader.read(path, before.cursor)
        assert (after.messages, after.withdrawn, after.complete) == ((), (), False)


@pytest.mark.parametrize("agent", STORES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_databases_raise_our_errors_alone(
    agent: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    script = next(script for script in SCRIPTS if script.parent.name == agent)
    path, reader = tmp_path_factory.mktemp("damaged") / "x.db", READERS[agent]
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size=512")
    connection.executescript(f"BEGIN; {script.read_text()} COMMIT;")
    connection.close()
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    for look in (reader.header, lambda found: reader.read(found, None)):
        with contextlib.suppress(TranscriptUnreadable):
            look(path)
    assert [found.name for found in path.parent.iterdir()] == ["x.db"]


ANY_VALUE = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=12) | st.binary(max_size=12)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["text", "tool"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "type text role time created completed content state status input output error tool callID id name "
                "toolCall toolResult value toolFormerData rawArgs result messageID end start metadata exit".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: f"{script.parent.name}/{script.stem}")
@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.lists(ANY_VALUE | ANY_JSON.map(json.dumps), min_size=11, max_size=11), max_size=4))
def test_any_value_may_stand_in_any_column(
    script: Path, values: list[list[object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path, reader = tmp_path_factory.mktemp("any") / "x.db", READERS[script.parent.name]
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    for statement in statements(script):
        connection.execute(statement)
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table == "sqlite_sequence":
            continue
        columns = connection.execute(f"SELECT count(*) FROM pragma_table_info('{table}')").fetchone()[0]
        for row in values:
            marks = ", ".join("?" * columns)
            # A row number is a number, and after the largest one there is none left.
            with contextlib.suppress(sqlite3.IntegrityError, sqlite3.OperationalError):
                connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row[:columns])
    connection.commit()
    connection.close()
    for message in reader.read(path, None).messages:
        json.dumps([message.id, message.session, message.text, message.cwd], ensure_ascii=False).encode()
        assert 0 <= message.position < 2**63
    reader.header(path)


# OpenCode


SESSION = "INSERT INTO session VALUES ('ses_a', 'p', NULL, 'a', '/home/mia/bakery', 'Ovens', '1', NULL, 1, 1)"


def opencode(writer: Writer) -> None:
    for statement in tables(DATA / "opencode" / "messages_with_parts.sql"):
        writer.run(statement)
    writer.run(SESSION)


def says(writer: Writer, number: int, words: str, role: str = "user") -> None:
    made = 1770000000000 + number
    info = json.dumps({"role": role, "time": {"created": made}})
    part = json.dumps({"type": "text", "text": words})
    writer.run("INSERT INTO message VALUES (?, 'ses_a', ?, ?, ?)", [f"msg_{number:02}", made, made, info])
    writer.run(
        "INSERT INTO part VALUES (?, ?, 'ses_a', ?, ?, ?)", [f"prt_{number:02}", f"msg_{number:02}", made, made, part]
    )


def test_rows_without_a_name_are_damaged_and_never_taken_for_each_other(tmp_path: Path) -> None:
    path, reader = tmp_path / "opencode.db", READERS["opencode"]
    with Writer(path) as writer:
        opencode(writer)
        writer.run("INSERT INTO session VALUES ('', 'p', NULL, 'a', '/home/mia/mill', 'Rye', '1', NULL, 1, 1)")
        says(writer, 1, "Salt.")
        says(writer, 2, "Rye.")
        writer.run("UPDATE part SET message_id = '' WHERE id = 'prt_02'")
        writer.run("UPDATE message SET id = '' WHERE id = 'msg_02'")
        found = reader.read(path, None)
        assert [message.text for message in found.messages] == ["Salt."]
        assert found.damaged == 1
        assert [header.session for header in headers_in(reader, path)] == ["ses_a"]


def test_an_answer_that_streams_is_one_message(tmp_path: Path) -> None:
    path, reader = tmp_path / "opencode.db", READERS["opencode"]
    archive: Archive = {}
    with Writer(path) as writer:
        opencode(writer)
        says(writer, 1, "Which oven?")
        says(writer, 2, "The", role="assistant")
        cursor = followed(reader, path, None, archive)
        for number, words in enumerate(["The deck", "The deck oven."]):
            part = json.dumps({"type": "text", "text": words})
            writer.run("UPDATE part SET data = ?, time_updated = ? WHERE id = 'prt_02'", [part, 1780000000000 + number])
            result = reader.read(path, cursor)
            assert [message.text for message in result.messages] == [words]
            absorb(archive, result)
            cursor = result.cursor
        assert reader.read(path, cursor).messages == ()
    assert texts(archive) == ["Which oven?", "The deck oven."]


def test_undone_messages_are_taken_back_and_come_again_when_that_is_undone(tmp_path: Path) -> None:
    path, reader = tmp_path / "opencode.db", READERS["opencode"]
    archive: Archive = {}
    with Writer(path) as writer:
        opencode(writer)
        for number, words in enumerate(["Use rye.", "Use wheat.", "Use oats."]):
            says(writer, number, words)
        cursor = followed(reader, path, None, archive)
        writer.run("UPDATE session SET revert = ?", [json.dumps({"messageID": "msg_01", "snapshot": "x"})])
        cursor = followed(reader, path, cursor, archive)
        assert texts(archive) == ["Use rye."]
        writer.run("UPDATE session SET revert = NULL")
        cursor = followed(reader, path, cursor, archive)
        assert texts(archive) == ["Use rye.", "Use wheat.", "Use oats."]
        writer.run("UPDATE session SET revert = ?", [json.dumps({"messageID": "msg_02"})])
        cursor = followed(reader, path, cursor, archive)
        # The next prompt removes the rows for good.
        writer.run("DELETE FROM part WHERE message_id = 'msg_02'")
        writer.run("DELETE FROM message WHERE id = 'msg_02'")
        writer.run("UPDATE session SET revert = NULL")
        says(writer, 3, "Use spelt.")
        followed(reader, path, cursor, archive)
    assert texts(archive) == ["Use rye.", "Use wheat.", "Use spelt."]


def test_the_new_tables_go_on_where_the_old_ones_end(tmp_path: Path) -> None:
    path, reader = tmp_path / "opencode.db", READERS["opencode"]
    archive: Archive = {}
    script = statements(DATA / "opencode" / "upgraded.sql")
    with Writer(path) as writer:
        for statement in script:
            if "session_message" not in statement and "session_v2" not in statement:
                writer.run(statement)
        cursor = followed(reader, path, None, archive)
        assert texts(archive) == ["Grind rye.", "Use the deck oven."]
        for statement in script:
            if "session_message" in statement or "session_v2" in statement:
                writer.run(statement)
        followed(reader, path, cursor, archive)
    assert texts(archive) == ["Grind rye.", "Use the deck oven.", "And steam."]


def test_places_of_opencode(tmp_path: Path) -> None:
    store = OpenCode()
    usual = (Path("/h/.local/share/opencode/storage/session"), Path("/h/.local/share/opencode"))
    assert READERS["opencode"].roots({"HOME": "/h"}) == usual
    assert store.roots({"HOME": "/h", "XDG_DATA_HOME": "/d"})[1] == Path("/d/opencode")
    assert store.roots({"HOME": "/h", "OPENCODE_DB": "~/kept/my.db"}) == (*usual, Path("/h/kept"))
    assert store.roots({"HOME": "/h", "OPENCODE_DB": "my.db"}) == usual
    for named in ("~/my.db", "/my.db"):  # not all that lies in the home folder
        assert store.roots({"HOME": "/h", "OPENCODE_DB": named}) == usual
    assert store.roots({"HOME": "/h", "OPENCODE_DB": ":memory:"}) == usual
    for name, taken in [
        ("opencode.db", True),
        ("opencode-dev.db", True),
        ("opencode.db-wal", False),
        ("other.db", False),
        ("opencode.db.bak", False),
    ]:
        assert store.is_transcript(Path("/h/.local/share/opencode", name)) is taken
    assert store.depth(Path("/h/.local/share/opencode")) == 0
    assert store.depth(tmp_path) is None
    (tmp_path / "opencode.db").touch()
    assert store.depth(tmp_path) == 0


# OpenCode's files of old


def put(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def old_session(storage: Path, session: str = "ses_a") -> Path:
    for number, (role, words) in enumerate([("user", "Use the deck oven."), ("assistant", "The deck oven it is.")]):
        info = {"id": f"msg_{number}", "sessionID": session, "role": role, "time": {"created": 1770000000000 + number}}
        put(storage / "message" / session / f"msg_{number}.json", info)
        put(storage / "part" / f"msg_{number}" / "prt_0.json", {"type": "text", "text": words})
    content = {
        "id": session,
        "projectID": "proj",
        "directory": "/home/mia/bakery",
        "time": {"created": 1770000000000, "updated": 1770000090000},
    }
    return put(storage / "session" / "proj" / f"{session}.json", content)


def test_the_old_tree_of_files(tmp_path: Path) -> None:
    reader = READERS["opencode"]
    path = old_session(tmp_path / "storage")
    assert reader.is_transcript(path)
    assert detect(path) == "opencode"
    assert not reader.is_transcript(tmp_path / "storage" / "message" / "ses_a" / "msg_0.json")
    result = reader.read(path, None)
    assert [(message.id, message.text) for message in result.messages] == [
        ("msg_0", "Use the deck oven."),
        ("msg_1", "The deck oven it is."),
    ]
    header = reader.header(path)
    assert header == result.header
    assert header is not None
    assert (header.session, header.cwds, header.started and header.started.year) == (
        "ses_a",
        ("/home/mia/bakery",),
        2026,
    )
    assert reader.read(path, result.cursor).messages == ()
    assert not unchanged(path, result.cursor)  # messages may come without a change to this file
    put(
        tmp_path / "storage/message/ses_a/msg_2.json",
        {"id": "msg_2", "role": "user", "time": {"created": 1770000000009}},
    )
    put(tmp_path / "storage/part/msg_2/prt_1.json", {"type": "text", "text": "And steam."})
    put(tmp_path / "storage/part/msg_2/prt_2.json", '{"type": "text", "te')
    more = reader.read(path, result.cursor)
    assert [message.text for message in more.messages][2:] == ["And steam."]
    assert more.damaged == 1


def test_old_files_and_the_database_say_the_same(tmp_path: Path) -> None:
    path = old_session(tmp_path / "storage")
    database = tmp_path / "opencode.db"
    with Writer(database) as writer:
        for statement in tables(DATA / "opencode" / "upgraded.sql"):
            writer.run(statement)
        writer.run("INSERT INTO session VALUES ('ses_a', '/home/mia/bakery', NULL, 1770000000000, 1770000090000)")
        for number in range(2):
            info = (tmp_path / f"storage/message/ses_a/msg_{number}.json").read_text()
            part = (tmp_path / f"storage/part/msg_{number}/prt_0.json").read_text()
            writer.run("INSERT INTO message VALUES (?, 'ses_a', 0, 0, ?)", [f"msg_{number}", info])
            writer.run("INSERT INTO part VALUES (?, ?, 'ses_a', 0, 0, ?)", [f"prt_{number}", f"msg_{number}", part])
    assert READERS["opencode"].read(path, None).messages == READERS["opencode"].read(database, None).messages


def test_an_old_session_without_messages_is_none(tmp_path: Path) -> None:
    path = put(tmp_path / "storage/session/proj/ses_x.json", {"id": "../../x", "directory": "/x"})
    result = READERS["opencode"].read(path, None)
    assert (result.messages, result.header, READERS["opencode"].header(path)) == ((), None, None)
    put(path, "{")
    result = READERS["opencode"].read(path, None)
    assert (result.messages, result.damaged) == ((), 1)


# Goose


def test_a_conversation_that_is_written_anew_is_the_same(tmp_path: Path) -> None:
    path, reader = tmp_path / "sessions.db", READERS["goose"]
    archive: Archive = {}
    with Writer(path) as writer:
        for statement in statements(DATA / "goose" / "sessions.sql"):
            writer.run(statement)
        cursor = followed(reader, path, None, archive)
        before = {known for session, known in archive if session == "20260202_1"}
        writer.run("BEGIN")
        writer.run("CREATE TEMP TABLE kept AS SELECT * FROM messages WHERE session_id = '20260202_1' ORDER BY id")
        writer.run("DELETE FROM messages WHERE session_id = '20260202_1'")
        writer.run(
            "INSERT INTO messages (message_id, session_id, role, content_json, created_timestamp, metadata_json)"
            " SELECT message_id, session_id, role, content_json, created_timestamp, metadata_json FROM kept ORDER BY id"
        )
        writer.run("COMMIT")
        result = reader.read(path, cursor)
        assert {message.id for message in result.messages} == before
        assert result.withdrawn == ()


def test_providers_that_give_an_id_twice_lose_nothing(tmp_path: Path) -> None:
    path, reader = tmp_path / "sessions.db", READERS["goose"]
    with Writer(path) as writer:
        for statement in tables(DATA / "goose" / "sessions.sql"):
            writer.run(statement)
        for number, words in enumerate(["Rye.", "Salt.", "Rye."]):
            content = json.dumps([{"type": "text", "text": words}])
            writer.run(
                "INSERT INTO messages (message_id, session_id, role, content_json, created_timestamp)"
                " VALUES ('chatcmpl-537', ?, 'assistant', ?, ?)",
                ["s1" if number < 2 else "s2", content, 1770000000 + number],
            )
    assert texts(at_once(reader, path)) == ["Rye.", "Salt.", "Rye."]


def test_a_result_in_a_later_read_finds_its_call(tmp_path: Path) -> None:
    path, reader = tmp_path / "sessions.db", READERS["goose"]
    rows = statements(DATA / "goose" / "sessions.sql")
    with Writer(path) as writer:
        for statement in rows[:7]:
            writer.run(statement)
        cursor = reader.read(path, None).cursor
        for statement in rows[7:]:
            writer.run(statement)
        found = [message.tool for message in reader.read(path, cursor).messages if message.tool]
    assert [tool.command for tool in found] == ["ls ovens", ""]


def test_places_of_goose() -> None:
    goose = READERS["goose"]
    assert goose.roots({"HOME": "/h"}) == (Path("/h/.local/share/goose/sessions"),)
    assert goose.roots({"HOME": "/h", "XDG_DATA_HOME": "/d"}) == (Path("/d/goose/sessions"),)
    assert goose.roots({"HOME": "/h", "GOOSE_PATH_ROOT": "~/g", "XDG_DATA_HOME": "/d"}) == (Path("/h/g/data/sessions"),)
    windows = {"HOME": "/h", "APPDATA": "/h/AppData/Roaming"}
    assert goose.roots(windows, "win32") == (Path("/h/AppData/Roaming/Block/goose/data/sessions"),)
    assert goose.roots({"HOME": "/h"}, "darwin") == (Path("/h/.local/share/goose/sessions"),)


@pytest.mark.parametrize("agent", ["goose", "opencode"])
def test_a_row_of_megabytes_keeps_its_ends(agent: str, tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    path.write_bytes(store(agent, [f"Bake rye. {'x ' * 4_000_000}Salt it.", "Use the deck oven."], escaped=False))
    long, other = sorted(texts(at_once(READERS[agent], path)))
    assert long.startswith("Bake rye. x x")
    assert long.endswith("x x Salt it.")
    assert len(long) < 5_000_000
    assert other == "Use the deck oven."


@pytest.mark.parametrize("agent", ["goose", "opencode"])
def test_a_look_ends_after_so_many_rows_and_the_next_goes_on(agent: str, tmp_path: Path) -> None:
    said = [f"Batch {number} is done." for number in range(MOST_MESSAGES + 100)]
    path = tmp_path / "sessions.db"
    path.write_bytes(store(agent, said))
    first = READERS[agent].read(path, None, limit_bytes=1 << 40)
    assert (first.more, len(first.messages)) == (True, MOST_MESSAGES)
    archive: Archive = {}
    followed(READERS[agent], path, None, archive, 1 << 40)
    assert sorted(message.text for message in archive.values()) == sorted(said)


def test_a_fork_of_what_was_shown_a_large_picture_is_known_as_a_copy(tmp_path: Path) -> None:
    """Rows of megabytes are read without their pictures, and yet compared as they are."""
    script = next(script for script in SCRIPTS if script.stem == "typed_rows")
    path, picture = tmp_path / "built.db", "data:image/png;base64," + "iVBORw0KGgo" * 200_000
    data = json.dumps({"time": {"created": 1770000001000}, "text": "Is this burnt?", "files": [{"url": picture}]})
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script.read_text())
        connection.execute("UPDATE session_message SET data = ? WHERE id IN ('msg_01', 'msg_09')", (data,))
        connection.commit()
    ids = {(session, known) for (session, known), said in at_once(READERS["opencode"], path).items()
           if said.text.startswith("Is this burnt?")}  # fmt: skip
    assert ids == {("ses_a", "msg_01"), ("ses_f", "msg_01")}

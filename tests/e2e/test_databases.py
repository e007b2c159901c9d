"""A database of many sessions under the running daemon: each session goes where its folder belongs."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Daemon, repository, wait_until

TABLES = (
    "CREATE TABLE sessions (id TEXT PRIMARY KEY, session_type TEXT, working_dir TEXT NOT NULL, created_at TIMESTAMP,"
    " updated_at TIMESTAMP)",
    "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, session_id TEXT NOT NULL,"
    " role TEXT NOT NULL, content_json TEXT NOT NULL, created_timestamp INTEGER NOT NULL, metadata_json TEXT)",
)


@pytest.fixture
def goose(home: Path) -> Iterator[sqlite3.Connection]:
    """Goose's database, open in WAL mode as Goose has it."""
    path = home / ".local" / "share" / "goose" / "sessions" / "sessions.db"
    path.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        for table in TABLES:
            connection.execute(table)
        yield connection


def begin(goose: sqlite3.Connection, session: str, cwd: Path) -> None:
    values = (session, str(cwd), "2026-09-01 09:00:00", "2026-09-01 09:00:00")
    goose.execute("INSERT INTO sessions VALUES (?, 'user', ?, ?, ?)", values)


def say(goose: sqlite3.Connection, session: str, words: str) -> None:
    content = json.dumps([{"type": "text", "text": words}])
    goose.execute(
        "INSERT INTO messages (message_id, session_id, role, content_json, created_timestamp)"
        " VALUES (lower(hex(randomblob(8))), ?, 'user', ?, 1788253200)",
        (session, content),
    )


def test_every_session_of_a_database_is_routed_by_its_own_folder(
    daemon: Daemon, goose: sqlite3.Connection, home: Path, project: Path
) -> None:
    other = repository(home / "work" / "wren", "wren")
    begin(goose, "20260901_1", project)
    begin(goose, "20260901_2", other)
    for number in range(3):  # the two take turns
        say(goose, "20260901_1", f"the key of cupboard {number} hangs in room 1{number}")
        say(goose, "20260901_2", f"the key of cupboard {number} lies in drawer 4{number}")
    daemon.start()
    daemon.settle()
    here, there = (daemon.contents("where is the key of the cupboard?", cwd) for cwd in (project, other))
    assert any("room 11" in text for text in here)
    assert not any("drawer" in text for text in here)
    assert any("drawer 41" in text for text in there)
    assert not any("room" in text for text in there)


def test_a_live_database_is_followed_while_its_writer_has_it_open(
    daemon: Daemon, goose: sqlite3.Connection, project: Path
) -> None:
    begin(goose, "20260901_1", project)
    say(goose, "20260901_1", "the lab key hangs in room 12")
    daemon.start()
    daemon.settle()
    size = Path(goose.execute("PRAGMA database_list").fetchone()[2]).stat().st_size
    say(goose, "20260901_1", "the spare lab key lies in drawer 44")
    assert Path(goose.execute("PRAGMA database_list").fetchone()[2]).stat().st_size == size  # it is in the log alone
    wait_until(
        "what is in the log is recalled",
        lambda: any("drawer 44" in text for text in daemon.contents("where is the spare lab key?", project)),
    )
    daemon.settle()


def test_a_dry_run_tells_what_every_session_would_bring(
    daemon: Daemon, goose: sqlite3.Connection, home: Path, project: Path
) -> None:
    other = repository(home / "work" / "wren", "wren")
    begin(goose, "20260901_1", project)
    begin(goose, "20260901_2", other)
    say(goose, "20260901_1", "Remember that the key of the lab hangs in room 12.")
    say(goose, "20260901_2", "Remember that the key of the shed lies in drawer 44.")
    path = Path(goose.execute("PRAGMA database_list").fetchone()[2])
    daemon.environ = {"SIDECAR_WATCH_AGENTS": "[]"}
    daemon.start()
    done = daemon.cli("ingest", "--dry-run", str(path))
    assert done.returncode == 0, done.stderr
    assert "room 12" in done.stdout
    assert "drawer 44" in done.stdout

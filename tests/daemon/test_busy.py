"""A database whose agent is writing to it at the moment of `sidecar ingest`: it is busy, and not without words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from wired import Wired, within

HOT = bytes.fromhex("d9d505f920a163d7") + bytes(504)
"""A rollback journal that counts: a transaction is under way."""


def goose(path: Path) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE sessions (id TEXT PRIMARY KEY, working_dir TEXT, created_at TIMESTAMP);"
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, content_json TEXT,"
            " created_timestamp INTEGER);"
            "INSERT INTO sessions VALUES ('s1', '/w/bakery', '2026-09-01');"
        )
        said = json.dumps([{"type": "text", "text": "Use rye."}])
        connection.execute("INSERT INTO messages VALUES (1, 's1', 'user', ?, 1788253200)", (said,))
        connection.commit()
    return path


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("agent", [None, "goose"])
def test_it_is_said_that_it_is_busy_and_to_try_again(agent: str | None, dry_run: bool, tmp_path: Path) -> None:
    path = goose(tmp_path / "sessions.db")
    path.with_name("sessions.db-journal").write_bytes(HOT)

    async def scenario(world: Wired) -> None:
        world.parts.extraction.ready.set()
        result = await world.service.ingest_transcripts([str(path)], agent=agent, dry_run=dry_run)
        (problem,) = result.problems
        assert problem.reason == "its agent is writing to it at this moment"
        assert problem.hint.startswith("Try again")
        assert result.files == 0
        assert path.with_name("sessions.db-journal").read_bytes() == HOT

    within(tmp_path, scenario)


def test_a_short_transaction_is_waited_for(tmp_path: Path) -> None:
    path = goose(tmp_path / "sessions.db")
    journal = path.with_name("sessions.db-journal")
    journal.write_bytes(HOT)

    async def scenario(world: Wired) -> None:
        ingest = asyncio.create_task(world.service.ingest_transcripts([str(path)], agent="goose", dry_run=False))
        await asyncio.sleep(0.3)
        journal.unlink()
        result = await ingest
        assert (result.files, result.messages, result.problems) == (1, 1, [])

    within(tmp_path, scenario)


def test_a_database_without_a_conversation_is_still_called_that(tmp_path: Path) -> None:
    path = goose(tmp_path / "sessions.db")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM messages")
        connection.execute("DELETE FROM sessions")
        connection.commit()

    async def scenario(world: Wired) -> None:
        result = await world.service.ingest_transcripts([str(path)], agent=None, dry_run=False)
        assert [problem.reason for problem in result.problems] == ["it holds no conversation"]

    within(tmp_path, scenario)

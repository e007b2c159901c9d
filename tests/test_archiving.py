"""The write road's first step: a piece of a file with many sessions, each to its own profile, the cursor last."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.archiving import Archiving
from sidecar.config.settings import ProfileRule
from sidecar.journal import Journal
from sidecar.model import ProfileRef, SessionRef
from sidecar.pieces import read_piece
from sidecar.routing import Router
from sidecar.transcripts import unchanged


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.db") as found:
        yield found


def archiving(journal: Journal, home: Path) -> Archiving:
    rules = [
        ProfileRule(path=str(home / "bakery"), profile="bakery"),
        ProfileRule(path=str(home / "mill"), profile="mill"),
        ProfileRule(path=str(home / "diary"), ignore=True),
    ]
    router = Router(namespace="local", rules=rules, home=home, temps=(), repo_facts=lambda _: None, routes=journal)
    return Archiving(journal, router, "local", timedelta(minutes=10))


def goose(path: Path, *said: tuple[str, Path, str]) -> Path:
    """A database with messages in this order, each of a session in a folder."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, working_dir TEXT, created_at TIMESTAMP);"
            "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT,"
            " content_json TEXT, created_timestamp INTEGER);"
        )
        for session, cwd, words in said:
            content = json.dumps([{"type": "text", "text": words}])
            connection.execute("INSERT OR IGNORE INTO sessions VALUES (?, ?, '2026-09-01')", (session, str(cwd)))
            connection.execute(
                "INSERT INTO messages (session_id, role, content_json, created_timestamp)"
                " VALUES (?, 'user', ?, 1788253200)",
                (session, content),
            )
        connection.commit()
    return path


def texts(journal: Journal, session: str) -> list[str]:
    return [archived.message.text for archived in journal.messages(SessionRef("goose", session))]


def test_each_session_goes_to_its_profile(journal: Journal, home: Path, tmp_path: Path) -> None:
    path = goose(
        tmp_path / "sessions.db",
        ("s1", home / "bakery", "Use rye."),
        ("s2", home / "mill", "Grind rye."),
        ("s3", home / "diary", "Nobody's business."),
        ("s1", home / "bakery", "Use salt."),
    )
    step = archiving(journal, home).step("goose", path)
    assert (step.added, step.changed, step.more) == (3, True, False)
    assert step.sessions == (SessionRef("goose", "s1"), SessionRef("goose", "s2"))
    found = {row.ref.session: row.profile for row in journal.sessions()}
    assert found == {"s1": ProfileRef("local", "bakery"), "s2": ProfileRef("local", "mill")}
    assert (texts(journal, "s1"), texts(journal, "s2"), texts(journal, "s3")) == (
        ["Use rye.", "Use salt."],
        ["Grind rye."],
        [],
    )
    jobs = {job.ref.session for _ in range(3) if (job := journal.claim(datetime.now(UTC))) is not None}
    assert jobs == {"s1", "s2"}


def test_a_second_step_finds_nothing_and_a_third_what_is_new(journal: Journal, home: Path, tmp_path: Path) -> None:
    path = goose(tmp_path / "sessions.db", ("s1", home / "bakery", "Use rye."), ("s2", home / "mill", "Grind rye."))
    road = archiving(journal, home)
    road.step("goose", path)
    cursor = road.cursor(path)
    assert cursor is not None
    assert unchanged(path, cursor)
    assert not road.step("goose", path).changed
    goose(path, ("s2", home / "mill", "Grind wheat."))
    assert road.step("goose", path).sessions == (SessionRef("goose", "s2"),)
    assert texts(journal, "s2") == ["Grind rye.", "Grind wheat."]


def test_a_piece_that_was_overtaken_is_dropped_and_nothing_comes_twice(
    journal: Journal, home: Path, tmp_path: Path
) -> None:
    path = goose(tmp_path / "sessions.db", ("s1", home / "bakery", "Use rye."))
    road = archiving(journal, home)
    early = read_piece("goose", path, None)
    assert early is not None
    goose(path, ("s1", home / "bakery", "Use salt."))
    assert road.step("goose", path).added == 2
    cursor = road.cursor(path)
    step = road.keep_piece(early)
    assert (step.changed, step.more) == (False, True)
    assert road.cursor(path) == cursor
    assert texts(journal, "s1") == ["Use rye.", "Use salt."]
    goose(path, ("s1", home / "bakery", "Use oil."))
    late = read_piece("goose", path, cursor)
    assert late is not None
    assert road.keep_piece(late).added == 1
    assert read_piece("goose", path, road.cursor(path)) is None, "nothing new can be in it"


def test_a_crash_between_two_sessions_loses_none_of_them(journal: Journal, home: Path, tmp_path: Path) -> None:
    path = goose(tmp_path / "sessions.db", ("s1", home / "bakery", "Use rye."), ("s2", home / "mill", "Grind rye."))
    road = archiving(journal, home)
    piece = read_piece("goose", path, None)
    assert piece is not None
    road._keep(piece, piece.result.parts[0], None)
    assert (texts(journal, "s1"), road.cursor(path)) == (["Use rye."], None)
    assert road.step("goose", path).added == 1
    assert (texts(journal, "s1"), texts(journal, "s2")) == (["Use rye."], ["Grind rye."])
    assert road.cursor(path) is not None


def test_what_a_rewritten_document_of_many_messages_has_lost_is_withdrawn_with_its_last_step(
    journal: Journal, home: Path, tmp_path: Path
) -> None:
    path = tmp_path / "session-1.json"

    def write(*numbers: int) -> str:
        messages = [
            {"id": f"m{n}", "type": "user", "content": f"\N{GRINNING FACE} {n} {'rye ' * 250}"} for n in numbers
        ]
        content = json.dumps({"sessionId": "s", "messages": messages})
        path.write_text(content)
        return content

    def kept() -> set[str]:
        found = journal.messages(SessionRef("gemini", "s"))
        return {archived.message.id for archived in found if not archived.withdrawn}

    road = archiving(journal, home)
    write(*range(3000))
    assert road.step("gemini", path).more
    while road.step("gemini", path).more:
        pass
    assert kept() == {f"m{n}" for n in range(3000)}
    content = write(*range(100, 3000))
    path.write_text(content[: len(content) // 2])
    assert not road.step("gemini", path).changed
    path.write_text(content)
    assert road.step("gemini", path).more
    assert len(kept()) == 3000  # nothing is taken back before all of the file was given
    while road.step("gemini", path).more:
        pass
    assert kept() == {f"m{n}" for n in range(100, 3000)}

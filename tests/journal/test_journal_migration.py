"""A journal of an older format is opened, and holds afterwards what it held before."""

from __future__ import annotations

from pathlib import Path

import pytest
from journal_builders import WEB, at, ids, read, ref, said, talk

from sidecar.journal import Backlog, Journal, QueueCounts
from sidecar.journal.database import Database
from sidecar.journal.schema import MIGRATIONS


def _older(path: Path, format: int) -> Database:  # noqa: A002
    """A database as an older sidecar made it."""
    return Database(path, MIGRATIONS[:format])


def _fill(database: Database) -> None:
    """One session that the rules were through with, one that waits, one message of each."""
    statements = (
        "INSERT INTO profiles VALUES (1, 'local', 'web')",
        "INSERT INTO sessions (number, agent, session, scope, profile, extracted) VALUES"
        " (1, 'claude-code', 's1', '', 1, 1), (2, 'claude-code', 's2', '', 1, 0)",
        "INSERT INTO files (number, path, agent, session, cursor) VALUES (1, '/t/s1.jsonl', 'claude-code', 1, 'c')",
        "INSERT INTO messages (number, agent, scope, id, session, file, position, sidechain, talk, seq, change, role,"
        " speaker, kind, bytes) VALUES"
        " (1, 'claude-code', '', 'm1', 1, 1, 0, 0, 1, 1, 1, 'user', 'user', 'text', 100),"
        " (2, 'claude-code', '', 'm2', 2, 1, 1, 0, 1, 2, 2, 'user', 'user', 'text', 50)",
        "INSERT INTO texts VALUES (1, x'789c4bcc4bcc040003f101c8'), (2, x'789c4bcc4bcc040003f101c8')",
        "UPDATE counters SET value = 2",
        "INSERT INTO jobs (session, state, due, priority) VALUES (2, 'pending', 0, 0)",
    )
    with database.writing() as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize("format", range(1, len(MIGRATIONS) + 1))
def test_a_journal_of_any_older_format_is_brought_up_to_date(tmp_path: Path, format: int) -> None:  # noqa: A002
    path = tmp_path / "journal.db"
    _older(path, format).close()
    with Journal.open(path) as journal:
        read(journal, talk("a"))
        journal.enqueue(ref(), WEB, due=at(0))
        assert journal.claim(at(0)) is not None
    with Journal.open(path) as journal:
        assert ids(journal) == ["a"]


def test_what_format_1_held_is_all_there(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    database = _older(path, 1)
    _fill(database)
    database.close()
    with Journal.open(path) as journal:
        assert journal.queue() == QueueCounts(pending=1)
        assert [(row.ref.session, row.extracted, row.messages) for row in journal.sessions()] == [
            ("s1", 1, 1),
            ("s2", 0, 1),
        ]
        assert journal.cursor("/t/s1.jsonl") == "c"
        assert journal.outcomes() == [], "how they ended was not written down then"
        assert journal.backlog() == Backlog(1, 100), "judged by the packed length"
        assert journal.claim(at(0)).ref == ref("s2")


def test_what_the_rules_did_under_format_1_can_be_done_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    database = _older(path, 1)
    _fill(database)
    database.close()
    with Journal.open(path) as journal:
        assert journal.requeue("rules", due=at(0)) == 1
        assert [(job.ref.session, job.anew) for job in journal.jobs()] == [("s2", False), ("s1", True)]


def test_new_texts_are_counted_in_characters(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db") as journal:
        read(journal, [said("a", "ä" * 500), said("b", "x" * 30, position=1)])
        journal.enqueue(ref(), WEB, due=at(0))
        assert journal.backlog() == Backlog(1, 530)
        read(journal, [said("b", "x" * 40, position=1)])
        assert journal.backlog() == Backlog(1, 540)
        journal.remove_messages(None, ["a"])
        assert journal.backlog() == Backlog(1, 40)

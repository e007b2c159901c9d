"""Files in which too much is unknown are marked; one new kind of record here and there is not enough."""

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from sidecar.transcripts import READERS

CLAUDE = READERS["claude-code"]


def lines(known: int, unknown: int) -> str:
    said = [
        {"type": "user", "uuid": f"u{n}", "sessionId": "s", "message": {"content": f"Loaf {n}."}} for n in range(known)
    ]
    odd = [{"type": f"novelty-{n % 2}", "uuid": f"n{n}"} for n in range(unknown)]
    return "".join(json.dumps(record) + "\n" for record in (*said, *odd))


@pytest.mark.parametrize(
    ("known", "unknown", "drifted"),
    [
        (95, 5, False),
        (94, 6, True),
        (20, 0, False),
        (0, 1, True),
        (0, 2, True),
        (1, 2, False),
        (0, 3, True),
        (17, 2, False),
    ],
)
def test_more_than_a_twentieth(known: int, unknown: int, drifted: bool, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(lines(known, unknown))
    assert CLAUDE.read(path, None).drifted is drifted


def test_a_fresh_file_of_which_only_the_head_is_there_is_no_other_format(tmp_path: Path) -> None:
    """Agents write a head before anyone speaks: it is known, and what comes later is judged together with it."""
    path = tmp_path / "rollout-2026-01-01T00-00-00-019f0000-0000-7000-8000-000000000001.jsonl"
    head = {"type": "session_meta", "payload": {"id": "019f0000-0000-7000-8000-000000000001", "cwd": "/home/mia"}}
    path.write_text(json.dumps(head) + "\n")
    first = READERS["codex"].read(path, None)
    assert (first.messages, first.drifted) == ((), False)
    with path.open("a") as file:
        file.write('{"type":"novelty","payload":{}}\n' * 2)
    assert READERS["codex"].read(path, first.cursor).drifted is False
    with path.open("a") as file:
        file.write('{"type":"novelty","payload":{}}\n')
    assert READERS["codex"].read(path, None).drifted is True


def test_what_was_all_unknown_is_judged_anew_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(lines(0, 1))
    first = CLAUDE.read(path, None)
    with path.open("a") as file:
        file.write(lines(1, 0))
    assert (first.drifted, CLAUDE.read(path, first.cursor).drifted) == (True, False)


def test_kinds_without_number_are_counted_together(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("".join(json.dumps({"type": f"novelty-{n}" * 50}) + "\n" for n in range(150)))
    unknown = CLAUDE.read(path, None).unknown
    assert sum(unknown.values()) == 150
    assert unknown["(others)"] == 50
    assert max(map(len, unknown)) < 200


def test_counts_go_over_all_reads_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(lines(94, 0))
    cursor = CLAUDE.read(path, None).cursor
    with path.open("a") as file:
        file.write(lines(0, 4))
    some = CLAUDE.read(path, cursor)
    assert (some.drifted, some.unknown) == (False, {"novelty-0": 2, "novelty-1": 2})
    with path.open("a") as file:
        file.write(lines(0, 2))
    more = CLAUDE.read(path, some.cursor)
    assert (more.drifted, more.unknown) == (True, {"novelty-0": 1, "novelty-1": 1})


def test_a_record_with_two_unknown_parts_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    odd = {"type": "assistant", "uuid": "a", "message": {"content": [{"type": "song"}, {"type": "dance"}]}}
    path.write_text(lines(20, 0) + json.dumps(odd) + "\n")
    result = CLAUDE.read(path, None)
    assert (result.drifted, result.unknown) == (False, {"block/dance": 1, "block/song": 1})


def test_messages_of_one_document_are_counted_each(tmp_path: Path) -> None:
    path = tmp_path / "session-1-x.json"
    said = [{"id": f"m{n}", "type": "user", "content": f"Loaf {n}."} for n in range(30)]
    for odd, drifted in ((2, False), (3, True)):
        messages = said + [{"id": f"n{n}", "type": "novelty"} for n in range(odd)]
        path.write_text(json.dumps({"sessionId": "s", "messages": messages}))
        assert READERS["gemini"].read(path, None).drifted is drifted


def test_of_a_database_all_looks_count(tmp_path: Path) -> None:
    path, reader = tmp_path / "sessions.db", READERS["goose"]
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE sessions (id TEXT, working_dir TEXT)")
        connection.execute(
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, content_json TEXT)"
        )
        add = "INSERT INTO messages (session_id, role, content_json) VALUES ('s', 'user', ?)"
        connection.executemany(add, [('[{"type":"text","text":"Rye."}]',)] * 19 + [('[{"type":"dance"}]',)] * 2)
        some = reader.read(path, None)
        connection.execute(add, ('[{"type":"dance"}]',))
    more = reader.read(path, some.cursor)
    assert (some.drifted, sum(some.unknown.values())) == (False, 2)
    assert (more.drifted, sum(more.unknown.values())) == (True, 1)

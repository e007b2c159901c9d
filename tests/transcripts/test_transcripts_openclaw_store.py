"""OpenClaw's database: which lines are new is told by it, what they mean by the reader of its files."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from live_writer import Writer

from sidecar.model import Message
from sidecar.transcripts.base import Record
from sidecar.transcripts.joined import Joined
from sidecar.transcripts.openclaw_store import LOOK_BACK, OpenClawStore
from sidecar.transcripts.opencode_files import OpenCodeFiles
from sidecar.transcripts.values import obj, text

EVENTS = (
    "CREATE TABLE transcript_events (session_id TEXT NOT NULL, seq INTEGER NOT NULL, event_json TEXT NOT NULL,"
    " created_at INTEGER NOT NULL, PRIMARY KEY (session_id, seq)) STRICT"
)


class SimpleLines:
    """Knows prompts, calls and results: enough to see which lines it is fed."""

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        self.session, self.unknown = path.stem, Counter[str]()
        self._calls: dict[str, str] = {}

    def feed(self, position: int, record: Record) -> Iterator[Message]:
        """The words of the next record, a result with the name of its call."""
        kind, known = text(record.get("type")), text(record.get("id"))
        if kind == "call":
            self._calls[known] = text(record.get("name"))
        elif kind == "result":
            said = self._calls.get(known, "unknown call")
            yield Message(f"{known}:result", "openclaw", self.session, "tool", "tool", said, position=position)
        elif kind == "message":
            said = text(obj(record.get("message")).get("content"))
            yield Message(known, "openclaw", self.session, "user", "user", said, position=position)
        elif kind != "session":
            self.unknown[kind] += 1


STORE = OpenClawStore(SimpleLines)


def put(writer: Writer, session: str, seq: int, **record: object) -> None:
    writer.run("INSERT INTO transcript_events VALUES (?, ?, ?, 0)", [session, seq, json.dumps(record)])


def test_results_find_calls_of_earlier_reads_and_nothing_is_told_twice(tmp_path: Path) -> None:
    path = tmp_path / "openclaw-agent.sqlite"
    with Writer(path) as writer:
        writer.run(EVENTS)
        put(writer, "s1", 0, type="session", id="s1", cwd="/home/mia/bakery", timestamp="2026-09-02T10:00:00Z")
        put(writer, "s1", 1, type="message", id="m1", message={"content": "Which oven?"})
        put(writer, "s1", 2, type="call", id="c1", name="ls ovens")
        put(writer, "s1", 3, type="riddle")
        first = STORE.read(path, None)
        assert [message.text for message in first.messages] == ["Which oven?"]
        assert first.unknown == {"riddle": 1}
        put(writer, "s1", 4, type="result", id="c1")
        put(writer, "s2", 0, type="message", id="m2", message={"content": "Grind rye."})
        writer.run("INSERT INTO transcript_events VALUES ('s2', 1, 'not json', 0)")
        second = STORE.read(path, first.cursor)
        assert [(message.session, message.text) for message in second.messages] == [
            ("s1", "ls ovens"),
            ("s2", "Grind rye."),
        ]
        assert (second.unknown, second.damaged) == ({}, 1)
        header = second.parts[0].header
        assert header is not None
        assert (header.session, header.cwds, header.started and header.started.hour) == (
            "s1",
            ("/home/mia/bakery",),
            10,
        )


def test_a_long_session_is_fed_in_part(tmp_path: Path) -> None:
    path = tmp_path / "openclaw-agent.sqlite"
    with Writer(path) as writer:
        writer.run(EVENTS)
        writer.run("BEGIN")
        put(writer, "s1", 0, type="call", id="first", name="in the header")
        put(writer, "s1", 1, type="call", id="far", name="far")
        for seq in range(2, 2 * LOOK_BACK):
            put(writer, "s1", seq, type="message", id=f"m{seq}", message={"content": f"Words {seq}"})
        writer.run("COMMIT")
        before = STORE.read(path, None)
        assert len(before.messages) == 2 * LOOK_BACK - 2
        for seq, known in enumerate(("first", "far"), start=2 * LOOK_BACK):
            put(writer, "s1", seq, type="result", id=known)
        assert [message.text for message in STORE.read(path, before.cursor).messages] == [
            "in the header",
            "unknown call",
        ]


def test_the_sample(shared: Path) -> None:
    path = shared / "transcripts/openclaw/layouts/deja_sqlite/openclaw-agent.sqlite"
    beside = sorted(path.parent.iterdir())
    result = STORE.read(path, None)
    assert [part.header and (part.header.cwds, part.header.parent) for part in result.parts] == [
        (("/workspace/registry-demo",), None),
        (("/Users/me/work/api",), "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"),
    ]
    assert [message.id for message in result.messages] == ["u1", "a1", "m1", "m2"]
    assert result.damaged == 0
    newest = STORE.header(path)
    assert newest is not None
    assert newest.session == "a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d"
    assert sorted(path.parent.iterdir()) == beside


def test_places() -> None:
    assert STORE.roots({"HOME": "/h"})[0] == Path("/h/.openclaw/agents")
    assert STORE.roots({"HOME": "/h", "OPENCLAW_STATE_DIR": "~/claw"})[0] == Path("/h/claw/agents")
    assert STORE.is_transcript(Path("/h/.openclaw/agents/main/agent/openclaw-agent.sqlite"))
    assert not STORE.is_transcript(Path("/h/.openclaw/agents/main/sessions/x.jsonl"))
    assert STORE.depth(Path("/h/.openclaw/agents")) is None


def test_only_one_agents_readers_can_be_joined() -> None:
    with pytest.raises(ValueError, match="two agents"):
        Joined(OpenCodeFiles(), STORE)


def test_a_database_under_any_name_goes_to_the_reader_of_databases(tmp_path: Path) -> None:
    from sidecar.transcripts import READERS

    path = tmp_path / "backup.json"
    connection = sqlite3.connect(path)
    connection.executescript(
        "CREATE TABLE session (id text, directory text); CREATE TABLE message (id text, session_id text, data text);"
        "CREATE TABLE part (id text, message_id text, data text);"
        "INSERT INTO session VALUES ('s', '/home/mia/bakery');"
        """INSERT INTO message VALUES ('m', 's', '{"role":"user"}');"""
        """INSERT INTO part VALUES ('p', 'm', '{"type":"text","text":"Which oven?"}');"""
    )
    connection.close()
    result = READERS["opencode"].read(path, None)
    assert [message.text for message in result.messages] == ["Which oven?"]

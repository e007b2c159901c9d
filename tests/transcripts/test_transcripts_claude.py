"""Claude Code: places, copies of a session, and the rules that golden files do not show."""

import json
from pathlib import Path

import pytest

from sidecar.transcripts import READERS

CLAUDE = READERS["claude-code"]


def record(uuid: str, said: object, session: str = "s1", **more: object) -> str:
    return json.dumps({"type": "user", "uuid": uuid, "sessionId": session, "message": {"content": said}} | more) + "\n"


def test_places() -> None:
    assert CLAUDE.roots({"HOME": "/h"}) == (Path("/h/.claude/projects"),)
    assert CLAUDE.roots({"HOME": "/h", "CLAUDE_CONFIG_DIR": "/elsewhere"}) == (Path("/elsewhere/projects"),)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("-home-mia-bakery/5f0c.jsonl", True),
        ("-home-mia-bakery/agent-1.jsonl", True),
        ("-home-mia-bakery/5f0c/subagents/agent-1.jsonl", True),
        ("-home-mia-bakery/5f0c/subagents/workflows/w1/agent-1.jsonl", True),
        ("-home-mia-bakery/5f0c/subagents/workflows/w1/journal.jsonl", False),
        ("-home-mia-bakery/5f0c/subagents/agent-1.meta.json", False),
        ("-home-mia-bakery/5f0c/tool-results/out.jsonl", False),
        ("-home-mia-bakery/memory/notes.jsonl", False),
        ("history.jsonl", False),
        ("-home-mia-bakery/.5f0c.jsonl", False),
        ("-home-mia-bakery/5f0c.jsonl.tmp", False),
    ],
)
def test_what_is_a_transcript(name: str, taken: bool) -> None:
    assert CLAUDE.is_transcript(Path("/home/mia/memory/.claude/projects", name)) is taken


def test_resume_and_fork_keep_the_ids(tmp_path: Path) -> None:
    first = tmp_path / "s1.jsonl"
    first.write_text(record("u1", "Use rye."))
    fork = tmp_path / "s2.jsonl"
    fork.write_text(record("u1", "Use rye.", "s2") + record("u2", "And salt.", "s2"))
    there, here = CLAUDE.read(first, None).messages, CLAUDE.read(fork, None).messages
    assert [message.id for message in here] == [there[0].id, "u2"]
    assert [message.session for message in here] == ["s2", "s2"]


def test_damaged_copies_without_ids_are_the_same_too(tmp_path: Path) -> None:
    texts = []
    for session in ("s1", "s2"):
        path = tmp_path / f"{session}.jsonl"
        path.write_text(json.dumps({"type": "user", "sessionId": session, "message": {"content": "Use rye."}}) + "\n")
        texts.append(CLAUDE.read(path, None).messages[0].id)
    assert texts[0] == texts[1]


def test_call_and_result_pair_across_two_reads(tmp_path: Path) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "make test"}}
    path = tmp_path / "s1.jsonl"
    path.write_text(json.dumps({"type": "assistant", "uuid": "u1", "message": {"content": [call]}}) + "\n")
    before = CLAUDE.read(path, None)
    assert before.messages == ()
    with path.open("a") as file:
        file.write(record("u2", [{"type": "tool_result", "tool_use_id": "t1", "content": "so " * 13_000 + "THE END"}]))
    (message,) = CLAUDE.read(path, before.cursor).messages
    assert message.tool is not None
    assert message.tool.command == "make test"
    assert message.text.startswith("$ make test\nso so")
    assert message.text.endswith("THE END")
    assert "22623 bytes left out" in message.text
    assert len(message.text.encode()) < 17_000


def test_answer_of_a_subagent_counts_in_its_own_file_alone(tmp_path: Path) -> None:
    """In both layouts; an id that is no name of a file leads nowhere."""
    call = {"type": "tool_use", "id": "t1", "name": "Task", "input": {"description": "salt"}}
    path = tmp_path / "s1.jsonl"
    for agent, place in (("a1", "s1/subagents/agent-a1.jsonl"), ("a1", "agent-a1.jsonl"), ("../s1", "elsewhere")):
        result = record(
            "u2", [{"type": "tool_result", "tool_use_id": "t1", "content": "Cellar."}], toolUseResult={"agentId": agent}
        )
        path.write_text(json.dumps({"type": "assistant", "uuid": "u1", "message": {"content": [call]}}) + "\n" + result)
        assert [message.text for message in CLAUDE.read(path, None).messages] == ["$ Task salt\nCellar."]
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        kept = "" if agent == "a1" else "\nCellar."
        assert [message.text for message in CLAUDE.read(path, None).messages] == [f"$ Task salt{kept}"]
        file.unlink()


def test_waiting_calls_are_bounded(tmp_path: Path) -> None:
    calls = [{"type": "tool_use", "id": f"t{n}", "name": "Bash", "input": {"command": "x" * 9000}} for n in range(500)]
    path = tmp_path / "s1.jsonl"
    path.write_text(json.dumps({"type": "assistant", "uuid": "u1", "message": {"content": calls}}) + "\n")
    assert len(CLAUDE.read(path, None).cursor.to_json()) < 700_000


def test_header_of_a_long_file_looks_at_both_ends(tmp_path: Path) -> None:
    times = [f"2025-09-03T{n // 60:02d}:{n % 60:02d}:00Z" for n in range(1000)]
    path = tmp_path / "s1.jsonl"
    path.write_text(
        "".join(
            record(f"u{n}", "word " * 400, cwd="/old" if n < 500 else "/new", timestamp=time, gitBranch=f"b{n}")
            for n, time in enumerate(times)
        )
    )
    header = CLAUDE.header(path)
    assert header is not None
    assert header.cwds == ("/old", "/new")
    assert header.branch == "b999"
    assert header.started is not None
    assert header.last_record is not None
    assert (header.started.hour, header.last_record.hour) == (0, 16)

"""Pi, OpenClaw, Qwen Code and Copilot CLI: what golden files do not show."""

import json
from pathlib import Path

import pytest

from sidecar.transcripts import READERS

DATA = Path(__file__).parent.parent / "data" / "transcripts"
PI, QWEN, COPILOT = READERS["pi"], READERS["qwen"], READERS["copilot-cli"]


def write(path: Path, *records: dict[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return path


def test_pi_keeps_its_ids_when_an_old_file_is_rewritten(tmp_path: Path) -> None:
    """A newer Pi gives the entries ids and parents, and writes the whole file anew."""
    old = DATA / "pi" / "linear-version-1.jsonl"
    header, *entries = [json.loads(line) for line in old.read_text().splitlines()]
    entries = entries[:-1]  # an entry without a time does not occur
    path = write(tmp_path / "x.jsonl", header, *entries)
    before = PI.read(path, None)
    path.unlink()
    new = [
        entry | {"id": f"0000000{n}", "parentId": f"0000000{n - 1}" if n else None} for n, entry in enumerate(entries)
    ]
    write(path, header | {"version": 3}, *new)
    after = PI.read(path, before.cursor)
    assert after.restarted
    assert [message.id for message in after.messages] == [message.id for message in before.messages]


def test_a_fork_of_pi_repeats_its_parents_ids() -> None:
    parent = PI.read(DATA / "pi" / "roles.jsonl", None).messages
    fork = PI.read(DATA / "pi" / "fork.jsonl", None)
    assert fork.messages[0].id == parent[0].id
    assert fork.messages[1].id not in {message.id for message in parent}
    assert fork.header is not None
    assert fork.header.parent == parent[0].session


@pytest.mark.parametrize(
    "parent",
    [
        "C:\\Users\\mia\\.pi\\agent\\sessions\\--x--\\2026-03-04T09-00-00-000Z_5f0c.jsonl",
        "5f0c.jsonl",
        "/x/y_5f0c.jsonl",
    ],
)
def test_parent_of_pi_on_any_system(parent: str, tmp_path: Path) -> None:
    said = {
        "type": "message",
        "id": "1",
        "timestamp": "2026-03-04T09:00:00Z",
        "message": {"role": "user", "content": "a"},
    }
    path = write(tmp_path / "x.jsonl", {"type": "session", "id": "s", "parentSession": parent}, said)
    header = PI.header(path)
    assert header is not None
    assert header.parent == "5f0c"


def test_session_of_pi_from_its_name(tmp_path: Path) -> None:
    said = {
        "type": "message",
        "id": "1",
        "timestamp": "2026-03-04T09:00:00Z",
        "message": {"role": "user", "content": "a"},
    }
    path = write(tmp_path / "2026-03-04T09-00-00-000Z_5f0c.jsonl", said)
    assert PI.read(path, None).messages[0].session == "5f0c"


def qwen(n: int, said: str, parent: int | None, **more: object) -> dict[str, object]:
    return {
        "type": "user",
        "uuid": f"u{n}",
        "parentUuid": None if parent is None else f"u{parent}",
        "sessionId": "s",
        "message": {"parts": [{"text": said}]},
    } | more


def test_rewind_of_qwen_withdraws_what_earlier_reads_have_given(tmp_path: Path) -> None:
    path = write(tmp_path / "chats" / "s.jsonl", qwen(1, "Rye.", None), qwen(2, "Wheat.", 1), qwen(3, "Oats.", 2))
    first = QWEN.read(path, None)
    write(path, {"type": "system", "subtype": "rewind", "uuid": "u4", "parentUuid": "u1"}, qwen(5, "Spelt.", 4))
    second = QWEN.read(path, first.cursor)
    assert second.withdrawn == ("s:u2", "s:u3")
    assert [message.text for message in second.messages] == ["Spelt."]
    write(path, {"type": "system", "subtype": "rewind", "uuid": "u6", "parentUuid": None}, qwen(7, "Nothing.", 6))
    third = QWEN.read(path, second.cursor)
    assert third.withdrawn == ("s:u1", "s:u5")


def test_rewind_to_an_unknown_record_takes_nothing_back(tmp_path: Path) -> None:
    rewind = {"type": "system", "subtype": "rewind", "uuid": "u4", "parentUuid": "gone"}
    path = write(tmp_path / "chats" / "s.jsonl", qwen(1, "Rye.", None), rewind, qwen(5, "Spelt.", 4))
    result = QWEN.read(path, None)
    assert (result.withdrawn, len(result.messages)) == ((), 2)


def test_qwen_knows_a_session_by_the_name_of_its_file(tmp_path: Path) -> None:
    """By it a session is resumed, whatever the records say."""
    name = "0195bbbb-0000-7000-8000-000000000001"
    path = write(tmp_path / "chats" / f"{name}.jsonl", qwen(1, "Rye.", None))
    assert QWEN.read(path, None).messages[0].session == name


def test_single_events_of_copilot_are_taken_back(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s1" / "events.jsonl",
        {"type": "session.start", "id": "e0", "data": {"sessionId": "s1"}},
        {"type": "user.message", "id": "e1", "data": {"content": "Rye."}},
        {"type": "user.message", "id": "e2", "data": {"content": "Wheat."}},
        {"type": "session.snapshot_rewind", "id": "e3", "data": {"eventIds": ["e1"]}},
        {"type": "session.snapshot_rewind", "id": "e4", "data": {}},
    )
    result = COPILOT.read(path, None)
    assert result.withdrawn == ("s1:e1",)
    assert [message.text for message in result.messages] == ["Wheat."]


def test_call_and_result_of_copilot_pair_across_two_reads(tmp_path: Path) -> None:
    path = write(
        tmp_path / "s1" / "events.jsonl",
        {
            "type": "tool.execution_start",
            "id": "e1",
            "data": {"toolCallId": "c", "toolName": "bash", "arguments": {"command": "ls"}},
        },
    )
    cursor = COPILOT.read(path, None).cursor
    write(
        path,
        {
            "type": "tool.execution_complete",
            "id": "e2",
            "data": {"toolCallId": "c", "success": True, "result": {"content": "x"}},
        },
    )
    (message,) = COPILOT.read(path, cursor).messages
    assert message.text == "$ ls\nx"
    assert message.session == "s1"


def test_header_of_a_long_session_looks_at_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "s1" / "events.jsonl"
    write(
        path,
        {
            "type": "session.start",
            "id": "e0",
            "timestamp": "2026-03-04T09:00:00Z",
            "data": {"context": {"cwd": "/old"}},
        },
    )
    write(path, *({"type": "user.message", "id": f"e{n}", "data": {"content": "word " * 300}} for n in range(900)))
    write(
        path,
        {
            "type": "session.context_changed",
            "id": "last",
            "timestamp": "2026-03-04T19:00:00Z",
            "data": {"cwd": "/new", "branch": "rye"},
        },
    )
    header = COPILOT.header(path)
    assert header is not None
    assert (header.cwds, header.branch) == (("/old", "/new"), "rye")
    assert (header.started and header.started.hour, header.last_record and header.last_record.hour) == (9, 19)

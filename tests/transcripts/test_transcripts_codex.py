"""Codex: the same turn has the same ids wherever it is written down."""

import json
from pathlib import Path

from sidecar.transcripts import READERS

PARENT = "0199a000-0000-7000-8000-00000000000a"
FORK = "0199a010-0000-7000-8000-00000000000b"
TURN = "0199a001-0000-7000-8000-000000000001"
OWN_TURN = "0199a011-0000-7000-8000-000000000002"
CODEX = READERS["codex"]


def line(second: int, kind: str, **payload: object) -> str:
    return json.dumps({"timestamp": f"2025-10-01T20:00:{second:02d}.000Z", "type": kind, "payload": payload})


def meta(second: int, thread: str, **more: object) -> str:
    return line(second, "session_meta", id=thread, timestamp="2025-10-01T11:00:00Z", cwd="/home/mia/bakery", **more)


def turn(second: int, turn_id: str | None, said: str, answer: str, *, events: bool = True) -> list[str]:
    """One prompt with a command and an answer; old files have neither turns nor events."""
    started = [line(second, "event_msg", type="task_started", turn_id=turn_id)] if turn_id else []
    content = [{"type": "input_text", "text": said}]
    shown = [line(second, "event_msg", type="user_message", message=said)] if events else []
    return [
        *started,
        line(second, "response_item", type="message", role="user", content=content),
        *shown,
        line(second, "response_item", type="function_call", name="shell", arguments='{"command":["ls"]}', call_id="c1"),
        line(second, "response_item", type="function_call_output", call_id="c1", output="oven.py"),
        line(
            second, "response_item", type="message", role="assistant", content=[{"type": "output_text", "text": answer}]
        ),
    ]


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{each}\n" for each in lines))
    return path


def test_fork_replays_its_parents_turns_under_the_same_ids(tmp_path: Path) -> None:
    said = turn(1, TURN, "Use rye.", "Rye it is.")
    parent = write(tmp_path / "parent.jsonl", meta(0, PARENT), *said)
    replay = turn(30, TURN, "Use rye.", "Rye it is.")  # stamped anew when the fork is written
    own = turn(40, OWN_TURN, "Use rye.", "Rye it is.")  # the same words again are something new
    fork = write(tmp_path / "fork.jsonl", meta(30, FORK, forked_from_id=PARENT), meta(30, PARENT), *replay, *own)

    there, here = CODEX.read(parent, None).messages, CODEX.read(fork, None).messages
    assert len(there) == 3
    assert [message.id for message in here[:3]] == [message.id for message in there]
    assert not {message.id for message in here[3:]} & {message.id for message in there}
    assert [message.session for message in here] == [PARENT] * 3 + [FORK] * 3
    assert all(message.time and message.time.hour == 13 for message in here[:3])  # the turn's time, not the fork's
    header = CODEX.header(fork)
    assert header is not None
    assert (header.session, header.parent) == (FORK, PARENT)


def test_fork_of_an_old_file_without_turns(tmp_path: Path) -> None:
    said = turn(1, None, "Use rye.", "Rye it is.", events=False)
    parent = write(tmp_path / "parent.jsonl", meta(0, PARENT), *said)
    fork = write(tmp_path / "fork.jsonl", meta(5, FORK), meta(5, PARENT), *said)
    assert [m.id for m in CODEX.read(fork, None).messages] == [m.id for m in CODEX.read(parent, None).messages]


def test_turn_numbers_of_old_versions_do_not_meet(tmp_path: Path) -> None:
    """Turn ids were once counters: the same number and words in two threads are two things."""
    one = write(tmp_path / "one.jsonl", meta(0, PARENT), *turn(1, "1", "yes", "Done."))
    two = write(tmp_path / "two.jsonl", meta(0, FORK), *turn(1, "1", "yes", "Done."))
    first, second = CODEX.read(one, None).messages, CODEX.read(two, None).messages
    assert not {message.id for message in first} & {message.id for message in second}


def test_subagent_hears_its_parent_not_the_person(tmp_path: Path) -> None:
    source = {"subagent": {"thread_spawn": {"parent_thread_id": PARENT}}}
    path = write(
        tmp_path / "sub.jsonl",
        meta(30, FORK, source=source),
        meta(30, PARENT, source="cli"),
        *turn(30, TURN, "Use rye.", "Rye it is."),
        *turn(40, OWN_TURN, "Look for rye.", "None left."),
    )
    prompts = [message for message in CODEX.read(path, None).messages if message.role == "user"]
    assert [(m.speaker, m.sidechain, m.session) for m in prompts] == [
        ("user", False, PARENT),
        ("assistant", True, FORK),
    ]


def test_rollback_withdraws_what_an_earlier_read_has_given(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", meta(0, PARENT), *turn(1, TURN, "Use rye.", "Rye."))
    cursor = CODEX.read(path, None).cursor
    with path.open("a") as file:
        file.write("\n".join([*turn(2, OWN_TURN, "Use wheat.", "Wheat."), ""]))
    middle = CODEX.read(path, cursor)
    with path.open("a") as file:
        file.write(line(3, "event_msg", type="thread_rolled_back", num_turns=1) + "\n")
    result = CODEX.read(path, middle.cursor)
    assert result.messages == ()
    assert set(result.withdrawn) == {message.id for message in middle.messages}
    assert result.withdrawn


def test_rollback_in_a_fork_leaves_the_parents_turns_alone(tmp_path: Path) -> None:
    path = write(
        tmp_path / "fork.jsonl",
        meta(30, FORK, forked_from_id=PARENT),
        meta(30, PARENT),
        *turn(30, TURN, "Use rye.", "Rye."),
        *turn(40, OWN_TURN, "Use wheat.", "Wheat."),
        line(50, "event_msg", type="thread_rolled_back", num_turns=2),
    )
    result = CODEX.read(path, None)
    assert [message.text for message in result.messages if message.role == "user"] == ["Use rye."]
    assert all(known.startswith(OWN_TURN) for known in result.withdrawn)


def test_session_from_the_name_where_no_record_tells_it(tmp_path: Path) -> None:
    for ending in (f"{PARENT}.jsonl", f"{PARENT}_{FORK}.jsonl"):
        path = write(tmp_path / f"rollout-2025-10-01T20-00-00-{ending}", *turn(1, None, "Use rye.", "Rye."))
        assert {message.session for message in CODEX.read(path, None).messages} == {PARENT}


def test_places(tmp_path: Path) -> None:
    assert CODEX.roots({"HOME": "/h", "CODEX_HOME": ""}) == (
        Path("/h/.codex/sessions"),
        Path("/h/.codex/archived_sessions"),
    )
    assert CODEX.roots({"HOME": "/h", "CODEX_HOME": "~/c"})[0] == Path("/h/c/sessions")
    plain, packed = tmp_path / "rollout-1.jsonl", tmp_path / "rollout-1.jsonl.zst"
    assert CODEX.is_transcript(packed)
    plain.touch()
    assert CODEX.is_transcript(plain)
    assert not CODEX.is_transcript(packed)
    for name in ("history.jsonl", "session_index.jsonl", "rollout-1.jsonl.tmp", "rollout-1.json.zst"):
        assert not CODEX.is_transcript(tmp_path / name)
    assert CODEX.is_transcript(tmp_path / "rollout-2025-05-07-x.json")

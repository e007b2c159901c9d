"""Gemini CLI: whose project it is, old files beside new ones, and taking back."""

import json
from pathlib import Path

from sidecar.transcripts import READERS
from sidecar.transcripts.gemini import project_hash

GEMINI = READERS["gemini"]
HEAD = {"sessionId": "c1c1c1c1-1", "projectHash": "ab12", "startTime": "2025-11-02T09:00:00Z", "kind": "main"}


def prompt(known: str, said: str) -> dict[str, object]:
    return {"id": known, "timestamp": "2025-11-02T09:00:01Z", "type": "user", "content": said}


def log(path: Path, *records: dict[str, object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return path


def test_project_from_the_marker_in_its_folder(tmp_path: Path) -> None:
    path = log(
        tmp_path / ".gemini/tmp/bakery/chats/session-2025-11-02T09-00-c1c1c1c1.jsonl", HEAD, prompt("m1", "Rye.")
    )
    (tmp_path / ".gemini/projects.json").write_text(json.dumps({"projects": {"/from/registry": "bakery"}}))
    header = GEMINI.header(path)
    assert header is not None
    assert (header.cwds, header.project_hash) == (("/from/registry",), "ab12")
    (tmp_path / ".gemini/tmp/bakery/.project_root").write_text("/home/mia/bakery\n")
    header = GEMINI.header(path)
    assert header is not None
    assert header.cwds == ("/home/mia/bakery",)
    assert GEMINI.read(path, None).messages[0].cwd == "/home/mia/bakery"


def test_damaged_registry_is_no_project(tmp_path: Path) -> None:
    path = log(tmp_path / ".gemini/tmp/bakery/chats/session-1-c1c1c1c1.jsonl", HEAD, prompt("m1", "Rye."))
    for content in ("{", "[]", '{"projects": {"/x": 5}}'):
        (tmp_path / ".gemini/projects.json").write_text(content)
        header = GEMINI.header(path)
        assert header is not None
        assert header.cwds == ()


def test_hash_of_a_project() -> None:
    assert project_hash("/home/mia/bakery") == "dfd6a42f952677d77eead4c3377107994818346ad721f68b5bf13485687ce1a5"


def test_subagent_belongs_to_its_parent(tmp_path: Path) -> None:
    path = log(
        tmp_path / "tmp/bakery/chats/parent-1/child-1.jsonl", {**HEAD, "sessionId": "child-1"}, prompt("m1", "Go.")
    )
    header = GEMINI.header(path)
    assert header is not None
    assert (header.session, header.parent) == ("child-1", "parent-1")
    (message,) = GEMINI.read(path, None).messages
    assert (message.role, message.speaker, message.sidechain) == ("user", "assistant", True)


def test_old_file_yields_to_the_new_one_of_its_session(tmp_path: Path) -> None:
    chats = tmp_path / "tmp/bakery/chats"
    chats.mkdir(parents=True)
    old = chats / "session-2025-11-02T09-00-c1c1c1c1.json"
    old.write_text(json.dumps({**HEAD, "messages": [prompt("m1", "Rye.")]}))
    assert GEMINI.is_transcript(old)
    assert GEMINI.read(old, None).complete
    new = log(chats / "session-2025-11-03T10-00-c1c1c1c1.jsonl", HEAD, prompt("m1", "Rye."), prompt("m2", "Salt."))
    assert not GEMINI.is_transcript(old)
    assert GEMINI.is_transcript(new)
    again = GEMINI.read(old, None)
    assert not again.complete  # else m2 would count as withdrawn
    assert [message.id for message in again.messages] == ["m1"]


def test_rewind_after_earlier_reads_gives_the_whole(tmp_path: Path) -> None:
    path = log(
        tmp_path / "chats/session-1-c1c1c1c1.jsonl", HEAD, {"type": "odd"}, prompt("m1", "Rye."), prompt("m2", "No.")
    )
    before = GEMINI.read(path, None)
    assert (before.complete, before.unknown) == (False, {"odd": 1})
    log(path, {"$rewindTo": "m2"}, {"$odd": 1}, prompt("m3", "Salt."))
    after = GEMINI.read(path, before.cursor, limit_bytes=1)
    assert after.complete
    assert not after.restarted
    assert [message.id for message in after.messages] == ["m1", "m3"]
    assert after.unknown == {"$odd": 1}  # the other one is counted already
    assert GEMINI.read(path, after.cursor).messages == ()


def test_updated_message_keeps_its_place_for_rewinds(tmp_path: Path) -> None:
    answer = {"id": "m2", "type": "gemini", "content": "Rye."}
    path = log(
        tmp_path / "x.jsonl", HEAD, prompt("m1", "Rye."), answer, prompt("m3", "Salt."), answer, {"$rewindTo": "m3"}
    )
    assert {message.id for message in GEMINI.read(path, None).messages} == {"m1", "m2"}


def test_compression_after_earlier_reads_doubles_nothing(tmp_path: Path) -> None:
    path = log(tmp_path / "chats/session-1-c1c1c1c1.jsonl", HEAD, prompt("m1", "Rye."), prompt("m2", "Salt."))
    before = GEMINI.read(path, None)
    snapshot = prompt("x1", "<state_snapshot>Goal: rye.</state_snapshot>")
    log(path, {"$set": {"messages": [snapshot, prompt("x2", "Salt.")]}}, prompt("m3", "Oats."))
    after = GEMINI.read(path, before.cursor)
    assert (after.complete, after.withdrawn) == (False, ())
    assert [message.id for message in after.messages] == ["m1", "m2", "x1", "m3"]


def test_places() -> None:
    assert GEMINI.roots({"HOME": "/h"}) == (Path("/h/.gemini/tmp"), Path("/h/.cache/.gemini/tmp"))
    assert GEMINI.roots({"HOME": "/h", "GEMINI_CLI_HOME": "/g"})[0] == Path("/g/.gemini/tmp")
    chats = Path("/h/.gemini/tmp/bakery/chats")
    taken = {name: GEMINI.is_transcript(chats / name) for name in ("session-1-a.jsonl", "parent/child.jsonl")}
    assert all(taken.values())
    for name in ("session-1-a.jsonl.tmp-77", "session-1-a.json.unreadable-1", "notes.jsonl", "../logs.json"):
        assert not GEMINI.is_transcript(chats / name)
    assert not GEMINI.is_transcript(Path("/h/.gemini/tmp/bakery/checkpoint-x.json"))

"""Cline, Roo and files of messages: documents that are written anew as a whole."""

import json
import os
from pathlib import Path

import pytest

from sidecar.transcripts import READERS, Reader

CLINE, ROO, MESSAGES = READERS["cline"], READERS["roo"], READERS["messages"]


def user(said: str, **more: object) -> dict[str, object]:
    return {"role": "user", "content": [{"type": "text", "text": said}]} | more


def task(folder: Path, *messages: dict[str, object], name: str = "1772614800000") -> Path:
    path = folder / "tasks" / name / "api_conversation_history.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(messages))
    return path


def test_a_task_is_given_as_a_whole_whenever_it_changes(tmp_path: Path) -> None:
    path = task(tmp_path, user("<task>Rye.</task>"), user("Salt.", ts=1772614801000))
    first = CLINE.read(path, None)
    assert first.complete
    assert CLINE.read(path, first.cursor).messages == ()
    task(tmp_path, user("<task>Rye.</task>"), user("Pepper.", ts=1772614801000))  # a checkpoint was restored
    second = CLINE.read(path, first.cursor)
    assert second.complete
    assert second.messages[0].id == first.messages[0].id
    assert second.messages[1].id != first.messages[1].id


def test_same_words_twice_are_two_messages(tmp_path: Path) -> None:
    path = task(tmp_path, user("yes"), user("yes"))
    one, two = CLINE.read(path, None).messages
    assert one.id != two.id


@pytest.mark.parametrize("reader", [CLINE, ROO], ids=["cline", "roo"])
def test_pictures_of_a_task_leave_the_words(reader: Reader, tmp_path: Path) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD" * 200}}
    said = user("Look at this loaf.")
    said["content"] = [picture, {"type": "text", "text": "Look at this loaf."}]
    (message,) = reader.read(task(tmp_path, said), None).messages
    assert message.text.endswith("Look at this loaf.")
    assert "QUJD" not in message.text


def test_folder_from_the_details_where_no_file_tells_it(tmp_path: Path) -> None:
    details = "<environment_details>\n# Current Workspace Directory (/home/mia/my bakery) Files\n</environment_details>"
    path = task(tmp_path, user(f"<task>Rye.</task>\n{details}"))
    for reader in (CLINE, ROO):
        header = reader.header(path)
        assert header is not None
        assert header.cwds == ("/home/mia/my bakery",)


@pytest.mark.parametrize("content", ["", "{", "[]", "5", '[{"id": 5}]', '{"workspace": []}', "\u00ff\u00fe"])
def test_damaged_files_beside_a_task_change_nothing(content: str, tmp_path: Path) -> None:
    path = task(tmp_path, user("<task>Rye.</task>"))
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "taskHistory.json").write_text(content)
    path.with_name("history_item.json").write_text(content)
    for reader in (CLINE, ROO):
        assert [message.text for message in reader.read(path, None).messages] == ["Rye."]


def test_a_document_that_is_no_session(tmp_path: Path) -> None:
    for content in ("[]", "{}", "5", '"x"'):
        path = tmp_path / "x.messages.json"
        path.write_text(content)
        result = CLINE.read(path, None)
        assert (result.messages, result.header, result.complete) == ((), None, False)


def test_messages_without_times_count_as_said_at_the_last_write(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text(json.dumps([user("Rye.")]))
    os.utime(path, (1772614800, 1772614800))
    (message,) = MESSAGES.read(path, None).messages
    assert message.time is not None
    assert message.time.isoformat() == "2026-03-04T09:00:00+00:00"


def test_a_file_that_says_nothing_by_its_name_is_called_for_its_folder(tmp_path: Path) -> None:
    (tmp_path / "2026-rye").mkdir()
    path = tmp_path / "2026-rye" / "conversation.jsonl"
    path.write_text(json.dumps(user("Rye.")) + "\n")
    assert MESSAGES.read(path, None).messages[0].session.startswith("2026-rye-")


def test_the_end_of_a_last_line_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "talk.jsonl"
    call = {
        "role": "assistant",
        "tool_calls": [{"id": "c", "function": {"name": "run", "arguments": '{"command": "ls"}'}}],
    }
    path.write_text(
        "\n".join(map(json.dumps, (user("Rye."), call, {"role": "tool", "tool_call_id": "c", "content": "x"})))
    )
    before = MESSAGES.read(path, None)
    assert before.messages[-1].text == "$ ls\nx"
    stamp = path.stat().st_mtime_ns
    with path.open("a") as file:
        file.write("\n")
    os.utime(path, ns=(stamp, stamp))
    after = MESSAGES.read(path, before.cursor)
    assert after.messages == before.messages[-1:]

"""Our own form is as its page describes it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.config import ExtraFolder, load
from sidecar.paths import resolve
from sidecar.transcripts import READERS, detect

PAGE = Path(__file__).parents[2] / "docs" / "transcript-format.md"
NATIVE = READERS["native"]


def test_examples_of_the_page_are_read(tmp_path: Path) -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "session.jsonl"
    path.write_text("".join(blocks))
    result = NATIVE.read(path, None)
    assert (result.unknown, result.damaged, result.drifted) == ({}, 0, False)
    assert detect(path) == "native"
    assert result.header is not None
    assert (result.header.session, result.header.cwds) == ("2026-03-04-a", ("/home/mia/bakery",))
    assert [message.text for message in result.messages] == ["Bake the rye at 210 degrees."]
    assert result.withdrawn == ("2026-03-04-a:2", "2026-03-04-a:3")
    path.write_text("".join(blocks[:2]))
    assert [message.model for message in NATIVE.read(path, None).messages] == [None, "m-2", None]


HEAD = {"sidecar_transcript": 1, "session": "a"}
SAID = {"id": "1", "role": "user", "text": "Rye.", "time": "2026-03-04T09:00:01Z"}

IN_HEAD = {
    "sidecar_transcript": 2,
    "session": "b",
    "cwd": "/home/mia/mill",
    "branch": "rye",
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "remote": "https://example.org/mill.git",
    "model": "m-1",
    "started": "2026-03-04T08:00:00Z",
    "parent": "c",
}
IN_MESSAGE = {
    "role": "assistant",
    "text": "Wheat.",
    "id": "2",
    "time": 1772614800,
    "speaker": "assistant",
    "kind": "summary",
    "tool": {"name": "shell", "command": "bake", "failed": True},
    "sidechain": True,
    "cwd": "/home/mia/mill",
    "branch": "rye",
    "model": "m-1",
}


def understood(path: Path, head: dict[str, object], said: dict[str, object]) -> object:
    path.write_text(f"{json.dumps(head)}\n{json.dumps(said)}\n")
    result = NATIVE.read(path, None)
    # Where a line begins depends on the length of those before it.
    return result.header, [replace(message, position=0) for message in result.messages], result.unknown


def keys_of(heading: str) -> set[str]:
    section = PAGE.read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE)
    return {key for cell in cells for key in re.findall(r"`([a-z_]+)`", cell)}


def test_the_tables_name_every_key_that_does_something_and_no_other(tmp_path: Path) -> None:
    assert keys_of("The first line") == set(IN_HEAD)
    assert keys_of("A message") == set(IN_MESSAGE)


@pytest.mark.parametrize("key", sorted(IN_HEAD))
def test_each_key_of_the_first_line_does_something(key: str, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    # The model of the first line is that of the agent's words.
    said = {**SAID, "role": "assistant"} if key == "model" else SAID
    assert understood(path, {**HEAD, key: IN_HEAD[key]}, said) != understood(path, HEAD, said)


@pytest.mark.parametrize("key", sorted(IN_MESSAGE))
def test_each_key_of_a_message_does_something(key: str, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    said = {**SAID, "role": "assistant"} if key == "model" else SAID  # nobody speaks to a model through another one
    assert understood(path, HEAD, {**said, key: IN_MESSAGE[key]}) != understood(path, HEAD, said)


def test_other_keys_are_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    assert understood(path, {**HEAD, "odd": 1}, {**SAID, "odd": [1]}) == understood(path, HEAD, SAID)


def test_the_settings_of_the_page_are_settings(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    (tmp_path / "config.yaml").write_text(block)
    settings = load(resolve({"SIDECAR_HOME": str(tmp_path)}), {"HOME": "/home/mia"})
    assert settings.watch.extra == (ExtraFolder("native", "/home/mia/my-agent/sessions"),)


def test_same_id_again_replaces_and_a_uuid_is_unique_everywhere(tmp_path: Path) -> None:
    known = "0195eeee-0000-7000-8000-00000000000a"
    ids = []
    for session in ("a", "b"):
        path = tmp_path / f"{session}.jsonl"
        lines = [
            {"sidecar_transcript": 1},
            {"id": "1", "role": "user", "text": "Rye."},
            {"id": known, "role": "user", "text": "Rye."},
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        ids.append([message.id for message in NATIVE.read(path, None).messages])
    assert ids == [["a:1", known], ["b:1", known]]


def test_a_last_line_without_an_end_waits_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    line = json.dumps({"id": "1", "role": "user", "text": "Rye."})
    path.write_text(line[:-3])
    assert NATIVE.read(path, None).messages == ()
    path.write_text(line)
    assert [message.text for message in NATIVE.read(path, None).messages] == ["Rye."]

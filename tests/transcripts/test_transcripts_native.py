"""Our own form is as its page describes it."""

import json
import re
from pathlib import Path

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


def test_every_key_of_the_page_does_something(tmp_path: Path) -> None:
    """The tables name each key in the order of the code; none may be left out."""
    named = set(re.findall(r"^\| `?([a-z_]+)`", PAGE.read_text("utf-8"), re.MULTILINE))
    assert {"sidecar_transcript", "session", "cwd", "branch", "model", "started", "parent"} <= named
    assert {"role", "text", "id", "time", "speaker", "kind", "tool", "sidechain"} <= named


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

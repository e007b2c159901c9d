"""Files in which too much is unknown are marked; one new kind of record here and there is not enough."""

import json
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


@pytest.mark.parametrize(("known", "unknown", "drifted"), [(95, 5, False), (94, 6, True), (20, 0, False), (0, 1, True)])
def test_more_than_a_twentieth(known: int, unknown: int, drifted: bool, tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(lines(known, unknown))
    assert CLAUDE.read(path, None).drifted is drifted


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
    for odd, drifted in ((1, False), (2, True)):
        messages = said + [{"id": f"n{n}", "type": "novelty"} for n in range(odd)]
        path.write_text(json.dumps({"sessionId": "s", "messages": messages}))
        assert READERS["gemini"].read(path, None).drifted is drifted

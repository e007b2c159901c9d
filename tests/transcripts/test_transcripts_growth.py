"""A file read while it grows, is cut, replaced or compressed gives the same messages as one read at the end."""

import json
import os
import tempfile
from pathlib import Path

import pytest
import zstandard
from following import WRITTEN, at_once, followed, in_order
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken import LINES, line

from sidecar.errors import TranscriptUnreadable
from sidecar.model import Message
from sidecar.transcripts import READERS, Cursor, unchanged

DATA = Path(__file__).parent.parent / "data" / "transcripts"
GROWING = sorted(path for kind in ("*.jsonl", "*.md", "*.txt") for path in DATA.rglob(kind))
LINED = sorted(LINES)
"""Agents whose sessions are records in lines."""

CUTS = st.lists(st.integers(0, 6000), max_size=8).map(sorted)


@pytest.mark.parametrize("source", GROWING, ids=lambda path: str(path.relative_to(DATA)))
@settings(max_examples=15, deadline=None)
@given(cuts=CUTS, limit=st.sampled_from([1, 300, 2000, 1 << 20]))
def test_growth_at_any_byte_equals_one_read(source: Path, cuts: list[int], limit: int) -> None:
    reader = READERS[source.relative_to(DATA).parts[0]]
    data = source.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, *source.relative_to(DATA).parts[1:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        archive: dict[str, Message] = {}
        cursor = None
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            with path.open("ab") as file:
                file.write(data[start:end])
            os.utime(path, WRITTEN)
            cursor = followed(reader, path, cursor, archive, limit)
        assert in_order(archive) == at_once(reader, path)
        assert unchanged(path, cursor)


@pytest.mark.parametrize("agent", LINED)
def test_partial_last_line_waits(agent: str, tmp_path: Path) -> None:
    first, second = two_prompts(agent)
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(first + second[:-5])
    result = READERS[agent].read(path, None)
    assert [message.text for message in result.messages] == ["One."]
    assert (result.cursor.offset, result.damaged, result.more) == (len(first), 0, False)
    path.write_bytes(first + second)
    again = READERS[agent].read(path, result.cursor)
    assert [message.text for message in again.messages] == ["Two."]
    assert not again.restarted


@pytest.mark.parametrize("agent", LINED)
def test_shrunk_file_is_read_from_the_start(agent: str, tmp_path: Path) -> None:
    first, second = two_prompts(agent)
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(first + second)
    before = READERS[agent].read(path, None)
    path.write_bytes(first)
    after = READERS[agent].read(path, before.cursor)
    assert after.restarted
    assert [message.id for message in after.messages] == [before.messages[0].id]


@pytest.mark.parametrize("agent", LINED)
def test_cut_and_grown_again_is_noticed(agent: str, tmp_path: Path) -> None:
    """A failed line is dropped in place, and more is written than was lost, before anyone looks."""
    first, second = two_prompts(agent)
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(first * 20 + second)
    before = READERS[agent].read(path, None)
    with path.open("r+b") as file:
        file.truncate(len(first) * 20)
        file.seek(0, os.SEEK_END)
        file.write(second.replace(b"Two.", b"Instead of it, something much longer."))
    after = READERS[agent].read(path, before.cursor)
    assert after.restarted
    assert after.messages[-1].text == "Instead of it, something much longer."


@pytest.mark.parametrize("agent", LINED)
def test_another_file_under_the_same_name_is_noticed(agent: str, tmp_path: Path) -> None:
    first, second = two_prompts(agent)
    path = tmp_path / "rollout-x.jsonl"
    path.write_bytes(first)
    before = READERS[agent].read(path, None)
    other = tmp_path / "other"
    other.write_bytes(first + second)
    other.replace(path)
    after = READERS[agent].read(path, before.cursor)
    assert after.restarted
    assert [message.text for message in after.messages] == ["One.", "Two."]


@pytest.mark.parametrize("source", sorted((DATA / "codex").glob("*.jsonl")), ids=lambda path: path.stem)
@pytest.mark.parametrize("limit", [1, 1 << 20])
def test_compressed_rollout_gives_the_same(source: Path, limit: int, tmp_path: Path) -> None:
    plain = tmp_path / "rollout-2025-10-01T20-00-00-0199a000-0000-7000-8000-00000000000a.jsonl"
    plain.write_bytes(source.read_bytes())
    packed = plain.with_name(f"{plain.name}.zst")
    frames = [zstandard.compress(line) for line in source.read_bytes().splitlines(keepends=True)]
    packed.write_bytes(b"".join(frames))  # several frames, as appending writers leave them
    archive: dict[str, Message] = {}
    cursor = followed(READERS["codex"], packed, None, archive, limit)
    assert in_order(archive) == at_once(READERS["codex"], plain)
    assert unchanged(packed, cursor)
    header, other = READERS["codex"].header(packed), READERS["codex"].header(plain)
    assert (header and header.session, header and header.last_record) == (
        other and other.session,
        other and other.last_record,
    )


@pytest.mark.parametrize("source", sorted((DATA / "markdown").glob("*.md")), ids=lambda path: path.stem)
def test_text_that_is_rewritten_as_a_whole_keeps_its_ids(source: Path, tmp_path: Path) -> None:
    """Exporters write the file anew for every message."""
    reader = READERS[source.relative_to(DATA).parts[0]]
    data = source.read_bytes()
    path = tmp_path / source.name
    path.write_bytes(data[: data.rindex(b"\n", 0, len(data) // 2) + 1])
    archive: dict[str, Message] = {}
    cursor = followed(reader, path, None, archive, 1 << 20)
    other = tmp_path / "other"
    other.write_bytes(data)
    other.replace(path)
    os.utime(path, WRITTEN)
    followed(reader, path, cursor, archive, 1 << 20)
    assert {known: message.text for known, message in archive.items()} == {
        message.id: message.text for message in at_once(reader, path)
    }


def test_broken_compression_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rollout-x.jsonl.zst"
    path.write_bytes(b"not zstd at all")
    with pytest.raises(TranscriptUnreadable, match=r"rollout-x"):
        READERS["codex"].read(path, None)


@pytest.mark.parametrize("agent", sorted(READERS))
@pytest.mark.parametrize("name", ["gone.jsonl", "gone.json", "folder.jsonl"])
def test_what_cannot_be_read_is_an_error_of_ours(agent: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(TranscriptUnreadable):
        READERS[agent].read(tmp_path / name, None)
    with pytest.raises(TranscriptUnreadable):
        READERS[agent].header(tmp_path / name)


def test_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(TranscriptUnreadable, match="regular file"):
        READERS["claude-code"].read(tmp_path / "pipe.jsonl", None)


@pytest.mark.parametrize(
    ("agent", "source"),
    [
        ("gemini", "session-2025-09-01T08-00-c1c1c1c1.json"),
        ("codex", "rollout-2025-05-07-5973b6c0-94b8-487b-a530-2aeb6098ae0e.json"),
    ],
)
def test_document_being_rewritten_is_tried_again(agent: str, source: str, tmp_path: Path) -> None:
    data = (DATA / agent / source).read_bytes()
    path = tmp_path / source
    path.write_bytes(data[: len(data) // 2])
    half = READERS[agent].read(path, None)
    assert (half.messages, half.complete, half.damaged) == ((), False, 1)
    assert not unchanged(path, half.cursor)
    path.write_bytes(data)
    whole = READERS[agent].read(path, half.cursor)
    assert whole.complete
    assert whole.messages
    assert unchanged(path, whole.cursor)
    os.utime(path)
    touched = READERS[agent].read(path, whole.cursor)
    assert (touched.messages, touched.complete) == ((), False)
    assert unchanged(path, touched.cursor)


@pytest.mark.parametrize("agent", sorted(READERS))
def test_empty_file(agent: str, tmp_path: Path) -> None:
    for name in ("x.jsonl", "x.json"):
        path = tmp_path / name
        path.touch()
        result = READERS[agent].read(path, None)
        assert (result.messages, result.header, result.damaged) == ((), None, 0)
        assert unchanged(path, result.cursor)


def test_memory_is_bounded_by_the_limit(tmp_path: Path) -> None:
    first, _ = two_prompts("claude-code")
    path = tmp_path / "x.jsonl"
    path.write_bytes(first * 1000)
    result = READERS["claude-code"].read(path, None, limit_bytes=10 * len(first))
    assert (len(result.messages), result.more) == (10, True)


def test_millions_of_line_ends_are_stepped_over(tmp_path: Path) -> None:
    """Each by itself they take half a minute: longer than a test may."""
    first, second = two_prompts("claude-code")
    path = tmp_path / "x.jsonl"
    path.write_bytes(first + b"\n" * 20_000_000 + second)
    one, two = READERS["claude-code"].read(path, None, limit_bytes=1 << 40).messages
    assert (one.text, two.position) == ("One.", len(first) + 20_000_000)


def test_line_of_megabytes_with_a_picture(tmp_path: Path) -> None:
    first, second = two_prompts("claude-code")
    record = json.loads(first)
    record["message"]["content"] = [
        {"type": "image", "source": {"type": "base64", "data": "QUJD" * 1_000_000}},
        {"type": "text", "text": "Look."},
    ]
    path = tmp_path / "x.jsonl"
    path.write_bytes(json.dumps(record).encode() + b"\n" + second)
    result = READERS["claude-code"].read(path, None, limit_bytes=1)
    assert [message.text for message in result.messages] == ["[image]\n\nLook."]
    header = READERS["claude-code"].header(path)
    assert header is not None
    assert header.last_record is not None


def two_prompts(agent: str) -> tuple[bytes, bytes]:
    """Two lines of an agent's log that say `One.` and `Two.`."""
    when = "2025-10-01T20:00:00Z"
    return line(agent, 0, "One.", when), line(agent, 1, "Two.", when)


def test_a_file_that_is_read_in_part_is_not_taken_for_read(tmp_path: Path) -> None:
    """After one piece of a large file that has stopped growing there is more to come, also after a restart."""
    path = tmp_path / "s.jsonl"
    record = {"type": "user", "uuid": "u", "sessionId": "s", "timestamp": "2026-09-01T09:00:00Z", "cwd": "/x"}
    lines = [
        json.dumps({**record, "uuid": f"u{number}", "message": {"role": "user", "content": f"line {number}"}}) + "\n"
        for number in range(50)
    ]
    path.write_text("".join(lines))
    reader, cursor, seen = READERS["claude-code"], None, []
    while cursor is None or not unchanged(path, cursor):
        result = reader.read(path, cursor, limit_bytes=5 * len(lines[0]))
        seen += [message.id for message in result.messages]
        cursor = Cursor.from_json(result.cursor.to_json())
        assert result.more != unchanged(path, cursor)
    assert seen == [f"u{number}" for number in range(50)]


@pytest.mark.parametrize("agent", LINED)
def test_each_piece_has_the_header_of_its_own_file(agent: str, tmp_path: Path) -> None:
    """Two files that are read in turns, piece by piece, and one of them grows meanwhile."""
    reader, (first, second) = READERS[agent], two_prompts(agent)
    paths = [tmp_path / name / "rollout-x.jsonl" for name in ("one", "two")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(first * 40 + second)
    cursors: list[Cursor | None] = [None, None]
    for step in range(6):
        for index, path in enumerate(paths):
            result = reader.read(path, cursors[index], limit_bytes=2 * len(first))
            assert result.header == reader.header(path)
            cursors[index] = result.cursor
        if step == 3:
            with paths[0].open("ab") as file:
                file.write(second)

"""No file hangs a reader, and none makes it take memory without bounds."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import SHAPES, name_for

from sidecar.errors import SidecarError
from sidecar.transcripts import READERS

LINES = ("claude-code", "codex", "copilot-cli", "cursor", "gemini", "messages", "native", "openclaw", "pi", "qwen")
"""Readers of files that grow by lines."""

TEXTS = ("aider", "markdown")

FIVE = 5
"""Times the bytes of a file that one call may take in memory."""


def read_through(agent: str, path: Path) -> int:
    """Read piece by piece, as the daemon does, and forget each; how many messages there were."""
    cursor, more, messages = None, True, 0
    while more:
        try:
            result = READERS[agent].read(path, cursor)
        except SidecarError:
            return messages
        cursor, more = result.cursor, result.more
        messages += len(result.messages)
    return messages


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_some_rubbish_takes_no_time(shape: str, tmp_path: Path) -> None:
    """Some hundredths of a second on a quiet machine; what grows with the square of the size takes minutes."""
    content = SHAPES[shape](300_000)
    for agent in ("claude-code", "messages", "markdown"):
        path = tmp_path / name_for(agent)
        path.write_bytes(content)
        begun = time.process_time()
        read_through(agent, path)
        assert time.process_time() - begun < 5, agent


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("agent", sorted(READERS))
def test_ten_megabytes_of_rubbish_are_no_hang(agent: str, tmp_path: Path) -> None:
    """Under two seconds each on a quiet machine; the limit is wide for one that does much else."""
    path = tmp_path / name_for(agent)
    path.parent.mkdir(exist_ok=True)
    for shape in sorted(SHAPES):
        path.write_bytes(SHAPES[shape](10_000_000))
        begun = time.process_time()
        read_through(agent, path)
        taken = time.process_time() - begun
        assert taken < 10, f"{shape}: {taken:.1f} s"


def record(agent: str, number: int, words: str) -> dict[str, object]:
    """A record of an agent in which a person says something."""
    when, made = "2026-07-17T09:00:00Z", f"019f0000-0000-7000-8000-{number:012d}"
    said = {"role": "user", "content": words}
    shapes: dict[str, dict[str, object]] = {
        "claude-code": {"type": "user", "uuid": made, "sessionId": "s", "timestamp": when, "message": said},
        "codex": {"timestamp": when, "type": "event_msg", "payload": {"type": "user_message", "message": words}},
        "copilot-cli": {"type": "user.message", "id": made, "timestamp": when, "data": {"content": words}},
        "cursor": {"role": "user", "message": {"content": [{"type": "text", "text": words}]}},
        "gemini": {"id": made, "timestamp": when, "type": "user", "content": words},
        "messages": said,
        "native": {"role": "user", "text": words},
        "openclaw": {"type": "message", "id": str(number), "timestamp": when, "message": said},
        "pi": {"type": "message", "id": str(number), "timestamp": when, "message": said},
        "qwen": {
            "uuid": made, "sessionId": "s", "timestamp": when, "type": "user",
            "message": {"role": "user", "parts": [{"text": words}]},
        },
    }  # fmt: skip
    return shapes[agent]


def written(agent: str, path: Path, words: str, size: int) -> int:
    """Write a session in which somebody says these words again and again; its bytes."""
    if agent in TEXTS:
        turn = f"#### {words}  \n\n{words}\n\n" if agent == "aider" else f"## User\n{words}\n## Assistant\n{words}\n"
        return path.write_bytes(turn.encode() * (size // len(turn.encode())))
    with path.open("wb") as file:
        file.write(b'{"sidecar_transcript":1,"session":"s"}\n' if agent == "native" else b"")
        number = 0
        while file.tell() < size:
            many = [json.dumps(record(agent, number + n, f"{words} {number + n}")) + "\n" for n in range(50)]
            file.write("".join(many).encode())
            number += 50
        return file.tell()


WORDS = ("Yes.", "Bake the rye loaf for forty minutes at two hundred degrees. " * 3, "é😀 " * 400, "x" * 20_000)


def peaks(agent: str, folder: Path, size: int) -> Iterator[tuple[str, float]]:
    """For each kind of words, the peak memory of a read of such a session as a multiple of its bytes."""
    path = folder / name_for(agent)
    for words in WORDS:
        there = written(agent, path, words, size)
        READERS[agent].read(path, None, limit_bytes=1000)  # modules and patterns are loaded once
        tracemalloc.start()
        try:
            messages = read_through(agent, path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert messages > 100
        yield words[:10], peak / there


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("agent", sorted((*LINES, *TEXTS)))
def test_memory_is_at_most_five_times_the_file(agent: str, tmp_path: Path) -> None:
    for words, times in peaks(agent, tmp_path, 3_000_000):
        assert times <= FIVE, words


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("agent", LINES)
def test_memory_for_rubbish_is_at_most_five_times_the_file(agent: str, tmp_path: Path) -> None:
    path = tmp_path / name_for(agent)
    for shape in sorted(SHAPES):
        there = path.write_bytes(SHAPES[shape](3_000_000))
        tracemalloc.start()
        try:
            read_through(agent, path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak <= FIVE * there, shape


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_memory_is_bounded_whatever_the_size_of_the_file(tmp_path: Path) -> None:
    """Ten times the file, the same peak: under 200 MB even as Python counts while it traces."""
    path = tmp_path / name_for("cursor")
    found = []
    for size in (30_000_000, 300_000_000):
        written("cursor", path, WORDS[1], size)
        tracemalloc.start()
        try:
            read_through("cursor", path)
            found.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert found[1] < 1.2 * found[0]
    assert found[1] < 100_000_000

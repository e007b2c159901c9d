"""No file hangs a reader, and none makes it take memory without bounds."""

import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import LINES, SHAPES, TEXTS, name_for, record
from weighing import read_through

from sidecar.transcripts import READERS

ROOT = Path(__file__).resolve().parents[2]
WEIGHING = str(Path(__file__).with_name("weighing.py"))
ENVIRON = os.environ | {"PYTHONPATH": str(ROOT)}

SLOWEST = ("codex", "markdown", "messages")
"""Of each form the reader that does most for a record of little."""

FIVE = 5
"""Times the bytes of a file that one call may take in memory."""


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
def test_megabytes_of_rubbish_are_no_hang(agent: str, tmp_path: Path) -> None:
    """Under a second each on a quiet machine; the limit is wide for one that does much else.

    Of the readers of one form, which have their loop in common, the slowest reads five megabytes, the others one.
    """
    path = tmp_path / name_for(agent)
    path.parent.mkdir(exist_ok=True)
    for shape in sorted(SHAPES):
        path.write_bytes(SHAPES[shape](5_000_000 if agent in SLOWEST else 1_000_000))
        begun = time.process_time()
        read_through(agent, path)
        taken = time.process_time() - begun
        assert taken < 10, f"{shape}: {taken:.1f} s"


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
        assert messages > 50
        yield words[:10], peak / there


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("agent", sorted((*LINES, *TEXTS)))
def test_memory_is_at_most_five_times_the_file(agent: str, tmp_path: Path) -> None:
    for words, times in peaks(agent, tmp_path, 3_000_000):
        assert times <= FIVE, words


HEAVIEST = (
    ("aider", "a kilobyte with an emoji each"),
    ("claude-code", "100 kB with an emoji each"),
    ("claude-code", "one text"),
    ("cline", "a megabyte with an emoji each"),
    ("codex", "a megabyte with an emoji each"),
    ("gemini", "a megabyte with an emoji each"),
    ("markdown", "one text of tags"),
    ("markdown", "a megabyte with an emoji each"),
    ("messages", "a megabyte with an emoji each (conversation)"),
    ("messages", "messages of a letter (tree)"),
    ("goose", "one word"),
    ("opencode", "a megabyte with an emoji each"),
)
"""Of all that `scripts/weigh_readers.py` weighs in ten minutes the heaviest of each form."""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of a process is set back on Linux only"
)
@pytest.mark.parametrize(("agent", "shape"), HEAVIEST)
def test_memory_for_whatever_is_at_most_five_times_the_file(agent: str, shape: str, tmp_path: Path) -> None:
    """The memory of the process, for 8 MB of each shape; below some megabytes a fixed part counts more."""
    assert_light(agent, shape, tmp_path)


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of a process is set back on Linux only"
)
@pytest.mark.parametrize(
    ("agent", "shape"), [("roo", "messages of a letter (list)"), ("pi", "4 MB with an emoji each")]
)
def test_memory_for_the_heaviest_is_at_most_five_times_the_file(agent: str, shape: str, tmp_path: Path) -> None:
    assert_light(agent, shape, tmp_path)


def assert_light(agent: str, shape: str, folder: Path) -> None:
    """Whatever has this in its name takes at most five times its bytes."""
    command = [sys.executable, WEIGHING, agent, str(folder), "8000000", shape]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRON, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found
    assert {shape: times for shape, _, times in found if not 0 < times <= FIVE} == {}


READ_THROUGH = """
import sys
from pathlib import Path
from sidecar.transcripts import READERS
cursor, more = None, True
while more:
    result = READERS[sys.argv[1]].read(Path(sys.argv[2]), cursor)
    cursor, more = result.cursor, result.more
status = Path("/proc/self/status").read_text()  # what getrusage tells includes the process that started this one
print(int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process by itself")
def test_memory_is_under_200_mb_whatever_the_size_of_the_file(tmp_path: Path) -> None:
    """That of a whole process, with the interpreter, for 300 MB."""
    path = tmp_path / name_for("claude-code")
    written("claude-code", path, WORDS[1], 300_000_000)
    command = [sys.executable, "-c", READ_THROUGH, "claude-code", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200_000_000

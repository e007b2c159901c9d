"""No file hangs a reader, and none makes it take memory without bounds."""

import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import SHAPES, name_for

from sidecar.errors import SidecarError
from sidecar.transcripts import READERS

ROOT = Path(__file__).resolve().parents[2]

LINES = ("claude-code", "codex", "copilot-cli", "cursor", "gemini", "messages", "native", "openclaw", "pi", "qwen")
"""Readers of files that grow by lines."""

TEXTS = ("aider", "markdown")

DOCUMENTS = ("cline", "roo")

SLOWEST = ("codex", "markdown", "messages")
"""Of each form the reader that does most for a record of little."""

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
    """Under two seconds each on a quiet machine; the limit is wide for one that does much else.

    Of the readers of one form, which have their loop in common, the slowest reads ten megabytes, the others one.
    """
    path = tmp_path / name_for(agent)
    path.parent.mkdir(exist_ok=True)
    for shape in sorted(SHAPES):
        path.write_bytes(SHAPES[shape](10_000_000 if agent in SLOWEST else 1_000_000))
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
        assert messages > 50
        yield words[:10], peak / there


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("agent", sorted((*LINES, *TEXTS)))
def test_memory_is_at_most_five_times_the_file(agent: str, tmp_path: Path) -> None:
    for words, times in peaks(agent, tmp_path, 3_000_000):
        assert times <= FIVE, words


PEAKS = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from test_transcripts_hostile import SHAPES, name_for, read_through

def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

path, peaks = Path(sys.argv[3]) / (sys.argv[4] or name_for(sys.argv[2])), {}
path.parent.mkdir(exist_ok=True)
path.write_bytes(b"{}")
read_through(sys.argv[2], path)  # what the reader needs is loaded
for shape in sorted(SHAPES):
    there = path.write_bytes(SHAPES[shape](3_000_000))
    child = os.fork()
    if not child:
        Path("/proc/self/clear_refs").write_text("5")  # the peak is that of now
        before = status("VmRSS")
        read_through(sys.argv[2], path)
        path.with_name("peak").write_text(str((status("VmHWM") - before) / there))
        os._exit(0)
    peaks[shape] = float(path.with_name("peak").read_text()) if not os.waitpid(child, 0)[1] else 99
print(json.dumps(peaks))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of a process is set back on Linux only"
)
@pytest.mark.parametrize(
    ("agent", "name"), [*((agent, "") for agent in (*LINES, *TEXTS, *DOCUMENTS)), ("messages", "x.json")]
)
def test_memory_for_rubbish_is_at_most_five_times_the_file(agent: str, name: str, tmp_path: Path) -> None:
    """The memory of the process, for 3 MB of each shape; below a megabyte of rubbish a fixed part counts more."""
    command = [sys.executable, "-c", PEAKS, str(Path(__file__).parent), agent, str(tmp_path), name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {shape: times for shape, times in json.loads(done.stdout).items() if times > FIVE} == {}


READ_THROUGH = """
import resource, sys
from pathlib import Path
from sidecar.transcripts import READERS
cursor, more = None, True
while more:
    result = READERS[sys.argv[1]].read(Path(sys.argv[2]), cursor)
    cursor, more = result.cursor, result.more
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1024 if sys.platform == "linux" else 1))
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_memory_is_under_200_mb_whatever_the_size_of_the_file(tmp_path: Path) -> None:
    """That of a whole process, with the interpreter, for 300 MB."""
    path = tmp_path / name_for("claude-code")
    written("claude-code", path, WORDS[1], 300_000_000)
    command = [sys.executable, "-c", READ_THROUGH, "claude-code", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200_000_000

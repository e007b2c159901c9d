"""How fast readers read: real files as they lie, and one large file in a process of its own, for its memory."""

from __future__ import annotations

import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sidecar.daemon.reading import collect_between_pieces
from sidecar.transcripts import READERS

LEAST_SECONDS = 0.2
"""Files are read again and again until so much CPU was used: the samples of some agents are a few kilobytes."""

ROUNDS = 5
"""So often a speed is measured; the median counts, as a busy machine makes single rounds slow."""

LARGE = 24_000_000
"""Bytes of the large file: three pieces of the size in which the daemon reads."""

_LINES = frozenset("claude-code codex copilot-cli cursor gemini messages native openclaw pi qwen".split())
"""Readers of records in lines, which read a file of any size."""

_KILO = 1024 if sys.platform == "linux" else 1
"""What `ru_maxrss` counts."""


@dataclass(frozen=True, slots=True)
class Speed:
    """CPU seconds for so many bytes; where it was measured, the peak memory of the process in bytes, and the lines."""

    size: int
    seconds: float
    peak: int | None = None
    lines: int = 0

    @property
    def rate(self) -> float:
        """Megabytes a second."""
        return self.size / 1e6 / self.seconds


def read_whole(agent: str, path: Path, after_each: Callable[[], object] = lambda: None) -> int:
    """Read a file piece by piece, as the daemon does, with a call after each; how many messages it gave."""
    messages, cursor, more = 0, None, True
    while more:
        result = READERS[agent].read(path, cursor)
        messages += len(result.messages)
        cursor, more = result.cursor, result.more
        del result
        after_each()
    return messages


def as_they_lie(agent: str, paths: Sequence[Path]) -> Speed:
    """The speed over an agent's samples, of which each is opened and read as a file of its own."""
    for path in paths:  # what is loaded or compiled once is no part of it
        read_whole(agent, path)
    return sorted((_round(agent, paths) for _ in range(ROUNDS)), key=lambda speed: speed.rate)[ROUNDS // 2]


def _round(agent: str, paths: Sequence[Path]) -> Speed:
    size, begun = 0, time.process_time()
    while size == 0 or time.process_time() - begun < LEAST_SECONDS:
        for path in paths:
            read_whole(agent, path)
            size += path.stat().st_size
    return Speed(size, time.process_time() - begun)


def large_file(agent: str, paths: Sequence[Path], folder: Path, size: int = LARGE) -> Speed | None:
    """The speed over one file made of the samples' lines, in a process of its own; None for other forms."""
    lines = [path for path in paths if path.suffix == ".jsonl"]
    if agent not in _LINES or not lines:
        return None
    path = folder / "rollout-large.jsonl"
    data = b"".join(one.read_bytes().rstrip(b"\n") + b"\n" for one in lines)
    with path.open("wb") as file:
        while file.tell() < size:
            file.write(data)
    command = [sys.executable, "-m", "benchmarks.reading", agent, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[1])
    told: Mapping[str, float] = json.loads(done.stdout)
    repeated = path.stat().st_size // len(data)
    return Speed(path.stat().st_size, told["seconds"], int(told["peak"]), repeated * data.count(b"\n"))


def main() -> None:
    """In the process of its own: read the file some times, tell the median of the CPU seconds, and the peak memory.

    Cyclic garbage is collected as in the process in which the daemon reads old sessions.
    """
    agent, path = sys.argv[1], Path(sys.argv[2])
    collect_between_pieces()
    taken = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        read_whole(agent, path, after_each=gc.collect)
        taken.append(time.process_time() - begun)
    seconds = statistics.median(taken)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILO
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": peak}))


if __name__ == "__main__":
    main()

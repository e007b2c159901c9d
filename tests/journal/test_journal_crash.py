"""kill -9 in the middle of reading: cursors and messages agree afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from journal_builders import ids, read, ref, said

from sidecar.journal import Journal

_READS = 40
_EACH = 5

_WRITER = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from journal_builders import read, said
from sidecar.journal import Journal
journal = Journal.open(Path(sys.argv[1]))
start = int(journal.cursor("/t/s1.jsonl") or 0)
for step in range(start, {_READS}):
    first = step * {_EACH}
    read(journal, [said(f"m{{n}}", position=n) for n in range(first, first + {_EACH})], cursor=str(step + 1))
    print(step + 1, flush=True)
journal.close()
"""


def kill_after(path: Path, lines: int) -> int:
    """Run the writer, kill it when it has acknowledged so many reads; the last one that was acknowledged."""
    command = [sys.executable, "-c", _WRITER, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        told = "0"
        for _ in range(lines):
            told = process.stdout.readline().strip() or told
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
    return int(rest[-1] if rest else told)


def test_after_kill_9_cursor_and_messages_agree(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    moments = random.Random(5)
    for _ in range(4):
        acknowledged = kill_after(path, moments.randrange(1, 8))
        with Journal.open(path) as journal:
            cursor = int(journal.cursor("/t/s1.jsonl"))
            assert cursor >= acknowledged, "what was acknowledged is kept"
            assert ids(journal) == [f"m{n}" for n in range(cursor * _EACH)]
            assert journal.session(ref()).messages == cursor * _EACH
            assert journal.last_change() >= cursor * _EACH
    with Journal.open(path) as journal:
        for step in range(_READS):
            messages = [said(f"m{n}", position=n) for n in range(step * _EACH, step * _EACH + _EACH)]
            read(journal, messages, cursor=str(step + 1))
        assert ids(journal) == [f"m{n}" for n in range(_READS * _EACH)]

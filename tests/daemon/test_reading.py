"""The process that reads old sessions: the same pieces, whatever becomes of it, and never a process too many."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_sessions import ClaudeCode
from wired import HANG_S

from sidecar.daemon.ahead import Ahead
from sidecar.daemon.reading import ReadingProcess
from sidecar.daemon.sources import Transcript
from sidecar.errors import TranscriptUnreadable
from sidecar.pieces import Piece, read_piece
from sidecar.transcripts import Cursor

CLAUDE = "claude-code"
ROOT = Path(__file__).resolve().parents[2]
ROOM_BYTES = 2_000_000
"""Enough to read a short file, not for eight megabytes of a long one."""


@pytest.fixture
def shop(home: Path) -> Path:
    folder = home / "work" / "shop"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    found = ReadingProcess()
    yield found
    found.close()


def session(home: Path, shop: Path, number: int = 0, *said: str) -> Path:
    claude = ClaudeCode(home, shop, f"00000000-0000-4000-8000-{number:012}")
    for words in said or (f"crane number {number} is green",):
        claude.user(words)
    return claude.path


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie that nobody has waited for counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return sys.platform == "linux"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + HANG_S
    while not gone(pid):
        assert time.monotonic() < deadline, "an orphan"
        time.sleep(0.02)


def test_it_reads_what_this_process_reads_without_secrets(process: ReadingProcess, home: Path, shop: Path) -> None:
    path = session(home, shop, 0, "the crane is green", "export API_KEY=sk-ant-api03-Zx81Qw72Lk93Vn45Bt66", "done")
    first = process.read(CLAUDE, path, None)
    assert first == read_piece(CLAUDE, path, None)
    assert first is not None
    texts = [message.text for part in first.result.parts for message in part.messages]
    assert texts[0] == "the crane is green"
    assert not any("Zx81Qw72Lk93" in text for text in texts)
    assert process.read(CLAUDE, path, first.result.cursor) is None, "nothing new can be in it"


def test_what_cannot_be_read_is_told_as_it_would_be_here(process: ReadingProcess, tmp_path: Path) -> None:
    with pytest.raises(TranscriptUnreadable) as here:
        read_piece(CLAUDE, tmp_path / "none.jsonl", None)
    with pytest.raises(TranscriptUnreadable) as there:
        process.read(CLAUDE, tmp_path / "none.jsonl", None)
    assert (str(there.value), there.value.hint) == (str(here.value), here.value.hint)


def test_one_that_was_killed_is_started_again(process: ReadingProcess, home: Path, shop: Path) -> None:
    path = session(home, shop)
    expected = process.read(CLAUDE, path, None)
    before = process.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    assert process.read(CLAUDE, path, None) == expected
    assert process.pid not in (None, before)


def test_a_file_over_which_it_is_killed_twice_is_one_that_cannot_be_read(
    process: ReadingProcess, home: Path, shop: Path
) -> None:
    path = session(home, shop)
    killed: set[int] = set()

    def kill() -> None:
        while len(killed) < 2:
            pid = process.pid
            if pid is not None and pid not in killed:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(TranscriptUnreadable, match="killed twice"):
        process.read(CLAUDE, path, None)  # long before either has started as far as to answer
    killer.join(HANG_S)
    assert process.read(CLAUDE, path, None) is not None, "the next one is read by a new process"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_is_read(
    process: ReadingProcess, home: Path, shop: Path
) -> None:
    small, large = session(home, shop), session(home, shop, 1, *["the crane is green " * 4_000] * 200)
    process.read(CLAUDE, small, None)
    status = Path(f"/proc/{process.pid}/status").read_text()
    needed = 1024 * int(status.partition("VmSize:")[2].split()[0])
    with contextlib.closing(ReadingProcess(memory=needed + ROOM_BYTES)) as narrow:
        assert narrow.read(CLAUDE, small, None) is not None
        with pytest.raises(TranscriptUnreadable, match="more memory"):
            narrow.read(CLAUDE, large, None)
        assert narrow.read(CLAUDE, small, None) is not None


def test_without_a_process_it_reads_here(home: Path, shop: Path) -> None:
    path = session(home, shop)
    executable, sys.executable = sys.executable, str(home / "no-python")
    try:
        with contextlib.closing(ReadingProcess()) as process:
            assert process.read(CLAUDE, path, None) == read_piece(CLAUDE, path, None)
            assert process.pid is None
    finally:
        sys.executable = executable


def test_it_ends_with_its_daemon_however_that_ends(home: Path, shop: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from sidecar.daemon.reading import ReadingProcess\n"
        "process = ReadingProcess(); process.read('claude-code', Path(sys.argv[1]), None)\n"
        "print(process.pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(session(home, shop))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        pid = int(daemon.stdout.readline())
        assert not gone(pid)
        daemon.kill()
    wait_until_gone(pid)


def test_closing_ends_it_in_the_middle_of_a_file(home: Path, shop: Path) -> None:
    path = session(home, shop, 1, *["the crane is green " * 2_000] * 200)
    process = ReadingProcess()
    process.read(CLAUDE, path, None)
    pid = process.pid
    assert pid is not None
    failed: list[TranscriptUnreadable] = []

    def read() -> None:
        try:
            while True:
                process.read(CLAUDE, path, None)
        except TranscriptUnreadable as error:
            failed.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    time.sleep(0.05)
    process.close()
    reading.join(HANG_S)
    assert len(failed) == 1
    wait_until_gone(pid)


def test_what_was_read_ahead_counts_only_if_it_goes_on_from_what_was_kept(home: Path, shop: Path) -> None:
    one, other = (Transcript(CLAUDE, session(home, shop, number)) for number in range(2))
    kept: dict[Path, Cursor] = {}

    async def scenario() -> None:
        with contextlib.closing(Ahead(kept.get, 0)) as ahead:
            assert words(await ahead.piece(one, other)) == ["crane number 0 is green"]
            ClaudeCode(home, shop, other.path.stem).assistant("and tall")
            live = read_piece(CLAUDE, other.path, None)
            assert live is not None
            kept[other.path] = live.result.cursor  # somebody else has read on meanwhile
            assert await ahead.piece(other, None) is None
            ClaudeCode(home, shop, other.path.stem).user("and old")
            assert words(await ahead.piece(other, None)) == ["and old"]

    asyncio.run(scenario())


def words(piece: Piece | None) -> list[str]:
    assert piece is not None
    return [message.text for part in piece.result.parts for message in part.messages]

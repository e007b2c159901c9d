"""kill -9 in the middle of a back-fill that a process of its own reads: nothing lost, nothing twice, no orphan."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from running import ClaudeSession, Daemon, repository, wait_until

from sidecar.journal import Journal

SESSIONS = 60
MESSAGES = 5
KILLS = 4


def _history(home: Path) -> Counter[str]:
    """Sessions of ten megabytes in all; how often each message is to be in the archive."""
    project = repository(home / "work" / "tern", "tern")
    said: Counter[str] = Counter()
    for number in range(SESSIONS):
        turns = [f"crane {number} turn {turn} " + "is green and tall " * 2_000 for turn in range(MESSAGES)]
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        ClaudeSession(home, project, start, f"s-{number:04}").say(*turns)
        said.update(_begun(turn) for turn in turns)
    return said


def _begun(text: str) -> str:
    return " ".join(text.split()[:4])


def _archived(daemon: Daemon) -> Counter[str]:
    with Journal.open(daemon.sidecar_home / "state" / "journal.db") as journal:
        refs = [row.ref for row in journal.sessions()]
        return Counter(_begun(one.message.text) for ref in refs for one in journal.messages(ref))


def _reading(daemon: Daemon) -> list[psutil.Process]:
    found = []
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(daemon.process.pid if daemon.process else 0).children():
            with contextlib.suppress(psutil.Error):
                if "sidecar.daemon.reading" in " ".join(child.cmdline()):
                    found.append(child)
    return found


@pytest.mark.slow
def test_kills_in_the_middle_of_it_lose_nothing_and_leave_no_process(home: Path) -> None:
    said = _history(home)
    daemon, met = Daemon(home, {"SIDECAR_EXTRACT_EXTRACTOR": "none"}), 0
    try:
        for kill in range(KILLS):
            daemon.start()
            wanted = min(3 + 2 * kill, SESSIONS)
            wait_until("it reads", lambda enough=wanted: daemon.status()["backfill"]["done"] >= enough or _done(daemon))
            reading = _reading(daemon)
            met += bool(reading)
            daemon.kill()
            wait_until("no orphan is left", lambda left=reading: not any(map(_lives, left)))
        assert met, "one of the kills met a process that read"
        assert not _archived(daemon) - said, "nothing came twice"
        daemon.start()
        daemon.settle()
        assert _reading(daemon) == []
    finally:
        daemon.end()
    assert _archived(daemon) == said


def _done(daemon: Daemon) -> bool:
    state = daemon.status()["backfill"]
    return bool(state["done"] >= state["total"] > 0)


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False

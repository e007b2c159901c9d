"""A back-fill that is worth a process of its own: nothing lost and nothing twice, whatever is killed meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from agent_sessions import ClaudeCode
from wired import Wired, until, within

from sidecar.journal import Journal
from sidecar.model import SessionRef
from sidecar.paths import resolve

SESSIONS = 24
MESSAGES = 6


@pytest.fixture
def history(home: Path) -> list[ClaudeCode]:
    """Sessions of five megabytes in all, oldest first."""
    shop = home / "work" / "shop"
    shop.mkdir(parents=True)
    made = []
    for number in range(SESSIONS):
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
        made.append(ClaudeCode(home, shop, f"00000000-0000-4000-8000-{number:012}", start=start))
        for turn in range(MESSAGES):
            made[-1].user(f"crane {number} turn {turn} " + "is green and tall " * 2_000)
    return made


def archived(journal: Journal) -> Counter[str]:
    """How often the archive has what was said, by its first words."""
    refs = [row.ref for row in journal.sessions()]
    return Counter(" ".join(one.message.text.split()[:4]) for ref in refs for one in journal.messages(ref))


EVERYTHING = Counter(f"crane {number} turn {turn}" for number in range(SESSIONS) for turn in range(MESSAGES))


def reading() -> list[int]:
    """The processes that read for this one."""
    children = psutil.Process().children()
    found = []
    for child in children:
        with contextlib.suppress(psutil.Error):
            if "reading" in " ".join(child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child.pid)
    return found


def test_a_killed_process_costs_nothing_but_time(history: list[ClaudeCode], tmp_path: Path) -> None:
    async def scenario(world: Wired) -> None:
        intake, killed = world.parts.intake, set[int]()
        async with world.at_work("watch"):
            while len(killed) < 2 and not intake.progress.finished.is_set():
                for pid in set(reading()) - killed if intake.progress.done > 4 * len(killed) else ():
                    killed.add(pid)
                    os.kill(pid, signal.SIGKILL)
                await asyncio.sleep(0.005)
            await intake.progress.finished.wait()
        assert killed, "there was a process of its own"
        assert intake.problems == {}
        assert archived(world.parts.journal) == EVERYTHING
        assert reading() == [], "it ends with the back-fill"

    within(tmp_path, scenario)


def test_what_was_broken_off_is_taken_up_again_newest_first(history: list[ClaudeCode], tmp_path: Path) -> None:
    async def first(world: Wired) -> None:
        serving = asyncio.create_task(world.parts.intake.serve())
        await until(lambda: world.parts.intake.progress.done >= 3)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await until(lambda: not reading())

    within(tmp_path, first)
    with Journal.open(resolve({"SIDECAR_HOME": str(tmp_path / "sidecar")}).journal) as journal:
        done = [row.ref.session for row in journal.sessions()]
    assert 3 <= len(done) < SESSIONS
    assert done == [claude.session for claude in history[-len(done) :]], "the newest went first"

    async def second(world: Wired) -> None:
        async with world.at_work("watch"):
            await world.parts.intake.progress.finished.wait()
        assert world.parts.intake.progress.total in (SESSIONS - len(done), SESSIONS - len(done) + 1)
        assert archived(world.parts.journal) == EVERYTHING

    within(tmp_path, second)


def test_what_is_written_meanwhile_comes_once_and_before_the_rest(history: list[ClaudeCode], tmp_path: Path) -> None:
    async def scenario(world: Wired) -> None:
        progress, journal = world.parts.intake.progress, world.parts.journal
        async with world.at_work("watch"):
            await until(lambda: progress.done > 0)
            history[0].user("and now it is red")
            ref = SessionRef("claude-code", history[0].session)
            await until(lambda: len(journal.messages(ref)) == MESSAGES + 1)
            assert not progress.finished.is_set(), f"{progress.done} of {progress.total}"
            await progress.finished.wait()
        assert archived(journal) == EVERYTHING + Counter(["and now it is"])

    within(tmp_path, scenario)


def test_a_pause_stops_it_and_the_rest_comes_afterwards(history: list[ClaudeCode], tmp_path: Path) -> None:
    async def scenario(world: Wired) -> None:
        intake, journal = world.parts.intake, world.parts.journal
        async with world.at_work("watch"):
            await until(lambda: intake.progress.done >= 2)
            intake.pause(True)
            await until(lambda: reading() == [])
            before = archived(journal)
            assert before != EVERYTHING
            assert not intake.progress.finished.is_set()
            assert intake.progress.done < intake.progress.total
            await asyncio.sleep(0.3)
            assert archived(journal) == before, "nothing is read while it is paused"
            intake.pause(False)
            await until(lambda: archived(journal) == EVERYTHING)
            await intake.progress.finished.wait()
            assert intake.progress.done == intake.progress.total

    within(tmp_path, scenario)

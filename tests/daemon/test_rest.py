"""A daemon with nothing to do sleeps, and gives memory back: what is about it wakes it, not a clock."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wired import Wired, until, within

from sidecar.daemon.allocator import unwritten

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc and asks glibc")
ROOT = Path(__file__).parents[2]

REST_S = 4.0
MOST = 4
"""Times that the loop may be woken in that time; one look every second would be as many, with its threads' answers."""


TRIES = 4
"""Where others compute too, what the start has left may reach into the first; a clock of ours would be in each."""


def wakeups() -> int:
    """How often the main thread has slept and was woken."""
    status = Path(f"/proc/self/task/{os.getpid()}/status").read_text()
    return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])


@LINUX
def test_no_service_wakes_every_second(tmp_path: Path, home: Path) -> None:
    async def scenario(wired: Wired) -> None:
        wired.parts.intake._look_s = 60.0  # as it is five minutes after the start
        wired.parts.supervisor.start()
        await until(lambda: wired.parts.intake.progress.finished.is_set() and not wired.parts.keeper.busy)
        await asyncio.sleep(2)  # what the start has left
        for _ in range(TRIES):
            before = wakeups()
            await asyncio.sleep(REST_S)
            if (woken := wakeups() - before) <= MOST:
                break
        assert woken <= MOST
        assert {state.state for state in wired.parts.supervisor.states.values()} == {"running"}
        await wired.parts.supervisor.stop()

    within(tmp_path, scenario)


def test_an_index_that_is_deleted_at_rest_is_made_anew_at_once_each_time(tmp_path: Path, home: Path) -> None:
    async def scenario(wired: Wired) -> None:
        index = wired.parts.index
        wired.parts.supervisor.start()
        await until(lambda: wired.parts.intake.progress.finished.is_set() and not wired.parts.keeper.busy)
        for _ in range(2):
            await asyncio.sleep(1.5)
            assert index.intact()
            shutil.rmtree(index.folder)
            async with asyncio.timeout(20):  # it would look by itself after half a minute
                await until(index.intact)
        await wired.parts.supervisor.stop()

    within(tmp_path, scenario)


PROGRAM = """
import asyncio
from sidecar.daemon.allocator import GivingBack, keep_little, resident_pages

rests = []

async def rest():
    rests.append(resident_pages())

async def serve(seconds, **settings):
    serving = asyncio.create_task(GivingBack(rest, look_s=0.01, **settings).serve())
    await asyncio.sleep(seconds)
    serving.cancel()

keep_little()
"""

FREE = """
held = [bytearray(2000) for _ in range(100_000)]
top = bytearray(2000)  # what lies free below it is not given back by itself
before = resident_pages()

async def main():
    if LATER:  # has been looked at while it was in use, and does not grow after that
        await serve(0.5, work_s=1e9, quiet_s=0)
    held.clear()
    if LATER:
        sum(range(20_000_000))
    await serve(1, work_s=0.2 if LATER else 1e9, quiet_s=0)

asyncio.run(main())
print(before - resident_pages())
"""

LARGE = """
for _ in range(3):  # of what is freed first, the C library learns how large pieces are
    pieces, between = [], []
    for _ in range(50):
        pieces.append(bytearray(2_000_000))
        between.append(bytearray(50_000))
    before = resident_pages()
    pieces.clear()
    print(before - resident_pages())
"""

FILES = """
import numpy
import sidecar.index.lexical
from sidecar.index import Embedder

def of_files():
    return int(open("/proc/self/statm").read().split()[2])

embedder = Embedder.load()
before, vector = of_files(), embedder.encode(["the lamp of the pier"])
assert of_files() > before  # the model's pages count
asyncio.run(serve(0.5, work_s=0, quiet_s=0))
print(len(rests), of_files() - before > 0)
asyncio.run(serve(1, work_s=1e9, quiet_s=1e9))
print(len(rests), before // 2 > of_files())
print((embedder.encode(["the lamp of the pier"]) == vector).all())
"""

PACE = """
asked, slept = [], asyncio.sleep

async def sleep(seconds):
    asked.append(seconds)
    await slept(0)

async def look(quiet_s):
    asked.clear()
    asyncio.sleep = sleep
    serving = asyncio.create_task(GivingBack(rest, look_s=8.0, quiet_s=quiet_s).serve())
    while len(asked) < 4:
        await slept(0.01)
    serving.cancel()
    print(*asked[:4])

asyncio.run(look(0))
asyncio.run(look(1e9))
"""


def printed(program: str) -> list[str]:
    """What a process of its own prints: what lies free in this one is not known."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM + program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()


@LINUX
@pytest.mark.parametrize("later", [False, True], ids=["after growth", "after work"])
def test_what_lies_free_is_given_back(later: bool) -> None:
    assert int(printed(f"LATER = {later}\n{FREE}")[0]) * os.sysconf("SC_PAGE_SIZE") > 100_000_000


@LINUX
def test_large_pieces_are_given_back_at_once_however_often() -> None:
    assert [int(pages) * os.sysconf("SC_PAGE_SIZE") > 90_000_000 for pages in printed(LARGE)] == [True] * 3


@LINUX
def test_pages_of_libraries_and_of_the_model_go_at_rest_only_once_and_come_back() -> None:
    assert printed(FILES) == ["0", "True", "1", "True", "True"]


@LINUX
def test_it_looks_twice_as_often_until_what_is_owed_is_given_back() -> None:
    assert printed(PACE) == ["8.0", "4.0", "4.0", "4.0"] + ["8.0"] * 4


def mapped(begin: str, rights: str, name: str, *, anonymous: int = 0, swap: int = 0) -> str:
    return (
        f"{begin}000-{begin}fff {rights} 00000000 fe:00 339380                     {name}\n"
        f"Size:                152 kB\nRss:                  52 kB\nAnonymous:        {anonymous:6} kB\n"
        f"KSM:                   0 kB\nSwap:             {swap:6} kB\nVmFlags: rd mr mw me \n"
    )


def test_what_a_library_has_written_into_itself_stays_also_if_it_was_swapped_out() -> None:
    told = "".join(
        (
            mapped("a1", "r-xp", "/usr/lib/libc.so.6"),
            mapped("a2", "r--p", "/usr/lib/libc.so.6", anonymous=16),
            mapped("a3", "r--p", "/usr/lib/libc.so.6", swap=16),
            mapped("a4", "rw-p", "/usr/lib/libc.so.6"),
            mapped("a5", "r--s", "/opt/a model.safetensors"),
            mapped("a6", "r--p", "/opt/replaced.so (deleted)"),
            mapped("a7", "r--s", "/home/ines/index/words/1.term"),
        )
    )
    assert unwritten(told) == [(0xA1000, 0xA1FFF), (0xA5000, 0xA5FFF)]


@LINUX
def test_the_systems_own_words_are_understood() -> None:
    assert len(unwritten(Path("/proc/self/smaps").read_text())) > 10

"""Processes that recall beside the daemon: the same answers, of the daemon's own state alone, never one too many."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from wired import HANG_S, RULES, Wired, until, within

from sidecar.daemon import recallers as module
from sidecar.daemon.child import framed
from sidecar.daemon.parcels import packed
from sidecar.daemon.protocol import Question, Said, Told
from sidecar.daemon.recaller import Recaller
from sidecar.daemon.recallers import Patience, Recallers
from sidecar.model import MemoryType, ProfileRef
from sidecar.recall import Recall, RecallAnswer, RecallRequest

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
WEB = ProfileRef("local", "web")
MANY = module._MANY
PATIENT = Patience(HANG_S, HANG_S, HANG_S, HANG_S)
MODEL = RULES.embedding.model
FACTS = ("The nightly backup starts at 02:10.", "Deploys leave at noon.", "The pump house key hangs by the door.")
SAID = ("we moved the database to port 5433 today", "the staging host is called heron")
QUESTIONS = ("when does the backup start?", "which port has the database?", "what is the staging host?", "Who is Ada?")

pytestmark = pytest.mark.skipif(module._processors() < 2, reason="one processor: there are never any")


def _recalls(child: psutil.Process) -> bool:
    try:
        return module._PROGRAM in child.cmdline()
    except psutil.Error:  # it has just gone
        return False


@dataclass
class Shop:
    """Parts with some memories and messages, and the processes beside them."""

    wired: Wired
    beside: Recallers

    @property
    def children(self) -> list[psutil.Process]:
        """The processes that recall; other tests may have left others to this process."""
        return [child for child in psutil.Process().children() if _recalls(child)]

    def request(self, query: str, **fields: object) -> RecallRequest:
        return RecallRequest(query, (WEB,), reference=NOW, **fields)  # type: ignore[arg-type]

    async def remember(self, content: str) -> str:
        told = Told(content, None, None, None, (), pinned=False)
        return (await self.wired.service.remember(WEB, told)).memory.id

    async def started(self) -> None:
        """Have many ask until there are processes, and one of them has the index as it is."""
        self.wired.parts.index.write()
        with many(self.beside):
            for _ in range(int(HANG_S * 50)):
                with self.beside.counted():
                    if await self.beside.answer(self.request(QUESTIONS[0])) is not None:
                        return
                await asyncio.sleep(0.02)
        raise AssertionError("waited in vain")

    async def answered(self, request: RecallRequest) -> RecallAnswer:
        """What a process answers, once one is up to date."""
        for _ in range(int(HANG_S * 50)):
            found = await self.beside.answer(request)
            if found is not None:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError("waited in vain")


@contextlib.contextmanager
def many(beside: Recallers) -> Iterator[None]:
    """As many recalls as it takes, under way."""
    with contextlib.ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(beside.counted())
        yield


@contextlib.asynccontextmanager
async def shop(wired: Wired, *, idle_s: float = HANG_S, patience: Patience = PATIENT) -> AsyncIterator[Shop]:
    index, journal = wired.parts.index, wired.parts.journal.path
    beside = Recallers(index, journal, MODEL, long_s=0, idle_s=idle_s, patience=patience)
    opened = Shop(wired, beside)
    for content in FACTS:
        await opened.remember(content)
    said = [Said("user", text, NOW) for text in SAID]
    await wired.service.ingest(WEB, said, session="s1", wait=False)
    wired.parts.follow.catch_up()
    try:
        yield opened
    finally:
        children = opened.children
        beside.close()
        await gone(children)


def question(query: str, types: tuple[MemoryType, ...]) -> Question:
    return Question(
        query=query,
        level="low",
        length="medium",
        reference=NOW,
        limit=None,
        at=None,
        types=types,
        kinds=("memory", "message"),
        session=None,
        budget=None,
        explain=False,
        routed=False,
    )


def count(beside: Recallers) -> Callable[[], int]:
    """How many answers processes give from now on."""
    answers, ask = [0], beside.answer

    async def answer(request: RecallRequest) -> RecallAnswer | None:
        found = await ask(request)
        answers[0] += found is not None
        return found

    beside.answer = answer  # type: ignore[method-assign]
    return lambda: answers[0]


async def gone(processes: list[psutil.Process]) -> None:
    for process in processes:
        for _ in range(int(HANG_S * 50)):
            if not process.is_running():
                break
            await asyncio.sleep(0.02)
        assert not process.is_running()


def over(folder: Path, scenario: Callable[[Shop], Awaitable[None]], **options: object) -> None:
    async def inside(wired: Wired) -> None:
        async with shop(wired, **options) as opened:  # type: ignore[arg-type]
            await scenario(opened)

    within(folder, inside)


def test_they_answer_as_the_daemon_does(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        recall = Recall(shop.wired.parts.index)
        for query in QUESTIONS:
            for fields in ({}, {"kinds": ("message",)}, {"explain": True, "limit": 2}, {"types": ("fact",)}):
                request = shop.request(query, **fields)
                found, own = await shop.answered(request), recall(request)
                assert (found.hits, found.answer, found.notes) == (own.hits, own.answer, own.notes)
                assert (found.explanation is None) == (own.explanation is None)
        assert "5433" in (await shop.answered(shop.request(QUESTIONS[1]))).answer

    over(tmp_path, scenario)


def test_what_was_just_remembered_or_forgotten_is_answered_by_nobody_who_does_not_know_it(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        index, request = shop.wired.parts.index, shop.request("what does the winch run on?")
        identifier = await shop.remember("The winch runs on diesel.")
        assert await shop.beside.answer(request) is None
        index.write()
        assert (await shop.answered(request)).hits[0].id == identifier
        await shop.wired.service.forget_memory(WEB, identifier, None)
        assert await shop.beside.answer(request) is None
        assert identifier not in [hit.id for hit in (await shop.answered(request)).hits]

    over(tmp_path, scenario)


def test_an_index_made_anew_is_followed(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        shop.wired.parts.follow.catch_up(anew=True)
        request = shop.request(QUESTIONS[0])
        assert await shop.beside.answer(request) is None
        assert (await shop.answered(request)).hits == Recall(shop.wired.parts.index)(request).hits

    over(tmp_path, scenario)


def test_few_at_a_time_start_none_and_a_burst_neither(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        for _ in range(3):
            with contextlib.ExitStack() as stack:
                for _ in range(MANY - 1):
                    stack.enter_context(shop.beside.counted())
                await asyncio.sleep(0.01)
        with many(shop.beside):  # nobody comes any more who could see that it lasts
            await asyncio.sleep(0.1)
        assert await shop.beside.answer(shop.request(QUESTIONS[0])) is None
        assert shop.children == []

    over(tmp_path, scenario)


def test_they_end_when_fewer_ask_and_come_again(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        for _ in range(2):
            await shop.started()
            children = shop.children
            assert 1 <= len(children) <= 2
            await gone(children)
            assert await shop.beside.answer(shop.request(QUESTIONS[0])) is None

    over(tmp_path, scenario, idle_s=1.0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_dies_or_hangs_costs_no_answer(number: int, tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        await until(lambda: [one._has is not None for one in shop.beside._there] == [True, True])
        children = shop.children
        for child in children:
            child.send_signal(number)
        asked = [shop.beside.answer(shop.request(query)) for query in QUESTIONS * 4]
        async with asyncio.timeout(HANG_S):
            assert await asyncio.gather(*asked) == [None] * len(asked)
        await gone(children)

    over(tmp_path, scenario, patience=Patience(0.1, 1.0, HANG_S, HANG_S))


def test_what_is_forgotten_while_a_process_is_slow_is_not_said(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        identifier = await shop.remember("The winch runs on diesel.")
        await shop.started()
        request = shop.request("what does the winch run on?")
        assert (await shop.answered(request)).hits[0].id == identifier
        for child in shop.children:
            child.suspend()
        waiting = asyncio.create_task(shop.beside.answer(request))
        await asyncio.sleep(0)
        await shop.wired.service.forget_memory(WEB, identifier, None)
        assert not waiting.done()
        for child in shop.children:
            child.resume()
        assert await waiting is None

    over(tmp_path, scenario)


def test_new_ones_come_for_those_that_have_gone(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        children = shop.children
        for child in children:
            child.kill()
        await gone(children)
        await asyncio.sleep(1.0)  # as long as there were to be none, had they not come up
        await shop.started()

    over(tmp_path, scenario, idle_s=1.0)


def test_a_purge_ends_them(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        children = shop.children
        shop.wired.service._answering._recallers = shop.beside
        await shop.wired.service.history.forget_indexes()
        await gone(children)

    over(tmp_path, scenario)


def test_a_process_gone_mad_is_ended_and_answers_nobody_else(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        for process in list(shop.beside._there):
            asked = [process._ask(shop.request(query)) for query in QUESTIONS[:2]]
            process.data_received(framed(b"no value") + framed(packed("another's answer")))
            assert await asyncio.gather(*asked) == [None, None]
        await gone(shop.children)

    over(tmp_path, scenario)


def test_no_timer_is_left_where_none_can_be_started_or_once_they_have_ended(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        shop.beside.close()
        await gone(shop.children)
        assert shop.beside._timer is None
        with many(shop.beside), shop.beside.counted():
            assert shop.beside._timer is None

    over(tmp_path, scenario)


def test_who_no_longer_waits_takes_no_answer_from_others(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        waiting = [asyncio.create_task(shop.answered(shop.request(query))) for query in QUESTIONS * 5]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        await asyncio.wait(waiting)
        recall = Recall(shop.wired.parts.index)
        for query, task in zip((QUESTIONS * 5)[1::2], waiting[1::2], strict=True):
            assert task.result().hits == recall(shop.request(query)).hits

    over(tmp_path, scenario)


def test_the_daemons_answers_are_the_same_with_and_without(tmp_path: Path) -> None:
    async def inside(wired: Wired) -> None:
        async with shop(wired) as opened:
            answering = wired.service._answering
            questions = [question(query, types) for query in QUESTIONS for types in ((), tuple(MemoryType))]
            alone = [await answering.recall(WEB, one, include=()) for one in questions]
            answering._recallers = opened.beside
            await opened.started()
            asked = count(opened.beside)
            beside = await asyncio.gather(*(answering.recall(WEB, one, include=()) for one in questions * 8))
            for number, found in enumerate(beside):
                own = alone[number % len(alone)]
                assert (found.answer, list(found.hits), list(found.notes)) == (
                    own.answer, list(own.hits), list(own.notes),
                )  # fmt: skip

            assert asked() == len(beside), "by processes, and not by the daemon"

    within(tmp_path, inside)


def test_what_is_no_plain_value_is_left_to_the_daemon(tmp_path: Path) -> None:
    async def scenario(shop: Shop) -> None:
        await shop.started()
        odd = shop.request(QUESTIONS[0], types=(MemoryType.FACT,))
        assert await shop.beside.answer(odd) is None
        assert (await shop.answered(shop.request(QUESTIONS[0]))).hits

    over(tmp_path, scenario)


def test_a_process_that_cannot_read_the_index_says_so(tmp_path: Path) -> None:
    recaller = Recaller(tmp_path / "index", tmp_path / "journal.db", MODEL)
    assert recaller.follow() is None
    assert recaller.answer(RecallRequest("anything?", (WEB,))) is None
    assert list(tmp_path.iterdir()) == []


def test_where_no_process_can_be_started_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    async def scenario(shop: Shop) -> None:
        with many(shop.beside):
            for _ in range(5):
                with shop.beside.counted():
                    assert await shop.beside.answer(shop.request(QUESTIONS[0])) is None
                await asyncio.sleep(0.02)

    over(tmp_path, scenario)


def test_it_ends_with_the_daemon_however_that_ends() -> None:
    program = (
        "import subprocess, sys, time\n"
        "from sidecar.daemon.child import started\n"
        f"child = started({module._PROGRAM!r}, '/nowhere/index', '/nowhere/journal', {MODEL!r},"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    daemon = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    assert daemon.stdout is not None
    child = psutil.Process(int(daemon.stdout.readline()))
    daemon.kill()
    daemon.communicate()
    with contextlib.suppress(psutil.NoSuchProcess):
        child.wait(HANG_S)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert os.getpid() != child.pid

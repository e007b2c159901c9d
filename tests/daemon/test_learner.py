"""The learner: one session that cannot be extracted, whatever the fault, stops no other one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.daemon.learner import Learner
from sidecar.daemon.writer import Writer
from sidecar.errors import Unavailable
from sidecar.extract import Slice
from sidecar.extract.rules import RulesExtractor
from sidecar.follow import Follow
from sidecar.index import Embedder, Index
from sidecar.ingest import Learning
from sidecar.journal import Journal
from sidecar.model import Candidate, Message, ProfileRef, SessionRef, Status
from sidecar.store import Store

WEB = ProfileRef("local", "web")
START = datetime(2026, 9, 1, 9, tzinfo=UTC)


class Faulty:
    """The rules, with a bug for one session."""

    name = "faulty"

    def __init__(self, broken: str) -> None:
        self.broken, self.rules, self.seen = broken, RulesExtractor(), list[str]()

    def extract(self, session: Slice) -> list[Candidate]:
        self.seen.append(session.ref.session)
        if session.ref.session == self.broken:
            raise ZeroDivisionError("the words of a person")
        return self.rules.extract(session)


class Held:
    """The rules, which wait in their first session until they may go on."""

    name = "held"

    def __init__(self) -> None:
        self.entered, self.go, self.rules = threading.Event(), threading.Event(), RulesExtractor()

    def extract(self, session: Slice) -> list[Candidate]:
        self.entered.set()
        assert self.go.wait(60)
        return self.rules.extract(session)


async def _until(test: Callable[[], bool]) -> None:
    for _ in range(6000):
        if test():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Journal, Store, Learning, Writer]]:
    """The parts that the learner works on, on real files."""
    writer = Writer()
    with Journal.open(tmp_path / "journal.db") as journal:
        store = Store(tmp_path / "store", machine="test", writes=journal, clock=lambda: datetime.now(UTC))
        store.create_namespace("local")
        index = Index.open(tmp_path / "index", Embedder.load(), archive=journal.identity)
        follow = Follow(store, journal, index, lambda: datetime.now(UTC))
        learning = Learning(
            journal,
            store,
            index,
            follow,
            by="ines@test",
            project=lambda _: None,
            clock=lambda: datetime.now(UTC),
        )
        yield journal, store, learning, writer
        writer.close()
        index.close()


def _say(journal: Journal, session: str, text: str, number: int = 1) -> SessionRef:
    message = Message(f"{session}-{number}", "claude-code", session, "user", "user", text, START, position=number)
    ref = SessionRef("claude-code", session)
    journal.record_read(f"/transcripts/{session}", None, WEB, [message], cursor="{}")
    journal.enqueue(ref, WEB, due=START)
    return ref


def test_a_fault_in_one_session_is_remembered_and_the_others_are_learned(
    world: tuple[Journal, Store, Learning, Writer],
) -> None:
    journal, store, learning, writer = world
    _say(journal, "broken", "always use tabs in the makefiles of this repo")
    _say(journal, "sound", "always run make check before you commit")
    extractor = Faulty("broken")

    async def scenario() -> None:
        start = asyncio.Event()
        start.set()
        learner = Learner(journal, learning, extractor, writer, start)
        task = asyncio.create_task(learner.serve())
        for _ in range(2000):
            counts = journal.queue()
            if len(extractor.seen) == 2 and (counts.pending, counts.running) == (1, 0):
                break
            await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
    assert [stored.memory.source.session for stored in store.open(WEB).memories()] == ["sound"]
    assert journal.queue().pending == 1
    job = journal.claim(datetime.max.replace(tzinfo=UTC))
    assert job is not None
    assert (job.ref.session, job.attempts) == ("broken", 1)


def test_waiting_for_a_session_ends_when_it_is_learned(world: tuple[Journal, Store, Learning, Writer]) -> None:
    journal, store, learning, writer = world

    async def scenario() -> None:
        start = asyncio.Event()
        start.set()
        learner = Learner(journal, learning, RulesExtractor(), writer, start)
        task = asyncio.create_task(learner.serve())
        ref = _say(journal, "s", "always run make check before you commit")
        learner.wake()
        await asyncio.wait_for(learner.expect(ref), timeout=60)
        assert len(store.open(WEB).memories()) == 1
        await asyncio.wait_for(learner.expect(ref), timeout=60)
        await _ended(task)

    asyncio.run(scenario())


def test_a_job_that_already_runs_does_not_count_for_who_brings_something_new(
    world: tuple[Journal, Store, Learning, Writer],
) -> None:
    journal, store, learning, writer = world
    extractor = Held()

    async def scenario() -> None:
        start = asyncio.Event()
        start.set()
        learner = Learner(journal, learning, extractor, writer, start)
        ref = _say(journal, "s", "always run make check before you commit")
        task = asyncio.create_task(learner.serve())
        await asyncio.to_thread(extractor.entered.wait, 60)
        _say(journal, "s", "always deploy with make ship", number=2)
        learned = asyncio.create_task(learner.expect(ref))
        await asyncio.sleep(0.1)
        extractor.go.set()
        await asyncio.wait_for(learned, timeout=60)
        assert len(store.open(WEB).memories()) == 2
        await _ended(task)

    asyncio.run(scenario())


def test_who_waits_while_it_is_paused_is_told(world: tuple[Journal, Store, Learning, Writer]) -> None:
    journal, _store, learning, writer = world

    async def scenario() -> None:
        learner = Learner(journal, learning, RulesExtractor(), writer, asyncio.Event())
        ref = _say(journal, "s", "always run make check before you commit")
        waits = asyncio.create_task(learner.expect(ref))
        await asyncio.sleep(0.1)
        learner.pause(True)
        with pytest.raises(Unavailable, match="paused"):
            await asyncio.wait_for(waits, timeout=60)
        with pytest.raises(Unavailable, match="paused"):
            await asyncio.wait_for(learner.expect(ref), timeout=60)

    asyncio.run(scenario())


def test_without_an_extractor_nothing_is_waited_for_and_a_later_start_learns_it(
    world: tuple[Journal, Store, Learning, Writer],
) -> None:
    journal, store, learning, writer = world
    ref = _say(journal, "s", "always run make check before you commit")

    async def scenario() -> None:
        start = asyncio.Event()
        start.set()
        idle = Learner(journal, learning, None, writer, start)
        task = asyncio.create_task(idle.serve())
        await asyncio.wait_for(idle.expect(ref), timeout=60)
        await _until(lambda: not journal.queue().pending)
        assert journal.unextracted() == [(ref, WEB)]
        await _ended(task)
        learner = Learner(journal, learning, RulesExtractor(), writer, start)
        task = asyncio.create_task(learner.serve())
        await _until(lambda: bool(store.profiles("local") and store.open(WEB).memories()))
        await _ended(task)

    asyncio.run(scenario())


def test_for_review_what_is_learned_is_proposed_and_texts_that_are_not_kept_go(
    world: tuple[Journal, Store, Learning, Writer],
) -> None:
    journal, store, learning, writer = world
    released: list[int] = []

    async def scenario() -> None:
        start = asyncio.Event()
        start.set()
        learner = Learner(
            journal,
            learning,
            RulesExtractor(),
            writer,
            start,
            review=True,
            keep_texts=False,
            on_released=lambda: released.append(1),
        )
        task = asyncio.create_task(learner.serve())
        ref = _say(journal, "s", "always run make check before you commit")
        learner.wake()
        await asyncio.wait_for(learner.expect(ref), timeout=60)
        assert journal.messages(ref) == []
        assert released
        await _ended(task)

    asyncio.run(scenario())
    assert [stored.memory.status for stored in store.open(WEB).memories(statuses=None)] == [Status.PROPOSED]


def test_nothing_is_learned_while_it_is_paused(world: tuple[Journal, Store, Learning, Writer]) -> None:
    journal, _store, learning, writer = world
    _say(journal, "s", "always run make check before you commit")
    extractor = Faulty("none")

    async def scenario() -> None:
        start = asyncio.Event()
        start.set()
        learner = Learner(journal, learning, extractor, writer, start)
        learner.pause(True)
        task = asyncio.create_task(learner.serve())
        await asyncio.sleep(0.2)
        assert extractor.seen == []
        learner.pause(False)
        for _ in range(2000):
            if journal.queue().pending + journal.queue().running == 0:
                break
            await asyncio.sleep(0.01)
        assert extractor.seen == ["s"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())

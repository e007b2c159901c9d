"""The learner: one session that cannot be extracted, whatever the fault, stops no other one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.daemon.learner import Learner
from sidecar.daemon.writer import Writer
from sidecar.extract import Slice
from sidecar.extract.rules import RulesExtractor
from sidecar.follow import Follow
from sidecar.index import Embedder, Index
from sidecar.ingest import Learning
from sidecar.journal import Journal
from sidecar.model import Candidate, Message, ProfileRef, SessionRef
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


def _say(journal: Journal, session: str, text: str) -> SessionRef:
    message = Message(f"{session}-1", "claude-code", session, "user", "user", text, START)
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
        learned = learner.expect(SessionRef("claude-code", "s"))
        _say(journal, "s", "always run make check before you commit")
        learner.wake()
        await asyncio.wait_for(learned, timeout=60)
        assert len(store.open(WEB).memories()) == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())


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

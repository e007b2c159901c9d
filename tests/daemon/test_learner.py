"""The learner: one session that cannot be extracted, whatever the fault, stops no other one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from learner_world import WEB, World, until

from sidecar.daemon.extraction import Extraction
from sidecar.daemon.jumps import Jumps
from sidecar.daemon.learner import Learner
from sidecar.errors import Unavailable
from sidecar.extract import Slice
from sidecar.extract.rules import RulesExtractor
from sidecar.model import Candidate, Status

CHECK = "always run make check before you commit"
SHIP = "always deploy with make ship"


class Faulty(RulesExtractor):
    """The rules, with a bug for one session."""

    def __init__(self, broken: str) -> None:
        self.broken, self.seen = broken, list[str]()

    def extract(self, session: Slice) -> list[Candidate]:
        self.seen.append(session.ref.session)
        if session.ref.session == self.broken:
            raise ZeroDivisionError("the words of a person")
        return super().extract(session)


class Held(RulesExtractor):
    """The rules, which wait in their first session until they may go on."""

    def __init__(self) -> None:
        self.entered, self.go = threading.Event(), threading.Event()

    def extract(self, session: Slice) -> list[Candidate]:
        self.entered.set()
        assert self.go.wait(60)
        return super().extract(session)


class ByPieces(RulesExtractor):
    """The rules, which take little at once."""

    slice_characters = 30  # type: ignore[assignment]

    def __init__(self) -> None:
        self.pieces: list[list[str]] = []

    def extract(self, session: Slice) -> list[Candidate]:
        self.pieces.append([message.text for message in session.messages])
        return super().extract(session)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as opened:
        yield opened


def test_a_fault_in_one_session_is_remembered_and_the_others_are_learned(world: World) -> None:
    world.say("broken", "always use tabs in the makefiles of this repo")
    world.say("sound", CHECK)
    faulty = Faulty("broken")

    async def scenario(_learner: Learner, _extraction: Extraction) -> None:
        await until(
            lambda: len(faulty.seen) == 2 and world.journal.jobs("pending") and not world.journal.jobs("running")
        )

    world.run(scenario, extractor="rules", rules=faulty)
    assert [stored.memory.source.session for stored in world.store.open(WEB).memories()] == ["sound"]
    [job] = world.journal.jobs()
    assert (job.ref.session, job.attempts, job.error) == ("broken", 1, "a fault in sidecar (ZeroDivisionError)")
    [ended] = world.journal.outcomes()
    assert (ended.ref.session, ended.outcome, ended.extractor, ended.learned) == ("sound", "done", "rules-2", 1)


def test_after_five_failures_a_session_is_parked_and_nobody_waits_for_it_any_more(world: World) -> None:
    ref = world.say("broken", CHECK)
    for _ in range(4):
        job = world.journal.claim(datetime.now(UTC))
        assert job is not None
        world.journal.fail(job, "no", at=datetime.now(UTC), retry_at=datetime.now(UTC))

    async def scenario(learner: Learner, _extraction: Extraction) -> None:
        await learner.expect(ref)

    world.journal.set("tried by", "nobody else")
    world.run(scenario, extractor="rules", rules=Faulty("broken"))
    [job] = world.journal.jobs("parked")
    assert job.attempts == 5
    assert world.journal.outcomes()[0].outcome == "failed"


def test_what_was_given_up_is_tried_again_by_another_extractor(world: World) -> None:
    world.say("s", CHECK)
    world.journal.set("tried by", "another version")
    world.journal.fail(world.journal.claim(datetime.now(UTC)), "no", at=datetime.now(UTC), retry_at=None)

    async def scenario(_learner: Learner, _extraction: Extraction) -> None:
        await until(world.memories)
        await world.idle()

    world.run(scenario, extractor="rules")
    assert world.journal.jobs() == []

    async def nothing(_learner: Learner, _extraction: Extraction) -> None:
        await asyncio.sleep(0.2)

    world.say("t", SHIP)
    world.journal.fail(world.journal.claim(datetime.now(UTC)), "no", at=datetime.now(UTC), retry_at=None)
    world.run(nothing, extractor="rules")
    assert len(world.journal.jobs("parked")) == 1, "but not again by the same one"


def test_waiting_for_a_session_ends_when_it_is_learned(world: World) -> None:
    async def scenario(learner: Learner, _extraction: Extraction) -> None:
        ref = world.say("s", CHECK)
        learner.wake()
        await learner.expect(ref)
        assert len(world.memories()) == 1
        await learner.expect(ref)

    world.run(scenario, extractor="rules")


def test_a_job_that_already_runs_does_not_count_for_who_brings_something_new(world: World) -> None:
    held = Held()
    ref = world.say("s", CHECK)

    async def scenario(learner: Learner, _extraction: Extraction) -> None:
        await asyncio.to_thread(held.entered.wait, 60)
        world.say("s", SHIP, first=2)
        learned = asyncio.create_task(learner.expect(ref))
        await asyncio.sleep(0.1)
        held.go.set()
        await learned
        assert len(world.memories()) == 2

    world.run(scenario, extractor="rules", rules=held)


def test_a_long_session_is_learned_piece_by_piece(world: World) -> None:
    pieces = ByPieces()
    world.say("s", CHECK, SHIP, "always write tests in pytest")

    async def scenario(_learner: Learner, _extraction: Extraction) -> None:
        await world.idle()

    world.run(scenario, extractor="rules", rules=pieces)
    assert [len(piece) for piece in pieces.pieces] == [1, 1, 1]
    assert len(world.memories()) == 3
    [ended] = world.journal.outcomes()
    assert (ended.outcome, ended.learned) == ("done", 3)


def test_what_is_dropped_while_it_is_extracted_is_not_learned(world: World) -> None:
    held = Held()
    ref = world.say("s", CHECK)

    async def scenario(learner: Learner, _extraction: Extraction) -> None:
        await asyncio.to_thread(held.entered.wait, 60)
        waits = asyncio.create_task(learner.expect(ref))
        await asyncio.sleep(0.1)
        world.journal.drop(ref, at=datetime.now(UTC))
        learner.give_up(ref)
        await waits
        held.go.set()
        other = world.say("t", SHIP)
        learner.wake()
        await learner.expect(other)

    world.run(scenario, extractor="rules", rules=held)
    assert [stored.memory.source.session for stored in world.store.open(WEB).memories()] == ["t"]
    assert [ended.outcome for ended in world.journal.outcomes()] == ["done", "dropped"]


def test_a_stop_in_the_middle_of_a_session_counts_as_no_try(world: World) -> None:
    held = Held()
    world.say("s", CHECK)

    async def scenario(_learner: Learner, _extraction: Extraction) -> None:
        await asyncio.to_thread(held.entered.wait, 60)
        asyncio.get_running_loop().call_later(0.2, held.go.set)

    world.run(scenario, extractor="rules", rules=held)
    [job] = world.journal.jobs()
    assert (job.state, job.attempts, job.error) == ("pending", 0, None)
    assert world.memories() == []


def test_who_waits_while_it_is_paused_is_told(world: World) -> None:
    ref = world.say("s", CHECK)

    async def scenario(learner: Learner, _extraction: Extraction) -> None:
        waits = asyncio.create_task(learner.expect(ref))
        await asyncio.sleep(0.1)
        learner.pause(True)
        with pytest.raises(Unavailable, match="paused"):
            await waits
        with pytest.raises(Unavailable, match="paused"):
            await learner.expect(ref)

    world.run(scenario, extractor="rules", serve=False)


def test_without_an_extractor_nothing_is_waited_for_and_a_later_start_learns_it(world: World) -> None:
    ref = world.say("s", CHECK)

    async def idle(learner: Learner, _extraction: Extraction) -> None:
        await learner.expect(ref)
        await world.idle()

    world.run(idle, extractor="none")
    assert world.journal.unextracted() == [(ref, WEB)]

    async def later(_learner: Learner, _extraction: Extraction) -> None:
        await until(world.memories)

    world.run(later, extractor="rules")


def test_for_review_what_is_learned_is_proposed_and_texts_that_are_not_kept_go(world: World) -> None:
    released: list[int] = []

    async def scenario(learner: Learner, _extraction: Extraction) -> None:
        ref = world.say("s", CHECK)
        learner.wake()
        await learner.expect(ref)
        assert world.journal.messages(ref) == []
        assert released

    world.run(scenario, extractor="rules", review=True, keep_texts=False, on_released=lambda: released.append(1))
    assert [stored.memory.status for stored in world.store.open(WEB).memories(statuses=None)] == [Status.PROPOSED]


def test_a_clock_that_is_set_back_delays_no_session(world: World) -> None:
    ahead = [timedelta(days=1)]

    def clock() -> datetime:
        return datetime.now(UTC) + ahead[0]

    async def scenario(learner: Learner, _extraction: Extraction) -> None:
        world.say("s1", "We use pnpm, not npm.", due=clock() + timedelta(seconds=1))
        ahead[0] = timedelta(0)
        learner.wake()
        await world.idle()
        assert world.memories()

    world.run(scenario, clock=clock)


def test_the_clock_is_compared_with_one_that_nobody_sets() -> None:
    moment, ticks = datetime(2026, 9, 1, 9, tzinfo=UTC), 100.0
    jumps = Jumps(lambda: moment, lambda: ticks)
    assert jumps.back() == timedelta(0)
    moment, ticks = moment + timedelta(hours=1), ticks + 3600
    assert jumps.back() == timedelta(0)
    moment += timedelta(hours=8)  # the machine slept, or was set forward
    assert jumps.back() == timedelta(0)
    moment, ticks = moment - timedelta(hours=24), ticks + 60
    assert jumps.back() == timedelta(hours=24, minutes=1)
    assert jumps.back() == timedelta(0)


def test_nothing_is_learned_while_it_is_paused(world: World) -> None:
    seen = Faulty("none")

    async def scenario(learner: Learner, _extraction: Extraction) -> None:
        learner.pause(True)
        world.say("s", CHECK)
        learner.wake()
        await asyncio.sleep(0.2)
        assert seen.seen == []
        learner.pause(False)
        await world.idle()
        assert seen.seen == ["s"]

    world.run(scenario, extractor="rules", rules=seen)

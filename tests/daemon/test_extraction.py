"""What extracts now: a model that comes, goes, fails, hangs, is not to be used now, or has too much to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fake_ollama import Answer, ChatRequest, FakeOllama, Reply
from learner_world import SOON, World, until
from parrot import parrot, parrot_but

from sidecar.config import Extract
from sidecar.daemon.backlog import estimate
from sidecar.daemon.choices import AWAITED, NOTICED, Choice, Pace, Wait
from sidecar.daemon.extraction import Extraction
from sidecar.daemon.learner import Learner
from sidecar.daemon.power import on_battery
from sidecar.errors import Unavailable
from sidecar.journal import ANEW, Backlog, ModelUse

CHECK = "Always run make check before you commit"
SHIP = "Always deploy with make ship"
RULES, MODEL = "rules-2", "ollama/qwen3:4b-instruct prompt-"
LATE = Pace(away=3600, there=3600, longest=3600, least=3600)
"""One look, and then none."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path) as opened:
        yield opened


def _by_model(world: World) -> bool:
    return {str(one).startswith(MODEL) for one in world.extractors()} == {True}


def _scripted(*replies: Reply | None) -> Callable[[ChatRequest], Reply | None]:
    """These answers first, one for each question, None for a good one."""
    left = list(replies)
    return lambda _request: left.pop(0) if left else None


async def _state(extraction: Extraction, state: str) -> str:
    """Wait for a state; returns the hint."""
    await until(lambda: extraction.state().state == state)
    return extraction.state().hint or ""


async def _idle(world: World, learner: Learner) -> None:
    learner.wake()
    await world.idle()


def test_with_a_model_the_model_extracts(world: World) -> None:
    world.say("s", CHECK)
    with FakeOllama(parrot) as fake:

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            await world.idle()
            found = extraction.state()
            assert (found.name, found.state, found.hint) == ("ollama", "running", None)

        world.run(scenario, host=fake.host)
    assert world.memories() == [CHECK]
    assert _by_model(world)
    [ended] = world.journal.outcomes()
    assert (ended.outcome, ended.learned) == ("done", 1)
    assert (ended.extractor or "").startswith(MODEL)
    used = world.journal.model_use(datetime.now(UTC) - timedelta(hours=1))
    assert sum(use.seconds for use in used) > 0
    assert sum(use.characters for use in used) == len(CHECK)


def test_without_ollama_the_rules_extract_and_status_says_what_to_do(world: World) -> None:
    world.say("s", CHECK)
    with FakeOllama(parrot) as fake:
        fake.stop()

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            await world.idle()
            found = extraction.state()
            assert (found.name, found.state) == ("rules", "unreachable")
            assert "`ollama serve`" in (found.hint or "")

        world.run(scenario, host=fake.host)
    assert world.extractors() == {RULES}


def test_without_the_model_status_says_how_to_get_it(world: World) -> None:
    with FakeOllama(parrot, models=["other:1b"]) as fake:

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            hint = await _state(extraction, "missing")
            assert "`ollama pull qwen3:4b-instruct`" in hint

        world.run(scenario, host=fake.host)


def test_the_model_that_checks_must_be_there_too(world: World) -> None:
    with FakeOllama(parrot) as fake:

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            assert "`ollama pull checker:1b`" in await _state(extraction, "missing")
            fake.models.append("checker:1b")
            await _state(extraction, "running")

        world.run(scenario, host=fake.host, verify_model="checker:1b")


@pytest.mark.parametrize("away", ["server", "model"])
def test_what_the_rules_did_is_done_again_by_a_model_that_comes_later(world: World, away: str) -> None:
    for number in range(3):
        world.say(f"s{number}", f"always run make check{number} before you commit")
    with FakeOllama(parrot) as fake:
        if away == "server":
            fake.stop()
        else:
            fake.models.clear()

        async def scenario(learner: Learner, extraction: Extraction) -> None:
            await world.idle()
            assert world.extractors() == {RULES}
            if away == "server":
                fake.start()
            else:
                fake.models.append("qwen3:4b-instruct")
            await _state(extraction, "running")
            await _idle(world, learner)

        world.run(scenario, host=fake.host)
    assert len(world.memories()) == 3, "nothing twice"
    assert all((ended.extractor or "").startswith(MODEL) for ended in world.journal.outcomes())


def test_where_only_a_model_may_extract_sessions_wait_for_it(world: World) -> None:
    ref = world.say("s", CHECK)
    with FakeOllama(parrot) as fake:
        fake.stop()

        async def scenario(learner: Learner, extraction: Extraction) -> None:
            assert "Sessions wait" in await _state(extraction, "unreachable")
            assert extraction.state().name == "ollama"
            with pytest.raises(Unavailable, match="cannot be reached"):
                await learner.expect(ref)
            assert [(job.state, job.attempts) for job in world.journal.jobs()] == [("pending", 0)]
            fake.start()
            await until(world.memories)

        world.run(scenario, host=fake.host, extractor="ollama")
    assert _by_model(world)


def test_who_waits_when_the_server_goes_is_told(world: World) -> None:
    with FakeOllama(parrot_but(lambda _request: Reply.stall())) as fake:

        async def scenario(learner: Learner, _extraction: Extraction) -> None:
            ref = world.say("s", CHECK, priority=AWAITED)
            learner.wake()
            waits = asyncio.create_task(learner.expect(ref))
            await asyncio.to_thread(fake.wait_for, 1)
            fake.answer = lambda _request: Reply.failed(
                500, "model requires more system memory (9.0 GiB) than is available"
            )
            fake.release()
            world.say("t", SHIP, priority=AWAITED)
            learner.wake()
            with pytest.raises(Unavailable):
                await waits

        world.run(scenario, host=fake.host, extractor="ollama", pace=LATE)


def test_a_server_that_dies_in_the_middle_costs_nothing(world: World) -> None:
    with FakeOllama(parrot_but(_scripted(Reply.drop('{"statem')))) as fake:

        async def scenario(learner: Learner, extraction: Extraction) -> None:
            world.say("s", CHECK)
            learner.wake()
            await _state(extraction, "disconnected")
            await until(lambda: [one.attempts for one in world.journal.jobs()] == [1])  # noted a moment later
            [job] = world.journal.jobs()
            world.journal.retry(job.ref, due=datetime.now(UTC))
            await _idle(world, learner)
            await _state(extraction, "running")

        world.run(scenario, host=fake.host)
    assert _by_model(world)


def test_a_machine_without_memory_for_it_falls_back_to_the_rules_and_tries_again(world: World) -> None:
    told = "model requires more system memory (9.0 GiB) than is available (2.0 GiB)"
    with FakeOllama(parrot_but(_scripted(Reply.failed(500, told), Reply.failed(500, told)))) as fake:

        async def scenario(learner: Learner, extraction: Extraction) -> None:
            world.say("s", CHECK)
            learner.wake()
            await until(lambda: any((one.extractor or "").startswith(MODEL) for one in world.journal.outcomes()))
            await _idle(world, learner)
            await _state(extraction, "running")

        world.run(scenario, host=fake.host)
        assert len(fake.requests) > 2
    assert world.memories() == [CHECK]
    assert world.journal.jobs() == []


def test_a_fault_of_the_server_counts_as_no_try_and_shows_in_status(world: World) -> None:
    world.say("s", CHECK)
    with FakeOllama(lambda _request: Reply.failed(404, "model 'qwen3:4b-instruct' not found")) as fake:

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            hint = await _state(extraction, "missing")
            assert "`ollama pull qwen3:4b-instruct`" in hint
            await until(lambda: world.journal.jobs("pending"))
            [job] = world.journal.jobs()
            assert job.attempts == 0
            assert "qwen3" in (job.error or "")

        world.run(scenario, host=fake.host, extractor="ollama", pace=LATE)


def _failing_five_times(world: World, answer: Answer, extractor: str) -> list[ChatRequest]:
    """One session whose every question is answered so, until it is given up."""
    world.say("s", CHECK)
    with FakeOllama(answer) as fake:

        async def scenario(_learner: Learner, _extraction: Extraction) -> None:
            await until(lambda: world.journal.jobs("parked"))

        world.run(scenario, host=fake.host, extractor=extractor, retry=timedelta(milliseconds=5))
        return fake.requests


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply("I am sorry, but no."), "form"),
        (Reply.json({"statements": "none"}), "form"),
        (Reply(""), "nothing"),
        (Reply.cut('{"statements": ['), "cut off"),
    ],
    ids=["no JSON", "other JSON", "empty", "cut"],
)
def test_a_session_that_the_model_cannot_do_is_parked_and_learned_by_the_rules(
    world: World, reply: Reply, reason: str
) -> None:
    asked = _failing_five_times(world, lambda _request: reply, "auto")
    assert len(asked) == 5
    [job] = world.journal.jobs("parked")
    assert reason in (job.error or "")
    assert job.attempts == 5
    assert world.extractors() == {RULES}
    [ended] = world.journal.outcomes()
    assert (ended.outcome, ended.extractor, ended.learned, ended.reason) == ("failed", RULES, 1, job.error)


def test_where_only_a_model_may_extract_a_parked_session_is_not_learned_by_the_rules(world: World) -> None:
    _failing_five_times(world, lambda _request: Reply("no"), "ollama")
    assert world.memories() == []
    assert [ended.outcome for ended in world.journal.outcomes()] == ["failed"]


def test_a_parked_session_is_done_by_the_model_when_it_is_tried_again(world: World) -> None:
    _failing_five_times(world, lambda _request: Reply("no"), "auto")
    with FakeOllama(parrot) as fake:

        async def scenario(learner: Learner, _extraction: Extraction) -> None:
            assert world.journal.retry(None, due=datetime.now(UTC)) == 1
            await _idle(world, learner)

        world.run(scenario, host=fake.host)
    assert world.memories() == [CHECK]
    [ended] = world.journal.outcomes()
    assert ended.outcome == "done"
    assert (ended.extractor or "").startswith(MODEL)


def test_a_used_up_budget_holds_up_what_nobody_waits_for(world: World) -> None:
    world.journal.note_model(datetime.now(UTC), seconds=50)
    with FakeOllama(parrot) as fake:

        async def scenario(learner: Learner, extraction: Extraction) -> None:
            hint = await _state(extraction, "budget")
            assert "0.5 min an hour" in hint
            assert "it goes on at" in hint
            world.say("quiet", CHECK)
            noticed = world.say("noticed", SHIP, priority=NOTICED)
            learner.wake()
            await learner.expect(noticed)
            assert [(job.ref.session, job.state) for job in world.journal.jobs()] == [("quiet", "pending")]
            assert extraction.admits() == NOTICED
            wait = extraction.choose()
            assert isinstance(wait, Wait)
            assert datetime.now(UTC) < wait.until <= datetime.now(UTC) + timedelta(hours=1)

        world.run(scenario, host=fake.host, seconds_per_hour=30)
    assert world.memories() == [SHIP]


def test_what_was_used_an_hour_ago_counts_no_more(world: World) -> None:
    world.journal.note_model(datetime.now(UTC) - timedelta(minutes=62), seconds=5000)
    with FakeOllama(parrot) as fake:

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            await _state(extraction, "running")

        world.run(scenario, host=fake.host)


def test_a_budget_of_all_the_time_is_none_and_of_no_time_is_one(world: World) -> None:
    world.journal.note_model(datetime.now(UTC), seconds=5000)
    with FakeOllama(parrot) as fake:

        async def whole(_learner: Learner, extraction: Extraction) -> None:
            await _state(extraction, "running")

        async def none(_learner: Learner, extraction: Extraction) -> None:
            await _state(extraction, "budget")
            assert extraction.admits() == NOTICED

        world.run(whole, host=fake.host, seconds_per_hour=3600)
        world.run(none, host=fake.host, seconds_per_hour=0)


def test_on_battery_the_model_waits_but_for_a_person(world: World) -> None:
    plugged = [False]
    with FakeOllama(parrot) as fake:

        async def scenario(learner: Learner, extraction: Extraction) -> None:
            assert "extract.pause_on_battery" in await _state(extraction, "battery")
            world.say("noticed", CHECK, priority=NOTICED)
            awaited = world.say("awaited", SHIP, priority=AWAITED)
            learner.wake()
            await learner.expect(awaited)
            assert world.memories() == [SHIP]
            assert extraction.admits() == AWAITED
            plugged[0] = True
            await _idle(world, learner)
            assert len(world.memories()) == 2

        world.run(scenario, host=fake.host, battery=lambda: not plugged[0])


def test_neither_battery_nor_budget_hold_up_the_rules(world: World) -> None:
    world.say("s", CHECK)

    async def scenario(_learner: Learner, extraction: Extraction) -> None:
        await world.idle()
        assert extraction.admits() == 0
        found = extraction.state()
        assert (found.name, found.state, found.hint) == ("rules", "running", None)

    world.run(scenario, extractor="rules", battery=lambda: True, seconds_per_hour=0)
    assert world.memories() == [CHECK]


def test_new_settings_of_the_budget_count_at_once(world: World) -> None:
    world.journal.note_model(datetime.now(UTC), seconds=50)
    world.say("s", CHECK)
    with FakeOllama(parrot) as fake:

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            await _state(extraction, "budget")
            extraction.adopt(replace(Extract(), host=fake.host, seconds_per_hour=1000))
            await until(world.memories)

        world.run(scenario, host=fake.host, seconds_per_hour=30)


@pytest.mark.parametrize("how", ["stop", "pause"])
def test_a_hanging_call_is_given_up_at_once(world: World, how: str) -> None:
    world.say("s", CHECK)
    with FakeOllama(lambda _request: Reply.stall('{"statements"')) as fake:

        async def scenario(learner: Learner, extraction: Extraction) -> None:
            await asyncio.to_thread(fake.wait_for, 1)
            if how == "pause":
                learner.pause(True)
                await until(lambda: not world.journal.jobs("running"))
                fake.answer = parrot
                learner.pause(False)
                await _idle(world, learner)
                assert extraction.state().state == "running"

        world.run(scenario, host=fake.host, stall_seconds=600)
    if how == "stop":
        [job] = world.journal.jobs()
        assert (job.state, job.attempts) == ("pending", 0)
    else:
        assert world.memories() == [CHECK]


def test_after_the_stop_nothing_is_chosen_any_more(world: World) -> None:
    async def scenario(_learner: Learner, extraction: Extraction) -> None:
        extraction.close()
        assert isinstance(extraction.choose(AWAITED), Wait)
        assert extraction.admits() is None

    world.run(scenario, extractor="rules", serve=False)


def test_a_person_need_not_wait_for_the_next_look(world: World) -> None:
    with FakeOllama(parrot) as fake:
        fake.stop()

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            await _state(extraction, "unreachable")
            fake.start()
            extraction.look_now()
            await _state(extraction, "running")

        world.run(scenario, host=fake.host, pace=LATE)


def test_before_the_first_look_nothing_is_extracted(world: World) -> None:
    async def scenario(_learner: Learner, extraction: Extraction) -> None:
        assert extraction.state().state == "starting"
        assert not extraction.ready.is_set()
        assert isinstance(extraction.choose(), Choice), "a dry run need not wait for it"

    world.run(scenario, serve=False)


def test_only_a_model_does_again_what_was_done_before(world: World) -> None:
    with FakeOllama(parrot) as fake:

        async def scenario(_learner: Learner, extraction: Extraction) -> None:
            await _state(extraction, "running")
            assert extraction.admits() == ANEW
            fake.stop()
            await _state(extraction, "unreachable")
            assert extraction.admits() == 0

        world.run(scenario, host=fake.host, pace=SOON)


def test_a_machine_without_a_graphics_card_is_told(world: World) -> None:
    with FakeOllama(parrot, on_gpu=False) as fake:

        async def scenario(learner: Learner, extraction: Extraction) -> None:
            ref = world.say("s", CHECK)
            learner.wake()
            await learner.expect(ref)
            world.say("t", SHIP, due=datetime.now(UTC) + timedelta(hours=1))
            await until(lambda: "processor alone" in (extraction.state().hint or ""))

        world.run(scenario, host=fake.host)


def test_the_pace_spreads_looks_and_slows_down_where_calls_fail() -> None:
    pace = Pace()
    for _ in range(50):
        assert 30 <= pace.pause(usable=False, faults=0) <= 75
        assert 450 <= pace.pause(usable=True, faults=9) <= 750
        assert 180 <= pace.pause(usable=False, faults=3) <= 300
        assert pace.pause(usable=False, faults=99) <= 1.25 * pace.longest


def _used(seconds: float, characters: int) -> list[ModelUse]:
    return [ModelUse(datetime.now(UTC), seconds, characters)]


def test_what_the_back_log_will_take_is_told_from_what_the_model_took() -> None:
    told = estimate(Backlog(12, 600_000), _used(72, 4_000), budget_s=1800, cpu=False)
    assert told == (
        "12 sessions wait, about 3 h of model time (18 s for 1,000 characters); with 30 min an hour about 6 h."
        " The newest go first."
    )
    assert estimate(Backlog(1, 100_000), _used(72, 4_000), budget_s=3600, cpu=True) == (
        "1 session waits, about 30 min of model time (18 s for 1,000 characters). The newest go first."
        " The model runs on the processor alone."
    )
    assert "about 5 days" in str(estimate(Backlog(900, 12_000_000), _used(72, 4_000), budget_s=1800, cpu=False))


def test_what_is_soon_done_or_not_known_needs_no_words() -> None:
    assert estimate(Backlog(), _used(72, 4_000), budget_s=1800, cpu=True) is None
    assert estimate(Backlog(2, 1_000), _used(72, 4_000), budget_s=1800, cpu=False) is None
    assert estimate(Backlog(2, 1_000_000), [], budget_s=1800, cpu=False) is None
    assert estimate(Backlog(2, 1_000_000), [], budget_s=1800, cpu=True) == (
        "2 sessions wait. The model runs on the processor alone."
    )


def test_the_machine_says_whether_it_has_power() -> None:
    assert on_battery() in (True, False)

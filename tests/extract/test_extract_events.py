"""Releases, deployments and incidents told with their time become events; the daily round of development does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sidecar.extract import Slice
from sidecar.extract.events import tells_event, when
from sidecar.extract.rules import RulesExtractor
from sidecar.model import Candidate, MemoryType, Message, SessionRef

WEDNESDAY = datetime(2026, 9, 16, 15, 0, tzinfo=UTC)
TODAY, YESTERDAY = "2026-09-16", "2026-09-15"

HAPPENED: tuple[tuple[str, str], ...] = (
    ("We released version 1.2.0 to production today", TODAY),
    ("v2.3 went out yesterday", YESTERDAY),
    ("shipped 4.1 to the store on friday", "2026-09-11"),
    ("deployed the new billing service to staging this morning", TODAY),
    ("rolled back 2.4.1 at 14:10 because the carts were empty", TODAY),
    ("prod was down from 10:05 to 10:40 UTC", TODAY),
    ("we migrated the database to 16 last night", YESTERDAY),
    ("the cert expired on sunday and the login broke for an hour", "2026-09-13"),
    ("submitted the paper on 3 May", "2026-05-03"),
    ("cut over to the new cluster last thursday", "2026-09-10"),
    ("ok just deployed 2.0 to prod", TODAY),
    ("I just deployed 2.0.1 to production", TODAY),
    ("v5 is live now", TODAY),
    ("the api was unreachable from 9:15 to 9:50, a bad dns record", TODAY),
    ("released 0.9 to pypi two days ago", "2026-09-14"),
    ("we cut over on thursday to the new payment provider", "2026-09-10"),
    ("hotfixed 3.2.1 half an hour ago, the tax rounding was wrong", TODAY),
    ("on 2 September we upgraded the cluster to 1.31", "2026-09-02"),
    ("handed in the thesis on tuesday", YESTERDAY),
    ("the broker ran out of disk at 3:40 am and lost 200 messages", TODAY),
    ("we moved the website to the new host last night", YESTERDAY),
    ("fyi 7.0 was released on the 10th", "2026-09-10"),
    ("Firmware 1.8 went out to all devices on Friday morning", "2026-09-11"),
    ("the login service crashed yesterday at 18:20, pods were out of memory", YESTERDAY),
    ("staging was offline this afternoon because the disk filled up", TODAY),
    ("nightly backup failed on sunday, the disk was full", "2026-09-13"),
    ("We had an outage this morning: the primary db ran out of connections.", TODAY),
    ("rolled back from 2.4.1 on friday", "2026-09-11"),
    ("prod has been down since 9:20", TODAY),
    ("app was submitted for review on monday, build 214", "2026-09-14"),
    ("just shipped the redesign", TODAY),
)
"""What a person tells, and the day on which it happened."""

NO_EVENT: tuple[str, ...] = (
    # the daily round
    "pushed",
    "committed and pushed",
    "I've deployed it locally",
    "tests pass now",
    "restarted the server",
    "the build broke this morning",
    "merged the PR this morning",
    "pushed the branch yesterday",
    "the test crashed at 14:10",
    "deployed it on my laptop today",
    "restarted the dev server 10 minutes ago",
    "rebased on main an hour ago",
    "ran the tests this morning, all green",
    "the script failed at 12:30 again",
    "moved the helper into utils this morning",
    "renamed the variable yesterday",
    "fixed the login bug yesterday",
    "reverted the commit from yesterday",
    "submitted the form twice today, same error",
    "it released the lock at 14:10",
    # plans, orders and habits
    "we will release on friday",
    "we release 2.0 on friday",
    "the release is planned for friday",
    "the launch was moved to friday",
    "deploy 2.1 to staging today",
    "run the deploy that we did yesterday again",
    "releases go out every second thursday",
    "the service is deployed at 14:00 every day",
    "we will be down from 10:00 to 11:00 on sunday",
    "if we deployed 2.0 today the queue would explode",
    # questions
    "did we deploy 2.3 yesterday?",
    "when did v2 go out",
    "should we roll back 2.4.1 today",
    "what was released on monday",
    "remind me what we shipped yesterday",
    "can you check why prod was down this morning",
    # no time, no thing, or not so
    "we released 1.0 and then rewrote everything",
    "prod was down once",
    "the released version is 1.4",
    "we deployed",
    "2.0 was not released yesterday",
    "we haven't deployed 2.3 yet, maybe tonight",
    "I think we released 1.4 on friday",
    "the log says the server crashed at 10:05",
)
"""What a person says that is no event, whatever else it may be."""

AGENT_HAPPENED: tuple[str, ...] = (
    "Deployed 1.4.2 to production at 14:02 UTC.",
    "I've released v2.3.0 to PyPI today.",
    "Production was down from 10:05 to 10:40 UTC because the connection pool was exhausted.",
    "Rolled back to 2.4.0 at 14:10.",
    "I have published 0.9.1 to npm just now.",
)

AGENT_NO_EVENT: tuple[str, ...] = (
    "Pushed to origin at 14:02.",
    "I've committed the change today.",
    "Deployed locally at 14:02, open http://localhost:3000.",
    "All tests passed at 14:10.",
    "I'll deploy 1.4.2 to production today.",
    "I restarted the server at 14:10.",
    "Deployed the fix.",
    "The build failed at 14:10.",
    "The dev server crashed at 14:10.",
    "Should I roll back 2.4.1 today?",
    "You released 1.2.0 today, shall I tag it?",
    "Once 1.4.2 is deployed to production today, run the migration.",
)


def heard(text: str, speaker: str = "user", at: datetime = WEDNESDAY) -> list[Candidate]:
    role = "user" if speaker == "user" else "assistant"
    message = Message(id="m1", agent="codex", session="s", role=role, speaker=role, text=text, time=at)
    return RulesExtractor().extract(Slice(SessionRef("codex", "s"), (message,)))


def events(text: str, speaker: str = "user", at: datetime = WEDNESDAY) -> list[Candidate]:
    return [candidate for candidate in heard(text, speaker, at) if candidate.type is MemoryType.EVENT]


@pytest.mark.parametrize(("text", "day"), HAPPENED, ids=[text[:50] for text, _ in HAPPENED])
def test_what_happened_has_its_day(text: str, day: str) -> None:
    (found,) = events(text)
    assert (found.occurred, found.key) == (day, None)
    assert day in found.content


@pytest.mark.parametrize("text", NO_EVENT, ids=[text[:50] for text in NO_EVENT])
def test_the_daily_round_plans_and_questions_are_no_events(text: str) -> None:
    assert events(text) == []


@pytest.mark.parametrize("text", AGENT_HAPPENED, ids=[text[:50] for text in AGENT_HAPPENED])
def test_what_an_agent_accomplished_is_its_claim(text: str) -> None:
    (found,) = events(text, "assistant")
    assert (found.occurred, found.source.speaker, found.scope) == (TODAY, "assistant", "project")


@pytest.mark.parametrize("text", AGENT_NO_EVENT, ids=[text[:50] for text in AGENT_NO_EVENT])
def test_an_agents_round_is_no_event(text: str) -> None:
    assert events(text, "assistant") == []


def test_the_tables_hold_about_as_much_against_as_for() -> None:
    told, untold = len(HAPPENED) + len(AGENT_HAPPENED), len(NO_EVENT) + len(AGENT_NO_EVENT)
    assert told >= 30
    assert 0.4 < untold / (told + untold) < 0.7


def test_an_order_beside_an_event_is_a_statement_of_its_own() -> None:
    event, order = heard("Released 1.2.0 today. From now on every release gets a signed tag.")
    assert (event.type, event.content) == (MemoryType.EVENT, f"Released 1.2.0 today ({TODAY}).")
    assert (order.type, order.content) == (MemoryType.INSTRUCTION, "From now on every release gets a signed tag.")


def test_the_cause_stays_with_its_event() -> None:
    (found,) = heard("prod was down from 10:05 to 10:40. a migration had locked the orders table")
    assert found.content.endswith("a migration had locked the orders table")


def test_a_dated_change_of_a_value_is_an_event_and_the_new_value() -> None:
    event, fact = heard("we moved the api to port 9191 today")
    assert (event.type, event.occurred, event.key) == (MemoryType.EVENT, TODAY, None)
    assert (fact.type, fact.occurred, fact.key) == (MemoryType.FACT, None, "api/port")


def test_an_event_of_a_long_brief_is_kept() -> None:
    brief = "Build an importer. " + "It reads the rows and writes them to the table with 3 columns. " * 40
    (found,) = heard(f"{brief}\n\nThe shop was down this morning, prod ran out of disk.")
    assert (found.type, found.occurred) == (MemoryType.EVENT, TODAY)


@pytest.mark.parametrize(
    ("text", "at", "day"),
    [
        ("prod went down at 23:50", datetime(2026, 9, 16, 0, 20, tzinfo=UTC), YESTERDAY),
        ("prod went down at 11:50 pm", datetime(2026, 9, 16, 1, 0, tzinfo=UTC), YESTERDAY),
        ("prod went down at 12:10 am", datetime(2026, 9, 16, 1, 0, tzinfo=UTC), TODAY),
        # the person's clock may be far ahead of UTC
        ("prod went down at 14:10", datetime(2026, 9, 16, 5, 20, tzinfo=UTC), TODAY),
        ("prod went down two hours ago", datetime(2026, 9, 16, 1, 0, tzinfo=UTC), YESTERDAY),
        ("prod went down 20 minutes ago", datetime(2026, 9, 16, 1, 0, tzinfo=UTC), TODAY),
        ("just deployed 2.0 to prod", datetime(2026, 9, 16, 23, 59, tzinfo=UTC), TODAY),
        ("prod went down yesterday at 10:05", datetime(2026, 9, 16, 1, 0, tzinfo=UTC), YESTERDAY),
    ],
)
def test_a_time_of_day_is_of_the_messages_day(text: str, at: datetime, day: str) -> None:
    (found,) = events(text, at=at)
    assert found.occurred == day


def test_the_day_stands_behind_the_time_that_was_told() -> None:
    assert when("rolled back 2.4.1 at 14:10 because of the carts", WEDNESDAY).text == (
        "rolled back 2.4.1 at 14:10 (2026-09-16) because of the carts"
    )
    assert when("prod was down from 10:05 to 10:40 UTC.", WEDNESDAY).text == (
        "prod was down from 10:05 to 10:40 UTC (2026-09-16)."
    )
    assert when("just deployed 2.0 to prod, all green", WEDNESDAY).text == (
        "just deployed 2.0 to prod (2026-09-16), all green"
    )


def test_what_has_no_time_stays_without_one() -> None:
    dated = when("we released 1.0", WEDNESDAY)
    assert (dated.text, dated.occurred) == ("we released 1.0", None)


def test_an_agent_must_name_a_version_or_a_place() -> None:
    text = "we launched the redesign this morning"
    assert tells_event(text)
    assert not tells_event(text, strict=True)
    assert tells_event("we launched the redesign in production this morning", strict=True)

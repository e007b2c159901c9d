"""Differences of dates: computed from dates that are quoted, shown, and left out in doubt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recall_builders import Held, ask, day, memory

from sidecar.recall import Recall
from sidecar.recall.reckon import Asked, Dated, asked, dates, reckon

Over = Callable[[Held], Recall]
SAID = datetime(2026, 9, 20, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 10, 22, 10, 0, tzinfo=UTC)


def first(phrase: str, among: Sequence[str]) -> int:
    """The text with the most words of a phrase."""
    words = set(phrase.split())
    return max(range(len(among)), key=lambda number: len(words & set(among[number].casefold().split())))


def reckoned(question: str, *texts: str) -> str:
    wanted = asked(question)
    assert wanted is not None
    return reckon(wanted, [Dated(text, SAID) for text in texts], NOW, first)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How many days ago was the outage?", Asked("ago")),
        ("How long has the lift been closed, in weeks?", Asked("ago")),
        ("How many weeks until the release?", Asked("until", "weeks")),
        ("How many days are left before it is due?", Asked("until")),
        ("how many days between the outage and the fix", Asked("between", "days", ("the outage", "the fix"))),
        (
            "How many days before the fix did the disk fail?",
            Asked("between", "days", ("the fix", "the disk fail")),
        ),
        ("How many minutes did the outage last?", Asked("clock", "minutes")),
        ("On which weekday did it fail?", Asked("weekday")),
        ("How many days are backups kept?", None),
        ("How long are tokens cached?", None),
        ("How many minutes is the timeout?", None),
        ("How many months ago was the move?", Asked("ago", "months")),
        ("How many years until the licence ends?", Asked("until", "years")),
        ("When did it fail?", Asked("when")),
        ("ok, when is the release?", Asked("when")),
        ("So when is the release?", Asked("when")),
        ("On which date was the move?", Asked("when")),
        ("When may I deploy?", None),
        ("Tell me when to stop", None),
    ],
)
def test_what_is_to_be_reckoned(question: str, wanted: Asked | None) -> None:
    assert asked(question) == wanted


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("on 2026-09-15 and 2026-09-15", [date(2026, 9, 15)]),
        ("15 September 2026, then Sept 17", [date(2026, 9, 15), date(2026, 9, 17)]),
        ("the 3rd of January", [date(2027, 1, 3)]),
        ("December 30", [date(2026, 12, 30)]),
        ("February 30 and 2026-13-01", []),
        ("version 2026-10, may 2026", []),
    ],
)
def test_the_dates_of_a_text(text: str, days: list[date]) -> None:
    assert dates(text, SAID) == days


def test_a_day_without_a_year_needs_a_moment() -> None:
    assert dates("on 3 March", None) == []


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_each_date_is_read_in_each_form(moment: date) -> None:
    for text in (f"{moment}", f"{moment.day} {moment:%B} {moment.year}", f"{moment:%b} {moment.day}, {moment.year}"):
        assert dates(f"it was on {text}.", None) == [moment]


def test_the_sums() -> None:
    outage = "The outage was on 8 September 2026 from 21:50 to 22:20."
    assert reckoned("How many days ago was the outage?", outage) == "From 2026-09-08 to 2026-10-22: 44 days."
    assert reckoned("How many minutes did the outage last?", outage) == "From 21:50 to 22:20: 30 minutes."
    assert reckoned("On which weekday was it?", outage) == "2026-09-08 is a Tuesday."
    assert (
        reckoned("How many weeks until the release?", "The release is on 2026-11-13.")
        == "From 2026-10-22 to 2026-11-13: 3 weeks and 1 day (22 days)."
    )
    two = (outage, "The fix went out on 2026-09-09.")
    assert reckoned("How many days between the outage and the fix?", *two) == "From 2026-09-08 to 2026-09-09: 1 day."
    frozen = "The shop is closed between 20 December and 4 January."
    assert (
        reckoned("How many days lie between its first and last day?", frozen)
        == "From 2026-12-20 to 2027-01-04: 15 days."
    )
    assert (
        reckoned("How many days before the 5th of November did the outage happen?", outage)
        == "From 2026-09-08 to 2026-11-05: 58 days."
    )


def test_months_and_years_are_those_of_the_calendar() -> None:
    moved = "We moved on 2024-02-29."
    assert (
        reckoned("How many years ago did we move?", moved)
        == "From 2024-02-29 to 2026-10-22: 2 years, 7 months and 23 days (966 days)."
    )
    assert (
        reckoned("How many months ago did we move?", "We moved on 2026-08-31.")
        == "From 2026-08-31 to 2026-10-22: 1 month and 22 days (52 days)."
    )
    assert reckoned("How many years since we moved?", "We moved on 2025-10-22.") == (
        "From 2025-10-22 to 2026-10-22: 1 year (365 days)."
    )


@given(st.dates(date(2000, 1, 1), date(2026, 10, 22)))
def test_months_and_days_lead_from_one_day_to_the_other(start: date) -> None:
    told = reckoned("How many months ago did we move?", f"We moved on {start}.")
    assert told.endswith(f"({(NOW.date() - start).days} day{'s' if (NOW.date() - start).days != 1 else ''}).")


def test_when_is_told_with_weekday_and_distance() -> None:
    assert (
        reckoned("When did it fail?", "It failed on 2026-09-15.")
        == "2026-09-15 is a Tuesday, 37 days before 2026-10-22."
    )
    assert (
        reckoned("When is the release?", "The release is on 23 October 2026.")
        == "2026-10-23 is a Friday, 1 day after 2026-10-22."
    )
    assert reckoned("When is it?", "It is on 2026-10-22.") == "2026-10-22 is a Thursday, the day of asking."
    assert reckoned("When was it?", "It was on 2026-09-15 or 2026-09-16.") == ""
    assert reckoned("When was it?", "Nobody noted it.", "The fair was on 2026-09-15.") == ""


def test_a_day_told_from_when_it_was_said_is_reckoned_in_two_steps() -> None:
    text = "The gateway crashed yesterday."
    step = "“yesterday”, said on 2026-09-20, is 2026-09-19."
    assert (
        reckoned("When did the gateway crash?", text) == f"{step} 2026-09-19 is a Saturday, 33 days before 2026-10-22."
    )
    assert reckoned("How many days ago was the crash?", text) == f"{step} From 2026-09-19 to 2026-10-22: 33 days."
    assert reckoned("How many days between last Friday and the release?", "The release is on 2026-11-13.") == (
        "From 2026-10-16 to 2026-11-13: 28 days."
    )
    assert reckoned("When did it crash?", "It crashed last week.") == ""


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many days ago was the outage?", "The outage was long."),
        ("How many days ago was the outage?", "The outage will be on 2026-12-01."),
        ("How many days until the release?", "The release was on 2026-10-01."),
        ("How many minutes did it last?", "It began at 21:50."),
        ("How many days between start and end?", "It started on 2026-10-01."),
    ],
)
def test_in_doubt_there_is_no_figure(question: str, text: str) -> None:
    assert reckoned(question, text) == ""


def test_the_answer_shows_the_sum_and_its_source(over: Over) -> None:
    recall = over(Held([memory("A", "The gateway crashed on 2026-09-15.", observed=day(20))]))
    answer = recall(ask("How many days ago did the gateway crash?")).answer
    assert answer == "From 2026-09-15 to 2026-11-30: 76 days.\n2026-09-21: The gateway crashed on 2026-09-15."

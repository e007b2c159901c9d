"""Relative dates become absolute, seen from the message's own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.extract.dates import absolutise

WEDNESDAY = datetime(2026, 9, 16, 10, 0, tzinfo=UTC)

CASES = [
    ("it broke yesterday", "it broke yesterday (2026-09-15)"),
    ("it broke the day before yesterday", "it broke the day before yesterday (2026-09-14)"),
    ("we deploy tomorrow morning", "we deploy tomorrow morning (2026-09-17)"),
    ("done this morning", "done this morning (2026-09-16)"),
    ("paged last night", "paged last night (2026-09-15)"),
    ("last friday it failed", "last friday (2026-09-11) it failed"),
    ("last wednesday it failed", "last wednesday (2026-09-09) it failed"),
    ("since tuesday it runs on the new box", "since tuesday (2026-09-15) it runs on the new box"),
    ("on monday the disk was full", "on monday (2026-09-14) the disk was full"),
    ("the audit is due on friday", "the audit is due on friday (2026-09-18)"),
    ("send it by Monday", "send it by Monday (2026-09-21)"),
    ("next friday we freeze", "next friday (2026-09-25) we freeze"),
    ("this friday we freeze", "this friday (2026-09-18) we freeze"),
    ("until monday the 21st", "until monday the 21st (2026-09-21)"),
    ("crash on saturday (the 12th): power cut", "crash on saturday (the 12th) (2026-09-12): power cut"),
    ("friday night (the 11th) it went down", "friday night (the 11th) (2026-09-11) it went down"),
    ("the gap on the 11th, last friday: lost", "the gap on the 11th, last friday (2026-09-11): lost"),
    ("broke it on the 8th.", "broke it on the 8th (2026-09-08)."),
    ("it must be in by the 3rd", "it must be in by the 3rd (2026-10-03)"),
    ("three weeks ago we moved", "three weeks ago (2026-08-26) we moved"),
    ("2 days ago", "2 days ago (2026-09-14)"),
    ("two months ago", "two months ago (2026-07)"),
    ("in two weeks the licence ends", "in two weeks (2026-09-30) the licence ends"),
    ("since last week dns is elsewhere", "since last week (week of 2026-09-07) dns is elsewhere"),
    ("next month we hire", "next month (2026-10) we hire"),
    ("last year we tried", "last year (2025) we tried"),
    ("down last weekend", "down last weekend (2026-09-12 to 2026-09-13)"),
    ("this quarter", "this quarter (2026-Q3)"),
    ("the deadline is 30 november", "the deadline is 30 november (2026-11-30)"),
    ("the deadline is November 30th, no later", "the deadline is November 30th (2026-11-30), no later"),
    ("it has not run since 14 July", "it has not run since 14 July (2026-07-14)"),
    ("away from 3 to 14 november", "away from 3 to 14 november (2026-11-03 to 2026-11-14)"),
    ("between 14 december and 6 january", "between 14 december (2026-12-14) and 6 january (2027-01-06)"),
    ("released 3 May 2024", "released 3 May 2024"),
    ("until Monday 12 October we wait", "until Monday 12 October (2026-10-12) we wait"),
    ("from october on it is 10", "from october (2026-10) on it is 10"),
    ("not working since august", "not working since august (2026-08)"),
    ("before November I must test it", "before November (2026-11) I must test it"),
    ("in march we switched", "in march (2026-03) we switched"),
    ("on 2026-09-02 it rained", "on 2026-09-02 it rained"),
]


@pytest.mark.parametrize(("said", "wanted"), CASES, ids=[said for said, _ in CASES])
def test_a_relative_date_gets_its_day(said: str, wanted: str) -> None:
    assert absolutise(said, WEDNESDAY).text == wanted


@pytest.mark.parametrize(
    "said",
    [
        "every monday at nine",
        "she reviews on fridays",
        "full backups on sundays",
        "it may fail, we may retry",
        "the 2nd argument is a path",
        "in the second week",
        "a march through the code",
        "every 5 minutes in winter",
        "the fiscal year starts in april",
        "version 10.12 of the driver",
        "not today",
        "the sun is out",
        "src/yesterday.py",
        "next.js on the edge",
        "on the 30 february",
        "within 3 attempts",
    ],
)
def test_what_is_no_date_or_recurs_is_left_alone(said: str) -> None:
    assert absolutise(said, WEDNESDAY).text == said


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("yesterday the site was down", "2026-09-15"),
        ("the outage of 2026-08-30 took an hour", "2026-08-30"),
        ("in march we lost a week", "2026-03"),
        ("the demo crashed on 3 September", "2026-09-03"),
        ("the launch is on 1 october", None),
        ("nothing happened", None),
    ],
)
def test_when_something_occurred(said: str, day: str | None) -> None:
    assert absolutise(said, WEDNESDAY).occurred == day


def test_the_year_turns() -> None:
    january = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
    assert absolutise("it broke on 29 december", january).text == "it broke on 29 december (2026-12-29)"
    assert absolutise("last month we moved", january).text == "last month (2026-12) we moved"


def test_a_leap_day_needs_a_leap_year() -> None:
    assert absolutise("due 29 february", WEDNESDAY).text == "due 29 february"
    assert [one.label for one in absolutise("due 29 february 2028", WEDNESDAY).dates] == ["2028-02-29"]


_PHRASES = [said for said, _ in CASES]


@given(
    said=st.sampled_from(_PHRASES),
    days=st.integers(min_value=-20_000, max_value=20_000),
)
def test_only_brackets_are_added_on_any_day(said: str, days: int) -> None:
    moment = WEDNESDAY + timedelta(days=days)
    dated = absolutise(said, moment)
    rest = dated.text
    for found in dated.dates:
        rest = rest.replace(f" ({found.label})", "", 1)
    assert rest == said
    assert absolutise(dated.text, moment).text.count("(") <= 2 * dated.text.count("(")


@given(st.text(max_size=200))
def test_any_text_passes(text: str) -> None:
    absolutise(text, WEDNESDAY)

"""Numbers, times, amounts, days and names in one form: what the evidence check compares."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_talk import said

from sidecar.extract.dates import absolutise
from sidecar.extract.llm import clocks, names, quantities
from sidecar.extract.llm.asking import only_asks
from sidecar.extract.llm.clocks import Clock
from sidecar.extract.llm.languages import languages
from sidecar.extract.llm.moments import Day, meant_days
from sidecar.extract.llm.numerals import beside, in_digits

AT = datetime(2026, 9, 16, 10, 0, tzinfo=UTC)
"""A Wednesday."""

ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
ONES += "seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(number: int) -> str:
    """A number in English words."""
    if number >= 1000:
        rest = f" {spelled(number % 1000)}" if number % 1000 else ""
        return f"{spelled(number // 1000)} thousand{rest}"
    if number >= 100:
        rest = f" and {spelled(number % 100)}" if number % 100 else ""
        return f"{ONES[number // 100]} hundred{rest}"
    if number >= 20:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    return ONES[number]


@given(st.integers(3, 999_999))
def test_every_number_in_words_is_read(number: int) -> None:
    assert in_digits(f"about {spelled(number)} pumps") == f"about {number} pumps"
    assert in_digits(f"about {spelled(number)} pumps", retold=True) == f"about {number} pumps"


@pytest.mark.parametrize(
    ("words", "digits"),
    [
        ("a hundred and five", "105"),
        ("two and a half hours", "2.5 hours"),
        ("an hour and a half", "1.5 hour"),
        ("half a minute", "0.5 minute"),
        ("three quarters of an hour", "0.75 hour"),
        ("six point two five", "6.25"),
        ("half a dozen", "6"),
        ("half a million", "500000"),
        ("2.5 million", "2500000"),
        ("a fortnight", "14 days"),
        ("the twenty-first of June", "the 21th of June"),
        ("the first of June", "the 1th of June"),
        ("first of all, wait a second", "first of all, wait a second"),
        ("thousands of rows", "thousands of rows"),
        ("a point to note", "a point to note"),
    ],
)
def test_numbers_are_read_as_they_are_spoken(words: str, digits: str) -> None:
    assert in_digits(words) == digits


def test_one_and_two_of_a_retelling_are_words() -> None:
    assert in_digits("one of two", retold=True) == "one of two"


def test_numbers_beside_each_other_may_be_one() -> None:
    assert "8080" in beside(in_digits("port eighty eighty"))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("at 6 p.m.", {18}),
        ("at 6pm", {18}),
        ("18 Uhr", {18}),
        ("1800 hours", {18}),
        ("6 o'clock in the evening", {18}),
        ("6 o'clock", {6, 18}),
        ("4 at night", {4}),
        ("11 at night", {23}),
        ("noon", {12}),
        ("midnight", {0}),
        ("12 a.m.", {0}),
        ("12 p.m.", {12}),
    ],
)
def test_a_time_of_day_is_known_in_every_writing(text: str, hours: set[int]) -> None:
    ((_, meant),), rest = clocks.stated(text)
    assert meant == {Clock(hour, 0) for hour in hours}
    assert not any(character.isdigit() for character in rest)


@given(st.integers(0, 23), st.integers(0, 59))
def test_a_time_is_the_same_with_a_half_of_the_day(hour: int, minute: int) -> None:
    half = f"{hour % 12 or 12}:{minute:02} {'a.m.' if hour < 12 else 'p.m.'}"
    ((_, one),), _ = clocks.stated(f"it starts {half}")
    ((_, other),), _ = clocks.stated(f"it starts {hour:02}:{minute:02}")
    assert one == other == {Clock(hour, minute)}


def test_the_end_of_a_range_says_which_half_of_the_day_it_begins_in() -> None:
    assert clocks.possible("from 2 to 4 pm")[0] >= {Clock(14, 0), Clock(16, 0)}


def test_hours_that_last_are_no_time_of_day() -> None:
    assert clocks.stated("it takes 24 hours")[0] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("EUR 5000", "5000 euros"),
        ("5k€", "5000 EUR"),
        ("$20", "20 bucks"),
        ("90 seconds", "1.5 min"),
        ("24 h", "1 day"),
        ("1024 MB", "1 GB"),
        ("18 months", "1.5 years"),
        ("0.5 per cent", "0.5%"),
    ],
)
def test_one_amount_in_two_writings_is_one(one: str, other: str) -> None:
    (_, _, first), (_, _, second) = *quantities.measured(one), *quantities.measured(other)
    assert first.same(second)


@pytest.mark.parametrize(
    ("one", "other"),
    [("EUR 5000", "5000 dollars"), ("5 MB", "5 GB"), ("180 MB", "182 MB"), ("50 ms", "50 s"), ("30 days", "30 %")],
)
def test_another_unit_or_figure_is_another_amount(one: str, other: str) -> None:
    (_, _, first), (_, _, second) = *quantities.measured(one), *quantities.measured(other)
    assert not first.same(second)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("it broke yday", Day(2026, 9, 15)),
        ("ready 2moro", Day(2026, 9, 17)),
        ("from Monday night", Day(2026, 9, 14)),
        ("from Monday night", Day(2026, 9, 21)),
        ("Friday of last week", Day(2026, 9, 11)),
        ("am Freitag", Day(2026, 9, 18)),
        ("the twentieth", Day(2026, 9, 20)),
        ("by 3/10", Day(2026, 10, 3)),
        ("eom", Day(2026, 9, 30)),
        ("ten days ago", Day(2026, 9, 6)),
    ],
)
def test_a_day_is_known_in_every_writing(text: str, day: Day) -> None:
    assert day in meant_days(text, AT)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("since Monday", Day(2026, 9, 21)),
        ("last Monday", Day(2026, 9, 21)),
        ("it broke yesterday", Day(2026, 9, 16)),
        ("thus far", Day(2026, 9, 17)),
        ("it sat there", Day(2026, 9, 19)),
        ("Monday the 21st", Day(2026, 9, 14)),
    ],
)
def test_a_day_that_is_not_meant_is_none(text: str, day: Day) -> None:
    assert day not in meant_days(text, AT)


@pytest.mark.parametrize(
    "text", ["recall@10 may fall", "up to 10 may pass", "clients 3 march on", "may 3 of them stay"]
)
def test_a_verb_is_no_month(text: str) -> None:
    assert absolutise(text, AT).text == text
    assert not any(day.month in (3, 5) for day in meant_days(text, AT))


def test_what_was_put_off_lies_ahead() -> None:
    assert "(2027-02-20)" in absolutise("The fair was postponed to 20 February.", AT).text


def test_countries_are_known_by_name_adjective_and_code() -> None:
    assert {"arabia", "peru"} <= names.countries("sa n pe first")
    assert "danish" in names.countries("somebody in Denmark")
    assert "italian" in names.countries("de, it, at")
    assert not names.countries("is it at noon or in an hour, no?")


def test_initials_go_both_ways() -> None:
    assert "mtbf" in names.initials("the mean time between failures")
    assert "hk" in names.initials_with("Kong", "It starts in Hong Kong.")


def test_only_vocabulary_of_the_trade_is_general() -> None:
    assert names.is_general("SLAs")
    assert not any(map(names.is_general, ("AWS", "NATS", "XQZ")))


@pytest.mark.parametrize(
    "text",
    [
        "Which port does it use?",
        "should we move the state to the lake",
        "what if the mixer had two belts, and a drum?",
        "maybe some day we move it",
        "So is it done?",
        "am i right about the belt",
    ],
)
def test_what_only_asks_or_imagines_is_told(text: str) -> None:
    assert only_asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Could you never touch the belt?",
        "Would you mind to keep the drum dry?",
        "The belt is 9 mm, right?",
        "can you hear me good so the belt is nine millimetres and the drum is made of steel and turns left",
        "The drum is steel; what if it were copper?",
        "do that",
        "The belt runs dry. Why?",
        "",
    ],
)
def test_what_also_states_or_orders_does_not_only_ask(text: str) -> None:
    assert not only_asks(text)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    in_digits(text)
    clocks.possible(text)
    list(quantities.measured(text))
    meant_days(text, AT)
    names.countries(text)
    only_asks(text)


def test_commands_show_the_languages_of_a_project() -> None:
    run = [
        said("tool", "cargo test", 1),
        said("tool", "vim src/parse.zig && npx tsc", 2),
        said("user", "use main.rb", 3),
    ]
    assert {"rust", "zig", "node javascript"} <= languages(run)
    assert "ruby" not in languages(run)

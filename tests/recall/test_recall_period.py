"""The days that a question names, in four languages, and what is of them comes first among what fits as well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recall_builders import Held, ask, day, memory, message
from recall_prompts import UNRELATED

from sidecar.extract.dates import absolutise
from sidecar.recall import Recall
from sidecar.recall.period import Period, period_of

MONDAY = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
Over = Callable[[Held], Recall]


@pytest.mark.parametrize(
    ("question", "start", "end"),
    [
        ("What did we decide yesterday?", "2026-11-29", "2026-11-29"),
        ("What did we decide last week?", "2026-11-23", "2026-11-29"),
        ("What have we done this week?", "2026-11-30", "2026-12-06"),
        ("What broke last Friday?", "2026-11-27", "2026-11-27"),
        ("What did we change two weeks ago?", "2026-11-16", "2026-11-16"),
        ("Which timeouts were set in the last 3 days?", "2026-11-27", "2026-11-30"),
        ("What changed over the past two weeks?", "2026-11-16", "2026-11-30"),
        ("What did we agree on in March?", "2026-03-01", "2026-03-31"),
        ("Which decisions fell last month?", "2026-10-01", "2026-10-31"),
        ("What was released last quarter?", "2026-07-01", "2026-09-30"),
        ("What did we plan last weekend?", "2026-11-28", "2026-11-29"),
        ("What did we do last year?", "2025-01-01", "2025-12-31"),
        ("What happened on September 15th, 2025?", "2025-09-15", "2025-09-15"),
        ("What happened on 2026-09-15?", "2026-09-15", "2026-09-15"),
        ("Was haben wir letzte Woche entschieden?", "2026-11-23", "2026-11-29"),
        ("Was war gestern kaputt?", "2026-11-29", "2026-11-29"),
        ("Was geschah am 15. September?", "2026-09-15", "2026-09-15"),
        ("Was haben wir vor zwei Wochen geändert?", "2026-11-16", "2026-11-16"),
        ("Was wurde im März beschlossen?", "2026-03-01", "2026-03-31"),
        ("Was haben wir letzten Monat geändert?", "2026-10-01", "2026-10-31"),
        ("Qu'avons-nous décidé hier ?", "2026-11-29", "2026-11-29"),
        ("Qu'est-ce qui a changé il y a trois jours ?", "2026-11-27", "2026-11-27"),
        ("Qu'avons-nous fait la semaine dernière ?", "2026-11-23", "2026-11-29"),
        ("Que s'est-il passé le 15 septembre 2025 ?", "2025-09-15", "2025-09-15"),
        ("昨日何を決めた？", "2026-11-29", "2026-11-29"),
        ("一昨日何を決めた？", "2026-11-28", "2026-11-28"),
        ("先週何を決めた？", "2026-11-23", "2026-11-29"),
        ("三日前に何を変えた？", "2026-11-27", "2026-11-27"),
        ("2025年9月15日に何があった？", "2025-09-15", "2025-09-15"),
        ("12月に何があった？", "2025-12-01", "2025-12-31"),
    ],
)
def test_the_days_of_a_question(question: str, start: str, end: str) -> None:
    assert period_of(question, MONDAY) == Period(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    "question",
    [
        "Which port does the gateway use?",
        "Was läuft hier?",
        "How many days lie between 2026-09-15 and 2026-10-01?",
        "What may I change?",
        "Which of the 3 days is free?",
        "Does it march on?",
        "am 15. geht es los",
    ],
)
def test_no_days_or_more_than_one_stretch_of_them(question: str) -> None:
    assert period_of(question, MONDAY) is None


def test_hardly_any_prompt_is_taken_for_dated_that_is_not() -> None:
    """Ten of them do name a day; `in a day` is the one that means none."""
    found = [prompt for prompt in UNRELATED if period_of(prompt, MONDAY)]
    assert len(found) <= 10, found


_GRAMMAR = (
    "on in last next this past the by since within a an couple of few two three ten ago before yesterday today tonight"
    " tomorrow day days week weeks weekend month months quarter year monday tuesday friday morning night evening"
    " 3 14 2024 2024-03-05 3rd 21st of mar may march june sept december time end mid early to vor einer zwei tag tagen"
    " woche wochen monaten letzte letzten gestern vorgestern monat im am le en il y un jours semaine mois hier fait"
    " deux nous avons la derniere mai juni juillet avril dezember avant-hier"
).split()


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(_GRAMMAR), min_size=1, max_size=5))
def test_what_names_no_time_is_told_without_looking(words: list[str]) -> None:
    """A letter beyond ASCII in front has every pattern tried."""
    question = " ".join(words)
    assert period_of(question, MONDAY) == period_of(f"ß {question}", MONDAY)


def test_days_count_in_utc_from_the_moment_of_asking() -> None:
    evening = datetime(2026, 11, 29, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert period_of("What broke yesterday?", evening) == Period(date(2026, 11, 29), date(2026, 11, 29))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.text(max_size=60))
def test_whatever_is_asked_whenever_there_is_a_period_or_none(today: date, text: str) -> None:
    found = period_of(text, datetime(today.year, today.month, today.day, tzinfo=UTC))
    assert found is None or found.start <= found.end


def test_what_is_of_the_days_comes_first_of_what_fits_as_well(over: Over) -> None:
    recall = over(
        Held(
            [
                memory("new", "The gateway crashed because of a full disk.", observed=day(60)),
                memory("old", "The gateway crashed because of a broken disk.", observed=day(6)),
                memory("told", "On 2026-09-08 the gateway crashed because of the fan.", observed=day(50)),
            ]
        )
    )
    for query, first in (("on 31 October", "new"), ("on 7 September", "old"), ("last month", "new")):
        hits = recall(ask(f"Why did the gateway crash {query}?", reference=day(65))).hits
        assert next(hit.id for hit in hits if hit.id != "told") == first, query
    answer = recall(ask("Why did the gateway crash on 8 September 2026?", explain=True))
    assert answer.hits[0].id == "told"
    assert answer.explanation is not None
    assert answer.explanation["period"] == {"start": "2026-09-08", "end": "2026-09-08"}


def test_what_fits_much_better_stays_first(over: Over) -> None:
    held = Held(
        [
            memory("A", "The gateway listens on port 8443.", observed=day(2)),
            memory("B", "Lunch is near the gateway.", observed=day(84)),
        ]
    )
    assert over(held)(ask("Which port did the gateway listen on last week?")).hits[0].id == "A"


def test_recall_can_be_narrowed_by_tags_and_dates(over: Over) -> None:
    recall = over(
        Held(
            [
                memory("A", "The gateway listens on port 8443.", observed=day(2), tags=("net", "prod")),
                memory("B", "The gateway listens on port 9443.", observed=day(10), tags=("net",)),
            ],
            [message(20, "the gateway listens on port 7443"), message(21, "the gateway listens on 6443", time=None)],
        )
    )
    query = "Which port does the gateway listen on?"

    def ids(**fields: object) -> set[str]:
        return {hit.id for hit in recall(ask(query, **fields)).hits}

    assert ids() == {"A", "B", "m20", "m21"}
    assert ids(tags=("net",)) == {"A", "B"}
    assert ids(tags=("net", "prod")) == {"A"}
    assert ids(tags=("Net",)) == set()
    assert ids(since=day(2)) == {"A", "B", "m20"}
    assert ids(since=day(3)) == {"B", "m20"}
    assert ids(before=day(10)) == {"A", "B"}
    assert ids(since=day(3), before=day(12)) == {"B"}
    assert ids(types=("event",)) == set()
    assert ids(session="s1", tags=("prod",)) == {"A"}


def test_a_tag_filters_what_is_found_by_meaning_alone_too(over: Over) -> None:
    recall = over(
        Held([memory("A", "Customers sign in with magic links.", tags=("web",)), memory("B", "Logs go to Loki.")])
    )
    query = "How do our shoppers log in?"
    assert [hit.id for hit in recall(ask(query, tags=("web",))).hits] == ["A"]
    assert recall(ask(query, tags=("ops",))).hits == ()


WORDS = """
    last past this next two three couple_of few since in im am en le vor il_y_a ago days day
    weeks week month months quarter weekend year years yesterday tomorrow
    the_day_after_tomorrow gestern vorgestern hier nous monday friday sunday september sept
    may march mai märz mars février août dezember tag tagen wochen monaten jours mois zwei
    sechs einem deux letzte letzten woche monat semaine dernière of on the by until from ist
    1st 31st 0000年3月 9999年12月31日 二日前 99週間前 一昨日 昨日 先週 今週 先月 0000 0001 9999 1 3. 31 99 999
    2025 0000-00-00 9999-12-31 0001-01-01 ٣ ٢٠٢٥ ² (
""".split()
ODD = str.maketrans("isk", "İſK")
DATE_WORDS = st.sampled_from([word.replace("_", " ") for word in WORDS]).flatmap(
    lambda word: st.sampled_from([word, word.upper(), word.translate(ODD), word.replace("i", "ı")])
)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-9))])
EDGES = ZONES.flatmap(
    lambda zone: st.sampled_from([datetime(1, 1, 1, tzinfo=zone), datetime(9999, 12, 31, 23, 59, tzinfo=zone)])
)
MONDAYS = st.one_of(EDGES, st.datetimes(timezones=st.just(UTC)))


@settings(deadline=None, max_examples=500)
@given(st.lists(DATE_WORDS, max_size=8).map(" ".join), MONDAYS, st.booleans())
def test_no_text_and_no_reference_is_too_odd(question: str, reference: datetime, told: bool) -> None:
    period = period_of(question, reference)
    assert period is None or period.start <= period.end
    dated = absolutise(question, reference, told=told)
    assert dated.text.startswith(question[: dated.dates[0].end] if dated.dates else question)


@pytest.mark.parametrize(
    ("question", "reference"),
    [
        ("0000年3月に何を決めた？", MONDAY),
        ("Was war im märz 0000?", MONDAY),
        ("Que s'est-il passé le 3 mars 0000 ?", MONDAY),
        ("What did we decide yesterday?", datetime(1, 1, 1, tzinfo=UTC)),
        ("What is due tomorrow?", datetime(9999, 12, 31, tzinfo=UTC)),
        ("What did we do last year?", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_day_that_no_calendar_has_is_no_period(question: str, reference: datetime) -> None:
    assert period_of(question, reference) is None


@pytest.mark.parametrize(
    ("question", "start"),
    [
        ("Was haben wir vor zweİ Tagen geändert?", "2026-11-28"),
        ("Was wurde im MAİ 2025 beschlossen?", "2025-05-01"),
        ("What broke laſt Sunday?", "2026-11-29"),
        ("What broke in AUGUſT 2025?", "2025-08-01"),
    ],
)
def test_letters_that_look_alike_are_alike(question: str, start: str) -> None:
    period = period_of(question, MONDAY)
    assert period is not None
    assert period.start == date.fromisoformat(start)

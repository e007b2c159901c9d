"""The time that a question is about: "last week", "in March", "vor zwei Wochen", "昨日" as days with numbers.

English is read by the grammar that dates statements (`extract.dates`); of German, French and Japanese only what people
mostly say.  Why no library does it is told in `docs/decisions/0005-dates-in-questions.md`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sidecar.expressions import regex
from sidecar.extract.dates import absolutise, plain_letters
from sidecar.recall.fuse import Candidate
from sidecar.recall.reckon import dates
from sidecar.recall.weights import ANSWER_CHARACTERS

FAVOUR = 1.25
"""What a candidate's score is multiplied by that is of the period asked for: among what fits about as well, it comes
first; what fits much better stays first, since much is told later than it happened, and holds longer."""

_SCORE_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to `end`, both counted in, in UTC."""

    start: date
    end: date

    def holds(self, day: date) -> bool:
        """Whether a day is in it."""
        return self.start <= day <= self.end


def period_of(question: str, reference: datetime) -> Period | None:
    """The one stretch of time that a question names, seen from the moment of asking; None for none, or for several."""
    if not _may_name_one(question):
        return None
    # A question from or about the years at either end of what a date can be is about no period.
    try:
        unique = set(_named_in(plain_letters(question), reference.astimezone(UTC)))
    except (ValueError, OverflowError):
        return None
    return unique.pop() if len(unique) == 1 else None


def _may_name_one(question: str) -> bool:
    """Whether any pattern can match: most questions name no time, and have nothing of what each of these needs."""
    if not question.isascii():
        return True
    plain = question.lower()
    return any(sign in plain for sign in _SIGNS) or _DIGIT.search(plain) is not None


_DIGIT = regex(r"\d")
_SIGNS = tuple(
    "day night tomorrow morning afternoon evening week month quarter year gestern hier woche semaine monat mois tag"
    " jour jan feb mar apr avr may mai jun jui jul aug sep okt oct nov dez dec".split()
)
"""Of each pattern, here and in `extract.dates`, what whatever it matches in ASCII has, if no digit."""


def _named_in(question: str, moment: datetime) -> Iterator[Period]:
    for one in absolutise(question, moment, told=True).dates:
        yield _labelled(one.label)
    for pattern, resolve in _OTHERS:
        for match in pattern.finditer(question):
            yield resolve(match, moment.date())


def favoured(candidates: Sequence[Candidate], period: Period | None) -> list[Candidate]:
    """The candidates, best first, with a little more for those of the period: said in it, or naming a day of it."""
    if period is None:
        return list(candidates)
    weighed = [replace(one, score=min(1.0, one.score * FAVOUR)) if _is_of(one, period) else one for one in candidates]
    return sorted(weighed, key=lambda one: (one.outdated, -round(one.score, _SCORE_DIGITS)))


def _is_of(candidate: Candidate, period: Period) -> bool:
    time = candidate.time
    if time is not None and period.holds(time.astimezone(UTC).date()):
        return True
    return any(period.holds(day) for day in dates(candidate.document.content[:ANSWER_CHARACTERS], time))


def _labelled(label: str) -> Period:
    """What `extract.dates` writes: a day, `week of` its Monday, two days, a month, a quarter, a year."""
    if label.startswith("week of "):
        return _week(date.fromisoformat(label.removeprefix("week of ")))
    if " to " in label:
        start, _, end = label.partition(" to ")
        return Period(date.fromisoformat(start), date.fromisoformat(end))
    parts = label.split("-")
    year = int(parts[0])
    if len(parts) == 1:
        return Period(date(year, 1, 1), date(year, 12, 31))
    if parts[1].startswith("Q"):
        last = 3 * int(parts[1][1:])
        return Period(date(year, last - 2, 1), _month(year, last).end)
    return _month(year, int(parts[1])) if len(parts) == 2 else _day(date.fromisoformat(label))


def _day(day: date) -> Period:
    return Period(day, day)


def _week(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6))


def _month(year: int, month: int) -> Period:
    return Period(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))


_Resolver = Callable[[re.Match[str], date], Period]
_UNITS = {
    "day": 1, "tag": 1, "jour": 1, "日": 1, "week": 7, "woche": 7, "semaine": 7, "週": 7,
    "month": 30, "monat": 30, "mois": 30,
}  # fmt: skip
_COUNTS = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "couple of": 2, "few": 3,
    "einem": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6,
    "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six ": 6,
    "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6,
}  # fmt: skip
_MONTH_NAMES = (
    ("januar", "janvier"), ("februar", "février"), ("märz", "mars"), ("april", "avril"), ("mai",), ("juni", "juin"),
    ("juli", "juillet"), ("august", "août"), ("september", "septembre"), ("oktober", "octobre"),
    ("november", "novembre"), ("dezember", "décembre"),
)  # fmt: skip
_MONTH = "|".join(sorted((name for names in _MONTH_NAMES for name in names), key=len, reverse=True))
_COUNT = "|".join(sorted((re.escape(name.strip()) for name in _COUNTS), key=len, reverse=True))


def _count(words: str) -> int:
    return int(words) if words.isdecimal() else _COUNTS[words.casefold()]


def _shifted(days: int) -> _Resolver:
    return lambda _, today: _day(today + timedelta(days=days))


def _shifted_week(weeks: int) -> _Resolver:
    return lambda _, today: _week(today + timedelta(weeks=weeks))


def _shifted_month(months: int) -> _Resolver:
    def resolve(_: re.Match[str], today: date) -> Period:
        total = today.year * 12 + today.month - 1 + months
        return _month(total // 12, total % 12 + 1)

    return resolve


def _unit(word: str) -> int:
    return next(days for name, days in _UNITS.items() if word.casefold().startswith(name))


def _ago(match: re.Match[str], today: date) -> Period:
    days = _count(match["count"]) * _unit(match["unit"])
    return _day(today - timedelta(days=days))


def _lately(match: re.Match[str], today: date) -> Period:
    days = _count(match["count"]) * _unit(match["unit"])
    return Period(today - timedelta(days=days), today)


def _named(match: re.Match[str], today: date) -> Period:
    """A month, or a day of one; without a year the last one that is not ahead."""
    given = match.groupdict()
    name = match["month"].casefold()
    month = next((n for n, names in enumerate(_MONTH_NAMES, 1) if name in names), 0) or int(name)
    year = int(given["year"]) if given.get("year") else today.year - (month > today.month)
    if not given.get("day"):
        return _month(year, month)
    last = _month(year, month).end
    return _day(last.replace(day=min(int(match["day"]), last.day)))


def _words(pattern: str) -> re.Pattern[str]:
    return regex(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


_OTHERS: tuple[tuple[re.Pattern[str], _Resolver], ...] = (
    (_words(rf"(?:last|past) (?P<count>\d{{1,2}}|{_COUNT}) (?P<unit>day|week|month)s"), _lately),
    (_words(r"vorgestern|avant-hier"), _shifted(-2)),
    (_words(r"gestern"), _shifted(-1)),
    # `hier` is German too, for `here`: it needs a French word before it.
    (_words(r"(?:nous|avons|avez|été|fait|s['’]est|qu['’]\w+|est-ce)\b.*[^\w-]hier"), _shifted(-1)),
    (_words(r"(?:letzte|vorige|vergangene)[rn]? woche|la semaine (?:dernière|passée)"), _shifted_week(-1)),
    (_words(r"diese[rn]? woche|cette semaine"), _shifted_week(0)),
    (_words(r"(?:letzten|vorigen|vergangenen) monat|le mois (?:dernier|passé)"), _shifted_month(-1)),
    (
        _words(rf"(?:vor|il y a) (?P<count>\d{{1,2}}|{_COUNT}) (?P<unit>tag|woche|monat|jour|semaine|mois)(?:en|n|s)?"),
        _ago,
    ),
    (_words(rf"(?:am|le) (?P<day>[12]?\d|3[01])(?:\.|er)? (?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?"), _named),
    (_words(rf"(?:im|en) (?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?"), _named),
    (regex(r"一昨日|おととい"), _shifted(-2)),
    (regex(r"(?<!一)昨日|きのう"), _shifted(-1)),
    (regex(r"先週"), _shifted_week(-1)),
    (regex(r"今週"), _shifted_week(0)),
    (regex(r"先月"), _shifted_month(-1)),
    (regex(r"(?P<count>\d{1,2}|[一二三四五六])(?P<unit>日|週)間?前"), _ago),
    (regex(r"(?:(?P<year>\d{4})年)?(?P<month>1[0-2]|[1-9])月(?:(?P<day>3[01]|[12]\d|[1-9])日)?"), _named),
)

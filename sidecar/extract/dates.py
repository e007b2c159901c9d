"""Relative dates made absolute: "last friday" said on a Monday is a day with a number.

The words stay as they were said; the date is added in brackets, because a reader may want both.  Times are UTC.  The
grammar is English and small on purpose: what it does not know for sure it leaves alone.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Literal

from sidecar.expressions import regex
from sidecar.records import dataclass

Tense = Literal["past", "future", "open"]


@dataclass(frozen=True, slots=True)
class Found:
    """One date in a text: where the phrase stands, what it means, and whether it names a single day.

    `full`: the phrase has the year itself, so there is nothing to make clear.
    """

    start: int
    end: int
    label: str
    exact: bool
    past: bool
    full: bool = False


@dataclass(frozen=True, slots=True)
class Dated:
    """A text with its dates made absolute, and the dates in the order of the text."""

    text: str
    dates: tuple[Found, ...]

    @property
    def occurred(self) -> str | None:
        """The first single day that is not in the future, else the first past month; for events."""
        days = [found.label for found in self.dates if found.past and found.exact]
        months = [found.label for found in self.dates if found.past and re.fullmatch(r"\d{4}-\d\d", found.label)]
        return next(iter(days + months), None)


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMBERS |= {"nine": 9, "ten": 10, "a couple of": 2, "a few": 3}

_DAY = r"(?P<weekday>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|satur|sun)day"
_MONTH = (
    r"(?P<month>january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b(?:\.(?=\s+\w))?)\b"
)
_NTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th)"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d))?"
_PART = r"(?:\s+(?:morning|afternoon|evening|night|noon))?"

_PAST = regex(
    r"\b(?:was|were|had|did|lost|went|broke|got|came|left|took|sent|ran|fell|died|began|started|said|told|ago|since"
    r"|last"
    r"|yesterday|(?!need|speed|feed|seed|embed)[a-z]{2,}ed|haven't|hasn't|(?:has|have)\s(?:not|been|had))\b",
    re.IGNORECASE,
)
_FUTURE = regex(
    r"\b(?:will|won't|gonna|going to|until|till|by|due|deadline|before|from|starting|submission|next|upcoming"
    r"|planned|scheduled|must|should|tomorrow|expires?|between|moves?|freezes?|remind|need to|have to)\b",
    re.IGNORECASE,
)
_PLANNED = regex(
    r"\b(?:will|won't|gonna|going to|due|deadline|next|upcoming|planned|scheduled|must|should|tomorrow|need to"
    r"|have to)\b",
    re.IGNORECASE,
)
"""The surer half of these: in a report, "from", "by" and "until" are of the past as well."""

_WORD_MONTHS = frozenset({"may", "march", "mar", "jan", "dec"})
_MONTH_LEAD = regex(
    r"\b(?:on|by|since|until|till|before|after|due|from|the|to|of|in|last|next|this|early|late|mid|end|\w+day)[\s,]+$",
    re.IGNORECASE,
)
_MONTH_END = regex(r"\s*(?:$|[.,;:!?)(]|(?:19|20)\d\d)")
_VERB_NEXT = regex(r"\s+(?:not|be|have|never|also|only|still|well|\w{3,})\b(?!\s*[,.])", re.IGNORECASE)


def means_month(match: re.Match[str]) -> bool:
    """Whether a month's name that is a word as well ("10 may fall") has a reason to be one; `match` has its groups."""
    written, given, text = match["month"], match.groupdict(), match.string
    if written.lower().rstrip(".") not in _WORD_MONTHS or written[:1].isupper():
        return True
    if given.get("year") or re.search(r"\d(?:st|nd|rd|th|\.)(?!\w)|\bof\b", match.group(), re.IGNORECASE):
        return True
    if _MONTH_END.match(text, match.end()):
        return True
    leads = _MONTH_LEAD.search(text, 0, match.start()) is not None
    return leads and (given.get("day") is None or not _VERB_NEXT.match(text, match.end()))


_PUT_OFF = regex(
    r"\b(?:moved|slipped|postponed|pushed|delayed|deferred|shifted|rescheduled|extended"
    r"|brought forward)\s(?:\w+\s){0,2}to\s+$",
    re.IGNORECASE,
)
"""What was put off was so in the past, but the day lies ahead."""

_RECURRING = regex(r"\b(?:every|each|any|on most|per)\s$", re.IGNORECASE)
_NEAR = 40
"""Characters before a phrase in which a word tells whether it lies ahead or behind."""


def absolutise(text: str, at: datetime, *, told: bool = False) -> Dated:
    """The text with a date in brackets after each relative one, as seen from `at` (the message's own time).

    `told` says that the text tells what happened: a day without a tense has passed.
    """
    today, plain = at.date(), plain_letters(text)
    found: list[Found] = []
    for pattern, resolve in _GRAMMAR:
        for match in pattern.finditer(plain):
            if _RECURRING.search(text[: match.start()]) or _taken(match, found):
                continue
            meaning = _resolved(resolve, match, today, _tense(text, match.start(), told))
            if meaning is not None:
                label, exact = meaning
                full, past = bool(match.groupdict().get("year")), label[:10] <= today.isoformat()
                found.append(Found(match.start(), match.end(), label, exact, past, full))
    found.sort(key=lambda one: one.start)
    shown, end = [], 0
    for number, one in enumerate(found):
        shown.append(text[end : one.end])
        following = found[number + 1] if number + 1 < len(found) else None
        # "the 11th, last friday": one day told twice is dated once.
        twice = following and following.label == one.label and following.start - one.end <= 3
        if not twice and not one.full and one.label not in text:
            shown.append(f" ({one.label})")
        end = one.end
    return Dated("".join(shown) + text[end:], tuple(found))


def plain_letters(text: str) -> str:
    """The text, of the same length, without the letters that a pattern takes for `i`, `s` and `k` and no table has."""
    return text if text.isascii() else text.translate(_ALIKE)


_ALIKE = str.maketrans("İıſK", "Iisk")


def _resolved(resolve: Resolver, match: re.Match[str], today: date, tense: Tense) -> Meaning:
    """What a phrase means; None if that is before the first year that a date can have, or after the last."""
    try:
        return resolve(match, today, tense)
    except (ValueError, OverflowError):
        return None


def _taken(match: re.Match[str], found: list[Found]) -> bool:
    return any(match.start() < one.end and one.start < match.end() for one in found)


def _tense(text: str, start: int, told: bool) -> Tense:
    clause = re.split(r"[.!?;:]\s", text[:start])[-1]
    if (_PLANNED if told else _FUTURE).search(clause[-_NEAR:]) or _PUT_OFF.search(clause):
        return "future"
    if told:
        return "past"
    rest = re.split(r"[.!?;]\s", text[start:])[0]
    return "past" if _PAST.search(clause) or _PAST.search(rest) else "open"


Meaning = tuple[str, bool] | None
Resolver = Callable[[re.Match[str], date, Tense], Meaning]


def _explicit(match: re.Match[str], _today: date, _tense: Tense) -> Meaning:
    return date.fromisoformat(match.group("iso")).isoformat(), True


def _near_day(match: re.Match[str], today: date, _tense: Tense) -> Meaning:
    words = " ".join(match.group().lower().split())
    if words == "last night":
        # Said after midnight or in the morning, it began on the day before.
        return (today - timedelta(days=1)).isoformat(), True
    shift = {"the day before yesterday": -2, "yesterday": -1, "tomorrow": 1, "the day after tomorrow": 2}
    offset = next(
        (days for phrase, days in sorted(shift.items(), key=lambda i: -len(i[0])) if words.startswith(phrase)), 0
    )
    return (today + timedelta(days=offset)).isoformat(), True


def _weekday(match: re.Match[str], today: date, tense: Tense) -> Meaning:
    number = next(i for i, name in enumerate(_WEEKDAYS) if name.startswith(match.group("weekday").lower()))
    lead = (match.group("lead") or "").lower()
    back = (today.weekday() - number) % 7 or 7
    ahead = (number - today.weekday()) % 7
    if lead in ("last", "this past", "past", "since"):
        return (today - timedelta(days=back)).isoformat(), True
    if lead == "next":
        # The one of the coming calendar week: said on a Thursday, "next friday" is not tomorrow.
        return (today - timedelta(days=today.weekday()) + timedelta(days=7 + number)).isoformat(), True
    if lead in ("this", "by", "until", "till", "before", "from") or tense == "future":
        return (today + timedelta(days=ahead)).isoformat(), True
    if tense == "past":
        return (today - timedelta(days=back)).isoformat(), True
    return None


def _day_of_month(match: re.Match[str], today: date, tense: Tense) -> Meaning:
    day = int(match.group("day"))
    lead = (match.groupdict().get("lead") or "").lower()
    if lead == "since":
        tense = "past"
    elif lead in ("by", "until", "till", "before", "from"):
        tense = "future"
    wanted = match.groupdict().get("weekday")
    months = [_shift_month(today, offset) for offset in (0, -1, 1, -2, 2)]
    days = [date(year, month, day) for year, month in months if 1 <= day <= calendar.monthrange(year, month)[1]]
    if wanted:
        days = [one for one in days if _WEEKDAYS[one.weekday()].startswith(wanted.lower())]
    return _pick(days, today, tense)


def _day_and_month(match: re.Match[str], today: date, tense: Tense) -> Meaning:
    if not means_month(match):
        return None
    month, day = _month_number(match.group("month")), int(match.group("day"))
    years = [int(match.group("year"))] if match.group("year") else [today.year, today.year - 1, today.year + 1]
    days = [date(year, month, day) for year in years if 1 <= day <= calendar.monthrange(year, month)[1]]
    picked = _pick(days, today, "open" if match.group("year") else tense)
    first = match.groupdict().get("first")
    if picked and first and 1 <= int(first) <= day:
        return f"{picked[0][:8]}{int(first):02d} to {picked[0]}", False
    return picked


def _pick(days: list[date], today: date, tense: Tense) -> Meaning:
    """The nearest day that agrees with the tense; without one, the nearest at all."""
    fitting = [one for one in days if tense == "open" or (one <= today) == (tense == "past") or one == today]
    if not fitting:
        return None
    return min(fitting, key=lambda one: (abs((one - today).days), one < today)).isoformat(), True


def _month_alone(match: re.Match[str], today: date, tense: Tense) -> Meaning:
    month, lead = _month_number(match.group("month")), match.group("lead").lower()
    if match.group("year"):
        return _month_label(int(match.group("year")), month), False
    if lead in ("since", "last") or (lead not in ("from", "until", "till", "by", "before", "next") and tense == "past"):
        year = today.year if month <= today.month else today.year - 1
    elif lead == "in" and tense == "open":
        # "the fiscal year starts in april" is of every year.
        return None
    elif lead == "of":
        # "the figures of june": the nearest one, in doubt the past one.
        year = today.year + (1 if month - today.month < -6 else -1 if month - today.month > 5 else 0)
    else:
        year = today.year if month >= today.month else today.year + 1
    return _month_label(year, month), False


def _count(words: str) -> int:
    return int(words) if words.isdigit() else _NUMBERS[" ".join(words.lower().split())]


def _distance(match: re.Match[str], today: date, _tense: Tense) -> Meaning:
    groups = match.groupdict()
    sign = -1 if groups.get("ago") else 1
    count, unit = _count(match.group("count")), match.group("unit").lower()
    if unit in ("day", "week"):
        days = sign * count * (7 if unit == "week" else 1)
        return ((today + timedelta(days=days)).isoformat(), True) if abs(days) < 4000 else None
    if unit == "month":
        year, month = _shift_month(today, sign * count)
        return _month_label(year, month), False
    return _year_label(today.year + sign * count), False


def _near_span(match: re.Match[str], today: date, _tense: Tense) -> Meaning:
    offset = {"last": -1, "this": 0, "next": 1}[match.group("which").lower()]
    span = match.group("span").lower()
    monday = today - timedelta(days=today.weekday())
    if span == "week":
        return f"week of {(monday + timedelta(weeks=offset)).isoformat()}", False
    if span == "weekend":
        # "last weekend" is the one that has ended; only on a weekend itself is that seven days back.
        saturday = monday + timedelta(days=5, weeks=offset)
        return f"{saturday.isoformat()} to {(saturday + timedelta(days=1)).isoformat()}", False
    if span == "month":
        year, month = _shift_month(today, offset)
        return _month_label(year, month), False
    if span == "quarter":
        year, month = _shift_month(today, 3 * offset)
        return f"{_year_label(year)}-Q{(month + 2) // 3}", False
    return _year_label(today.year + offset), False


def _shift_month(today: date, offset: int) -> tuple[int, int]:
    total = today.year * 12 + today.month - 1 + offset
    return total // 12, total % 12 + 1


def _month_label(year: int, month: int) -> str:
    """Raises ValueError for a year that no date can have, as `_year_label` does."""
    return date(year, month, 1).isoformat()[:7]


def _year_label(year: int) -> str:
    return date(year, 1, 1).isoformat()[:4]


def _month_number(name: str) -> int:
    short = name.lower().rstrip(".")[:3]
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(short))


def _compile(pattern: str) -> re.Pattern[str]:
    return regex(rf"(?<![\w/.-])(?:{pattern})(?![\w/]|-\w)", re.IGNORECASE)


_COUNT = r"(?P<count>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|a couple of|a few)"
_BARE_NTH = r"(?=\s*(?:$|[.,;:!?)(]|\b(?:at|and|or|it|we|i|the|because|so|until|already)\b))"

_GRAMMAR: tuple[tuple[re.Pattern[str], Resolver], ...] = (
    (_compile(r"(?P<iso>\d{4}-\d\d-\d\d)"), _explicit),
    (_compile(rf"{_DAY},?\s+\(?(?:the\s+)?{_NTH}\)?"), _day_of_month),
    (_compile(rf"{_DAY}{_PART}\s+\(the\s+{_NTH}\)"), _day_of_month),
    (
        _compile(
            rf"(?:{_DAY},?\s+(?:the\s+)?)?(?:(?P<first>\d{{1,2}})(?:st|nd|rd|th)?\s*(?:-|–|to)\s*)?(?P<day>\d{{1,2}})(?:st|nd|rd"
            rf"|th)?\s+(?:of\s+)?{_MONTH}{_YEAR}"
        ),
        _day_and_month,
    ),
    (_compile(rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?!:)\b{_YEAR}"), _day_and_month),
    (
        _compile(
            r"the day before yesterday|the day after tomorrow|last night|(?<!not )(?:yesterday|tomorrow|today"
            r"|tonight|this (?:morning|afternoon|evening))" + _PART
        ),
        _near_day,
    ),
    (
        _compile(rf"(?P<lead>last|this past|past|since|this|next|by|until|till|before|from|on)\s+{_DAY}{_PART}"),
        _weekday,
    ),
    (_compile(rf"(?P<lead>){_DAY}\s+(?:morning|afternoon|evening|night)"), _weekday),
    (_compile(rf"(?P<lead>on|since|by|until|till|from|before|after)\s+the\s+{_NTH}{_BARE_NTH}"), _day_of_month),
    (_compile(rf"{_COUNT}\s+(?P<unit>day|week|month|year)s?\s+(?P<ago>ago)"), _distance),
    (_compile(rf"(?:with)?in\s+{_COUNT}\s+(?P<unit>day|week|month)s?(?:'?\s+time)?"), _distance),
    (_compile(r"(?P<which>last|this|next)\s+(?P<span>week|weekend|month|quarter|year)"), _near_span),
    (
        _compile(
            r"(?P<lead>in|since|from|until|till|by|before|after|of|through|last|next|late|early|mid"
            rf"|end of)\s+{_MONTH}(?!\s+\d{{1,2}}\b){_YEAR}"
        ),
        _month_alone,
    ),
)
"""Longer phrases first: what one of them has taken, the later ones leave alone."""

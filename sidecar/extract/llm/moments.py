"""Days as figures, so that "last friday" and "2026-11-20", "the eighteenth of May" and 18 May are known as one."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sidecar.expressions import regex
from sidecar.extract.dates import absolutise, means_month
from sidecar.extract.events import when
from sidecar.extract.llm.numerals import in_digits
from sidecar.records import dataclass

_MONTH_NAMES = tuple(name.lower() for name in calendar.month_name[1:])
_DAY_NAMES = tuple(name.lower() for name in calendar.day_name)

_MONTH = (
    r"(?P<month>january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
)
_NTH = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th|\.(?=\s))?"
_FIRST = r"(?:(?P<first>[0-3]?\d)(?:st|nd|rd|th|\.)?\s*(?:-|–|/|to|until|till|and|or)\s*(?:the\s+)?)?"
_ON_WEEKDAY = r"(?:(?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)day,?\s+(?:the\s+)?)?"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"
_ISO = r"(?P<year>(?:19|20)\d\d)-(?P<month>[01]\d)"


def _compile(pattern: str) -> re.Pattern[str]:
    return regex(rf"(?<![\w.@#:$/-])(?:{pattern})(?![\w-])", re.IGNORECASE)


_STATED = (
    _compile(_ISO + r"-(?P<day>[0-3]\d)(?:T[\d:.]+Z?)?"),
    _compile(_ISO),
    _compile(rf"{_ON_WEEKDAY}{_FIRST}{_NTH}\s+(?:of\s+)?{_MONTH}{_YEAR}"),
    _compile(
        rf"{_MONTH}\s+(?:the\s+)?{_NTH}(?!:\d)(?:\s*(?:-|–|to|until|till|and)\s*(?P<last>[0-3]?\d)(?:st|nd|rd|th)?(?![\w:.%]))?{_YEAR}"
    ),
)
# "May" and "March" are words as well: alone they are months only in capitals and where a month can stand.
_MONTH_ALONE = regex(
    r"\b(?P<month>January|February|April|June|July|August|September|October|November|December"
    r"|(?:(?<=[Ii]n )|(?<=[Ss]ince )|(?<=[Uu]ntil )|(?<=[Bb]y )|(?<=[Oo]f ))(?:March"
    r"|May))\b(?:\s+(?P<year>(?:19|20)\d\d)\b)?"
)
_ANY_MONTH = _compile(_MONTH)
_WEEKDAY = regex(
    r"\b(?:(?P<lead>last|past|this|next|coming|upcoming|since)\s+)?"
    r"(?P<name>mon|tues?|wed(?:nes|s)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?P<day>days?)?\b"
    r"(?:\s+(?P<of>of\s+(?:last|this|next)\s+week|week))?",
    re.IGNORECASE,
)
_WORD_WEEKDAYS = frozenset({"sat", "sun", "wed", "mon"})
_WEEKDAY_LEADS = regex(
    r"(?:\b(?:on|by|since|until|till|til|last|next|this|from|to|thru|through|every|each|or|and|b4|before|after|\w+day"
    r"|mon|tues?|wed|thu|fri|sat|sun)[\s,]+|[-–/,&+(]\s*|^\s*)$",
    re.IGNORECASE,
)
_WEEKDAY_TAIL = regex(r"\s*(?:$|[-–/,.;:!?)&+]|\d|the\s+\d|morning|afternoon|evening|nig?h?te?|noon)", re.IGNORECASE)
_FULL_WEEKDAY = regex(r"\b(?P<name>mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
_NTH_ALONE = regex(r"\b(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)\b", re.IGNORECASE)
_NUMERIC = regex(
    r"(?<![\w./:-])(?P<one>\d{1,2})(?P<sign>[./])(?P<other>\d{1,2})(?:(?P=sign)(?P<year>(?:20)?\d\d))?\.?(?![\w/%-]|[.,]\d)"
)
_ISO_OTHERWISE = regex(r"(?<!\d)(?P<year>20\d\d)[/.]?(?P<month>[01]\d)[/.]?(?P<day>[0-3]\d)(?!\d)")
_LABEL = regex(r"(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?")

_NEAR = {
    -2: r"day before yesterday|vorgestern|avant-hier",
    -1: r"y'?day|yest(?:erday|d|\.)?|ystr?da?y|last (?:night|evening)|over ?night|gestern|hier soir|ayer",
    0: r"2day|tonight|2nite|heute|aujourd'hui|hoy",
    1: r"2mor+ow|2mor+o|2moz|tmrw?w?|tomoz|tomo|tom+or+ow|morgen|demain",
    2: r"day after tomorrow|overmorrow|übermorgen|ubermorgen|après-demain",
}
_NEAR_DAYS = {shift: regex(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) for shift, words in _NEAR.items()}
_OTHER_DAY = regex(
    "|".join([r"\b(?:yesterday|tomorrow)\b", *(words.pattern for shift, words in _NEAR_DAYS.items() if shift)]),
    re.IGNORECASE,
)
_TODAY = regex(
    r"\b(?:today|tonight|now|just|current\w*|immediate\w*|as of|from here|this|so far|still|2day|heute)\b",
    re.IGNORECASE,
)
_SAID_WHICH = regex(r"[a-z ]{0,10}[\s,]*\(?(?:the\s+)?\d{1,2}(?:st|nd|rd|th)\b", re.IGNORECASE)
_AGO = regex(
    r"\b(?P<count>\d{1,3}|an?|one|a couple of)\s+(?P<unit>day|week)s?\s+"
    r"(?P<way>ago|back|before|earlier|later|from (?:now|today))\b"
    r"|\b(?:with)?in\s+(?P<ahead>\d{1,3}|an?|one|a couple of)\s+(?P<unit_ahead>day|week|tagen|woche)n?s?\b",
    re.IGNORECASE,
)
_WEEK = regex(
    r"\b(?P<which>last|past|previous|this|next|coming)\s+week(?P<end>end)?\b|\bthe\s+(?P<alone>weekend)\b",
    re.IGNORECASE,
)
_SHIFTS = {"last": -1, "past": -1, "previous": -1, "this": 0, "next": 1, "coming": 1}
_END_OF_MONTH = regex(
    r"\b(?:end of (?:the |this )?month|month'?s end|month-end|eom|last day of (?:the|this|each|every) month)\b",
    re.IGNORECASE,
)
_END_OF_YEAR = regex(r"\b(?:end of (?:the |this )?year|year-?end|eoy|new year'?s eve)\b", re.IGNORECASE)
_FEASTS = ((regex(r"\b(?:christmas|xmas)\b", re.IGNORECASE), (12, (24, 25))),)

_ELSEWHERE = (
    ("montag lunes lundi maandag", "monday"),
    ("dienstag mardi dinsdag", "tuesday"),
    ("mittwoch miércoles mercredi woensdag", "wednesday"),
    ("donnerstag jueves jeudi donderdag", "thursday"),
    ("freitag viernes vendredi vrijdag", "friday"),
    ("samstag sonnabend sábado samedi zaterdag", "saturday"),
    ("sonntag domingo dimanche zondag", "sunday"),
    ("januar jänner enero janvier januari", "january"),
    ("februar febrero février februari", "february"),
    ("märz marzo maart", "March"),
    ("abril avril", "april"),
    ("mai mayo mei", "May"),
    ("juni junio juin", "june"),
    ("juli julio juillet", "july"),
    ("agosto août augustus", "august"),
    ("septiembre septembre", "september"),
    ("oktober octubre octobre", "october"),
    ("noviembre novembre", "november"),
    ("dezember diciembre décembre", "december"),
)
"""Days and months in the languages in which people at work mix most with English."""

_TRANSLATED = {word: english for words, english in _ELSEWHERE for word in words.split()}
_FOREIGN = regex(rf"\b(?:{'|'.join(_TRANSLATED)})s?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Day:
    """A day, a month or a weekday as a text states it; what it does not say is None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None


def stated_days(text: str) -> tuple[list[tuple[str, Day]], str]:
    """The days that a text states, as written, and the text without them; of a span, both its ends."""
    found: list[tuple[str, Day]] = []

    def take(match: re.Match[str]) -> str:
        given = match.groupdict()
        month = _month(given["month"])
        year = int(given["year"]) if given["year"] else None
        days: list[int | None] = [int(one) for one in (given.get("first"), given.get("day"), given.get("last")) if one]
        if not 1 <= month <= 12 or not all(day and day <= 31 for day in days) or not means_month(match):
            return match.group()
        weekday = _weekday(given["weekday"]) if given.get("weekday") and len(days) == 1 else None
        found.extend((match.group(), Day(year, month, day, weekday)) for day in days or [None])
        return " "

    for pattern in (*_STATED, _MONTH_ALONE):
        text = pattern.sub(take, text)

    def take_weekday(match: re.Match[str]) -> str:
        found.append((match.group(), Day(weekday=_weekday(match.group("name")))))
        return " "

    return found, _FULL_WEEKDAY.sub(take_weekday, text)


def meant_days(text: str, at: datetime | None) -> frozenset[Day]:
    """Every day that a text said at a moment can mean, and the day of the moment itself."""
    text = in_digits(_FOREIGN.sub(lambda match: _english(match.group()), text))
    stated, rest = stated_days(text)
    found = {day for _, day in stated}
    found |= {Day(weekday=_weekday(match["name"])) for match in _weekdays(rest)}
    found |= {Day(month=_month(m["month"])) for m in _ANY_MONTH.finditer(text) if means_month(m)}
    if at is None:
        return frozenset(found)
    found = {year for day in found for year in _in_years(day, at.year)}
    labels = [one.label for told in (False, True) for one in absolutise(text, at, told=told).dates]
    labels += [one.label for one in when(text, at).dates]
    resolved = {_of_label(match) for label in labels for match in _LABEL.finditer(label)}
    near = {Day(one.year, one.month, one.day) for one in _around(text, rest, at.date())}
    return frozenset(found | resolved | near)


def agrees(stated: Day, meant: frozenset[Day], numbers: frozenset[str]) -> bool:
    """Whether a stated day is one of those meant; `numbers` are the figures beside them ("the 14th", in October)."""
    if stated.month is None:
        return any(_weekday_of(one) == stated.weekday for one in meant)
    for one in meant:
        same_month = one.month == stated.month and (stated.year is None or one.year in (None, stated.year))
        same_day = stated.day is None or one.day == stated.day or (one.day is None and str(stated.day) in numbers)
        weekday = _weekday_of(Day(stated.year or one.year, stated.month, stated.day))
        if same_month and same_day and (stated.weekday is None or weekday in (None, stated.weekday)):
            return True
    return False


def _english(word: str) -> str:
    return _TRANSLATED.get(word.lower()) or _TRANSLATED.get(word.lower().removesuffix("s"), word)


def _weekdays(text: str) -> Iterator[re.Match[str]]:
    """The weekdays that are named; "sat" and "sun" only where they can be meant as days."""
    for match in _WEEKDAY.finditer(text):
        name = match["name"]
        sure = match["day"] or match["lead"] or name.lower() not in _WORD_WEEKDAYS or name[:1].isupper()
        if sure or _WEEKDAY_LEADS.search(text, 0, match.start()) or _WEEKDAY_TAIL.match(text, match.end()):
            yield match


def _of_label(match: re.Match[str]) -> Day:
    day = match.group("day")
    return Day(int(match.group("year")), int(match.group("month")), int(day) if day else None)


def _in_years(day: Day, year: int) -> list[Day]:
    """A month or day without a year is of the year in which it was said, or of one beside it."""
    if day.month is None or day.year is not None:
        return [day]
    return [Day(year + shift, day.month, day.day) for shift in (-1, 0, 1)]


def _around(text: str, rest: str, today: date) -> set[date]:
    """Every day that the words of a text can mean, whatever the tense; the day itself unless they name another one.

    `rest` is the text without the days that it states in full.
    """
    found = set() if _OTHER_DAY.search(text) and not _TODAY.search(text) else {today}
    for shift, words in _NEAR_DAYS.items():
        if words.search(text):
            found.add(today + timedelta(days=shift))
    for match in _weekdays(text):
        if not _SAID_WHICH.match(text, match.end()):
            found |= set(_of_weekday(match, text, today))
    found |= {today + timedelta(days=days) for days in _distances(text)}
    found |= set(_of_week(text, today))
    if _END_OF_MONTH.search(text):
        found.add(today.replace(day=calendar.monthrange(today.year, today.month)[1]))
    if _END_OF_YEAR.search(text):
        found.add(today.replace(month=12, day=31))
    for words, (month, days) in _FEASTS:
        if words.search(text):
            found |= {date(year, month, day) for year in (today.year - 1, today.year) for day in days}
    for match in _NTH_ALONE.finditer(rest):
        found |= set(_nth_near(int(match["day"]), today))
    return found | set(_numeric(text, today))


def _of_weekday(match: re.Match[str], text: str, today: date) -> Iterator[date]:
    """The days that a weekday's name can mean: the last and the next one, as far as the words leave that open."""
    number = _weekday(match["name"])
    ahead = (number - today.weekday()) % 7
    past, future = today + timedelta(days=ahead - 7), today + timedelta(days=ahead)
    of_week = today - timedelta(days=today.weekday()) + timedelta(days=number)
    lead, tail = (match["lead"] or "").lower(), (match["of"] or "").lower()
    told = f"{lead} {tail}"
    if lead == "since":
        yield past
    elif "last" in told or "past" in told:
        yield from (past, of_week - timedelta(days=7))
    elif "next" in told or "coming" in told:
        yield from (future + timedelta(days=7 if future == today else 0), of_week + timedelta(days=7))
    elif "this" in told:
        yield from (of_week, future)
    else:
        yield from (past, future)
        if tail == "week":
            yield future + timedelta(days=7)
        for week in _WEEK.finditer(text):
            yield of_week + timedelta(days=7 * _SHIFTS.get((week["which"] or "").lower(), 0))


def _distances(text: str) -> Iterator[int]:
    """Days from today of "three weeks ago", "in ten days"."""
    for match in _AGO.finditer(text):
        words = (match["count"] or match["ahead"]).lower()
        count = int(words) if words.isdigit() else 2 if "couple" in words else 1
        unit = (match["unit"] or match["unit_ahead"]).lower()
        days = count * (7 if unit[0] == "w" else 1)
        back = (match["way"] or "").lower() in ("ago", "back", "before", "earlier")
        yield -days if back else days


def _of_week(text: str, today: date) -> Iterator[date]:
    """The ends of the weeks and weekends that a text names, and the Friday before a weekend."""
    monday = today - timedelta(days=today.weekday())
    for match in _WEEK.finditer(text):
        if text[: match.start()].rstrip().endswith("day of"):
            continue
        weekend = match["end"] or match["alone"]
        shifts = [_SHIFTS[match["which"].lower()]] if match["which"] else [-1, 0]
        for shift in shifts:
            for day in (4, 5, 6) if weekend else (0, 4, 6):
                yield monday + timedelta(days=7 * shift + day)


def _nth_near(day: int, today: date) -> Iterator[date]:
    """That day of this month, the one before and the one after."""
    for shift in (-1, 0, 1):
        total = today.year * 12 + today.month - 1 + shift
        year, month = total // 12, total % 12 + 1
        if 1 <= day <= calendar.monthrange(year, month)[1]:
            yield date(year, month, day)


def _numeric(text: str, today: date) -> Iterator[date]:
    """Days written in numbers alone, in either order: 17.4., 4/17, 2026/04/17."""
    for match in _NUMERIC.finditer(text):
        one, other, year = int(match["one"]), int(match["other"]), match["year"]
        years = [2000 + int(year) % 100] if year else [today.year - 1, today.year, today.year + 1]
        for day, month in ((one, other), (other, one)):
            for in_year in years:
                if 1 <= month <= 12 and 1 <= day <= calendar.monthrange(in_year, month)[1]:
                    yield date(in_year, month, day)
    for match in _ISO_OTHERWISE.finditer(text):
        in_year, month, day = (int(match[name]) for name in ("year", "month", "day"))
        if 1 <= month <= 12 and 1 <= day <= calendar.monthrange(in_year, month)[1]:
            yield date(in_year, month, day)


def _weekday_of(day: Day) -> int | None:
    if day.year is None or day.month is None or day.day is None:
        return day.weekday
    if day.day > calendar.monthrange(day.year, day.month)[1]:
        return None
    return date(day.year, day.month, day.day).weekday()


def _month(name: str) -> int:
    if name.isdigit():
        return int(name)
    return next(number for number, month in enumerate(_MONTH_NAMES, 1) if month.startswith(name[:3].lower()))


def _weekday(name: str) -> int:
    return next(number for number, day in enumerate(_DAY_NAMES) if day.startswith(name[:3].lower()))

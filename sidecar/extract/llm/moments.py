"""Days and times of day as figures, so that "last friday" and "2026-11-20", "6pm" and "18:00" are known as one."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sidecar.extract.dates import absolutise
from sidecar.extract.events import when

_MONTH_NAMES = tuple(name.lower() for name in calendar.month_name[1:])
_DAY_NAMES = tuple(name.lower() for name in calendar.day_name)

_MONTH = (
    r"(?P<month>january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
)
_NTH = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"
_ISO = r"(?P<year>(?:19|20)\d\d)-(?P<month>[01]\d)"


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-])(?:{pattern})(?![\w-])", re.IGNORECASE)


_STATED = (
    _compile(_ISO + r"-(?P<day>[0-3]\d)(?:T[\d:.]+Z?)?"),
    _compile(_ISO),
    _compile(rf"{_NTH}\s+(?:of\s+)?{_MONTH}{_YEAR}"),
    _compile(rf"{_MONTH}\s+{_NTH}(?!:){_YEAR}"),
)
# "May" and "March" are words as well: alone they are months only in capitals and where a month can stand.
_MONTH_ALONE = re.compile(
    r"\b(?P<month>January|February|April|June|July|August|September|October|November|December"
    r"|(?:(?<=[Ii]n )|(?<=[Ss]ince )|(?<=[Uu]ntil )|(?<=[Bb]y )|(?<=[Oo]f ))(?:March"
    r"|May))\b(?:\s+(?P<year>(?:19|20)\d\d)\b)?"
)
_ANY_MONTH = _compile(_MONTH)
_WEEKDAY = re.compile(r"\b(?P<name>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?s?\b", re.IGNORECASE)
_FULL_WEEKDAY = re.compile(r"\b(?P<name>mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\d:.])(?P<hour>[01]?\d|2[0-4])(?::(?P<minute>[0-5]\d)(?::[0-5]\d)?\s?(?P<half>[ap]m\b)?|\s?(?P<whole>[ap]m\b))"
    r"(?![\d:])",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d))?")
_END_OF_MONTH = re.compile(r"\b(?:end of (?:the |this )?month|month'?s end|month-end)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Day:
    """A day, a month or a weekday as a text states it; what it does not say is None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day."""

    hour: int
    minute: int


def stated_days(text: str) -> tuple[list[tuple[str, Day]], str]:
    """The days that a text states, as written, and the text without them."""
    found: list[tuple[str, Day]] = []

    def take(match: re.Match[str]) -> str:
        given = match.groupdict()
        month = _month(given["month"])
        day, year = given.get("day"), given.get("year")
        stated = Day(int(year) if year else None, month, int(day) if day else None)
        if not 1 <= month <= 12 or (stated.day is not None and not 1 <= stated.day <= 31):
            return match.group()
        found.append((match.group(), stated))
        return " "

    for pattern in (*_STATED, _MONTH_ALONE):
        text = pattern.sub(take, text)

    def take_weekday(match: re.Match[str]) -> str:
        found.append((match.group(), Day(weekday=_weekday(match.group("name")))))
        return " "

    return found, _FULL_WEEKDAY.sub(take_weekday, text)


def stated_times(text: str) -> tuple[list[tuple[str, Clock]], str]:
    """The times of day that a text states, as written, and the text without them."""
    found: list[tuple[str, Clock]] = []

    def take(match: re.Match[str]) -> str:
        hour = int(match.group("hour"))
        half = (match.group("half") or match.group("whole") or "").lower()
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
        found.append((match.group(), Clock(hour, int(match.group("minute") or 0))))
        return " "

    return found, _CLOCK.sub(take, text)


def meant_days(text: str, at: datetime | None) -> frozenset[Day]:
    """Every day that a text said at a moment can mean, and the day of the moment itself."""
    stated, rest = stated_days(text)
    found = {day for _, day in stated}
    found |= {Day(weekday=_weekday(match.group("name"))) for match in _WEEKDAY.finditer(rest)}
    found |= {Day(month=_month(match.group("month"))) for match in _ANY_MONTH.finditer(text)}
    if at is None:
        return frozenset(found)
    found = {year for day in found for year in _in_years(day, at.year)}
    labels = [one.label for told in (False, True) for one in absolutise(text, at, told=told).dates]
    labels += [one.label for one in when(text, at).dates]
    resolved = {_of_label(match) for label in labels for match in _LABEL.finditer(label)}
    settled = {_weekday_of(day) for day in resolved}
    near = {Day(one.year, one.month, one.day) for one in _around(text, at.date(), settled)}
    return frozenset(found | resolved | near)


def _of_label(match: re.Match[str]) -> Day:
    day = match.group("day")
    return Day(int(match.group("year")), int(match.group("month")), int(day) if day else None)


def _in_years(day: Day, year: int) -> list[Day]:
    """A month or day without a year is of the year in which it was said, or of one beside it."""
    if day.month is None or day.year is not None:
        return [day]
    return [Day(year + shift, day.month, day.day) for shift in (-1, 0, 1)]


def _around(text: str, today: date, settled: set[int | None]) -> set[date]:
    """The day itself, the end of the month if it is named, the last and the next of each weekday that is named.

    `settled` are weekdays of which the text itself says which one is meant.
    """
    found = {today}
    if _END_OF_MONTH.search(text):
        found.add(today.replace(day=calendar.monthrange(today.year, today.month)[1]))
    for weekday in {_weekday(match.group("name")) for match in _WEEKDAY.finditer(text)} - settled:
        ahead = (weekday - today.weekday()) % 7
        found |= {today + timedelta(days=ahead + shift) for shift in (-7, 0)}
    return found


def agrees(stated: Day, meant: frozenset[Day], numbers: frozenset[str]) -> bool:
    """Whether a stated day is one of those meant; `numbers` are the figures beside them ("the 14th", in October)."""
    if stated.weekday is not None:
        return any(_weekday_of(one) == stated.weekday for one in meant)
    for one in meant:
        same_month = one.month == stated.month and (stated.year is None or one.year in (None, stated.year))
        same_day = stated.day is None or one.day == stated.day or (one.day is None and str(stated.day) in numbers)
        if same_month and same_day:
            return True
    return False


def _weekday_of(day: Day) -> int | None:
    if day.weekday is not None or day.year is None or day.month is None or day.day is None:
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

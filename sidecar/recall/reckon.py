"""How long ago, how long until, how long between, when: reckoned from dates that the best documents state, and shown.

Nothing is guessed: there is a figure only if the question asks for one and a quoted text has the dates for it.  What a
text says of `yesterday` or `last friday` is reckoned from when it was said, and that is shown too.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Literal

from sidecar.expressions import regex
from sidecar.extract.dates import absolutise
from sidecar.records import dataclass

Span = Literal["ago", "until", "between", "weekday", "clock", "when"]

_COUNT = regex(r"\bhow (?:many (days?|weeks?|months?|years?|minutes?|hours?)|(long|much time))\b")
_WHEN = regex(
    r"^(?:(?:and|so|ok|okay|since|until|by),? )?when (?:did|do|does|was|were|is|are|will|has|have|had)\b"
    r"|\b(?:on |by )?(?:what|which) (?:date|day)\b(?! of)"
)
_BETWEEN = regex(r"\b(?:between|from)\b(.+?)\b(?:and|to|till|until)\b(.+)")
_BEFORE = regex(r"\b(?:before|after)\b(.+?)\b(?:did|had|was|were|has|have|do|does|is)\b(.+)")
_UNTIL = regex(r"\b(?:until|till|left|remain\w*|to go|away|from now|before (?:it|they) (?:is|are))\b")
_AGO = regex(r"\b(?:ago|since|passed|elapsed|been|already)\b")
_LAST = regex(r"\b(?:last(?:ed)?|take|took|down)\b")
_WEEKDAY = regex(r"\b(?:which|what) (?:weekday|day of the week)\b")

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_DATES = (
    regex(r"\b(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})\b"),
    regex(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (?P<year>\d{{4}}))?\b", re.IGNORECASE),
    regex(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}}))?", re.IGNORECASE),
)
_CLOCK = regex(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question wants reckoned.

    `unit`: days, weeks, months, years, hours or minutes; `parts`: the two things of `between`.
    """

    span: Span
    unit: str = "days"
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dated:
    """A text that may be quoted, and when it was said."""

    text: str
    said: datetime | None


def asked(question: str) -> Asked | None:
    """What is to be reckoned, if anything."""
    text = " ".join(question.casefold().replace("?", " ").split())
    if _WEEKDAY.search(text):
        return Asked("weekday")
    count = _COUNT.search(text)
    if count is None:
        return Asked("when") if _WHEN.search(text) else None
    unit = f"{count[1].removesuffix('s')}s" if count[1] else "days"
    rest = text[count.end() :]
    if unit in ("minutes", "hours"):
        return Asked("clock", unit) if _LAST.search(rest) else None
    if between := _BETWEEN.search(rest):
        return Asked("between", unit, _parts(between))
    if _UNTIL.search(rest):
        return Asked("until", unit)
    if before := _BEFORE.search(rest):
        return Asked("between", unit, _parts(before))
    return Asked("ago", unit) if _AGO.search(rest) else None


def _parts(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(part.strip() for part in match.groups())


def dates(text: str, said: datetime | None) -> list[date]:
    """The days that a text names, each once, in order; one without a year is the nearest to when it was said."""
    found = {match.start(): day for pattern in _DATES for match in pattern.finditer(text) if (day := _day(match, said))}
    return list(dict.fromkeys(found[place] for place in sorted(found)))


@dataclass(frozen=True, slots=True)
class _Relative:
    """A day that a text names as seen from when it was said, in its own words."""

    words: str
    said: date
    day: date

    def __str__(self) -> str:
        return f"“{self.words}”, said on {self.said}, is {self.day}."


def _relative(text: str, said: datetime | None) -> _Relative | None:
    """The one day that a text names so; nothing if it names several, or a stretch of days."""
    if said is None:
        return None
    found = absolutise(text, said, told=True).dates
    if len(found) != 1 or not found[0].exact:
        return None
    return _Relative(text[found[0].start : found[0].end], said.date(), date.fromisoformat(found[0].label))


def _day(match: re.Match[str], said: datetime | None) -> date | None:
    part = match.groupdict()
    month = int(part["number"]) if part.get("number") else _MONTHS.index(part["month"].casefold()[:3]) + 1
    years = [int(part["year"])] if part["year"] else [said.year + step for step in (-1, 0, 1)] if said else []
    days = [day for year in years if (day := _valid(year, month, int(part["day"])))]
    if said is None or part["year"]:
        return days[0] if days else None
    return min(days, key=lambda day: abs(day - said.date()), default=None)


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


_Days = tuple[Dated, list[date]]
Nearest = Callable[[str, Sequence[str]], int]


def reckon(wanted: Asked, texts: Sequence[Dated], reference: datetime, nearest: Nearest) -> str:
    """The sum in words, or nothing.  `texts`: best first; `nearest`: which of some texts is most like a phrase."""
    if wanted.span == "clock":
        return _clock(wanted, texts[0].text) if texts else ""
    dated, steps = _dated(texts)
    if not dated:
        return ""
    today = reference.astimezone(UTC).date()
    between = wanted.span == "between"
    told = _between(wanted, dated, nearest, reference) if between else _reckoned(wanted, texts, dated, today)
    return " ".join([*(str(step) for step in steps if f"{step.day}" in told), told]) if told else ""


def _dated(texts: Sequence[Dated]) -> tuple[list[_Days], list[_Relative]]:
    """The texts that name days, and how those were found that they name as seen from when they were said."""
    dated: list[_Days] = []
    steps: list[_Relative] = []
    for text in texts:
        if days := dates(text.text, text.said):
            dated.append((text, days))
        elif step := _relative(text.text, text.said):
            dated.append((text, [step.day]))
            steps.append(step)
    return dated, steps


def _reckoned(wanted: Asked, texts: Sequence[Dated], dated: Sequence[_Days], today: date) -> str:
    """The sums that need one day only."""
    if wanted.span == "weekday":
        return f"{dated[0][1][0]} is a {dated[0][1][0]:%A}."
    if wanted.span == "when":
        # Of what tells best, and only if it names but one day: of two, which one is meant is not ours to guess.
        text, days = dated[0]
        return _placed(days[0], today) if text is texts[0] and len(days) == 1 else ""
    ago = wanted.span == "ago"
    fitting = [day for _, days in dated[:1] for day in days if (day <= today if ago else day >= today)]
    if not fitting:
        return ""
    return _difference(fitting[0], today, wanted.unit) if ago else _difference(today, fitting[0], wanted.unit)


def _between(wanted: Asked, dated: Sequence[_Days], nearest: Nearest, reference: datetime) -> str:
    """Of days that the question names, of the two texts that tell of the two things, or of one text's only two days."""
    texts = [text.text for text, _ in dated]
    named = [_named(part, reference) for part in wanted.parts]
    told = [nearest(part, texts) for part in wanted.parts]
    if not any(named) and told[0] == told[1]:
        days = dated[told[0]][1]
        return _difference(min(days), max(days), wanted.unit) if len(days) == 2 else ""
    start, end = sorted(own[0] if own else dated[place][1][0] for own, place in zip(named, told, strict=True))
    return _difference(start, end, wanted.unit)


def _named(part: str, reference: datetime) -> list[date]:
    """The day that a question names itself, as one or as seen from now."""
    relative = _relative(part, reference)
    return dates(part, reference)[:1] or ([relative.day] if relative else [])


def _difference(start: date, end: date, unit: str) -> str:
    days = (end - start).days
    told = _counted(days, "day")
    if unit in ("months", "years"):
        return f"From {start} to {end}: {_calendar(start, end, unit)} ({told})."
    if unit == "weeks":
        weeks, rest = divmod(days, 7)
        further = f" and {_counted(rest, 'day')}" if rest else ""
        told = f"{_counted(weeks, 'week')}{further} ({told})"
    return f"From {start} to {end}: {told}."


def _calendar(start: date, end: date, unit: str) -> str:
    """Whole years and months, then the days from the day of the month on which the last of them ended."""
    months = (end.year - start.year) * 12 + end.month - start.month
    while _months_after(start, months) > end:
        months -= 1
    days = (end - _months_after(start, months)).days
    years, rest = divmod(months, 12) if unit == "years" else (0, months)
    parts = [(years, "year"), (rest, "month"), (days, "day")]
    shown = [_counted(number, noun) for number, noun in parts if number] or [_counted(0, unit.removesuffix("s"))]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _months_after(day: date, months: int) -> date:
    """The same day of the month so many months later; the month's last if it has no such day."""
    total = day.year * 12 + day.month - 1 + months
    year, month = total // 12, total % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _placed(day: date, today: date) -> str:
    """A day with its weekday, and how far it is from the day of asking."""
    days = (day - today).days
    far = f"{_counted(abs(days), 'day')} {'after' if days > 0 else 'before'} {today}" if days else "the day of asking"
    return f"{day} is a {day:%A}, {far}."


def _clock(wanted: Asked, text: str) -> str:
    """Of the only two times of day that a text has."""
    times = [int(hour) * 60 + int(minute) for hour, minute in _CLOCK.findall(text)]
    if len(times) != 2:
        return ""
    minutes = (times[1] - times[0]) % (24 * 60)
    shown = [f"{time // 60:02}:{time % 60:02}" for time in times]
    hours = f" ({minutes / 60:g} hours)" if wanted.unit == "hours" else ""
    return f"From {shown[0]} to {shown[1]}: {_counted(minutes, 'minute')}{hours}."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

"""Times of day in all usual writings: 18:00, 6pm, "six o'clock in the evening", "half past six", 18 Uhr."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.records import dataclass

_HALF = r"(?P<half>[ap])\.?\s?m\b\.?"
_PART = (
    r"(?:(?:in|during)\s+the\s+|at\s+|of\s+the\s+|this\s+|every\s+|(?=tonight))"
    r"(?P<part>(?:early\s+|late\s+)?(?:mornings?|afternoons?|evenings?|nights?|tonight))\b"
)
_HOUR = r"(?P<hour>2[0-4]|[01]?\d)"
_MINUTE = r"(?P<minute>[0-5]\d)"
_OF_DAY = rf"(?:\s?{_HALF}|\s+{_PART})"
_START = r"(?<![\w:.,/-])"
_END = r"(?![\w:]|[.,]\d)"

_FORMS = (
    regex(rf"{_START}{_HOUR}(?:[:.h]{_MINUTE})?(?::[0-5]\d)?\s?{_HALF}", re.IGNORECASE),
    regex(
        rf"(?<![\d:.]){_HOUR}:{_MINUTE}(?::[0-5]\d(?:\.\d+)?)?(?![\d:])(?:{_OF_DAY}|\s?(?:h|hours|hrs|uhr)\b)?",
        re.IGNORECASE,
    ),
    regex(
        rf"{_START}(?P<from>quarter|half|\d\d?(?=\s+(?:minutes?|past)))\s+(?:minutes?\s+)?(?P<way>past|after|to|before|till)\s+{_HOUR}(?![\w:]|\.\d)"
        rf"(?:\s*o'?\s?clock)?(?:{_OF_DAY})?",
        re.IGNORECASE,
    ),
    regex(rf"{_START}{_HOUR}\s*o['’]?\s?clock\b(?:{_OF_DAY})?", re.IGNORECASE),
    regex(rf"{_START}{_HOUR}\s?uhr(?:\s?{_MINUTE})?\b(?:{_OF_DAY})?", re.IGNORECASE),
    regex(rf"{_START}{_HOUR}{_MINUTE}\s?(?:hours|hrs)\b", re.IGNORECASE),
    regex(rf"{_START}{_HOUR}(?:[:.]{_MINUTE})?\s+{_PART}", re.IGNORECASE),
)
"""The forms that say by themselves that they are times; in them, the first to match wins."""

_LOOSE = (
    regex(rf"{_START}{_HOUR}\s?h(?:rs|ours)?{_MINUTE}?\b", re.IGNORECASE),
    regex(rf"{_START}{_HOUR}[.h]{_MINUTE}(?![\w.]|\s?%)", re.IGNORECASE),
    regex(rf"{_START}(?P<from>half|halb)\s+{_HOUR}(?![\w:]|\.\d)(?:{_OF_DAY})?", re.IGNORECASE),
    regex(
        rf"\b(?:at|by|from|until|till|til|before|b4|after|around|about|between|since|@|gegen|um|bis)\s+{_HOUR}{_END}(?!\s?%)",
        re.IGNORECASE,
    ),
    regex(rf"{_START}{_HOUR}(?=\s?(?:-|–|to|till|til|until|and|bis)\s?\d){_END}", re.IGNORECASE),
    regex(rf"(?:\d\s?(?:-|–|to|till|til|until|and|bis)\s?){_HOUR}{_END}", re.IGNORECASE),
    regex(rf"{_START}{_HOUR} {_MINUTE}(?![\w:]|\.\d|\s?%)", re.IGNORECASE),
)
"""What can be a time of day in a source, and something else as well."""

_NAMED = regex(r"\b(?P<name>noon|midday|midnight|mittag|mitternacht)\b", re.IGNORECASE)
_NAMES = {"noon": 12, "midday": 12, "mittag": 12, "midnight": 0, "mitternacht": 0}
_RANGE = regex(rf"{_START}{_HOUR}(?::{_MINUTE})?\s*(?:to|till|til|until|and|or|-|–)\s*$", re.IGNORECASE)
_MORNING_UNTIL = 6
"""Hours "at night" up to this one are of the morning."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day."""

    hour: int
    minute: int


def stated(text: str) -> tuple[list[tuple[str, frozenset[Clock]]], str]:
    """The times that a text states for sure, as written, each with what it can mean, and the text without them."""
    found: list[tuple[str, frozenset[Clock]]] = []

    def take(match: re.Match[str]) -> str:
        meant = _meant(match)
        if not meant:
            return match.group()
        found.append((match.group(), meant))
        return " "

    ranged = [(m.group(), frozenset({one})) for m, one in _begun(text)]
    for form in _FORMS:
        text = form.sub(take, text)
    found += [(m.group(), frozenset({Clock(_NAMES[m["name"].lower()], 0)})) for m in _NAMED.finditer(text)]
    return [*found, *ranged], _NAMED.sub(" ", text)


def possible(text: str) -> tuple[frozenset[Clock], str]:
    """Every time of day that a source can mean, and its text without those that are nothing else."""
    sure, rest = stated(text)
    found = {clock for _, meant in sure for clock in meant}
    for form in _LOOSE:
        for match in form.finditer(rest):
            found |= _meant(match)
    return frozenset(found), rest


def _begun(text: str) -> Iterator[tuple[re.Match[str], Clock]]:
    """The beginnings of ranges whose end says which half of the day is meant: "from 2 to 4 pm"."""
    for form in (_FORMS[0], _FORMS[3], _FORMS[5]):
        for match in form.finditer(text):
            shift = _shift(match)
            before = _RANGE.search(text, 0, match.start())
            if shift is None or before is None or int(before["hour"]) > 12:
                continue
            hour = _in_half(int(before["hour"]), shift)
            yield before, Clock(hour, int(before["minute"] or 0))


def _meant(match: re.Match[str]) -> frozenset[Clock]:
    groups = match.groupdict()
    hour, minute = int(groups["hour"]), int(groups.get("minute") or 0)
    way, of = (groups.get("way") or "").lower(), (groups.get("from") or "").lower()
    hours, shift = {hour}, _shift(match)
    written = groups.get("minute") is not None and ":" in match.group()
    if hour <= 12 and shift is not None:
        hours = {_in_half(hour, shift)}
    elif hour <= 12 and not written and "uhr" not in match.group().lower():
        hours = {hour % 24, (hour + 12) % 24}
    if not of:
        return frozenset(Clock(one % 24, minute) for one in hours)
    if not way:  # "half six" is 6:30 for some and 5:30 for others
        return frozenset(Clock((one - back) % 24, 30) for one in hours for back in (0, 1))
    past = {"quarter": 15, "half": 30}.get(of) or int(of)
    if past >= 60:
        return frozenset()
    if way in ("past", "after"):
        return frozenset(Clock(one % 24, past) for one in hours)
    return frozenset(Clock((one - 1) % 24, 60 - past) for one in hours)


def _shift(match: re.Match[str]) -> str | None:
    """Which half of the day a match names: "a", "p", or "night", which depends on the hour."""
    groups = match.groupdict()
    if groups.get("half"):
        return str(groups["half"]).lower()
    part = (groups.get("part") or "").lower()
    if "morning" in part:
        return "a"
    if "afternoon" in part or "evening" in part:
        return "p"
    return "night" if part else None


def _in_half(hour: int, shift: str) -> int:
    late = shift == "p" or (shift == "night" and _MORNING_UNTIL < hour < 12)
    return hour % 12 + (12 if late else 0)

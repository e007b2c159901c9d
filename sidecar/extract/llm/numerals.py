"""Numbers in words as digits: "a hundred and forty" is 140, "four point two" 4.2, "the twenty-first" the 21st."""

from __future__ import annotations

import functools
import re
from decimal import Decimal

from sidecar.expressions import regex

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALL = {word: number for number, word in enumerate(_UNITS)} | {"nought": 0}
_SMALL |= {word: number for number, word in enumerate("null eins zwei drei vier fünf sechs sieben acht".split())}
_SMALL |= {"neun": 9, "zehn": 10, "elf": 11, "zwölf": 12}
_TEN = {word: number * 10 for number, word in enumerate(_TENS, 2)} | {"fourty": 40}
_SCALE = {"hundred": 100, "thousand": 1_000, "grand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_SCALE |= {"dozen": 12, "hundert": 100, "tausend": 1_000, "hundreds": 100, "thousands": 1_000}
_NTH = {
    "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10,
    "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "hundredth": 100,
}  # fmt: skip
_EARLY = {"first": 1, "second": 2}
"""Ordinals that mean something else more often ("half a second", "first of all"): only beside a month or a ten."""

_FEW = 3
"""Numbers from this one on are figures even in a retelling; its "one" and "two" count what the source lists."""

_CARDINAL = "|".join(sorted((*_SMALL, *_TEN), key=len, reverse=True))
_ORDINAL = "|".join(sorted((*_NTH, *_EARLY), key=len, reverse=True))
_SCALES = "|".join(sorted(_SCALE, key=len, reverse=True))
_JOIN = r"(?:\s+(?:and\s+)?|-)"
_SPELLED = regex(
    rf"(?<![\w-])(?:(?:an?|{_CARDINAL}|{_SCALES})(?:{_JOIN}(?:{_CARDINAL}|{_SCALES}))*(?:-|\s+)(?:{_ORDINAL})"
    rf"|(?:(?:an?\s+)?(?:{_CARDINAL}|{_SCALES})(?:{_JOIN}(?:{_CARDINAL}|{_SCALES}))*)"
    rf"|(?:{_ORDINAL}))(?!\w)",
    re.IGNORECASE,
)
_WHOLE = rf"(?:\d+|{_CARDINAL})"
_POINT = regex(
    rf"(?<![\w.])(?P<whole>{_WHOLE}|o|oh)\spoint\s(?P<digits>(?:{_WHOLE}|o|oh)(?:\s(?:{_WHOLE}|o|oh))*)(?!\w)",
    re.IGNORECASE,
)
_AND_A_HALF = regex(rf"(?<![\w-])(?P<whole>{_WHOLE})\s+and\s+a\s+half\b(?!\s+past)", re.IGNORECASE)
_HALF_A_SCALE = regex(r"\bhalf\s+a\s+(?P<scale>million|billion|dozen|hundred|thousand)\b", re.IGNORECASE)
_ONE_AND_A_HALF = regex(r"\b(?:an?|one|1)\s+(?P<unit>[a-z]+)\s+and\s+a\s+half\b", re.IGNORECASE)
_PART_OF = regex(
    r"\b(?P<part>half|(?:a\s+)?quarter\s+of|(?:three|3)\s+quarters\s+of)\s+(?:an?|one|1)\s+(?=[a-z])", re.IGNORECASE
)
_FORTNIGHT = regex(r"\b(?:an?\s+)?fortnight\b", re.IGNORECASE)
_BIG = regex(r"(?<![\w.,])(?P<figure>\d+(?:\.\d+)?)\s+(?P<scale>thousand|million|mio|billion|bn)\b\.?", re.IGNORECASE)
_BY_SCALE = {"thousand": 1_000, "million": 1_000_000, "mio": 1_000_000, "billion": 1_000_000_000, "bn": 1_000_000_000}
_MONTH_NEAR = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_BEFORE_MONTH = regex(rf"\s+(?:of\s+)?{_MONTH_NEAR}\b", re.IGNORECASE)
_AFTER_MONTH = regex(rf"\b{_MONTH_NEAR}\s+(?:the\s+)?$", re.IGNORECASE)
_SIDE_BY_SIDE = regex(r"(?<![\d.,:-])(?=(\d{1,2})[ -](\d\d)(?![\d.,:]))")
_PARTS = {"half": "0.5", "quarter": "0.25", "quarters": "0.75"}


@functools.lru_cache(maxsize=4096)  # a line is read for many claims
def in_digits(text: str, *, retold: bool = False) -> str:
    """The text with its numbers in digits.  `retold`: "one" and "two" stay words, and nothing ambiguous is read."""

    def spelled(match: re.Match[str]) -> str:
        return _number(match, text, retold=retold)

    text = _BIG.sub(lambda m: _plain(Decimal(m["figure"]) * _BY_SCALE[m["scale"].lower()]), text)
    text = _HALF_A_SCALE.sub(lambda m: str(_SCALE[m["scale"].lower()] // 2), text)
    text = _POINT.sub(_with_point, text)
    text = _AND_A_HALF.sub(lambda m: f"{_figure(m['whole'])}.5", text)
    found = _SPELLED.sub(spelled, text)
    found = _ONE_AND_A_HALF.sub(lambda m: f"1.5 {m['unit']}", found)
    found = _PART_OF.sub(lambda m: f"{_PARTS[m['part'].lower().removesuffix('of').split()[-1]]} ", found)
    return _FORTNIGHT.sub("14 days", found)


def beside(text: str) -> list[str]:
    """What two numbers beside each other may mean when they were spoken: "80 80" a port, "7 45" a time of day."""
    return ["".join(match.groups()) for match in _SIDE_BY_SIDE.finditer(text)]


def _number(match: re.Match[str], text: str, *, retold: bool) -> str:
    """The digits of spelled words; the words themselves where they are no number here."""
    written = match.group()
    words = [word for word in re.split(r"[\s-]+", written.lower()) if word != "and"]
    if words == ["a"] or words == ["an"]:
        return written
    last = words[-1]
    nth = _NTH.get(last) or _EARLY.get(last)
    if nth is not None:
        return _ordinal(match, words, nth, text, retold=retold)
    if words[-1] in ("hundreds", "thousands"):
        return written
    values = _values([word for word in words if word not in ("a", "an")])
    if len(values) == 1:
        value = values[0]
        if retold and value < _FEW:
            return written
        return str(value)
    if retold and len(words) < 2:
        return written
    return (" and " if re.search(r"\band\b", written, re.IGNORECASE) else " ").join(map(str, values))


def _ordinal(match: re.Match[str], words: list[str], nth: int, text: str, *, retold: bool) -> str:
    ahead = [word for word in words[:-1] if word not in ("a", "an")]
    tens = _values(ahead) if ahead else []
    written = match.group()
    if ahead and len(tens) == 1 and tens[0] % 10 == 0 and nth < 10:
        return f"{tens[0] + nth}th"
    if ahead:
        head = written[: len(written) - len(words[-1])]
        return f"{in_digits(head.rstrip(' -'), retold=retold)}{head[len(head.rstrip(' -')) :]}{words[-1]}"
    dated = _BEFORE_MONTH.match(text, match.end()) or _AFTER_MONTH.search(text, 0, match.start())
    if nth < _FEW or (retold and nth == _FEW):
        return f"{nth}th" if dated else written
    return f"{nth}th"


def _values(words: list[str]) -> list[int]:
    """The numbers that words in a row spell; a new one begins where the words cannot belong together."""
    found: list[int] = []
    total, current, room = 0, 0, 0
    started = False
    for word in words:
        if word in _SCALE:
            scale = _SCALE[word]
            current = (current or 1) * scale
            if scale >= 1_000:
                total, current = total + current, 0
            room, started = (100 if scale == 100 else scale), True
            continue
        value = _TEN.get(word, _SMALL.get(word, 0))
        fits = not started or (value < room and not (room == 10 and value == 0))
        if not fits:
            found.append(total + current)
            total, current = 0, 0
        current += value
        room, started = (10 if word in _TEN else 0), True
    if started:
        found.append(total + current)
    return found


def _with_point(match: re.Match[str]) -> str:
    return f"{_figure(match['whole'] or '0')}.{''.join(map(_figure, match['digits'].split()))}"


def _figure(word: str) -> str:
    word = word.lower()
    return word if word.isdigit() else "0" if word in ("o", "oh") else str(_TEN.get(word, _SMALL.get(word, 0)))


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"

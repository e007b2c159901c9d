r"""Text as it is read, where it is written otherwise: taken apart, escaped, or with letters of other alphabets.

`pаsswоrd`, `password%3A`, `token\u003d`, `&quot;pwd&quot;`, a zero-width space within a key, an accent that stands
behind its letter: what a reader or a program sees in these is put into a view, in which every detector looks once
more.  Each character of the view knows which characters of the text it stands for.

Sources: Unicode Standard Annex 15 (normal forms), Technical Standard 39 (letters that look alike; only those that do
so in every usual font), RFC 3986 section 2.1, RFC 8259 section 7, the HTML standard's character references.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.records import dataclass
from sidecar.redact.findings import Finding

_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_MARKS = "\u0300-\u036f\u3099\u309a"
_ALIKE = str.maketrans(
    "аеорсухіјѕԁһԛԝАВЕКМНОРСТХІЈЅαοντρικγυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhqwABEKMHOPCTXIJSaovtpikyuxABEZHIKMNOPTYX",
)
_FOREIGN = "\u0370-\u03ff\u0400-\u052f"
_ODD = regex(
    rf"(?P<unseen>(?<=[!-~])[{_INVISIBLE}]+|[{_INVISIBLE}]+(?=[!-~]))"
    rf"|(?P<marked>\w[{_MARKS}]+)"
    r"|(?P<wide>[\uff01-\uff5e]+)"
    rf"|(?P<mixed>(?:(?<=[A-Za-z])[{_FOREIGN}]+|[{_FOREIGN}]+(?=[A-Za-z])))"
    r"|(?P<percent>(?:%[2-7][0-9A-Fa-f])+)"
    r"|(?P<unicode>\\{1,4}u00[2-7][0-9A-Fa-f])"
    r"|(?P<colour>(?:\x1b|\\{1,2}(?:u001b|x1b|033|e))\[[0-9;]{0,12}[A-Za-z])"
    r"|(?P<entity>&(?:lt|gt|quot|amp|apos|\#\d{2,3}|\#x[0-9A-Fa-f]{2});)"
)
_SIGNS = ("%", "\\u00", "&", "\x1b", "\\x1b", "\\033", "\\e[")
_ENTITIES = {"lt": "<", "gt": ">", "quot": '"', "amp": "&", "apos": "'"}
_PRINTABLE = range(0x20, 0x7F)
_REACH = 400
"""So far around what is written otherwise a text is looked at once more: further than a secret is from its name."""


_LONGEST = 16_384
"""A longer part is looked at in several views, which overlap: bounds what their places take."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of a text as it is read.  `starts` and `ends`: by character of the view, its place in the text."""

    text: str
    starts: list[int]
    ends: list[int]

    def back(self, finding: Finding) -> Finding:
        """A finding in the view as one in the text."""
        return Finding(finding.kind, self.starts[finding.start], self.ends[finding.end - 1])


def views(text: str) -> Iterator[View]:
    """The parts of a text that are read otherwise than they are written; of most texts there are none."""
    if text.isascii() and not any(sign in text for sign in _SIGNS):
        return
    start = end = -1
    for match in _ODD.finditer(text):
        if start >= 0 and (match.start() > end or end - start > _LONGEST):
            yield from _view(text, start, end)
            start = -1
        start = max(0, match.start() - _REACH) if start < 0 else start
        end = min(len(text), match.end() + _REACH)
    if start >= 0:
        yield from _view(text, start, end)


def _view(text: str, begin: int, stop: int) -> Iterator[View]:
    # From and to an edge of words, so that no name or value is cut where the view begins or ends.
    least = max(0, begin - _REACH)
    while begin > least and not text[begin - 1].isspace():
        begin -= 1
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    changed = False
    position = begin
    for match in _ODD.finditer(text, begin, stop):
        _add(letters, starts, ends, text[position : match.start()], position)
        seen = _seen(match)
        changed = changed or seen != match.group()
        _put(letters, starts, ends, seen, match)
        position = match.end()
    _add(letters, starts, ends, text[position:stop], position)
    if changed:
        yield View("".join(letters), starts, ends)


def _add(letters: list[str], starts: list[int], ends: list[int], part: str, at: int) -> None:
    letters.append(part)
    starts.extend(range(at, at + len(part)))
    ends.extend(range(at + 1, at + len(part) + 1))


def _put(letters: list[str], starts: list[int], ends: list[int], seen: str, match: re.Match[str]) -> None:
    """What stands for a match: character by character if there are as many, else each for all of it."""
    if len(seen) == len(match.group()):
        _add(letters, starts, ends, seen, match.start())
        return
    letters.append(seen)
    step = len(match.group()) // len(seen) if seen and match.lastgroup == "percent" else 0
    for number in range(len(seen)):
        starts.append(match.start() + number * step)
        ends.append(match.start() + (number + 1) * step if step else match.end())


def _seen(match: re.Match[str]) -> str:
    """What a reader sees."""
    kind, written = match.lastgroup, match.group()
    if kind in ("unseen", "colour"):
        return ""
    if kind in ("marked", "wide"):
        return unicodedata.normalize("NFKC", written)
    if kind == "mixed":
        return written.translate(_ALIKE)
    if kind == "percent":
        return "".join(_character(int(written[at + 1 : at + 3], 16), "_") for at in range(0, len(written), 3))
    if kind == "unicode":
        return _character(int(written[-2:], 16), written)
    return _entity(written[1:-1], written)


def _entity(name: str, written: str) -> str:
    if name in _ENTITIES:
        return _ENTITIES[name]
    return _character(int(f"0{name[1:]}", 0) if name.startswith("#x") else int(name[1:]), written)


def _character(number: int, other: str) -> str:
    return chr(number) if number in _PRINTABLE else other

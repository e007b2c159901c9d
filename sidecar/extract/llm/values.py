"""What is concrete in a statement, and whether a source has it.

Numbers, versions, times, days, paths, identifiers, quotations and proper names are concrete; ordinary words are not,
because a statement is told in other words than its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sidecar.extract.llm import figures, moments
from sidecar.extract.vocabulary import TOOL_CLASS


@dataclass(frozen=True, slots=True)
class Value:
    """Something concrete, as written.

    `name` says that it names someone or something: that a sentence may only point at ("she", "there"), so it may stand
    some lines away from the rest.
    """

    text: str
    name: bool = False
    day: moments.Day | None = None
    clock: moments.Clock | None = None


class Ground:
    """What a source holds, ready to be asked for values."""

    def __init__(self, texts: Iterable[tuple[str, datetime | None]], names: frozenset[str] = frozenset()) -> None:
        """`texts`: each with the moment at which it was said.  `names`: words that may be named without a source."""
        said = list(texts)
        whole = "\n".join(text for text, _ in said)
        self.numbers = figures.numbers(whole)
        self.words = figures.word_forms(whole) | names
        self.joined = figures.joined(whole)
        self._squashed = figures.squashed(whole)
        self._days = frozenset(day for text, at in said for day in moments.meant_days(text, at))
        self._clocks = frozenset(clock for _, clock in moments.stated_times(whole)[0])

    def missing(self, values: Iterable[Value]) -> list[Value]:
        """The values that the source does not have."""
        return [value for value in values if not self.has(value)]

    def has(self, value: Value) -> bool:
        """Whether the source has this value, however it is written there."""
        if value.day is not None:
            return self._has_day(value.day)
        if value.clock is not None:
            return self._has_clock(value.clock)
        if value.name:
            return self._has_word(value.text)
        if " " in value.text:
            return figures.squashed(value.text) in self._squashed
        pieces = [piece for piece in re.split(r"/|://", value.text) if piece]
        return all(self._has_piece(piece) for piece in pieces)

    def _has_day(self, day: moments.Day) -> bool:
        return moments.agrees(day, self._days, self.numbers)

    def _has_clock(self, clock: moments.Clock) -> bool:
        return clock in self._clocks or (clock.minute == 0 and str(clock.hour) in self.numbers)

    def _has_word(self, word: str) -> bool:
        form = figures.word_form(word)
        if form in self.words or figures.squashed(word) in self.joined:
            return True
        parts = [part for part in re.split(r"[-_.']", form) if part]
        if len(parts) > 1:
            return all(self._has_word(part) for part in parts)
        if len(form) < _INFLECTED:
            return False
        # "Portuguese" of what was said of Portugal; a name that the source writes together with its neighbour
        return any(known.startswith(form[: _INFLECTED - 1]) or form in known for known in self.words)

    def _has_piece(self, piece: str) -> bool:
        """A number, an identifier or one segment of a path."""
        bare = piece.strip(".,;:!?'\"`()[]{}<>~@#$%=+*&-")
        if not bare or figures.squashed(bare) in self.joined:
            return True
        figure = figures.plain(bare).lstrip("v")
        if re.fullmatch(r"\.?\d+(?:\.\d+)*", figure):
            return figures.number_form(figure) in self.numbers or figure in self.numbers
        parts = [part for part in re.split(r"[-_.:@=+&?%#~*<>]", bare) if part]
        if len(parts) > 1:
            # Who has said "EfficientNet-B0" once goes on with "b0": the part with letters and digits is the name's own.
            short = [part for part in parts if _SHORT_NAME.fullmatch(part)]
            rest = [part for part in parts if not part.isalpha()]
            return all(self._has_piece(part) for part in (rest if short else parts))
        if any(character.isdigit() for character in bare):
            return self._has_fused(bare)
        return self._has_word(bare)

    def _has_fused(self, token: str) -> bool:
        """Letters and digits in one: "50µm", "8080/tcp", "18th"; a longer name beside the digits must be there too."""
        plain = figures.plain(token)
        figure = re.findall(r"\d+(?:\.\d+)*", plain)
        names = [part for part in re.findall(r"[^\W\d_]+", plain) if len(part) >= _NAME_LENGTH]
        if _HEX.fullmatch(token) and any(word.startswith(token.casefold()) for word in self.joined):
            return True
        found = all(figures.number_form(one) in self.numbers or one in self.numbers for one in figure)
        return found and all(part.casefold() in _UNITS or self._has_word(part) for part in names)


_NAME_LENGTH = 3
_INFLECTED = 7
_SHORT_NAME = re.compile(r"[a-z]+\d+", re.IGNORECASE)
_HEX = re.compile(r"(?=.*\d)[0-9a-f]{7,40}", re.IGNORECASE)
_UNITS = frozenset(
    "min mins sec secs hrs kib mib gib tib khz mhz ghz mah rpm rps fps dpi dbm mbit gbit kbit bit bits "
    "bytes eur usd gbp "
    "utc cet rem ppm days day weeks hours percent nth".split()
)

_QUOTED = re.compile(r"`([^`\n]{2,160})`|\"([^\"\n]{2,160})\"|“([^”\n]{2,160})”|«([^»\n]{2,160})»")
_TOKEN = re.compile(r"[^\s\"“”«»`()\[\]{}|,;]+(?:,\d{3}\b[^\s,;)]*)*")
_PATH = re.compile(r"^[~.]{0,2}/\w|^[\w.@+*<>-]+(?:/[\w.@+*<>-]+){2,}/?$|://|^[\w-]+(?:/[\w.-]+)*\.[a-z]\w{0,7}$")
_IDENTIFIER = re.compile(
    r"<\w[\w -]*>|\w_\w|[a-z][A-Z]|\w@\w|\w::\w|^--?\w[\w-]+$|^[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]+)+$"
)
_CAPITAL = re.compile(r"^[A-ZÀ-Þ][\w'’À-ÿ.&+-]*$")
_SENTENCE_START = re.compile(r"(?:^|[.!?;:—–]\s+|^\s*[-*•]\s+)$")

_GENERIC = frozenset(
    "i utc gmt api apis cli gui ui ux url urls uri http https ssh tls ssl tcp udp ip dns ci cd pr prs db "
    "sql json yaml toml "
    "xml html css csv id ids ok os cpu gpu ram rom usb pdf png svg readme todo todos orm sdk ide vm vms qa "
    "e2e crud env ca "
    "i'm i've i'd i'll prof dr mr mrs ms st am pm eu us uk ai ml llm io gb mb kb tb ms".split()
)
"""Capitals that name no one in particular: a retelling may use them where the source has other words."""

_ALSO_WORDS = frozenset(
    "node black render hatch clerk linear matrix parcel vault unity ruby swift rust salt bun got ky jest "
    "nose prefect react "
    "rails diesel celery ava karma teams go uv mocha yup hono drizzle knex slack sphinx julia riot express "
    "azure knockout "
    "lambda ansible-vault chrome safari fly.io python3 caddy beam discord signal axios tape stripe jotai "
    "recoil bulma".split()
)
"""Names of tools that are words as well: in small letters they may be meant as words."""

_LEAST_WORD_NUMBER = 3
"""A "one" or "two" in a retelling counts what the source lists; from three on a number in words is a figure."""


def values(text: str) -> list[Value]:
    """What is concrete in a statement, each once, in no particular order."""
    found = _owners(text)

    def quote(match: re.Match[str]) -> str:
        inner = next(group for group in match.groups() if group).strip()
        found.append(Value(inner))
        return " "

    text = _QUOTED.sub(quote, text)
    days, text = moments.stated_days(text)
    found += [Value(written, day=day) for written, day in days]
    clocks, text = moments.stated_times(text)
    found += [Value(written, clock=clock) for written, clock in clocks]
    found += _tokens(text)
    return list(dict.fromkeys(found))


def _owners(text: str) -> list[Value]:
    """Whose something is: "Marek's" names a person even at the beginning of a sentence."""
    named = (match.group(1) for match in _OWNER.finditer(text))
    return [Value(name, name=True) for name in named if name.casefold() not in _NOT_PEOPLE]


_OWNER = re.compile(r"\b([A-ZÀ-Þ][\wÀ-ÿ-]+)['’]s\b")
_NOT_PEOPLE = frozenset(
    "it that what here there let lets today yesterday tomorrow who where how she he everyone nobody user "
    "assistant".split()
)


def _tokens(text: str) -> list[Value]:
    found: list[Value] = []
    for match in _TOKEN.finditer(text):
        token = re.sub(r"['’]s$", "", match.group().strip(".,;:!?'*_"))
        before = text[: match.start()]
        begins = bool(_SENTENCE_START.search(before)) or not before.strip(" \"'(*-")
        value = _value(token, begins=begins) if token else None
        if value is not None:
            found.append(value)
    return found


def _is_name(token: str) -> bool:
    return token.casefold().rstrip(".") not in _GENERIC


def _value(token: str, *, begins: bool) -> Value | None:
    lower = token.casefold()
    if any(character.isdigit() for character in token) or _PATH.search(token) or _IDENTIFIER.search(token):
        return Value(token)
    number = figures.NUMBER_WORDS.get(lower)
    if number is not None:
        return Value(number) if int(number) >= _LEAST_WORD_NUMBER else None
    if lower in TOOL_CLASS and (lower not in _ALSO_WORDS or (token != lower and not begins)):
        return Value(token, name=True)
    shouted = len(token) >= 2 and token.isupper()
    if _CAPITAL.match(token) and (not begins or shouted) and _is_name(token):
        return Value(token, name=True)
    return None

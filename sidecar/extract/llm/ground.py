"""What a source holds, ready to be asked for the values of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from sidecar.expressions import regex
from sidecar.extract.llm import clocks, figures, moments, names
from sidecar.extract.llm.numerals import in_digits
from sidecar.extract.llm.quantities import Quantity, measured, single, synonyms
from sidecar.extract.llm.values import Value


class Ground:
    """What a source holds; each kind of value is read when it is first asked for."""

    def __init__(self, texts: Iterable[tuple[str, datetime | None]], known: frozenset[str] = frozenset()) -> None:
        """`texts`: each with the moment at which it was said.  `known`: words that may be named without a source."""
        self._said = list(texts)
        self._whole = "\n".join(text for text, _ in self._said)
        self._known = known

    def missing(self, values: Iterable[Value]) -> list[Value]:
        """The values that the source does not have."""
        return [value for value in values if not self.has(value)]

    def has(self, value: Value) -> bool:
        """Whether the source has this value, however it is written there."""
        if value.day is not None:
            return moments.agrees(value.day, self._days, self.numbers)
        if value.clock is not None:
            return self._has_clock(value.clock)
        if value.quantity is not None:
            return self._has_quantity(value.quantity)
        if value.name:
            return self._has_name(value)
        if " " in value.text:
            return figures.squashed(value.text) in self._squashed
        pieces = [piece for piece in re.split(r"/|://", value.text) if piece]
        return all(self._has_piece(piece) for piece in pieces)

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Every number of the source."""
        return figures.numbers(self._whole)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word in one form, the other names of countries and units among them."""
        words = figures.word_forms(self._whole)
        implied = {figures.word_form(word) for word in names.countries(self._whole)}
        return words | self._known | implied | synonyms(self._whole)

    @cached_property
    def _digits(self) -> str:
        return figures.plain(in_digits(self._whole))

    @cached_property
    def joined(self) -> frozenset[str]:
        """Neighbouring words written as one."""
        return figures.joined(self._whole) | figures.joined(self._digits)

    @cached_property
    def _squashed(self) -> str:
        return figures.squashed(self._whole)

    @cached_property
    def _days(self) -> frozenset[moments.Day]:
        return frozenset(day for text, at in self._said for day in moments.meant_days(text, at))

    @cached_property
    def _clocks(self) -> tuple[frozenset[clocks.Clock], frozenset[str]]:
        """The times of day, and the numbers that are no part of one."""
        meant, rest = clocks.possible(self._digits)
        return meant, figures.numbers(rest)

    @cached_property
    def _quantities(self) -> tuple[tuple[Quantity, ...], frozenset[str]]:
        """The figures with units, and the numbers that have none."""
        found, rest, end = [], [], 0
        for start, stop, quantity in sorted(measured(self._digits), key=lambda one: one[0]):
            found += [quantity, *quantity.otherwise()]
            rest.append(self._digits[end:start])
            end = stop
        rest.append(self._digits[end:])
        return (*found, *single(self._digits)), figures.numbers(" ".join(rest))

    @cached_property
    def _heads(self) -> frozenset[str]:
        return figures.heads(self._whole)

    @cached_property
    def _initials(self) -> frozenset[str]:
        return names.initials(self._whole)

    @cached_property
    def _acronyms(self) -> frozenset[str]:
        return names.acronyms(self._whole)

    def _has_clock(self, stated: frozenset[clocks.Clock]) -> bool:
        meant, numbers = self._clocks
        return bool(stated & meant) or any(one.minute == 0 and str(one.hour) in numbers for one in stated)

    def _has_quantity(self, quantity: Quantity) -> bool:
        known, bare = self._quantities
        if any(quantity.same(one) for one in known):
            return True
        form = figures.number_form(quantity.figure)
        return bool({form, quantity.figure, quantity.plain} & bare) or quantity.figure in self._heads

    def _has_number(self, figure: str) -> bool:
        if figure in self.numbers or figures.number_form(figure) in self.numbers:
            return True
        return figure in self._heads and not figure.endswith(".0")

    def _has_name(self, value: Value) -> bool:
        if self._has_word(value.text) or value.spelled & self._acronyms:
            return True
        plain = figures.squashed(value.text)
        if value.acronym and plain in self._initials:
            return True
        # Vocabulary of the trade may be the claim's own, unless it stands where the source has another such word.
        return value.weak and names.general_acronyms(self._whole) <= value.others

    def _has_word(self, word: str) -> bool:
        form = figures.word_form(word)
        if form in self.words or figures.squashed(word) in self.joined:
            return True
        parts = [part for part in re.split(r"[-_.']", form) if part]
        if len(parts) > 1:
            return all(self._has_word(part) for part in parts)
        if names.misspelled(word.casefold(), self.words):
            return True
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
            return self._has_number(figure)
        compound = _COMPOUND.fullmatch(bare)
        if compound:
            return self._has_compound(compound)
        parts = [part for part in re.split(r"[-_.:@=+&?%#~*<>]", bare) if part]
        if len(parts) > 1:
            # Who has said "EfficientNet-B0" once goes on with "b0": the part with letters and digits is the name's own.
            short = [part for part in parts if _SHORT_NAME.fullmatch(part)]
            rest = [part for part in parts if not part.isalpha()]
            return all(self._has_piece(part) for part in (rest if short else parts))
        if any(character.isdigit() for character in bare):
            return self._has_fused(bare)
        return self._has_word(bare)

    def _has_compound(self, compound: re.Match[str]) -> bool:
        """A number of something ("30-day"), whose word is an ordinary one; or a label ("day-3", or "d3" for short)."""
        if compound["count"]:
            return self._has_number(compound["count"])
        word, number = compound["label"].casefold(), compound["number"]
        if not self._has_number(number):
            return False
        short = re.compile(rf"(?<!\w)({word[0]}[a-z]{{0,3}})[-_ ]?{re.escape(number)}(?![\w.])", re.IGNORECASE)
        shortened = any(word.startswith(match.group(1).casefold()) for match in short.finditer(self._digits))
        return word in _PREFIXES or shortened or self._has_word(word)

    def _has_fused(self, token: str) -> bool:
        """Letters and digits in one: "50µm", "8080/tcp", "18th"; a longer name beside the digits must be there too."""
        plain = figures.plain(token)
        scaled = _SCALED.fullmatch(plain)
        if scaled and figures.scaled(*scaled.groups()) in self.numbers:
            return True
        figure, letters = re.findall(r"\d+(?:\.\d+)*", plain), re.findall(r"[^\W\d_]+", plain)
        if _HEX.fullmatch(token) and any(word.startswith(token.casefold()) for word in self.joined):
            return True
        if len(figure) + len(letters) >= _INTERLEAVED or not all(self._has_number(one) for one in figure):
            return False
        return all(self._has_letters(part, behind=not plain.startswith(part)) for part in letters)

    def _has_letters(self, part: str, *, behind: bool) -> bool:
        """Letters beside a digit: a unit `behind` it, one letter ("v2", "b0"), or a name that must be there as well."""
        if behind and (part.casefold() in _UNITS or part in _UNIT_LETTERS):
            return True
        return (len(part) == 1 and (part.islower() or part == "Q")) or self._has_word(part)


_INFLECTED = 7
_INTERLEAVED = 3
"""Runs of letters and digits from which a token is an identifier, to be there as a whole: "a1b2", "0F6B5C"."""
_COMPOUND = regex(r"(?P<count>\d+(?:\.\d+)?)(?:-[a-z]{2,})+|(?P<label>[A-Za-z][a-z]+)-(?P<number>\d+(?:\.\d+)*)")
_PREFIXES = frozenset("mid pre post early late non sub ex".split())
_SCALED = regex(r"(\d+(?:\.\d+)?)(k|m|bn)", re.IGNORECASE)
_SHORT_NAME = regex(r"[a-z]+\d+", re.IGNORECASE)
_HEX = regex(r"(?=.*\d)[0-9a-f]{7,40}", re.IGNORECASE)
_UNIT_LETTERS = frozenset("VAWKCFHBGMQ")
_UNITS = frozenset(
    "min mins sec secs hrs hr ms ns us kb mb gb tb kib mib gib tib hz khz mhz ghz mah rpm rps qps fps dpi dbm db mbit "
    "gbit kbit bit bits bytes eur usd gbp utc cet rem ppm days day weeks wk mo yr hours percent pct nth st nd rd th "
    "pt px am pm kg mg km cm mm um nm mv kv kw mw kwh tcp udp".split()
)

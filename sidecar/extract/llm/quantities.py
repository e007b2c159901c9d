"""Figures with their units: EUR 5,000 is 5,000 euros, 90 seconds are a minute and a half, and 5 MB are not 5 GB."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.records import dataclass

_CURRENCIES = {
    "eur": "€ eur euro euros",
    "usd": "us$ usd dollar dollars buck bucks $",
    "gbp": "£ gbp pound pounds quid sterling",
    "chf": "chf sfr franken franc francs",
    "jpy": "¥ jpy yen",
    "inr": "₹ inr rupee rupees",
    "pln": "pln zł zloty zlotys",
    "sek": "sek kronor",
    "nok": "nok",
    "dkk": "dkk",
    "czk": "czk koruna",
    "cad": "cad c$",
    "aud": "aud a$",
    "brl": "brl r$ reais",
    "cny": "cny rmb yuan",
    "krw": "krw won ₩",
}
_UNITS: dict[str, dict[str, float]] = {
    "time": {
        "ns nanosecond nanoseconds": 1e-9,
        "us µs microsecond microseconds": 1e-6,
        "ms msec msecs millisecond milliseconds millis": 1e-3,
        "s sec secs second seconds sekunden": 1,
        "min mins minute minutes minuten": 60,
        "h hr hrs hour hours stunde stunden": 3_600,
        "d day days tag tage tagen": 86_400,
        "wk wks week weeks woche wochen": 604_800,
    },
    "months": {"mo month months monat monate monaten": 1, "quarter quarters": 3, "y yr yrs year years jahr jahre": 12},
    "size": {
        "byte bytes": 1,
        "kb kib kilobyte kilobytes": 1e3,
        "mb mib meg megs megabyte megabytes": 1e6,
        "gb gib gig gigs gigabyte gigabytes": 1e9,
        "tb tib terabyte terabytes": 1e12,
    },
    "rate": {"kbit kbps kbit/s": 1e3, "mbit mbps mbit/s megabit megabits": 1e6, "gbit gbps gbit/s gigabit": 1e9},
    "share": {"% percent pct prozent": 1, "‰ permille": 0.1},
    "frequency": {"hz hertz": 1, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    "length": {
        "nm": 1e-9,
        "um µm micron microns": 1e-6,
        "mm millimetre millimetres millimeter millimeters": 1e-3,
        "cm centimetre centimetres centimeter centimeters": 1e-2,
        "metre metres meter meters": 1,
        "km kilometre kilometres kilometer kilometers": 1e3,
    },
    "mass": {"mg": 1e-3, "gram grams": 1, "kg kilo kilos kilogram kilograms": 1e3, "ton tons tonne tonnes": 1e6},
    "voltage": {"mv millivolt millivolts": 1e-3, "v volt volts": 1, "kv": 1e3},
    "current": {"ma milliamp milliamps": 1e-3, "amp amps ampere amperes": 1},
    "power": {"mw": 1e-3, "watt watts": 1, "kw kilowatt kilowatts": 1e3},
    "pressure": {"mbar": 1e-3, "bar": 1},
}
_BASE: dict[str, tuple[str, float]] = {
    name: (kind, factor) for kind, sizes in _UNITS.items() for names, factor in sizes.items() for name in names.split()
}
_CURRENCY: dict[str, str] = {name: code for code, names in _CURRENCIES.items() for name in names.split()}
_EXACT = 1e-9
_BINARY = (1.0, 1.024, 1.024**2, 1.024**3)
"""Ratios between sizes that people do not tell apart: 1,024 MB are 1 GB."""

_FIGURE = r"(?P<figure>\d+(?:\.\d+)?)(?P<scale>\s?k\b|\s?[Mm]\b)?"
_SIGN = "|".join(re.escape(name) for name in sorted(_CURRENCY, key=len, reverse=True))
_UNIT = "|".join(re.escape(name) for name in sorted(_BASE, key=len, reverse=True))
_MONEY_BEFORE = regex(rf"(?<![\w$])(?P<unit>{_SIGN})\s?{_FIGURE}(?!\.?\d)", re.IGNORECASE)
_MONEY_AFTER = regex(
    rf"(?<![\w.,]){_FIGURE}\s?(?:us |swiss |british |canadian |australian )?(?P<unit>{_SIGN})(?!\w)", re.IGNORECASE
)
_MEASURED = regex(
    rf"(?<![\w.,:])(?P<figure>\d+(?:\.\d+)?)(?P<scale>)(?:\s|-)?(?P<unit>{_UNIT}|per\s?cent)(?![\w%])(?!-\d)",
    re.IGNORECASE,
)
_ONE = regex(r"\b(?:an?|per|each|every|one)\s(?P<unit>second|minute|hour|day|week|month|year)\b", re.IGNORECASE)
_AMBIGUOUS = regex(r"(?<![\w.,:])(?P<figure>\d+(?:\.\d+)?)\s?[a-zA-Z]\b")
_SCALES = {"": 1.0, "k": 1e3, "m": 1e6}


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount in the base unit of its kind ("time": seconds); `figure` is the number as it was written."""

    kind: str
    amount: float
    figure: str
    scale: float = 1.0

    @property
    def plain(self) -> str:
        """The figure with its scale multiplied out: 5000 of "5k euros"."""
        return f"{float(self.figure) * self.scale:.6f}".rstrip("0").rstrip(".")

    def otherwise(self) -> list[Quantity]:
        """The amount if points stand between its thousands, as in "7.500 euro"."""
        if not re.fullmatch(r"\d{1,3}\.\d{3}", self.figure):
            return []
        return [Quantity(self.kind, self.amount * 1000, self.figure.replace(".", ""), self.scale)]

    def same(self, other: Quantity) -> bool:
        """Whether both are one amount, in whatever units."""
        if self.kind != other.kind:
            return False
        small, large = sorted((self.amount, other.amount))
        ratios = _BINARY if self.kind == "size" else (1.0,)
        return any(abs(small * ratio - large) <= _EXACT * large for ratio in ratios)


def measured(text: str) -> Iterator[tuple[int, int, Quantity]]:
    """The quantities of a text whose numbers are in digits, with where they stand; none twice."""
    taken: list[tuple[int, int]] = []
    for pattern in (_MONEY_BEFORE, _MONEY_AFTER, _MEASURED):
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            yield match.start(), match.end(), _quantity(match)


def single(text: str) -> Iterator[Quantity]:
    """The quantities of a text that are one: "a day", "per hour"."""
    for match in _ONE.finditer(text):
        kind, factor = _BASE[match["unit"].lower()]
        yield Quantity(kind, factor, "1")


def synonyms(text: str) -> frozenset[str]:
    """Every name of the currencies and units that a text names."""
    found: set[str] = set()
    for word in re.findall(r"[^\W\d_]+|[€£¥₹$%]", text.lower()):
        if word in _CURRENCY:
            found |= {name for name, code in _CURRENCY.items() if code == _CURRENCY[word]}
        elif word in _BASE and len(word) > 1:
            found |= {name for name, unit in _BASE.items() if unit == _BASE[word]}
    return frozenset(found)


def _quantity(match: re.Match[str]) -> Quantity:
    unit = match["unit"].lower()
    unit = "percent" if unit.startswith("per") else unit
    scale = _SCALES[(match["scale"] or "").strip().lower()]
    amount = float(match["figure"]) * scale
    if unit in _CURRENCY:
        return Quantity(_CURRENCY[unit], amount, match["figure"], scale)
    kind, factor = _BASE[unit]
    return Quantity(kind, amount * factor, match["figure"], scale)

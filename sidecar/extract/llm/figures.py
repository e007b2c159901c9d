"""Words and numbers in one form, however they are written: 4,480 and 4480, v18 and 18, seven and 7, Postgres and pg."""

from __future__ import annotations

import re
import unicodedata

from sidecar.expressions import regex
from sidecar.extract.llm.numerals import beside, in_digits

_ALSO_NUMBERS = {
    "first": "1", "second": "2", "once": "1", "single": "1", "twice": "2", "double": "2", "both": "2", "pair": "2",
    "couple": "2", "triple": "3", "half": "0.5", "noon": "12", "midnight": "0", "weekly": "7",
}  # fmt: skip
_ALIASES = {
    "postgresql": "postgres", "pg": "postgres", "mongodb": "mongo", "k8s": "kubernetes", "nodejs": "node",
    "golang": "go", "ts": "typescript", "js": "javascript", "py": "python", "tf": "terraform", "gh": "github",
    "psql": "postgres", "letsencrypt": "letsencrypt", "mac": "macos", "osx": "macos", "prod": "production",
    "repo": "repository", "db": "database", "env": "environment", "config": "configuration", "docs": "documentation",
    "cfg": "configuration", "kube": "kubernetes", "yr": "year", "yrs": "year", "hr": "hour", "hrs": "hour",
    "wk": "week",
    "wks": "week", "mins": "minute", "min": "minute", "secs": "second", "sec": "second", "msg": "message",
    "msgs": "message", "req": "request", "reqs": "request", "cust": "customer", "mgr": "manager", "dept": "department",
    "dir": "directory", "ver": "version", "img": "image", "pkg": "package", "cmd": "command", "lib": "library",
    "spec": "specification", "infra": "infrastructure", "mtg": "meeting", "mtgs": "meeting", "stg": "staging",
    "perf": "performance", "approx": "about", "ppl": "people", "acct": "account", "addr": "address", "mongo": "mongo",
}  # fmt: skip
_MULTIPLES = {"k": 1_000, "m": 1_000_000, "mio": 1_000_000, "million": 1_000_000, "bn": 1_000_000_000}

_GROUPED = regex(r"(?<![\d.,])\d{1,3}(?:[,_' ]\d{3})+(?![\d]|[,.]\d)")
_COMMA = regex(r"(?<![\w.,])(\d+),(\d{1,3})(?![\w,]|\.\d)")
_POINTED = regex(r"(?<![\w.,])\d{1,3}(?:\.\d{3})+(?![\w.]|,\d{3})")
"""Written with a comma for the point, and with points between the thousands, as on much of the continent."""
_ATOM = regex(r"[^\W_]+")
_NUMBER = regex(r"(?<![\w.])\.\d+|\d+(?:\.\d+)*")
_FUSED = regex(r"\d+|[^\W\d_]+")
_HUMP = regex(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])|(?<=[A-Z])(?=[A-Z][a-z])")
_SCALED = regex(r"(?<![\w.])(\d+(?:\.\d+)?)\s?(k|m|mio|million|bn)\b", re.IGNORECASE)
_MOST_JOINED = 5
"""Words that are tried as one: "efficient net b 0" is EfficientNet-B0."""


def plain(text: str) -> str:
    """The text with thousands ungrouped, compatibility forms and accents resolved; letter case as it was."""
    text = unicodedata.normalize("NFKD", text.replace("’", "'").replace("µ", "u").replace("μ", "u"))
    text = "".join(character for character in text if not unicodedata.combining(character))
    return _GROUPED.sub(lambda match: re.sub(r"\D", "", match.group()), text)


def squashed(text: str) -> str:
    """Letters and digits alone, in lower case."""
    return "".join(_ATOM.findall(plain(text))).casefold()


def number_form(figure: str) -> str:
    """One form of a number: `.5` is 0.5, 007 is 7, 5.0 is 5; versions stay as they are."""
    figure = f"0{figure}" if figure.startswith(".") else figure
    head, dot, tail = figure.partition(".")
    head = head.lstrip("0") or "0"
    return head if tail == "0" else f"{head}{dot}{tail}"


def numbers(text: str) -> frozenset[str]:
    """Every number that a text holds, in words and as a part of names too; not the heads of versions."""
    text = plain(in_digits(text))
    found: set[str] = set(beside(text))
    for figure in _NUMBER.findall(text):
        found |= {figure, number_form(figure)}
    for whole, part in _COMMA.findall(text):
        found.add(number_form(f"{whole}.{part}"))
    found |= {re.sub(r"\D", "", figure) for figure in _POINTED.findall(text)}
    for figure, scale in _SCALED.findall(text):
        found.add(scaled(figure, scale))
    found |= {number for word in _ATOM.findall(text.casefold()) if (number := _ALSO_NUMBERS.get(word))}
    return frozenset(found)


def heads(text: str) -> frozenset[str]:
    """The beginnings of the versions that a text holds: 18 and 18.2 of 18.2.1."""
    found: set[str] = set()
    for figure in _NUMBER.findall(plain(in_digits(text))):
        parts = figure.strip(".").split(".")
        found |= {".".join(parts[:length]) for length in range(1, len(parts))}
    return frozenset(found)


def scaled(figure: str, scale: str) -> str:
    """A figure with its scale multiplied out: 10k is 10000."""
    return number_form(f"{float(figure) * _MULTIPLES[scale.lower()]:f}".rstrip("0").rstrip("."))


def atoms(text: str) -> list[str]:
    """The words of a text in lower case, cut at everything that is no letter or digit."""
    return [word.casefold() for word in _ATOM.findall(plain(text))]


def word_form(word: str) -> str:
    """One form of a word: lower case, no possessive, no plural s, one name for what has several."""
    word = plain(word).casefold().removesuffix("'s").rstrip("'")
    word = _ALIASES.get(word, word)
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def word_forms(text: str) -> frozenset[str]:
    """The words of a text in one form each; those in the humps of an identifier and beside its digits as well."""
    found: set[str] = set()
    for atom in _ATOM.findall(plain(text)):
        found.add(word_form(atom))
        for part in _FUSED.findall(_HUMP.sub(" ", atom)):
            found.add(word_form(part))
    return frozenset(found)


def joined(text: str) -> frozenset[str]:
    """Up to five neighbouring words of a text written as one, for names that are spaced in different ways."""
    words = atoms(text)
    return frozenset(
        "".join(words[start : start + length])
        for start in range(len(words))
        for length in range(1, min(_MOST_JOINED, len(words) - start) + 1)
    )


def stems(text: str) -> frozenset[str]:
    """The beginnings of the words that carry meaning: "sampled" and "sampling" have the same.

    Of writing without blanks between words it is every two neighbouring characters.
    """
    found = {
        word[:5] for word in word_forms(text) if len(word) > 1 and word not in _EMPTY and not _UNSPACED.match(word)
    }
    runs = _UNSPACED.findall(text)
    return frozenset(found | {run[at : at + 2] for run in runs for at in range(len(run) - 1)})


def weight(text: str) -> int:
    """How many words a text has; of writing without blanks two characters are about one."""
    return len(_UNSPACED.sub(" ", text).split()) + sum(-(-len(run) // 2) for run in _UNSPACED.findall(text))


_UNSPACED = regex(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f]+")
"""Japanese, Chinese and Thai."""


_EMPTY = frozenset(
    "a an and are as at be been but by can could did do doe does done for from get go had ha has have he "
    "her hi his i if "
    "in into is it it's just may me my new no not now of off on one or our out over per she should so some "
    "than that the "
    "their them then there these they thi this to too up us use used using wa was we were what when which "
    "while who will "
    "with would you your about after all also always any because before only never don t s re ve ll d m".split()
)

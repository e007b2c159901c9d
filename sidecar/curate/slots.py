"""Slots: the concrete values of a statement, and what each of them is the value of.

"The staging database listens on 5432" has one slot: a bare number, of the topic {staging, database}.  Two statements
that fill the same slot with different values are about the same thing; whether one replaces the other is decided in
`changes`.
"""

from __future__ import annotations

import functools
import itertools
import re

from sidecar.expressions import regex
from sidecar.records import dataclass
from sidecar.statements import NAMES_OF, NUMBERED_THINGS, STOP_WORDS, lately

_TOKEN = regex(r"[^\W_]+(?:[-_./:@#'’+][^\W_]+)*")
_CONTRACTION = regex(r"(?:n['’]t|['’](?:s|re|ve|m|ll|d))$")
_CLAUSE = regex(
    r"[;!?\n]|[.,](?=\s)|:(?=\s)(?!\s*\d)|\s[–—]\s|\((?=\w)|\b(?:because|since|but|so that|which|although|whereas)\b"
)

_TIME = regex(r"\d{1,2}:\d\d|\d{1,2}(?::\d\d)?[ap]m")
_DATE = regex(r"\d{4}-\d\d(?:-\d\d)?")
_NUMBER = regex(r"v?(\d+(?:[.,]\d+)*)([a-z%]{0,3})")
_SPELLED = frozenset("two three four five six seven eight nine ten eleven twelve fifteen twenty thirty".split())
_DAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_MONTHS = frozenset(
    "january february march april june july august september october november december".split()
)  # not May, which is a verb more often

GENERIC_VERBS = frozenset(
    "be is are was were am been being run runs running ran live lives living lived sit sits sitting sat listen listens "
    "listening serve serves served serving bind binds bound answer answers use uses used using go goes going went gone "
    "take takes took set sets stay stays stayed stand stands happen happens happened start starts started begin begins "
    "host hosts hosted move moves moved moving switch switches switched switching change changes changed "
    "bump bumps bumped raise raises raised lower lowers lowered cut upgrade upgrades upgraded update updates updated "
    "migrate migrates migrated rename renames renamed pin pins pinned become becomes became reach reaches reachable "
    "have has had get gets got hold holds keep keeps kept cost costs last lasts handle handles handled "
    "extended postponed shortened reduced increased doubled halved reserved".split()
)
"""Verbs that tie a value to its subject and say little else: "is on", "runs at", "moved to", "keeps"."""

_FILLER = frozenset(
    "project repo repository codebase team company we us everybody everyone currently actually correction update fyi "
    "btw ok okay well oh sorry no yes hey new old current value setting time date day number name as of effective "
    "finally officially already default".split()
)
_ATTRIBUTES = {
    "port": "port",
    "version": "version",
    "limit": "limit",
    "cap": "limit",
    "capped": "limit",
    "limited": "limit",
    "max": "limit",
    "maximum": "limit",
    "most": "limit",
    "quota": "limit",
    "minimum": "minimum",
    "min": "minimum",
    "deadline": "deadline",
    "due": "deadline",
    "timeout": "timeout",
    "interval": "interval",
    "every": "interval",
    "retention": "retention",
    "size": "size",
    "price": "price",
    "rate": "rate",
    "budget": "budget",
}
"""Nouns that name a value, by what they mean; a slot that is named and one that is not may be the same."""

_NO_UNIT = STOP_WORDS | frozenset(
    "after again already anymore before because during from instead longer more onwards over per since so still then "
    "until till via while under within between during every each today tomorrow tonight yesterday everywhere only "
    "again late early".split()
)
_ADVERBS = frozenset("now then today soon also out up down off away back through via".split())
_UNITS = {
    "s": "second",
    "sec": "second",
    "ms": "millisecond",
    "min": "minute",
    "h": "hour",
    "hr": "hour",
    "d": "day",
    "%": "percent",
    "kb": "kb",
    "mb": "mb",
    "gb": "gb",
    "tb": "tb",
    "eur": "euro",
    "usd": "dollar",
}
_SCOPES = frozenset("for in on at under during within inside per when if while only unless except with".split())
_LEADS = frozenset(
    "by via through with on at to in into from after every within until use uses using used is are was were as has "
    "have had keeps keep".split()
)
_MEANS = frozenset("via through with use uses using used".split())
_PLACES = frozenset("on at to in into is are was were".split())


@dataclass(frozen=True, slots=True)
class Token:
    """A word as written, its plain form, and where it stands."""

    text: str
    plain: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One value of a statement.

    `kind`: its shape with its unit; only values of one kind can replace each other.  `topic`: the words of what it is a
    value of, and `attributes` the names of the value itself.  `scope`: what narrows it behind the value ("in tests").
    `tied`: a verb ties it to its topic.
    """

    value: str
    kind: tuple[str, str]
    topic: frozenset[str]
    attributes: frozenset[str]
    scope: frozenset[str]
    tied: bool


@functools.lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """One form for the plural, the common synonyms and the hyphen of a noun."""
    word = word.replace("-", "")
    word = NAMES_OF.get(word, word)
    if len(word) > 4 and word.endswith("ies"):
        word = f"{word[:-3]}y"
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > 7 and word.endswith("ment"):
        word = word[:-4]
    return NAMES_OF.get(word, word)


@lately
def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text in order, contractions reduced to their first word."""
    found = []
    for match in _TOKEN.finditer(text):
        plain = _CONTRACTION.sub("", match.group().casefold())
        found.append(Token(match.group(), plain, match.start(), match.end()))
    return tuple(found)


@functools.lru_cache(maxsize=1024)  # a statement is compared with several neighbours
def slots(text: str, names: frozenset[str] = frozenset()) -> tuple[Slot, ...]:
    """The slots of a statement, in order; `names` are words known to be names of products, lower-cased."""
    found: list[Slot] = []
    for clause in _clauses(text):
        words = tokens(clause)
        kinds = [_kind(words, index, names) for index in range(len(words))]
        found += [
            _slot(words, kinds, index, kind)
            for index, kind in enumerate(kinds)
            if kind is not None and not _part_of_date(kinds, index)
        ]
    return tuple(found)


def values(text: str, names: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The values of a text, in order and in one form: numbers, times, paths, days, names of products."""
    words = tokens(text)
    kinds = [_kind(words, index, names) for index in range(len(words))]
    return tuple(word.plain for word, kind in zip(words, kinds, strict=True) if kind is not None)


def fillers(text: str) -> frozenset[str]:
    """The words that stand where a value would: behind "through", "uses", "on" and their like."""
    words = [word for word in tokens(text) if word.plain not in ("the", "a", "an", "our", "my", "their", "port")]
    return frozenset(
        stem(after.plain)
        for before, after in itertools.pairwise(words)
        if before.plain in _LEADS - {"is", "are", "was", "were"} and after.plain not in _NO_UNIT
    )


def fillings(text: str, names: frozenset[str] = frozenset()) -> dict[str, frozenset[str]]:
    """What a text states of its topics: stems of values, and of words that stand where one would, with their topic."""
    found = {stem(part): slot.topic for slot in slots(text, names) for part in slot.value.split()}
    for clause in _clauses(text):
        words = tokens(clause)
        for index, word in enumerate(words[1:], 1):
            if words[index - 1].plain in _LEADS and word.plain not in _NO_UNIT:
                found.setdefault(stem(word.plain), _topic(words[:index])[0])
    return found


@lately
def labels(text: str) -> frozenset[tuple[str, str]]:
    """The numbered things that a text speaks of: ("node", "3")."""
    return frozenset(
        (stem(before.plain), word.plain)
        for before, word in itertools.pairwise(tokens(text))
        if word.plain[0].isdigit() and stem(before.plain) in NUMBERED_THINGS
    )


def _clauses(text: str) -> list[str]:
    parts, start = [], 0
    for match in _CLAUSE.finditer(text.replace("e.g.", "eg ").replace("i.e.", "ie ")):
        parts.append(text[start : match.start()])
        start = match.end()
    return [part for part in (*parts, text[start:]) if part.strip()]


def _kind(words: tuple[Token, ...], index: int, names: frozenset[str]) -> tuple[str, str] | None:
    word = words[index]
    plain = word.plain
    if _TIME.fullmatch(plain):
        return ("time", "")
    if _DATE.fullmatch(plain):
        return ("date", "")
    if plain in _DAYS or plain.removesuffix("s") in _DAYS:
        return ("weekday", "")
    if plain in _MONTHS or (plain == "may" and word.text == "May" and index > 0):
        return ("date", "")
    if index and plain[0].isdigit() and stem(words[index - 1].plain) in NUMBERED_THINGS:
        return ("code", "")
    number = _NUMBER.fullmatch(plain)
    if number is not None or plain in _SPELLED:
        return ("number", _unit(words, index, number.group(2) if number else ""))
    if index == 0 and word.text[0].isupper() and _has_role(words):
        return ("name", "role")
    if plain in names or (index > 0 and word.text[0].isupper() and plain not in STOP_WORDS):
        return ("name", _lead(words, index))
    if any(character.isdigit() for character in plain) or re.search(r"[_/@#]", plain):
        return ("code", "")
    return None


def _unit(words: tuple[Token, ...], index: int, attached: str) -> str:
    if attached:
        return _UNITS.get(attached, attached)
    after = words[index + 1].plain if index + 1 < len(words) else ""
    if after in _MONTHS or after == "may":
        return "date"
    if not after or after in _NO_UNIT or after in GENERIC_VERBS or after in _ATTRIBUTES or after.endswith("ly"):
        return ""
    return _UNITS.get(after, stem(after))


def _has_role(words: tuple[Token, ...]) -> bool:
    """Whether a clause says who or what is something there is one of: "Yara is the maintainer"."""
    following = [word.plain for word in words[1:4] if word.plain != "now"]
    return following[:1] == ["is"] and following[1:2] in (["the"], ["our"], ["my"])


def _lead(words: tuple[Token, ...], index: int) -> str:
    """How a name is introduced: "through Mailgun" and "by Yara" are not of one kind."""
    position = index - 1
    while position >= 0 and words[position].plain in ("the", "a", "our", "plain", "now"):
        position -= 1
    before = words[position].plain if position >= 0 else ""
    if before in _MEANS:
        return "means"
    return "place" if before in _PLACES else before if before in _LEADS else ""


def _part_of_date(kinds: list[tuple[str, str] | None], index: int) -> bool:
    """Whether a value goes on a date before it: the month behind its day, the year behind its month."""
    before = kinds[index - 1] if index else None
    return before == ("number", "date") or (before == ("date", "") and kinds[index] == ("number", ""))


def _slot(words: tuple[Token, ...], kinds: list[tuple[str, str] | None], index: int, kind: tuple[str, str]) -> Slot:
    behind = index + 1
    if kind in (("number", "date"), ("date", "")):
        kind = ("date", "")
        while behind < len(words) and _part_of_date(kinds, behind):
            behind += 1
    value = " ".join(word.plain for word in words[index:behind])
    if kind[0] == "number" and kind[1] and value[-1:].isdigit():
        behind += 1  # the word of its unit
    before, after = words[:index], words[behind:]
    topic, attributes = _topic(before)
    scope = _scope(after, kinds[behind:])
    if not topic:
        topic, more = _topic(after)
        attributes, scope = attributes | more, frozenset()
    tied = any(word.plain in GENERIC_VERBS or word.plain in _LEADS for word in before)
    return Slot(value, kind, topic, attributes, scope, tied)


def _topic(words: tuple[Token, ...]) -> tuple[frozenset[str], frozenset[str]]:
    topic, attributes = set(), set()
    for word in words:
        plain = word.plain
        if plain in _ATTRIBUTES:
            attributes.add(_ATTRIBUTES[plain])
        elif plain not in _NO_UNIT and plain not in GENERIC_VERBS and plain not in _FILLER and plain not in _ADVERBS:
            topic.add(stem(plain))
    return frozenset(topic), frozenset(attributes)


def _scope(words: tuple[Token, ...], kinds: list[tuple[str, str] | None]) -> frozenset[str]:
    """The words that narrow what was said: those behind "in", "for", "when"; a time from when on narrows nothing."""
    found: set[str] = set()
    narrowing = False
    for word, kind in zip(words, kinds, strict=True):
        if word.plain in _SCOPES:
            narrowing = True
        elif narrowing and kind is None and word.plain not in _NO_UNIT and word.plain not in _FILLER:
            found.add(stem(word.plain))
    return frozenset(found)

"""What is concrete in a statement.

Numbers, versions, times, days, amounts, paths, identifiers, quotations and proper names are concrete; ordinary words
are not, because a statement is told in other words than its source.
"""

from __future__ import annotations

import re
from dataclasses import replace

from sidecar.expressions import regex
from sidecar.extract.llm import clocks, figures, moments, names, quantities
from sidecar.extract.llm.numerals import in_digits
from sidecar.extract.vocabulary import TOOL_CLASS
from sidecar.records import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """Something concrete, as written.

    `name` says that it names someone or something: that a sentence may only point at ("she", "there"), so it may stand
    some lines away from the rest.  `acronym` are capitals; `weak` ones are vocabulary of the trade, and `others` all of
    those in the statement.  `spelled` are the initials that a name makes with its neighbours.
    """

    text: str
    name: bool = False
    day: moments.Day | None = None
    clock: frozenset[clocks.Clock] | None = None
    quantity: quantities.Quantity | None = None
    acronym: bool = False
    weak: bool = False
    others: frozenset[str] = frozenset()
    spelled: frozenset[str] = frozenset()


_QUOTED = regex(r"`([^`\n]{2,160})`|\"([^\"\n]{2,160})\"|“([^”\n]{2,160})”|«([^»\n]{2,160})»")
_TOKEN = regex(r"[^\s\"“”«»`()\[\]{}|,;]+(?:,\d{3}\b[^\s,;)]*)*")
_PATH = regex(r"^[~.]{0,2}/\w|^[\w.@+*<>-]+(?:/[\w.@+*<>-]+){2,}/?$|://|^[\w-]+(?:/[\w.-]+)*\.[a-z]\w{0,7}$")
_IDENTIFIER = regex(r"<\w[\w -]*>|\w_\w|[a-z][A-Z]|\w@\w|\w::\w|^--?\w[\w-]+$|^[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]+)+$")
_CAPITAL = regex(r"^[A-ZÀ-Þ][\w'’À-ÿ.&+-]*$")
_SENTENCE_START = regex(r"(?:^|[.!?;:—–]\s+|^\s*[-*•]\s+)$")

_TITLE = regex(r"\b(?:dr|mr|mrs|ms|prof|st|no|vs|ing|e\.g|i\.e|z\.b)\.\s+$", re.IGNORECASE)
_SUBJECT = regex(
    r"(?!(?:He|She|They|It|We|You|This|That|There|Who|Everybody|Everyone|Nobody|Someone|One|Each|Any|No|None|User|Legal"
    r"|Management|Marketing|Finance|Support|Sales)\b)[A-ZÀ-Þ][a-zà-ÿ]+(?:\s(?:owns|maintains|signs|approves|decides"
    r"|reviews|wants|prefers|asked|asks|said|says|leads|joined|left|leaves|wrote|agreed|manages|handles|takes over"
    r"|replaces|answers|returns|works)\b|\sis\s(?:on\s(?:call|leave|holiday|vacation)|away|responsible|back|our\b|the\s"
    r"(?:contact|owner|maintainer|lead|reviewer|customer|only one)))"
)
"""A word in capitals at the beginning of a sentence that does what people do: a name, though any word begins so."""
_SHORTEST_ACRONYM = 2
_NAMED_PATH = regex(r"(?:[A-Z][a-z][\w.-]+/)+(?:[A-Z][a-z][\w.-]+)?")
"""A folder ("Library/"), or names with a stroke between them ("Europe/Lisbon")."""
_ABBREVIATED = regex(r"(?:[A-Za-z]\.)+[A-Za-z]?")

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


def values(text: str) -> list[Value]:
    """What is concrete in a statement, each once, in no particular order."""
    found = _owners(text)

    def quote(match: re.Match[str]) -> str:
        inner = next(group for group in match.groups() if group).strip()
        found.append(Value(inner))
        return " "

    text = _QUOTED.sub(quote, text)
    days, text = moments.stated_days(figures.plain(in_digits(text, retold=True)))
    found += [Value(written, day=day) for written, day in days]
    times, text = clocks.stated(text)
    found += [Value(written, clock=meant) for written, meant in times]
    amounts, text = _amounts(text)
    found += amounts
    found += _tokens(text)
    return list(dict.fromkeys(found))


def _amounts(text: str) -> tuple[list[Value], str]:
    """The figures with units of a statement, and the statement without them."""
    found, rest, end = [], [], 0
    for start, stop, quantity in sorted(quantities.measured(text), key=lambda one: one[0]):
        found.append(Value(text[start:stop], quantity=quantity))
        rest.append(text[end:start])
        end = stop
    return found, " ".join([*rest, text[end:]])


def _owners(text: str) -> list[Value]:
    """Whose something is: "Marek's" names a person even at the beginning of a sentence."""
    named = (match.group(1) for match in _OWNER.finditer(text))
    return [Value(name, name=True) for name in named if name.casefold() not in _NOT_PEOPLE]


_OWNER = regex(r"\b([A-ZÀ-Þ][\wÀ-ÿ-]+)['’]s\b")
_NOT_PEOPLE = frozenset(
    "it that what here there let lets today yesterday tomorrow who where how she he everyone nobody user "
    "assistant".split()
)


def _tokens(text: str) -> list[Value]:
    found: list[Value] = []
    for match in _TOKEN.finditer(text):
        token = re.sub(r"['’]s$", "", match.group().strip(".,;:!?'*_"))
        before = text[: match.start()]
        begins = bool(_SENTENCE_START.search(before)) and not _TITLE.search(before)
        begins = begins or not before.strip(" \"'(*-")
        begins = begins and not _SUBJECT.match(text, match.start())
        value = _value(token, begins=begins) if token else None
        if value is not None:
            found.append(_with_neighbours(value, text) if value.name else value)
    return found


def _with_neighbours(value: Value, text: str) -> Value:
    """A name with what the words around it can be short for."""
    capitals = len(value.text) >= _SHORTEST_ACRONYM and value.text.rstrip("s").isupper()
    return replace(
        value,
        acronym=capitals,
        weak=capitals and names.is_general(value.text),
        others=names.general_acronyms(text) if capitals else frozenset(),
        spelled=names.initials_with(value.text, text),
    )


def _is_name(token: str) -> bool:
    return token.casefold().rstrip(".") not in _GENERIC


def _value(token: str, *, begins: bool) -> Value | None:
    lower = token.casefold()
    if _NAMED_PATH.fullmatch(token):
        return Value(token)
    if _ABBREVIATED.fullmatch(token):
        return None
    if any(character.isdigit() for character in token) or _PATH.search(token) or _IDENTIFIER.search(token):
        return Value(token)
    if lower in TOOL_CLASS and (lower not in _ALSO_WORDS or (token != lower and not begins)):
        return Value(token, name=True)
    shouted = len(token) >= 2 and token.isupper()
    if _CAPITAL.match(token) and (not begins or shouted) and _is_name(token):
        return Value(token, name=True)
    return None

"""Words and values of a sentence: what is concrete in it, and what it is about."""

from __future__ import annotations

import functools
import re

from sidecar.expressions import regex
from sidecar.extract.vocabulary import SLOTS, TOOL_CLASS
from sidecar.records import dataclass

STOP = frozenset(
    "a an the this that these those it its it's they them their he she his her him i me my mine we us our ours you "
    "your "
    "yours is are was were be been being am do does did don't dont doesn't doesnt didn't didnt has have had having not "
    "no nor never always only just also too so then than as at by for from in into of off on onto out over to up with "
    "without within about after before between during until till since when while where which who whom whose what why "
    "how and or but if because bc cause there here now any all each every some more most much many few less least very "
    "really quite please pls ok okay yes yeah no oh hm well right good fine can can't cant could should shouldn't "
    "would "
    "will won't wont must may might shall need needs let lets let's get gets got go goes going gone one ones thing "
    "things stuff way again anymore still already yet ever instead rather either neither both other another same such "
    "own even though although however thats that's isnt isn't arent aren't wasnt wasn't im i'm ive i've ill i'll youre "
    "you're were we're weve we've theyre they're hes he's shes she's etc via per e.g i.e".split()
)
"""Words that say nothing of the subject."""

_STRONG = regex(
    r"""`[^`\n]{1,80}`
      | \b[a-z][a-z0-9+.-]{1,10}://[^\s<>"')]{2,200}              # URL
      | (?<![\w.])(?:~|\.{1,2})?/[\w.@+-]+(?:/[\w.@+*<>{}-]*)*    # path
      | \b[\w.+-]+/[\w.+-]+(?:/[\w.+-]+)+                         # relative path
      | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b                      # address
      | \b(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|example|local|internal|lan|cloud|sh|ai|eu|de|uk)\b
      | \b[a-z][\w-]*(?:\.[a-z][\w-]+){2,}\b                    # com.example.app
      | \b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\b
      | \b\d{1,2}:\d\d\b | \b0x[0-9a-f]+\b
      | \bv?\d+(?:\.\d+){1,3}\b | (?<!\w)\.\d+\b | \bv\d+\b
      | \b\d[\d,.]*\s?(?:%|percent|[mkgt]i?b|[kmg]hz|hz|[mµnu]?s|ms|sec(?:ond)?s?|min(?:ute)?s?|hours?|hrs?|days?|weeks?
          |months?|years?|[mnµukc]?m|[mµuk]?[avw]|[mµu]ah|°?c|px|pt|rem|dpi|fps|eur|usd|euros?|dollars?|cents?|points?
          |pages?|chars?|characters|words|lines|columns|rows|bits?|bytes?|cores?|gpus?|nodes?|replicas?|workers|users
          |people|persons|samples|species|clips|iterations|epochs|seeds|chains|runs|requests|rps|retries|items|beds)\b
      | \b\d{4}-\d\d(?:-\d\d)?\b
      | \b(?:every|each)\s(?:\w+\s)?(?:morning|night|day|week|fortnight|month|quarter|year|sprint|release)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_IDENTIFIER = regex(
    r"""\b[A-Za-z]\w*_\w+\b | \b[a-z]+[A-Z]\w*\b | \b(?:[A-Z][a-z0-9]+){2,}\b | \b[A-Z]{2,}[A-Z0-9]*\b
      | \b[A-Za-z][A-Za-z-]*\d[\w-]*\b | \b\w[\w-]*\.(?:py|ts|tsx|js|jsx|go|rs|rb|java|kt|swift|c|h|cpp|hpp|cs
      |md|toml|ya?ml|json|svelte|vue|css|scss|html|sql|sh|ini|cfg|conf|bib|tex|csv|parquet|lock|proto|pem|env|ipynb|r|R|gd|scn|log|txt)\b
      | \b(?=[0-9a-f]{0,39}[a-f])(?=[0-9a-f]{0,39}\d)[0-9a-f]{7,40}\b | (?<!\w)\#[a-z][\w-]+ | <[a-z][\w -]{0,30}>""",
    re.VERBOSE,
)
_NUMBER = regex(r"(?<![\w.])\d[\d,]*(?![\w.]*\w)")
_NAME = regex(r"(?<=[\w,)] )(?:[A-ZÀ-Þ][a-zà-ÿ]+)(?:[ -][A-ZÀ-Þ][a-zà-ÿ]+){0,2}|^[A-ZÀ-Þ][a-zà-ÿ]+ [A-ZÀ-Þ][a-zà-ÿ]+")
_WORD = regex(r"[^\W\d_][\w'+-]*(?:\.[a-z]\w+)*")
_MONTH_OR_DAY = regex(
    r"\b(?:\d{1,2}(?:st|nd|rd|th)?\s+(?:of\s+)?)?(?:january|february|march|april|june|july|august|september|october"
    r"|november|december|(?:mon|tues|wednes|thurs|fri|satur|sun)days?)\b",
    re.IGNORECASE,
)
_REMEMBERED = 600
"""Of texts up to so many characters the words are remembered: sentences and statements, some megabytes of them."""

_LINE_NUMBERS = regex(r"\b(?:lines?|step|attempt|item|option|point|number|no\.)\s+\d+\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Values:
    """What is concrete in a text: strong values (paths, units, times, versions) and weaker ones (names, tools)."""

    strong: tuple[str, ...]
    weak: tuple[str, ...]

    @property
    def weight(self) -> int:
        """0 for nothing concrete, 1 for one weak value, 2 for a strong one or several."""
        if self.strong or len(self.weak) >= 2:
            return 2
        return len(self.weak)

    @property
    def all(self) -> tuple[str, ...]:
        """Every value once, strong ones first."""
        return tuple(dict.fromkeys(self.strong + self.weak))


@functools.lru_cache(maxsize=512)  # a statement is weighed sentence by sentence, then as a whole
def values(text: str) -> Values:
    """The concrete values of a text, as written."""
    text = _LINE_NUMBERS.sub(" ", text)
    strong = [match.group().strip("`") for match in _STRONG.finditer(text)]
    rest = _STRONG.sub(" ; ", text)
    weak = [match.group() for match in _IDENTIFIER.finditer(rest)]
    weak += [match.group() for match in _NUMBER.finditer(rest)]
    weak += [match.group() for match in _NAME.finditer(rest)]
    weak += [match.group() for match in _MONTH_OR_DAY.finditer(rest)]
    weak += [word for word in tools(rest) if word not in weak]
    distinct: dict[str, str] = {}
    for value in weak:
        distinct.setdefault(value.lower(), value)
    return Values(tuple(dict.fromkeys(strong)), tuple(distinct.values()))


def words(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, inner hyphens and dots kept."""
    return _words_lately(text) if len(text) <= _REMEMBERED else _words(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(found.lower().rstrip("'") for found in _WORD.findall(text))


_words_lately = functools.lru_cache(maxsize=2048)(_words)  # asked for words, tools and nouns of every sentence


def content_words(text: str) -> list[str]:
    """The words that carry meaning, each once, in order."""
    return list(dict.fromkeys(word for word in words(text) if word not in STOP and len(word) > 1))


def tools(text: str) -> list[str]:
    """Names of known tools, in order."""
    return [word for word in dict.fromkeys(words(text)) if word in TOOL_CLASS]


def singular(word: str) -> str:
    """A plain plural without its s; what is not clearly one stays."""
    if len(word) > 3 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def names_slot(text: str) -> bool:
    """Whether one of the words is a noun that a project has one of (see `vocabulary.SLOTS`)."""
    return any(word in SLOTS or singular(word) in SLOTS for word in words(text))


_LONGEST_KEYWORD = 40
"""Characters of a word that is a keyword; writing without blanks has whole sentences of that length."""


def keywords(text: str, most: int = 8) -> tuple[str, ...]:
    """Values and nouns by which the statement may be found, at most `most`."""
    chosen = [value for value in values(text).all if len(value) > 1 and not value.isdigit()]
    chosen += [word for word in content_words(text) if 3 < len(word) <= _LONGEST_KEYWORD]
    distinct: dict[str, str] = {}
    for word in chosen:
        distinct.setdefault(word.lower(), word)
    return tuple(distinct.values())[:most]

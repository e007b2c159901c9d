"""Text to tokens: the same cut for what is indexed and for what is asked.

Code-like words are kept whole and in parts: `src/app.ts` gives `src/app.ts`, `src`, `app.ts`, `app`, `ts`;
`fetchUserData` gives itself and `fetch`, `user`, `data`; `v0.4.2` also `0.4.2`.  Scripts that are written without
spaces give pairs of characters.  Letters lose case and accents.  Stemming is left to the search engine.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 64
"""Characters of the longest token: beyond, it is a hash, base64 or a URL, and only its parts are of use."""

_JOINERS = r"[._/@:+#'’\\~-]"
_WORD = re.compile(rf"\b[a-zA-Z](?:\+\+|#)(?!\w)|[^\W_]+(?:(?:{_JOINERS}{{1,3}}|_+)[^\W_]+)*")
_SEGMENTS = re.compile(r"[/\\:@#~]+")
_PARTS = re.compile(r"[\W_]+")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CLITIC = re.compile(r"['’](?:s|t|d|m|re|ve|ll)$")
_VERSION = re.compile(r"v\d+(?:\.\d+)+")
_ACCENTS = re.compile("[̀-ͯ]")
_SPACELESS_CLASS = (
    "぀-ヿㇰ-ㇿ㐀-䶿一-鿿豈-﫿"  # kana and Han
    "가-힯"  # Hangul: spaced, but its endings stick to the word
    "฀-๿຀-໿ក-៿က-႟"  # Thai, Lao, Khmer, Burmese
    "\U00020000-\U0003134f"  # rarer Han
)
_SPACELESS = re.compile(f"[{_SPACELESS_CLASS}]+")
_SPLIT_SPACELESS = re.compile(f"([{_SPACELESS_CLASS}]+)")

_STOP_WORDS = """
    a about after again all also am an and any anybody anyone anything are aren as at be because been before being
    between both but by can cannot could couldn did didn do does doesn doing don done during each either else ever every
    everything few for from get gets getting got had hadn has hasn have haven having he her here hers herself him
    himself his how i if in into is isn it its itself just let ll m many me mine more most much my myself neither no
    nor not now of off on once one ones only onto or other our ours ourselves over own please quite rather re really
    s same shall she should shouldn since so some somebody someone something still such t than that the their theirs
    them themselves then there these they thing things this those though through to too under until up upon us ve very
    was wasn we were weren what whatever when where whether which while who whom whose why will with within without
    won would wouldn yes yet you your yours yourself yourselves
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""English words that carry no topic.  `go`, `may` and `out` stay: a language, a month, an outage."""


def tokens(text: str) -> list[str]:
    """The tokens of a text in order, with repetitions, lower-case, without stop words."""
    return [token for word in words(text) for token in word]


def words(text: str) -> list[tuple[str, ...]]:
    """The tokens of each word of a text: one, or of a word with joints itself and its parts."""
    return [word for run in runs(text) for word in pieces(run)]


def runs(text: str) -> list[str]:
    """The text without what is between its words; what becomes of each is told by `pieces`, whatever is around it."""
    return _WORD.findall(_folded(text))


def pieces(run: str) -> list[tuple[str, ...]]:
    """The tokens of each word of a run: mostly one word, in scripts without spaces each pair of characters."""
    found = (tuple(token for token in word if token not in STOP_WORDS) for word in _cut(run))
    return [word for word in found if word]


def _folded(text: str) -> str:
    """Without accents and compatibility forms; case is kept, since it marks the humps of camelCase."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))


def _cut(run: str) -> Iterator[list[str]]:
    if not run.isascii() and _SPACELESS.search(run):
        yield from _mixed(run)
    elif run.isalpha() and (run.islower() or run[1:].islower()):
        yield [run.casefold()[:LONGEST]]
    else:
        yield _compound(run)


def _mixed(word: str) -> Iterator[list[str]]:
    """A word with characters of a script without spaces: pairs of those, each a word, and the rest as usual."""
    for piece in _SPLIT_SPACELESS.split(word):
        if _SPACELESS.match(piece):
            yield from ([pair] for pair in _pairs(piece))
        elif piece.strip("_"):
            for run in _WORD.findall(piece):
                yield from _cut(run)


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for left, right in itertools.pairwise(run):
        yield left + right


def _compound(word: str) -> list[str]:
    """A word with joints, humps or digits: whole, by path segment, and in its smallest parts; each once."""
    word = _CLITIC.sub("", word)
    seen: dict[str, None] = {}
    if len(word) <= LONGEST:
        seen[word.casefold()] = None
    for segment in _SEGMENTS.split(word):
        lower = segment.casefold()
        if 1 < len(lower) <= LONGEST:
            seen[lower] = None
        if _VERSION.fullmatch(lower):
            seen[lower[1:]] = None
        for part in _PARTS.split(segment):
            pieces = [part, *_HUMPS.split(part)]
            seen.update((piece.casefold(), None) for piece in pieces if 1 < len(piece) <= LONGEST)
    return list(seen)

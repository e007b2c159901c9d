"""What statements are made of: words that carry meaning, concrete values, negation.

Pure functions over text, shared by whoever compares statements: extraction with its sources, curation with what is
known.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TypeVar

from sidecar.expressions import regex

T = TypeVar("T")

_TEXTS = 256
_SHORT = 2_000
"""So many texts, if they have no more characters, are remembered with what was found in them."""

_WORD = regex(r"[^\W_]+(?:[-_./:@#'+][^\W_]+)*")
STOP_WORDS = frozenset(
    "a an and are as at be been but by can could did do does for from had has have he her his i if in into is it its "
    "just may me my no not of on or our ours she should so some than that the their them then there these they this "
    "to too us was we were what when which while who will with would you your now please also always never".split()
)
"""Words that say nothing of the subject."""

NAMES_OF = {
    "db": "database",
    "databases": "database",
    "postgresql": "postgres",
    "mongodb": "mongo",
    "nodejs": "node",
    "golang": "go",
    "kubernetes": "k8s",
    "prod": "production",
    "repo": "repository",
    "docs": "documentation",
    "app": "application",
    "config": "configuration",
    "env": "environment",
    "be": "backend",
    "back-end": "backend",
    "front-end": "frontend",
    "auth": "authentication",
    "msg": "message",
    "licence": "license",
    "optimiser": "optimizer",
}
"""One name for what people call by several, so that the key stays the same."""

NUMBERED_THINGS = frozenset(
    "ticket issue pr mr case step node rack shard chapter table figure line phase milestone sprint question item room "
    "build page section level stage group lane track slot job worker channel unit block layer part number gate "
    "paragraph section exercise lesson task bug release pin bay door floor seat row column zone grade class year "
    "replica machine box host server runner device sensor board cabin house week appendix article".split()
)
"""Nouns that a number behind them names: node 3 is not another value of node 2."""

_NEGATION = regex(r"\b(?:not|never|no|don't|dont|do not|without|stop|avoid|nicht|nie|kein\w*)\b", re.IGNORECASE)


def lately(function: Callable[[str], T]) -> Callable[[str], T]:
    """The function of a text, whose latest results are kept; they must be values that nobody changes.

    A statement is compared with eight neighbours, in several ways, and these are mostly the neighbours of the next
    statement too.  What is long is looked at each time, or texts of a whole session would stay in memory.
    """
    kept = functools.lru_cache(maxsize=_TEXTS)(function)

    @functools.wraps(function)
    def looked(text: str) -> T:
        return kept(text) if len(text) <= _SHORT else function(text)

    return looked


@lately
def content_words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, lower-cased, with a plural s removed."""
    found = (match.group().casefold() for match in _WORD.finditer(text))
    return frozenset(
        word[:-1] if len(word) > 3 and word.endswith("s") else word for word in found if word not in STOP_WORDS
    )


@lately
def concrete_values(text: str) -> frozenset[str]:
    """Numbers, versions, paths, identifiers: what two versions of one statement differ in."""
    return frozenset(
        match.group().casefold()
        for match in _WORD.finditer(text)
        if any(character.isdigit() for character in match.group()) or re.search(r"[_/@#]", match.group())
    )


def negated(text: str) -> bool:
    """Whether the text denies, forbids or excludes something."""
    return bool(_NEGATION.search(text))


def first_content_word(text: str) -> str | None:
    """The first word that carries meaning, lower-cased."""
    words = content_words(text)
    found = (match.group().casefold() for match in _WORD.finditer(text))
    return next((word for word in found if word in words or word.removesuffix("s") in words), None)


def adds_nothing(told: str, known: str) -> bool:
    """Whether every word that carries meaning, and every concrete value, of `told` stands in `known`, denied alike."""
    if negated(told) != negated(known):
        return False
    ours = content_words(told)
    return bool(ours) and ours <= content_words(known) and concrete_values(told) <= concrete_values(known)

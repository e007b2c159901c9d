"""What statements are made of: words that carry meaning, concrete values, negation.

Pure functions over text, shared by whoever compares statements: extraction with its sources, curation with what is
known.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:[-_./:@#'+][^\W_]+)*")
_STOP = frozenset(
    "a an and are as at be been but by can could did do does for from had has have he her his i if in into is it its "
    "just may me my no not of on or our ours she should so some than that the their them then there these they this "
    "to too us was we were what when which while who will with would you your now please also always never".split()
)
_NEGATION = re.compile(r"\b(?:not|never|no|don't|dont|do not|without|stop|avoid|nicht|nie|kein\w*)\b", re.IGNORECASE)


def content_words(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, lower-cased, with a plural s removed."""
    found = (match.group().casefold() for match in _WORD.finditer(text))
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in found if word not in _STOP)


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

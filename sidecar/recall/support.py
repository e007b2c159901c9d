"""Whether what a model says in an answer stands in what it cites: decided by code, never by the model's word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sidecar.expressions import regex
from sidecar.extract.llm.ground import Ground
from sidecar.extract.llm.negation import flips
from sidecar.extract.llm.values import values
from sidecar.extract.suspicion import addresses_agents
from sidecar.index import stems

_LEAST_SHARED = 2
"""Words of meaning that a sentence shares with what it cites, each concrete value counting as one."""

_OWN = 1 / 3
"""Of a sentence's words, how many may be in neither what it cites nor the question: it is told in other words, not
about something else."""

_PART = regex(r"(?<=[.!?。！？;])\s+|\n+")
_WORD = regex(r"\w+")
_FIRST = regex(r"[^\w]*([A-ZÀ-Þ]\w*)")
_YES_OR_NO = ("yes", "no")

_SPAN = (
    r"(?:day|week|weekend|month|quarter|year|spring|summer|autumn|fall|winter"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?"
)
_RELATIVE = regex(
    r"\b(?:yesterday|today|tonight|tomorrow|ago|from now"
    rf"|(?:last|this|next|past|previous|coming) (?:night|evening|{_SPAN})(?! of\b)"
    r"|(?:in|within) (?:a|an|one|two|three|a few|\d+) (?:day|week|month|year)s?(?: time)?$"
    r"|gestern|heute|vorgestern|übermorgen|vor \w+ (?:tagen|wochen|monaten|jahren)"
    r"|(?:letzte|nächste|diese)[nrsm]? (?:woche|monat|jahr))\b"
    r"|昨日|今日|明日|先週|来週|先月|来月|去年|昨年|来年",
    re.IGNORECASE,
)
"""What means another day to who reads than it did to who said it."""


def fault(sentence: str, cited: Sequence[tuple[str, datetime | None]], question: str) -> str:
    """Why a sentence may not stand in an answer; empty if it may.

    `cited`: the texts that it rests on, each with the moment at which it was said.
    """
    if not cited:
        return "it cites nothing"
    if not stems(sentence) or sentence.endswith(("?", "？")):
        return "it says nothing"
    if addresses_agents(sentence):
        return "it speaks to agents"
    if _RELATIVE.search(sentence.rstrip(".!")):
        return "its dates are relative"
    wanted = values(sentence)
    # The day on which something was said may be told, whether or not the text names it.
    missing = Ground([(_dated(text, said), said) for text, said in cited]).missing(wanted)
    source = "\n".join(text for text, _ in cited)
    if missing or _begins_with_stranger(sentence, source, question):
        return "a value is in nothing that it cites"
    if not _related(sentence, source, question, tied=len(wanted)):
        return "what it cites speaks of something else"
    return "what it cites says the opposite" if flips(sentence, _nearest(sentence, source)) else ""


def _dated(text: str, said: datetime | None) -> str:
    return f"{said:%Y-%m-%d}: {text}" if said else text


def _nearest(sentence: str, source: str) -> str:
    """The part of a source that says most of a sentence; elsewhere it may deny other things."""
    words = _words(sentence)
    return max(_PART.split(source), key=lambda part: len(words & _words(part)))


def _begins_with_stranger(sentence: str, source: str, question: str) -> bool:
    """Whether the first word may be a name that the source does not have.

    Every sentence begins with a capital, so its form does not tell; one that the question has in small letters is none.
    """
    first = _FIRST.match(sentence)
    if first is None or first[1].casefold() in _YES_OR_NO:
        return False
    return not _words(first[1]) <= _words(source) and first[1].casefold() not in _WORD.findall(question)


def _related(sentence: str, source: str, question: str, *, tied: int) -> bool:
    words, known = _words(sentence), _words(source)
    if len(words & known) + tied < min(_LEAST_SHARED, len(words)):
        return False
    return len(words - known - _words(question)) <= _OWN * len(words)


def _words(text: str) -> set[str]:
    """Without figures, which are values and may be written in another way."""
    return {term for term in stems(text) if any(character.isalpha() for character in term)}

"""The questions of recall to a model: what to look for, which texts answer best, and the answer from them.

Each is one narrow question, and each may come out wrong: what is done with an answer is for the asker to check.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from sidecar.expressions import regex
from sidecar.extract.llm import prompts
from sidecar.extract.llm.answers import MOST_KEYS, MOST_RANKED, MOST_SYNONYMS, Analysis, Order, Telling
from sidecar.extract.model import Model
from sidecar.records import dataclass

A = TypeVar("A", bound=BaseModel)

_MOST_TOKENS = 512
"""Tokens of an answer: six sentences of thirty words, with room for the form around them."""

_FENCE = regex(r"<(/?)(memories|question)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asker:
    """A model, and the moment of time.monotonic() by which all its answers must be there."""

    model: Model
    until: float

    def ask(self, question: str, answer: type[A]) -> A:
        """One answer.  Raises one of the ModelFailed family."""
        system = prompts.text(prompts.READER)
        return self.model.ask(question, answer, system=system, most_tokens=_MOST_TOKENS, until=self.until)


@dataclass(frozen=True, slots=True)
class Text:
    """What a model is shown of something known: its words, when it was said, and what it is (`fact`, `message`)."""

    words: str
    said: datetime | None
    kind: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a model's answer, with the places (from 0) of the texts that it cites; each is one that was shown.

    Not checked otherwise.
    """

    sentence: str
    cited: tuple[int, ...]


def analysed(asker: Asker, question: str) -> tuple[str, str]:
    """Words of topics and synonyms, and a statement that may answer the question; either may be empty.

    Raises one of the ModelFailed family.
    """
    found = asker.ask(_about(question, prompts.text(prompts.ANALYSE)), Analysis)
    topics = [re.sub(r"[/_-]+", " ", key) for key in found.keys[:MOST_KEYS]]
    words = " ".join([*topics, *found.synonyms[:MOST_SYNONYMS]])
    return " ".join(words.split()), " ".join(found.statement.split())


def ranked(asker: Asker, question: str, texts: Sequence[Text]) -> list[int] | None:
    """The places (from 0) of at most MOST_RANKED texts, the best first; None if the answer is no order of all of them.

    Raises one of the ModelFailed family.
    """
    found = asker.ask(_about(question, prompts.text(prompts.RANK), texts), Order)
    places = [number - 1 for number in found.order]
    return places if sorted(places) == list(range(len(texts))) else None


def told(asker: Asker, question: str, texts: Sequence[Text], most: int) -> list[Claim]:
    """The answer to a question, at most `most` claims of the model; none if it says that no text answers.

    Raises one of the ModelFailed family.
    """
    task = prompts.text(prompts.TELL).format(most=most)
    found = asker.ask(_about(question, task, texts), Telling)
    return [
        Claim(
            " ".join(one.text.split()),
            tuple(dict.fromkeys(number - 1 for number in one.sources if 1 <= number <= len(texts))),
        )
        for one in found.sentences[:most]
    ]


def _about(question: str, task: str, texts: Sequence[Text] = ()) -> str:
    """A question to the model: what is known first, so that a server need not read it twice, then what is asked."""
    parts = [f"<question>\n{_harmless(question)}\n</question>", task]
    if texts:
        listed = "\n".join(_shown(number, text) for number, text in enumerate(texts, 1))
        parts.insert(0, f"<memories>\n{listed}\n</memories>")
    return "\n\n".join(parts)


def _shown(number: int, text: Text) -> str:
    when = f"{text.said:%Y-%m-%d} " if text.said else ""
    return f"[{number}] {when}{text.kind}: {_harmless(text.words)}"


def _harmless(text: str) -> str:
    """On one line, and without marks that would end the part in which it stands."""
    return _FENCE.sub(r"<\1 \2", " ".join(text.split()))


__all__ = ["MOST_RANKED", "Asker", "Claim", "Text", "analysed", "ranked", "told"]

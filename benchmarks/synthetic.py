"""Invented sessions and memories of any number, the same ones on every run, in words as common as words are.

Words are those of the bundled model, which lists them by how common they are, and names as code has them; how often
each comes follows Zipf's law with Mandelbrot's shift.  Each session is about some words of its own.  How long texts are
is taken from the real samples (the middle and the spread of the logarithm of their characters).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import sidecar.index
from sidecar.identity import memory_id
from sidecar.index import STOP_WORDS
from sidecar.model import Memory, MemoryType, Message, Role, Source, Speaker

AGENT = "claude-code"
SESSION = 40
"""Messages of a session."""

_SEED = 20261126
_BEGAN = datetime(2025, 1, 1, 8, 0, tzinfo=UTC)
_VOCABULARY = Path(sidecar.index.__file__).with_name("static-minilm-256") / "tokenizer.json"
_NAMES = 24_000
"""Names as in code, each made of two words, beside some 21,000 plain words."""

_FIRST_NAME = 300
"""Rank from which on names stand among the words: no name is as common as `the`."""

_SHIFT, _EXPONENT = 2.7, 1.05
_TOPIC_WORDS = 24
_TOPIC_SHARE = 0.25
_TOPIC_FROM = 150
"""Rank of the most common word that a session may be about."""

_CHARACTERS_A_WORD = 6.5
_SENTENCE_SHARE = 1 / 12
"""Of the words, how many end a sentence."""

_MOST_CHARACTERS = 8_000
_MEMORY_WORDS = (14, 30)
_ASKED_WORDS = 5

# Of each role: how many of ten messages, the middle of the characters, and the spread of their logarithm.  Real
# sessions have more and longer output of tools; two in ten keep the text of a million below a gigabyte.
_ROLES: Sequence[tuple[Role, Speaker, int, float, float]] = (
    ("user", "user", 2, 70, 1.3),
    ("assistant", "assistant", 6, 145, 1.1),
    ("tool", "tool", 2, 430, 1.2),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about what one memory or message says, and the id of that."""

    text: str
    wanted: str


@dataclass(frozen=True, slots=True)
class _Words:
    plain: NDArray[Any]
    ending: NDArray[Any]
    reached: NDArray[np.float64]
    """Up to each rank, the share of all words."""


@cache
def _words() -> _Words:
    listed = json.loads(_VOCABULARY.read_text(encoding="utf-8"))["model"]["vocab"]
    words = [word for word in listed if word.isalpha() and word.isascii() and len(word) > 1]
    chance = np.random.default_rng(_SEED)
    firsts, seconds = (chance.integers(_TOPIC_FROM, len(words), _NAMES) for _ in range(2))
    forms = ("{}_{}", "{}.py", "{}/{}", "--{}-{}", "{}{}")
    names = [
        forms[number % len(forms)].format(
            words[first], words[second].capitalize() if number % 5 == 4 else words[second]
        )
        for number, (first, second) in enumerate(zip(firsts, seconds, strict=True))
    ]
    rare = [each for pair in zip(words[_FIRST_NAME:], names, strict=False) for each in pair]
    listed = [*words[:_FIRST_NAME], *rare, *names[len(words) - _FIRST_NAME :]]
    weights = 1 / (np.arange(len(listed)) + _SHIFT) ** _EXPONENT
    plain = np.array(listed, object)
    return _Words(plain, plain + ".", np.cumsum(weights) / weights.sum())


class Session:
    """One invented session: its messages, and what was learned of it."""

    def __init__(self, number: int) -> None:
        self.name = f"bench-{number:06}"
        self.began = _BEGAN + timedelta(minutes=27 * number)
        self._chance = np.random.default_rng((_SEED, number))
        self._about = _ranks(self._chance, _TOPIC_WORDS, _TOPIC_FROM)

    def messages(self, most: int = SESSION) -> list[Message]:
        """Its messages, at most so many."""
        roles = [each for each in _ROLES for _ in range(each[2])]
        return [self._message(place, *roles[place * 7 % len(roles)]) for place in range(most)]

    def _message(self, place: int, role: Role, speaker: Speaker, _share: int, middle: float, spread: float) -> Message:
        characters = min(_MOST_CHARACTERS, self._chance.lognormal(np.log(middle), spread))
        text = self._text(max(2, int(characters / _CHARACTERS_A_WORD)))
        if role == "user" and place % 3:
            text = f"{text[:-1]}?"
        return Message(
            id=f"{self.name}-{place}",
            agent=AGENT,
            session=self.name,
            role=role,
            speaker=speaker,
            text=text,
            time=self._time(place),
            kind="tool" if role == "tool" else "text",
            position=place,
        )

    def memories(self, most: int) -> list[Memory]:
        """What was learned of it; one memory of each of its first messages."""
        return [self._memory(place) for place in range(most)]

    def _memory(self, place: int) -> Memory:
        content = self._text(int(self._chance.integers(*_MEMORY_WORDS)))
        told = _told(content)
        observed = self._time(place)
        return Memory(
            id=memory_id(MemoryType.FACT, content, observed),
            type=MemoryType.FACT,
            content=content,
            summary=content.split(". ")[0][:120],
            created=observed,
            observed=observed,
            source=Source("transcript", AGENT, self.name, "assistant", (f"{self.name}-{place}",)),
            queries=(_question(told[::2]), _question(told[1::2])),
            keywords=tuple(told[:4]),
        )

    def _time(self, place: int) -> datetime:
        return self.began + timedelta(seconds=20 * place)

    def _text(self, count: int) -> str:
        words, chance = _words(), self._chance
        ranks = _ranks(chance, count)
        own = chance.random(count) < _TOPIC_SHARE
        ranks[own] = self._about[chance.integers(0, _TOPIC_WORDS, int(own.sum()))]
        ends = chance.random(count) < _SENTENCE_SHARE
        ends[-1] = True
        text = " ".join(np.where(ends, words.ending[ranks], words.plain[ranks]))
        return text[0].upper() + text[1:]


def _ranks(chance: np.random.Generator, count: int, least: int = 0) -> NDArray[np.intp]:
    reached = _words().reached
    from_share = reached[least - 1] if least else 0.0
    return np.minimum(np.searchsorted(reached, chance.uniform(from_share, 1, count)), len(reached) - 1)


def _told(text: str) -> list[str]:
    """The words of a text that say something, common and rare ones, in order."""
    words = dict.fromkeys(word.strip(".?") for word in text.casefold().split())
    return [word for word in words if word not in STOP_WORDS and len(word) > 1] or list(words)


def _question(words: Sequence[str]) -> str:
    return f"What did we say about {' '.join(words[:_ASKED_WORDS])}?"


def sessions(messages: int) -> Iterator[tuple[Session, list[Message]]]:
    """Sessions with so many messages in all."""
    for number in range(-(-messages // SESSION)):
        session = Session(number)
        yield session, session.messages(min(SESSION, messages - number * SESSION))


def memories(count: int, messages: int) -> Iterator[Memory]:
    """So many memories, spread over the sessions that as many messages make."""
    held = max(1, -(-messages // SESSION))
    each, more = divmod(count, held)
    for number in range(held):
        chance = Session(number)
        yield from chance.memories(each + (number < more))


def questions(count: int, memories_held: int, messages: int) -> list[Asked]:
    """So many questions, in turn of a memory and of a message, evenly from all; each in words of what it wants."""
    held = max(1, -(-messages // SESSION))
    chosen = [number * held // count for number in range(count)]
    found = []
    for turn, number in enumerate(chosen):
        if turn % 2 and messages:
            said = [one for one in Session(number).messages() if one.role == "assistant" and len(one.text) > 60]
            found.append(Asked(_question(_told(said[0].text)[1:]), said[0].id))
        elif number < memories_held:
            memory = Session(number).memories(1)[0]
            found.append(Asked(memory.queries[turn // 2 % 2], memory.id))
    return found

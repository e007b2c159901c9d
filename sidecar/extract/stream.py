"""What can be said of a prompt before it is sent, and of an answer while it comes: lengths, repetitions, thoughts.

Texts only; nothing here knows a server.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sidecar.errors import AnswerCut, AnswerEmpty, AnswerRepeating, PromptTruncated
from sidecar.expressions import regex
from sidecar.records import dataclass

WINDOWS = (8192, 16384, 32768)
"""The windows that are asked for, in tokens.

Few, because a server loads the model anew for each other one.  The first holds a chunk of a session with its question
and answer; the last is what a laptop has the memory for.
"""

_TEMPLATE = 200
"""Tokens that the model's own template adds around two messages, generously."""

_TOKENS = regex(r"(?P<letters>[A-Za-z]+)|(?P<space>\s+)|(?P<other>.)", re.DOTALL)


def most_tokens(text: str) -> int:
    """A number of tokens that a text hardly exceeds, for any tokenizer in use.

    Words in Latin letters have a token for each three characters or fewer tokens, white space likewise; anything else,
    such as digits, signs and other scripts, may have one for each character.  Prose comes out at half as much again as
    it really has.
    """
    count = 0
    for found in _TOKENS.finditer(text):
        length = found.end() - found.start()
        count += 1 if found.lastgroup == "other" else -(-length // 3) if found.lastgroup == "letters" else length // 3
    return count


def least_tokens(text: str) -> int:
    """A number of tokens that a text certainly has: no tokenizer in use joins words over the space between them.

    A tenth is left for those that might.
    """
    return len(text.split()) * 9 // 10


def window(prompt: int, answer: int, longest: int | None) -> int | None:
    """The window for a prompt and an answer of so many tokens; None if none is large enough.

    `longest` is what the model was made for: asked for more, a server silently takes that.
    """
    needed = prompt + answer + _TEMPLATE
    for size in WINDOWS:
        if longest is not None and size >= longest:
            return longest if needed <= longest else None
        if needed <= size:
            return size
    return None


def without_thoughts(text: str) -> str:
    """An answer without the thoughts that some models put before it in `<think>…</think>`.

    Some leave out the opening mark, which then stands in their template.  A mark inside the JSON is part of it.
    """
    text = text.strip()
    if text.startswith(("{", "[")):
        return text
    thoughts, mark, rest = text.partition("</think>")
    if mark:
        return rest.strip()
    return "" if thoughts.startswith("<think>") else text


_PROBE = 48
"""Characters by which an earlier occurrence of the end is looked for."""
_LONGEST_UNIT = 1500
"""Characters of the longest unit whose repetition is noticed: an item of a list has some hundred."""
_TIMES = 4
"""Repetitions in a row that no honest answer has ..."""
_SHORTEST_LOOP = 240
"""... if they are this long together: rulers and indentation are shorter."""
_STEP = 128
"""Characters that come in between two looks."""


def repeats_itself(text: str) -> bool:
    """Whether a text ends with the same thing again and again, letter by letter."""
    before = text.rfind(text[-_PROBE:], max(0, len(text) - _LONGEST_UNIT - _PROBE), len(text) - 1)
    if len(text) < _SHORTEST_LOOP or before < 0:
        return False
    unit = len(text) - _PROBE - before
    times = max(_TIMES, -(-_SHORTEST_LOOP // unit))
    return text.endswith(text[-unit:] * times)


@dataclass(frozen=True, slots=True)
class Ending:
    """What the last piece of an answer says of the whole; counts are tokens, 0 where the server does not say."""

    read: int
    """Of the prompt."""
    said: int
    """Of the answer."""
    reason: str | None


class Collected:
    """An answer as it comes in, with a bound on its length."""

    def __init__(self, model: str, *, most: int) -> None:
        """`most` is characters, of what is said and of what is thought, each."""
        self._model = model
        self._most = most
        self._said = _Text()
        self._thought = _Text()

    def add(self, said: str, thought: str) -> None:
        """Take the next piece.  Raises AnswerRepeating and AnswerCut, with which the rest is not worth waiting for."""
        for text, piece in ((self._said, said), (self._thought, thought)):
            if piece and text.add(piece):
                raise self._stopped(AnswerRepeating(model=self._model))
            if len(text.text) > self._most:
                raise self._stopped(AnswerCut(model=self._model, why=f"it is longer than {self._most} characters"))

    def whole(self, ending: Ending | None, *, window: int, least: int, from_cache: Callable[[int], bool]) -> str:
        """The answer without its thoughts, if it is all of it, and an answer to all of the prompt.

        `ending` is None if it broke off; `window` is what was asked for, and `least` what the prompt has at least, both
        in tokens.  `from_cache` is asked where too few were read: whether the rest had been read before.  Raises
        AnswerCut, AnswerEmpty and PromptTruncated.
        """
        if ending is None:
            raise AnswerCut(model=self._model, why="it stopped without an end")
        if ending.read and ending.read + ending.said >= window:
            raise PromptTruncated(model=self._model, why=f"with its answer it filled the window of {window} tokens")
        if 0 < ending.read < least and not from_cache(ending.read):
            raise PromptTruncated(model=self._model, why=f"only {ending.read} tokens of it were read")
        if ending.reason == "length":
            why = f"it ran into its limit after {ending.said} tokens"
            raise self._stopped(AnswerCut(model=self._model, why=why))
        text = without_thoughts(self._said.text)
        if not text:
            raise AnswerEmpty(model=self._model)
        return text

    def _stopped(self, error: AnswerRepeating | AnswerCut) -> AnswerRepeating | AnswerCut:
        error.so_far = without_thoughts(self._said.text)
        return error

    @property
    def size(self) -> int:
        """Characters that came in so far, with thoughts."""
        return len(self._said.text) + len(self._thought.text)


class _Text:
    def __init__(self) -> None:
        self.text = ""
        self._seen = 0

    def add(self, piece: str) -> bool:
        """Append; whether the whole now repeats itself."""
        self.text += piece
        if len(self.text) - self._seen < _STEP:
            return False
        self._seen = len(self.text)
        return repeats_itself(self.text)

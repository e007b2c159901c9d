"""The tokens of a text word by word, remembered: most words of a text have been seen before.

Where a tokenizer cuts a text at blanks and punctuation first, and then each word by itself, the tokens of a text are
those of its words.  To look them up takes a sixth of what cutting the text anew does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

_MOST_WORDS = 8_192
"""Words that are remembered; with more all are forgotten.  They take some two megabytes."""

_LONGEST = 64
"""Characters of a word that is remembered: a longer one is a hash or base64, which does not come again."""

_WORD = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")
_NOT_PLAIN = r"[^\t\n\r -~]"
"""What is not ASCII is cut by other rules, and control characters are no blanks: they vanish within a word."""

Encode = Callable[[Sequence[str]], list[list[int]]]


class WordPieces:
    """Cuts texts as `encode` does, which must cut as BERT does: in lower case, at blanks, and at each sign.

    `whole`: what `encode` takes for a token wherever it stands in a text.  For one thread at a time.
    """

    def __init__(self, encode: Encode, whole: Iterable[str]) -> None:
        self._encode = encode
        self._odd = re.compile("|".join([_NOT_PLAIN, *map(re.escape, sorted(whole))]), re.IGNORECASE)
        self._known: dict[str, list[int]] = {}

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of each text's tokens."""
        odd = [text for text in texts if self._odd.search(text)]
        if odd:
            cut = dict(zip(odd, self._encode(odd), strict=True))
            return [cut[text] if text in cut else self._of_words([_words(text)])[0] for text in texts]
        return self._of_words([_words(text) for text in texts])

    def _of_words(self, texts: Sequence[list[str]]) -> list[list[int]]:
        """The same of plain texts, of which the words are given."""
        known = self._held({word for words in texts for word in words})
        return [[token for word in words for token in known[word]] for words in texts]

    def _held(self, words: set[str]) -> dict[str, list[int]]:
        """The tokens of some words, and of others."""
        missing = sorted(words.difference(self._known))
        if not missing:
            return self._known
        if len(self._known) + len(missing) > _MOST_WORDS:
            self._known, missing = {}, sorted(words)
        fresh = dict(zip(missing, self._encode(missing), strict=True))
        kept = {word: tokens for word, tokens in fresh.items() if len(word) <= _LONGEST}
        self._known.update(kept)
        return self._known if len(kept) == len(fresh) else {**self._known, **fresh}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())

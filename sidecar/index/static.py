"""Static embeddings: a tokenizer, and a vector for each of its tokens; the only module that knows tokenizers.

Models are folders as model2vec writes them (https://github.com/MinishLab/model2vec): `config.json`, `tokenizer.json`,
`model.safetensors`.  The vectors are what model2vec 0.10 makes of the same folder.  That library itself is not used:
beside this look-up it imports a pool of processes and a progress bar, and reads the vocabulary and the tokenizer twice
(docs/decisions/0013-what-a-start-costs.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from sidecar.index.tensors import mapped
from sidecar.index.wordpieces import WordPieces

Vectors = NDArray[np.float32]

_MOST_TOKENS = 512
"""Tokens of a text that count, where the model's own settings do not say (model2vec's default)."""

_FEW_TEXTS = 32
"""Words of a question, or what an answer may be chosen from; of more, documents, the words are too many to remember."""

_TOKENS_AT_ONCE = 2_048
"""Whose vectors are looked up together: two megabytes of them."""


class StaticModel:
    """A model in memory; safe to use from one thread at a time."""

    def __init__(self, folder: Path, *, copied: bool, lighter: Collection[str], weight: float) -> None:
        """Read it.  Raises OSError, ValueError, KeyError, TypeError, and of the tokenizer bare `Exception`.

        `copied`: not as pages of the file, for somebody else's file may be cut short while it is in use.  `lighter`:
        tokens that count for this share of their weight.
        """
        # A query is a few words: threads to cut them cost more than the cutting, above all on a busy machine.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        config = json.loads((folder / "config.json").read_bytes())
        arrays = mapped(folder / "model.safetensors")
        if copied:
            arrays = {name: array.copy() for name, array in arrays.items()}
        self._table, self._mapping = arrays["embeddings"], arrays.get("mapping")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._most: int | None = config.get("max_length", _MOST_TOKENS)
        self._unknown = _unknown(self._tokenizer)
        whole = [token.content for token in self._tokenizer.get_added_tokens_decoder().values()]
        self._cut = WordPieces(self._encoded, whole) if _by_words(self._tokenizer) else self._encoded
        tokens = self._tokenizer.get_vocab_size()
        if len(self._table if self._mapping is None else self._mapping) != tokens:
            raise ValueError(f"it has not one vector for each of its {tokens} tokens")
        self._weights = _weights(arrays.get("weights"), tokens)
        numbers = (self._tokenizer.token_to_id(token) for token in sorted(lighter))
        self._weights[[number for number in numbers if number is not None]] *= np.float32(weight)

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        return int(self._table.shape[1])

    def means(self, texts: Sequence[str]) -> Vectors:
        """The mean of each text's tokens, a row each; zero for a text without any that is known."""
        tokens = self._tokens(texts, self._most)
        counts = np.array([max(1, len(each)) for each in tokens], np.float32)
        found = self._sums(tokens)
        found /= counts[:, None]
        return found

    def weighted(self, words: Mapping[str, float]) -> Vectors:
        """The sum of the tokens of some words, however many they are, each times what its word weighs."""
        sums = self._sums(self._tokens(list(words), None))
        found: Vectors = np.einsum("i,ij->j", np.array(list(words.values()), np.float32), sums)
        return found

    def _sums(self, found: Sequence[list[int]]) -> Vectors:
        sums = np.zeros((len(found), self.dimensions), np.float32)
        begin = 0
        while begin < len(found):
            end, count = begin + 1, len(found[begin])
            while end < len(found) and count + len(found[end]) <= _TOKENS_AT_ONCE:
                count, end = count + len(found[end]), end + 1
            rows, first = self._rows([token for tokens in found[begin:end] for token in tokens]), 0
            for place in range(begin, end):
                last = first + len(found[place])
                np.add.reduce(rows[first:last], axis=0, out=sums[place])
                first = last
            begin = end
        return sums

    def _tokens(self, texts: Sequence[str], most: int | None) -> list[list[int]]:
        """The numbers of the first tokens of each text, but for those that stand for what is not known."""
        found = self._cut(texts) if len(texts) <= _FEW_TEXTS else self._encoded(texts)
        return [[token for token in each[:most] if token != self._unknown] for each in found]

    def _encoded(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [each.ids for each in encoded]

    def _rows(self, tokens: list[int]) -> Vectors:
        places = np.array(tokens, np.intp)
        held = places if self._mapping is None else self._mapping[places]
        rows: Vectors = self._table.take(held, axis=0) * self._weights.take(places)[:, None]
        return rows


def _weights(own: NDArray[Any] | None, tokens: int) -> Vectors:
    """The model's own weights of its tokens, 1 where it has none; to be written to."""
    return np.ones(tokens, np.float32) if own is None else own.astype(np.float32)


def _unknown(tokenizer: Tokenizer) -> int | None:
    """The token that stands for whatever is not known, if the tokenizer has one."""
    model: Any = tokenizer.model
    if hasattr(model, "unk_token"):
        return None if model.unk_token is None else tokenizer.token_to_id(model.unk_token)
    found: int | None = json.loads(tokenizer.to_str())["model"].get("unk_id")  # of the kind Unigram
    return found


def _by_words(tokenizer: Tokenizer) -> bool:
    """Whether it cuts as BERT's do, in lower case: then a text's tokens are those of its words."""
    normalizer, cut, model = (
        type(part).__name__ for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.model)
    )
    if (normalizer, cut, model) != ("BertNormalizer", "BertPreTokenizer", "WordPiece"):
        return False
    own: Any = tokenizer.normalizer
    return bool(own.lowercase and own.clean_text)

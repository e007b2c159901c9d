"""Tokens looked up word by word are those that the tokenizer makes of the text as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from sidecar.index.vectors import BUNDLED_FOLDER
from sidecar.index.wordpieces import WordPieces

_LATER = 10_000
"""Words that cannot all be remembered."""

Encode = Callable[[Sequence[str]], list[list[int]]]


@pytest.fixture(scope="module")
def encode() -> Encode:
    tokenizer = Tokenizer.from_file(str(BUNDLED_FOLDER / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda texts: [each.ids for each in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]


@pytest.fixture(scope="module")
def pieces(encode: Encode) -> WordPieces:
    return WordPieces(encode, ["[PAD]", "[UNK]"])


_TEXTS = st.one_of(
    st.text(st.characters(max_codepoint=127), max_size=80),
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            [
                "[PAD]",
                "[UNK]",
                "[pad]",
                "pnpm-lock.yaml",
                "HTTPServer2",
                "don't",
                "naïve",
                "東京",
                "\x01",
                "\x0b",
                "\x7f",
                " ",
                "\n",
            ]
        )
    ).map("".join),
)


@settings(max_examples=150, deadline=None)
@given(texts=st.lists(_TEXTS, max_size=4))
def test_texts_are_cut_as_the_tokenizer_does(pieces: WordPieces, encode: Encode, texts: list[str]) -> None:
    assert pieces(texts) == (encode(texts) if texts else [])


def test_what_was_cut_is_looked_up(encode: Encode) -> None:
    asked: list[str] = []

    def counted(texts: Sequence[str]) -> list[list[int]]:
        asked.extend(texts)
        return encode(texts)

    pieces = WordPieces(counted, [])
    hash_of_something = "deadbeef" * 12
    first = pieces(["the quick fox", f"the fox {hash_of_something}"])
    asked.clear()
    assert pieces(["The quick FOX", f"the fox {hash_of_something}"]) == first
    assert asked == [hash_of_something]  # too long to be worth remembering


def test_more_words_than_are_remembered_are_still_right(encode: Encode) -> None:
    pieces = WordPieces(encode, [])
    texts = [f"word{number} and word{number + 1}" for number in range(_LATER)]
    for begin in range(0, _LATER, 2_000):
        portion = texts[begin : begin + 2_000]
        assert pieces(portion) == encode(portion)
    assert pieces(texts[:10]) == encode(texts[:10])

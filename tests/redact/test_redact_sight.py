"""One pass finds what a search for each word by itself would find."""

import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redact.findings import Finding, lowered
from sidecar.redact.repeats import Repeats
from sidecar.redact.sight import Needles, Sight, Spellings, in_order

WORDS = ("pass", "password", "ss", "akia", "://", "пароль", "key")
NEEDLES = Needles(WORDS)
PIECES = st.sampled_from(["PassWord", "passs", "AKIA", "http://", "Пароль", "ke", "y", " ", "İ", "\ud83d", "K", "é"])
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=30).map("".join)


def naive(text: str, word: str) -> list[int]:
    return [at for at in range(len(text)) if text.startswith(word, at)]


def sight(text: str) -> Sight:
    return Sight(text, lowered(text), NEEDLES)


def test_lower_case_has_the_same_length() -> None:
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    assert len(lowered(every)) == len(every)
    assert all(len(lowered(one)) == 1 for one in every)


@settings(deadline=None)
@given(TEXTS)
def test_every_place_of_every_word(text: str) -> None:
    seen = sight(text)
    for word in WORDS:
        assert list(seen.at(word)) == naive(lowered(text), word)
    assert list(seen.exactly("AKIA")) == naive(text, "AKIA")
    assert list(seen.any_of(frozenset(WORDS))) == sorted({at for word in WORDS for at in naive(lowered(text), word)})


@settings(deadline=None)
@given(st.integers(-12, 12), st.sampled_from(WORDS), st.sampled_from("xé"))
def test_words_across_the_seam_of_two_pieces(shift: int, word: str, filler: str) -> None:
    text = filler * ((1 << 16) + shift) + word + filler
    assert list(NEEDLES.places(text)[word]) == [(1 << 16) + shift]


def test_places_of_several_words_are_one_row() -> None:
    assert list(in_order([[1, 70_000, 140_000], [0, 1, 70_001]])) == [0, 1, 70_000, 70_001, 140_000]
    assert list(in_order([])) == []


def test_needles_that_differ_in_case_keep_their_order() -> None:
    assert sight("xx akia password").among(Spellings(["PASS", "key", "AKIA", "pass"])) == ["PASS", "AKIA", "pass"]


def test_values_with_lone_surrogates_are_found_again() -> None:
    values = Repeats()
    values.add([Finding("password", 0, 10)], "ab\ud83dcd9!xyz")
    assert [found.start for found in values.find("say ab\ud83dcd9!xyz and ab\ufffdcd9!xyz")] == [4]

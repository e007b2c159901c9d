"""Code-like words are found whole and in parts; no script and no character breaks it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.index import STOP_WORDS, lexical, stems, term_shares, tokens
from sidecar.index.tokens import LONGEST


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price_minor", {"price_minor", "price", "minor"}),
        ("ch01", {"ch01"}),
        ("v0.4.2", {"v0.4.2", "0.4.2"}),
        ("`make ship-stage`", {"make", "ship-stage", "ship", "stage"}),
        ("src/app.ts", {"src/app.ts", "src", "app.ts", "app", "ts"}),
        ("fetchUserData", {"fetchuserdata", "fetch", "user", "data"}),
        ("HTTPServer", {"httpserver", "http", "server"}),
        ("localhost:5432", {"localhost:5432", "localhost", "5432"}),
        ("listens on :8080", {"listens", "8080"}),
        ("C++ and C#", {"c++", "c#"}),
        ("Ines's laptop", {"ines", "laptop"}),
        ("Straße, Bücher, café", {"strasse", "bucher", "cafe"}),
        ("プロジェクト", {"プロ", "ロジ", "ジェ", "ェク", "クト"}),
        ("東京でpnpm", {"東京", "京で", "pnpm"}),
        ("猫", {"猫"}),
        ("한국어", {"한국", "국어"}),
    ],
)
def test_parts(text: str, expected: set[str]) -> None:
    assert expected <= set(tokens(text))


def test_stop_words_are_left_out_contracted_ones_too() -> None:
    assert tokens("What do we not do? Don't, we're the ones who can't.") == []


def test_the_parts_of_a_word_share_its_weight() -> None:
    shares = term_shares("Which port has shop-api? The api listens, pnpm too.")
    assert shares["shop-api"] == shares["shop"] == pytest.approx(1 / 3)
    assert shares["api"] == shares["pnpm"] == shares["port"] == 1
    assert list(shares) == list(dict.fromkeys(stems("Which port has shop-api? The api listens, pnpm too.")))
    assert set(term_shares("プロジェクト").values()) == {1}, "pairs are no parts of one word: each tells something else"


@settings(deadline=None)
@given(st.text(max_size=80))
def test_every_term_has_a_share(text: str) -> None:
    shares = term_shares(text)
    assert shares.keys() == set(stems(text))
    assert all(0 < share <= 1 for share in shares.values())


def test_an_order_of_words_is_kept_with_repetitions() -> None:
    assert tokens("build test build") == ["build", "test", "build"]


def test_a_hash_longer_than_the_limit_is_no_token() -> None:
    assert tokens("x" + "0a" * LONGEST) == []


def test_stems_join_the_forms_of_a_word() -> None:
    assert stems("migrations migrating migrated") == ["migrat"] * 3


@pytest.mark.parametrize("text", ["", " ", '" : * \\ ( ) ^ ~', "...", "___", "\x00", "\ud800", "🙂🙂"])
def test_nothing_gives_nothing(text: str) -> None:
    assert tokens(text) == []


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_clean_tokens(text: str) -> None:
    for token in tokens(text):
        assert token
        assert not any(character.isspace() for character in token)
        assert token not in STOP_WORDS


@settings(deadline=None)
@given(st.text())
def test_upper_case_asks_for_the_same(text: str) -> None:
    if text.isascii() and text.isalpha():
        assert tokens(text.lower()) == tokens(text.upper())


@settings(deadline=None)
@given(st.text(alphabet="abcXYZ09._/@+#'’~- \n\\é日本語한국ไทยﬁİß", max_size=40))
def test_terms_of_a_text_are_those_of_its_words_one_by_one(text: str) -> None:
    """So each word needs to be taken apart but once, whatever stands around it."""
    assert stems(text) == list(lexical._stemmer().analyze(" ".join(tokens(text))))

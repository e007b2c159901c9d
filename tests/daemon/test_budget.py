"""A budget keeps the best that fits, and says what it left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidecar.daemon.budget import TOKEN_CHARACTERS, within
from sidecar.model import Hit, ProfileRef


def hits(*lengths: int) -> list[Hit]:
    profile = ProfileRef("local", "web")
    return [Hit(f"h{n}", "memory", profile, 1.0 / (n + 1), "x" * length, "x") for n, length in enumerate(lengths)]


def test_without_a_budget_all_is_kept_and_nothing_is_said() -> None:
    fitted = within(hits(4000, 4000), None)
    assert len(fitted.kept) == 2
    assert fitted.notes == []


def test_what_does_not_fit_is_named_and_bars_nothing_behind_it() -> None:
    fitted = within(hits(40, 400, 20), 15)
    assert [hit.id for hit in fitted.kept] == ["h0", "h2"]
    assert fitted.notes == ["budget: 1 of 3 candidates left out, 100 tokens: h1"]


def test_of_many_left_out_some_are_named() -> None:
    (note,) = within(hits(*[401] * 8), 1).notes
    assert note == "budget: 8 of 8 candidates left out, 808 tokens: h0, h1, h2, h3, h4 and 3 more"


@given(st.lists(st.integers(0, 500), max_size=30), st.integers(1, 2000))
def test_nothing_is_lost_and_the_budget_holds(lengths: list[int], budget: int) -> None:
    found = hits(*lengths)
    fitted = within(found, budget)
    assert sum(len(hit.content) for hit in fitted.kept) <= budget * TOKEN_CHARACTERS
    assert sorted(hit.id for hit in (*fitted.kept, *fitted.left_out)) == sorted(hit.id for hit in found)
    assert [hit for hit in found if hit in fitted.kept] == list(fitted.kept)

"""Golden files, damaged at random: readers give messages or an error of ours, and the same ones every time."""

import random

import pytest
from fuzzing import check_damaged, corpus
from hypothesis import given, settings
from hypothesis import strategies as st

CORPUS = corpus()


@pytest.mark.parametrize("agent", sorted(CORPUS))
@settings(max_examples=25, deadline=None)
@given(data=st.data(), chance=st.randoms(use_true_random=False))
def test_damaged_files(agent: str, data: st.DataObject, chance: random.Random) -> None:
    check_damaged(data.draw(st.sampled_from(CORPUS[agent])), chance)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("agent", sorted(CORPUS))
def test_hundreds_of_damaged_files(agent: str) -> None:
    """What a short pass of `scripts/fuzz_readers.py` does."""
    chance = random.Random(20260304)
    for _ in range(1000):
        check_damaged(chance.choice(CORPUS[agent]), chance)

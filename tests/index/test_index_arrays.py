"""The small questions to arrays give what numpy's own ways give."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sidecar.index.arrays import distinct, foremost


@given(st.lists(st.integers(-3, 9), max_size=30))
def test_values_come_once_and_in_order(values: list[int]) -> None:
    assert distinct(np.array(values, np.intp)).tolist() == sorted(set(values))


@given(st.lists(st.integers(-2, 3), max_size=30), st.integers(0, 9))
def test_of_equal_scores_the_first_come_first(scores: list[int], most: int) -> None:
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:most]
    assert foremost(np.array(scores, np.float32), most).tolist() == expected

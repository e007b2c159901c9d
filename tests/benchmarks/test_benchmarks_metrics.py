from __future__ import annotations

import math

import pytest

from benchmarks.metrics import NAMES, mean, percentile, score

GOOD = ["a", "b", "c", "d", "e", "f", "g"]


def test_the_three_figures_that_are_all_called_recall() -> None:
    found = score(GOOD, {"a", "f", "missing"})
    assert (found["any@1"], found["rec@1"], found["all@1"]) == (1, pytest.approx(1 / 3), 0)
    assert (found["any@5"], found["rec@5"], found["all@5"]) == (1, pytest.approx(1 / 3), 0)
    assert (found["any@10"], found["rec@10"], found["all@10"]) == (1, pytest.approx(2 / 3), 0)
    assert score(GOOD, {"a", "f"})["all@10"] == 1
    assert score(GOOD, {"f"})["any@5"] == 0


def test_the_reciprocal_rank_is_that_of_the_first_wanted_one() -> None:
    assert score(GOOD, {"c", "d"})["mrr"] == pytest.approx(1 / 3)
    assert score(GOOD, {"missing"})["mrr"] == 0
    assert score([], {"a"})["mrr"] == 0


def test_the_gain_is_discounted_by_rank_and_cut_at_ten() -> None:
    assert score(GOOD, {"a", "b"})["ndcg@10"] == 1
    assert score(GOOD, {"b"})["ndcg@10"] == pytest.approx(1 / math.log2(3))
    both = score(GOOD, {"a", "c"})["ndcg@10"]
    assert both == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3)))
    assert score([str(number) for number in range(11)], {"10"})["ndcg@10"] == 0


def test_more_wanted_ones_than_ten_can_still_be_perfect() -> None:
    ranking = [str(number) for number in range(12)]
    assert score(ranking, set(ranking))["ndcg@10"] == pytest.approx(1)


def test_a_score_has_every_figure_and_needs_a_wanted_document() -> None:
    assert tuple(score(GOOD, {"a"})) == NAMES
    with pytest.raises(ValueError, match="without a wanted document"):
        score(GOOD, set())


def test_questions_count_the_same_in_the_mean() -> None:
    assert mean([score(GOOD, {"a"}), score(GOOD, {"missing"})])["rec@10"] == 0.5
    assert mean([]) == {}


def test_percentiles_are_values_that_were_measured() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0, 0.5, 0.75, 0.95)] == [1, 2, 3, 4]
    assert percentile([], 0.5) == 0

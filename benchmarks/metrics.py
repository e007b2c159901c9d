"""How good a ranking is, by the documents that it should have had.

Published "R@5" figures mean any of three things, so each has a name of its own here: `any@k` is 1 if one wanted
document is among the first k, `rec@k` the share of the wanted ones that are, `all@k` is 1 if every one is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence

CUTS = (1, 5, 10, 20)
"""The k of any@k, rec@k and all@k."""

DEEPEST = max(CUTS)
NDCG_CUT = 10

NAMES = (*(f"{name}@{k}" for k in CUTS for name in ("any", "rec", "all")), "mrr", f"ndcg@{NDCG_CUT}")
"""Every figure of `score`, in the order in which tables show them."""


def score(ranking: Sequence[Hashable], gold: Collection[Hashable]) -> dict[str, float]:
    """All figures of one ranking, best first and each document once.  `gold` must not be empty."""
    wanted = set(gold)
    if not wanted:
        raise ValueError("a ranking without a wanted document has no score")
    found: dict[str, float] = {}
    for k in CUTS:
        hits = len(wanted.intersection(ranking[:k]))
        found |= {f"any@{k}": float(hits > 0), f"rec@{k}": hits / len(wanted), f"all@{k}": float(hits == len(wanted))}
    found["mrr"] = next((1 / rank for rank, document in enumerate(ranking, 1) if document in wanted), 0.0)
    gains = [_gain(rank) for rank, document in enumerate(ranking[:NDCG_CUT], 1) if document in wanted]
    best = [_gain(rank) for rank in range(1, min(NDCG_CUT, len(wanted)) + 1)]
    found[f"ndcg@{NDCG_CUT}"] = sum(gains) / sum(best)
    return found


def _gain(rank: int) -> float:
    return 1 / math.log2(rank + 1)


def mean(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each figure, every question counting the same."""
    return {name: sum(one[name] for one in scores) / len(scores) for name in scores[0]} if scores else {}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed; 0 of none."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else 0.0

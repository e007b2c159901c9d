"""What keeps recall from growing slower unnoticed: ratios of CPU time and of sizes on a small home, against a baseline.

Seconds differ from machine to machine; how many times the engines' own work a recall takes, how much dearer one is in a
home four times as large, and what the index takes beside the text, differ little.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import bulk, synthetic
from benchmarks.bulk import PROFILE
from benchmarks.metrics import percentile
from benchmarks.scale import engines, size_of
from benchmarks.weight import by_kind
from sidecar.recall import Recall, RecallRequest

BASELINE = Path(__file__).with_name("guard.json")
MARGIN = 2.0
"""How many times its baseline a ratio may be: less would fail on a busy machine, more would let a doubling pass."""

SMALL, LARGE = 500, 2_000
_QUESTIONS, _ROUNDS = 24, 3


def ratios(folder: Path) -> Mapping[str, float]:
    """All ratios, measured in homes below a folder."""
    small, _, _ = _measured(folder / "small", SMALL)
    large, alone, of_text = _measured(folder / "large", LARGE)
    return {"recall / engines": large / alone, "four times as much": large / small, "index / text": of_text}


def too_high(found: Mapping[str, float], baseline: Mapping[str, float]) -> Mapping[str, float]:
    """The ratios that are beyond the margin."""
    return {name: value for name, value in found.items() if value > MARGIN * baseline[name]}


def baseline() -> Mapping[str, float]:
    """What is committed."""
    found: Mapping[str, float] = json.loads(BASELINE.read_bytes())
    return found


def keep(found: Mapping[str, float]) -> None:
    """Make some ratios the baseline."""
    rounded = {name: round(value, 3) for name, value in found.items()}
    BASELINE.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def _measured(home: Path, documents: int) -> tuple[float, float, float]:
    """CPU milliseconds of a recall and of the engines alone, and the index's bytes by those of the text."""
    size = size_of(documents)
    text = bulk.fill(home, size, lambda _: None)
    bulk.index(home)
    index_bytes = sum(by_kind(home / "cache").values())
    asked = synthetic.questions(_QUESTIONS, size.memories, size.messages)
    with bulk.opened(home) as parts:
        recall = Recall(parts.index)
        whole = [partial(recall, RecallRequest(one.text, (PROFILE,))) for one in asked]
        alone = [partial(engines, parts.index, one.text) for one in asked]
        return _typical(whole), _typical(alone), index_bytes / text


def _typical(calls: Sequence[Callable[[], object]]) -> float:
    """The median over the calls of the least CPU milliseconds that each took."""
    rounds = [[_cpu(call) for call in calls] for _ in range(_ROUNDS + 1)][1:]  # the first one warms up
    return percentile([float(least) for least in np.min(rounds, axis=0)], 0.5)


def _cpu(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return (time.process_time() - begun) * 1000

"""Memories know their messages by session and second, without a list of ids."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from index_builders import WEB, Held, at, memory, message
from numpy.typing import NDArray

from sidecar.index import Filters, Index
from sidecar.model import MemoryType, Source


def _rows(index: Index) -> dict[str, int]:
    block = index.view.memories.blocks[next(iter(index.view.memories.blocks))]
    rows = [int(row) for row in block.column("row")[block.alive]]
    return {held.id: row for row, held in index.view.fetch_memories(rows).items()}


def _said(session: str) -> Source:
    return Source("transcript", "codex", session, "user")


def test_the_nearness_of_a_source_is_that_of_its_message(index: Index) -> None:
    index.sync(
        Held(
            [
                memory("A", "It is slow.", source=_said("s1"), observed=at(1)),
                memory("B", "It is slow.", source=_said("s2"), observed=at(1)),
                memory("C", "It is slow.", source=_said("s1"), observed=at(3)),
            ],
            [
                message(1, "the calendar is slow", session="s1", time=at(1)),
                message(2, "the weather is fine", session="s1", time=at(2)),
            ],
        )
    )
    vector, rows = index.embedder.encode(["the calendar is slow"])[0], _rows(index)
    found = _source_cosines(index, vector)
    assert found.pop(rows["A"]) == pytest.approx(1.0, abs=0.01)
    assert np.isnan(list(found.values())).all(), "another session and another second are not its own"


def _source_cosines(index: Index, vector: NDArray[np.float32]) -> dict[int, float]:
    """By row."""
    block = index.view.memories_of(WEB)
    assert block is not None
    rows = [int(row) for row in block.column("row")]
    return dict(zip(rows, index.view.source_cosines(WEB, vector, block.places(rows)).tolist(), strict=True))


def test_a_message_that_went_is_nobodys_source(index: Index) -> None:
    held = Held(
        [memory("A", "It is slow.", source=_said("s1"), observed=at(1))],
        [message(1, "the calendar is slow", session="s1", time=at(1))],
    )
    index.sync(held)
    held.changes.append(message(2, "the calendar is slow", id="m1", session="s1", time=at(1), forgotten=True))
    index.sync(held)
    vector = index.embedder.encode(["the calendar is slow"])[0]
    assert np.isnan(list(_source_cosines(index, vector).values())).all()


def test_what_has_no_vector_is_found_by_its_source(index: Index) -> None:
    index.sync(
        Held(
            [
                memory("T", "redo it", type=MemoryType.TASK, source=_said("s1"), observed=at(1)),
                memory("U", "redo it", type=MemoryType.TASK, source=_said("s1"), observed=at(2)),
                memory("F", "redo it", source=_said("s1"), observed=at(1)),
            ],
            [
                message(1, "the calendar is slow", session="s1", time=at(1)),
                message(2, "bread needs flour", session="s1", time=at(2)),
            ],
        )
    )
    vector, rows = index.embedder.encode(["a slow calendar"])[0], _rows(index)
    tasks = Filters(types=("task",))
    assert _near(index, vector, tasks, 1) == ([rows["T"]], [True]), "found by its source, without a vector of its own"
    assert _near(index, vector, Filters(types=("fact",)), 9) == ([rows["F"]], [False])
    assert _near(index, np.zeros_like(vector), tasks, 9) == ([], [])
    assert _near(index, np.zeros_like(vector), tasks, 9, others=[0]) == ([rows["F"]], [False])


def _near(
    index: Index, vector: NDArray[np.float32], filters: Filters, limit: int, others: Sequence[int] = ()
) -> tuple[list[int], list[bool]]:
    """The rows that are near, and of each whether it has no vector."""
    block = index.view.memories_of(WEB)
    assert block is not None
    places, cosines = index.view.near_memories(WEB, vector, filters, limit, np.array(others, np.intp))
    return block.column("row")[places].tolist(), np.isnan(cosines).tolist()


def test_an_empty_index_has_no_sources(index: Index) -> None:
    vector = index.embedder.encode(["a slow calendar"])[0]
    assert np.isnan(index.view.source_cosines(WEB, vector, np.array([1]))).all()
    assert not len(index.view.near_memories(WEB, vector, Filters(), 9, np.zeros(0, np.intp))[0])

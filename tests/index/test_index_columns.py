"""The columns keep exactly the living rows, in memory and on disk, whatever the order of changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors import IndexUnusable
from sidecar.index.block import CURRENT, Block, Rows
from sidecar.index.columns import NEVER, ColumnLog, ColumnRow, apply, rows_of

DIMENSIONS = 4


def _row(number: int, profile: int) -> ColumnRow:
    return ColumnRow(number, profile, number * 3, number * 10, NEVER, number % 4, CURRENT)


def _records(numbers: list[int]) -> Rows:
    vectors = np.array([[number, 1, 0, 0.5] for number in numbers], np.float32).reshape(-1, DIMENSIONS)
    return rows_of([_row(number, number % 3) for number in numbers], vectors)


def _living(blocks: dict[int, Block]) -> dict[int, tuple[int, float]]:
    return {
        int(row): (profile, round(float(vector[0]), 2))
        for profile, block in blocks.items()
        for row, vector, alive in zip(block.column("row"), _vectors(block), block.alive, strict=True)
        if alive
    }


def _vectors(block: Block) -> np.ndarray:  # type: ignore[type-arg]
    return block.vectors(np.arange(block.size))


STEPS = st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 40), max_size=5)), max_size=12)


@given(STEPS)
def test_blocks_hold_what_was_added_and_not_removed(steps: list[tuple[int, list[int]]]) -> None:
    blocks: dict[int, Block] = {}
    expected: dict[int, tuple[int, float]] = {}
    following = 1
    for count, gone in steps:
        added = list(range(following, following + count))
        following += count
        earlier, then = blocks, _living(blocks)
        removed = [number for number in gone if number in expected]
        blocks = apply(blocks, _records(added), removed)
        expected = {row: held for row, held in expected.items() if row not in removed}
        expected |= {row: (row % 3, float(row)) for row in added}
        assert _living(blocks) == expected
        assert _living(earlier) == then, "who holds the blocks of before sees no change"
        for block in blocks.values():
            assert block.positions(sorted(expected)).keys() == {row for row in expected if row in _own(block)}


def _own(block: Block) -> set[int]:
    return {int(row) for row in block.column("row")[block.alive]}


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_the_log_gives_back_any_generation_that_was_written_last(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, list[int]]]
) -> None:
    log, blocks, following = ColumnLog(tmp_path_factory.mktemp("log")), {}, 1
    for generation, (count, gone) in enumerate(steps, 1):
        added = _records(list(range(following, following + count)))
        following += count
        blocks = apply(blocks, added, gone)
        log.write(generation, blocks, [added], gone)
        log.tidy(generation)
    assert _living(log.load(len(steps))) == _living(blocks)


def test_a_generation_that_is_missing_is_said(tmp_path: Path) -> None:
    log = ColumnLog(tmp_path)
    for generation in (1, 2, 3):
        added = _records([generation])
        log.write(generation, apply({}, added, ()), [added], ())
        log.tidy(generation)
    (tmp_path / "000000000002.rows").unlink()
    with pytest.raises(IndexUnusable):
        log.load(3)


def test_later_generations_are_dropped(tmp_path: Path) -> None:
    log = ColumnLog(tmp_path)
    for generation in (1, 2):
        added = _records([generation])
        log.write(generation, apply({}, added, ()), [added], ())
    assert set(_living(log.load(1))) == {1}
    assert [path.name for path in tmp_path.iterdir()] == ["000000000001.rows"]


@pytest.mark.parametrize("place", [0.2, 0.5, 0.99])
def test_a_damaged_or_cut_file_is_said(tmp_path: Path, place: float) -> None:
    log, added = ColumnLog(tmp_path), _records(list(range(1, 40)))
    log.write(1, apply({}, added, ()), [added], ())
    [path] = tmp_path.iterdir()
    whole = path.read_bytes()
    at = int(place * len(whole))
    for broken in (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole[:-1], whole + b"0"):
        path.write_bytes(broken)
        with pytest.raises(IndexUnusable):
            log.load(1)


def test_when_all_are_gone_the_log_can_be_begun_anew(tmp_path: Path) -> None:
    log, blocks = ColumnLog(tmp_path), {}
    for generation in range(1, 121):
        added = _records([generation] if generation < 60 else [])
        removed = [generation - 60] if generation >= 60 else []
        blocks = apply(blocks, added, removed)
        log.write(generation, blocks, [added], removed)
        log.tidy(generation)
        assert _living(log.load(generation)) == _living(blocks)
    assert _living(log.load(120)).keys() == set()


def test_vectors_survive_to_three_digits_and_more(tmp_path: Path) -> None:
    vectors = np.random.default_rng(3).normal(size=(5, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    added = rows_of([_row(number, 1) for number in range(1, 6)], vectors)
    log = ColumnLog(tmp_path)
    log.write(1, apply({}, added, ()), [added], ())
    assert np.allclose(_vectors(log.load(1)[1]), vectors, atol=3e-4)


def test_a_file_that_cannot_be_removed_is_told(tmp_path: Path) -> None:
    """Else the next commit would be laid down since itself."""
    log, blocks = ColumnLog(tmp_path), dict[int, Block]()
    log.load(0)
    for generation in (1, 2):
        added = _records([generation])
        blocks = apply(blocks, added, ())
        log.write(generation, blocks, [added], ())
        log.tidy(generation)
    first = min(tmp_path.iterdir())
    first.unlink()
    first.mkdir()
    with pytest.raises(IndexUnusable, match=first.name):
        log.rewrite(3, blocks)

"""Near rows are chosen by bytes: what comes out is what comparing all vectors gives, whatever is dead or forbidden."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.index.block import CURRENT, Block, Rows, greatest
from sidecar.index.codes import SLACK, candidates, products, quantised, wide
from sidecar.index.columns import NEVER, ColumnLog, ColumnRow, apply, records

DIMENSIONS = 256


def _vectors(seed: int, count: int) -> np.ndarray:  # type: ignore[type-arg]
    found = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def _rows(vectors: np.ndarray, first: int = 1) -> np.ndarray:  # type: ignore[type-arg]
    numbers = range(first, first + len(vectors))
    return records([ColumnRow(number, 1, number % 7, number, NEVER, 0, CURRENT) for number in numbers], vectors)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 4_000), limit=st.integers(1, 120), dead=st.integers(0, 3))
def test_the_nearest_are_those_of_the_vectors_themselves(seed: int, count: int, limit: int, dead: int) -> None:
    vectors = _vectors(seed, count)
    vectors[:: dead + 2] = vectors[0]  # ties, and in each test other ones
    vectors[1::5] = 0  # nothing is embedded
    block = Block.of(Rows.of(_rows(vectors)))
    query, allowed = _vectors(seed + 1, 1)[0], np.arange(count) % (dead + 1) == 0
    exact = np.where(allowed, block.cosines(query, np.arange(count)), -1).astype(np.float32)
    places, cosines = block.nearest(query, allowed, limit)
    assert places.tolist() == greatest(exact, limit).tolist()
    assert np.array_equal(cosines, exact[places])


def test_bytes_are_off_by_less_than_the_slack() -> None:
    vectors = _vectors(5, 3_000)
    codes, steps = quantised(vectors)
    query = _vectors(6, 1)[0]
    off = np.abs(products(codes, steps, query) - vectors @ query)
    assert off.max() < SLACK / 2


def test_halves_are_widened_exactly() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    assert np.array_equal(wide(halves).view(np.uint32), halves.astype(np.float32).view(np.uint32))
    columns = np.stack([halves, halves[::-1]], axis=1)[::3]
    assert np.array_equal(wide(columns), columns.astype(np.float32))


def test_hardly_more_than_the_wanted_ones_are_compared() -> None:
    scores = _vectors(7, 20_000) @ _vectors(8, 1)[0]
    assert 100 <= len(candidates(scores.astype(np.float32), 100)) < 400


def test_many_small_commits_are_merged_among_themselves(tmp_path: Path) -> None:
    """The large first file is left alone until the others have grown; what was removed stays so."""
    log, blocks, generation = ColumnLog(tmp_path), {}, 0

    def commit(added: np.ndarray, removed: tuple[int, ...]) -> None:  # type: ignore[type-arg]
        nonlocal blocks, generation
        generation += 1
        blocks = apply(blocks, Rows.of(added), removed)
        log.write(generation, blocks, added, removed)
        log.tidy(generation)

    commit(_rows(_vectors(1, 2_000)), ())
    written = (tmp_path / "000000000001.rows").stat().st_mtime_ns
    for number in range(130):
        commit(_rows(_vectors(number, 1), first=2_001 + number), (number + 1, 2_000 + number))
    assert (tmp_path / "000000000001.rows").stat().st_mtime_ns == written
    assert len(list(tmp_path.iterdir())) < 60
    loaded = log.load(generation)[1]
    assert loaded.column("row")[loaded.alive].tolist() == blocks[1].column("row")[blocks[1].alive].tolist()
    there = np.flatnonzero(loaded.alive)
    assert np.array_equal(loaded.vectors(there), blocks[1].living().vectors.astype(np.float32))
    for number in range(60):
        commit(_rows(_vectors(number, 20), first=3_000 + 20 * number), ())
    assert not (tmp_path / "000000000001.rows").exists(), "by now they hold more than a quarter of what it does"
    assert log.load(generation)[1].live == blocks[1].live

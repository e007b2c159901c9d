"""Near rows are chosen by bytes: what comes out is what comparing all vectors gives, whatever is dead or forbidden."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.index.block import CURRENT, Block, Rows, greatest
from sidecar.index.codes import SLACK, candidates, compared, exact, products, quantised
from sidecar.index.columns import NEVER, ColumnLog, ColumnRow, apply, rows_of

DIMENSIONS = 256


def _vectors(seed: int, count: int) -> np.ndarray:  # type: ignore[type-arg]
    found = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def _rows(vectors: np.ndarray, first: int = 1) -> Rows:  # type: ignore[type-arg]
    numbers = range(first, first + len(vectors))
    return rows_of([ColumnRow(number, 1, number % 7, number, NEVER, 0, CURRENT) for number in numbers], vectors)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 4_000), limit=st.integers(1, 120), dead=st.integers(0, 3))
def test_the_nearest_are_those_of_the_vectors_themselves(seed: int, count: int, limit: int, dead: int) -> None:
    vectors = _vectors(seed, count)
    vectors[:: dead + 2] = vectors[0]  # ties, and in each test other ones
    vectors[1::5] = 0  # nothing is embedded
    block = Block.of(_rows(vectors))
    query, allowed = _vectors(seed + 1, 1)[0], np.arange(count) % (dead + 1) == 0
    scores = np.where(allowed, block.cosines(query, np.arange(count)), -1).astype(np.float32)
    places, cosines = block.nearest(query, allowed, limit)
    assert places.tolist() == greatest(scores, limit).tolist()
    assert np.array_equal(cosines, scores[places])


@given(seed=st.integers(0, 10_000), dimensions=st.integers(1, 9), size=st.sampled_from([1e-6, 1.0, 1e4]))
def test_bytes_and_their_rests_give_vectors_back_to_half_a_fine_step(seed: int, dimensions: int, size: float) -> None:
    vectors = (np.random.default_rng(seed).normal(size=(6, dimensions)) * size).astype(np.float32)
    vectors[2] = 0
    codes, rests, steps = quantised(vectors)
    assert (codes.shape, rests.shape) == ((6, dimensions), (6, (dimensions + 1) // 2))
    again = exact(codes, rests, steps)
    assert not again[2].any()
    assert (np.abs(again - vectors) <= 0.51 * np.abs(vectors).max(axis=1, keepdims=True) / 2039).all()


@given(seed=st.integers(0, 10_000), dimensions=st.sampled_from([1, 5, 256, 257]), size=st.sampled_from([1e-6, 1.0]))
def test_bytes_are_compared_as_what_they_stand_for(seed: int, dimensions: int, size: float) -> None:
    chance = np.random.default_rng(seed)
    vectors = (chance.normal(size=(9, dimensions)) * size).astype(np.float32)
    vectors[4] = 0
    query = chance.normal(size=dimensions).astype(np.float32)
    held = quantised(vectors)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
    assert (np.abs(compared(*held, query) - exact(*held) @ query) <= 3e-5 * lengths).all()
    assert not compared(*held, np.zeros_like(query)).any()
    assert not len(compared(*(part[:0] for part in held), query))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 900), limit=st.integers(1, 60), dead=st.integers(0, 3))
def test_the_nearest_and_others_come_once_and_in_order(seed: int, count: int, limit: int, dead: int) -> None:
    block = Block.of(_rows(_vectors(seed, count)))
    query, allowed = _vectors(seed + 1, 1)[0], np.arange(count) % (dead + 1) == 0
    others = np.random.default_rng(seed).integers(0, count, 12)
    near, _ = block.nearest(query, allowed, limit)
    places, cosines = block.nearest_beside(query, allowed, limit, others)
    assert places.tolist() == sorted({*near.tolist(), *others.tolist()})
    assert np.array_equal(cosines, block.cosines(query, places))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 4_000), limit=st.integers(1, 120), dead=st.integers(0, 3))
def test_by_bytes_alone_the_nearest_are_so_within_the_slack(seed: int, count: int, limit: int, dead: int) -> None:
    block = Block.of(_rows(_vectors(seed, count)))
    query, allowed = _vectors(seed + 1, 1)[0], np.arange(count) % (dead + 1) == 0
    near, _ = block.nearest(query, allowed, limit)
    places, scores = block.nearly_nearest(query, allowed, limit)
    cosines = block.cosines(query, np.arange(count))
    assert np.abs(scores - cosines).max() < SLACK / 2
    assert allowed[places].all()
    assert (np.sort(cosines[places])[-len(near) :] > np.sort(cosines[near])[-len(places) :] - SLACK).all()


def test_what_decides_is_as_good_as_the_vectors_themselves() -> None:
    """Rows that lie as close as those of a hundred thousand texts do: nearly all of the ten nearest are the same."""
    chance = np.random.default_rng(11)
    vectors = chance.normal(size=(20_000, DIMENSIONS)).astype(np.float32) + 2 * _vectors(12, 1) * DIMENSIONS**0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    block = Block.of(_rows(vectors))
    shared = 0
    for query in vectors[::400]:
        places, cosines = block.nearest(query, block.current, 10)
        best = places[np.argsort(-cosines, kind="stable")[:10]]
        shared += len(set(best.tolist()) & set(np.argsort(-(vectors @ query))[:10].tolist()))
    assert shared >= 0.99 * 500


def test_bytes_are_off_by_less_than_the_slack() -> None:
    vectors = _vectors(5, 3_000)
    codes, _, steps = quantised(vectors)
    query = _vectors(6, 1)[0]
    off = np.abs(products(codes, steps, query) - vectors @ query)
    assert off.max() < SLACK / 2


def test_hardly_more_than_the_wanted_ones_are_compared() -> None:
    scores = _vectors(7, 20_000) @ _vectors(8, 1)[0]
    assert 100 <= len(candidates(scores.astype(np.float32), 100)) < 400


def test_many_small_commits_are_merged_among_themselves(tmp_path: Path) -> None:
    """The large first file is left alone until the others have grown; what was removed stays so."""
    log, blocks, generation = ColumnLog(tmp_path), {}, 0

    def commit(added: Rows, removed: tuple[int, ...]) -> None:
        nonlocal blocks, generation
        generation += 1
        blocks = apply(blocks, added, removed)
        log.write(generation, blocks, [added], removed)
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
    assert np.array_equal(loaded.vectors(there), blocks[1].vectors(np.flatnonzero(blocks[1].alive)))
    for number in range(60):
        commit(_rows(_vectors(number, 20), first=3_000 + 20 * number), ())
    assert not (tmp_path / "000000000001.rows").exists(), "by now they hold more than a quarter of what it does"
    assert log.load(generation)[1].live == blocks[1].live

"""kill -9 at random moments of every road: what was acknowledged is there, and nothing is half-written.

`SIDECAR_FAULTS=500` makes as many kills in all; without it there are 50.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from killing import BESIDE, KILLS, SESSIONS, WORKS, Killer
from world import (
    AGENT,
    WEB,
    Figure,
    World,
    age_locks,
    bytes_of_git,
    index_is_the_files,
    opened,
    repositories_are_sound,
    transcripts,
    tree,
    whole_files,
)

from sidecar.index import Embedder
from sidecar.model import SessionRef

_SEED = 20261120
_EACH = max(1, KILLS // len(WORKS))
_MOST = {"merge": 4}
"""So many acknowledgements at most before a kill, 6 where nothing is said; a merge takes long."""


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    found = Killer.start()
    yield found
    found.end()


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load()


def _kills(name: str) -> Iterator[tuple[int, float]]:
    moments = random.Random(f"{_SEED} {name}")
    for _ in range(_EACH):
        yield moments.randrange(_MOST.get(name, 6) + 1), moments.uniform(0.0, 1.2)


def _in_order(world: World) -> None:
    whole_files(world.store.root)
    age_locks(world.store.root)
    world.start()
    index_is_the_files(world)
    repositories_are_sound(world.store.root)
    assert not list(world.store.root.rglob("*.tmp"))


def _harass(
    killer: Killer, embedder: Embedder, name: str, folder: Path, check: Callable[[World, set[str]], None]
) -> set[str]:
    told: set[str] = set()
    for after, then in _kills(name):
        told.update(killer.run(name, folder, after, then))
        with opened(folder, embedder) as world:
            _in_order(world)
            check(world, told)
    return told


def _about(told: set[str], word: str) -> set[str]:
    return {one.removeprefix(f"{word} ") for one in told if one.startswith(f"{word} ")}


def test_killed_during_ingest_it_ends_as_if_undisturbed(
    killer: Killer, embedder: Embedder, tmp_path: Path, figure: Figure
) -> None:
    """Every session that was acknowledged as archived is in the archive, and the end is that of a calm run."""
    calm = tmp_path / "calm"
    killer.run("ingest", calm, None)
    kills = list(_kills("ingest"))
    for number, (after, then) in enumerate(kills):
        folder = tmp_path / f"harassed-{number // 5}"  # a work that has ended is no longer interrupted
        told = killer.run("ingest", folder, after, then)
        with opened(folder, embedder) as world:
            for session in sorted(_about(set(told), "archived")):
                assert len(world.journal.messages(SessionRef(AGENT, session))) == 4
            _in_order(world)
    for folder in sorted(tmp_path.glob("harassed-*")):
        killer.run("ingest", folder, None)
        assert _normal(tree(folder / "store"), folder) == _normal(tree(calm / "store"), calm)
    assert len(transcripts(calm, SESSIONS)) == SESSIONS
    figure(f"{len(kills)} kills: the same files as an undisturbed run")


def _normal(found: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    return {name: data.replace(str(folder).encode(), b"/") for name, data in found.items()}


@pytest.mark.parametrize("name", ["commit", "rebuild", "together"])
def test_killed_between_memories_none_that_was_acknowledged_is_lost(
    killer: Killer, embedder: Embedder, tmp_path: Path, figure: Figure, name: str
) -> None:
    def check(world: World, told: set[str]) -> None:
        assert _about(told, "remembered") <= {one.memory.content for one in world.web.memories()}
        committed = bytes_of_git(world.web.folder)
        assert all(content.encode() in committed for content in _about(told, "committed"))

    told = _harass(killer, embedder, name, tmp_path, check)
    assert told
    figure(f"{_EACH} kills, {len(_about(told, 'remembered'))} acknowledged memories, 0 lost")


def test_a_merge_that_is_killed_ends_with_one_tree_on_both_machines(
    killer: Killer, embedder: Embedder, tmp_path: Path, figure: Figure
) -> None:
    """Each side has words of its own and edits one file at the same time; the daemon is killed in the middle."""

    def known(world: World) -> list[str]:
        return [one.memory.content for one in world.web.memories(statuses=None)]

    def check(world: World, told: set[str]) -> None:
        lost = {
            content
            for content in _about(told, "remembered") | _about(told, "pulled")
            if not any(one.startswith(content) for one in known(world))
        }
        assert not lost
        assert not [one for one in known(world) if "<<<<<<<" in one or ">>>>>>>" in one]

    told = _harass(killer, embedder, "merge", tmp_path, check)
    assert _about(told, "pulled")
    with opened(tmp_path, embedder) as one, opened(tmp_path / BESIDE, embedder, machine="beside") as other:
        for world in (other, one, other, one):
            world.start()
            world.sharing.sync(WEB)
        assert tree(one.store.root) == tree(other.store.root)
        assert [text for text in known(one) if "Of this machine." in text]
        assert [text for text in known(one) if "Of the other machine." in text]
    figure(f"{_EACH} kills, {len(_about(told, 'pulled'))} merges, one tree, 0 lost")


def test_a_purge_that_is_killed_is_finished_and_leaves_no_word(
    killer: Killer, embedder: Embedder, tmp_path: Path, figure: Figure
) -> None:
    def check(world: World, told: set[str]) -> None:
        assert _about(told, "remembered") <= {one.memory.content for one in world.web.memories()}
        assert world.web.unfinished_purge() is None
        objects = bytes_of_git(world.web.folder)
        files = b"".join(tree(world.store.root).values())
        for secret in sorted(_about(told, "purged")):
            assert secret.encode() not in objects
            assert secret.encode() not in files
            assert not [one for one, _ in world.index.neighbours(WEB, secret, 3) if world.web.get(one) is None]

    told = _harass(killer, embedder, "purge", tmp_path, check)
    assert _about(told, "purged")
    with opened(tmp_path, embedder) as world:  # half a pack, which a killed commit leaves, may hold words too
        world.web.begin_purge(world.web.purge_plan([world.remember("The last passphrase is gannet.", 999)]))
        world.finish_purge(world.web)
        assert not list((world.web.folder / ".git" / "objects").rglob("*tmp*"))
    figure(f"{_EACH} kills, {len(_about(told, 'purged'))} purges, 0 words left")


def test_messages_that_were_acknowledged_survive(
    killer: Killer, embedder: Embedder, tmp_path: Path, figure: Figure
) -> None:
    def check(world: World, told: set[str]) -> None:
        for session in sorted(_about(told, "said")):
            assert world.journal.messages(SessionRef("http", session, str(WEB)))

    told = _harass(killer, embedder, "verbatim", tmp_path, check)
    figure(f"{_EACH} kills, {len(told)} acknowledged messages, 0 lost")

"""A disk that is full or read-only, and files that change under our hands: an error of ours, and nothing lost."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from killing import KILLS
from world import WEB, Figure, World, age_locks, index_is_the_files, opened, repositories_are_sound, whole_files

from sidecar.errors import FileSystemFailed, SidecarError
from sidecar.index import Embedder
from sidecar.model import SessionRef
from sidecar.recall import Recall, RecallRequest

_SIZE = 16 * 1024 * 1024
_SEED = 20261122


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 16 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "sidecar-test", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"needs to mount a tmpfs: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # the index may still be mapped


def _fill(disk: Path, left: int) -> None:
    """Leave so many bytes free."""
    state = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"")
    with (disk / "ballast").open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, max(state.f_bavail * state.f_bsize - left, 1))


def _everything(world: World, number: int, told: list[str]) -> None:
    """Every kind of write there is, as far as the disk lets us."""
    content = f"Machine number {number} stands in rack {number + 40}."

    def remember() -> None:
        world.remember(content, number)
        told.append(content)

    def say() -> None:
        world.say(f"talk-{number}", [f"Message {number} speaks of the tide. {'x' * 4_000}"])
        told.append(f"talk-{number}")

    def follow() -> None:
        world.follow.catch_up()

    def commit() -> None:
        world.follow.commit(WEB)

    for act in (remember, say, follow, commit, lambda: world.follow.catch_up(anew=True)):
        try:
            act()
        except SidecarError:
            continue  # ours, with what to do; anything else is a bug


def _is_all_there(world: World, told: list[str]) -> None:
    world.start()
    whole_files(world.store.root)
    index_is_the_files(world)
    repositories_are_sound(world.store.root)
    contents = {one.memory.content for one in world.web.memories()}
    for one in told:
        assert one in contents or world.journal.messages(SessionRef("http", one, str(WEB))), one


def test_on_a_full_disk_what_was_acknowledged_is_kept(small_disk: Path, embedder: Embedder, figure: Figure) -> None:
    lots, told, home = random.Random(_SEED), list[str](), small_disk / "home"
    with opened(home, embedder) as world:
        world.remember("The first one fits.")
        world.start()
    rounds = max(12, KILLS // 8)
    for number in range(rounds):
        age_locks(home / "store")
        with opened(home, embedder) as world:
            _fill(small_disk, 4_096 * lots.choice([0, 1, 2, 3, 5, 8, 13, 21, 34, 55]))
            _everything(world, number, told)
            (small_disk / "ballast").unlink()
        age_locks(home / "store")
        with opened(home, embedder) as world:
            _is_all_there(world, told)
    figure(f"{rounds} times full, {len(told)} acknowledged writes, 0 lost")


@contextlib.contextmanager
def _no_file_grows_beyond(size: int) -> Iterator[None]:
    """As a full disk for whoever may not mount one: a write beyond so many bytes of any file fails, git's too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_no_file_may_grow_what_was_acknowledged_is_kept(
    tmp_path: Path, embedder: Embedder, figure: Figure
) -> None:
    """Small limits meet memory files and git, larger ones the index, and the largest the journal alone."""
    told, home = list[str](), tmp_path / "home"
    with opened(home, embedder) as world:
        world.remember("The first one fits.")
        world.start()
    sizes = [64, 1_024, 16_384, 262_144] * max(1, KILLS // 50)
    for number, size in enumerate(sizes):
        age_locks(home / "store")
        with opened(home, embedder) as world, _no_file_grows_beyond(size):
            _everything(world, number, told)
        age_locks(home / "store")
        with opened(home, embedder) as world:
            _is_all_there(world, told)
    figure(f"{len(sizes)} limits, {len(told)} acknowledged writes, 0 lost")


def test_a_read_only_store_is_recalled_and_refused_to_write(
    small_disk: Path, embedder: Embedder, tmp_path: Path
) -> None:
    with opened(tmp_path / "home", embedder, small_disk) as world:
        world.remember("The nightly backup runs at 02:10.")
        world.start()
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        with pytest.raises(FileSystemFailed):
            world.remember("The cable is blue.")
        world.follow.catch_up()
        found = Recall(world.index)(RecallRequest("when does the backup run?", (WEB,)))
        assert [hit.content for hit in found.hits] == ["The nightly backup runs at 02:10."]
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        world.remember("The cable is blue.")
        _is_all_there(world, ["The nightly backup runs at 02:10.", "The cable is blue."])


_BY_HAND = b"---\ntype: fact\n---\nA person has put this here.\n"

MISCHIEF: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "truncated": lambda path: path.write_bytes(b""),
    "replaced": lambda path: path.write_bytes(_BY_HAND),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link": lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
}


@pytest.mark.parametrize("step", ["write", "noted", "move"])
@pytest.mark.parametrize("name", list(MISCHIEF))
def test_a_file_that_changes_between_reading_and_writing_is_never_run_over(
    tmp_path: Path, embedder: Embedder, name: str, step: str
) -> None:
    done: list[Path] = []

    def meddle(told: str) -> None:
        kind, _, path = told.partition(" ")
        target = tmp_path / "store" / "local" / "web" / path
        if kind == step and not done and target.is_file():
            MISCHIEF[name](target)
            done.append(target)

    with opened(tmp_path, embedder) as world:
        identifier = world.remember("The nightly backup runs at 02:10.")
        world.start()
        world.meddle = meddle
        with contextlib.suppress(SidecarError):
            world.web.forget(identifier, "no longer", world.web_context)
        world.meddle = None
        assert done
        for path in done:
            if name == "replaced":
                assert b"A person has put this here." in path.read_bytes()
            if name == "a link":
                assert path.is_symlink()
        world.follow.catch_up()
        world.commit()
        history = subprocess.run(
            ["git", "-C", str(world.web.folder), "log", "-p", "--all"], capture_output=True, text=True
        ).stdout
        assert "The nightly backup runs at 02:10." in history
        repositories_are_sound(world.store.root)

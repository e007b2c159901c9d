"""Links planted where we write: on every path of ours, none leads a write, a cut or a removal anywhere else.

Each row is a path and what writes it.  A row is attacked with a symbolic link to a file, with one to nothing, with a
hard link, and where the path is a folder with a link to a folder of somebody else.  What is done about it is a refusal
or a safe replacement; in either case what the link led to is as it was.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from store_kit import CONTEXT, REF, Kit

from sidecar import bearer, log
from sidecar.cli.main import main
from sidecar.cli.process import spawn
from sidecar.daemon.listen import listen
from sidecar.daemon.lock import HomeLock
from sidecar.daemon.upkeep import empty_trash
from sidecar.descriptors import fresh_file, kept_file, remove_tree
from sidecar.errors import AlreadyRunning, ChangedOnDisk, FileSystemFailed, SidecarError
from sidecar.files import ABSENT, move_durably, read_file, remove_durably, sha256_of, write_durably
from sidecar.git import Git
from sidecar.git.exchange import Exchange
from sidecar.index import Embedder, Index
from sidecar.index.columns import ColumnLog, rows_of
from sidecar.journal import Journal
from sidecar.model import ProfileRef
from sidecar.share.checkout import Checkout, Note

PRECIOUS = "what belongs to somebody else\n"
MEMORY = b"---\ntype: fact\n---\nThe port is 5433.\n"


@dataclass
class World:
    """A home, a profile in its store, and what lies outside."""

    home: Path
    kit: Kit
    outside: Path

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def profile(self) -> Path:
        return self.kit.folder

    def reset(self) -> None:
        shutil.rmtree(self.outside, ignore_errors=True)
        (self.outside / "folder").mkdir(parents=True)
        (self.outside / "victim").write_text(PRECIOUS)
        (self.outside / "folder" / "notes-20200101T000000Z").write_text(PRECIOUS)

    def untouched(self) -> bool:
        found = {str(path.relative_to(self.outside)): path for path in self.outside.rglob("*")}
        files = ["victim", "folder/notes-20200101T000000Z"]
        return sorted(found) == sorted(["folder", *files]) and all(found[one].read_text() == PRECIOUS for one in files)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    base = tmp_path_factory.mktemp("links")
    home = base / "home"
    (home / "state" / "log").mkdir(mode=0o700, parents=True)
    kit = Kit(home / "store")
    kit.add("The port of the database is 5433.")
    kit.cycle()
    return World(home, kit, base / "outside")


@pytest.fixture
def world(made: World) -> World:
    made.reset()
    return made


Act = Callable[[World], object]


def stored(path: str) -> tuple[Callable[[World], Path], Act]:
    return lambda w: w.profile / path, lambda w: w.kit.profile._core.disk.write(path, MEMORY, None, CONTEXT)


def kept(name: str) -> tuple[Callable[[World], Path], Act]:
    return lambda w: w.home / name, lambda w: write_durably(w.home / name, b"ours")


def logged(world: World) -> None:
    log.setup(world.state / "log", "info", {})
    try:
        logging.getLogger("sidecar.test").warning("an entry")
        for handler in logging.getLogger().handlers:
            if handler.get_name() == "sidecar":
                handler.doRollover()  # type: ignore[attr-defined]
    finally:
        log.close()


def with_the_lock(world: World) -> None:
    with Git(world.profile, "laptop").alone(0.1):
        pass


def summarized(world: World) -> None:
    world.kit.profile._summarized = None
    world.kit.profile.summarize()


def described(world: World) -> None:
    path = world.profile / "profile.yaml"
    held = b"format: 1\n"
    world.kit.profile._core.disk.write(path.name, held, None, CONTEXT)


def columned(world: World) -> None:
    ColumnLog(world.home / "cache/columns")._write(1, [rows_of([], np.zeros((0, 4), np.float32))], (), since=0)


def index_of(world: World) -> Index:
    return Index.open(world.home / "cache" / "index", Embedder.load())


FILES: dict[str, tuple[Callable[[World], Path], Act]] = {
    "a memory": stored("facts/web/port.md"),
    "an archived memory": stored("archive/facts/web/port.md"),
    "a tombstone": stored("tombstones/01M7WTWTW08H7W2R5T6Y5XK2QC.yaml"),
    "a private memory": stored("private/facts/web/port.md"),
    "what was purged": stored("purges.yaml"),
    "profile.yaml": (lambda w: w.profile / "profile.yaml", described),
    "PROFILE.md": (lambda w: w.profile / "PROFILE.md", summarized),
    "git's exclusions": (lambda w: w.profile / ".git/info/exclude", lambda w: Git(w.profile, "laptop").init()),
    "git's attributes": (lambda w: w.profile / ".git/info/attributes", lambda w: Git(w.profile, "laptop").init()),
    "the lock of a rewrite": (lambda w: w.profile / ".git/sidecar-alone.lock", with_the_lock),
    "the note of a purge": stored(".git/sidecar-purge.json"),
    "the note of a project's folder": (
        lambda w: w.profile / ".git/sidecar-carried.json",
        lambda w: Note(None, {}).save(w.profile),
    ),
    "a project's file": (
        lambda w: w.home / "project/.memory/facts/port.md",
        lambda w: Checkout(w.home / "project/.memory", 100).put("facts/port.md", MEMORY, None, "0" * 40),
    ),
    "the journal": (lambda w: w.state / "journal.db", lambda w: Journal.open(w.state / "journal.db").close()),
    "its log": (lambda w: w.state / "journal.db-wal", lambda w: Journal.open(w.state / "journal.db").close()),
    "its shared memory": (lambda w: w.state / "journal.db-shm", lambda w: Journal.open(w.state / "journal.db").close()),
    "the lock of the home": (
        lambda w: w.state / "daemon.lock",
        lambda w: HomeLock(w.state / "daemon.lock").release(),
    ),
    "the log": (lambda w: w.state / "log/sidecar.log", logged),
    "an older log": (lambda w: w.state / "log/sidecar.log.1", logged),
    "what a daemon prints": (
        lambda w: w.state / "log/up.log",
        lambda w: spawn({"SIDECAR_HOME": "/dev/null/home"}, w.state / "log/up.log").wait(),
    ),
    "the token": (lambda w: w.state / "token", lambda w: bearer.token(w.state / "token")),
    "the consent": kept("state/consent.json"),
    "the limit of hooks": kept("run/hooks.limit"),
    "the record of an installation": kept("state/install/settings.json-0.before"),
    "the socket": (lambda w: w.home / "run/s.sock", lambda w: listen(w.home / "run/s.sock", {}).close()),
    "the index's marker": (lambda w: w.home / "cache/index/format.json", index_of),
    "the index's columns": (
        lambda w: w.home / "cache/columns/000000000001.rows",
        columned,
    ),
}


@pytest.mark.parametrize("kind", ["symlink", "symlink to nothing", "hard link"])
@pytest.mark.parametrize("path", FILES)
def test_no_file_behind_a_link_is_written(world: World, path: str, kind: str) -> None:
    place, act = FILES[path]
    at, before = place(world), place(world).with_suffix(".kept")
    at.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if at.exists():
        at.rename(before)
    if kind == "hard link":
        at.hardlink_to(world.outside / "victim")
    else:
        at.symlink_to(world.outside / ("victim" if kind == "symlink" else "none"))
    try:
        with contextlib.suppress(SidecarError):
            act(world)
        assert world.untouched()
        if at.is_file() and not at.is_symlink() and at.stat().st_nlink == 1:
            assert at.stat().st_mode & 0o077 == 0, "what was put in its place is private"
    finally:
        remove_tree(at)
        if before.exists():
            before.rename(at)


def discarded(world: World) -> None:
    ref = ProfileRef("local", "gone")
    world.kit.store.open(ref, create=True)
    world.kit.store.delete_profile(ref, world.state / "trash")


NOW = datetime(2026, 11, 26, tzinfo=UTC)

FOLDERS: dict[str, tuple[Callable[[World], Path], Act]] = {
    "a folder of memories": (lambda w: w.profile / "facts", stored("facts/web/new.md")[1]),
    "a group of memories": (lambda w: w.profile / "facts/web", stored("facts/web/new.md")[1]),
    "the archive": (lambda w: w.profile / "archive", stored("archive/facts/new.md")[1]),
    "the tombstones": (lambda w: w.profile / "tombstones", stored("tombstones/01M7.yaml")[1]),
    "what is private": (lambda w: w.profile / "private", stored("private/facts/new.md")[1]),
    "git's own folder": (lambda w: w.profile / ".git", lambda w: Git(w.profile, "laptop").init()),
    "what arrives from a remote": (
        lambda w: w.profile / ".git/sidecar-incoming",
        lambda w: Exchange(w.profile, "/nowhere").discard(),
    ),
    "a profile that arrives": (
        lambda w: w.home / "store/local/.joining-0123",
        lambda w: remove_tree(w.home / "store/local/.joining-0123"),
    ),
    "a folder in a project": (
        lambda w: w.home / "project/.memory/facts",
        lambda w: Checkout(w.home / "project/.memory", 100).put("facts/new.md", MEMORY, None, "0" * 40),
    ),
    "the trash": (lambda w: w.state / "trash", discarded),
    "the trash that is emptied": (lambda w: w.state / "trash", lambda w: empty_trash(w.state / "trash", NOW)),
    "something in the trash": (
        lambda w: w.state / "trash/web-20200101T000000Z",
        lambda w: empty_trash(w.state / "trash", NOW),
    ),
    "the index": (lambda w: w.home / "cache/index", index_of),
    "a shelf of the index": (lambda w: w.home / "cache/index/memories", index_of),
    "its words": (lambda w: w.home / "cache/index/memories/words", index_of),
    "its columns": (lambda w: w.home / "cache/index/memories/columns", index_of),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_folder_behind_a_link_is_written_or_emptied(world: World, folder: str) -> None:
    place, act = FOLDERS[folder]
    at, before = place(world), place(world).with_name(f"{place(world).name}.kept")
    at.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if at.exists():
        at.rename(before)
    at.symlink_to(world.outside / "folder")
    try:
        with contextlib.suppress(SidecarError):
            act(world)
        assert world.untouched()
    finally:
        remove_tree(at)
        if before.exists():
            before.rename(at)


# Between the look and the write.


@pytest.mark.parametrize("step", ["write facts/web/late.md", "noted facts/web/late.md"])
@pytest.mark.parametrize("folder", ["facts", "facts/web"])
def test_a_folder_that_becomes_a_link_after_the_look_leads_nowhere(tmp_path: Path, folder: str, step: str) -> None:
    kit, outside = Kit(tmp_path / "store"), tmp_path / "outside"
    (outside / "web").mkdir(parents=True)
    (kit.folder / "facts/web").mkdir(parents=True)

    def swap(name: str) -> None:
        if name == step:
            (kit.folder / folder).rename(kit.folder / "aside")
            (kit.folder / folder).symlink_to(outside)

    kit.step = swap
    with pytest.raises(FileSystemFailed, match="symlink"):
        kit.profile._core.disk.write("facts/web/late.md", MEMORY, None, CONTEXT)
    assert [path.name for path in outside.rglob("*")] == ["web"]


def test_a_removal_is_not_led_elsewhere_either(tmp_path: Path) -> None:
    kit, outside = Kit(tmp_path / "store"), tmp_path / "outside"
    outside.mkdir()
    (outside / "port.md").write_bytes(MEMORY)  # the same bytes: no hash tells it apart
    kit.write("facts/web/port.md", MEMORY)

    def swap(name: str) -> None:
        if name == "remove facts/web/port.md":
            (kit.folder / "facts/web").rename(kit.folder / "aside")
            (kit.folder / "facts/web").symlink_to(outside)

    kit.step = swap
    with pytest.raises(FileSystemFailed, match="symlink"):
        kit.profile._core.disk.remove("facts/web/port.md", sha256_of(MEMORY), CONTEXT)
    assert (outside / "port.md").read_bytes() == MEMORY


SWAPPING = """
import contextlib, os, sys
root, outside = sys.argv[1:]
while True:
    with contextlib.suppress(OSError):
        os.rename(f"{root}/facts", f"{root}/aside")
    with contextlib.suppress(OSError):
        os.symlink(outside, f"{root}/facts")
        os.unlink(f"{root}/facts")
    with contextlib.suppress(OSError):
        os.rename(f"{root}/aside", f"{root}/facts")
"""


def test_a_folder_that_is_swapped_all_the_time_never_gets_a_file_written_outside(tmp_path: Path) -> None:
    """Two processes, with no step to wait for: whatever the moment, the link is refused or comes too late."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "facts").mkdir(parents=True)
    outside.mkdir()
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", SWAPPING, str(root), str(outside)])
    written = 0
    try:
        for number in range(200):
            with contextlib.suppress(SidecarError):
                write_durably(root / "facts" / f"{number}.md", b"ours", root=root)
                written += 1
    finally:
        child.kill()
        child.wait()
    assert list(outside.iterdir()) == []
    assert written > 0


@pytest.mark.parametrize("inner", ["facts/x.md", "facts/web/x.md"])
def test_reading_moving_and_removing_follow_no_link_below_the_root(tmp_path: Path, inner: str) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (outside / "web").mkdir(parents=True)
    (outside / Path(inner).relative_to("facts")).write_bytes(b"theirs")
    root.mkdir()
    (root / "facts").symlink_to(outside)
    (root / "own.md").write_bytes(b"ours")
    for act in (
        lambda: read_file(root / inner, 100, root=root),
        lambda: remove_durably(root / inner, root=root),
        lambda: write_durably(root / "facts/web/new.md", b"x", root=root),
        lambda: move_durably(root / "own.md", root / "facts/new.md", root=root),
        lambda: write_durably(root / "facts" / ".." / "up.md", b"x", root=root),
    ):
        with pytest.raises(FileSystemFailed, match="symlink"):
            act()
    assert (root / "own.md").read_bytes() == b"ours"
    assert sorted(path.name for path in outside.rglob("*")) == sorted({"web", Path(inner).name})


def test_a_link_in_the_place_of_a_file_is_nothing_that_was_expected(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text(PRECIOUS)
    (tmp_path / "x").symlink_to(tmp_path / "victim")
    for expected in (ABSENT, sha256_of(PRECIOUS.encode())):
        with pytest.raises(ChangedOnDisk):
            write_durably(tmp_path / "x", b"ours", expected_sha256=expected, root=tmp_path)
    assert (tmp_path / "victim").read_text() == PRECIOUS


@pytest.mark.parametrize("make", ["symlink", "hard link", "pipe", "folder"])
def test_a_file_that_is_written_in_place_is_a_file_with_one_name(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x"
    (tmp_path / "victim").write_text(PRECIOUS)
    {
        "symlink": lambda: path.symlink_to(tmp_path / "victim"),
        "hard link": lambda: path.hardlink_to(tmp_path / "victim"),
        "pipe": lambda: os.mkfifo(path),
        "folder": path.mkdir,
    }[make]()
    with pytest.raises(OSError, match=r"link|regular|directory|No such device"):
        kept_file(path, os.O_WRONLY | os.O_APPEND)
    if make != "folder":
        os.close(fresh_file(path))
        assert path.stat().st_size == 0
    assert (tmp_path / "victim").read_text() == PRECIOUS


# Settings of agents, which people keep behind links.


@pytest.fixture
def machine(home: Path, tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "sidecar"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    os.environ["SIDECAR_HOME"] = str(tmp_path / "sidecar")
    os.environ["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    (home / ".claude").mkdir()
    return home


def test_settings_behind_a_link_are_edited_where_they_lie_and_the_link_stays(machine: Path) -> None:
    dotfiles = machine / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "claude.json").write_text('{"model": "opus"}\n')
    (machine / ".claude/settings.json").symlink_to("../dotfiles/claude.json")
    assert main(["install", "claude-code", "--yes"]) == 0
    assert (machine / ".claude/settings.json").is_symlink()
    assert json.loads((dotfiles / "claude.json").read_text())["model"] == "opus"
    assert "sidecar" in (dotfiles / "claude.json").read_text()
    assert sorted(path.name for path in dotfiles.iterdir()) == ["claude.json"]


def test_the_other_name_of_settings_that_are_a_hard_link_stays_as_it_is(machine: Path) -> None:
    (machine / "other.json").write_text('{"model": "opus"}\n')
    (machine / ".claude/settings.json").hardlink_to(machine / "other.json")
    assert main(["install", "claude-code", "--yes"]) == 0
    assert (machine / "other.json").read_text() == '{"model": "opus"}\n'
    assert "sidecar" in (machine / ".claude/settings.json").read_text()


def test_a_unit_that_is_a_link_to_somebody_elses_file_leaves_it_alone(machine: Path) -> None:
    unit = machine / ".config/systemd/user/sidecar.service"
    unit.parent.mkdir(parents=True)
    (machine / "victim").write_text(PRECIOUS)
    unit.symlink_to(machine / "victim")
    assert main(["install", "--service", "--yes"]) != 0
    assert (machine / "victim").read_text() == PRECIOUS


def test_the_kit_writes_where_nothing_was_planted(world: World) -> None:
    """What the rows above do is what writes these files: without a link each is there afterwards."""
    assert world.kit.profile.ref == REF
    gone_when_closed = {"its log", "its shared memory", "the socket", "what a daemon prints"}
    for name in sorted(FILES.keys() - gone_when_closed):
        place, act = FILES[name]
        place(world).parent.mkdir(parents=True, exist_ok=True)
        remove_tree(place(world))
        act(world)
        assert place(world).is_file(), name


# A home that was copied with hard links (`cp -al`): locks and logs have a second name.


def test_a_lock_with_a_second_name_is_made_anew_and_holds(tmp_path: Path) -> None:
    other = tmp_path / "other"
    HomeLock(other / "state" / "daemon.lock").release()
    (tmp_path / "home" / "state").mkdir(parents=True)
    path = tmp_path / "home" / "state" / "daemon.lock"
    path.hardlink_to(other / "state" / "daemon.lock")
    lock = HomeLock(path)
    try:
        assert path.read_text() == f"{os.getpid()}\n"
        assert (other / "state" / "daemon.lock").read_text() == ""
        assert path.stat().st_nlink == 1
        with pytest.raises(AlreadyRunning):
            HomeLock(path)
        HomeLock(other / "state" / "daemon.lock").release()
    finally:
        lock.release()


def test_a_lock_that_the_other_home_holds_is_left_to_it_and_the_hint_says_so(tmp_path: Path) -> None:
    path, copy = tmp_path / "a" / "daemon.lock", tmp_path / "b" / "daemon.lock"
    lock = HomeLock(path)
    try:
        copy.parent.mkdir()
        copy.hardlink_to(path)
        for name in (copy, path):  # nobody can tell which of the two homes is the one that runs
            with pytest.raises(FileSystemFailed, match="hard link") as refused:
                HomeLock(name)
            assert str(name) in refused.value.hint
            assert "cp -a" in refused.value.hint
        assert path.samefile(copy)
    finally:
        lock.release()
    HomeLock(copy).release()


def test_of_many_that_meet_a_lock_with_a_second_name_one_gets_it(tmp_path: Path) -> None:
    """Nobody takes away the new file of another."""
    path = tmp_path / "daemon.lock"
    for _ in range(20):
        path.unlink(missing_ok=True)
        (tmp_path / "other").write_bytes(b"")
        path.hardlink_to(tmp_path / "other")
        found: list[HomeLock | SidecarError] = []

        def take(found: list[HomeLock | SidecarError] = found) -> None:
            try:
                found.append(HomeLock(path))
            except SidecarError as error:
                found.append(error)

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        held = [one for one in found if isinstance(one, HomeLock)]
        assert (len(found), len(held)) == (4, 1)
        held[0].release()
        (tmp_path / "other").unlink()


def test_a_symlink_in_the_place_of_the_lock_is_named_in_the_hint(tmp_path: Path) -> None:
    (tmp_path / "daemon.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileSystemFailed, match="symlink") as refused:
        HomeLock(tmp_path / "daemon.lock")
    assert f"Remove the link {tmp_path / 'daemon.lock'}" in refused.value.hint
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("kind", ["symlink", "hard link"])
def test_in_place_of_a_linked_log_a_new_one_is_begun(tmp_path: Path, kind: str) -> None:
    other, path = tmp_path / "other.log", tmp_path / "log" / log.FILE_NAME
    other.write_text("of the other home\n")
    path.parent.mkdir()
    path.hardlink_to(other) if kind == "hard link" else path.symlink_to(other)
    log.setup(path.parent, "info", {})
    try:
        logging.getLogger("sidecar.test").warning("an entry")
    finally:
        log.close()
        logging.getLogger("sidecar").setLevel(logging.NOTSET)
    assert other.read_text() == "of the other home\n"
    assert "an entry" in path.read_text()
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600

"""The watcher on real files, and the coalescer as a pure function of time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sidecar.daemon.watch import Coalescer, FolderWatcher

_HANG_S = 20


def test_changes_below_a_watched_folder_are_reported(tmp_path: Path) -> None:
    seen, woke = set(), threading.Event()

    def notify(path: Path) -> None:
        seen.add(path)
        if path.name == "b.jsonl":
            woke.set()

    watcher = FolderWatcher(notify)
    try:
        assert watcher.ensure([tmp_path, tmp_path / "later"]) == [tmp_path]
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "b.jsonl").write_text("{}\n")
        for _ in range(200):
            if woke.wait(_HANG_S / 200):
                break
            # A folder made a moment ago may get its watch after the first file: the scan is the truth, not the event.
            (tmp_path / "deep" / "b.jsonl").write_text("{}\n")
        assert woke.is_set()
        assert watcher.alive
    finally:
        watcher.close()
    assert not watcher.alive


def test_a_folder_that_appears_later_is_watched_by_the_next_ensure(tmp_path: Path) -> None:
    woke = threading.Event()
    watcher = FolderWatcher(lambda _: woke.set())
    folder = tmp_path / "later"
    try:
        assert watcher.ensure([folder]) == []
        folder.mkdir()
        assert watcher.ensure([folder]) == [folder]
        assert watcher.ensure([folder]) == []
        (folder / "x").write_text("x")
        assert woke.wait(_HANG_S)
        (folder / "x").unlink()
        folder.rmdir()
        assert watcher.ensure([folder]) == []
        folder.mkdir()
        assert watcher.ensure([folder]) == [folder]
    finally:
        watcher.close()


def test_git_internals_and_mere_reading_are_ignored(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    seen: list[Path] = []
    woke = threading.Event()

    def notify(path: Path) -> None:
        seen.append(path)
        if path.name == "end":
            woke.set()

    (tmp_path / "read-me").write_text("text")
    watcher = FolderWatcher(notify)
    try:
        watcher.ensure([tmp_path])
        (tmp_path / ".git" / "index").write_text("x")
        (tmp_path / "read-me").read_text()
        (tmp_path / "end").write_text("x")
        assert woke.wait(_HANG_S)
    finally:
        watcher.close()
    assert {path.name for path in seen} <= {"end", tmp_path.name}


def _open_files() -> Iterator[str]:
    """What the system says of this process's open files, line by line."""
    for file in Path("/proc/self/fdinfo").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            yield from file.read_text().splitlines()


@pytest.mark.skipif(sys.platform != "linux", reason="tells how Linux was asked")
def test_the_system_is_not_asked_who_opens_what(tmp_path: Path) -> None:
    opened, closed_unwritten, closed_written = 0x20, 0x10, 0x8
    inode = tmp_path.stat().st_ino
    watcher = FolderWatcher(lambda _: None)
    try:
        watcher.ensure([tmp_path])
        lines = [line for line in _open_files() if line.startswith("inotify ") and f"ino:{inode:x} " in line]
    finally:
        watcher.close()
    masks = [int(part.removeprefix("mask:"), 16) for line in lines for part in line.split() if part.startswith("mask:")]
    assert masks
    assert all(mask & closed_written and not mask & (opened | closed_unwritten) for mask in masks)


def test_the_coalescer_tells_the_first_of_those_that_wait() -> None:
    coalescer = Coalescer(quiet_s=1.0, maximum_s=5.0)
    assert coalescer.add(Path("a"), now=0.0)
    assert not coalescer.add(Path("b"), now=0.1)
    coalescer.take()
    assert coalescer.add(Path("a"), now=0.2)


def test_the_coalescer_waits_for_quiet() -> None:
    coalescer = Coalescer(quiet_s=1.0, maximum_s=5.0)
    assert coalescer.due(0.0) is None
    coalescer.add(Path("a"), now=0.0)
    coalescer.add(Path("b"), now=0.5)
    assert coalescer.due(0.5) == 1.0
    assert coalescer.due(1.5) == 0.0
    assert coalescer.take() == {Path("a"), Path("b")}
    assert coalescer.due(2.0) is None


def test_the_coalescer_does_not_wait_for_ever() -> None:
    coalescer = Coalescer(quiet_s=1.0, maximum_s=5.0)
    for step in range(20):
        coalescer.add(Path("busy"), now=step * 0.5)
    due = coalescer.due(9.5)
    assert due is not None
    assert due <= 0


def test_of_a_shallow_folder_only_what_lies_in_it_is_reported(tmp_path: Path) -> None:
    seen: set[Path] = set()
    woke = threading.Event()

    def notify(path: Path) -> None:
        seen.add(path)
        if path.name == "sessions.db-wal":
            woke.set()

    (tmp_path / "snapshot").mkdir()
    watcher = FolderWatcher(notify)
    try:
        assert watcher.ensure([tmp_path], shallow=[tmp_path]) == [tmp_path]
        (tmp_path / "snapshot" / "deep.db").write_text("x")
        (tmp_path / "sessions.db-wal").write_text("x")
        assert woke.wait(_HANG_S)
    finally:
        watcher.close()
    assert tmp_path / "snapshot" / "deep.db" not in seen

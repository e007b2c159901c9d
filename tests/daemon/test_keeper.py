"""The keeper: it goes on whatever happens to its watcher, to a profile, or to a run."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sidecar.daemon.keeper import Keeper, pause_after
from sidecar.daemon.watch import FolderWatcher
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import FileSystemFailed
from sidecar.follow import Follow
from sidecar.git import Git
from sidecar.index import Embedder, Filters, Index
from sidecar.journal import Journal
from sidecar.model import Message, ProfileRef
from sidecar.store import Store

WEB = ProfileRef("local", "web")


class Parts:
    """What a keeper works on, on real files."""

    def __init__(self, folder: Path, journal: Journal, index: Index) -> None:
        self.writer, self.index, self.journal = Writer(), index, journal
        self.store = Store(folder / "store", machine="test", writes=journal, clock=_now)
        self.ahead = timedelta(0)
        self.follow = Follow(self.store, journal, index, lambda: _now() + self.ahead)
        self.watchers: list[FolderWatcher] = []
        self.refuse = False

    def watch(self, notify: Callable[[Path], None]) -> FolderWatcher:
        if self.refuse:
            raise FileSystemFailed(path="store", action="watched", why="no watches are left")
        self.watchers.append(FolderWatcher(notify))
        return self.watchers[-1]

    @asynccontextmanager
    async def keeping(self, quiet: float = 0.1) -> AsyncIterator[Keeper]:
        keeper = Keeper(
            self.store.root,
            self.follow,
            self.index,
            self.writer,
            quiet=timedelta(seconds=quiet),
            maximum=timedelta(hours=1),
            watch=self.watch,
        )
        task = asyncio.create_task(keeper.serve())
        try:
            yield keeper
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def write(self, name: str, text: str) -> None:
        path = self.store.root / "local" / "web" / "facts" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def known(self, text: str) -> bool:
        return any(stored.memory.content == text for stored in self.store.open(WEB).memories())

    @property
    def git(self) -> Git:
        return Git(self.store.root / "local" / "web", "test")


def _now() -> datetime:
    return datetime.now(UTC)


async def _until(test: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not test():  # noqa: ASYNC110 - what is waited for is in other threads
            await asyncio.sleep(0.01)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    with Journal.open(tmp_path / "journal.db") as journal:
        index = Index.open(tmp_path / "index", Embedder.load(), archive=journal)
        made = Parts(tmp_path, journal, index)
        made.store.create_namespace("local")
        made.store.open(WEB, create=True).commit()
        yield made
        made.writer.close()
        index.close()


def test_what_nobody_has_told_of_is_found_by_a_look_around(parts: Parts) -> None:
    parts.follow.catch_up()
    parts.follow.commit(WEB)
    assert parts.follow.unnoticed(everything=True) == {}
    parts.write("quiet.md", "Nobody has heard this.\n")
    found = parts.follow.unnoticed(everything=False)
    assert found == {WEB: ["facts/quiet.md"]}
    parts.follow.catch_up(sorted(found), paths=found)
    assert parts.known("Nobody has heard this.")
    parts.follow.commit(WEB)
    (parts.store.root / "local" / "web" / "picture.png").write_bytes(b"no memory")
    assert parts.follow.unnoticed(everything=False).keys() <= {WEB}  # files of the last seconds are read once more
    assert not parts.follow.uncommitted
    parts.follow.unnoticed(everything=True)
    assert WEB in parts.follow.uncommitted
    parts.follow.commit(WEB)
    assert parts.git.status() == []


def test_what_an_event_tells_of_alone_is_looked_at(parts: Parts) -> None:
    async def scenario() -> None:
        async with parts.keeping(quiet=3600) as keeper:
            await _until(lambda: len(parts.watchers) == 1 and not keeper.busy)
            parts.write("told.md", "This was told of.\n")
            await _until(lambda: parts.known("This was told of.") and not keeper.busy)
            assert parts.store.open(WEB).differing() == []
            folder = parts.store.root / "local" / "web" / "facts"
            folder.rename(folder.with_name("notes"))
            await _until(lambda: [one.path for one in parts.store.open(WEB).memories()] == ["notes/told.md"])

    asyncio.run(scenario())


def test_what_the_index_holds_in_memory_is_written_once_nothing_more_comes(parts: Parts, tmp_path: Path) -> None:
    for number in range(20):
        parts.write(f"{number}.md", f"The cable {number} is blue.\n")
    waited: list[bool] = []

    async def scenario() -> None:
        async with parts.keeping(quiet=3600) as keeper:
            await _until(lambda: len(parts.watchers) == 1 and not keeper.busy and parts.known("The cable 7 is blue."))
            told = parts.index.on_waiting
            parts.index.on_waiting = lambda: (waited.append(parts.index.waiting is not None), told())
            parts.write("late.md", "The antenna is late.\n")
            await _until(lambda: bool(waited) and parts.index.waiting is None)

    asyncio.run(scenario())
    assert waited == [True]
    shutil.copytree(parts.index.folder, tmp_path / "copy")  # as a kill leaves it
    view = Index.open(tmp_path / "copy", Embedder.load(), archive=parts.journal).view
    assert view.words("memory", WEB, {"antenna": 1.0}, {"content": 1.0}, Filters(), 5)


def test_a_dead_watcher_is_named_and_made_anew(parts: Parts) -> None:
    async def scenario() -> None:
        async with parts.keeping() as keeper:
            await _until(lambda: len(parts.watchers) == 1 and not keeper.busy)
            parts.watchers[0].close()
            assert "watch" in keeper.degraded
            keeper.wake()
            await _until(lambda: len(parts.watchers) == 2 and not keeper.degraded)
            parts.write("a.md", "The cable is blue.\n")
            await _until(lambda: parts.known("The cable is blue."))

    asyncio.run(scenario())


def test_without_a_watcher_the_files_are_scanned(parts: Parts) -> None:
    async def scenario() -> None:
        parts.refuse = True
        async with parts.keeping() as keeper:
            await _until(lambda: "no watches are left" in keeper.degraded.get("watch", ""))
            parts.write("a.md", "The cable is blue.\n")
            await _until(lambda: parts.known("The cable is blue."))
            parts.refuse = False
            await _until(lambda: not keeper.degraded)

    asyncio.run(scenario())


class Counted(Follow):
    """The follow road, and how often it was gone."""

    runs = 0

    def catch_up(self, *arguments: Any, **options: Any) -> bool:
        self.runs += 1
        return super().catch_up(*arguments, **options)


def test_what_is_remembered_in_one_moment_is_followed_at_once(parts: Parts) -> None:
    counted = parts.follow = Counted(parts.store, parts.journal, parts.index, _now)

    async def scenario() -> None:
        parts.refuse = True  # no event joins them, nor is needed
        async with parts.keeping(quiet=3600) as keeper:
            await _until(lambda: bool(keeper.degraded) and not keeper.busy and not parts.writer.busy)
            before = counted.runs
            for _ in range(50):
                keeper.wrote(WEB, at_once=False)
                await asyncio.sleep(0)
            assert keeper.busy
            await _until(lambda: not keeper.busy)
            assert before < counted.runs <= before + 2  # the second is a look at files that nobody watches

    asyncio.run(scenario())


def test_what_becomes_due_during_a_run_is_still_due_after_it(parts: Parts) -> None:
    parts.write("a.md", "The cable is blue.\n")

    async def scenario() -> None:
        async with parts.keeping() as keeper:
            await _until(lambda: not keeper.busy and bool(parts.watchers) and not parts.writer.busy)
            held, released = threading.Event(), threading.Event()

            def hold() -> None:
                held.set()
                released.wait(60)

            before = parts.index.generation
            first = parts.writer.submit(Urgency.ANSWER, hold)
            await asyncio.to_thread(held.wait, 60)
            keeper.archived()
            await asyncio.sleep(0.05)  # by now a run waits behind the held step, and has taken that with it
            keeper.rebuild()
            released.set()
            await asyncio.wrap_future(first)
            await _until(lambda: not keeper.busy)
            assert parts.index.generation > before

    asyncio.run(scenario())


def test_old_sessions_wait_for_those_that_come_next_but_not_for_ever(parts: Parts) -> None:
    async def scenario() -> None:
        async with parts.keeping() as keeper:
            await _until(lambda: not keeper.busy and bool(parts.watchers))
            keeper.archived(soon=False)
            assert keeper.busy
            await _until(lambda: not keeper.busy)
            keeper.archived(soon=False)
            keeper.archived()  # somebody may ask for this one now
            await _until(lambda: not keeper.busy)

    asyncio.run(scenario())


def test_a_long_archive_is_taken_over_to_its_end_and_others_come_between(parts: Parts) -> None:
    def tell(first: int, last: int) -> None:
        said = [
            Message(f"m{number}", "codex", "s", "user", "user", f"crane {number}", _now(), position=number)
            for number in range(first, last)
        ]
        parts.journal.record_read("/t/s.jsonl", None, WEB, said, cursor="{}")

    def held() -> int:
        return len(parts.index.view.verbatim(WEB, {"crane": 1.0}, Filters(), 10_000))

    async def scenario() -> None:
        tell(0, 1)
        async with parts.keeping() as keeper:
            keeper.archived()
            await _until(lambda: held() == 1 and not keeper.busy)
            tell(1, 2_500)
            keeper.archived()
            await asyncio.sleep(0)
            seen = set[int]()
            while keeper.busy:
                seen.add(await parts.writer.run(Urgency.ANSWER, held))
            assert held() == 2_500
            assert len(seen) > 2, "an urgent step need not wait for all of it"

    asyncio.run(scenario())


def test_an_edit_from_before_the_start_rests_before_it_is_committed(parts: Parts) -> None:
    parts.write("a.md", "The cable is blue.\n")

    async def scenario() -> None:
        before = parts.git.head()
        async with parts.keeping(quiet=3600) as keeper:
            await _until(lambda: WEB in parts.follow.uncommitted and not keeper.busy)
            first, _ = parts.follow.uncommitted[WEB]
            assert _now() - first < timedelta(minutes=10)
            keeper.set_commit_times(quiet=timedelta(0), maximum=timedelta(hours=1))
            keeper.wake()
            await _until(lambda: parts.git.head() != before and WEB not in parts.follow.uncommitted)

    asyncio.run(scenario())


def test_a_clock_that_is_set_back_delays_no_commit(parts: Parts) -> None:
    async def scenario() -> None:
        before = parts.git.head()
        parts.ahead = timedelta(days=1)
        async with parts.keeping(quiet=3600) as keeper:
            parts.write("a.md", "The cable is blue.\n")
            await _until(lambda: parts.git.head() != before and WEB not in parts.follow.uncommitted and not keeper.busy)

    asyncio.run(scenario())


def test_a_commit_that_fails_is_named_and_forgotten_with_its_profile(parts: Parts, tmp_path: Path) -> None:
    async def scenario() -> None:
        merging = parts.git.folder / ".git" / "MERGE_HEAD"
        merging.write_text("0" * 40 + "\n")
        async with parts.keeping() as keeper:
            parts.write("a.md", "The cable is blue.\n")
            await _until(lambda: "merge" in keeper.degraded.get("git local/web", ""))
            await parts.writer.run(Urgency.ANSWER, parts.store.delete_profile, WEB, tmp_path / "trash")
            parts.follow.forget(WEB)
            keeper.wake()
            await _until(lambda: not keeper.degraded)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("took", "pause"),
    [(0.0, 60.0), (0.01, 60.0), (0.3, 300.0), (1.3, 600.0), (6.0, 600.0), (20.0, 2_000.0)],
)
def test_a_large_store_is_compared_less_often(took: float, pause: float) -> None:
    """A thousandth of the time as far as ten minutes reach, and a hundredth at most."""
    assert pause_after(took) == pytest.approx(pause)

"""What sessions have got: known at once, written down soon, and read again by whoever comes later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.daemon import sessionbook
from sidecar.daemon.sessionbook import SessionBook
from sidecar.journal import Journal

NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def serving(path: Path, scenario: Callable[[SessionBook, Journal], Awaitable[None]]) -> None:
    """Run a scenario while the book is served, and end both as the daemon does."""

    async def run() -> None:
        with Journal.open(path) as journal:
            book = SessionBook(journal)
            task = asyncio.create_task(book.serve())
            try:
                await scenario(book, journal)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                book.flush()

    asyncio.run(run())


def test_marks_are_known_at_once_and_by_the_next_process(tmp_path: Path) -> None:
    async def first(book: SessionBook, _journal: Journal) -> None:
        book.absorb("s", frozenset({"old"}))
        book.mark("s", {"a", "b"})
        assert book.known("s") == {"old", "a", "b"}
        assert book.known("t") == frozenset()
        assert book.known(None) == frozenset()

    async def second(book: SessionBook, journal: Journal) -> None:
        assert not book.holds("s")
        book.absorb("s", journal.given("s"))
        assert book.known("s") == {"a", "b"}

    serving(tmp_path / "journal.db", first)
    serving(tmp_path / "journal.db", second)


def test_what_is_not_written_yet_counts_for_who_has_just_read(tmp_path: Path) -> None:
    async def scenario(book: SessionBook, _journal: Journal) -> None:
        book.mark("s", {"compacted"})
        assert not book.holds("s")
        book.absorb("s", frozenset())
        assert book.known("s") == {"compacted"}

    serving(tmp_path / "journal.db", scenario)


def test_a_mark_can_be_taken_back(tmp_path: Path) -> None:
    async def scenario(book: SessionBook, _journal: Journal) -> None:
        book.absorb("s", frozenset({"owed"}))
        book.unmark("s", "owed")
        assert book.known("s") == frozenset()

    serving(tmp_path / "journal.db", scenario)


def test_memory_holds_some_sessions_and_the_journal_all(tmp_path: Path) -> None:
    many = sessionbook._SESSIONS + 50

    async def scenario(book: SessionBook, journal: Journal) -> None:
        for number in range(many):
            book.absorb(f"s{number}", frozenset())
            book.mark(f"s{number}", {"a"})
            if number % 20 == 0:
                await asyncio.sleep(0.01)
        async with asyncio.timeout(60):
            while not journal.given(f"s{many - 1}"):  # noqa: ASYNC110 - nobody signals what another thread has written
                await asyncio.sleep(0.01)
        book.absorb("last", frozenset())
        assert not book.holds("s0")
        assert book.holds(f"s{many - 1}")
        assert journal.given("s0") == {"a"}

    serving(tmp_path / "journal.db", scenario)


def test_only_the_first_of_two_starts_counts(tmp_path: Path) -> None:
    async def scenario(book: SessionBook, _journal: Journal) -> None:
        soon = timedelta(seconds=10)
        assert book.first("s", NOW, soon)
        assert not book.first("s", NOW + timedelta(seconds=2), soon)
        assert book.first("t", NOW + timedelta(seconds=2), soon)
        assert book.first("s", NOW + timedelta(minutes=5), soon)

    serving(tmp_path / "journal.db", scenario)

"""The parts on which learning works, on real files, and short ways to feed and watch them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sidecar.config import Extract
from sidecar.daemon.choices import Pace
from sidecar.daemon.extraction import Extraction
from sidecar.daemon.learner import Learner
from sidecar.daemon.wiring import engine
from sidecar.daemon.writer import Writer
from sidecar.extract import Extractor
from sidecar.extract.rules import RulesExtractor
from sidecar.follow import Follow
from sidecar.index import Embedder, Index
from sidecar.ingest import Learning
from sidecar.journal import Journal
from sidecar.model import Message, ProfileRef, SessionRef
from sidecar.store import Store

WEB = ProfileRef("local", "web")
START = datetime(2026, 9, 1, 9, tzinfo=UTC)
HANG_S = 60.0
"""No test waits longer than this for anything; far above what it takes."""

SOON = Pace(away=0.05, there=0.2, longest=0.4, least=0.02)


class World:
    """A context manager over journal, store, index and writer."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self.writer = Writer()
        self._stack.callback(self.writer.close)
        self.journal = self._stack.enter_context(Journal.open(folder / "journal.db"))
        self.store = Store(folder / "store", machine="test", writes=self.journal, clock=now)
        self.store.create_namespace("local")
        index = Index.open(folder / "index", Embedder.load(), archive=self.journal)
        self._stack.callback(index.close)
        follow = Follow(self.store, self.journal, index, now)
        self.learning = Learning(
            self.journal, self.store, index, follow, by="ines@test", project=lambda _: None, clock=now
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def say(self, session: str, *texts: str, first: int = 1, due: datetime = START, priority: int = 0) -> SessionRef:
        """Archive what a person says in a session, and queue it."""
        messages = [
            Message(f"{session}-{n}", "claude-code", session, "user", "user", text, START, position=n)
            for n, text in enumerate(texts, first)
        ]
        ref = SessionRef("claude-code", session)
        self.journal.enqueue(ref, WEB, due=due, priority=priority)
        self.journal.record_read(f"/transcripts/{session}", None, WEB, messages, cursor="{}")
        return ref

    def memories(self) -> list[str]:
        """The contents of all active memories, sorted."""
        if WEB not in self.store.profiles("local"):
            return []
        return sorted(stored.memory.content.strip() for stored in self.store.open(WEB).memories())

    def extractors(self) -> set[str | None]:
        """Who has found the active memories."""
        return {stored.memory.extractor for stored in self.store.open(WEB).memories()}

    def extraction(self, *, rules: Extractor | None = None, pace: Pace = SOON, **options: Any) -> Extraction:
        """An extraction of these settings; `host` and the like as in the settings, `battery` as the class has it."""
        battery = options.pop("battery", lambda: False)
        settings = replace(Extract(), **options)
        return Extraction(
            settings,
            self.journal,
            self.writer,
            rules or RulesExtractor(),
            partial(engine, settings),
            battery=battery,
            pace=pace,
        )

    def run(
        self, scenario: Callable[[Learner, Extraction], Awaitable[None]], *, serve: bool = True, **options: Any
    ) -> None:
        """A scenario beside a learner at work, which is stopped at the end as the daemon stops it."""

        async def main() -> None:
            names = ("review", "keep_texts", "retry", "on_released", "clock")
            settings = {name: options.pop(name) for name in names if name in options}
            extraction = self.extraction(**options)
            start = asyncio.Event()
            start.set()
            learner = Learner(self.journal, self.learning, extraction, self.writer, start, **settings)
            tasks = [asyncio.create_task(part.serve()) for part in (extraction, learner)] if serve else []
            try:
                await asyncio.wait_for(scenario(learner, extraction), HANG_S)
                assert [task for task in tasks if task.done()] == [], "the services go on"
            finally:
                extraction.close()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await asyncio.to_thread(learner.close)

        asyncio.run(main())

    async def idle(self) -> None:
        """Wait until no job waits or runs."""
        await until(lambda: self.journal.queue().pending + self.journal.queue().running == 0)


async def until(test: Callable[[], object]) -> None:
    """Wait for something to be so."""
    for _ in range(int(HANG_S * 100)):
        if await asyncio.to_thread(test):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain")


def now() -> datetime:
    return datetime.now(UTC)

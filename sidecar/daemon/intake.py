"""The service that brings transcripts into the archive: watch first, then scan, then follow events.

Watching is a hint and scanning is the truth: besides events, all folders are scanned now and then, and folders that
appear later are picked up.  Routing sees the headers of all new sessions before the first of them is archived.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

from sidecar.archiving import Archiving
from sidecar.daemon.ahead import Ahead
from sidecar.daemon.sources import SourceFolder, Transcript
from sidecar.daemon.supervise import contained, told
from sidecar.daemon.unread import Unread, size_of
from sidecar.daemon.watch import Coalescer, FolderWatcher
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import FileSystemFailed
from sidecar.routing import Router

log = logging.getLogger(__name__)

_EVENT_QUIET_S = 0.15
_EVENT_MAXIMUM_S = 1.0
"""A line is archived within this time of its writing; agents write a turn in many small appends."""

_LOOK_AGAIN_S = (2.0, 60.0)
"""How often folders that did not exist are looked for, an agent that is installed later: at first, and at last."""

_LOOK_RARER = 1.25
"""So much longer each pause is than the one before: it has come to a minute after five."""

_REST = 0.25
_LONGEST_REST_S = 1.0
"""Old sessions are kept for four fifths of the time at most, so that the writer has the rest of it for others."""


@dataclass
class Progress:
    """The state of the back-fill, for `status`."""

    finished: asyncio.Event
    done: int = 0
    total: int = 0


class Intake:
    """Owns the watching and reading of transcripts."""

    def __init__(
        self,
        places: tuple[SourceFolder, ...],
        archiving: Archiving,
        router: Router,
        writer: Writer,
        *,
        rescan: timedelta,
        backfill_days: int | None,
        archived: asyncio.Event,
        on_archived: Callable[[bool], None],
        in_projects: Callable[[Iterable[Path]], tuple[SourceFolder, ...]] = lambda _: (),
        nice: int = 0,
    ) -> None:
        """Own what is read.

        Args:
            places: the agents' own folders, and those of the settings.
            archiving: keeps what is read.
            router: learns of new sessions before any of them is archived, and knows the projects.
            writer: the thread in which that is done.
            rescan: how often all folders are scanned besides being watched.
            backfill_days: how old a session may be to be taken in; None for any age.
            archived: set when the first scan is through.
            on_archived: called whenever messages have come, and told whether more of them will come at once.
            in_projects: finds further places in the folders of known projects, at every scan.
            nice: the niceness of the process that reads old sessions.
        """
        self._unread = Unread(places, archiving, router, backfill_days=backfill_days, in_projects=in_projects)
        self._archiving, self._writer = archiving, writer
        self._rescan_s = rescan.total_seconds()
        self._on_archived, self._nice = on_archived, nice
        self.progress = Progress(finished=archived)
        self.paused = False
        self._events = Coalescer(_EVENT_QUIET_S, _EVENT_MAXIMUM_S)
        self._woken = asyncio.Event()
        self._watch_problem: str | None = None
        self._scan_now = False
        self._look_s = _LOOK_AGAIN_S[0]

    async def serve(self) -> None:
        """Run until cancelled."""
        loop = asyncio.get_running_loop()
        watcher = FolderWatcher(lambda path: self._hint(loop, path))
        try:
            await self._watch(watcher)
            await self._writer.run(Urgency.ARCHIVE, self._archiving.recheck)
            await self.catch_up()
            if self.progress.done:
                self._on_archived(False)
            self.progress.finished.set()
            await self._follow(watcher)
        finally:
            await asyncio.to_thread(watcher.close)

    async def catch_up(self) -> None:
        """Take in what agents have left while nobody watched, newest session first, and tell the progress.

        What is written meanwhile goes first: somebody is working there.
        """
        pending = await asyncio.to_thread(self._unread.survey)
        self.progress.done, self.progress.total = 0, len(pending)
        while pending:
            pending = await self._take_pending(pending)
            while self.paused:
                await self._wait()

    async def _take_pending(self, pending: list[Transcript]) -> list[Transcript]:
        """Take in these; what is left of them if it is paused meanwhile, with nobody who waits to read it."""
        size = await asyncio.to_thread(size_of, pending)
        with closing(Ahead(self._archiving.cursor, size, self._nice)) as ahead:
            for place, (item, following) in enumerate(zip_longest(pending, pending[1:])):
                if self.paused:
                    return pending[place:]
                await self._contained(item, self._take_old(item, following, ahead))
                if self.paused:  # perhaps in the middle of it
                    return pending[place:]
                self.progress.done += 1
                await self._take_due()
        return []

    async def scan(self) -> None:
        """Take in what is new below the folders, newest session first; what is written meanwhile goes before it."""
        for item in await asyncio.to_thread(self._unread.survey):
            await self.take(item)
            await self._take_due()

    async def take(self, item: Transcript) -> None:
        """Archive what is new in one file; a file that cannot be read is remembered and skipped until it changes."""
        await self._contained(item, self._take_all(item))

    async def _contained(self, item: Transcript, taking: Awaitable[None]) -> None:
        error = await contained(taking)
        if await asyncio.to_thread(self._unread.note, item.path, None if error is None else told(error)):
            log.warning("transcript skipped", exc_info=error, extra={"path": item.path})

    async def _take_all(self, item: Transcript) -> None:
        more = True
        while more and not self.paused:
            written = datetime.now(UTC)
            step = await self._writer.run(Urgency.ARCHIVE, self._archiving.step, item.agent, item.path, written=written)
            more = step.more
            if step.changed:
                self._on_archived(False)

    async def _take_old(self, item: Transcript, following: Transcript | None, ahead: Ahead) -> None:
        more = True
        while more and not self.paused:
            piece = await ahead.piece(item, following)
            if piece is None:
                return
            begun = time.monotonic()
            step = await self._writer.run(Urgency.ARCHIVE, self._archiving.keep_piece, piece)
            more = step.more
            if step.changed:
                self._on_archived(True)
            await asyncio.sleep(min((time.monotonic() - begun) * _REST, _LONGEST_REST_S))

    async def _take_due(self) -> None:
        if self._due():
            await self._take_files(self._events.take())

    @property
    def problems(self) -> Mapping[Path, str]:
        """Transcripts that cannot be read, and why."""
        return self._unread.problems

    @property
    def places(self) -> tuple[SourceFolder, ...]:
        """Where transcripts are looked for, by now."""
        return self._unread.places

    def unread(self) -> bool:
        """Whether any file holds something that is not in the archive yet; looks at every file."""
        return self._events.due(time.monotonic()) is not None or bool(self._unread.pending())

    def pause(self, paused: bool) -> None:
        """Stop or go on reading; what was written meanwhile is found by a scan."""
        self.paused = paused
        self._scan_now = True
        self._woken.set()

    def set_rescan(self, interval: timedelta) -> None:
        """How often all folders are scanned, from the next scan on."""
        self._rescan_s = interval.total_seconds()

    @property
    def watch_problem(self) -> str | None:
        """Why changes are only found by scanning, if that is so."""
        return self._watch_problem

    def _hint(self, loop: asyncio.AbstractEventLoop, path: Path) -> None:
        self._events.add(path)
        loop.call_soon_threadsafe(self._woken.set)

    async def _watch(self, watcher: FolderWatcher) -> list[Path]:
        try:
            shallow = frozenset(place.root for place in self.places if place.depth is not None)
            added = await asyncio.to_thread(watcher.ensure, [place.root for place in self.places], shallow=shallow)
        except FileSystemFailed as error:
            if self._watch_problem is None:
                log.warning("cannot watch", extra={"why": error.message})
            self._watch_problem = error.message
            return []
        self._watch_problem = None
        return added

    async def _follow(self, watcher: FolderWatcher) -> None:
        """Wait for events, new folders, and the time of the next scan."""
        next_scan, next_look = time.monotonic() + self._jittered(), 0.0
        while True:
            await self._wait()
            if self.paused:
                continue
            appeared: list[Path] = []
            if time.monotonic() >= next_look:
                appeared = await self._watch(watcher)
                self._look_s = _LOOK_AGAIN_S[0] if appeared else min(self._look_s * _LOOK_RARER, _LOOK_AGAIN_S[1])
                next_look = time.monotonic() + self._look_s
            if appeared or self._scan_now or time.monotonic() >= next_scan or not watcher.alive:
                self._scan_now = False
                await self.scan()
                next_scan = time.monotonic() + self._jittered()
            elif self._due():
                await self._take_events(self._events.take())

    def _due(self) -> bool:
        """Whether changed files have come to rest."""
        due = self._events.due(time.monotonic())
        return due is not None and due <= 0

    async def _wait(self) -> None:
        """Sleep until a file changes and comes to rest, or until it is time to look for new folders."""
        due = None if self.paused else self._events.due(time.monotonic())
        seconds = self._look_s if due is None else min(self._look_s, max(due, 0.0))
        try:
            # Not `wait_for`: in Python 3.11 it can lose a cancellation that comes together with the event.
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _take_events(self, paths: set[Path]) -> None:
        if await asyncio.to_thread(lambda: any(path.is_dir() for path in paths)):
            # A folder that appeared may hold files whose events came before its watch.
            await self.scan()
        else:
            await self._take_files(paths)

    async def _take_files(self, paths: set[Path]) -> None:
        for item in await asyncio.to_thread(self._unread.among, paths):
            await self.take(item)

    def _jittered(self) -> float:
        return self._rescan_s * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing

"""The service that brings transcripts into the archive: watch first, then scan, then follow events.

Watching is a hint and scanning is the truth: besides events, all folders are scanned now and then, and folders that
appear later are picked up.  Routing sees the headers of all new sessions before the first of them is archived.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.archiving import Archiving
from sidecar.daemon.sources import SourceFolder, Transcript, owner, transcripts
from sidecar.daemon.supervise import contained, told
from sidecar.daemon.watch import Coalescer, FolderWatcher
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import FileSystemFailed, TranscriptUnreadable
from sidecar.model import SessionHeader
from sidecar.routing import Router
from sidecar.transcripts import READERS, headers_in, unchanged

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
"""Old sessions are read for four fifths of the time at most, so that who works on this machine has the rest of it."""

_State = tuple[int, int, int]

_OLDEST = datetime.fromtimestamp(0, UTC)


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
        """
        self.places, self._archiving, self._router, self._writer = places, archiving, router, writer
        self._fixed, self._in_projects = places, in_projects
        self._rescan_s, self._backfill_days = rescan.total_seconds(), backfill_days
        self._on_archived = on_archived
        self.progress = Progress(finished=archived)
        self._problems: dict[Path, tuple[str, _State]] = {}
        self.paused = False
        self._events = Coalescer(_EVENT_QUIET_S, _EVENT_MAXIMUM_S)
        self._woken = asyncio.Event()
        self._watch_problem: str | None = None
        self._declined: dict[Path, _State] = {}
        self._scan_now = False
        self._look_s = _LOOK_AGAIN_S[0]

    async def serve(self) -> None:
        """Run until cancelled."""
        loop = asyncio.get_running_loop()
        watcher = FolderWatcher(lambda path: self._hint(loop, path))
        try:
            await self._watch(watcher)
            await self._writer.run(Urgency.ARCHIVE, self._archiving.recheck)
            await self.scan(live=False)
            if self.progress.done:
                self._on_archived(False)
            self.progress.finished.set()
            await self._follow(watcher)
        finally:
            await asyncio.to_thread(watcher.close)

    async def scan(self, *, live: bool) -> None:
        """Take in everything that is new below the folders, newest session first.

        What is written meanwhile goes first: somebody is working there.
        """
        pending, headers = await asyncio.to_thread(self._survey)
        if not live:
            self.progress.done, self.progress.total = 0, len(pending)
        for item in sorted(pending, key=lambda item: (_newest(headers[item.path]), str(item.path)), reverse=True):
            await self.take(item, live=live)
            if not live:
                self.progress.done += 1
            if self._due():
                await self._take_files(self._events.take())

    async def take(self, item: Transcript, *, live: bool) -> None:
        """Archive what is new in one file; a file that cannot be read is remembered and skipped until it changes."""
        error = await contained(self._take_all(item, live=live))
        state = await asyncio.to_thread(_state, item.path)
        if error is None or state is None:
            self._problems.pop(item.path, None)
        else:
            self._problems[item.path] = (told(error), state)
            log.warning("transcript skipped", exc_info=error, extra={"path": item.path})

    async def _take_all(self, item: Transcript, *, live: bool) -> None:
        more = True
        while more and not self.paused:
            begun, written = time.monotonic(), datetime.now(UTC) if live else None
            step = await self._writer.run(Urgency.ARCHIVE, self._archiving.step, item.agent, item.path, written=written)
            more = step.more
            if step.changed:
                self._on_archived(not live)
            if not live:
                await asyncio.sleep(min((time.monotonic() - begun) * _REST, _LONGEST_REST_S))

    @property
    def problems(self) -> Mapping[Path, str]:
        """Transcripts that cannot be read, and why."""
        return {path: reason for path, (reason, _) in sorted(self._problems.items())}

    def unread(self) -> bool:
        """Whether any file holds something that is not in the archive yet; looks at every file."""
        return self._events.due(time.monotonic()) is not None or bool(self._pending())

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
                await self.scan(live=True)
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
            await self.scan(live=True)
        else:
            await self._take_files(paths)

    async def _take_files(self, paths: set[Path]) -> None:
        for item in await asyncio.to_thread(self._prepared, paths):
            await self.take(item, live=True)

    def _prepared(self, paths: set[Path]) -> list[Transcript]:
        """The transcripts among some paths, once routing knows those that are new."""
        items = {owner(self.places, path) for path in paths}
        found = sorted((item for item in items if item is not None), key=lambda item: str(item.path))
        self._learn(self._headers([item for item in found if self._archiving.cursor(item.path) is None]))
        return found

    def _survey(self) -> tuple[list[Transcript], Mapping[Path, tuple[SessionHeader, ...]]]:
        """What is to be read, with its headers, which routing has seen all; what is too old is declined."""
        self._problems = {path: held for path, held in self._problems.items() if _state(path) is not None}
        pending = self._pending()
        headers = self._headers(pending)
        self._learn(headers)
        if self._look_into_projects():
            found = [item for item in self._pending() if item.path not in headers]
            pending, headers = [*pending, *found], {**headers, **self._headers(found)}
            self._learn(headers)
        wanted = [item for item in pending if self._wanted(headers[item.path])]
        for item in pending:
            state = _state(item.path)
            if item not in wanted and state is not None:
                self._declined[item.path] = state
        return wanted, headers

    def _look_into_projects(self) -> bool:
        """Look for places in the projects that are known by now; whether there are new ones."""
        before = self.places
        self.places = tuple(dict.fromkeys([*self._fixed, *self._in_projects(self._router.folders())]))
        return not set(self.places) <= set(before)

    def _learn(self, headers: Mapping[Path, tuple[SessionHeader, ...]]) -> None:
        self._router.learn([header for found in headers.values() for header in found])

    def _pending(self) -> list[Transcript]:
        """Files with something unread; those that cannot be read or are too old count once they have changed."""
        passed = {**dict(self._declined), **{path: state for path, (_, state) in dict(self._problems).items()}}
        return [item for item in transcripts(self.places) if self._is_unread(item.path, passed.get(item.path))]

    def _is_unread(self, path: Path, passed: _State | None) -> bool:
        cursor = self._archiving.cursor(path)
        if cursor is not None and unchanged(path, cursor):
            return False
        return passed is None or passed != _state(path)

    def _headers(self, items: list[Transcript]) -> Mapping[Path, tuple[SessionHeader, ...]]:
        found: dict[Path, tuple[SessionHeader, ...]] = {}
        for item in items:
            try:
                found[item.path] = headers_in(READERS[item.agent], item.path)
            except TranscriptUnreadable:
                found[item.path] = ()  # `take` meets the same fault and remembers it
        return found

    def _wanted(self, headers: tuple[SessionHeader, ...]) -> bool:
        """Whether any session of a file is new enough, or too little is known of it to tell."""
        times = [header.last_record for header in headers if header.last_record is not None]
        if self._backfill_days is None or len(times) < len(headers) or not headers:
            return True
        return datetime.now(UTC) - max(times) <= timedelta(days=self._backfill_days)

    def _jittered(self) -> float:
        return self._rescan_s * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing


def _state(path: Path) -> _State | None:
    """What changes when a file changes; None if it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _newest(headers: tuple[SessionHeader, ...]) -> datetime:
    return max((header.last_record or header.started or _OLDEST for header in headers), default=_OLDEST)

"""The service that keeps index and git in step with the files: the daemon's end of the follow road."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.daemon.watch import Coalescer, FolderWatcher
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import GitFailed
from sidecar.follow import Follow
from sidecar.index import Index
from sidecar.model import ProfileRef

log = logging.getLogger(__name__)

_EVENT_QUIET_S = 0.1
_EVENT_MAXIMUM_S = 0.5
"""An edit is recallable within a second: this long for the editor to finish, the rest for reading and indexing."""

_TICK_S = 1.0
"""How often the index's folder is looked at, which may be deleted at any time."""

_RESCAN_S = 60.0
"""How often the store is scanned besides being watched; a dead watcher is noticed at the latest then."""

_COMMIT_RETRY = timedelta(seconds=10)


class Keeper:
    """Owns the watching of the store, the index and the commits."""

    def __init__(
        self,
        root: Path,
        follow: Follow,
        index: Index,
        writer: Writer,
        *,
        quiet: timedelta,
        maximum: timedelta,
    ) -> None:
        self._root, self._follow, self._index, self._writer = root, follow, index, writer
        self._quiet, self._maximum = quiet, maximum
        self._events = Coalescer(_EVENT_QUIET_S, _EVENT_MAXIMUM_S)
        self._woken = asyncio.Event()
        self._archived = False
        self._anew = False
        self._retry_at: dict[ProfileRef, datetime] = {}
        self._next_scan = 0.0
        self.degraded: dict[str, str] = {}
        self.behind_since: float | None = None

    async def serve(self) -> None:
        """Run until cancelled."""
        loop = asyncio.get_running_loop()
        watcher = FolderWatcher(lambda path: self._hint(loop, path))
        self._follow.look_for_leftovers()
        try:
            while True:
                await self._turn(watcher)
                await self._wait()
        finally:
            await asyncio.to_thread(watcher.close)

    def archived(self) -> None:
        """The archive has new messages, which the index is to take over."""
        self._archived = True
        self._behind()
        self._woken.set()

    def look(self) -> None:
        """Scan the store soon."""
        self._next_scan = 0.0
        self._behind()
        self._woken.set()

    def set_commit_times(self, *, quiet: timedelta, maximum: timedelta) -> None:
        """How long the store must rest before a commit, and how long a change waits at most."""
        self._quiet, self._maximum = quiet, maximum

    def wake(self) -> None:
        """Something may be due, such as a commit."""
        self._woken.set()

    def rebuild(self) -> None:
        """Make the index anew, soon."""
        self._anew = True
        self._behind()
        self._woken.set()

    @property
    def busy(self) -> bool:
        """Whether a change is known that the index does not have yet."""
        return self.behind_since is not None or self._events.due(time.monotonic()) is not None

    @property
    def lag_ms(self) -> int:
        """The age of the oldest change that the index does not have, in milliseconds; 0 when it has all."""
        return 0 if self.behind_since is None else int((time.monotonic() - self.behind_since) * 1000)

    async def commit_all(self) -> None:
        """Commit whatever waits, for a stop."""
        for ref in sorted(self._follow.uncommitted):
            await self._commit(ref)

    def _hint(self, loop: asyncio.AbstractEventLoop, path: Path) -> None:
        if path.name.endswith((".tmp", ".lock", ".swp", "~")):
            return
        self._events.add(path)
        loop.call_soon_threadsafe(self._woken.set)

    def _behind(self) -> None:
        if self.behind_since is None:
            self.behind_since = time.monotonic()

    async def _turn(self, watcher: FolderWatcher) -> None:
        """One look at everything that may be due."""
        now = time.monotonic()
        newly_watched = watcher.ensure([self._root])
        due = self._events.due(now)
        if newly_watched or not watcher.alive or now >= self._next_scan:
            self._events.take()
            await self._catch_up(None)
            self._next_scan = time.monotonic() + _RESCAN_S * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load
        elif due is not None and due <= 0:
            self._behind()
            await self._catch_up(self._profiles(self._events.take()))
        elif self._archived or self._anew or not self._index.intact():
            await self._catch_up([])
        for ref in self._ready():
            await self._commit(ref)

    async def _catch_up(self, refs: list[ProfileRef] | None) -> None:
        anew, self._anew, self._archived = self._anew, False, False
        if anew or not self._index.intact():
            self.degraded["index"] = "the index is being made anew"
        changed = await self._writer.run(Urgency.FOLLOW, self._follow.catch_up, refs, anew=anew)
        self.degraded.pop("index", None)
        self.behind_since = None
        if changed:
            log.debug("index follows", extra={"generation": self._index.generation})

    def _profiles(self, paths: set[Path]) -> list[ProfileRef]:
        """The profiles below which something changed."""
        parts = (path.relative_to(self._root).parts for path in paths if path.is_relative_to(self._root))
        return sorted({ProfileRef(found[0], found[1]) for found in parts if len(found) >= 2})

    def _ready(self) -> list[ProfileRef]:
        now = datetime.now(UTC)
        return sorted(
            ref
            for ref, (first, last) in self._follow.uncommitted.items()
            if (now - last >= self._quiet or now - first >= self._maximum) and now >= self._retry_at.get(ref, now)
        )

    async def _commit(self, ref: ProfileRef) -> None:
        try:
            commits = await self._writer.run(Urgency.FOLLOW, self._follow.commit, ref)
        except GitFailed as error:
            self._retry_at[ref] = datetime.now(UTC) + _COMMIT_RETRY
            self.degraded[f"git {ref}"] = error.message
            log.exception("not committed", extra={"profile": ref})
            return
        self._retry_at.pop(ref, None)
        self.degraded.pop(f"git {ref}", None)
        if commits:
            log.info("committed", extra={"profile": ref, "commits": len(commits)})
            self.look()

    async def _wait(self) -> None:
        """Sleep until the next thing can be due: an event, a commit, or the next look at the index's folder."""
        due = self._events.due(time.monotonic())
        seconds = _TICK_S if due is None else min(max(due, 0.0), _TICK_S)
        try:
            await asyncio.wait_for(self._woken.wait(), timeout=seconds)
        except TimeoutError:
            return
        self._woken.clear()

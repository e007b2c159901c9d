"""The service that keeps index and git in step with the files: the daemon's end of the follow road."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.daemon.watch import Coalescer, FolderWatcher
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import PROFILE_FAULTS, FileSystemFailed, IndexUnusable, SidecarError
from sidecar.follow import Follow
from sidecar.index import Index
from sidecar.model import ProfileRef

log = logging.getLogger(__name__)

_EVENT_QUIET_S = 0.1
_EVENT_MAXIMUM_S = 0.5
"""An edit is recallable within a second: this long for the editor to finish, the rest for reading and indexing."""

_TICK_S = 1.0
"""How often it is looked whether something is due, while anything waits or is wrong."""

_REST_S = 30.0
"""The same while nothing is: whatever changes then wakes us, also the index's folder (see `indexwatch`)."""

_RESCAN_S = 60.0
"""How often the store is scanned besides being watched: what no event has told of is noticed at the latest then."""

_RESCAN_SHARE, _RESCAN_LAST_S, _RESCAN_MOST = 1_000, 600.0, 100
"""Of a large store less often: that look takes a thousandth of the time, or as much more as is needed to look every ten
minutes, and a hundredth at most (docs/decisions/0010)."""

_GIT_EVERY = 10
"""At each how many of these looks git is asked too: it knows of files that are no memories."""

_STORM = 10_000
"""After so many events without a pause the system's queue of them may have run over (it holds 16,384 on Linux): then
all is scanned."""

_RESCAN_FAULTY_S = 5.0
"""The same while the store is not watched, or while something is wrong with a profile that a person may mend."""

_TOLD_S = 0.15
"""So long what clients asked to be remembered waits for the events of its files, and is followed together with them."""

_BULK_S = 5.0
"""So long the messages of old sessions wait for the index at most: a commit of it costs as much for one message as for
a thousand, and a back-fill brings a session after the other."""

_WRITE_QUIET_S = 0.5
_WRITE_MAXIMUM_S = 5.0
"""So long nothing more must come for what the index has in memory alone to be written, and so long it waits at most."""

_COMMIT_RETRY_S = 10.0

_NO_HINTS: Mapping[ProfileRef, Collection[str]] = {}


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
        watch: Callable[[Callable[[Path], None]], FolderWatcher] = FolderWatcher,
    ) -> None:
        """`quiet` and `maximum` as for `set_commit_times`; `watch` makes a watcher that calls what it is given."""
        self._watch = watch
        self._watcher: FolderWatcher | None = None
        self._root, self._follow, self._index, self._writer = root, follow, index, writer
        self._quiet, self._maximum = quiet, maximum
        self._events = Coalescer(_EVENT_QUIET_S, _EVENT_MAXIMUM_S)
        self._woken = asyncio.Event()
        self._archived_by: float | None = None
        self._anew = False
        self._retry_at: dict[ProfileRef, float] = {}
        self._next_scan = 0.0
        self._next_look = 0.0
        self._looks = 0
        self._written: set[ProfileRef] = set()
        self._written_by = 0.0
        self._degraded: dict[str, str] = {}
        self.behind_since: float | None = None
        self._newer: float | None = None
        self.on_commit: Callable[[ProfileRef], None] = lambda _ref: None

    async def serve(self) -> None:
        """Run until cancelled."""
        if not self._index.generation:  # deleted, damaged or of another format: what it answers is not all
            self._degraded["index"] = "the index is being made anew"
            self._behind()
        loop = asyncio.get_running_loop()
        self._index.on_waiting = lambda: loop.call_soon_threadsafe(self._woken.set)
        try:
            await self._writer.run(Urgency.FOLLOW, self._follow.look_for_leftovers)
            while True:
                await self._turn()
                await self._wait()
        finally:
            self._index.on_waiting = lambda: None
            await self._unwatch()

    def archived(self, *, soon: bool = True) -> None:
        """The archive has new messages, which the index is to take over: at once, or with those that come next."""
        rested = self._rests
        by = time.monotonic() + (0.0 if soon else _BULK_S)
        self._archived_by = by if self._archived_by is None else min(by, self._archived_by)
        self._behind()
        if soon or rested:  # whoever rests sleeps longer than these may wait
            self._woken.set()

    def look(self) -> None:
        """Scan the store soon."""
        self._next_scan = 0.0
        self._behind()
        self._woken.set()

    def wrote(self, ref: ProfileRef, *, at_once: bool = True) -> None:
        """A profile has changed through us: what follows from it is taken over soon, and committed later.

        Not `at_once`: with all that is written within a moment, so that of many writes not each is followed.
        """
        by = time.monotonic() + (0.0 if at_once else _TOLD_S)
        sooner = not self._written or by < self._written_by
        self._written_by = by if sooner else self._written_by
        self._written.add(ref)
        self._behind()
        if sooner or at_once:
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
    def degraded(self) -> Mapping[str, str]:
        """Why answers may miss something, by what it is about."""
        found = {f"profile {ref}": reason for ref, reason in self._follow.faults.items()}
        if self._watcher is not None and not self._watcher.alive:
            found["watch"] = "the watcher of the memory files has ended and is being started again"
        return {**self._degraded, **found}

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
            await self._commit(ref, portion=False)

    def _hint(self, loop: asyncio.AbstractEventLoop, path: Path) -> None:
        if path.name.endswith((".tmp", ".lock", ".swp", "~")):
            return
        if self._events.add(path):  # those that come after it put it off, which is seen when its time has come
            loop.call_soon_threadsafe(self._woken.set)

    def _behind(self) -> None:
        now = time.monotonic()
        self.behind_since = self.behind_since or now
        self._newer = self._newer or now

    async def _turn(self) -> None:
        """One look at everything that may be due."""
        newly_watched = await self._keep_watching()
        now = time.monotonic()
        due = self._events.due(now)
        storm = due is not None and due <= 0 and self._events.storm > _STORM
        if newly_watched or now >= self._next_scan or storm:
            self._events.take()
            self._next_scan = math.inf
            self._look_again_after(0.0)
            await self._catch_up(None)
        elif due is not None and due <= 0:
            self._behind()
            told = self._told(self._events.take())
            await self._catch_up(sorted(told.keys() | self._written), told)
        elif self._written and now >= self._written_by:
            await self._catch_up(sorted(self._written))
        elif now >= self._next_look:
            await self._look_around()
        elif self._anew or (self._archived_by is not None and now >= self._archived_by) or not self._index.intact():
            await self._catch_up([])
        for ref in self._ready():
            await self._commit(ref)
        due = self._write_due(time.monotonic())
        if due is not None and due <= 0:
            await self._write()

    def _write_due(self, now: float) -> float | None:
        """In how many seconds what the index has in memory alone is to be written; None if there is nothing."""
        waiting = self._index.waiting
        if waiting is None:
            return None
        first, last = waiting
        return min(last + _WRITE_QUIET_S, first + _WRITE_MAXIMUM_S) - now

    async def _write(self) -> None:
        try:
            await self._writer.run(Urgency.FOLLOW, self._index.write)
        except IndexUnusable as error:
            log.warning("the index could not be written, and is made anew", exc_info=error)
            self._woken.set()

    async def _look_around(self) -> None:
        """Find what no event has told of.  Not in the writer's thread, which may be waited for, as nothing changes."""
        begun = time.monotonic()
        self._looks += 1
        found = await asyncio.to_thread(self._follow.unnoticed, everything=self._looks % _GIT_EVERY == 0)
        self._look_again_after(time.monotonic() - begun)
        if found:
            log.debug("nothing had told of these", extra={"paths": sum(map(len, found.values()))})
            self._behind()
            await self._catch_up(sorted(found), found)

    def _look_again_after(self, took: float) -> None:
        self._next_look = time.monotonic() + pause_after(took) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load

    async def _keep_watching(self) -> bool:
        """See that the store is watched; whether it was not until now, so that something may have been missed."""
        if self._watcher is not None and not self._watcher.alive:
            await self._unwatch()
        loop = asyncio.get_running_loop()
        try:
            if self._watcher is None:
                self._watcher = self._watch(lambda path: self._hint(loop, path))
            newly_watched = bool(self._watcher.ensure([self._root]))
        except (FileSystemFailed, OSError) as error:
            why = f"{error.message} {error.hint}" if isinstance(error, SidecarError) else str(error.strerror)
            self._degraded["watch"] = f"the memory files are scanned now and then, not watched: {why}"
            self._scan_within(_RESCAN_FAULTY_S)
            return False
        self._degraded.pop("watch", None)
        return newly_watched

    async def _unwatch(self) -> None:
        if self._watcher is not None:
            watcher, self._watcher = self._watcher, None
            await asyncio.to_thread(watcher.close)

    def _scan_within(self, seconds: float) -> None:
        self._next_scan = min(self._next_scan, time.monotonic() + seconds)

    async def _catch_up(
        self, refs: Sequence[ProfileRef] | None, paths: Mapping[ProfileRef, Collection[str]] = _NO_HINTS
    ) -> None:
        """One run of the follow road; it takes back no more than what was due before it began.

        `paths`: what may have changed in the profiles that are in it; of all others everything.
        """
        anew, self._anew, self._archived_by, self._newer = self._anew, False, None, None
        written, self._written = self._written, set()
        hints = {**dict.fromkeys(written, ()), **paths} if refs is not None else {}
        if anew or not self._index.intact():
            self._degraded["index"] = "the index is being made anew"
        try:
            changed = await self._writer.run(
                Urgency.FOLLOW, self._follow.catch_up, refs, anew=anew, portion=True, paths=hints
            )
        except BaseException:
            self._anew, self._archived_by, self._next_scan = self._anew or anew, 0.0, 0.0
            self._written |= written
            raise
        if self._follow.unsettled:
            self._written, self._written_by = self._written | self._follow.unsettled, 0.0
        if not self._follow.unfinished:
            self._degraded.pop("index", None)
        if self._follow.unfinished:  # goes on at once, unless somebody waits for the writer
            self._archived_by = 0.0
        if self._follow.unfinished or self._follow.unsettled:
            self._woken.set()
        else:
            self.behind_since = self._newer
        if self._follow.faults:
            self._scan_within(_RESCAN_FAULTY_S)
        if changed:
            log.debug("index follows", extra={"generation": self._index.generation})

    def _told(self, paths: set[Path]) -> dict[ProfileRef, Collection[str]]:
        """The profiles below which something changed, and the paths in them; an empty one is the folder itself."""
        found: dict[ProfileRef, set[str]] = {}
        for path in paths:
            parts = path.relative_to(self._root).parts if path.is_relative_to(self._root) else ()
            if len(parts) >= 2:
                found.setdefault(ProfileRef(parts[0], parts[1]), set()).add("/".join(parts[2:]))
        return dict(found)

    def _ready(self) -> list[ProfileRef]:
        now, ticks = datetime.now(UTC), time.monotonic()
        waiting = self._follow.uncommitted
        for ref in [ref for ref in self._retry_at if ref not in waiting]:  # deleted, or committed by another
            del self._retry_at[ref]
            self._degraded.pop(f"git {ref}", None)
        return sorted(
            ref
            for ref, (first, last) in waiting.items()
            if (self._has_rested(now, last) or now - first >= self._maximum) and ticks >= self._retry_at.get(ref, ticks)
        )

    def _has_rested(self, now: datetime, last: datetime) -> bool:
        """Whether the quiet time is over; a change in the future: the clock was set back, and nothing waits for it."""
        return now < last or now - last >= self._quiet

    async def _commit(self, ref: ProfileRef, *, portion: bool = True) -> None:
        try:
            commits = await self._writer.run(Urgency.FOLLOW, self._follow.commit, ref, portion=portion)
        except PROFILE_FAULTS as error:
            self._not_committed(ref, error)
            return
        self._retry_at.pop(ref, None)
        self._degraded.pop(f"git {ref}", None)
        if ref in self._follow.uncommitted:  # what follows from it goes on at once, unless others want the writer
            self._woken.set()
        if commits:
            log.info("committed", extra={"profile": ref, "commits": len(commits)})
            self.wrote(ref)
            self.on_commit(ref)

    def _not_committed(self, ref: ProfileRef, error: Exception) -> None:
        """Try again a little later, and say so; told to the log once."""
        self._retry_at[ref] = time.monotonic() + _COMMIT_RETRY_S
        why = f"{error.message} {error.hint}" if isinstance(error, SidecarError) else str(error)
        reason = f"profile {ref}: {why}"
        if self._degraded.get(f"git {ref}") != reason:
            log.error("not committed", exc_info=error, extra={"profile": ref})
        self._degraded[f"git {ref}"] = reason

    @property
    def _rests(self) -> bool:
        """Whether nothing waits for its time, and nothing is wrong that may mend itself."""
        return not (self.busy or self.degraded or self._follow.uncommitted or self._retry_at)

    async def _wait(self) -> None:
        """Sleep until the next thing can be due: an event, a commit, or the next scan."""
        now = time.monotonic()
        due = [self._events.due(now), self._written_by - now if self._written else None, self._write_due(now)]
        pause = _REST_S if self._rests else _TICK_S
        seconds = max(0.0, min([pause, *(one for one in due if one is not None)]))
        try:
            # Not `wait_for`: in Python 3.11 it can lose a cancellation that comes together with the event.
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()


def pause_after(took: float) -> float:
    """Seconds until the store is compared again as a whole, by how many the last time took."""
    return max(_RESCAN_S, min(took * _RESCAN_SHARE, _RESCAN_LAST_S), took * _RESCAN_MOST)

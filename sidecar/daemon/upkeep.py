"""The service that lets go of what need not be kept: old texts of the archive, and old entries of the trash."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.config import Config
from sidecar.daemon.writer import Urgency, Writer
from sidecar.descriptors import remove_tree
from sidecar.journal import Journal

log = logging.getLogger(__name__)

_FIRST_S = 60.0
"""The start itself is busy enough."""

_EVERY_S = 3600.0

_TRASH_DAYS = 30
"""How long a deleted profile can be taken back by hand."""

_STAMP = re.compile(r"-(\d{8}T\d{6}Z)(?:-\d+)?$")
"""The moment of the deletion at the end of an entry's name; what has none was not put there by us."""


class Upkeep:
    """Owns what is done once an hour."""

    def __init__(
        self,
        journal: Journal,
        writer: Writer,
        trash: Path,
        config: Config,
        *,
        on_change: Callable[[], None],
        first_s: float = _FIRST_S,
    ) -> None:
        """`on_change` is called when the archive has let something go, which the index is to follow."""
        self._journal, self._writer, self._trash, self._on_change = journal, writer, trash, on_change
        self.settings, self._first_s = config.archive, first_s
        self._changed = asyncio.Event()

    async def serve(self) -> None:
        """Run until cancelled."""
        await self._wait(self._first_s)
        while True:
            await self.run()
            await self._wait(_EVERY_S)

    def adopt(self, config: Config) -> None:
        """Take over new settings; where those of the archive are others than before, the next run is now."""
        if self.settings != config.archive:
            self.settings = config.archive
            self._changed.set()

    async def run(self) -> None:
        """Do all of it once."""
        settings, now = self.settings, datetime.now(UTC)
        pruned = await self._all(lambda: self._journal.prune_some(settings.keep_days, settings.max_mb, now=now))
        if not settings.enabled:
            pruned += await self._all(self._journal.release_some)
        if pruned:  # before anything else, which may fail or be broken off
            self._on_change()
            log.info("archive pruned", extra={"messages": pruned})
        await self._all(self._journal.give_back)
        await self._writer.run(Urgency.EXTRACT, self._journal.scrub)
        removed = await asyncio.to_thread(empty_trash, self._trash, now)
        if removed:
            log.info("trash emptied", extra={"entries": removed})

    async def _wait(self, seconds: float) -> None:
        """Sleep, but not once the settings have changed."""
        try:
            # Not `wait_for`: in Python 3.11 it can lose a cancellation that comes together with the event.
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    async def _all(self, step: Callable[[], int]) -> int:
        """Repeat a short step until it finds nothing more; whoever waits for an answer goes between."""
        total = 0
        while count := await self._writer.run(Urgency.EXTRACT, step):
            total += count
        return total


def empty_trash(trash: Path, now: datetime) -> int:
    """Delete what has been in the trash for longer than 30 days; the number of entries.

    Nothing behind a link in its place, where other things may lie that bear a date.
    """
    entries = sorted(trash.iterdir()) if trash.is_dir() and not trash.is_symlink() else []
    old = [entry for entry in entries if _deleted_at(entry.name, now) < now - timedelta(days=_TRASH_DAYS)]
    for entry in old:
        remove_tree(entry)
    return len(old)


def _deleted_at(name: str, now: datetime) -> datetime:
    stamp = _STAMP.search(name)
    return now if stamp is None else datetime.strptime(stamp[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

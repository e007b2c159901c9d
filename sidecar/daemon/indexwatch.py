"""The service that watches the index's folder, which may be deleted at any time, so that nobody need look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from sidecar.daemon.watch import FolderWatcher
from sidecar.errors import FileSystemFailed

_AGAIN_S = (1.0, 60.0)
"""How soon the folder is watched anew once something happened in it or it was not there: at first, and at last."""

_QUIET_S = 0.5
"""So long nothing more must happen: what is made anew while `rm -r` is at work would be in its way."""

_UNWATCHED_S = 30.0
"""How often to look where the system refuses the watch."""


class IndexWatch:
    """Calls `on_change` when something comes to or leaves the top of the folder, or the folder itself goes.

    What commits change lies deeper, so at work nothing is told.
    """

    def __init__(self, folder: Path, on_change: Callable[[], None]) -> None:
        self._folder, self._on_change = folder, on_change

    async def serve(self) -> None:
        """Run until cancelled."""
        pause = _AGAIN_S[0]
        while True:
            there = await self._watched()
            self._on_change()
            # A folder that went and came is another one than the one that was watched.
            await asyncio.sleep(pause)
            pause = _AGAIN_S[0] if there else min(pause * 2, _AGAIN_S[1])

    async def _watched(self) -> bool:
        """Watch until something happens; False at once if there is no folder, or later if it cannot be watched."""
        changed, loop = asyncio.Event(), asyncio.get_running_loop()

        def notify(_path: Path) -> None:
            loop.call_soon_threadsafe(changed.set)

        watcher = FolderWatcher(notify)
        try:
            if not await asyncio.to_thread(watcher.ensure, [self._folder], shallow=[self._folder]):
                return False
            self._on_change()  # what happened before the watch
            await changed.wait()
            while changed.is_set():
                changed.clear()
                await asyncio.sleep(_QUIET_S)
        except FileSystemFailed:
            await asyncio.sleep(_UNWATCHED_S)
            return False
        finally:
            await asyncio.to_thread(watcher.close)
        return True

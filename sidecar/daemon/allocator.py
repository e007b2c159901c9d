"""The C library's allocator: few arenas, and what lies free in them given back to the system.

glibc gives each new thread an arena of its own, up to eight for each core, and keeps in it what was once used.  The
index's engine starts threads with every commit, so that much of what the daemon held after its first writes lay free
(`scripts/bench_footprint.py` measures what it holds).  Elsewhere than on glibc all this does nothing.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from pathlib import Path

_ARENA_MAX = -8
"""`M_ARENA_MAX` of glibc's malloc.h."""

_ARENAS = 2
"""As many as threads that work in C at the same moment beside each other: recall's channels and the index's writer."""

_LOOK_S = 60.0
_GROWTH = 1.05
_WORK_S = 3.0
"""Memory is given back when it has grown by so much since it was last, or after so many seconds of work: what was used
then may lie free by now, which nothing tells of.  For less it is not worth the walk."""

_STATM = Path("/proc/self/statm")
_RESIDENT = 1
"""Which number of `statm` counts the pages that are in memory."""


def _library() -> ctypes.CDLL | None:
    """The C library if it is one whose allocator is known here."""
    if sys.platform != "linux" or not _STATM.exists():
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def few_arenas() -> None:
    """Have all threads to come share a few arenas; to be called before there are any.  `MALLOC_ARENA_MAX` counts more.

    Where glibc refuses, memory is as it would have been.
    """
    library = _library()
    if library is not None and "MALLOC_ARENA_MAX" not in os.environ:
        library.mallopt(_ARENA_MAX, _ARENAS)


class GivingBack:
    """The service that gives free memory back once the process has grown or worked."""

    def __init__(self, look_s: float = _LOOK_S, work_s: float = _WORK_S) -> None:
        self._look_s, self._work_s = look_s, work_s

    async def serve(self) -> None:
        """Run until cancelled; return at once where there is nothing to call."""
        library = _library()
        if library is None:
            return
        kept, worked = 0, 0.0
        while True:
            await asyncio.sleep(self._look_s)
            if resident_pages() > kept * _GROWTH or time.process_time() - worked >= self._work_s:
                await asyncio.to_thread(library.malloc_trim, 0)
                kept, worked = resident_pages(), time.process_time()


def resident_pages() -> int:
    """Pages of this process that are in memory."""
    return int(_STATM.read_text().split()[_RESIDENT])

"""What the process holds of the machine's memory and does not need: given back to the system.

glibc gives each new thread an arena of its own, up to eight for each core, and keeps in it what was once used.  The
index's engine starts threads with every commit, and takes and frees a dozen megabytes for each, so that much of what
the daemon held after its first writes lay free (`scripts/soak.py` and `scripts/bench_footprint.py` measure what it
holds).  And whatever was looked at once in a library, the model or the index counts as the daemon's, although the
system could read it again.  Elsewhere than on glibc all this does nothing.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

_ARENA_MAX = -8
_MMAP_THRESHOLD = -3
"""`M_ARENA_MAX` and `M_MMAP_THRESHOLD` of glibc's malloc.h."""

_ARENAS = 2
"""As many as threads that work in C at the same moment beside each other: recall's channels and the index's writer."""

_LARGE = 1 << 20
"""Bytes that are taken from the system by themselves, and so given back once they are free.

By itself glibc raises this bound to the largest piece that was ever freed; the engine's pieces, of a megabyte and more,
then come from the heap, and what is taken between them keeps them from being given back (docs/decisions/0016).
"""

_LOOK_S = 60.0
"""Between two looks; half of it while something is to be given back, as whatever works for a moment puts that off."""

_GROWTH = 1.05
_WORK_S = 3.0
"""Memory is given back when it has grown by so much since it was last, or after so many seconds of work: what was used
then may lie free by now, which nothing tells of.  For less it is not worth the walk."""

_QUIET_S = 0.1
"""Seconds of processor time between two looks of a daemon at rest; ten recalls in a small home are more."""

_DONTNEED = 4
"""`MADV_DONTNEED` of the system's mman-common.h."""

_SMAPS = Path("/proc/self/smaps")
_UNWRITTEN = re.compile(
    r"^(?P<begin>[0-9a-f]+)-(?P<end>[0-9a-f]+) r-.. \S+ \S+ \d+ +/.*(?:\.so[.\d]*|\.safetensors)\n"
    r"(?:[A-Z]\w*:.*\n)*?Anonymous: +0 kB\n"
    r"(?:[A-Z]\w*:.*\n)*?Swap: +0 kB$",
    re.MULTILINE,
)
"""In `smaps` the pieces of files that stay where they are mapped until the process ends, libraries (Python closes none)
and the bundled model, in which nothing was ever written: what a library has changed of itself would be lost, wherever
that is now.  Written pages that the system has swapped out, as it does with those of whoever rests, are not `Anonymous`
any more.

What others may let go of meanwhile, such as the index's files, must not be named by its address: another piece of
memory may lie there by the time."""

_STATM = Path("/proc/self/statm")
_RESIDENT = 1
"""Which number of `statm` counts the pages that are in memory."""


def _library() -> ctypes.CDLL | None:
    """The C library if it is one whose allocator is known here."""
    if sys.platform != "linux" or not _STATM.exists():
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def keep_little() -> None:
    """Have all threads to come share a few arenas, and large pieces given back; to be called before there are any.

    glibc's own variables, `MALLOC_ARENA_MAX` and `MALLOC_MMAP_THRESHOLD_`, count more.  Where glibc refuses, memory is
    as it would have been.
    """
    library = _library()
    if library is None:
        return
    for name, option, value in (
        ("MALLOC_ARENA_MAX", _ARENA_MAX, _ARENAS),
        ("MALLOC_MMAP_THRESHOLD_", _MMAP_THRESHOLD, _LARGE),
    ):
        if name not in os.environ:
            library.mallopt(option, value)


class GivingBack:
    """The service that gives memory back once the process has grown or worked, and more of it at rest."""

    def __init__(
        self,
        rest: Callable[[], Awaitable[None]],
        *,
        look_s: float = _LOOK_S,
        work_s: float = _WORK_S,
        quiet_s: float = _QUIET_S,
    ) -> None:
        """`rest` lets other parts give back what they need while they work."""
        self._rest, self._look_s, self._work_s, self._quiet_s = rest, look_s, work_s, quiet_s

    async def serve(self) -> None:
        """Run until cancelled; return at once where there is nothing to call."""
        library = _library()
        if library is None:
            return
        kept, worked, seen, due = 0, 0.0, 0.0, False
        while True:
            await asyncio.sleep(self._look_s / 2 if due else self._look_s)
            spent = time.process_time()
            quiet, seen = spent - seen < self._quiet_s, spent
            grown = resident_pages() > kept * _GROWTH or spent - worked >= self._work_s
            due = due or grown
            if not (due if quiet else grown):
                continue
            if quiet:
                await self._rest()
            await asyncio.to_thread(_give_back, library, unused=quiet)
            # To give back is no work: of a gigabyte it takes more than one at rest may, which would put off the rest.
            seen = time.process_time()
            kept, worked, due = resident_pages(), seen, not quiet


def _give_back(library: ctypes.CDLL, *, unused: bool) -> None:
    """Free memory, and if nothing is in use the pages of lasting files too."""
    library.malloc_trim(0)
    if unused:
        let_go_of_files(library)


def let_go_of_files(library: ctypes.CDLL) -> None:
    """Take the pages of libraries and of the model out of the process.

    They stay in the system's cache while it has room, and come back at a touch.
    """
    library.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for begin, end in unwritten(_SMAPS.read_text(encoding="utf-8", errors="surrogateescape")):
        library.madvise(begin, end - begin, _DONTNEED)


def unwritten(smaps: str) -> list[tuple[int, int]]:
    """Where the pieces of lasting files begin and end that can be read again as they are, by the text of `smaps`."""
    return [(int(piece["begin"], 16), int(piece["end"], 16)) for piece in _UNWRITTEN.finditer(smaps)]


def resident_pages() -> int:
    """Pages of this process that are in memory."""
    return int(_STATM.read_text().split()[_RESIDENT])

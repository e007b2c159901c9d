"""The first look at all memory files, which takes seconds where there are ten thousand.

A recall does not wait for it: the index knows what the last run knew of them, and what has changed since is taken over
after the look, as a change that comes later would be.  Whatever else is asked waits, since it is answered from the
files; so does a recall that needs them: of memories that link to others or that others may have brought, of a snapshot,
or for a folder if nothing is known of any project.  Where the index is empty, or a purge was interrupted, the socket
itself waits.

Most of the daemon is not even imported until then (`wiring`): two hundred modules that no recall needs.  That begins
with the first answer, or with the first request for anything else, or soon: beside it an answer would take twice as
long, for only one thread at a time has the interpreter.
"""

from __future__ import annotations

import asyncio
import contextlib


class Opening:
    """Whether the look is over; it is until it begins."""

    def __init__(self) -> None:
        self._over, self._wanted = asyncio.Event(), asyncio.Event()
        self._over.set()

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for."""
        return self._over.is_set()

    def begin(self) -> None:
        """From now on there is."""
        self._over.clear()

    def end(self) -> None:
        """All files have been looked at."""
        self._over.set()

    async def wait(self) -> None:
        """Return once it is over."""
        self._wanted.set()
        await self._over.wait()

    def answered(self) -> None:
        """A recall has its answer: whoever asked first waits no longer."""
        self._wanted.set()

    async def wanted(self, at_most_s: float) -> None:
        """Return when somebody needs more than a recall, or when the first has its answer, or after some seconds."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wanted.wait(), at_most_s)

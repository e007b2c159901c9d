"""The first look at all memory files, which takes seconds where there are ten thousand.

A recall does not wait for it: the index knows what the last run knew of them, and what has changed since is taken over
after the look, as a change that comes later would be.  Whatever else is asked waits, since it is answered from the
files; so does a recall that needs them: of memories that link to others or that others may have brought, of a snapshot,
or for a folder if nothing is known of any project.  Where the index is empty, or a purge was interrupted, the socket
itself waits.
"""

from __future__ import annotations

import asyncio


class Opening:
    """Whether the look is over; it is until it begins."""

    def __init__(self) -> None:
        self._over = asyncio.Event()
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
        await self._over.wait()

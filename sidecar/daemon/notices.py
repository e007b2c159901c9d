"""Notices of hooks: sessions that are to be read and extracted before all others.

A hook does not wait for that.  Notices of one session that wait are one, so that a flood of them costs one reading.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from pathlib import Path

from sidecar.daemon.parts import Parts
from sidecar.daemon.sources import owner
from sidecar.daemon.supervise import contained
from sidecar.daemon.takein import TakeIn
from sidecar.errors import TranscriptBusy
from sidecar.transcripts import READERS, detect

log = logging.getLogger(__name__)

_WAITING = 256
"""Notices that wait at most; the oldest give way, and watching finds what they were about."""

_SESSION_CHARACTERS = 256
"""No agent's session name is longer; what is is not one."""


class Notices:
    """Works off notices, one after the other."""

    def __init__(self, parts: Parts, takein: TakeIn) -> None:
        self._parts, self._takein = parts, takein
        self._waiting: OrderedDict[tuple[str, str | None, str | None], None] = OrderedDict()
        self._woken = asyncio.Event()

    def add(self, agent: str, session: str | None, path: str | None) -> None:
        """Take a notice; returns at once."""
        if (session is None and path is None) or len(session or "") > _SESSION_CHARACTERS:
            return
        self._waiting[agent, session, path] = None
        while len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        self._woken.set()

    async def serve(self) -> None:
        """Read what was noticed; runs until it is cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._waiting:
                (agent, session, path), _ = self._waiting.popitem(last=False)
                error = await contained(self._work(agent, session, Path(path) if path else None))
                if error is not None:
                    log.warning("a notice came to nothing", exc_info=error, extra={"agent": agent})

    async def _work(self, agent: str, session: str | None, path: Path | None) -> None:
        whose = agent
        if path is not None:
            # Agents also run hooks that were meant for another one: the file decides whose it is.
            found = await asyncio.to_thread(self._writer_of, agent, path)
            whose, path = (found, path) if found is not None else (agent, None)
        await self._takein.notice(whose, session, path)

    def _writer_of(self, agent: str, path: Path) -> str | None:
        """The agent that wrote a transcript; None if it is none that we read."""
        if not path.is_file():
            return None
        lies_in = owner(self._parts.intake.places, path)
        if lies_in is not None:
            return lies_in.agent
        try:
            found = detect(path)
        except TranscriptBusy:  # of a database outside of the agents' folders nothing is promised
            return None
        return found if found in READERS and found == agent else None

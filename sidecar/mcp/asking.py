"""Questions to the daemon from a server that must go on: off the event loop, cancellable, and started if wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sidecar.client import Client
from sidecar.errors import NoDaemon, SidecarError

T = TypeVar("T")

_TIMEOUT_S = 60.0
"""Longest wait for one answer of the daemon."""

_AT_ONCE = 16
"""Questions that are asked at once; the others wait for their turn, which takes milliseconds."""


class Asking:
    """Asks the daemon on a socket.  `start` starts it and says whether it did; None where it is not ours to start."""

    def __init__(self, socket: Path, start: Callable[[], bool] | None = None) -> None:
        self._socket, self._start = socket, start
        self._starting = asyncio.Lock()
        # Of our own: within the daemon, questions must not hold the threads that answer them.
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mcp")

    async def __call__(self, question: Callable[[Client], T]) -> T:
        """The answer.  Raises SidecarError; NoDaemon if there is none and none was to be started."""
        try:
            return await self._ask(question)
        except NoDaemon:
            if self._start is None or not await self._started(self._start):
                raise
        return await self._ask(question)

    async def _ask(self, question: Callable[[Client], T]) -> T:
        """Ask in a thread; who calls the question off ends the conversation with the daemon, and so the thread."""
        client = Client(self._socket, _TIMEOUT_S)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, question, client)
        except asyncio.CancelledError:
            client.abort()
            raise

    async def _started(self, start: Callable[[], bool]) -> bool:
        """Whether a daemon runs now; of many questions at once, one starts it and the others wait."""
        async with self._starting:
            try:
                await self._ask(Client.health)
            except NoDaemon:
                return await asyncio.get_running_loop().run_in_executor(self._threads, start)
            return True


def sentence(error: SidecarError) -> str:
    """What happened and what to do next, in one sentence on one line."""
    hint = error.hint[:1].lower() + error.hint[1:]
    return " ".join(f"{error.message.rstrip('.')}; {hint}".split())

"""While many ask at once, processes of their own recall beside the daemon: two interpreters answer more than one.

They are started once several recalls have been under way for a while, and ended when that has not been so for longer.
Each reads the index's folder by itself (`recaller`), and is asked only while it has the very state from which the
daemon would answer; whenever it has not, and whatever becomes of it, the daemon answers as ever.
What they brought is in docs/decisions/0019.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.daemon.child import LENGTH_BYTES, framed, started
from sidecar.daemon.parcels import packed, unpacked
from sidecar.index import Index, Lasting
from sidecar.recall import RecallAnswer, RecallRequest

_MANY = 4
"""Recalls under way at once: fewer are answered soon enough, as those of an agent's hooks are."""

_LONG_S = 0.25
"""For so long there must have been as many: a burst is over before a process has started."""

_IDLE_S = 20.0
"""After so long with fewer, the processes are ended."""

_AT_MOST = 2
"""Processes.  Each takes some 65 MB beside an index of 10,000 documents, and 130 beside one of 100,000."""

_AHEAD = 2
"""Questions that a process has at a time: one that it answers, and the next, so that it need not wait for it."""

_MOST_ROWS = 150_000
"""Of an index with more documents each process would hold hundreds of megabytes."""

_FOLLOW_S = 1.0
"""Between two times that a process takes the index anew, which takes a tenth of a second and more."""

_SILENT_S = 5.0
"""A process that has not answered by then has been stopped, or hangs."""

_FOLLOWING_S = 25.0
"""What it may take longer for the index, for which a new one has to import itself first."""

_BUFFER_BYTES = 1 << 20
"""Of the socket: an answer goes into it as a whole, so that the process can go on."""

_PROGRAM = "from sidecar.daemon.recaller import serve; serve()"


class Recallers:
    """The processes, and when there are any.  To be used in the event loop."""

    def __init__(
        self,
        index: Index,
        journal: Path,
        model: str,
        *,
        at_most: int = _AT_MOST,
        long_s: float = _LONG_S,
        idle_s: float = _IDLE_S,
        silent_s: float = _SILENT_S,
    ) -> None:
        """`journal`: the file of the archive; `model`: what the index was built with, as the settings name it."""
        self._index, self._places = index, (str(index.folder), str(journal), model)
        self._long_s, self._idle_s, self._silent_s = long_s, idle_s, silent_s
        self._count = at_most if _processors() > 1 else 0
        self._room = asyncio.Semaphore(max(1, self._count * _AHEAD))
        self._under_way = 0
        self._many_since: float | None = None
        self._many_last, self._again = 0.0, 0.0
        self._there: list[_Process] = []
        self._starting: asyncio.Task[None] | None = None
        self._closed = False

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Around every recall: how many are under way decides."""
        self._under_way += 1
        self._look()
        try:
            yield
        finally:
            self._under_way -= 1
            if self._under_way < _MANY:
                self._many_since = None

    async def answer(self, request: RecallRequest) -> RecallAnswer | None:
        """What a process answers; None if the daemon has to answer by itself."""
        if not self._there:
            return None
        async with self._room:
            lasting = self._index.lasting
            if lasting is None:
                return None
            ready = [process for process in self._there if process.has(lasting)]
            if not ready:
                return None
            return await min(ready, key=lambda process: process.waiting).answer(request)

    def close(self) -> None:
        """End the processes; there will be no more."""
        self._closed = True
        self._end()

    def _look(self) -> None:
        """Start them if many have asked for long enough."""
        if self._under_way < _MANY or not self._count or self._closed:
            return
        now = asyncio.get_running_loop().time()
        self._many_last = now
        if self._many_since is None:
            self._many_since = now
        elif now - self._many_since >= self._long_s and now >= self._again and not self._there:
            self._again = now + self._idle_s  # if there can be none
            view = self._index.view
            if view.memories.state.documents + view.messages.state.documents <= _MOST_ROWS:
                self._starting = asyncio.get_running_loop().create_task(self._start())

    async def _start(self) -> None:
        for _ in range(self._count):
            process = await _started(self._places, self._silent_s)
            if process is None:
                break
            self._there.append(process)
            if self._closed:
                self._end()
                return
            await process.follow()  # the next one only then: the daemon answers meanwhile, and two would be in its way
        asyncio.get_running_loop().call_later(self._idle_s, self._end_if_idle)

    def _end_if_idle(self) -> None:
        loop = asyncio.get_running_loop()
        left = self._many_last + self._idle_s - loop.time()
        if left > 0 and not self._closed:
            loop.call_later(left, self._end_if_idle)
        else:
            self._end()

    def _end(self) -> None:
        there, self._there = self._there, []
        for process in there:
            process.end()


class _Process(asyncio.Protocol):
    """One process: what it was asked, in order, and which state of the index it has."""

    def __init__(self, child: subprocess.Popen[bytes], silent_s: float) -> None:
        self._child, self._silent_s = child, silent_s
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._asked: deque[asyncio.Future[object]] = deque()
        self._has: Lasting | None = None
        self._follows: asyncio.Task[None] | None = None
        self._followed = -_FOLLOW_S

    @property
    def waiting(self) -> int:
        """How many questions it has not answered."""
        return len(self._asked)

    def has(self, lasting: Lasting) -> bool:
        """Whether it would answer from this state; if not, it is told to take it, for later."""
        idle = self._follows is None or self._follows.done()
        if self._has != lasting and idle and self._transport is not None:
            if asyncio.get_running_loop().time() - self._followed >= _FOLLOW_S:
                self._follows = asyncio.get_running_loop().create_task(self.follow())
                self._has = None
        return self._has == lasting

    async def answer(self, request: RecallRequest) -> RecallAnswer | None:
        """Its answer; None if it has none, has gone, or says nothing for so long that it is ended."""
        answer = await self._within(self._silent_s, request)
        return answer if isinstance(answer, RecallAnswer) else None

    def end(self) -> None:
        """End it, and answer None to whoever waits."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There it is."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand over each answer that is there as a whole."""
        held = self._received
        held += data
        while len(held) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(held[:LENGTH_BYTES], "big")
            if len(held) < end:
                return
            content = bytes(held[LENGTH_BYTES:end])
            del held[:end]
            self._answered(content)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone, or is to go."""
        del exc
        self._transport, self._has = None, None
        while self._asked:
            _fulfil(self._asked.popleft(), None)
        self._child.kill()
        asyncio.get_running_loop().run_in_executor(None, self._child.wait)

    async def follow(self) -> None:
        """Have it take the index as it is by now."""
        self._followed = asyncio.get_running_loop().time()
        taken = await self._within(self._silent_s + _FOLLOWING_S, None)
        self._has = taken if isinstance(taken, Lasting) else None

    async def _within(self, seconds: float, request: RecallRequest | None) -> object:
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(request)
        except TimeoutError:
            self.end()
            return None

    def _ask(self, request: RecallRequest | None) -> asyncio.Future[object]:
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self._transport is None:
            future.set_result(None)
            return future
        self._transport.write(framed(packed(request)))
        self._asked.append(future)
        return future

    def _answered(self, content: bytes) -> None:
        try:
            answer = unpacked(content)
        except ValueError:  # no words of ours: it has gone mad
            self.end()
            return
        if self._asked:
            _fulfil(self._asked.popleft(), answer)


def _fulfil(future: asyncio.Future[object], answer: object) -> None:
    if not future.done():  # whoever asked may have gone
        future.set_result(answer)


async def _started(places: tuple[str, str, str], silent_s: float) -> _Process | None:
    ours, theirs = socket.socketpair()
    with theirs:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        descriptor = theirs.fileno()
        child = started(_PROGRAM, *places, stdin=descriptor, stdout=descriptor)
    if child is None:
        ours.close()
        return None
    ours.setblocking(False)
    _, process = await asyncio.get_running_loop().create_connection(lambda: _Process(child, silent_s), sock=ours)
    return process


def _processors() -> int:
    with contextlib.suppress(AttributeError, OSError):  # only Linux tells which of them are ours
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

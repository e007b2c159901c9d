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
from sidecar.records import dataclass

_MANY = 4
"""Recalls under way at once: fewer are answered soon enough, as those of an agent's hooks are."""

_LONG_S = 0.25
"""For so long there must have been as many: a burst is over before a process has started."""

_IDLE_S = 20.0
"""After so long with fewer, the processes are ended."""

_AT_MOST = 2
"""Processes.  Each takes some 60 MB beside an index of 10,000 documents, and more beside a larger one."""

_AHEAD = 2
"""Questions that a process has at a time: one that it answers, and the next, so that it need not wait for it."""

_MOST_ROWS = 150_000
"""Of an index with more documents each process would hold hundreds of megabytes."""

_FOLLOW_S = 1.0
"""Between two times that a process takes the index anew, which takes a tenth of a second and more."""

_BUFFER_BYTES = 1 << 20
"""Of the socket: an answer goes into it as a whole, so that the process can go on."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""There is a process for each processor: libraries need not start threads for all of them in each."""

_PROGRAM = "from sidecar.daemon.recaller import serve; serve()"


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds a process is waited for.

    `slow_s`: for an answer; then the daemon gives it, and asks the process nothing until that has spoken.  Two recalls
    take a tenth of it, and a hook waits for 0.3 s.  `silent_s`: from then on until it is ended, as one that was stopped
    or hangs.  `first_follow_s` and `follow_s`: for the index, at first, when it has to import itself, and later; then
    it is ended, for whoever holds the engine's lock in the folder keeps the daemon from writing.
    """

    slow_s: float = 0.15
    silent_s: float = 5.0
    first_follow_s: float = 30.0
    follow_s: float = 10.0


_PATIENCE = Patience()


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
        patience: Patience = _PATIENCE,
    ) -> None:
        """`journal`: the file of the archive; `model`: what the index was built with, as the settings name it."""
        self._index, self._places = index, (str(index.folder), str(journal), model)
        self._long_s, self._idle_s, self._patience = long_s, idle_s, patience
        self._count = at_most if _processors() > 1 else 0
        self._room = asyncio.Semaphore(max(1, self._count * _AHEAD))
        self._under_way = 0
        self._many_since: float | None = None
        self._many_last, self._again = 0.0, 0.0
        self._there: list[_Process] = []
        self._starting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
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
            found = await min(ready, key=lambda process: process.waiting).answer(request)
            # What was forgotten meanwhile must not be said by somebody who did not know yet.
            return found if self._index.lasting == lasting else None

    def end(self) -> None:
        """End the processes, which may hold open what others want to be gone; more may come."""
        for process in self._there:
            process.end()
        self._there.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """End the processes; there will be no more."""
        self._closed = True
        self.end()

    def _look(self) -> None:
        """Start them if many have asked for long enough."""
        if self._under_way < _MANY or not self._count or self._closed:
            return
        now = asyncio.get_running_loop().time()
        self._many_last = now
        if self._many_since is None:
            self._many_since = now
        elif now - self._many_since >= self._long_s and now >= self._again and len(self._there) < self._count:
            self._again = now + self._idle_s  # if there can be none, or they do not live
            view = self._index.view
            if view.memories.state.documents + view.messages.state.documents <= _MOST_ROWS:
                self._starting = asyncio.get_running_loop().create_task(self._start())

    async def _start(self) -> None:
        """Start one after the other: the daemon answers meanwhile, and two that import would be in its way."""
        while len(self._there) < self._count and not self._closed:
            process = await _started(self._places, self._patience, self._there)
            if process is None:
                return
            if self._closed:
                self.end()
                return
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._end_if_idle)
            await process.follow()
            if process not in self._there:
                return

    def _end_if_idle(self) -> None:
        loop, self._timer = asyncio.get_running_loop(), None
        left = self._many_last + self._idle_s - loop.time()
        if left > 0 and not self._closed:
            self._timer = loop.call_later(left, self._end_if_idle)
        else:
            self.end()


class _Process(asyncio.Protocol):
    """One process: what it was asked, in order, and which state of the index it has."""

    def __init__(self, child: subprocess.Popen[bytes], patience: Patience, there: list[_Process]) -> None:
        """`there`: those that can be asked, of which it is one from its connection on until it has gone."""
        self._child, self._patience, self._there = child, patience, there
        self._transport: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._asked: deque[asyncio.Future[object]] = deque()
        self._has: Lasting | None = None
        self._following: asyncio.Task[None] | None = None
        self._followed: float | None = None
        self._slow: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """How many questions it has not answered."""
        return len(self._asked)

    def has(self, lasting: Lasting) -> bool:
        """Whether it would answer from this state, and soon; if it has another, it is told to take it, for later."""
        if self._has != lasting and self._may_follow():
            self._begin_to_follow()
        return self._has == lasting and self._slow is None

    async def follow(self) -> None:
        """Have it take the index as it is by now."""
        await self._begin_to_follow()

    async def answer(self, request: RecallRequest) -> RecallAnswer | None:
        """Its answer; None if it has none, has gone, or takes too long."""
        try:
            async with asyncio.timeout(self._patience.slow_s):
                answer = await self._ask(request)
        except TimeoutError:
            if self._slow is None:
                self._slow = asyncio.get_running_loop().call_later(self._patience.silent_s, self.end)
            return None
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
            self._there.append(self)

    def data_received(self, data: bytes) -> None:
        """Hand over each answer that is there as a whole."""
        self._received += data
        while self._transport is not None and len(self._received) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._received[:LENGTH_BYTES], "big")
            if len(self._received) < end:
                return
            content = bytes(self._received[LENGTH_BYTES:end])
            del self._received[:end]
            self._answered(content)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone, or is to go."""
        del exc
        self._transport, self._has = None, None
        if self in self._there:
            self._there.remove(self)
        while self._asked:
            _fulfil(self._asked.popleft(), None)
        self._child.kill()
        asyncio.get_running_loop().run_in_executor(None, self._child.wait)

    def _may_follow(self) -> bool:
        if self._transport is None or not (self._following is None or self._following.done()):
            return False
        return self._followed is None or asyncio.get_running_loop().time() - self._followed >= _FOLLOW_S

    def _begin_to_follow(self) -> asyncio.Task[None]:
        limit = self._patience.first_follow_s if self._followed is None else self._patience.follow_s
        loop = asyncio.get_running_loop()
        # Nothing is asked until it says what it has; what it was asked before comes from what it had.
        self._has, self._followed = None, loop.time()
        self._following = loop.create_task(self._follow(limit))
        return self._following

    async def _follow(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                taken = await self._ask(None)
        except TimeoutError:
            self.end()
            return
        self._has = taken if isinstance(taken, Lasting) else None

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
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None


def _fulfil(future: asyncio.Future[object], answer: object) -> None:
    if not future.done():  # whoever asked may have gone
        future.set_result(answer)


async def _started(places: tuple[str, str, str], patience: Patience, there: list[_Process]) -> _Process | None:
    """A new process; None if there can be none."""
    with contextlib.ExitStack() as stack:
        try:
            ours, theirs = map(stack.enter_context, socket.socketpair())
            for end in (ours, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        except OSError:  # no more descriptors
            return None
        descriptor = theirs.fileno()
        # In this thread: in another one the descriptor might be somebody else's by then.
        child = started(_PROGRAM, *places, stdin=descriptor, stdout=descriptor, environ=_ONE_THREAD)
        if child is None:
            return None
        ours.setblocking(False)
        kept = ours.dup()
    _, process = await asyncio.get_running_loop().create_connection(lambda: _Process(child, patience, there), sock=kept)
    return process


def _processors() -> int:
    with contextlib.suppress(AttributeError, OSError):  # only Linux tells which of them are ours
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""The one thread that changes anything: journal, store and index have a single owner.

Work is handed in as callables.  Urgent ones (a person or an agent waits for the answer) overtake the rest between two
steps, so every step must be short: one batch of a file, one candidate, one commit.

The thread has the priority of people's own programs, as somebody may wait for any of its steps, and a priority once
lowered cannot be raised again without privilege.  What nobody waits for is worked out in threads and processes that are
nice (reading old sessions, extraction); only its results are written here.
"""

from __future__ import annotations

import asyncio
import enum
import itertools
import os
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Urgency(enum.IntEnum):
    """Which waiting step goes next; the smaller number first."""

    ANSWER = 0
    FOLLOW = 1
    ARCHIVE = 2
    EXTRACT = 3
    CLOSE = 9


_Item = tuple[int, int, "Future[Any]", Callable[[], Any] | None]


class Writer:
    """A single-threaded executor with priorities; results come back as asyncio results."""

    def __init__(self) -> None:
        self._queue: queue.PriorityQueue[_Item] = queue.PriorityQueue()
        self._order = itertools.count()
        self._thread = threading.Thread(target=self._loop, name="sidecar-writer", daemon=True)
        self._closed = False
        self._unfinished = 0
        self._counting = threading.Lock()
        self._thread.start()

    async def run(self, urgency: Urgency, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of the call, made in the writer thread; its exceptions are raised here."""
        return await asyncio.wrap_future(self.submit(urgency, lambda: function(*args, **kwargs)))

    def submit(self, urgency: Urgency, call: Callable[[], T]) -> Future[T]:
        """Queue a call from any thread."""
        future: Future[T] = Future()
        if self._closed:
            future.cancel()
            return future
        with self._counting:
            self._unfinished += 1
        future.add_done_callback(self._finished)
        self._queue.put((int(urgency), next(self._order), future, call))
        return future

    @property
    def busy(self) -> bool:
        """Whether a step runs or waits."""
        return self._unfinished > 0

    def _finished(self, _future: Future[Any]) -> None:
        with self._counting:
            self._unfinished -= 1

    def close(self, timeout_s: float = 10.0) -> None:
        """Refuse new steps, cancel those that wait, let the running one end."""
        self._closed = True
        waiting: list[_Item] = []
        while True:
            try:
                waiting.append(self._queue.get_nowait())
            except queue.Empty:
                break
        for item in waiting:
            item[2].cancel()
        self._queue.put((int(Urgency.CLOSE), next(self._order), Future(), None))
        self._thread.join(timeout_s)

    def _loop(self) -> None:
        while True:
            _, _, future, call = self._queue.get()
            if call is None:
                return
            if not future.set_running_or_notify_cancel():
                continue
            answer(outcome(call), future)


def outcome(call: Callable[[], T]) -> Future[T]:
    """The result of a call, or what it has raised, to be handed to whoever asked for it."""
    found: Future[T] = Future()
    try:
        found.set_result(call())
    except BaseException as error:  # noqa: BLE001 - handed to the caller, who decides
        found.set_exception(error)
    return found


def answer(found: Future[T], future: Future[T]) -> None:
    """Hand it over."""
    error = found.exception()
    if error is None:
        future.set_result(found.result())
    else:
        future.set_exception(error)


def lower_priority(nice: int) -> None:
    """Give the present thread this niceness, where the system knows one for a thread (Linux)."""
    if nice and sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)

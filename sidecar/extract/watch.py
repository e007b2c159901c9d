"""Who is asked when, and for how long: one call at a time to each server, and none that hangs.

Threads, sockets and clocks only; nothing here knows what is asked.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from types import TracebackType
from typing import Self

from sidecar.errors import ModelCancelled, ModelFailed, ModelStalled, ModelTooSlow


class Turns:
    """One call at a time to each server, whoever asks: a model on a CPU only gets slower by two at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy: set[str] = set()

    @contextmanager
    def take(self, server: str, given_up: Callable[[], bool]) -> Iterator[bool]:
        """Wait for the turn at `server`; yields whether it was got, which it was not if `given_up` came true."""
        with self._changed:
            self._changed.wait_for(lambda: given_up() or server not in self._busy)
            got = not given_up()
            if got:
                self._busy.add(server)
        try:
            yield got
        finally:
            with self._changed:
                if got:
                    self._busy.discard(server)
                self._changed.notify_all()

    def wake(self) -> None:
        """Let all who wait look again whether they have given up."""
        with self._changed:
            self._changed.notify_all()


class Cause(Enum):
    """Why a call was ended."""

    STALLED = "silence between two pieces"
    TOO_SLOW = "the whole took too long"
    CANCELLED = "somebody does not want it any more"


class Watch:
    """Ends a call that takes too long or is not wanted any more, by cutting its connection.

    From another thread, because the one that reads can only wait: cutting makes it read the end of the stream.

    Two limits, in seconds.  `timeout_s` is for the whole.  `stall_s` is for the silence between two pieces, and counts
    from the first piece on: before it the server loads the model and reads the prompt, on a CPU for minutes, and sends
    nothing while it does, so that silence then says nothing.
    """

    def __init__(self, *, stall_s: float, timeout_s: float) -> None:
        self.cause: Cause | None = None
        self._stall_s = stall_s
        self._until = time.monotonic() + timeout_s
        self._heard: float | None = None
        self._connection: socket.socket | None = None
        self._over = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._wait, name="model-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._changed:
            self._over = True
            self._connection = None
            self._changed.notify_all()
        self._thread.join()

    def connected(self, connection: socket.socket) -> None:
        """This is the connection to cut; at once if the call has ended already."""
        with self._changed:
            self._connection = connection
            if self.cause is not None:
                self._cut()

    def heard(self) -> None:
        """A piece has come."""
        with self._changed:
            first = self._heard is None
            self._heard = time.monotonic()
            if first:
                self._changed.notify_all()

    def cancel(self) -> None:
        """End the call now."""
        with self._changed:
            self._end(Cause.CANCELLED)
            self._changed.notify_all()

    def _wait(self) -> None:
        with self._changed:
            while not self._over and self.cause is None:
                stalled = self._until if self._heard is None else self._heard + self._stall_s
                left = min(stalled, self._until) - time.monotonic()
                if left > 0:
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                else:
                    self._end(Cause.STALLED if stalled < self._until else Cause.TOO_SLOW)

    def _end(self, cause: Cause) -> None:
        if self.cause is None and not self._over:
            self.cause = cause
            self._cut()

    def _cut(self) -> None:
        if self._connection is not None:
            # The plain socket's method also for TLS, whose own would first take the cipher from under the reader.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._connection, socket.SHUT_RDWR)


_TURNS = Turns()
"""Over all models of this process."""


class Calls:
    """The calls to one model: each in its turn, watched and timed; `close` ends them all.

    `server` is the address by which turns are taken.  `stall_s` and `timeout_s` are as for `Watch`.  `on_use` is told
    the seconds of each call, failed ones too, without the time of waiting for the turn.
    """

    def __init__(
        self, server: str, model: str, *, stall_s: float, timeout_s: float, on_use: Callable[[float], None]
    ) -> None:
        self._server = server
        self._model = model
        self._stall_s = stall_s
        self._timeout_s = timeout_s
        self._on_use = on_use
        self._guard = threading.Lock()
        self._closed = False
        self._watch: Watch | None = None

    @contextmanager
    def one(self) -> Iterator[Watch]:
        """One call.  A ModelFailed in it becomes ModelStalled, ModelTooSlow or ModelCancelled if that is its cause."""
        with _TURNS.take(self._server, lambda: self._closed) as got:
            if not got:
                raise ModelCancelled(model=self._model)
            began = time.monotonic()
            try:
                with self._watched() as watch:
                    yield watch
            finally:
                self._on_use(time.monotonic() - began)

    def close(self) -> None:
        """End the running call, those that wait for their turn, and every later one."""
        with self._guard:
            self._closed = True
            if self._watch is not None:
                self._watch.cancel()
        _TURNS.wake()

    @contextmanager
    def _watched(self) -> Iterator[Watch]:
        with Watch(stall_s=self._stall_s, timeout_s=self._timeout_s) as watch:
            with self._guard:
                self._watch = watch
                if self._closed:
                    watch.cancel()
            try:
                yield watch
            except ModelFailed as error:
                if watch.cause is None:
                    raise
                raise self._ended(watch.cause) from error
            finally:
                with self._guard:
                    self._watch = None

    def _ended(self, cause: Cause) -> ModelFailed:
        if cause is Cause.STALLED:
            return ModelStalled(model=self._model, seconds=self._stall_s)
        if cause is Cause.TOO_SLOW:
            return ModelTooSlow(model=self._model, seconds=self._timeout_s)
        return ModelCancelled(model=self._model)

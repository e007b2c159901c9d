"""Statements to remember, from many who ask at once: those that wait together are written together.

A sync of the disk costs as much for one memory as for fifty; nobody is answered before it is done and the index finds
what was said.  Nobody waits for others to come either: whoever finds the writer free goes alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from typing import Final

from sidecar.daemon.protocol import Told
from sidecar.daemon.takein import TakeIn
from sidecar.daemon.writer import Urgency, Writer, answer, outcome
from sidecar.errors import ChangedOnDisk
from sidecar.follow import Follow
from sidecar.model import ProfileRef, Stored

_TOGETHER: Final = 50
"""How many at most, so that who asks for something else in between waits for some tenths of a second only."""

_Waiting = tuple[ProfileRef, Told, "Future[Stored]"]
_Kept = Mapping[ProfileRef, "Future[Mapping[str, BaseException]]"]


class Telling:
    """Serves `remember`."""

    def __init__(self, writer: Writer, follow: Follow, takein: TakeIn) -> None:
        self._writer, self._follow, self._takein = writer, follow, takein
        self._waiting: deque[_Waiting] = deque()
        self._asked = False
        """Whether a step of the writer's has been asked for that has not begun: it will find all that waits by then."""

    async def remember(self, ref: ProfileRef, told: Told) -> Stored:
        """The memory; on disk and recallable when this returns.  Raises as `TakeIn.remember`."""
        waiting: Future[Stored] = Future()
        self._waiting.append((ref, told, waiting))
        if not self._asked:  # looked at after the statement waits, and set back by the step before it looks
            self._ask()
        return await asyncio.wrap_future(waiting)

    def _ask(self) -> None:
        self._asked = True
        self._writer.submit(Urgency.ANSWER, self._serve).add_done_callback(self._ended)

    def _ended(self, step: Future[None]) -> None:
        """Whoever waits for a writer that has ended waits in vain."""
        if step.cancelled():
            self._asked = False
            while (next_one := self._next()) is not None:
                next_one[2].cancel()

    def _next(self) -> _Waiting | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def _serve(self) -> None:
        """Write what waits; in the writer thread."""
        self._asked = False
        held: list[tuple[_Waiting, Future[Stored]]] = []
        while len(held) < _TOGETHER and (next_one := self._next()) is not None:
            ref, told, waiting = next_one
            if waiting.set_running_or_notify_cancel():
                held.append((next_one, outcome(partial(self._takein.remember, ref, told, hold=True))))
        kept = self._takein.put_down()
        written = [(one[0], self._kept(one, found, kept), one[2]) for one, found in held]
        refs = sorted({ref for ref, found, _ in written if found.exception() is None})
        indexed = outcome(partial(self._follow.catch_up, refs, rescan=False, messages=False)) if refs else None
        for _, found, waiting in written:
            missing = None if indexed is None or found.exception() is not None else indexed.exception()
            if missing is None:
                answer(found, waiting)
            else:
                waiting.set_exception(missing)  # it is on disk, and cannot be recalled yet
        if self._waiting and not self._asked:  # more than are served together
            self._ask()

    def _kept(self, asked: _Waiting, found: Future[Stored], kept: _Kept) -> Future[Stored]:
        """What one was written as, or why it is not on the disk; `kept` is what `TakeIn.put_down` has said."""
        if found.exception() is not None:
            return found
        stored, (ref, told, _) = found.result(), asked
        if stored.profile not in kept:
            return found
        error = kept[stored.profile].exception() or kept[stored.profile].result().get(stored.path)
        if error is None:
            return found
        if isinstance(error, ChangedOnDisk):  # a hand was quicker to take the name: another one is free
            return outcome(partial(self._takein.remember, ref, told))
        failed: Future[Stored] = Future()
        failed.set_exception(error)
        return failed

"""The service that extracts: one session at a time, when it has been quiet, after the archive has caught up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sidecar.daemon.supervise import contained, told
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import FormatTooNew, StoreVanished, Unavailable
from sidecar.extract import Extractor
from sidecar.ingest import Learning
from sidecar.journal import Job, Journal
from sidecar.model import SessionRef

log = logging.getLogger(__name__)

_ATTEMPTS = 5
"""Failures of one session after which it is parked and shown in `status`."""

_RETRY = timedelta(seconds=30)
"""First pause before a failed session is tried again; it doubles with each failure."""

_WAIT = timedelta(seconds=10)
"""Pause of a session whose profile nobody may write to until a person has decided."""

_IDLE_S = 60.0
"""Longest sleep without a look at the queue; new work wakes the service at once."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Somebody who waits until extraction has seen a session up to a `seq`."""

    upto: int
    future: asyncio.Future[None]


class Learner:
    """Owns the extraction queue's working end.

    `review`: what is learned waits as proposed.  `keep_texts`: whether the archive keeps what extraction has seen.
    Both count from the next session on.
    """

    def __init__(
        self,
        journal: Journal,
        learning: Learning,
        extractor: Extractor | None,
        writer: Writer,
        start: asyncio.Event,
        *,
        review: bool = False,
        keep_texts: bool = True,
        on_released: Callable[[], None] = lambda: None,
    ) -> None:
        """`start` is set when the first scan has archived everything; `extractor` None learns nothing.

        `on_released` is called when the archive has let texts go, which the index is to follow.
        """
        self._journal, self._learning, self._extractor, self._writer = journal, learning, extractor, writer
        self._start = start
        self._wake = asyncio.Event()
        self._waiting: dict[SessionRef, list[_Waiting]] = {}
        self._on_released = on_released
        self.paused, self.review, self.keep_texts = False, review, keep_texts

    async def serve(self) -> None:
        """Run until cancelled."""
        if self._extractor is None:
            # `settled` need not wait for them, and no mark moves: a later start with an extractor finds the sessions.
            await self._writer.run(Urgency.EXTRACT, self._journal.drop_jobs)
            await asyncio.Event().wait()
        await self._writer.run(Urgency.EXTRACT, self._journal.recover)
        await self._writer.run(Urgency.EXTRACT, self._queue_unextracted)
        await self._start.wait()
        while True:
            job = None if self.paused else await self._writer.run(Urgency.EXTRACT, self._journal.claim, _now())
            if job is None:
                await self._sleep()
            else:
                await self._work(job)

    def wake(self) -> None:
        """There may be new work."""
        self._wake.set()

    def pause(self, paused: bool) -> None:
        """Stop after the present session, or go on.  Whoever waits for a session is told that it will take longer."""
        self.paused = paused
        if paused:
            for waiting in [one for group in self._waiting.values() for one in group]:
                if not waiting.future.done():
                    waiting.future.set_exception(paused_error("the messages are kept, but not extracted yet"))
            self._waiting.clear()
        self.wake()

    async def expect(self, ref: SessionRef) -> None:
        """Return when extraction has seen every message that the session has now, or has given the session up.

        Nothing is waited for without an extractor.  Raises Unavailable when extraction is or becomes paused.
        """
        if self._extractor is None:
            return
        upto = await asyncio.to_thread(self._journal.newest, ref)
        if self.paused:
            raise paused_error("the messages are kept, but not extracted yet")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(ref, []).append(_Waiting(upto, future))
        row = await asyncio.to_thread(self._journal.session, ref)
        # A job that ended before we were in the list has told nobody.
        if row is None or row.state in ("idle", "parked"):
            self._tell(ref, None)
        elif row.extracted >= upto:
            self._tell(ref, upto)
        await future

    def _queue_unextracted(self) -> None:
        """Sessions that came while nothing extracted, or whose job was lost, are due now."""
        for ref, profile in self._journal.unextracted():
            self._journal.enqueue(ref, profile, due=_now())

    async def _work(self, job: Job) -> None:
        error = await contained(self._learn(job))
        if error is not None:
            await self._failed(job, error)

    async def _learn(self, job: Job) -> None:
        run, extractor, review = self._writer.run, self._extractor, self.review
        session, upto = await run(Urgency.EXTRACT, self._learning.slice, job.ref, job.after)
        candidates = []
        if extractor is not None and session.messages:
            candidates = await asyncio.to_thread(extractor.extract, session)
        for candidate in candidates:
            placed = replace(candidate, proposed=True) if review else candidate
            await run(Urgency.EXTRACT, self._learning.take, placed, job.profile)
        await run(Urgency.EXTRACT, self._learning.finish, job, upto)
        if not self.keep_texts:
            released = await run(Urgency.EXTRACT, self._journal.release, job.ref)
            if released:
                self._on_released()
        self._tell(job.ref, upto)

    async def _failed(self, job: Job, error: Exception) -> None:
        if isinstance(error, StoreVanished | FormatTooNew):  # no fault of the session: it waits for a person
            await self._writer.run(Urgency.EXTRACT, self._journal.put_off, job, told(error), until=_now() + _WAIT)
            return
        log.error("session not extracted", exc_info=error, extra={"session": job.ref.session})
        attempts = job.attempts + 1
        retry = None if attempts >= _ATTEMPTS else _now() + _RETRY * 2 ** (attempts - 1)
        await self._writer.run(Urgency.EXTRACT, self._journal.fail, job, told(error), retry_at=retry)
        if retry is None:
            self._tell(job.ref, None)

    def _tell(self, ref: SessionRef, upto: int | None) -> None:
        """Wake those who wait for the session up to this `seq`; None: all of them, as it was given up."""
        left: list[_Waiting] = []
        for waiting in self._waiting.pop(ref, ()):
            if upto is not None and waiting.upto > upto:
                left.append(waiting)
            elif not waiting.future.done():
                waiting.future.set_result(None)
        if left:
            self._waiting[ref] = left

    async def _sleep(self) -> None:
        due = None if self.paused else await self._writer.run(Urgency.EXTRACT, self._journal.next_due)
        seconds = _IDLE_S if due is None else min(max((due - _now()).total_seconds(), 0.0), _IDLE_S)
        try:
            # Not wait_for, which before Python 3.12 can lose a cancellation that comes together with the event.
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()


def paused_error(what: str) -> Unavailable:
    """What whoever waits for extraction is told while it is paused; `what` became of the request."""
    return Unavailable(
        what="Extraction", why=f"it is paused; {what}", hint="Go on with `sidecar resume`, or ask without `wait`."
    )


def _now() -> datetime:
    return datetime.now(UTC)

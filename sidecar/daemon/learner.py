"""The service that extracts: one session at a time, when it has been quiet, after the archive has caught up."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from sidecar.daemon.supervise import contained, told
from sidecar.daemon.writer import Urgency, Writer
from sidecar.extract import Extractor
from sidecar.ingest import Learning
from sidecar.journal import Job, Journal
from sidecar.model import SessionRef

log = logging.getLogger(__name__)

_ATTEMPTS = 5
"""Failures of one session after which it is parked and shown in `status`."""

_RETRY = timedelta(seconds=30)
"""First pause before a failed session is tried again; it doubles with each failure."""

_IDLE_S = 60.0
"""Longest sleep without a look at the queue; new work wakes the service at once."""


class Learner:
    """Owns the extraction queue's working end."""

    def __init__(
        self, journal: Journal, learning: Learning, extractor: Extractor | None, writer: Writer, start: asyncio.Event
    ) -> None:
        """`start` is set when the first scan has archived everything; `extractor` None learns nothing."""
        self._journal, self._learning, self._extractor, self._writer = journal, learning, extractor, writer
        self._start = start
        self._wake = asyncio.Event()
        self._done: dict[SessionRef, list[asyncio.Future[None]]] = {}
        self.paused = False

    async def serve(self) -> None:
        """Run until cancelled."""
        await self._writer.run(Urgency.EXTRACT, self._journal.recover)
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
        """Stop after the present session, or go on."""
        self.paused = paused
        self.wake()

    def expect(self, ref: SessionRef) -> asyncio.Future[None]:
        """Done when the next job of the session is done or parked; to be asked for before the job is queued."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done.setdefault(ref, []).append(future)
        return future

    async def _work(self, job: Job) -> None:
        error = await contained(self._learn(job))
        if error is None:
            self._tell(job.ref)
        else:
            await self._failed(job, error)

    async def _learn(self, job: Job) -> None:
        run, extractor = self._writer.run, self._extractor
        session, upto = await run(Urgency.EXTRACT, self._learning.slice, job.ref, job.after)
        candidates = []
        if extractor is not None and session.messages:
            candidates = await asyncio.to_thread(extractor.extract, session)
        for candidate in candidates:
            await run(Urgency.EXTRACT, self._learning.take, candidate, job.profile)
        await run(Urgency.EXTRACT, self._learning.finish, job, upto)

    async def _failed(self, job: Job, error: Exception) -> None:
        log.error("session not extracted", exc_info=error, extra={"session": job.ref.session})
        attempts = job.attempts + 1
        retry = None if attempts >= _ATTEMPTS else _now() + _RETRY * 2 ** (attempts - 1)
        await self._writer.run(Urgency.EXTRACT, self._journal.fail, job, told(error), retry_at=retry)
        if retry is None:
            self._tell(job.ref)

    def _tell(self, ref: SessionRef) -> None:
        for future in self._done.pop(ref, ()):
            if not future.done():
                future.set_result(None)

    async def _sleep(self) -> None:
        due = None if self.paused else await self._writer.run(Urgency.EXTRACT, self._journal.next_due)
        seconds = _IDLE_S if due is None else min(max((due - _now()).total_seconds(), 0.0), _IDLE_S)
        try:
            await asyncio.wait_for(self._wake.wait(), timeout=seconds)
        except TimeoutError:
            return
        self._wake.clear()


def _now() -> datetime:
    return datetime.now(UTC)

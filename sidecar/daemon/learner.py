"""The service that extracts: one session at a time, when it has been quiet, after the archive has caught up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from sidecar.daemon.choices import AWAITED, Choice, Judge, Wait
from sidecar.daemon.extraction import Extraction
from sidecar.daemon.jumps import Jumps
from sidecar.daemon.supervise import contained, told
from sidecar.daemon.writer import Urgency, Writer, lower_priority
from sidecar.errors import FormatTooNew, ModelFailed, StoreVanished, Unavailable
from sidecar.ingest import Learning
from sidecar.journal import Job, Journal, Run
from sidecar.model import Candidate, Change, SessionRef, Skip, Verdict
from sidecar.records import dataclass
from sidecar.store import Profile

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

_ATTEMPTS = 5
"""Failures of one session after which it is parked and shown in `status`."""

_RETRY = timedelta(seconds=30)
"""First pause after a failure: time for what was only a moment's trouble to pass."""

_LONGEST = timedelta(hours=1)
"""Longer waits no job that a start finds; a quiet time that is set to more is cut by it once."""

_WAIT = timedelta(seconds=10)
"""Pause of a session whose profile nobody may write to until a person has decided."""

_IDLE_S = 60.0
"""Longest sleep without a look at the queue; new work wakes the service at once."""

_KEPT = "the messages are kept, but not extracted yet"

_TRIED_BY = "tried by"
"""The flag in the journal that says who gave up what is parked."""


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
        learning: Learning[Profile],
        extraction: Extraction,
        writer: Writer,
        start: asyncio.Event,
        *,
        nice: int = 0,
        review: bool = False,
        keep_texts: bool = True,
        retry: timedelta = _RETRY,
        on_released: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`start` is set when the first scan has archived everything; `nice` is the niceness of the extracting thread.

        `retry` is the first pause before a session that failed is tried again; it doubles with each failure.
        `on_released` is called when the archive has let texts go, which the index is to follow.
        """
        self._journal, self._learning, self._extraction, self._writer = journal, learning, extraction, writer
        self._start = start
        self._wake = asyncio.Event()
        self._waiting: dict[SessionRef, list[_Waiting]] = {}
        self._on_released = on_released
        self.paused, self.review, self.keep_texts = False, review, keep_texts
        self._least: int | None = None
        self._retry = retry
        self._now, self._jumps = clock, Jumps(clock)
        # A thread of its own: a model takes minutes, and must not take the place of those that answer requests.
        self._bench = ThreadPoolExecutor(1, "sidecar-extract", initializer=lower_priority, initargs=(nice,))
        extraction.on_change(self._changed)

    async def serve(self) -> None:
        """Run until cancelled."""
        if self._extraction.off:
            # `settled` need not wait for them, and no mark moves: a later start with an extractor finds the sessions.
            await self._run(self._journal.drop_jobs)
            await asyncio.Event().wait()
        await self._run(self._journal.recover, self._now() + _LONGEST)
        await self._run(self._queue_unextracted)
        await self._run(self._retry_if_changed)
        await self._start.wait()
        await self._extraction.ready.wait()
        while True:
            job = None if self.paused else await self._next()
            if job is None:
                await self._sleep()
            else:
                await self._work(job)

    def close(self) -> None:
        """Wait until nothing is extracted any more; what ran is soon over once the extraction was closed."""
        self._bench.shutdown()

    def wake(self) -> None:
        """There may be new work."""
        self._wake.set()

    def pause(self, paused: bool) -> None:
        """Stop, or go on: a model at once, the rules after the present session.

        Whoever waits for a session is told that it will take longer.
        """
        self.paused = paused
        if paused:
            self._extraction.interrupt()
            self._disappoint(paused_error(_KEPT))
        self.wake()

    def give_up(self, ref: SessionRef) -> None:
        """A session was dropped: nobody waits for it any more."""
        self._tell(ref, None)

    async def expect(self, ref: SessionRef) -> None:
        """Return when extraction has seen every message that the session has now, or has given the session up.

        Nothing is waited for without an extractor.  Raises Unavailable when extraction is paused or waits for a model
        that is away, also if that comes to be so later.
        """
        if self._extraction.off:
            return
        upto = await asyncio.to_thread(self._journal.newest, ref)
        await self._extraction.ready.wait()
        if (error := self._blocked()) is not None:
            raise error
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
            self._journal.enqueue(ref, profile, due=self._now())

    def _retry_if_changed(self) -> None:
        """What was given up is tried again by another version of sidecar, another extractor or another model."""
        signature = self._extraction.signature
        if self._journal.get(_TRIED_BY) != signature:
            self._journal.retry(None, due=self._now())
            self._journal.set(_TRIED_BY, signature)

    async def _next(self) -> Job | None:
        if back := self._jumps.back():
            await self._run(self._journal.set_back, back)
        self._least = await asyncio.to_thread(self._extraction.admits)
        return None if self._least is None else await self._run(self._journal.claim, self._now(), least=self._least)

    async def _work(self, job: Job) -> None:
        choice = await asyncio.to_thread(self._extraction.choose, job.priority)
        if isinstance(choice, Wait):
            await self._run(self._journal.put_off, job, None, until=job.due)
            return
        try:
            error = await contained(self._learn(job, choice))
            if error is not None:
                await self._failed(job, choice, error)
        except asyncio.CancelledError:
            # The daemon stops: the next start takes it up, as any other that waits.
            await self._run(self._journal.put_off, job, None, until=job.due)
            raise

    async def _learn(self, job: Job, choice: Choice) -> None:
        upto, run = await self._taken(job, choice)
        await self._run(self._learning.finish, job, upto, run)
        if not self.keep_texts:
            released = await self._run(self._journal.release, job.ref)
            if released:
                self._on_released()
        self._tell(job.ref, upto)

    async def _taken(self, job: Job, choice: Choice) -> tuple[int, Run | None]:
        """Extract the next piece of a session and write what comes of it; the mark that it reaches."""
        review, extractor = self.review, choice.extractor
        newest = await self._run(self._journal.newest, job.ref)
        session, upto = await self._run(self._learning.slice, job.ref, job.after, extractor.slice_characters)
        if not session.messages:
            return upto, None
        loop = asyncio.get_running_loop()
        candidates = await loop.run_in_executor(self._bench, extractor.extract, session)
        learned = 0
        for candidate in candidates:
            placed = for_review(candidate) if review else candidate
            verdicts = await self._verdicts(placed, job, choice.judge)
            # Judging takes its time, and meanwhile a person may have dropped the session.
            if not await self._run(self._journal.held, job):
                break
            changes = await self._run(self._learning.take, placed, job.profile, verdicts)
            learned += any(_stands(change) for change in changes)
        if choice.judge is not None:
            await self._run(self._learning.replace_rules, session, job.profile)
            await self._extraction.succeeded(sum(len(message.text) for message in session.messages))
        return upto, Run(self._now(), extractor.version, learned, more=upto < newest)

    async def _verdicts(self, candidate: Candidate, job: Job, judge: Judge | None) -> Mapping[str, Verdict]:
        """What a model says of the neighbours that code alone cannot settle."""
        if judge is None:
            return {}
        known = await self._run(self._learning.look, candidate, job.profile)
        if not known:
            return {}
        return await asyncio.get_running_loop().run_in_executor(self._bench, judge.relations, candidate, known)

    async def _failed(self, job: Job, choice: Choice, error: Exception) -> None:
        if isinstance(error, StoreVanished | FormatTooNew):  # no fault of the session: it waits for a person
            await self._run(self._journal.put_off, job, told(error), until=self._now() + _WAIT)
            return
        if isinstance(error, ModelFailed):
            log.warning("model failed", extra={"session": job.ref.session, "why": error.message})
            self._extraction.failed(error)
            if error.server_fault:
                await self._run(self._journal.put_off, job, told(error), until=job.due)
                return
        else:
            log.error("session not extracted", exc_info=error, extra={"session": job.ref.session})
        attempts = job.attempts + 1
        if attempts < _ATTEMPTS:
            retry_at = self._now() + self._retry * 2 ** (attempts - 1)
            await self._run(self._journal.fail, job, told(error), at=self._now(), retry_at=retry_at)
            return
        fallback = None if choice.judge is None else self._extraction.fallback
        if fallback is None or (await contained(self._given_up(job, Choice(fallback), error))) is not None:
            await self._run(self._journal.fail, job, told(error), at=self._now(), retry_at=None)
        self._tell(job.ref, None)

    async def _given_up(self, job: Job, choice: Choice, error: Exception) -> None:
        """The model cannot get on with a session: the rules learn from it, and the job is parked with the reason."""
        upto, run = await self._taken(job, choice)
        await self._run(self._learning.settle, job.ref)
        await self._run(self._journal.park, job, told(error), upto=upto, run=run or Run(self._now(), None))

    def _changed(self) -> None:
        """The choice of what extracts may be another one."""
        if self._waiting and (error := self._blocked()) is not None:
            self._disappoint(error)
        self.wake()

    def _blocked(self) -> Unavailable | None:
        """Why nobody extracts, not even what somebody waits for; None if somebody does."""
        if self.paused:
            return paused_error(_KEPT)
        choice = self._extraction.choose(AWAITED)
        return Unavailable(what="Extraction", why=f"{_KEPT}. {choice.why}") if isinstance(choice, Wait) else None

    def _disappoint(self, error: Unavailable) -> None:
        for waiting in [one for group in self._waiting.values() for one in group]:
            if not waiting.future.done():
                waiting.future.set_exception(error)
        self._waiting.clear()

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
        idle = self.paused or self._least is None
        due = None if idle else await self._run(self._journal.next_due, least=self._least)
        seconds = _IDLE_S if due is None else min(max((due - self._now()).total_seconds(), 0.0), _IDLE_S)
        try:
            # Not wait_for, which before Python 3.12 can lose a cancellation that comes together with the event.
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._writer.run(Urgency.EXTRACT, function, *args, **kwargs)


def _stands(change: Change) -> bool:
    """Whether the statement stands in memory now, be it because of this change or from before."""
    return not isinstance(change, Skip) or (change.existing is not None and not change.forgotten)


def for_review(candidate: Candidate) -> Candidate:
    """The candidate as one that waits for a person, as all do where the settings say so."""
    return replace(candidate, proposed=True, reason=candidate.reason or "extract.review is set")


def paused_error(what: str) -> Unavailable:
    """What whoever waits for extraction is told while it is paused; `what` became of the request."""
    return Unavailable(
        what="Extraction", why=f"it is paused; {what}", hint="Go on with `sidecar resume`, or ask without `wait`."
    )

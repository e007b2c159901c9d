"""What people do with the queue: see what waits and how it ended, have it tried again, give it up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

from sidecar.daemon.choices import AWAITED
from sidecar.daemon.parts import Parts
from sidecar.daemon.protocol import JobFilter, SessionName
from sidecar.daemon.sessionnames import named_session
from sidecar.journal import Ended, JobState, Outcome, QueuedJob
from sidecar.model import ProfileRef, SessionRef
from sidecar.wire.shapes import EndedShape, JobShape, JobsResult


class JobDesk:
    """Serves requests about the queue.  Listing only reads; the rest runs in the writer thread."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def list(self, state: JobFilter | None, limit: int) -> JobsResult:
        """At most `limit` jobs, and as many sessions that are through, of one state or of all."""
        journal = self._parts.journal
        jobs: Sequence[QueuedJob] = ()
        recent: Sequence[Ended] = ()
        if state is None:
            jobs, recent = journal.jobs(limit=limit), journal.outcomes(limit=limit)
        else:
            for job_state in get_args(JobState):
                if state == job_state:
                    jobs = journal.jobs(job_state, limit=limit)
            for outcome in get_args(Outcome):
                if state == outcome:
                    recent = journal.outcomes(outcome, limit=limit)
        return JobsResult(jobs=[_job(one) for one in jobs], recent=[_ended(one) for one in recent])

    def retry(self, name: SessionName | None) -> int:
        """Try one session again, or all that were given up; how many.  Raises UnknownSession, FieldError."""
        now = datetime.now(UTC)
        if name is None:
            return self._parts.journal.retry(None, due=now)
        return self._parts.journal.retry(named_session(self._parts.journal, name), due=now, priority=AWAITED)

    def drop(self, name: SessionName) -> SessionRef:
        """Extract nothing of what a session holds now; which one that is.  Raises UnknownSession, FieldError."""
        ref = named_session(self._parts.journal, name)
        self._parts.journal.drop(ref, at=datetime.now(UTC))
        return ref


def _job(job: QueuedJob) -> JobShape:
    return JobShape(
        agent=job.ref.agent,
        session=job.ref.session,
        **_place(job.profile),
        state=job.state,
        priority=job.priority,
        due=job.due,
        attempts=job.attempts,
        error=job.error,
        pending_characters=job.characters,
        anew=job.anew,
    )


def _ended(one: Ended) -> EndedShape:
    return EndedShape(
        agent=one.ref.agent,
        session=one.ref.session,
        **_place(one.profile),
        outcome=one.outcome,
        reason=one.reason,
        extractor=one.extractor,
        learned=one.learned,
        finished=one.at,
    )


def _place(profile: ProfileRef) -> dict[str, str]:
    return {"namespace": profile.namespace, "profile": profile.name}

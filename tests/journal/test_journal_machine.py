"""Whatever happens to the queue, in whatever order, with crashes in between: every message is extracted in the end."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from journal_builders import WEB, at, ids, read, ref, said

from sidecar.journal import Job, Journal, QueueCounts, Run

_SESSIONS = ("s1", "s2", "s3")
_RULES, _MODEL = "rules-1", "ollama/m prompt-1"
_LATER = timedelta(days=1)


class QueueMachine(RuleBasedStateMachine):
    """One worker as the daemon has it, which takes one job at a time, and people and agents around it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.journal = Journal.open(Path(self.folder.name) / "journal.db")
        self.now = at(0)
        self.running: Job | None = None
        self.said: dict[str, list[str]] = {session: [] for session in _SESSIONS}
        self.seen: dict[str, set[str]] = {session: set() for session in _SESSIONS}
        """What a run that was finished had before it, or a person dropped."""

    @initialize()
    def begin(self) -> None:
        self.journal.recover(self.now + _LATER)

    def teardown(self) -> None:
        self.drain()
        self.journal.close()
        self.folder.cleanup()

    # what comes in

    @rule(session=strategies.sampled_from(_SESSIONS), count=strategies.integers(1, 3), priority=strategies.just(0))
    def say(self, session: str, count: int, priority: int) -> None:
        names = [f"{session}-{len(self.said[session]) + number}" for number in range(count)]
        first = len(self.said[session])
        self.journal.enqueue(ref(session), WEB, due=self.now + timedelta(minutes=1), priority=priority)
        read(self.journal, [said(n, session=session, position=first + i) for i, n in enumerate(names)], session)
        self.said[session] += names

    @rule(session=strategies.sampled_from(_SESSIONS))
    def notice(self, session: str) -> None:
        if self.said[session]:
            self.journal.enqueue(ref(session), WEB, due=self.now, priority=5)

    @rule(minutes=strategies.integers(1, 100))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # the worker

    @precondition(lambda self: self.running is None)
    @rule(least=strategies.sampled_from([None, 0, 1]))
    def claim(self, least: int | None) -> None:
        self.running = self.journal.claim(self.now, least=least)

    @precondition(lambda self: self.running is not None)
    @rule(extractor=strategies.sampled_from([_RULES, _MODEL]), most=strategies.integers(1, 4))
    def finish(self, extractor: str, most: int) -> None:
        assert self.running is not None
        self.end(self.running, extractor, most)

    @precondition(lambda self: self.running is not None)
    @rule(again=strategies.booleans())
    def fail(self, again: bool) -> None:
        self.journal.fail(self.running, "no", at=self.now, retry_at=self.now + timedelta(minutes=5) if again else None)
        self.running = None

    @precondition(lambda self: self.running is not None)
    @rule()
    def park(self) -> None:
        job = self.running
        found = self.journal.messages(job.ref, after=job.after)
        upto = max((one.seq for one in found), default=job.after)
        if self.journal.held(job):
            self.seen[job.ref.session] |= {one.message.id for one in found}
        self.journal.park(job, "no", upto=upto, run=Run(self.now, _RULES, 1))
        self.running = None

    @precondition(lambda self: self.running is not None)
    @rule()
    def put_off(self) -> None:
        self.journal.put_off(self.running, "away", until=self.now)
        self.running = None

    @rule()
    def crash(self) -> None:
        path = self.journal.path
        self.journal.close()
        self.journal, self.running = Journal.open(path), None
        self.journal.recover(self.now + _LATER)

    # what people and the model's coming and going do

    @rule()
    def model_comes(self) -> None:
        self.journal.requeue("rules", due=self.now)
        before = self.journal.jobs()
        self.journal.requeue("rules", due=self.now)
        assert self.journal.jobs() == before

    @rule()
    def model_goes(self) -> None:
        self.journal.stand_down()
        assert all(job.priority >= 0 for job in self.journal.jobs())

    @rule(session=strategies.sampled_from((None, *_SESSIONS)))
    def retry(self, session: str | None) -> None:
        self.journal.retry(None if session is None else ref(session), due=self.now)

    @rule(session=strategies.sampled_from(_SESSIONS))
    def drop(self, session: str) -> None:
        if self.journal.drop(ref(session), at=self.now):
            self.seen[session] |= set(self.said[session])

    @invariant()
    def nothing_waits_without_a_job(self) -> None:
        assert self.journal.unextracted() == []

    @invariant()
    def one_job_runs_at_most(self) -> None:
        held = self.running is not None and self.journal.held(self.running)
        assert self.journal.queue().running == int(held)

    @invariant()
    def what_the_mark_has_passed_was_seen(self) -> None:
        for session in _SESSIONS:
            row = self.journal.session(ref(session))
            passed = set(ids(self.journal, session)) - set(
                ids(self.journal, session, after=row.extracted if row else 0)
            )
            assert passed <= self.seen[session]

    def end(self, job: Job, extractor: str, most: int) -> None:
        """A run over at most so many messages; what it saw counts only if the journal takes it."""
        found = sorted(self.journal.messages(job.ref, after=job.after), key=lambda one: one.seq)
        piece = found[:most]
        upto = piece[-1].seq if piece else job.after
        run = Run(self.now, extractor, len(piece), more=len(piece) < len(found)) if piece else None
        if self.journal.held(job):
            self.seen[job.ref.session] |= {one.message.id for one in piece}
        self.journal.finish(job, upto=upto, run=run)
        self.running = None

    def drain(self) -> None:
        """The model is there to stay: in the end it has done everything, and nothing is left."""
        self.crash()
        for _ in range(2):
            self.journal.retry(None, due=self.now)
            self.journal.requeue("rules", due=self.now)
            self.now += _LATER
            while (job := self.journal.claim(self.now)) is not None:
                self.end(job, _MODEL, 3)
                self.now += _LATER
        assert self.journal.queue() == QueueCounts()
        for session, names in self.said.items():
            assert set(names) == self.seen[session]
        for ended in self.journal.outcomes("done"):
            assert ended.extractor == _MODEL


QueueMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestQueue = QueueMachine.TestCase

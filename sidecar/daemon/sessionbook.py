"""What each session has got from hooks: in memory for at once, and in the journal for after a restart.

The event loop alone changes it, so that two hooks of one session at the same moment never get the same.  Writing it
down does not hold up an answer: a kill within those milliseconds may cost one repetition.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from sidecar.daemon.briefing import Line
from sidecar.journal import Journal

_SESSIONS = 512
"""Sessions whose marks stay in memory; the others are read again when they go on."""

_KEPT = timedelta(days=90)
"""Agents keep transcripts, with which a session can go on, for about 30 days."""


class SessionBook:
    """Marks of what was given, by session."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: OrderedDict[str, set[str]] = OrderedDict()
        self._begun: dict[str, datetime] = {}
        self._unwritten: dict[str, set[str]] = {}
        self._writing: dict[str, set[str]] = {}
        self._woken = asyncio.Event()

    async def serve(self) -> None:
        """Write down what was given; runs until it is cancelled."""
        await asyncio.to_thread(self._journal.forget_given, datetime.now(UTC) - _KEPT)
        while True:
            await self._woken.wait()
            self._woken.clear()
            self._writing, self._unwritten = self._unwritten, self._writing
            await asyncio.to_thread(self._write, self._writing)
            self._writing = {}

    def flush(self) -> None:
        """Write down what is not yet; once `serve` has ended."""
        self._write(self._writing)
        self._write(self._unwritten)

    def _write(self, batch: Mapping[str, set[str]]) -> None:
        for session, marks in batch.items():
            self._journal.note_given(session, marks, datetime.now(UTC))

    def holds(self, session: str) -> bool:
        """Whether a session's marks are in memory; if not, the journal has those of an earlier day."""
        return session in self._known

    def absorb(self, session: str | None, marks: frozenset[str]) -> None:
        """Take in what the journal has of a session."""
        if session is not None:
            self._marks(session).update(marks, self._writing.get(session, ()), self._unwritten.get(session, ()))

    def known(self, session: str | None) -> frozenset[str]:
        """What a session has got, as far as it is in memory; nothing is known of one without a name."""
        return frozenset(self._marks(session)) if session is not None and session in self._known else frozenset()

    def give(self, session: str | None, lines: Iterable[Line]) -> None:
        """Remember that a session gets these lines."""
        if session is not None:
            self.mark(session, {mark for line in lines for mark in line.marks})

    def mark(self, session: str, marks: Collection[str]) -> None:
        """Remember marks of a session."""
        new = set(marks) - self.known(session)
        if new:
            if session in self._known:
                self._marks(session).update(new)
            self._unwritten.setdefault(session, set()).update(new)
            self._woken.set()

    def unmark(self, session: str, mark: str) -> None:
        """Take back a mark, for as long as this process runs; after a restart it counts again."""
        self._marks(session).discard(mark)
        self._unwritten.get(session, set()).discard(mark)

    def first(self, session: str, now: datetime, within: timedelta) -> bool:
        """Whether a session that begins again does so for the first time within a while."""
        last = self._begun.get(session)
        self._begun = {name: moment for name, moment in self._begun.items() if now - moment <= within}
        self._begun[session] = now
        return last is None or now - last > within

    def _marks(self, session: str) -> set[str]:
        marks = self._known.setdefault(session, set())
        self._known.move_to_end(session)
        while len(self._known) > _SESSIONS:
            oldest = next(iter(self._known))
            if oldest in self._unwritten or oldest in self._writing:
                break
            del self._known[oldest]
        return marks

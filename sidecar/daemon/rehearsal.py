"""What taking in transcripts would change: the write road on values in memory, with nothing written at its end.

The statements of all files are planned against each other as well as against the store: the later of two that
contradict each other supersedes the earlier, as it would if they were taken in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sidecar.daemon.choices import Choice
from sidecar.daemon.learner import for_review
from sidecar.daemon.parts import Parts
from sidecar.daemon.patience import BUSY
from sidecar.daemon.planned import planned
from sidecar.daemon.scratch import ScratchFollow, ScratchIndex, ScratchJournal, ScratchStore
from sidecar.daemon.sources import Transcript
from sidecar.errors import TranscriptBusy, TranscriptUnreadable
from sidecar.ingest import PERSONAL, Learning
from sidecar.model import (
    Candidate,
    Change,
    Message,
    ProfileRef,
    SessionHeader,
    SessionRef,
    Skip,
)
from sidecar.records import dataclass
from sidecar.redact import redact_messages
from sidecar.transcripts import READERS, Cursor, headers_in
from sidecar.wire.shapes import PlannedChange

_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """What a file says: its messages by session, redacted, in the order in which the sessions began.

    homes: the profile of each session; None if a rule ignores it.
    drifted: too much of the file is unknown, so that nothing is learned from it.
    """

    sessions: Mapping[SessionRef, Sequence[Message]]
    homes: Mapping[SessionRef, ProfileRef | None]
    drifted: bool = False

    @property
    def messages(self) -> int:
        """How many there are."""
        return sum(map(len, self.sessions.values()))


class Rehearsal:
    """One dry run over some transcripts; what it has planned for one counts for the next."""

    def __init__(self, parts: Parts, choice: Choice | None, *, by: str) -> None:
        """`choice` None: nothing is extracted, so nothing is planned."""
        self._parts, self._choice = parts, choice
        self._journal = ScratchJournal(parts.journal)
        store = ScratchStore(parts.store)
        self._learning = Learning(
            self._journal,
            store,
            ScratchIndex(parts.index, store),
            ScratchFollow(),
            by=by,
            project=lambda _: None,
            clock=lambda: datetime.now(UTC),
        )

    async def plan(self, item: Transcript) -> tuple[Told, list[PlannedChange]]:
        """What one file says and would change.

        Raises:
            TranscriptBusy: its agent is writing to it at this moment.
            TranscriptUnreadable: it cannot be read.
            ModelFailed: a model extracts, and fails.
        """
        told = await asyncio.to_thread(self._read, item)
        planned: list[PlannedChange] = []
        for ref, messages in (told.sessions if not told.drifted else {}).items():
            home = told.homes[ref]
            if home is not None and self._choice is not None:
                self._journal.say(ref, home, messages)
                planned += await self._session(ref, home, self._choice)
        return told, planned

    def _read(self, item: Transcript) -> Told:
        """The whole file, as its pieces would be archived one after the other."""
        reader = READERS[item.agent]
        messages: dict[str, Message] = {}
        headers: dict[SessionRef, SessionHeader | None] = {}
        cursor: Cursor | None = None
        more, drifted = True, False
        while more:
            result = reader.read(item.path, cursor)
            if result.busy:
                raise TranscriptBusy(path=item.path, why=BUSY)
            cursor, more = result.cursor, result.more
            drifted = drifted if result.drifted is None else result.drifted
            if result.complete:
                for gone in set(messages) if result.present is None else result.present.absent(messages):
                    del messages[gone]
            for part in result.sessions():
                for message in redact_messages(part.messages):
                    messages[message.id] = message
                    ref = SessionRef(message.agent, message.session)
                    headers[ref] = part.header or headers.get(ref)
                for identifier in part.withdrawn:
                    messages.pop(identifier, None)
        sessions: dict[SessionRef, list[Message]] = {}
        for message in sorted(messages.values(), key=lambda message: message.position):
            sessions.setdefault(SessionRef(message.agent, message.session), []).append(message)
        order = sorted(sessions, key=lambda ref: _began(headers[ref]))
        return Told({ref: sessions[ref] for ref in order}, {ref: self._home(headers[ref]) for ref in order}, drifted)

    def _home(self, header: SessionHeader | None) -> ProfileRef | None:
        cwd = next(iter(header.cwds), None) if header is not None else None
        return self._parts.router.route_cwd(cwd, create=False).profile

    async def _session(self, ref: SessionRef, home: ProfileRef, choice: Choice) -> list[PlannedChange]:
        """What a session would change, slice by slice as it would be extracted."""
        planned: list[PlannedChange] = []
        after, most = 0, choice.extractor.slice_characters
        while True:
            session, upto = await asyncio.to_thread(self._learning.slice, ref, after, most)
            if not session.messages:
                return planned
            for candidate in await asyncio.to_thread(choice.extractor.extract, session):
                placed = for_review(candidate) if self._parts.learner.review else candidate
                changes = await asyncio.to_thread(self._take, placed, home, choice)
                profile = ProfileRef(home.namespace, PERSONAL) if placed.scope == "personal" else home
                planned += [_shown(change, ref, profile) for change in changes]
            if choice.judge is not None:
                replaced = await asyncio.to_thread(self._learning.replace_rules, session, home)
                planned += [_shown(change, ref, home) for change in replaced]
            after = upto

    def _take(self, candidate: Candidate, home: ProfileRef, choice: Choice) -> list[Change]:
        neighbours = () if choice.judge is None else self._learning.look(candidate, home)
        verdicts = choice.judge.relations(candidate, neighbours) if choice.judge is not None and neighbours else {}
        changes = self._learning.take(candidate, home, verdicts)
        return changes or [Skip(candidate, "what it was learned from was deleted")]


def _shown(change: Change, ref: SessionRef, profile: ProfileRef) -> PlannedChange:
    """A change for whoever asked."""
    return PlannedChange(profile=profile.name, agent=ref.agent, session=ref.session, **planned(change))


def _order(item: Transcript) -> tuple[datetime, str]:
    """Files in the order in which their first sessions began."""
    try:
        headers = headers_in(READERS[item.agent], item.path)
    except TranscriptUnreadable:
        headers = ()  # reading it meets the same fault and reports it
    return min(map(_began, headers), default=_LATEST), str(item.path)


def _began(header: SessionHeader | None) -> datetime:
    return (header.started or _LATEST) if header is not None else _LATEST


def in_order(items: Sequence[Transcript]) -> list[Transcript]:
    """The files in the order in which their sessions began."""
    return sorted(items, key=_order)

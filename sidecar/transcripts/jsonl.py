"""Reading of session files that are JSONL and only grow: all that does not depend on the agent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.glance import HEAD_SIZES, glance
from sidecar.transcripts.lines import MOST_MESSAGES, Lines, open_lines
from sidecar.transcripts.places import roots


class JsonlReader(ABC):
    """A `Reader` of JSONL files; an agent gives it its conversation and its files' names."""

    conversation: ClassVar[type[Conversation]]
    unfinished: ClassVar[bool] = False
    """Whether a last line without an end counts if it is whole: for files that no agent writes line by line."""

    @property
    def agent(self) -> str:
        """See `Reader.agent`."""
        return self.conversation.agent

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """See `Reader.roots`."""
        return roots(self.agent, environ)

    @abstractmethod
    def is_transcript(self, path: Path) -> bool:
        """See `Reader.is_transcript`."""

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        seen = glance(path, lambda head, written: bool(_said(self.conversation(path, {}, written), head)))
        conversation = self.conversation(path, {}, seen.written)
        messages = _said(conversation, seen.head)
        if not messages and self.unfinished and seen.whole:
            messages = _said(conversation, _tail(path))
        if seen.whole and not messages:
            return None
        head = [record for _, record in seen.head]
        return header_of(conversation, messages, (head, seen.tail), whole=seen.whole)

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  A rewind withdraws the ids of what it takes back."""
        with open_lines(path, cursor, limit_bytes) as lines:
            conversation = self.conversation(path, lines.state, lines.source.written)
            drift, whole = Drift(lines.state), lines.offset == 0
            messages, rewinds, head = _taken(conversation, lines, drift)
            after = lines.cursor(conversation.state() | drift.state())
            header: SessionHeader | None = None
            if whole and messages and not lines.more and lines.offset <= HEAD_SIZES[0]:  # no need to look again
                header = header_of(conversation, messages, (head, head), whole=True)
            for position, record in lines.tail() if self.unfinished else ():
                messages.extend(conversation.feed(position, record))
        withdrawn = self._withdrawn(path, rewinds) if rewinds else ()
        gone = frozenset(withdrawn)
        return ReadResult(
            messages=tuple(message for message in messages if message.id not in gone),
            cursor=after,
            header=header or self.header(path),
            unknown=dict(sorted(conversation.unknown.items())),
            damaged=lines.damaged,
            restarted=lines.restarted,
            withdrawn=withdrawn,
            more=lines.more,
            drifted=drift.found,
        )

    def _withdrawn(self, path: Path, rewinds: list[int]) -> tuple[str, ...]:
        """The ids that the rewinds at these positions take back.

        A rewind is rare and reaches far back, so the file is run through once more instead of carrying every id in
        the cursor.
        """
        present: list[tuple[str, list[str]]] = []
        taken: list[str] = []
        with open_lines(path) as lines:
            conversation = self.conversation(path, {}, lines.source.written)
            for position, record in lines:
                found = conversation.rewind(record)
                if found is None:
                    ids = [message.id for message in conversation.feed(position, record)]
                    present.append((conversation.record_id(record), ids))
                    continue
                kept = found.kept(present)
                if position in rewinds:
                    still = {known for _, ids in kept for known in ids}
                    taken += [known for _, ids in present for known in ids if known not in still]
                present = kept
                if position >= rewinds[-1]:
                    break
        return tuple(dict.fromkeys(taken))


def _taken(conversation: Conversation, lines: Lines, drift: Drift) -> tuple[list[Message], list[int], list[Record]]:
    """The messages of the lines, the positions of rewinds among them, and the records at the head of the file."""
    messages: list[Message] = []
    rewinds: list[int] = []
    head: list[Record] = []
    withdraws = type(conversation).rewind is not Conversation.rewind
    for position, record in lines:
        messages.extend(conversation.feed(position, record))
        drift.note(conversation.unknown)
        if withdraws and conversation.rewind(record):
            rewinds.append(position)
        if position < HEAD_SIZES[0]:
            head.append(record)
        elif len(messages) > MOST_MESSAGES:
            lines.stop()
    return messages, rewinds, head


def _said(conversation: Conversation, head: Iterable[tuple[int, Record]]) -> list[Message]:
    return [message for position, record in head for message in conversation.feed(position, record)]


def _tail(path: Path) -> list[tuple[int, Record]]:
    with open_lines(path) as lines:
        return [*lines, *lines.tail()]


def header_of(
    conversation: Conversation, messages: list[Message], records: tuple[list[Record], list[Record]], *, whole: bool
) -> SessionHeader:
    """The header of a session from its first messages, and from the records at its head and its tail.

    The conversation has been fed the head.
    """
    head, tail = records
    if not whole:
        for record in tail:  # only for the folders and branches that come later
            for _ in conversation.feed(0, record):
                pass
    own = [message for message in messages if message.session == conversation.session] or messages
    told = (conversation.started, *(message.time for message in own), *map(conversation.time_of, head))
    first = next(filter(None, told), None)
    times = [time for record in tail if (time := conversation.time_of(record))]
    return SessionHeader(
        agent=conversation.agent,
        session=conversation.session,
        path=conversation.path,
        cwds=tuple(conversation.cwds),
        branch=conversation.facts.get("branch"),
        remote=conversation.facts.get("remote"),
        started=first,
        last_record=times[-1] if times else own[-1].time if whole else conversation.written,
        parent=conversation.facts.get("parent"),
        commit=conversation.facts.get("commit"),
    )

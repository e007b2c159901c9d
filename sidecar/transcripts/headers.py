"""The header of a session, gathered from its records and messages as they go by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sidecar.model import Message, SessionHeader
from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.glance import Sight

MOST_SESSIONS = 1000
"""Sessions whose times are known at once; a file has one, or some that it replays."""


@dataclass(slots=True)
class _Span:
    """The first time of some messages, and that of the last of them."""

    first: datetime | None = None
    last: datetime | None = None

    def note(self, time: datetime | None) -> None:
        self.first, self.last = self.first or time, time


class Headline(Sight):
    """What a conversation's records and messages tell of their session."""

    def __init__(self, conversation: Conversation, *, unfinished: bool = False) -> None:
        """`conversation` is fed with the records; who feeds it otherwise notes what came of it with `note`."""
        self.unfinished = unfinished
        self._conversation = conversation
        self._all = _Span()
        self._spans: dict[str, _Span] = {}
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._tail_last: datetime | None = None

    def head(self, position: int, record: Record) -> None:
        """See `Sight.head`."""
        self.note(self._conversation.feed(position, record), record)

    def enough(self) -> bool:
        """Whether anything was said."""
        return bool(self._spans)

    def rest(self, position: int, record: Record) -> None:
        """See `Sight.rest`: only for what is said."""
        self.note(self._conversation.feed(position, record))

    def tail(self, record: Record) -> None:
        """See `Sight.tail`: for the folders and branches that come later, and for the last time."""
        for _ in self._conversation.feed(0, record):
            pass
        self._tail_last = self._conversation.time_of(record) or self._tail_last

    def note(self, messages: Iterable[Message], record: Record | None = None) -> None:
        """Note messages, and the record from which they are; without one only what is said counts."""
        for message in messages:
            self._all.note(message.time)
            span = self._spans.get(message.session)
            if span is None:
                if len(self._spans) == MOST_SESSIONS:
                    del self._spans[next(iter(self._spans))]
                span = self._spans[message.session] = _Span()
            span.note(message.time)
        if record is not None:
            time = self._conversation.time_of(record)
            self._first, self._last = self._first or time, time or self._last

    def header(self, *, whole: bool) -> SessionHeader:
        """The header of what was taken; `whole` if that is all of the file."""
        conversation = self._conversation
        own = self._spans.get(conversation.session, self._all)
        return SessionHeader(
            agent=conversation.agent,
            session=conversation.session,
            path=conversation.path,
            cwds=tuple(conversation.cwds),
            branch=conversation.facts.get("branch"),
            remote=conversation.facts.get("remote"),
            started=conversation.started or own.first or self._first,
            last_record=(self._last or own.last) if whole else (self._tail_last or conversation.written),
            parent=conversation.facts.get("parent"),
            commit=conversation.facts.get("commit"),
        )

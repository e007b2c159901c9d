"""Reading of sessions that are one JSON document, written anew as a whole on every change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from sidecar.model import Message, SessionHeader
from sidecar.records import dataclass
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.drift import Drift, Unknown
from sidecar.transcripts.headers import Headline
from sidecar.transcripts.places import roots
from sidecar.transcripts.portions import Portion
from sidecar.transcripts.reel import Torn
from sidecar.transcripts.whole import PORTION, Document, open_document

STRIDE = 1000
"""Positions for the messages of one record: more than any has parts."""


class DocumentReader(ABC):
    """A `Reader` of documents; an agent gives it its conversation, its files' names, and where the records stand."""

    conversation: ClassVar[type[Conversation]]

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

    @abstractmethod
    def records(self, conversation: Conversation, document: Document) -> Iterable[Record]:
        """The records of a document in order; what it says of the session as a whole is noted in the conversation."""

    def steps(self, conversation: Conversation, document: Document, passed: int = 0) -> Iterator[Iterable[Message]]:
        """The messages of one record after the other, without those of the first `passed` ones, which nobody makes."""
        for index, record in enumerate(self.records(conversation, document)):
            if index >= passed:
                yield later(conversation, index * STRIDE, record)

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        with open_document(path, None) as document:
            if not document.readable:
                return None
            conversation = self.conversation(path, {}, document.written)
            headline = Headline(conversation)
            try:
                for step in self.steps(conversation, document):
                    headline.note(step)
            except Torn:
                return None
        return headline.header(whole=True) if headline.enough() else None

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  A document is given as a whole, unless it has more messages than may be held at once."""
        paused = self._paused_at(path, cursor)
        with open_document(path, cursor, paused.document if paused else None) as document:
            if not document.readable or document.same:
                return document.nothing()
            portion = Portion(document, cursor)
            if paused and document.file is paused.document.file:
                conversation, steps = paused.conversation, paused.steps
                conversation.unknown = Unknown()
            else:
                conversation = self.conversation(path, portion.state, document.written)
                steps = self.steps(conversation, document, portion.records)
            drift = Drift(portion.state)
            conversation.cwds.update(dict.fromkeys(portion.folders))
            headline = Headline(conversation)
            try:
                for found in portion.of(steps):
                    headline.note(found)
                    drift.note(conversation.unknown)
                portion.note()
            except Torn:
                return document.torn()
            state, spoke = conversation.state() | drift.state(), portion.spoke()
            header = headline.header(whole=True) if spoke else None
            result = portion.result(
                state, conversation.cwds, header, conversation.unknown, complete=spoke, drifted=drift.found
            )
            if result.more and document.file:
                _paused.append(_Paused(self, result.cursor, document, conversation, portion.rest))
            return result

    def _paused_at(self, path: Path, cursor: Cursor | None) -> _Paused | None:
        """What was given in part last, if this is the cursor that was given with it."""
        if cursor is None or not _paused or PORTION not in cursor.state:
            return None
        try:
            paused = _paused.pop()
        except IndexError:  # another thread has just taken it
            return None
        known = paused.reader is self and paused.conversation.path == path and paused.cursor == cursor
        return paused if known else None


@dataclass(frozen=True, slots=True)
class _Paused:
    """A document of which a call has given a part, with what tells the rest.

    cursor: what the call gave; compared as it is, as its text would take megabytes.
    steps: the messages that are left, as `DocumentReader.steps` has them.
    """

    reader: DocumentReader
    cursor: Cursor
    document: Document
    conversation: Conversation
    steps: Iterator[Iterable[Message]]


_paused: deque[_Paused] = deque(maxlen=1)
"""The document that was given in part last: taken out by whoever goes on with it, as threads may come at once.

All that is saved by it is time: without it, the cursor tells as much.
"""


def let_go_of_paused() -> None:
    """Forget how to go on with a document that was given in part: of one with a tree of messages it takes megabytes.

    For who is at rest; whoever goes on with the document all the same looks through it once more.
    """
    _paused.clear()


def later(conversation: Conversation, position: int, record: Record) -> Iterator[Message]:
    """The messages of a record, which is not looked into before they are gone through."""
    yield from conversation.feed(position, record)

"""Reading of sessions that are one JSON document, written anew as a whole on every change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.headers import Headline
from sidecar.transcripts.places import roots
from sidecar.transcripts.portions import Portion
from sidecar.transcripts.reel import Torn
from sidecar.transcripts.whole import Document, open_document

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
        with open_document(path, cursor) as document:
            if not document.readable or document.same:
                return document.nothing()
            portion = Portion(document, cursor)
            conversation, drift = self.conversation(path, portion.state, document.written), Drift(portion.state)
            conversation.cwds.update(dict.fromkeys(portion.folders))
            headline = Headline(conversation)
            try:
                for found in portion.of(self.steps(conversation, document, portion.records)):
                    headline.note(found)
                    drift.note(conversation.unknown)
                portion.note()
            except Torn:
                return document.torn()
            state, spoke = conversation.state() | drift.state(), portion.spoke()
            header = headline.header(whole=True) if spoke else None
            return portion.result(
                state, conversation.cwds, header, conversation.unknown, complete=spoke, drifted=drift.found
            )


def later(conversation: Conversation, position: int, record: Record) -> Iterator[Message]:
    """The messages of a record, which is not looked into before they are gone through."""
    yield from conversation.feed(position, record)

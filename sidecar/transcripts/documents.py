"""Reading of sessions that are one JSON document, written anew as a whole on every change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.drift import Drift
from sidecar.transcripts.headers import Headline
from sidecar.transcripts.places import roots
from sidecar.transcripts.whole import Document, read_document

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

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        return self.read(path, None).header

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  The document is always given as a whole, whatever the limit."""
        document = read_document(path, cursor)
        readable = document.content is not None or document.array is not None
        if not readable or document.same:
            return ReadResult((), document.cursor, damaged=int(not readable and not document.empty))
        conversation, drift = self.conversation(path, {}, document.written), Drift({})
        headline, messages = Headline(conversation), list[Message]()
        for index, record in enumerate(self.records(conversation, document)):
            found = tuple(conversation.feed(index * STRIDE, record))
            headline.note(found)
            messages.extend(found)
            drift.note(conversation.unknown)
        return ReadResult(
            messages=tuple(messages),
            cursor=document.cursor,
            header=headline.header(whole=True) if messages else None,
            unknown=dict(sorted(conversation.unknown.items())),
            complete=bool(messages),
            drifted=drift.found,
        )

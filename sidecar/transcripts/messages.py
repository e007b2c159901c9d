"""Messages of no agent in particular, as many programs write them: JSON or JSONL with roles and contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sidecar.model import Message, SessionHeader
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.documents import STRIDE, DocumentReader, later
from sidecar.transcripts.elements import each
from sidecar.transcripts.jsonl import JsonlReader
from sidecar.transcripts.messages_records import MessagesConversation
from sidecar.transcripts.values import obj
from sidecar.transcripts.whole import Document


class _Lines(JsonlReader):
    conversation = MessagesConversation
    unfinished = True

    def is_transcript(self, path: Path) -> bool:
        return path.suffix == ".jsonl"


class _Whole(DocumentReader):
    conversation = MessagesConversation

    def is_transcript(self, path: Path) -> bool:
        return path.suffix == ".json"

    def records(self, conversation: Conversation, document: Document) -> Iterable[Record]:
        """The document itself, or the elements of its list: messages, or whole conversations."""
        return [document.content] if document.content is not None else map(obj, each(document.array))

    def steps(self, conversation: Conversation, document: Document, passed: int = 0) -> Iterator[Iterable[Message]]:
        """See `DocumentReader.steps`; of a whole conversation each message counts as a record."""
        number, facts = 0, dict(conversation.facts)
        for index, record in enumerate(self.records(conversation, document)):
            for step in _steps(conversation, index * STRIDE, record):
                if number == passed and passed:  # what was gone through again has told again what is not the last word
                    conversation.facts = facts
                if number >= passed:
                    yield step
                number += 1


def _steps(conversation: Conversation, position: int, record: Record) -> Iterable[Iterable[Message]]:
    inner = conversation.steps(position, record) if isinstance(conversation, MessagesConversation) else None
    return (later(conversation, position, record),) if inner is None else inner


class Messages:
    """Reads files of messages; there is no folder of them, they are named by the person or by a setting."""

    agent = MessagesConversation.agent

    def __init__(self) -> None:
        self._lines, self._whole = _Lines(), _Whole()

    def roots(self, environ: Mapping[str, str]) -> tuple[Path, ...]:
        """None."""
        return ()

    def is_transcript(self, path: Path) -> bool:
        """Any JSON or JSONL file: it lies where the person has said."""
        return not path.name.startswith(".") and path.suffix in (".json", ".jsonl")

    def header(self, path: Path) -> SessionHeader | None:
        """See `Reader.header`."""
        return self._form(path).header(path)

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`."""
        return self._form(path).read(path, cursor, limit_bytes=limit_bytes)

    def _form(self, path: Path) -> JsonlReader | DocumentReader:
        return self._whole if path.suffix == ".json" else self._lines

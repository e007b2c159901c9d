"""Reading of transcripts that are text: blocks of lines, each begun by a line that shows who speaks.

The last block may still grow.  It is given as far as it is there, and read again by the next call, so that a cursor
stands where a block begins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from sys import getsizeof
from typing import ClassVar

from sidecar.model import Message, SessionHeader
from sidecar.records import dataclass
from sidecar.transcripts.base import DEFAULT_LIMIT, Cursor, ReadResult, Record
from sidecar.transcripts.conversation import Conversation
from sidecar.transcripts.lines import MOST_MESSAGES, open_text
from sidecar.transcripts.places import roots
from sidecar.transcripts.values import items, text

MAX_BLOCK = 4 * 1024 * 1024
"""Characters of one block, each line with `LINE` more; a longer one is taken in pieces, so that memory is bounded
whatever the file holds."""

_LONG = 256 * 1024
"""Characters from which on a block counts as long."""

LINE = 64
"""Bytes that a line takes in memory beside its characters."""


@dataclass(slots=True)
class Block:
    """Lines that belong together: what kind, at which byte they begin, and the lines without their ends.

    `piece` marks a further piece of a block that was too long.
    """

    kind: str
    position: int
    piece: bool = False
    lines: list[str] = field(default_factory=list)


class TextConversation(Conversation):
    """Turns the blocks of a text into messages.

    `opens` only looks; all that changes with a line happens in `take`, whose effects are part of the state.
    """

    blanks_count: ClassVar[bool] = True
    """Whether a blank line may begin a block, or change anything; if not, nobody asks."""

    def feed(self, position: int, record: Record) -> Iterator[Message]:
        """A text has no records."""
        yield from ()

    marks: ClassVar[tuple[bytes, ...]] = ()
    """Beginnings of the lines that begin blocks, where blocks in millions would take seconds; see `lines.TINY_TURN`."""

    @abstractmethod
    def opens(self, line: str) -> str | None:
        """The kind of the block that this line begins; None if the running block goes on."""

    @abstractmethod
    def take(self, line: str, kind: str | None) -> None:
        """Note what a line changes; `kind` is what `opens` said of it."""

    @abstractmethod
    def said(self, block: Block) -> Iterable[Message]:
        """The messages of a block."""


class TextReader(ABC):
    """A `Reader` of texts; an agent gives it its conversation and its files' names."""

    conversation: ClassVar[type[TextConversation]]
    unfinished: ClassVar[bool] = True
    """Whether a last line without an end counts: not for an agent that ends every line that it writes."""

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
        """See `Reader.header`; a file with several sessions has that of the last one."""
        return self.read(path, None).header

    def read(self, path: Path, cursor: Cursor | None, *, limit_bytes: int = DEFAULT_LIMIT) -> ReadResult:
        """See `Reader.read`.  What a growing block seemed to say, and does not say any more, is withdrawn."""
        with open_text(path, cursor, limit_bytes) as lines:
            lines.marks = tuple(b"\n" + mark for mark in self.conversation.marks)
            conversation = self.conversation(path, lines.state, lines.source.written)
            run = _Run(conversation, lines.state)
            for position, line in lines:
                if run.line(position, line):
                    lines.settled = position
                    if len(run.messages) > MOST_MESSAGES or run.long > MAX_BLOCK:
                        lines.stop()
            open_ended = run.end(lines.tail() if self.unfinished else None)
            if lines.more:  # only settled blocks count
                open_ended = []
            messages = {message.id: message for message in (*run.messages, *open_ended)}
            spoke = bool(messages) or lines.state.get("spoke") is True
            state = run.saved | {"open": [message.id for message in open_ended], "spoke": spoke}
            after = lines.cursor(state)
        seemed = [text(known) for known in items(lines.state.get("open"))]
        return ReadResult(
            messages=tuple(sorted(messages.values(), key=lambda message: message.position)),
            cursor=after,
            header=_header(conversation) if spoke else None,
            restarted=lines.restarted,
            withdrawn=tuple(known for known in seemed if known not in messages),
            more=lines.more,
        )


class _Run:
    """One pass over the lines: the messages of closed blocks, and the state at the beginning of the open one."""

    def __init__(self, conversation: TextConversation, state: Mapping[str, object]) -> None:
        self.messages: list[Message] = []
        self.long = 0
        """Bytes of memory that the texts of long blocks take so far."""
        self._conversation = conversation
        self._block = Block(text(state.get("kind")), -1, piece=True)
        self._size = 0
        self.saved = self._state()

    def line(self, position: int, line: str) -> bool:
        """Take a line; True if it begins a block, so that what is before it is settled."""
        conversation, block = self._conversation, self._block
        if not line and not conversation.blanks_count and 0 < self._size <= MAX_BLOCK:
            block.lines.append(line)
            self._size += LINE
            return False
        kind = conversation.opens(line)
        begins = kind is not None or self._size > MAX_BLOCK
        if begins:
            before = len(self.messages)
            self.messages += conversation.said(block)
            if self._size >= _LONG:
                self.long += sum(getsizeof(message.text) for message in self.messages[before:])
            self._block = block = Block(kind or block.kind, position, kind is None)
            self._size = 0
            self.saved = self._state()
        conversation.take(line, kind)
        if block.position < 0:
            block.position = position
        block.lines.append(line)
        self._size += len(line) + LINE
        return begins

    def end(self, tail: tuple[int, str] | None) -> list[Message]:
        """The messages of the open block, and of a last line without an end."""
        closed = len(self.messages)
        saved = self.saved
        if tail:
            self.line(*tail)
        self.messages += self._conversation.said(self._block)
        self.saved = saved
        found, self.messages = self.messages[closed:], self.messages[:closed]
        return found

    def _state(self) -> Record:
        state = self._conversation.state()
        state["kind"] = self._block.kind
        return state


def _header(conversation: TextConversation) -> SessionHeader:
    return SessionHeader(
        agent=conversation.agent,
        session=conversation.session,
        path=conversation.path,
        cwds=tuple(conversation.cwds),
        branch=conversation.facts.get("branch"),
        started=conversation.started,
        last_record=conversation.written,
        parent=conversation.facts.get("parent"),
    )

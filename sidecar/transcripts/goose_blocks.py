"""Goose's messages: what was typed, what was answered, and tool calls with the results that come a message later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sidecar.model import Message, Role, Speaker, ToolCall
from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.text import IMAGE_MARK, clean
from sidecar.transcripts.tools import UNKNOWN, Call, call_of, content_text, outcome
from sidecar.transcripts.values import digest, identifier, items, obj, text

AGENT = "goose"

SILENT_BLOCKS = frozenset(
    "thinking redactedThinking reasoning toolRequest frontendToolRequest toolConfirmationRequest actionRequired "
    "contextLengthExceeded summarizationRequested conversationCompacted systemNotification".split()
)
"""Known blocks without words of their own; requests show together with their responses."""

REQUESTS = frozenset(("toolRequest", "frontendToolRequest"))

_STEPS = 1000
"""Positions for the parts of one message: no answer has that many blocks."""


@dataclass(frozen=True, slots=True)
class Session:
    """What all messages of a session have in common."""

    id: str
    cwd: str | None = None
    model: str | None = None
    subagent: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One row.

    made: the id of its message.  Providers choose ids, and some choose among a thousand: the row's time, role and
        words are part of what it is known by.
    shown: False for what only the model sees, such as the text after a compaction.
    """

    session: Session
    made: str
    number: int
    role: str
    created: object
    time: datetime | None
    shown: bool
    blocks: tuple[Record, ...]


def messages_of(entry: Entry, asked: Callable[[str], Call | None], unknown: Unknown) -> Iterator[Message]:
    """The words of a row, and the results of tools in it.

    `asked`: finds the call that a result belongs to.
    """
    words: list[str] = []
    for index, block in enumerate(entry.blocks):
        kind = text(block.get("type"))
        if kind == "text":
            words.append(clean(text(block.get("text"))))
        elif kind == "image":
            words.append(IMAGE_MARK)
        elif kind == "toolResponse":
            yield from _result(entry, index, block, asked)
        elif kind not in SILENT_BLOCKS:
            unknown[kind or "(no type)"] += 1
    said = "\n\n".join(part for part in words if part)
    if not said or not entry.shown:
        return
    if entry.role == "user":
        yield _message(entry, 0, "user", "assistant" if entry.session.subagent else "user", said)
    elif entry.role == "assistant":
        yield _message(entry, 0, "assistant", "assistant", said)
    else:
        unknown[f"role {entry.role or '(none)'}"] += 1


def call_in(block: Record) -> Call | None:
    """The call of a request; None if it never came to one."""
    value = obj(obj(block.get("toolCall")).get("value"))
    called = text(value.get("name"))
    return call_of(called, value.get("arguments")) if called else None


def _result(entry: Entry, index: int, block: Record, asked: Callable[[str], Call | None]) -> Iterator[Message]:
    key = identifier(block.get("id"))
    call = (asked(key) if key else None) or UNKNOWN
    if call.own:
        return
    result = obj(block.get("toolResult"))
    value = result.get("value")
    printed = content_text(value) or content_text(result.get("error"))
    failed = text(result.get("status")) == "error" or bool(obj(value).get("isError"))
    words, tool = outcome(call, printed, failed=failed)
    if words:
        yield _message(entry, index + 1, "tool", "tool", words, tool=tool, known=key or str(index))


def _message(
    entry: Entry,
    step: int,
    role: Role,
    speaker: Speaker,
    words: str,
    *,
    tool: ToolCall | None = None,
    known: str | None = None,
) -> Message:
    return Message(
        id=f"{entry.made}:{digest(entry.created, entry.role, known or words)}",
        agent=AGENT,
        session=entry.session.id,
        role=role,
        speaker=speaker,
        text=words,
        time=entry.time,
        kind="text" if tool is None else "tool",
        position=entry.number * _STEPS + min(step, _STEPS - 1),
        cwd=entry.session.cwd,
        model=entry.session.model if role == "assistant" else None,
        sidechain=entry.session.subagent,
        tool=tool,
    )


def blocks_of(content: object) -> tuple[Record, ...]:
    """The blocks of a content; a bare text is one."""
    if isinstance(content, str):
        return ({"type": "text", "text": content},)
    return tuple(block for block in map(obj, items(content)) if block)

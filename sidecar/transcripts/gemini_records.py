"""Gemini CLI's messages: what was typed, what was answered, and the tool calls inside an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sidecar.expressions import regex
from sidecar.model import Message, MessageKind, Role, Speaker, ToolCall
from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.text import Block, begins_with, clean
from sidecar.transcripts.tools import call_of, content_text, is_ours, outcome
from sidecar.transcripts.values import digest, identifier, items, moment, name, obj, text

AGENT = "gemini"

SILENT_TYPES = frozenset(("info", "warning", "error"))
ENDED = frozenset(("success", "error", "cancelled"))
"""States of a tool call that will not change any more."""

_CONTEXT = Block("session_context")
_MACHINE_PREFIXES = ("This is the Gemini CLI. We are setting up the context for our chat", "System: Please continue.")
"""What the program says in the user's place: at the start, and to a model that has stopped in mid-work."""

_SNAPSHOT = Block("scratchpad")
_SNAPSHOT_TAG = regex(r"\s*<(state_snapshot|compressed_chat_history)>(.*)</\1>\s*", re.DOTALL)
_FILES = regex(r"\n*--- Content from referenced files ---.*?(?:--- End of content ---|\Z)", re.DOTALL)
_SHELL = regex(r"\A(?:Command: .*\n)?(?:Directory: .*\n)?(?:Output|Stdout): ", re.MULTILINE)
_SHELL_FOOT = regex(
    r"(?:\n(?:(?:Error|Stderr|Signal|Background PIDs|Process Group PGID|Exit Code): .*))+\s*\Z", re.MULTILINE
)
_EXIT_CODE = regex(r"^Exit Code: (-?\d+)\s*$", re.MULTILINE)
_SHELL_ERROR = regex(r"^(?:Error|Stderr): (?!\(none\)|\(empty\))(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Session:
    """What all messages of a file have in common."""

    id: str
    cwd: str | None
    subagent: bool
    written: datetime


def messages_of(session: Session, position: int, record: Record, unknown: Unknown) -> list[Message]:
    """The messages of one record; its id, and the id with the call's for tool calls."""
    kind = text(record.get("type"))
    made = identifier(record.get("id")) or digest(record)
    common = _Common(session, record, position)
    found: list[Message] = []
    if kind == "user":
        words, message_kind = _typed(record)
        if message_kind == "summary":
            found.append(common.message(made, "system", "assistant", words, kind="summary"))
        elif words:
            found.append(common.message(made, "user", "assistant" if session.subagent else "user", words))
    elif kind == "gemini":
        words = clean("\n\n".join(_parts(record.get("content"))))
        if words:
            found.append(common.message(made, "assistant", "assistant", words))
        for index, call in enumerate(map(obj, items(record.get("toolCalls")))):
            found.extend(_tool_call(common, made, index, call))
    elif kind not in SILENT_TYPES:
        unknown[kind or "(no type)"] += 1
    return found


class _Common(NamedTuple):
    session: Session
    record: Record
    position: int

    def message(
        self,
        made: str,
        role: Role,
        speaker: Speaker,
        words: str,
        *,
        kind: MessageKind = "text",
        tool: ToolCall | None = None,
        time: datetime | None = None,
        index: int = 0,
    ) -> Message:
        return Message(
            id=made,
            agent=AGENT,
            session=self.session.id,
            role=role,
            speaker=speaker,
            text=words,
            time=time or moment(self.record.get("timestamp"), self.session.written),
            kind=kind,
            position=self.position + index,
            cwd=self.session.cwd,
            model=name(self.record.get("model")) if role == "assistant" else None,
            sidechain=self.session.subagent,
            tool=tool,
        )


def _typed(record: Record) -> tuple[str, MessageKind]:
    """What a person typed; `displayContent` shows it without the files that an @ has added."""
    shown = "\n\n".join(_parts(record.get("displayContent"))) or "\n\n".join(_parts(record.get("content")))
    words = clean(shown)
    if "---" in words:
        words = _FILES.sub("", words)
    words = _CONTEXT.removed(words).strip()
    snapshot = _SNAPSHOT_TAG.fullmatch(words)
    if snapshot:
        return _SNAPSHOT.removed(snapshot[2]).strip(), "summary"
    return ("" if begins_with(words, _MACHINE_PREFIXES) else words), "text"


def _parts(content: object) -> list[str]:
    """The texts of a content: a string, one part, or a list of parts; thoughts and function responses have none."""
    if not content:
        return []
    found: list[str] = []
    for part in content if isinstance(content, list) else (content,):
        said = part if isinstance(part, str) else "" if obj(part).get("thought") else obj(part).get("text")
        if words := text(said):
            found.append(words)
    return found


def _tool_call(common: _Common, made: str, index: int, given: Record) -> Iterator[Message]:
    status, called = text(given.get("status")), text(given.get("name"))
    if (status and status not in ENDED) or is_ours(text(given.get("displayName"))):
        return
    call = call_of(called, given.get("args"))
    if call.own:
        return
    printed = _printed(given)
    exit_code = _EXIT_CODE.search(printed[-1000:]) if _SHELL.match(printed) else None
    failed = status in ("error", "cancelled") or (exit_code is not None and exit_code[1] != "0")
    words, tool = outcome(call, _without_labels(printed), failed=failed)
    if not words:
        return
    yield common.message(
        f"{made}:{identifier(given.get('id')) or index}",
        "tool",
        "tool",
        words,
        kind="tool",
        tool=tool,
        time=moment(given.get("timestamp"), common.session.written),
        index=index + 1,
    )


def _printed(given: Record) -> str:
    """The output of a call: its function response, else what was displayed."""
    result = given.get("result")
    if isinstance(result, str):
        return text(result)
    responses = [obj(obj(obj(part).get("functionResponse")).get("response")) for part in items(result)]
    printed = [shown for response in responses if (shown := content_text(response))]
    return "\n".join(printed) or content_text(given.get("resultDisplay"))


def _without_labels(printed: str) -> str:
    """A shell's output without the labels around it; an error line keeps its words."""
    head = _SHELL.match(printed)
    if not head:
        return printed
    body = printed[head.end() :]
    foot = _SHELL_FOOT.search(body)
    if not foot:
        return body
    error = _SHELL_ERROR.search(foot.group())
    return body[: foot.start()] + (f"\n{error[1]}" if error else "")

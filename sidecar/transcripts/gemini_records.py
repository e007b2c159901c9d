"""Gemini CLI's messages: what was typed, what was answered, and the tool calls inside an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sidecar.expressions import regex
from sidecar.model import Message, MessageKind, Role, Speaker, ToolCall
from sidecar.transcripts.base import Record
from sidecar.transcripts.drafts import Draft
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.text import Block, clean, may_hold_tags
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


def messages_of(session: Session, position: int, told: str, record: Record, unknown: Unknown) -> list[Message]:
    """The messages of one record; `told` is its id, which they get, and with the call's those of tools."""
    kind = text(record.get("type"))
    if kind == "user":
        return _asked(session, position, told or digest(record), record)
    if kind == "gemini":
        return _answered(session, position, told or digest(record), record)
    if kind not in SILENT_TYPES:
        unknown[kind or "(no type)"] += 1
    return []


def _asked(session: Session, position: int, made: str, record: Record) -> list[Message]:
    words, summary = _typed(record)
    if not words and not summary:
        return []
    time = moment(record.get("timestamp"), session.written)
    if summary:
        return [_message(session, made, "system", "assistant", words, time, "summary", position)]
    return [_message(session, made, "user", "assistant" if session.subagent else "user", words, time, "text", position)]


def _answered(session: Session, position: int, made: str, record: Record) -> list[Message]:
    words = clean(_said(record.get("content")))
    time = moment(record.get("timestamp"), session.written)
    found: list[Message] = []
    if words:
        model = name(record.get("model"))
        found.append(_message(session, made, "assistant", "assistant", words, time, "text", position, model))
    for index, call in enumerate(map(obj, items(record.get("toolCalls")))):
        if done := _tool_call(call):
            key, ended = f"{made}:{identifier(call.get('id')) or index}", moment(call.get("timestamp"), session.written)
            place = position + index + 1
            found.append(_message(session, key, "tool", "tool", done[0], ended or time, "tool", place, tool=done[1]))
    return found


def _message(
    session: Session,
    made: str,
    role: Role,
    speaker: Speaker,
    words: str,
    time: datetime | None,
    kind: MessageKind,
    position: int,
    model: str | None = None,
    tool: ToolCall | None = None,
) -> Message:
    """A message of this session."""
    found = Draft(
        made,
        AGENT,
        session.id,
        role,
        speaker,
        words,
        time,
        kind,
        position,
        session.cwd,
        None,
        model,
        session.subagent,
        tool,
    )
    found.__class__ = Message
    return found


def _typed(record: Record) -> tuple[str, bool]:
    """What a person typed, or a summary's words and True; `displayContent` shows it without the files of an @."""
    words = clean(_said(record.get("displayContent")) or _said(record.get("content")))
    if "---" in words:
        words = _FILES.sub("", words).strip()
    if may_hold_tags(words):
        words = _CONTEXT.removed(words).strip()
        snapshot = _SNAPSHOT_TAG.fullmatch(words)
        if snapshot:
            return _SNAPSHOT.removed(snapshot[2]).strip(), True
    return "" if words.startswith(_MACHINE_PREFIXES) else words, False


def _said(content: object) -> str:
    """The words of a content: a string, one part, or a list of parts; thoughts and function responses have none."""
    if isinstance(content, str):
        return text(content)
    found: list[str] = []
    for part in content if isinstance(content, list) else (content,):
        shown = part
        if isinstance(part, dict):
            shown = None if part.get("thought") else part.get("text")
        if words := text(shown):
            found.append(words)
    return found[0] if len(found) == 1 else "\n\n".join(found)


def _tool_call(given: Record) -> tuple[str, ToolCall] | None:
    """A call that has ended, with what it gave; None of one that runs, of our own, and of one without words."""
    status = text(given.get("status"))
    if (status and status not in ENDED) or is_ours(text(given.get("displayName"))):
        return None
    call = call_of(text(given.get("name")), given.get("args"))
    if call.own:
        return None
    printed = _printed(given)
    exit_code = _EXIT_CODE.search(printed[-1000:]) if _SHELL.match(printed) else None
    failed = status in ("error", "cancelled") or (exit_code is not None and exit_code[1] != "0")
    done = outcome(call, _without_labels(printed), failed=failed)
    return done if done[0] else None


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

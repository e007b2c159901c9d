"""Telling an agent by a file's content, for files that lie outside its folders."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sidecar.errors import TranscriptBusy, TranscriptUnreadable
from sidecar.expressions import regex
from sidecar.transcripts import (
    aider,
    claude_records,
    cline,
    cline_records,
    codex_records,
    copilot_records,
    cursor,
    cursor_records,
    gemini_records,
    markdown,
    messages_records,
    native,
    openclaw,
    opencode_messages,
    pi_records,
    qwen_records,
)
from sidecar.transcripts.base import Record
from sidecar.transcripts.cursor_ide import CursorIde
from sidecar.transcripts.databases import MAGIC, snapshot
from sidecar.transcripts.goose import Goose
from sidecar.transcripts.openclaw_store import OpenClawStore
from sidecar.transcripts.opencode import OpenCode
from sidecar.transcripts.parsing import parsed
from sidecar.transcripts.stores import StoreReader
from sidecar.transcripts.streams import opened
from sidecar.transcripts.values import obj, text

HEAD_SIZES = (256 * 1024, 4 * 1024 * 1024)
"""Bytes looked at: 50 KB of instructions may stand in the first record, and sometimes a picture of some MB."""

GENERIC_HEAD = 3
"""Among so many first records one must be a message, if a file is to be taken for one of messages."""

_GEMINI_KEYS = ('"sessionId":', '"projectHash":', '"messages":')
_OPENCODE_KEYS = ('"id":', '"projectID":', '"directory":')
_CODEX_DOCUMENT = regex(r'\A\s*\{\s*"session"\s*:\s*\{.*"items"\s*:\s*\[', re.DOTALL)
_MESSAGES_DOCUMENT = regex(
    r"\A\s*(?:\[\s*)?\{(?=.*\"(?:role|sender)\"\s*:\s*\")(?=.*\"(?:content|text|chat_messages|mapping)\"\s*:)",
    re.DOTALL,
)


def _is_codex(record: Record) -> bool:
    kind = text(record.get("type"))
    if kind in ("session_meta", "response_item", "event_msg", "turn_context"):
        return "payload" in record
    return "instructions" in record and "id" in record and "timestamp" in record


def _is_claude(record: Record) -> bool:
    if "parts" in obj(record.get("message")):  # Qwen Code has the same keys around Gemini's content
        return False
    kind = text(record.get("type"))
    titled = kind in ("summary", "file-history-snapshot", "queue-operation", "custom-title", "ai-title", "last-prompt")
    said = kind in ("user", "assistant") and isinstance(record.get("message"), dict)
    return ("sessionId" in record and ("uuid" in record or said)) or (titled and "id" not in record)


def _is_gemini(record: Record) -> bool:
    return "sessionId" in record and "type" not in record and ("projectHash" in record or "startTime" in record)


def _is_pi(record: Record) -> bool:
    return text(record.get("type")) == "session" and "timestamp" in record and ("cwd" in record or "version" in record)


def _is_copilot(record: Record) -> bool:
    kind = text(record.get("type"))
    return isinstance(record.get("data"), dict) and kind.partition(".")[0] in ("session", "user", "assistant", "hook")


def _is_qwen(record: Record) -> bool:
    return "sessionId" in record and isinstance(obj(record.get("message")).get("parts"), list)


def _is_cursor(record: Record) -> bool:
    return "role" in record and "type" not in record and isinstance(record.get("message"), dict)


def _is_messages(record: Record) -> bool:
    if "mapping" in record and "current_node" in record:
        return True
    told = record.get("messages", record.get("chat_messages"))
    if isinstance(told, list):
        return bool(told) and all(isinstance(each, dict) and ("role" in each or "sender" in each) for each in told[:3])
    bare = text(record.get("type")) in ("", "message", text(record.get("role")))
    return bare and "role" in record and ("content" in record or "tool_calls" in record)


_SHAPES: tuple[tuple[str, Callable[[Record], bool]], ...] = (
    (native.NativeConversation.agent, lambda record: native.MARK in record),
    (codex_records.AGENT, _is_codex),
    (pi_records.PiConversation.agent, _is_pi),
    (copilot_records.CopilotConversation.agent, _is_copilot),
    (qwen_records.QwenConversation.agent, _is_qwen),
    (claude_records.AGENT, _is_claude),
    (gemini_records.AGENT, _is_gemini),
    (cursor_records.AGENT, _is_cursor),
    (messages_records.MessagesConversation.agent, _is_messages),
)

_TEXTS: tuple[tuple[str, Callable[[str], object]], ...] = (
    (aider.AiderConversation.agent, regex(r"^# aider chat started at ", re.MULTILINE).search),
    (cursor_records.AGENT, regex(r"\A\s*user:\s*$", re.MULTILINE).search),
    (markdown.MarkdownConversation.agent, markdown.looks_like),
)


_STORES: tuple[StoreReader, ...] = (
    CursorIde(),
    Goose(),
    OpenClawStore(openclaw.OpenClawConversation),
    OpenCode(),
)


def detect(path: Path) -> str | None:
    """The agent whose format this file has, by its first records; None if no reader knows it, or it cannot be read.

    The place decides only between agents that write the same format, and for a name that is one agent's own.

    Raises:
        TranscriptBusy: it is a database that is being written at this moment, so that nobody can tell.
    """
    named = _by_name(path)
    if named:
        return named
    try:
        with opened(path) as source:
            head = source.stream.read(HEAD_SIZES[0])
            if b"\n" not in head:
                head += source.stream.read(HEAD_SIZES[1])
    except TranscriptUnreadable:
        return None
    if head.startswith(MAGIC):
        return _database(path)
    records = [record for line in head.split(b"\n") for _, record in parsed(line)[0]]
    for number, record in enumerate(records):
        for agent, fits in _SHAPES:
            if fits(record) and (number < GENERIC_HEAD or agent != messages_records.MessagesConversation.agent):
                return _relative(agent, path)
    return _document(head.decode("utf-8", "replace"))


def _by_name(path: Path) -> str | None:
    """Agents with names of their own for files whose content looks like that of others."""
    if cursor.FOLDER in path.parts[:-1] and path.is_file():
        return cursor_records.AGENT
    if path.name == cline.HISTORY and path.is_file():
        beside = path.with_name("history_item.json")
        roo = beside.is_file() or any("roo" in part.lower() for part in path.parts[-5:])
        return (cline_records.RooConversation if roo else cline_records.ClineConversation).agent
    return cline_records.ClineConversation.agent if path.name.endswith(cline.MESSAGES) and path.is_file() else None


def _relative(agent: str, path: Path) -> str:
    """Which of the agents that write Pi's format, told by the folders around."""
    if agent == pi_records.PiConversation.agent and "agents" in path.parts and path.parent.name == "sessions":
        return openclaw.OpenClawConversation.agent
    return agent


def _document(head: str) -> str | None:
    """The agent of a file that is one JSON document over many lines, or a text."""
    if _CODEX_DOCUMENT.match(head):
        return codex_records.AGENT
    if head.lstrip().startswith("{") and all(key in head for key in _GEMINI_KEYS):
        return gemini_records.AGENT
    if head.lstrip().startswith("{") and all(key in head for key in _OPENCODE_KEYS):
        return opencode_messages.AGENT
    if _MESSAGES_DOCUMENT.match(head) and not parsed(head.lstrip().partition("\n")[0].encode())[0]:
        return messages_records.MessagesConversation.agent
    return next((agent for agent, fits in _TEXTS if fits(head)), None)


def _database(path: Path) -> str | None:
    """The agent whose tables a database has."""
    try:
        with snapshot(path) as database:
            return next((store.agent for store in _STORES if store.fits(database)), None)
    except TranscriptBusy:
        raise
    except TranscriptUnreadable:
        return None

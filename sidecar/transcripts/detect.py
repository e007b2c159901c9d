"""Telling an agent by a file's content, for files that lie outside its folders."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sidecar.errors import TranscriptUnreadable
from sidecar.transcripts import claude_records, codex_records, gemini_records, opencode_messages
from sidecar.transcripts.base import Record
from sidecar.transcripts.cursor_ide import CursorIde
from sidecar.transcripts.databases import MAGIC, snapshot
from sidecar.transcripts.goose import Goose
from sidecar.transcripts.lines import parsed
from sidecar.transcripts.opencode import OpenCode
from sidecar.transcripts.stores import StoreReader
from sidecar.transcripts.streams import opened
from sidecar.transcripts.values import obj, text

HEAD_SIZES = (256 * 1024, 4 * 1024 * 1024)
"""Bytes looked at: 50 KB of instructions may stand in the first record, and sometimes a picture of some MB."""

_GEMINI_KEYS = ('"sessionId":', '"projectHash":', '"messages":')
_OPENCODE_KEYS = ('"id":', '"projectID":', '"directory":')
_CODEX_DOCUMENT = re.compile(r'\A\s*\{\s*"session"\s*:\s*\{.*"items"\s*:\s*\[', re.DOTALL)


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


_SHAPES: tuple[tuple[str, Callable[[Record], bool]], ...] = (
    (codex_records.AGENT, _is_codex),
    (claude_records.AGENT, _is_claude),
    (gemini_records.AGENT, _is_gemini),
)


_STORES: tuple[StoreReader, ...] = (CursorIde(), Goose(), OpenCode())


def detect(path: Path) -> str | None:
    """The agent whose format this file has, by its first records; None if no reader knows it, or it cannot be read."""
    try:
        with opened(path) as source:
            head = source.stream.read(HEAD_SIZES[0])
            if b"\n" not in head:
                head += source.stream.read(HEAD_SIZES[1])
    except TranscriptUnreadable:
        return None
    if head.startswith(MAGIC):
        return _database(path)
    for line in head.split(b"\n"):
        for _, record in parsed(line)[0]:
            for agent, fits in _SHAPES:
                if fits(record):
                    return agent
    return _document(head.decode("utf-8", "replace"))


def _document(head: str) -> str | None:
    """The agent of a file that is one JSON document over many lines."""
    if _CODEX_DOCUMENT.match(head):
        return codex_records.AGENT
    if head.lstrip().startswith("{") and all(key in head for key in _GEMINI_KEYS):
        return gemini_records.AGENT
    if head.lstrip().startswith("{") and all(key in head for key in _OPENCODE_KEYS):
        return opencode_messages.AGENT
    return None


def _database(path: Path) -> str | None:
    """The agent whose tables a database has."""
    try:
        with snapshot(path) as database:
            return next((store.agent for store in _STORES if store.fits(database)), None)
    except TranscriptUnreadable:
        return None

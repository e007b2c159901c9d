"""The records of Pi's sessions, which OpenClaw and other relatives write too, turned into messages.

The ids of records have eight digits, too few to tell the sessions of years apart, and files of version 1 have none
until a newer Pi rewrites them.  So a message is known by its time, its role and its words: these are the same before
and after such a rewriting, and in every fork, which copies the records of its parent.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath, PureWindowsPath

from sidecar.expressions import regex
from sidecar.model import Message
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Conversation, Said
from sidecar.transcripts.text import IMAGE_MARK, clean
from sidecar.transcripts.tools import call_of, content_text, outcome
from sidecar.transcripts.values import digest, identifier, items, moment, name, obj, text

SILENT_TYPES = frozenset(
    "context_edit context_transform custom custom_message ephemeral label session_info thinking_level_change "
    "usage".split()
)
"""Entries without anything said; `custom_message` is what extensions inject, such as memory."""

SILENT_ROLES = frozenset(("custom", "hookMessage", "system"))
"""Roles of messages that extensions made."""

SUMMARY_ROLES = frozenset(("branchSummary", "compactionSummary"))
SUMMARY_TYPES = frozenset(("branch_summary", "compaction"))
KNOWN_BLOCKS = frozenset(("text", "thinking", "redactedThinking", "toolCall", "image"))

_STAMPED = regex(r"[^_]*_(.+)")


class PiConversation(Conversation):
    """Turns the records of one file into messages."""

    agent = "pi"

    def feed(self, position: int, record: Record) -> tuple[Message, ...]:
        """The messages of one record that stands at this byte."""
        kind = text(record.get("type"))
        if kind == "message":
            return self._message(position, record, obj(record.get("message")))
        if kind == "session":
            self._session(record)
        elif kind == "model_change":
            self.note(model=record.get("modelId"))
        elif kind in SUMMARY_TYPES:
            return self._summary(position, record, record.get("summary"))
        elif kind not in SILENT_TYPES:
            self.unknown[kind or "(no type)"] += 1
        return ()

    def fallback_session(self) -> str:
        """The part of the file's name after its time."""
        stem = self.path.name.partition(".jsonl")[0]
        found = _STAMPED.fullmatch(stem)
        return found[1] if found else stem

    def human(self, message: Record, words: str) -> str:
        """The person's part of what a message of the user's role says; empty if a machine wrote it."""
        return words

    def answered(self, message: Record, words: str) -> str:
        """The agent's words without what only controls its program."""
        return words

    def _session(self, record: Record) -> None:
        self.note(cwd=record.get("cwd"), model=record.get("modelId"))
        parent = name(record.get("parentSession")) or name(record.get("branchedFrom"))
        self.note_first(
            session=identifier(record.get("id")),
            started=text(record.get("timestamp")),
            parent=parent and _session_of_path(parent),
        )

    def _message(self, position: int, record: Record, message: Record) -> tuple[Message, ...]:
        role, content = text(message.get("role")), message.get("content")
        if role == "user":
            if words := self.human(message, _words(content)):
                return self.message(
                    self._said(position, record, message), self._id(record, role, content), "user", "user", words
                )
        elif role == "assistant":
            self._note_blocks(content)
            if words := self.answered(message, _words(content)):
                made = self._id(record, role, content)
                return self.message(self._said(position, record, message), made, "assistant", "assistant", words)
        elif role in ("toolResult", "bashExecution"):
            return self._tool(position, record, message, role)
        elif role in SUMMARY_ROLES:
            return self._summary(position, record, message.get("summary") or content)
        elif role not in SILENT_ROLES:
            self.unknown[f"message/{role or '(no role)'}"] += 1
        return ()

    def _tool(self, position: int, record: Record, message: Record, role: str) -> tuple[Message, ...]:
        """What a tool answered, called by the model or by the person's own command."""
        if role == "toolResult":
            content = message.get("content")
            key = identifier(message.get("toolCallId"))
            call = self.calls.close(key) or call_of(text(message.get("toolName")), {})
            output, failed = content_text(content), message.get("isError") is True
            told = key or content
        else:
            told = text(message.get("command"))
            call, output = call_of("bash", {"command": told}), text(message.get("output"))
            failed = message.get("exitCode") not in (None, 0) or message.get("cancelled") is True
        if call.own:
            return ()
        words, tool = outcome(call, output, failed=failed)
        made, said = self._id(record, role, told), self._said(position, record, message)
        return self.message(said, made, "tool", "tool", words, kind="tool", tool=tool)

    def _summary(self, position: int, record: Record, summary: object) -> tuple[Message, ...]:
        words = _words(summary)
        made = self._id(record, "summary", words)
        said = Said(position, self._time(record))
        return self.message(said, made, "system", "assistant", words, kind="summary")

    def _said(self, position: int, record: Record, message: Record) -> Said:
        return Said(position, self._time(record), name(message["model"]) if "model" in message else None)

    def _note_blocks(self, content: object) -> None:
        for block in map(obj, items(content)):
            kind = text(block.get("type"))
            if kind == "toolCall":
                self.calls.open(identifier(block.get("id")), call_of(text(block.get("name")), block.get("arguments")))
            elif kind not in KNOWN_BLOCKS:
                self.unknown[f"block/{kind or '(no type)'}"] += 1

    def _time(self, record: Record) -> datetime | None:
        told = moment(record.get("timestamp"), self.written)
        return told or moment(obj(record.get("message")).get("timestamp"), self.written)

    def _id(self, record: Record, *content: object) -> str:
        when = record.get("timestamp") or obj(record.get("message")).get("timestamp")
        if when is None:  # without a time only the session and the record's id tell two equal answers apart
            return digest(self.session, record.get("id"), *content)
        return digest(when, *content)


def _words(content: object) -> str:
    if isinstance(content, str):
        return clean(content)
    parts = [part for block in items(content) if (part := _part(obj(block)))]
    return "" if parts.count(IMAGE_MARK) == len(parts) else "\n\n".join(parts)  # pictures alone say nothing


def _part(block: Record) -> str:
    kind = text(block.get("type"))
    if kind == "image":
        return IMAGE_MARK
    return clean(text(block.get("text"))) if kind in ("", "text") else ""


def _session_of_path(value: str) -> str:
    """The session of a file that a record names, on whatever system it was written."""
    stem = (PureWindowsPath(value) if "\\" in value else PurePosixPath(value)).name.partition(".jsonl")[0]
    found = _STAMPED.fullmatch(stem)
    return found[1] if found else stem

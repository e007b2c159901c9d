"""The records of Qwen Code's sessions, turned into messages: Claude's chain around Gemini's content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sidecar.expressions import regex
from sidecar.model import Message, Speaker
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Conversation, Rewind, Said
from sidecar.transcripts.text import IMAGE_MARK, Block, clean
from sidecar.transcripts.tools import call_of, content_text, outcome
from sidecar.transcripts.values import identifier, is_uuid, items, name, obj, text

HUMAN_SUBTYPES = frozenset(("", "mid_turn_user_message", "user_text_elements"))
"""Kinds of user records that a person typed."""

MACHINE_SUBTYPES = frozenset(
    "agent_bootstrap agent_launch_prompt agent_mention agent_message agent_retry background_task_completed cron "
    "goal_runtime notification realtime_message".split()
)
"""Kinds of user records that the program or another agent wrote; in a subagent's file the launch is its task."""

_USER_SUBTYPES = HUMAN_SUBTYPES | MACHINE_SUBTYPES

SILENT_SUBTYPES = frozenset(
    "agent_bootstrap agent_launch_prompt agent_retry agent_session_ready at_command attribution_snapshot "
    "background_task_completed branch_checkpoint code_mode_tool_result custom_title file_history_snapshot goal_runtime "
    "goal_state goal_turn_end notification omni_recall parent_session realtime_message rewind session_approval_mode "
    "session_artifact_event session_artifact_snapshot session_execution_engine session_model session_source "
    "session_sources_snapshot slash_command turn_result ui_telemetry user_text_elements".split()
)
"""Kinds of system records without anything said."""

_MANAGED = regex(r"managed_session_\w+")
_SESSION_NAME = regex(r"[0-9a-fA-F-]{32,36}")
_FAILED = frozenset(("error", "cancelled"))
_SNAPSHOT = Block("state_snapshot", "compressed_chat_history")
_SCRATCH = Block("scratchpad")


class QwenConversation(Conversation):
    """Turns the records of one file into messages."""

    agent = "qwen"

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """See `Conversation`."""
        super().__init__(path, state, written)
        self.subagent = path.parent.parent.name == "subagents"
        """Whether this file holds a subagent's work."""

    def feed(self, position: int, record: Record) -> Iterable[Message]:
        """The messages of one record that stands at this byte."""
        kind, subtype = text(record.get("type")), text(record.get("subtype"))
        if "cwd" in record or "gitBranch" in record:
            self.note(cwd=record.get("cwd"), branch=record.get("gitBranch"))
        if "session" not in self.facts:
            self.note(session=self._session(record))
        if kind == "user":
            return self._user(position, record, subtype)
        if kind == "assistant":
            return self._assistant(position, record)
        if kind == "tool_result":
            return self._results(position, record, _parts(record))
        if kind == "system":
            return self._system(position, record, subtype)
        self.unknown[kind or "(no type)"] += 1
        return ()

    def rewind(self, record: Record) -> Rewind | None:
        """A rewind hangs the conversation below the record before the prompt that is taken back."""
        if record.get("type") != "system" or record.get("subtype") != "rewind":
            return None
        return Rewind(identifier(record.get("parentUuid")))

    def record_id(self, record: Record) -> str:
        """The record's uuid."""
        return identifier(record.get("uuid"))

    def _session(self, record: Record) -> str:
        """A subagent belongs to the session in its folder's name; by a file's name the program finds its session."""
        if self.subagent:
            return self.path.parent.name
        if _SESSION_NAME.fullmatch(self.path.stem):
            return self.path.stem
        return identifier(record.get("sessionId"))

    def _user(self, position: int, record: Record, subtype: str) -> Iterator[Message]:
        if subtype not in _USER_SUBTYPES:
            self.unknown[f"user/{subtype}"] += 1
        task = self.subagent and subtype == "agent_launch_prompt"
        other = text(record.get("provenance")) in ("external_agent", "system")
        if not task and (subtype not in HUMAN_SUBTYPES or other):
            return
        parts = _parts(record)
        words = clean(text(obj(record.get("systemPayload")).get("displayText"))) or _words(parts)
        if words:
            said = Said(position, self.time_of(record), sidechain=self.subagent)
            speaker: Speaker = "assistant" if self.subagent else "user"
            yield from self.message(said, self._id(record), "user", speaker, words)
        yield from self._results(position, record, parts)  # old versions have no records of their own for them

    def _assistant(self, position: int, record: Record) -> tuple[Message, ...]:
        parts = _parts(record)
        for part in parts:
            call = obj(part.get("functionCall"))
            if call:
                key = identifier(call.get("id")) or text(call.get("name"))
                self.calls.open(key, call_of(text(call.get("name")), call.get("args")))
        words = _words(parts)
        if not words:
            return ()
        said = Said(position, self.time_of(record), name(record.get("model")), self.subagent)
        return self.message(said, self._id(record), "assistant", "assistant", words)

    def _results(self, position: int, record: Record, parts: list[Record]) -> Iterator[Message]:
        result = obj(record.get("toolCallResult"))
        responses = [response for part in parts if (response := obj(part.get("functionResponse")))]
        for index, response in enumerate(responses):
            called = text(response.get("name"))
            call = self.calls.close(identifier(response.get("id")) or called) or call_of(called, {})
            if call.own:
                continue
            answer = obj(response.get("response"))
            printed = content_text(answer) or content_text(result.get("resultDisplay"))
            failed = text(result.get("status")) in _FAILED or "error" in answer
            words, tool = outcome(call, printed, failed=failed)
            made = self._id(record) + (f":{index}" if index else "")
            said = Said(position + index, self.time_of(record), sidechain=self.subagent)
            yield from self.message(said, made, "tool", "tool", words, kind="tool", tool=tool)

    def _system(self, position: int, record: Record, subtype: str) -> Iterator[Message]:
        payload = obj(record.get("systemPayload"))
        if subtype == "chat_compression":
            said = Said(position, self.time_of(record), sidechain=self.subagent)
            words = _summary(items(payload.get("compressedHistory")))
            yield from self.message(said, self._id(record), "system", "assistant", words, kind="summary")
        elif subtype == "mid_turn_user_message":
            yield from self._user(position, record, subtype)
        elif subtype == "parent_session":
            self.note_first(parent=payload.get("parentSessionId"))
        elif subtype not in SILENT_SUBTYPES and not _MANAGED.fullmatch(subtype):
            self.unknown[f"system/{subtype or '(no subtype)'}"] += 1

    def _id(self, record: Record) -> str:
        told = identifier(record.get("uuid"))
        if is_uuid(told):
            return told
        return self.own_id(told, {key: record[key] for key in record if key != "sessionId"})


def _parts(record: Record) -> list[Record]:
    return [obj(part) for part in items(obj(record.get("message")).get("parts"))]


def _words(parts: list[Record]) -> str:
    """The texts of a record's content, without thoughts; a picture alone says nothing."""
    found: list[str] = []
    for part in parts:
        words = "" if part.get("thought") else clean(text(part.get("text")))
        if "inlineData" in part or "fileData" in part:
            words = IMAGE_MARK
        if words:
            found.append(words)
    if found.count(IMAGE_MARK) == len(found):
        return ""
    return found[0] if len(found) == 1 else "\n\n".join(found)


def _summary(history: list[object]) -> str:
    """The summary at the head of a compressed history."""
    for content in map(obj, history):
        for part in map(obj, items(content.get("parts"))):
            found = _SNAPSHOT.inner(text(part.get("text")))
            if found:
                return _SCRATCH.removed(clean(found[0])).strip()
    return ""

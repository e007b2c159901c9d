"""The events of Copilot CLI's sessions, turned into messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sidecar.expressions import regex
from sidecar.model import Message, Speaker
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Conversation, Rewind, Said
from sidecar.transcripts.streams import head_of
from sidecar.transcripts.text import Block, clean
from sidecar.transcripts.tools import call_of, content_text, outcome
from sidecar.transcripts.values import identifier, items, name, obj, text

SILENT_TYPES = frozenset(
    "abort agent.interrupted assistant.intent assistant.reasoning assistant.turn_end assistant.turn_retry "
    "assistant.turn_start assistant.usage model.call_failure pending_messages.modified session.binary_asset "
    "session.compaction_start session.error session.handoff session.idle session.info session.mode_changed "
    "session.permissions_changed session.plan_changed session.remote_steerable_changed session.shutdown "
    "session.snapshot_rewind session.task_complete session.title_changed session.truncation session.usage_info "
    "session.warning session.workspace_file_changed skill.invoked system.message system.notification "
    "tool.execution_partial_result tool.execution_progress tool.user_requested".split()
)
"""Events without words of a conversation: prompts of the program, states, and parts of what comes whole later."""

SILENT_FAMILIES = frozenset(
    "auto_mode_switch capabilities command commands elicitation exit_plan_mode external_tool hook mcp permission "
    "sampling session_limits_exhausted subagent user_input".split()
)
"""First parts of the names of events that never hold words; `hook` repeats prompts and holds what hooks inject."""

SILENT_STATES = regex(r"session\.(?:canvas|schedule|background_tasks|custom|extensions|mcp|skills|tools|auto_mode)")

_INJECTED = Block("current_datetime", "sql_tables", "reminder")


class CopilotConversation(Conversation):
    """Turns the events of one session into messages."""

    agent = "copilot-cli"

    def feed(self, position: int, record: Record) -> Iterator[Message]:
        """The messages of one event that stands at this byte."""
        kind, data = text(record.get("type")), obj(record.get("data"))
        if kind == "user.message":
            yield from self._user(position, record, data)
        elif kind == "assistant.message":
            yield from self._assistant(position, record, data)
        elif kind == "tool.execution_start":
            key = identifier(data.get("toolCallId"))
            self.calls.open(key, call_of(text(data.get("toolName")), data.get("arguments")))
        elif kind == "tool.execution_complete":
            yield from self._result(position, record, data)
        elif kind == "session.compaction_complete":
            words = clean(text(data.get("summaryContent")))
            said = Said(position, self.time_of(record))
            yield from self.message(said, self._id(record), "system", "assistant", words, kind="summary")
        elif kind in ("session.start", "session.resume", "session.context_changed"):
            self._context(data)
        elif kind == "session.model_change":
            self.note(model=data.get("newModel"))
        elif not _silent(kind):
            self.unknown[kind or "(no type)"] += 1

    def rewind(self, record: Record) -> Rewind | None:
        """The event to which the session went back, with all after it, or single events."""
        if text(record.get("type")) != "session.snapshot_rewind":
            return None
        data = obj(record.get("data"))
        events = frozenset(filter(None, map(identifier, items(data.get("eventIds")))))
        target = identifier(data.get("upToEventId"))
        return Rewind(target, inclusive=True, records=events) if target or events else None

    def fallback_session(self) -> str:
        """The session's folder; in older versions the file's name."""
        return self.path.parent.name if self.path.name == "events.jsonl" else self.path.stem

    def _context(self, data: Record) -> None:
        """The folder and its repository: of the start in an object of its own, of a change the data itself."""
        context = obj(data.get("context")) or data
        self.note(cwd=context.get("cwd"), branch=context.get("branch"), model=data.get("selectedModel"))
        self.note_first(
            session=identifier(data.get("sessionId")),
            started=text(data.get("startTime")),
            commit=context.get("headCommit"),
            remote=_remote(context),
        )
        if "cwd" not in self.facts:
            self.note(cwd=_workspace_folder(self.path))

    def _user(self, position: int, record: Record, data: Record) -> Iterator[Message]:
        """What was typed; the transformed content has reminders around it."""
        source = text(data.get("source"))
        if source not in ("", "user") or data.get("isAutopilotContinuation") is True:
            return
        words = _INJECTED.removed(clean(text(data.get("content")))).strip()
        if not words:
            return
        sidechain = bool(record.get("agentId"))
        speaker: Speaker = "assistant" if sidechain else "user"
        said = Said(position, self.time_of(record), sidechain=sidechain)
        yield from self.message(said, self._id(record), "user", speaker, words)

    def _assistant(self, position: int, record: Record, data: Record) -> Iterator[Message]:
        for request in map(obj, items(data.get("toolRequests"))):
            call = call_of(text(request.get("name")), request.get("arguments"))
            self.calls.open(identifier(request.get("toolCallId")), call)
        words = clean(text(data.get("content")))
        if not words:
            return
        sidechain = bool(record.get("agentId") or data.get("parentToolCallId"))
        said = Said(position, self.time_of(record), name(data.get("model")), sidechain)
        yield from self.message(said, self._id(record), "assistant", "assistant", words)

    def _result(self, position: int, record: Record, data: Record) -> Iterator[Message]:
        call = self.calls.close(identifier(data.get("toolCallId"))) or call_of(text(data.get("toolName")), {})
        if call.own:
            return
        failed = data.get("success") is False or "error" in data
        printed = content_text(data.get("result")) or text(obj(data.get("error")).get("message"))
        words, tool = outcome(call, printed, failed=failed)
        said = Said(
            position, self.time_of(record), sidechain=bool(record.get("agentId") or data.get("parentToolCallId"))
        )
        yield from self.message(said, self._id(record), "tool", "tool", words, kind="tool", tool=tool)

    def _id(self, record: Record) -> str:
        return self.own_id(identifier(record.get("id")), record)


def _silent(kind: str) -> bool:
    return kind in SILENT_TYPES or kind.partition(".")[0] in SILENT_FAMILIES or SILENT_STATES.match(kind) is not None


def _remote(context: Record) -> str:
    """The repository's address; the record has its owner and name, and where it is hosted."""
    repository, host = text(context.get("repository")), text(context.get("repositoryHost"))
    if not host and text(context.get("hostType")) == "github":
        host = "github.com"
    return f"https://{host}/{repository}" if repository and host else ""


def _workspace_folder(path: Path) -> str:
    """The folder that stands in the session's `workspace.yaml`; empty if there is none."""
    try:
        content = head_of(path.with_name("workspace.yaml"), 64 * 1024).decode("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(r"^cwd:[ \t]*(.+?)[ \t\r]*$", content, re.MULTILINE)
    return found[1].strip("'\"") if found else ""

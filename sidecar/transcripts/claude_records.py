"""Claude Code's records, turned into messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sidecar.expressions import regex
from sidecar.model import Message, MessageKind, Role, Speaker, ToolCall
from sidecar.transcripts.base import Record
from sidecar.transcripts.claude_users import content_of, human_words, plain, summary_of, typed
from sidecar.transcripts.drafts import Draft
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.text import clean
from sidecar.transcripts.tools import UNKNOWN, Calls, call_of, content_text, outcome
from sidecar.transcripts.values import digest, identifier, items, moment, name, obj, text

AGENT = "claude-code"

SILENT_TYPES = frozenset(
    "agent-name ai-title atis-latch bridge-session custom-title file-history-delta file-history-snapshot frame-link "
    "last-prompt mode permission-mode pr-link progress queue-operation relocated result started summary "
    "worktree-state".split()
)
"""Record types that hold nothing said: titles, settings, snapshots, and copies of what stands elsewhere."""

SILENT_SUBTYPES = frozenset(
    "api_error api_refusal away_summary compact_boundary error informational local_command microcompact_boundary "
    "model_refusal_fallback session_start stop_hook_summary turn_duration".split()
)
"""System records without words of a conversation; `away_summary` is a recap for a person who comes back."""

SILENT_ATTACHMENTS = frozenset(
    "agent_listing_delta auto_mode batching_reminder_sent budget_usd command_permissions compact_file_reference "
    "date_change deferred_tools_delta dynamic_skill edited_text_file file hook_additional_context hook_blocking_error "
    "hook_non_blocking_error hook_success hook_system_message invoked_skills mcp_instructions_delta nested_memory "
    "plan_mode plan_mode_exit read_truncation_notice silent_turn_reminder skill_listing task_reminder task_status "
    "todo_reminder total_tokens_reminder ultra_effort_enter ultra_effort_exit".split()
)
"""Attachments made by the program or by hooks; what hooks inject may be our own memory."""

CALL_BLOCKS = frozenset(("tool_use", "server_tool_use", "mcp_tool_use"))
RESULT_BLOCKS = frozenset(("tool_result", "mcp_tool_result", "web_search_tool_result"))
OTHER_BLOCKS = frozenset(("text", "thinking", "redacted_thinking", "image", "document", "fallback"))

KNOWN_BLOCKS = CALL_BLOCKS | RESULT_BLOCKS | OTHER_BLOCKS

SYNTHETIC_MODEL = "<synthetic>"
"""The model of assistant records that the program made itself, such as API errors."""

NO_CONTENT = "(no content)"
"""Stands in an assistant record that says nothing."""

BOUNDARY_WORDS = "Conversation compacted"
"""The usual content of a compaction's boundary; the summary itself stands in the next record."""

_EXIT_CODE = regex(r"\s*(?:Error: )?Exit code (\d+)\b")
_WRAPPER = regex(r"</?(?:tool_use_error|persisted-output)>")


def is_subagent(path: Path) -> bool:
    """Whether a file holds a subagent's work, by its name (old layout) or its folder."""
    return path.stem.startswith("agent-") or "subagents" in path.parts[:-1]


def session_of(path: Path, told: str | None) -> str:
    """The session of a file: what its records told first, else its name; subagents belong to the folder's session."""
    folders = path.parts[:-1]
    if "subagents" in folders[1:]:
        return folders[len(folders) - 2 - folders[::-1].index("subagents")]
    return told or path.stem


def branch_of(record: Record) -> str | None:
    """The git branch; a detached head has none."""
    branch = name(record.get("gitBranch"))
    return None if branch == "HEAD" else branch


class Conversation:
    """Turns the records of one file into messages; what must survive between two reads is its state."""

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """`state`: what `state()` gave at the end of the last read; `written`: the file's last write."""
        self.unknown = Unknown()
        self._calls = Calls(state.get("calls"))
        self._subagent = is_subagent(path)
        self._fixed_session = session_of(path, None) if self._subagent and "subagents" in path.parts else None
        self._path = path
        self._session = path.stem
        self._written = written

    def state(self) -> Record:
        """For the cursor."""
        return {"calls": self._calls.saved()}

    def feed(self, position: int, record: Record) -> Iterator[Message]:
        """The messages of one record that stands at this byte."""
        kind = text(record.get("type"))
        if kind == "user":
            yield from self._user(position, record)
        elif kind == "assistant":
            yield from self._assistant(position, record)
        elif kind == "attachment":
            yield from self._attachment(position, record)
        elif kind == "system":
            yield from self._system(position, record)
        elif kind not in SILENT_TYPES:
            self.unknown[kind or "(no type)"] += 1

    def _user(self, position: int, record: Record) -> Iterator[Message]:
        content = content_of(record)
        if isinstance(content, list):
            results = [(i, obj(b)) for i, b in enumerate(content) if text(obj(b).get("type")) in RESULT_BLOCKS]
            self._count_blocks(content)
            for index, block in results:
                yield from self._result(position, index, record, block)
            if results:
                return
        if record.get("toolUseResult"):
            return
        summary = summary_of(record)
        if summary is not None:
            yield from self._said(position, record, "system", "assistant", summary, "summary")
        elif self._sidechain(record):
            words = "" if record.get("isMeta") else clean(plain(content))
            yield from self._said(position, record, "user", "assistant", words)
        else:
            yield from self._said(position, record, "user", "user", human_words(record))

    def _assistant(self, position: int, record: Record) -> Iterator[Message]:
        message = obj(record.get("message"))
        if record.get("isApiErrorMessage") or text(message.get("model")) == SYNTHETIC_MODEL:
            return
        content = content_of(record)
        self._count_blocks(items(content))
        for block in map(obj, items(content)):
            if text(block.get("type")) in CALL_BLOCKS:
                call = call_of(text(block.get("name")), block.get("input"))
                self._calls.open(identifier(block.get("id")), call)
        words = clean(plain(content))
        yield from self._said(position, record, "assistant", "assistant", "" if words == NO_CONTENT else words)
        for index, block in enumerate(map(obj, items(content))):
            if text(block.get("type")) in RESULT_BLOCKS:  # tools that ran on the model's side
                yield from self._result(position, index, record, block)

    def _attachment(self, position: int, record: Record) -> Iterator[Message]:
        attachment = obj(record.get("attachment"))
        kind = text(attachment.get("type"))
        if kind == "queued_command":
            origin = text(obj(attachment.get("origin")).get("kind"))
            if text(attachment.get("commandMode")) in ("", "prompt") and origin in ("", "human"):
                words = typed(attachment.get("prompt"), trusted=origin == "human")
                speaker: Speaker = "assistant" if self._sidechain(record) else "user"
                yield from self._said(position, record, "user", speaker, words)
        elif kind not in SILENT_ATTACHMENTS:
            self.unknown[f"attachment/{kind or '(no type)'}"] += 1

    def _system(self, position: int, record: Record) -> Iterator[Message]:
        subtype = text(record.get("subtype"))
        if subtype == "compact_boundary":
            words = clean(text(record.get("content")))
            if words != BOUNDARY_WORDS:
                yield from self._said(position, record, "system", "assistant", words, "summary")
        elif subtype and subtype not in SILENT_SUBTYPES:  # without one: progress lines of old versions
            self.unknown[f"system/{subtype}"] += 1

    def _result(self, position: int, index: int, record: Record, block: Record) -> Iterator[Message]:
        call = self._calls.close(identifier(block.get("tool_use_id"))) or UNKNOWN
        if call.own:
            return
        output = content_text(block.get("content"))
        exit_code = _EXIT_CODE.match(output)
        failed = (
            block.get("is_error") is True
            or "<tool_use_error>" in output
            or (exit_code is not None and exit_code[1] != "0")
        )
        if self._told_elsewhere(record):
            output = ""
        words, tool = outcome(call, _WRAPPER.sub("", output), failed=failed)
        yield from self._said(position, record, "tool", "tool", words, "tool", tool, index)

    def _told_elsewhere(self, record: Record) -> bool:
        """Whether a result is the last answer of a subagent whose own file lies here: in that file it counts."""
        agent = identifier(obj(record.get("toolUseResult")).get("agentId"))
        if not agent:
            return False
        file = f"agent-{Path(agent).name}.jsonl"
        places = (self._path.with_suffix("") / "subagents" / file, self._path.with_name(file))
        return any(place != self._path and place.is_file() for place in places)

    def _said(
        self,
        position: int,
        record: Record,
        role: Role,
        speaker: Speaker,
        words: str,
        kind: MessageKind = "text",
        tool: ToolCall | None = None,
        index: int = 0,
    ) -> tuple[Message, ...]:
        if not words:
            return ()
        found = Draft(
            _id_of(record) + (f":{index}" if index else ""),
            AGENT,
            self._fixed_session or name(record.get("sessionId")) or self._session,
            role,
            speaker,
            words,
            moment(record.get("timestamp"), self._written),
            kind,
            position + index,
            name(record.get("cwd")),
            branch_of(record),
            name(obj(record.get("message")).get("model")) if role == "assistant" else None,
            self._sidechain(record),
            tool,
        )
        found.__class__ = Message
        return (found,)

    def _sidechain(self, record: Record) -> bool:
        return self._subagent or record.get("isSidechain") is True

    def _count_blocks(self, blocks: list[object]) -> None:
        for block in blocks:
            kind = text(obj(block).get("type")) if not isinstance(block, str) else "text"
            if kind not in KNOWN_BLOCKS:
                self.unknown[f"block/{kind or '(no type)'}"] += 1


def _id_of(record: Record) -> str:
    """The record's uuid; a damaged record without one is known by its content, the session apart."""
    told = identifier(record.get("uuid"))
    return told or digest({key: value for key, value in record.items() if key != "sessionId"})

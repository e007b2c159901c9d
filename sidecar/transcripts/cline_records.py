"""The messages of Cline and Roo: what people, the model and tools said, out of one protocol for all three."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from sidecar.expressions import regex
from sidecar.model import Message
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Conversation, Said
from sidecar.transcripts.text import IMAGE_MARK, Block, begins_with, clean
from sidecar.transcripts.tools import UNKNOWN, Call, call_of, content_text, outcome
from sidecar.transcripts.values import digest, identifier, items, moment, name, obj, text

MACHINE_PREFIXES = (
    "[ERROR]",
    "[TASK RESUMPTION]",
    "[attempt_completion]",
    "# Context",
    "Command is still running",
    "New instructions for task continuation",
    "The user approved this operation",
    "The user denied this operation",
    "The user has provided feedback",
    "The user provided the following feedback",
)
"""Beginnings of what the extension says in the user's place."""

KNOWN_BLOCKS = frozenset("document image reasoning redacted_thinking text thinking tool_result tool_use".split())

SPEAKING_TOOLS = {"attempt_completion": "result", "ask_followup_question": "question", "plan_mode_respond": "response"}
"""Tools by which the model speaks to the person, and the argument that holds the words."""

_SPOKEN = Block(*SPEAKING_TOOLS)
_WORDS = Block(*SPEAKING_TOOLS.values())
_CALLED = Block(
    *"execute_command read_file write_to_file replace_in_file apply_diff insert_content search_and_replace "
    "search_files list_files list_code_definition_names codebase_search browser_action use_mcp_tool "
    "access_mcp_resource fetch_instructions web_fetch new_task switch_mode update_todo_list condense "
    "load_mcp_documentation".split()
)
_ARGUMENT = Block(*"action arguments command file_pattern path query regex server_name tool_name uri url".split())
_RESULT = regex(r"\s*\[([a-z_]+)(?: for '(.*?)')?(?:\.[^\]\n]*)?\] Result:\s*", re.DOTALL)
_FAILED = regex(r"\s*(?:The tool execution failed|<error>|Error\b|The user denied)")
_CWD = regex(r"^# Current (?:Working|Workspace) Directory \((.+?)\)", re.MULTILINE)

_AROUND = Block(
    "environment_details", "mode_notice", "explicit_instructions", "file_content", "folder_content", "todos"
)
_TYPED = Block("task", "feedback", "answer", "user_message", "user_input")
_THOUGHTS = Block("thinking", "think")


class ClineConversation(Conversation):
    """Turns the messages of one task into ours."""

    agent = "cline"

    def feed(self, position: int, record: Record) -> Iterator[Message]:
        """The messages of one of theirs."""
        role, content = text(record.get("role")), record.get("content")
        blocks = list(map(obj, items(content))) or [{"type": "text", "text": content}]
        self._count(blocks)
        model = name(obj(record.get("modelInfo")).get("id"))
        said = Said(position, self.time_of(record), model)
        made = self._id(record, position)
        if role == "assistant":
            yield from self._assistant(said, made, blocks)
        elif role == "user" and text(obj(record.get("metadata")).get("kind")) == "compaction_summary":
            words = clean("\n\n".join(text(block.get("text")) for block in blocks))
            yield from self.message(said, made, "system", "assistant", words, kind="summary")
        elif role == "user":
            yield from self._user(said, made, blocks)
        else:
            self.unknown[role or "(no role)"] += 1

    def time_of(self, record: Record) -> datetime | None:
        """A message's own time, or that of the file's last write, when what is new in it was said."""
        return moment(record.get("ts"), self.written) or self.written

    def _id(self, record: Record, position: int) -> str:
        """The message's own id, within its task, or its place and content: either alone may come again."""
        told = identifier(record.get("id"))
        return f"{self.session}:{told or digest(position, record.get('role'), record.get('content'))}"

    def _assistant(self, said: Said, made: str, blocks: list[Record]) -> Iterator[Message]:
        parts: list[str] = []
        for block in blocks:
            kind = text(block.get("type"))
            if kind == "tool_use":
                called, given = text(block.get("name")), obj(block.get("input"))
                self.calls.open(identifier(block.get("id")), _call(called, given))
                parts.append(text(given.get(SPEAKING_TOOLS.get(called, ""))))
            elif kind == "text":
                parts.append(self._protocol(text(block.get("text"))))
        words = clean("\n\n".join(part for part in parts if part.strip()))
        yield from self.message(said, made, "assistant", "assistant", words)

    def _protocol(self, words: str) -> str:
        """The words of an answer in which calls are XML; they are opened by their tool's name."""
        words = _THOUGHTS.removed(words)
        for called in _CALLED.found(words):
            given = {argument.tag: argument.inner for argument in _ARGUMENT.found(called.inner)}
            self.calls.open(f"<{called.tag}>", _call(called.tag, given))
        spoken = [said for found in _SPOKEN.inner(words) for said in _WORDS.inner(found)]
        return "\n\n".join([_SPOKEN.removed(_CALLED.removed(words)), *spoken])

    def _user(self, said: Said, made: str, blocks: list[Record]) -> Iterator[Message]:
        """A prompt, results of tools, or both; after the head of a result the texts that follow belong to it."""
        parts: list[str] = []
        results: list[tuple[Call, list[str], bool]] = []
        headed = False
        for block in blocks:
            kind = text(block.get("type"))
            if kind == "image":
                parts.append(IMAGE_MARK)
            elif kind == "tool_result":
                call = self.calls.close(identifier(block.get("tool_use_id"))) or UNKNOWN
                printed = content_text(block.get("content"))
                results.append((call, [printed], block.get("is_error") is True))
                parts += _TYPED.inner(printed)
            elif kind == "text":
                words = text(block.get("text"))
                self._note_folder(words)
                words = _AROUND.removed(words)
                result = self._headed_result(words)
                if result:
                    results.append(result)
                    headed = True
                typed = _TYPED.inner(words)
                if headed and not result and words.strip() and not typed:
                    results[-1][1].append(words)
                elif not headed and not typed and not begins_with(words, MACHINE_PREFIXES):
                    parts.append(words)
                parts += typed
        yield from self._prompt(said, made, parts)
        yield from self._results(said, made, results)

    def _headed_result(self, words: str) -> tuple[Call, list[str], bool] | None:
        """A result of the older protocol, which is a text with a head that names the tool."""
        head = _RESULT.match(words)
        if not head:
            return None
        call = self.calls.close(f"<{head[1]}>") or call_of(head[1], {"description": head[2] or ""})
        return call, [words[head.end() :]], False

    def _prompt(self, said: Said, made: str, parts: list[str]) -> Iterator[Message]:
        found = [words for part in parts if (words := clean(part))]
        words = "\n\n".join(found) if any(part != IMAGE_MARK for part in found) else ""
        yield from self.message(said, made, "user", "user", words)

    def _results(self, said: Said, made: str, results: list[tuple[Call, list[str], bool]]) -> Iterator[Message]:
        for index, (call, printed, failed) in enumerate(results):
            output = "\n".join(printed)
            if call.own or call.name in SPEAKING_TOOLS:
                continue
            words, tool = outcome(call, output, failed=failed or _FAILED.match(output) is not None)
            place = Said(said.position + index, said.time)
            yield from self.message(place, f"{made}:{index}", "tool", "tool", words, kind="tool", tool=tool)

    def _note_folder(self, words: str) -> None:
        """The project's folder, which older versions tell to the model alone."""
        found = _CWD.search(words)
        if found and "cwd" not in self.facts:
            self.note(cwd=found[1])

    def _count(self, blocks: list[Record]) -> None:
        for block in blocks:
            kind = text(block.get("type"))
            if kind not in KNOWN_BLOCKS:
                self.unknown[f"block/{kind or '(no type)'}"] += 1


def _call(called: str, given: Mapping[str, object]) -> Call:
    """A call; one of a server's tool is known by both names, so that ours are recognised."""
    server, tool = text(given.get("server_name")), text(given.get("tool_name"))
    if not server:
        return call_of(called, given)
    try:
        arguments = json.loads(text(given.get("arguments"))) if isinstance(given.get("arguments"), str) else given
    except (ValueError, RecursionError):
        arguments = {}
    return call_of(f"{server}__{tool}", arguments)


class RooConversation(ClineConversation):
    """Roo's are Cline's, apart from what lies beside them."""

    agent = "roo"

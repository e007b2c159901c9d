"""Cursor's agent transcripts, turned into messages: records without times, or a text with marked turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from sidecar.expressions import regex
from sidecar.model import Message, Speaker
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Conversation, Said
from sidecar.transcripts.cursor_places import project_of
from sidecar.transcripts.drafts import Draft
from sidecar.transcripts.text import IMAGE_MARK, Block, clean, may_hold_tags
from sidecar.transcripts.textual import Block as Lines
from sidecar.transcripts.textual import TextConversation
from sidecar.transcripts.tools import UNKNOWN, call_of, content_text, outcome
from sidecar.transcripts.values import identifier, moment, name, obj, text

AGENT = "cursor"
SUBAGENTS = "subagents"

SILENT_TYPES = frozenset(("result", "session_start", "system", "thinking", "turn_ended", "turn_started"))
"""Records that control the program."""

KNOWN_BLOCKS = frozenset(("image", "redacted_thinking", "text", "thinking", "tool_result", "tool_use"))

_UNNAMED = "?"
"""Stands for the id of a call without one: its result is the next that answers no other."""

_QUERY = Block("user_query")
_AROUND = Block(
    "additional_data",
    "agent_skills",
    "agent_transcripts",
    "attached_files",
    "current_file",
    "cursor_rules_context",
    "git_status",
    "image_files",
    "mcp_file_system",
    "open_and_recently_viewed_files",
    "project_layout",
    "rules",
    "terminal_files_information",
    "timestamp",
    "user_info",
)
"""What Cursor puts around a prompt."""


def typed(words: str) -> str:
    """What the person typed: the query in its tags, or else what is left without Cursor's own blocks."""
    if not may_hold_tags(words):  # without a tag there is nothing around
        return clean(words)
    queries = [query for found in _QUERY.inner(words) if (query := clean(found))]
    return "\n\n".join(queries) if queries else _AROUND.removed(clean(words)).strip()


def session_of(path: Path) -> str:
    """A file's session: its name, or for a subagent the folder in which its parent lies."""
    return path.parent.parent.name if is_subagent(path) else path.stem


def is_subagent(path: Path) -> bool:
    """Whether a file holds a subagent's work."""
    return path.parent.name == SUBAGENTS


class CursorConversation(Conversation):
    """Turns the records of one file into messages; they have no ids, so that their place in the file is theirs."""

    agent = AGENT

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """See `Conversation`."""
        super().__init__(path, state, written)
        self._subagent, self._session = is_subagent(path), session_of(path)
        self.note(cwd=self.facts.get("cwd") or project_of(path))

    def feed(self, position: int, record: Record) -> Iterable[Message]:
        """The messages of one record that stands at this byte."""
        role = record.get("role")
        if (role == "user" or role == "assistant") and (words := _alone(record)):  # quicker than a tuple
            return self._plain(position, role, words)
        if "cwd" in record:
            self.note(cwd=record["cwd"])
        told = text(role) or text(record.get("type"))
        if told in ("user", "assistant"):
            return self._said(position, record, told)
        if told not in SILENT_TYPES:
            self.unknown[told or "(no role)"] += 1
        return ()

    def _plain(self, position: int, role: str, words: str) -> tuple[Message, ...]:
        """What a record says that holds nothing but a text, as `message` would have it of `Said`."""
        said: Literal["user", "assistant"] = "user" if role == "user" else "assistant"
        tagged = said == "user" and ("<" in words or "&" in words or "\\" in words)  # quicker than `may_hold_tags`
        words = typed(words) if tagged else clean(words)
        if not words:
            return ()
        session, cwd, branch, model = self._place or self._placed()
        found = Draft(
            f"{self._stem}:{position}",
            AGENT,
            session,
            said,
            "assistant" if self._subagent else said,
            words,
            self.written,
            "text",
            position,
            cwd,
            branch,
            model if said == "assistant" else None,
            self._subagent,
            None,
        )
        found.__class__ = Message
        return (found,)

    def _said(self, position: int, record: Record, role: str) -> tuple[Message, ...]:
        """What any record of a person or a model says, and the results of tools in it."""
        message = obj(record.get("message"))
        words, results = self._words(message["content"] if "content" in message else record.get("content"))
        if not words and not results:
            return ()
        model = name(message["model"]) if "model" in message else None
        said = Said(position, self.time_of(record) if "timestamp" in record else self.written, model, self._subagent)
        made = (identifier(record["uuid"]) if "uuid" in record else "") or f"{self._stem}:{position}"
        found: tuple[Message, ...] = ()
        if role == "user":
            found = self.message(said, made, "user", "assistant" if self._subagent else "user", typed(words))
        elif words:
            found = self.message(said, made, "assistant", "assistant", clean(words))
        return (*found, *self._results(said, made, results)) if results else found

    def fallback_session(self) -> str:
        """See `session_of`."""
        return self._session

    def time_of(self, record: Record) -> datetime | None:
        """A record's own time, or that of the file's last write, when what is new in it was said."""
        return moment(record["timestamp"], self.written) or self.written if "timestamp" in record else self.written

    def _words(self, content: object) -> tuple[str, Sequence[tuple[int, Record]]]:
        """What a record says, and its results of tools with their places; calls are remembered on the way."""
        if not isinstance(content, list):
            return text(content), ()
        results: list[tuple[int, Record]] = []
        parts: list[str] = []
        for index, block in enumerate(map(obj, content)):
            kind = block.get("type")
            if kind == "tool_use":
                call = call_of(text(block.get("name")), block.get("input"))
                self.calls.open(identifier(block.get("id")) or _UNNAMED, call)
            elif kind == "tool_result":
                results.append((index, block))
            elif not isinstance(kind, str) or kind not in KNOWN_BLOCKS:
                self.unknown[f"block/{text(kind) or '(no type)'}"] += 1
            if part := IMAGE_MARK if kind == "image" else text(block.get("text")):
                parts.append(part)
        if parts.count(IMAGE_MARK) == len(parts):  # pictures alone say nothing
            return "", results
        return parts[0] if len(parts) == 1 else "\n\n".join(parts), results

    def _results(self, said: Said, made: str, results: Sequence[tuple[int, Record]]) -> list[Message]:
        found: list[Message] = []
        for index, block in results:
            key = identifier(block.get("tool_use_id"))
            call = self.calls.close(key) or self.calls.close(_UNNAMED) or UNKNOWN
            if call.own:
                continue
            words, tool = outcome(call, content_text(block.get("content")), failed=block.get("is_error") is True)
            place = Said(said.position + index, said.time, None, said.sidechain)
            found += self.message(place, f"{made}:{index}", "tool", "tool", words, kind="tool", tool=tool)
        return found


def _alone(record: Record) -> str | None:
    """The words of a record without a time, an id or a folder, whose content is one text, as nearly all are."""
    if len(record) != 2 or not isinstance(message := record.get("message"), dict) or len(message) != 1:
        return None
    content = message.get("content")
    if not isinstance(content, list) or len(content) != 1 or not isinstance(block := content[0], dict):
        return None
    words = block.get("text") if block.get("type") == "text" else None
    return words if isinstance(words, str) and words != IMAGE_MARK else None


_MARK = regex(r"\s*\[(Thinking|Tool call|Tool result)\]\s?(.*)")


class CursorText(TextConversation):
    """Turns the text form into messages: turns after a line `user:` or `assistant:`."""

    agent = AGENT
    marks = (b"user:", b"assistant:")

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """See `Conversation`."""
        super().__init__(path, state, written)
        self._subagent = is_subagent(path)
        self.note(cwd=self.facts.get("cwd") or project_of(path))

    def opens(self, line: str) -> str | None:
        """A line that is a turn's mark and nothing else."""
        mark = line.strip()
        return mark[:-1] if mark in ("user:", "assistant:") else None

    def take(self, line: str, kind: str | None) -> None:
        """Nothing has to be remembered."""

    def said(self, block: Lines) -> Iterator[Message]:
        """The turn's words; of its tools the calls and what they printed."""
        said = Said(block.position, self.written, sidechain=self._subagent)
        made = f"{self.path.stem}:{block.position}"
        lines = block.lines if block.piece else block.lines[1:]
        if block.kind == "user":
            speaker: Speaker = "assistant" if self._subagent else "user"
            yield from self.message(said, made, "user", speaker, typed("\n".join(lines)))
        elif block.kind == "assistant":
            sections = _sections(lines)
            words = clean("\n".join(line for mark, _, body in sections if not mark for line in body))
            yield from self.message(said, made, "assistant", "assistant", words)
            yield from self._tools(said, made, sections)

    def fallback_session(self) -> str:
        """See `session_of`."""
        return session_of(self.path)

    def _tools(self, said: Said, made: str, sections: list[tuple[str, str, list[str]]]) -> Iterator[Message]:
        call = UNKNOWN
        for index, (mark, title, body) in enumerate(sections):
            if mark == "Tool call":
                call = call_of(title, " ".join(line.strip() for line in body))
            elif mark == "Tool result":
                if not call.own:
                    words, tool = outcome(call, "\n".join(body), failed=False)
                    place = Said(said.position + index, said.time, None, said.sidechain)
                    yield from self.message(place, f"{made}:{index}", "tool", "tool", words, kind="tool", tool=tool)
                call = UNKNOWN


def _sections(lines: list[str]) -> list[tuple[str, str, list[str]]]:
    """Runs of prose (without a mark) and of marked blocks, whose bodies are indented or blank."""
    found: list[tuple[str, str, list[str]]] = [("", "", [])]
    for line in lines:
        mark = _MARK.match(line)
        if mark:
            found.append((mark[1], mark[2].strip(), []))
        elif found[-1][0] and line.strip() and not line[0].isspace():
            found.append(("", "", [line]))
        else:
            found[-1][2].append(line)
    return found

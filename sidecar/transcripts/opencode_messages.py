"""OpenCode's messages in both forms: a message with parts (1.x), and a typed row with its content in it (2.x).

Both give the same ids, so that a message that was carried over from one form to the other is the same one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from sidecar.model import Message, MessageKind, Role, Speaker, ToolCall
from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.drift import Unknown
from sidecar.transcripts.text import clean
from sidecar.transcripts.tools import call_of, content_text, outcome
from sidecar.transcripts.values import identifier, items, moment, name, obj, text

AGENT = "opencode"

ENDED = frozenset(("completed", "error"))
"""States of a tool call that will not change any more."""

ROLES = frozenset(("user", "assistant"))

KNOWN_PARTS = frozenset(
    "text tool reasoning file step-start step-finish snapshot patch agent subtask retry compaction".split()
)
"""Kinds of parts in 1.x; only the first two hold what was said and done."""

SILENT_TYPES = frozenset("synthetic system agent-switched model-switched location-switched idle".split())
"""Types of rows in 2.x without words of the person or the agent."""

_STEPS = 1000
"""Positions within a millisecond, for the parts of one message."""


@dataclass(frozen=True, slots=True)
class Session:
    """What all messages of a session have in common."""

    id: str
    cwd: str | None = None
    subagent: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One message: its id, what it says of itself, when its database was written, and the time of its row."""

    session: Session
    made: str
    info: Record
    written: datetime
    row_time: object = None

    @property
    def time(self) -> datetime | None:
        """When it was made."""
        told = obj(self.info.get("time")).get("created")
        return moment(told, self.written) or moment(self.row_time, self.written)

    @property
    def position(self) -> int:
        """Messages are ordered by their times, in both forms alike."""
        time = self.time
        return 0 if time is None else round(time.timestamp() * 1000) * _STEPS

    def message(
        self,
        role: Role,
        words: str,
        *,
        kind: MessageKind = "text",
        made: str | None = None,
        step: int = 0,
        tool: ToolCall | None = None,
        time: datetime | None = None,
    ) -> Message:
        """A message of this entry; a prompt was given by an agent where the session has a parent."""
        speaker: Speaker = "assistant" if role != "tool" and (role != "user" or self.session.subagent) else role
        return Message(
            id=made or self.made,
            agent=AGENT,
            session=self.session.id,
            role=role,
            speaker=speaker,
            text=words,
            time=time or self.time,
            kind=kind,
            position=self.position + min(step, _STEPS - 1),
            cwd=name(obj(self.info.get("path")).get("cwd")) or self.session.cwd,
            model=_model(self.info) if role == "assistant" else None,
            sidechain=self.session.subagent,
            tool=tool,
        )


def _model(info: Record) -> str | None:
    model = obj(info.get("model"))
    return name(info.get("modelID")) or name(model.get("modelID")) or name(model.get("id"))


def messages_with_parts(entry: Entry, parts: list[Record]) -> Iterator[Message]:
    """1.x: the message's texts under its id, and each tool call under that and its own."""
    said = _words(parts)
    role = text(entry.info.get("role"))
    if role not in ROLES:
        return
    if said and role == "user":
        yield entry.message("user", said)
    elif said and entry.info.get("summary") is True:
        yield entry.message("system", said, kind="summary")
    elif said:
        yield entry.message("assistant", said)
    for step, part in enumerate(parts, start=1):
        if text(part.get("type")) == "tool":
            yield from _tool(entry, step, text(part.get("tool")), identifier(part.get("callID")), part)


def unknown_in(info: Record, parts: list[Record]) -> Counter[str]:
    """What of a message and its parts is of no known kind."""
    kinds = (text(part.get("type")) for part in parts)
    found = Counter(f"part {kind or '(no type)'}" for kind in kinds if kind not in KNOWN_PARTS)
    role = text(info.get("role"))
    return found if role in ROLES else found + Counter([f"role {role or '(none)'}"])


def messages_of_row(entry: Entry, kind: str, unknown: Unknown) -> Iterator[Message]:
    """2.x: what a row of this type says."""
    if kind == "user":
        said = clean(text(entry.info.get("text")))
        if said:
            yield entry.message("user", said)
    elif kind == "assistant":
        yield from _answer(entry, unknown)
    elif kind == "compaction":
        said = clean(text(entry.info.get("summary")))
        if said:
            yield entry.message("system", said, kind="summary")
    elif kind == "shell":
        yield from _shell(entry)
    elif kind not in SILENT_TYPES:
        unknown[kind or "(no type)"] += 1


def unfinished_part(part: Record) -> bool:
    """Whether a part of 1.x is still being written."""
    if text(part.get("type")) == "tool":
        return text(obj(part.get("state")).get("status")) not in ENDED
    time = obj(part.get("time"))
    return "start" in time and "end" not in time


def unfinished_row(kind: str, info: Record) -> bool:
    """Whether a row of 2.x is still being written."""
    return kind in ("assistant", "shell") and "completed" not in obj(info.get("time"))


def _answer(entry: Entry, unknown: Unknown) -> Iterator[Message]:
    content = [obj(block) for block in items(entry.info.get("content"))]
    said = _words(content)
    if said:
        yield entry.message("assistant", said)
    for step, block in enumerate(content, start=1):
        kind = text(block.get("type"))
        if kind == "tool":
            yield from _tool(entry, step, text(block.get("name")), identifier(block.get("id")), block)
        elif kind not in ("text", "reasoning"):
            unknown[f"content {kind or '(no type)'}"] += 1


def _words(parts: list[Record]) -> str:
    """The texts that were meant to be seen; synthetic ones stand for files, reminders and commands."""
    said = [
        clean(text(part.get("text")))
        for part in parts
        if text(part.get("type")) == "text" and not part.get("synthetic") and not part.get("ignored")
    ]
    return "\n\n".join(words for words in said if words)


def _tool(entry: Entry, step: int, called: str, key: str, given: Record) -> Iterator[Message]:
    state = obj(given.get("state"))
    status = text(state.get("status"))
    if status not in ENDED:
        return
    call = call_of(called, state.get("input"))
    if call.own:
        return
    code = obj(state.get("metadata")).get("exit", obj(state.get("structured")).get("exit"))
    failed = status == "error" or (isinstance(code, int) and code != 0)
    words, tool = outcome(call, _printed(state), failed=failed)
    times = obj(state.get("time")) or obj(given.get("time"))
    time = moment(times.get("end"), entry.written) or moment(times.get("completed"), entry.written)
    made = f"{entry.made}:{key or step}"
    if words:
        yield entry.message("tool", words, kind="tool", made=made, step=step, tool=tool, time=time)


def _printed(state: Record) -> str:
    """The output of a call: a string (1.x), blocks (2.x), or the error."""
    for key in ("output", "content", "result", "error"):
        value = state.get(key)
        printed = content_text(value) or text(obj(value).get("message"))
        if printed:
            return printed
    return ""


def _shell(entry: Entry) -> Iterator[Message]:
    """A command that the person ran in the session."""
    if unfinished_row("shell", entry.info):
        return
    call = call_of("shell", {"command": text(entry.info.get("command"))})
    if not call.own:
        words, tool = outcome(call, text(entry.info.get("output")), failed=False)
        if words:
            yield entry.message("tool", words, kind="tool", step=1, tool=tool)

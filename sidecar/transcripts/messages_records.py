"""Messages as the makers of models write them: OpenAI's, Anthropic's, and the exports of their chats."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain

from sidecar.model import Message
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Conversation, Said
from sidecar.transcripts.elements import Elements, Tree
from sidecar.transcripts.text import IMAGE_MARK, clean
from sidecar.transcripts.tools import UNKNOWN, Call, call_of, content_text, outcome
from sidecar.transcripts.values import digest, identifier, items, moment, name, obj, text

PEOPLE = frozenset(("human", "user"))
MODELS = frozenset(("ai", "assistant", "model"))
TOOLS = frozenset(("function", "ipython", "tool"))
SILENT = frozenset(("developer", "system"))
"""Roles of instructions."""

TEXT_BLOCKS = frozenset(("input_text", "output_text", "text"))
IMAGE_BLOCKS = frozenset(("image", "image_asset_pointer", "image_url", "input_image"))
SILENT_BLOCKS = frozenset(
    "audio document file input_audio input_file reasoning redacted_thinking refusal thinking token_budget "
    "tool_result tool_use".split()
)

SPOKEN_CONTENT = frozenset(("", "multimodal_text", "text"))
"""Kinds of content in ChatGPT's exports that were shown as words; others are thoughts, code and settings."""

UNTELLING_NAMES = frozenset("chat chats conversation conversations history log messages session transcript".split())
"""Names of files that say nothing; their folder's name says more."""

_TIMES = ("timestamp", "created_at", "create_time", "created", "ts", "time", "date")
_MAX_TREE = 100_000


class MessagesConversation(Conversation):
    """Turns records into messages: single messages, or conversations that hold a list or a tree of them."""

    agent = "messages"

    def feed(self, position: int, record: Record) -> Iterable[Message]:
        """The messages of one record that stands at this byte, or place."""
        messages = _messages(record)
        if messages is not None:
            return chain.from_iterable(self._conversation(position, record, messages))
        if role := _role(record):
            self._begin(record)
            return self._message(position, record, role)
        if not self._told(record):
            self.unknown[text(record.get("type")) or "(no role)"] += 1
        return ()

    def steps(self, position: int, record: Record) -> Iterator[Iterable[Message]] | None:
        """What `feed` gives of a conversation, message by message, each made as it is taken; None of another record."""
        messages = _messages(record)
        return None if messages is None else self._conversation(position, record, messages)

    def time_of(self, record: Record) -> datetime | None:
        """A record's own time, or that of the file's last write."""
        for key in _TIMES:
            if key in record and (time := moment(record[key], self.written)):
                return time
        return self.written

    def _begin(self, record: Record) -> None:
        """The first message of a file names its session, unless a record before it did."""
        if "session" not in self.facts:
            told = identifier(record.get("session_id")) or identifier(record.get("conversation_id"))
            self.note(session=told or self._made_session(record))

    def _told(self, record: Record) -> bool:
        """Note what a record without a message tells of the session; whether it tells anything."""
        keys = ("session_id", "conversation_id", "cwd", "model")
        if "branch" not in record and record.keys().isdisjoint(keys):
            return False
        self.note_first(session=identifier(record.get("session_id")) or identifier(record.get("conversation_id")))
        self.note(cwd=record.get("cwd"), branch=record.get("branch"), model=record.get("model"))
        return any(key in record for key in keys)

    def _conversation(self, position: int, record: Record, messages: Iterable[object]) -> Iterator[Iterable[Message]]:
        keys = ("session_id", "conversation_id", "uuid", "id")
        session = next((told for key in keys if (told := identifier(record.get(key)))), "")
        self.facts.pop("started", None)
        self.note(cwd=record.get("cwd"), branch=record.get("branch"), model=record.get("model"))
        self.note(session=session or self._made_session(next(map(obj, messages), record)))
        for index, message in enumerate(map(obj, messages)):
            yield self._step(position + index, message)

    def _step(self, position: int, record: Record) -> Iterator[Message]:
        yield from self._message(position, record, _role(record))

    def _made_session(self, first: Record) -> str:
        """A name for a session that has none: the file's, and a part that tells equal names apart."""
        path = self.path.absolute()
        base = path.parent.name if path.stem.lower() in UNTELLING_NAMES else path.stem
        return f"{base}-{digest(first)[:8]}"

    def _message(self, position: int, record: Record, role: str) -> Iterable[Message]:
        if role in SILENT or _hidden(record):
            return ()
        content = _content(record)
        if role in PEOPLE:
            words = self._words(record, content)
            if isinstance(content, str):  # the usual case: it holds no results
                return self._spoken(position, record, role, content, words)
            spoken = self._spoken(position, record, role, content, words)
            return (*spoken, *self._results(position, record, role, content))
        if role in MODELS:
            self._note_calls(record, content)
            return self._spoken(position, record, role, content, self._words(record, content))
        if role in TOOLS:
            key = identifier(record.get("tool_call_id")) or text(record.get("name"))
            call = self.calls.close(key) or UNKNOWN
            return self._result(self._said(position, record), self._id(position, record, role, content), call, content)
        self.unknown[f"role {role}"] += 1
        return ()

    def _spoken(self, position: int, record: Record, role: str, content: object, words: str) -> tuple[Message, ...]:
        """What a person or a model said, if anything."""
        if not words:
            return ()
        said, made = self._said(position, record), self._id(position, record, role, content)
        if role in PEOPLE:
            return self.message(said, made, "user", "user", words)
        return self.message(said, made, "assistant", "assistant", words)

    def _said(self, position: int, record: Record) -> Said:
        model = name(record.get("model"))
        if not model and "metadata" in record:
            model = name(obj(record["metadata"]).get("model"))
        return Said(position, self.time_of(record), model)

    def _id(self, position: int, record: Record, role: str, content: object) -> str:
        for key in ("id", "uuid", "message_id"):
            if key in record and (told := identifier(record[key])):
                return self.own_id(told)
        return self.own_id("", position, role, content)

    def _words(self, record: Record, content: object) -> str:
        if isinstance(content, str):
            return clean(content) or clean(text(record.get("text")))
        parts: list[str] = []
        for block in items(content):
            kind = text(obj(block).get("type")) or text(obj(block).get("content_type"))
            if isinstance(block, str) or kind in TEXT_BLOCKS or (not kind and "text" in obj(block)):
                parts.append(clean(text(block) or text(obj(block).get("text"))))
            elif kind in IMAGE_BLOCKS:
                parts.append(IMAGE_MARK)
            elif kind not in SILENT_BLOCKS:
                self.unknown[f"block/{kind or '(no type)'}"] += 1
        spoken = any(part not in ("", IMAGE_MARK) for part in parts)
        return "\n\n".join(part for part in parts if part) if spoken else clean(text(record.get("text")))

    def _note_calls(self, record: Record, content: object) -> None:
        for call in map(obj, items(record.get("tool_calls"))):
            function = obj(call.get("function")) or call
            self._open(identifier(call.get("id")), function, function.get("arguments"))
        if function := obj(record.get("function_call")):
            self._open("", function, function.get("arguments"))
        for block in map(obj, items(content)):
            if text(block.get("type")) == "tool_use":
                self._open(identifier(block.get("id")), block, block.get("input"))

    def _open(self, key: str, function: Record, given: object) -> None:
        called = text(function.get("name"))
        self.calls.open(key or called, call_of(called, _decoded(given)))

    def _results(self, position: int, record: Record, role: str, content: object) -> Iterator[Message]:
        """Anthropic's results stand in the user's role."""
        for index, block in enumerate(map(obj, items(content))):
            if text(block.get("type")) == "tool_result":
                call = self.calls.close(identifier(block.get("tool_use_id"))) or UNKNOWN
                failed = block.get("is_error") is True
                said, made = self._said(position, record), f"{self._id(position, record, role, content)}:{index}"
                yield from self._result(said, made, call, block.get("content"), failed=failed)

    def _result(
        self, said: Said, made: str, call: Call, content: object, *, failed: bool = False
    ) -> tuple[Message, ...]:
        if call.own:
            return ()
        words, tool = outcome(call, content_text(content), failed=failed)
        return self.message(said, made, "tool", "tool", words, kind="tool", tool=tool)


def _role(record: Record) -> str:
    """Who speaks: in ChatGPT's exports an object of its own, in those of claude.ai under another name."""
    if role := text(record.get("role")):
        return role
    return text(obj(record.get("author")).get("role")) or text(record.get("sender"))


def _content(record: Record) -> object:
    """The content: a string, blocks, or in ChatGPT's exports an object with parts."""
    content = record.get("content")
    if isinstance(content, dict):
        if text(content.get("content_type")) not in SPOKEN_CONTENT:
            return ""
        return content.get("parts", content.get("text"))
    return record.get("text") if content is None else content


def _hidden(record: Record) -> bool:
    """Whether a message was made by the program, or sent to a tool instead of the person."""
    if "metadata" in record and obj(record["metadata"]).get("is_visually_hidden_from_conversation") is True:
        return True
    return record.get("hide") is True or ("recipient" in record and text(record["recipient"]) not in ("", "all"))


def _messages(record: Record) -> Iterable[object] | None:
    """The messages of a conversation, which may be gone through again and again; None for any other record."""
    told = record.get("messages", record.get("chat_messages"))
    if isinstance(told, list | Elements):
        return told
    nodes = record.get("mapping")
    return _Branch(nodes, text(record.get("current_node"))) if isinstance(nodes, dict | Tree) else None


class _Branch:
    """The messages from the root of a tree to the node that is shown; other branches were rewritten."""

    def __init__(self, nodes: Mapping[str, object] | Tree, shown: str) -> None:
        self._nodes = nodes
        seen: dict[str, None] = {}
        while shown in nodes and shown not in seen and len(seen) < _MAX_TREE:
            seen[shown] = None
            shown = text(obj(nodes[shown]).get("parent"))
        self._keys = list(seen)

    def __iter__(self) -> Iterator[Record]:
        for key in reversed(self._keys):
            if message := obj(obj(self._nodes[key]).get("message")):
                yield message


def _decoded(given: object) -> object:
    """A call's arguments, which OpenAI puts into a string of JSON."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given

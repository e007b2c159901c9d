"""Large files that are slow or costly to read, made of what breaks parsers; used by tests of time and of memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

LINES = ("claude-code", "codex", "copilot-cli", "cursor", "gemini", "messages", "native", "openclaw", "pi", "qwen")
"""Readers of files that grow by lines."""

TEXTS = ("aider", "markdown")

STORES = ("goose", "opencode")
"""Readers of databases alone."""

DOCUMENTS: Mapping[str, Mapping[str, str]] = {
    "cline": {"cline": "s/s.messages.json"},
    "codex": {"codex": "rollout-1.json"},
    "gemini": {"gemini": "session-1.json"},
    "messages": {
        "list": "list.json", "conversation": "object.json", "conversations": "chats.json", "tree": "tree.json",
    },
    "roo": {"list": "1/api_conversation_history.json"},
}  # fmt: skip
"""Readers of files that are one document: the forms of these, each with the name of a file."""

_NAMES = {
    "aider": ".aider.chat.history.md",
    "cline": "s/s.messages.json",
    "codex": "rollout-2026-01-01T00-00-00-019f0000-0000-7000-8000-000000000001.jsonl",
    "gemini": "session-1-x.jsonl",
    "goose": "sessions.db",
    "markdown": "x.md",
    "opencode": "opencode.db",
    "roo": "1/api_conversation_history.json",
}


def name_for(agent: str) -> str:
    """A name below any folder under which the agent's reader takes the form that grows without bounds."""
    return _NAMES.get(agent, "x.jsonl")


def _rows(line: bytes) -> Callable[[int], bytes]:
    return lambda size: line * (size // len(line))


SHAPES: Mapping[str, Callable[[int], bytes]] = {
    "tiny lines": _rows(b"abcd\n"),
    "tiny lines that begin as objects": _rows(b'{"a":\n'),
    "empty objects": _rows(b"{}\n"),
    "empty objects in one line": lambda size: b"{}" * (size // 2) + b"\n",
    "empty objects in rows": _rows(b"{}" * 16 + b"\n"),
    "small objects": _rows(b'{"x":1}\n'),
    "glued objects": _rows(b'{"type":"abcdefg"}{"type":"abcdefg"}\n'),
    "unknown kinds": lambda size: b"".join(b'{"type":"kind %d"}\n' % number for number in range(size // 24)),
    "broken objects": _rows(b'{"type":"user","x":1,y}\n'),
    "cut objects": _rows(b'{"type":"user","message":{"role":"user","content":"ab\n'),
    "nested too deep": lambda size: b'{"a":' * (size // 5) + b"\n",
    "nested in every line": _rows(b'{"a":' * 900 + b"1" + b"}" * 900 + b"\n"),
    "one string": lambda size: b'{"type":"user","x":"' + b"a" * size + b'"}\n',
    "one string of words": lambda size: b'{"type":"user","x":"' + b"ab cd " * (size // 6) + b'"}\n',
    "no line end": lambda size: b"x" * size,
    "line ends": lambda size: b"\n" * size,
    "line ends of Windows": lambda size: b"\r\n" * (size // 2),
    "NULs": lambda size: b"\0" * size,
    "NULs in lines": _rows(b"\0\n"),
    "bytes that are no UTF-8": _rows(b'{"type":"user","x":"\xff\xfe\xfd"}\n'),
    "fences": _rows(b"```\n"),
    "prompts": _rows(b"#### x\n"),
    "turns": _rows(b"## User\n\n## Assistant\n\n"),
    "turns of a letter": _rows(b"**me**a\n**ai**b\n"),
    "a turn and line ends": lambda size: b"## User\nx\n" + b"\n" * size,
    "empty turns of Cursor": _rows(b"user:\nassistant:\n"),
    "turns of Cursor": _rows(b"user:\na\nassistant:\nb\n"),
    "brackets": lambda size: b"[" * size,
    "lists in objects": lambda size: b'{"x":[' + b"[]," * (size // 3) + b"[]]}\n",
    "lists": lambda size: b"[" + b"[]," * (size // 3) + b"[]]",
}
"""By what is odd about it: a file of about so many bytes."""


def record(agent: str, number: int, words: str) -> dict[str, object]:
    """A record of an agent in which a person says something."""
    when, made = "2026-07-17T09:00:00Z", f"019f0000-0000-7000-8000-{number:012d}"
    said = {"role": "user", "content": words}
    shapes: dict[str, dict[str, object]] = {
        "claude-code": {"type": "user", "uuid": made, "sessionId": "s", "timestamp": when, "message": said},
        "codex": {"timestamp": when, "type": "event_msg", "payload": {"type": "user_message", "message": words}},
        "copilot-cli": {"type": "user.message", "id": made, "timestamp": when, "data": {"content": words}},
        "cursor": {"role": "user", "message": {"content": [{"type": "text", "text": words}]}},
        "gemini": {"id": made, "timestamp": when, "type": "user", "content": words},
        "messages": said,
        "native": {"role": "user", "text": words},
        "openclaw": {"type": "message", "id": str(number), "timestamp": when, "message": said},
        "pi": {"type": "message", "id": str(number), "timestamp": when, "message": said},
        "qwen": {
            "uuid": made, "sessionId": "s", "timestamp": when, "type": "user",
            "message": {"role": "user", "parts": [{"text": words}]},
        },
    }  # fmt: skip
    return shapes[agent]


def document(form: str, said: Sequence[str]) -> object:
    """A document in one of the forms of `DOCUMENTS`, in which a person says all this."""
    messages: list[dict[str, object]] = [{"role": "user", "content": text} for text in said]
    if form == "list":
        return messages
    if form == "conversation":
        return {"messages": messages}
    if form == "conversations":
        pairs = range(0, len(messages), 2)
        return [{"id": str(at), "messages": messages[at : at + 2]} for at in pairs]
    if form == "tree":
        nodes = {str(n): {"parent": str(n - 1), "message": message} for n, message in enumerate(messages)}
        return [{"current_node": str(len(nodes) - 1), "mapping": nodes}]
    if form == "cline":
        return {"messages": [{"role": "user", "content": [{"type": "text", "text": text}]} for text in said]}
    if form == "gemini":
        return {
            "sessionId": "s",
            "messages": [{"id": str(n), "type": "user", "content": t} for n, t in enumerate(said)],
        }
    items = [{"role": "user", "type": "message", "content": [{"type": "input_text", "text": text}]} for text in said]
    return {"session": {"id": "s"}, "items": items}

"""Large files that are slow or costly to read, made of what breaks parsers; used by tests of time and of memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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

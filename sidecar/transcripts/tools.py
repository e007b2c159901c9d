"""Tool calls: pairing a call with its result, rendering both as one text, and knowing our own."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Final, NamedTuple

from sidecar.expressions import regex
from sidecar.model import ToolCall
from sidecar.transcripts.base import Record
from sidecar.transcripts.text import IMAGE_MARK, capped, clean, safe, without_terminal_codes
from sidecar.transcripts.values import items, obj, text

PENDING_LIMIT: Final = 128
"""Calls that may wait for a result; agents run some dozen at once, the rest were interrupted and never end."""

COMMAND_LIMIT: Final = 4096
"""Bytes kept of a command: here-documents carry whole files."""

ARGUMENT_LIMIT: Final = 200
"""Characters kept of one argument of a tool that is no shell."""

_TELLING = ("file_path", "path", "notebook_path", "absolute_path", "pattern", "query", "url", "skill", "description")
_PATCHED = regex(r"^\*\*\* (Add|Update|Delete) File: (.+)$", re.MULTILINE)
_OUR_COMMAND = regex(r"(?:^|[\s;&|(/])sidecar\s+(?:recall|search|list|show|summary|log|diff|hook|mcp|export)\b")
_REDACTED = "REDACTED"


class Call(NamedTuple):
    """A call as far as it is known; `own`: it asked us, so its result is our own memory and must not come back."""

    name: str
    command: str
    own: bool = False
    scope: str = ""


class Calls:
    """Calls that wait for their results, oldest first; survives between two reads in the cursor's state."""

    def __init__(self, saved: object) -> None:
        """`saved`: what `saved()` gave, or anything else for none."""
        self._waiting: dict[str, Call] = {}
        for key, value in obj(saved).items():
            fields = items(value)
            if len(fields) == 4:
                self._waiting[key] = Call(text(fields[0]), text(fields[1]), bool(fields[2]), text(fields[3]))

    def open(self, key: str, call: Call) -> None:
        """Remember a call; one without a usable id can never be paired and is not kept."""
        if not key or _REDACTED in key:
            return
        self._waiting.pop(key, None)
        self._waiting[key] = call
        while len(self._waiting) > PENDING_LIMIT:
            del self._waiting[next(iter(self._waiting))]

    def close(self, key: str) -> Call | None:
        """Take the call out that this result belongs to; None if it is not known."""
        return self._waiting.pop(key, None)

    def saved(self) -> Record:
        """For the cursor."""
        if not self._waiting:
            return {}
        return {key: [call.name, call.command, call.own, call.scope] for key, call in self._waiting.items()}


def call_of(tool: str, argument: object, scope: str = "") -> Call:
    """A call from the tool's name and whatever it was given."""
    shell = shell_command(argument) if isinstance(argument, dict) else None
    command = capped(clean(_rendered(tool, argument) if shell is None else shell), COMMAND_LIMIT)
    ours = is_ours(tool) or ("sidecar" in command and _OUR_COMMAND.search(command) is not None)
    return Call(tool or "tool", command, ours, scope)


def is_ours(tool: str) -> bool:
    """Whether a tool is one of our own MCP server, whatever the agent makes of its name."""
    return "sidecar" in tool.lower()


def _rendered(tool: str, argument: object) -> str:
    """What a tool that is no shell was asked."""
    if isinstance(argument, str):
        patched = _PATCHED.findall(argument)
        if patched:
            return f"{tool} " + ", ".join(f"{verb} {path}" for verb, path in patched)
        return f"{tool} {_short(argument)}"
    given = obj(argument)
    told = [_short(given[key]) for key in _TELLING if given.get(key)]
    if not told:
        told = [f"{safe(key)}={_short(value)}" for key, value in list(given.items())[:4]]
    return " ".join([tool, *told])


def shell_command(given: Mapping[str, object]) -> str | None:
    """The command line of a shell tool's arguments; None if it is no shell (an editor also has a `command`)."""
    if "path" in given or "file_path" in given:
        return None
    for key in ("command", "cmd"):
        value = given.get(key)
        if isinstance(value, str):
            return safe(value)
        if isinstance(value, list) and value:
            return joined([text(word) for word in value])
    return None


def joined(words: list[str]) -> str:
    """A command line from its words; what a shell was told is shown itself."""
    if len(words) == 3 and words[1] in ("-c", "-lc", "-lic"):
        return words[2]
    return shlex.join(words)


def _short(value: object) -> str:
    try:
        shown = safe(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=str)
    except RecursionError:  # so deep that it was only just parsed
        return "…"
    shown = " ".join(shown[: ARGUMENT_LIMIT * 4].split())
    return shown if len(shown) <= ARGUMENT_LIMIT else shown[:ARGUMENT_LIMIT] + "…"


def outcome(call: Call, output: str, *, failed: bool) -> tuple[str, ToolCall]:
    """The text of a completed call and its short form."""
    shown = capped(without_terminal_codes(clean(output)))
    command = call.command
    said = f"$ {command}\n{shown}" if command and shown else f"$ {command}" if command else shown
    return said, ToolCall(call.name, command, failed)


UNKNOWN: Final = Call("tool", "")
"""Stands in for a call that was never seen."""


def content_text(content: object) -> str:
    """The words of a tool's result: a string, blocks of text and pictures, or an object around either."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(_block_text, content)))
    return _block_text(content)


def _block_text(block: object) -> str:
    if isinstance(block, str):
        return block
    found = obj(block)
    kind = found.get("type")
    if kind != "text" and text(kind) in ("image", "input_image", "image_url"):
        return IMAGE_MARK
    for key in ("text", "output", "content", "error"):
        if isinstance(found.get(key), str):
            return text(found[key])
    nested = found.get("content")
    return content_text(nested) if isinstance(nested, list) else ""

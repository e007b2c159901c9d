"""What Codex puts into its items: machine text in the user's place, and tool output in its several shapes."""

from __future__ import annotations

import json
import re

from sidecar.expressions import regex
from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.text import begins_with, clean
from sidecar.transcripts.tools import content_text, joined, shell_command
from sidecar.transcripts.values import items, obj, text

MACHINE_TAGS = (
    "environment_context user_instructions turn_aborted skill subagent_notification recommended_plugins goal_context "
    "apps_instructions skills_instructions plugins_instructions personality_spec collaboration_mode model_switch "
    "user_shell_command INSTRUCTIONS"
).split()
"""Tags of fragments that Codex itself puts into the user's role."""

SUMMARY_PREFIX = "Another language model started to solve this problem and produced a summary"
"""How Codex begins a summary that it gives back to the model after a compaction."""

_MACHINE_PREFIXES = (
    "# AGENTS.md instructions",
    "<permissions instructions>",
    SUMMARY_PREFIX,
    *(f"<{tag}>" for tag in MACHINE_TAGS),
)
_WRAPPED = regex(r"\s*<([A-Za-z][\w-]*)(?:\s[^<>]*)?>.*</\1>\s*", re.DOTALL)
_IDE_REQUEST = regex(r"\s*# Context from my IDE setup:.*?^## My request for Codex:\s*", re.DOTALL | re.MULTILINE)
_IMAGE_TAG = regex(r"</?image\b[^<>]*>")
_SUMMARY_HEAD = regex(rf"\s*{SUMMARY_PREFIX}[^\n]*:\s*")

_EXEC_HEAD = regex(
    r"(?:Chunk ID: [^\n]*\n)?(?:Exit code: (?P<code>-?\d+)\n)?(?:Wall time: [^\n]*\n)?"
    r"(?:Process exited with code (?P<exited>-?\d+)\n|Process running with session ID [^\n]*\n)?"
    r"(?:Original token count: [^\n]*\n)?Output:\n?(?:Total output lines: \d+\n\n?)?"
)
_FAILURES = (
    "apply_patch verification failed",
    "patch rejected",
    "failed to parse function arguments",
    "exec_command failed",
    "execution error",
    "aborted by user",
    "Rejected",
)
"""Beginnings of output that stands in place of an exit code when a tool could not do its work."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a tool printed, and whether it failed."""

    text: str
    failed: bool


def human_part(part: str, *, event: bool) -> str:
    """The person's words in one part of a user message; empty if the program wrote it.

    The items that go to the model hold every injected fragment, each in a tag of its own: there any text wholly
    inside one tag is taken for one.  Events hold what was typed, where only the known tags count.
    """
    words = _IMAGE_TAG.sub("", clean(part)).strip()
    if begins_with(words, _MACHINE_PREFIXES) or (not event and _WRAPPED.fullmatch(words)):
        return ""
    return _IDE_REQUEST.sub("", words, count=1)


def parts_of(payload: Record) -> list[str]:
    """The texts of a message item: blocks, or in old files a plain string."""
    content = payload.get("content", payload.get("message"))
    if isinstance(content, str):
        return [text(content)]
    return [text(block) if isinstance(block, str) else text(obj(block).get("text")) for block in items(content)]


def summary_words(message: object) -> str:
    """The summary of a compaction, without the sentence that introduces it."""
    return _SUMMARY_HEAD.sub("", clean(text(message)), count=1)


def argument_of(payload: Record) -> object:
    """What a call was given; `arguments` is JSON in a string, `input` and `action` are themselves."""
    given = next((payload[key] for key in ("arguments", "input", "action") if key in payload), {})
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        return given


def tool_name(payload: Record) -> str:
    """The tool of a call; an MCP tool with its server's namespace."""
    called = text(payload.get("name")) or text(obj(payload.get("function")).get("name"))
    if not called:
        called = "shell" if text(payload.get("type")) == "local_shell_call" else "tool"
    space = text(payload.get("namespace"))
    return f"{space}__{called}" if space and not called.startswith(space) else called


def output_of(payload: Record) -> Output:
    """The result of a call: a string with or without a head, JSON in a string, blocks, or an object."""
    found = payload.get("output", payload.get("result"))
    inner = _decoded(found) if isinstance(found, str) else obj(found)
    exit_code = obj(inner.get("metadata")).get("exit_code")
    failed = inner.get("success") is False or exit_code not in (None, 0)
    shown = text(found) if isinstance(found, str) and not inner else content_text(inner or found)
    head = _EXEC_HEAD.match(shown)
    if head:
        failed = failed or (head["code"] or head["exited"] or "0") != "0"
        shown = shown[head.end() :]
    return Output(shown, failed or begins_with(shown, _FAILURES))


def _decoded(found: str) -> Record:
    if not found.startswith('{"output"'):
        return {}
    try:
        return obj(json.loads(found))
    except (ValueError, RecursionError):
        return {}


def exec_command(payload: Record) -> str:
    """The command line of an `exec_command_end` event."""
    return shell_command({"command": payload.get("command")}) or joined([text(payload.get("command"))])


def exec_output(payload: Record) -> Output:
    """The outcome of an `exec_command_end` event."""
    printed = text(payload.get("aggregated_output")) or text(payload.get("formatted_output"))
    if not printed:
        printed = "\n".join(part for key in ("stdout", "stderr") if (part := text(payload.get(key))))
    return Output(printed, payload.get("exit_code") not in (None, 0))

"""How a session is gone on with in its own agent: one table.

Sources are the agents' own documentation, as read in November 2026: code.claude.com/docs/en/cli-reference, the help of
`codex resume`, geminicli.com/docs/cli/session-management, opencode.ai/docs/cli, the help of `copilot`, the Qwen Code
documentation of `--resume`, cursor.com/docs/cli, `pi --help`, block.github.io/goose (CLI commands), the help of `cline`
and docs.openclaw.ai/cli/resume.  Agents look a session up by the folder in which it was held, so each command is to be
run there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import Final

from sidecar.records import dataclass

_COMMANDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "claude-code": ("claude", "--resume", "{}"),
        "cline": ("cline", "--id", "{}"),
        "codex": ("codex", "resume", "{}"),
        "copilot-cli": ("copilot", "--resume={}"),
        "cursor": ("cursor-agent", "--resume", "{}"),
        "gemini": ("gemini", "--resume", "{}"),
        "goose": ("goose", "session", "--resume", "--session-id", "{}"),
        "opencode": ("opencode", "--session", "{}"),
        "pi": ("pi", "--session", "{}"),
        "qwen": ("qwen", "--resume", "{}"),
    }
)
"""By agent; `{}` stands for the session's id."""

_WITHOUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aider": "Aider keeps no sessions; `aider --restore-chat-history` in this folder takes up the whole history.",
        "openclaw": "OpenClaw goes by a session's key and not by its id; `openclaw resume` shows the recent ones.",
        "roo": "Roo is gone on with from the history in its editor.",
    }
)
"""Why an agent has no such command, and what there is instead."""

_IN_EDITOR: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "cline": ("globalStorage", "A task of Cline's extension is gone on with from the history in its editor."),
        "cursor": ("state.vscdb", "A chat of Cursor's editor is gone on with from the chat history in it."),
    }
)
"""Agents of which one program has no command: what its files' paths have among their parts, and what to do instead."""

_NOT_AN_AGENT: Final = "It came from no agent that could go on with it."


@dataclass(frozen=True, slots=True)
class Resume:
    """The command as words, or None and what to do instead."""

    command: tuple[str, ...] | None
    note: str = ""


def resume(agent: str, session: str, path: str | None = None) -> Resume:
    """How to go on with a session; `path` is its transcript, which tells two programs of one agent apart."""
    inside = _IN_EDITOR.get(agent)
    if inside is not None and path is not None and inside[0] in PurePath(path).parts:
        return Resume(None, inside[1])
    command = _COMMANDS.get(agent)
    if command is not None and not session.startswith("-"):
        return Resume(tuple(word.replace("{}", session) for word in command))
    return Resume(None, _WITHOUT.get(agent, _NOT_AN_AGENT))

"""Hooks as each agent's settings want them, from the one table of dialects."""

from __future__ import annotations

from collections.abc import Mapping

from sidecar.dialects import DIALECTS
from sidecar.install.jsonedit import Part, says
from sidecar.install.program import Program, is_our_hook
from sidecar.records import dataclass

_SECONDS = 5
"""The agent's own limit for a hook of ours, in seconds.  Ours ends in 0.3 s; the rest is for a machine that is busy."""

_CODEX_END_SECONDS = 3
"""Codex allows no more at the end of a session."""


@dataclass(frozen=True, slots=True)
class Style:
    """How an agent writes a hook down.

    `grouped`: hooks stand in groups with a matcher, as Claude Code has them.  `command`: the key of the command.
    `limit`: the key of the time limit, and how many of its units are a second.
    """

    grouped: bool
    command: str
    limit: str
    per_second: int


_CLAUDE = Style(grouped=True, command="command", limit="timeout", per_second=1)
STYLES: Mapping[str, Style] = {
    "claude-code": _CLAUDE,
    "codex": _CLAUDE,
    "gemini": Style(grouped=True, command="command", limit="timeout", per_second=1000),
    "qwen": _CLAUDE,
    "cursor": Style(grouped=False, command="command", limit="timeout", per_second=1),
    "copilot": Style(grouped=False, command="bash", limit="timeoutSec", per_second=1),
}


def entry(agent: str, event: str, program: Program) -> dict[str, object]:
    """One item of the list of an event."""
    style = STYLES[agent]
    seconds = _CODEX_END_SECONDS if (agent, event) == ("codex", "SessionEnd") else _SECONDS
    kind = {} if agent == "cursor" else {"type": "command"}
    hook = {**kind, style.command: program.hook(event, agent), style.limit: seconds * style.per_second}
    return {"hooks": [hook]} if style.grouped else hook


def table(agent: str, program: Program) -> dict[str, list[dict[str, object]]]:
    """All hooks of an agent, as a settings file of its own would have them."""
    return {event: [entry(agent, event, program)] for event in DIALECTS[agent].events}


def parts(agent: str, program: Program) -> tuple[Part, ...]:
    """The same as parts to put into a file of the user's."""
    return tuple(Part(("hooks", event), is_ours, items=items) for event, items in table(agent, program).items())


def is_ours(value: object) -> bool:
    """Whether an item is a hook of ours, or a group in which one is."""
    if is_our_hook(says(value, "command")) or is_our_hook(says(value, "bash")):
        return True
    hooks = says(value, "hooks")
    return isinstance(hooks, list) and any(is_ours(hook) for hook in hooks)

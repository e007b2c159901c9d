"""What each agent's hooks are called, what they say, and what they take in return: one table for daemon and installer.

The units of their time limits differ (Claude Code, Codex, Qwen, Cursor and Copilot count seconds, Gemini milliseconds),
and so do the names of events and fields and what may be given at which event.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType

from sidecar.records import dataclass


class Act(enum.Enum):
    """What a hook is for."""

    START = "start"
    """A session begins, or its context was emptied: the summary is given."""
    PROMPT = "prompt"
    """A person says something: what is known of it is given."""
    COMPACT = "compact"
    """The context is about to be cut: the session is read first."""
    NOTICE = "notice"
    """A turn, a subagent or the session has ended: the session is read first."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One agent's hooks.

    `events`: what each hook is for, by the agent's own name of it.  `shaped`: an answer as the agent wants it printed,
    from the event and the text.  `characters`: the most that one string of the answer may have, in UTF-16 units as the
    agents count; `tokens`: the same in tokens, where the agent has such a limit.  `begins_again`: whether it tells of a
    session's start once more after a compaction, the only moment at which the summary can be given again.
    """

    agent: str
    events: Mapping[str, Act]
    shaped: Callable[[str, str], object] = field(repr=False)
    characters: int
    tokens: int | None = None
    begins_again: bool = True


def _specific(event: str, text: str) -> object:
    """The shape that Claude Code brought up.  Nothing else goes into it: Codex refuses fields that it does not know."""
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}


def _cursor(_event: str, text: str) -> object:
    return {"additional_context": text}


def _copilot(_event: str, text: str) -> object:
    return {"additionalContext": text}


def _plain(_event: str, text: str) -> object:
    """For the plugin of ours that OpenCode loads: the text itself."""
    return text


_CLAUDE_EVENTS = {
    "SessionStart": Act.START,
    "UserPromptSubmit": Act.PROMPT,
    "PreCompact": Act.COMPACT,
    "Stop": Act.NOTICE,
    "SubagentStop": Act.NOTICE,
    "SessionEnd": Act.NOTICE,
}

_ALL = (
    # A string of more than 10,000 characters goes to a file, of which the model sees the beginning only.
    Dialect("claude-code", _CLAUDE_EVENTS, _specific, characters=10_000),
    # `additionalContextLimit` is 2,500 tokens by default.
    Dialect("codex", _CLAUDE_EVENTS, _specific, characters=10_000, tokens=2_400),
    Dialect(
        "gemini",
        {
            "SessionStart": Act.START,
            "BeforeAgent": Act.PROMPT,
            "PreCompress": Act.COMPACT,
            "AfterAgent": Act.NOTICE,
            "SessionEnd": Act.NOTICE,
        },
        _specific,
        characters=20_000,
        begins_again=False,
    ),
    Dialect("qwen", _CLAUDE_EVENTS, _specific, characters=10_000),
    # What comes back from `beforeSubmitPrompt` can only stop the prompt, so that it is not asked.
    Dialect(
        "cursor",
        {
            "sessionStart": Act.START,
            "preCompact": Act.COMPACT,
            "stop": Act.NOTICE,
            "subagentStop": Act.NOTICE,
            "sessionEnd": Act.NOTICE,
        },
        _cursor,
        characters=10_000,
    ),
    # Only `sessionStart` is documented to take something in.
    Dialect(
        "copilot",
        {
            "sessionStart": Act.START,
            "preCompact": Act.COMPACT,
            "agentStop": Act.NOTICE,
            "subagentStop": Act.NOTICE,
            "sessionEnd": Act.NOTICE,
        },
        _copilot,
        characters=10_000,
    ),
    Dialect(
        "opencode",
        {"prompt": Act.PROMPT, "start": Act.START, "compact": Act.COMPACT, "idle": Act.NOTICE},
        _plain,
        characters=20_000,
        begins_again=False,
    ),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.agent: dialect for dialect in _ALL})
"""Every dialect by its agent's name."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a hook's payload says, in our words; None where it does not say it."""

    session: str | None
    cwd: str | None
    path: str | None
    prompt: str | None
    source: str | None


def heard(payload: Mapping[str, object]) -> Heard:
    """Read a payload, whatever agent it comes from: their names for the same things never mean two things."""
    cwd = _text(payload, "cwd", "workingDirectory") or _first(payload.get("workspace_roots"))
    path = _text(payload, "agent_transcript_path", "transcript_path", "transcriptPath")
    return Heard(
        session=_text(payload, "session_id", "conversation_id", "sessionId"),
        cwd=cwd if cwd and cwd.startswith("/") and "\0" not in cwd else None,
        path=path if path and path.startswith("/") and "\0" not in path else None,
        prompt=_text(payload, "prompt"),
        source=_text(payload, "source"),
    )


def _text(payload: Mapping[str, object], *names: str) -> str | None:
    return next((value for name in names if isinstance(value := payload.get(name), str) and value), None)


def _first(value: object) -> str | None:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], str) else None

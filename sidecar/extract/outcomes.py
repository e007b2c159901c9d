"""What finally worked after it had failed: a command, one thing that was done, and the same command again.

Only commands are read, which the agent wrote; never what they printed.  A change of code in between explains itself in
the repository, so only a change of the surroundings (something installed, started, set) is worth remembering.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sidecar.expressions import regex
from sidecar.model import Message
from sidecar.records import dataclass

_LONGEST_COMMAND = 160
_FARTHEST = 12
"""Tool calls between the failure and the success; beyond, the two have little to do with each other."""

_EDITS = frozenset("edit write multiedit notebookedit apply_patch replace write_file str_replace create patch".split())
_SURROUNDINGS = regex(
    r"\b(?:install|brew|apt(?:-get)?|dnf|pacman|docker(?:[ -]compose)? (?:up|start|pull)|systemctl (?:start|restart"
    r"|enable)|service \w+ start"
    r"|nvm use|corepack enable|rustup|migrate|createdb|chmod|chown|ulimit|sysctl|modprobe|mkdir|ln -s"
    r"|submodule update|lfs pull"
    r"|generate|codegen|setup|bootstrap|unset|export \w+=|rm -rf? \S*(?:cache|node_modules|target|build|dist"
    r"|venv)\S*)\b",
    re.IGNORECASE,
)
_HARMLESS = regex(
    r"^\s*(?:cat|ls|head|tail|grep|rg|find|pwd|which|echo|git (?:status|diff|log|show)|wc|less|file|stat|env"
    r"|printenv|ps|df|du|whoami)\b"
)
_TRIVIAL = regex(r"^\s*(?:cd|ls|cat|echo|grep|rg|find|git|sed|awk|curl|sleep|test|\[)\b")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sentence about what made a command work, and the message that showed it."""

    text: str
    message: Message


def outcomes(messages: Sequence[Message]) -> Iterator[Outcome]:
    """What made failing commands succeed, where exactly one change of the surroundings explains it."""
    calls = [message for message in messages if message.tool is not None and not message.sidechain]
    told: set[str] = set()
    for number, failed in enumerate(calls):
        command = _command(failed)
        if not command or not failed.tool or not failed.tool.failed or _TRIVIAL.search(command) or command in told:
            continue
        between: list[Message] = []
        for later in calls[number + 1 : number + 1 + _FARTHEST]:
            if _command(later) == command:
                if later.tool and not later.tool.failed and (cure := _cure(between)):
                    told.add(command)
                    yield Outcome(f"`{command}` failed until `{cure}` had been run; then it worked.", later)
                break
            between.append(later)


def harmless(command: str) -> bool:
    """Whether a command only looks at something."""
    return bool(_HARMLESS.search(command))


def _cure(between: Sequence[Message]) -> str | None:
    """The one command that can have made the difference."""
    if any(call.tool and call.tool.name.lower() in _EDITS for call in between):
        return None
    acted = [
        _command(call)
        for call in between
        if call.tool and _command(call) and not call.tool.failed and not harmless(_command(call))
    ]
    return acted[0] if len(acted) == 1 and _SURROUNDINGS.search(acted[0]) else None


def _command(call: Message) -> str:
    command = " ".join((call.tool.command if call.tool else "").split())
    return command if 0 < len(command) <= _LONGEST_COMMAND and "`" not in command else ""

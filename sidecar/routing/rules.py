"""The user's own rules, which come before everything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from sidecar.routing.names import remote_name

_PIECE = re.compile(r"\*\*|\*|\?|\[!?\][^\]]*\]|\[![^\]]+\]|\[[^!\]][^\]]*\]|.", re.DOTALL)
"""What a glob consists of; a bracket that is not closed, or has nothing in it, stands for itself."""


class Rule(Protocol):
    """One entry of `profiles` in the settings: all globs that are given must match."""

    @property
    def path(self) -> str | None:
        """A folder; what is below it matches too."""

    @property
    def remote(self) -> str | None:
        """A remote, as git has it or as `github.com/acme/web`."""

    @property
    def agent(self) -> str | None:
        """The name of an agent."""

    @property
    def profile(self) -> str | None:
        """Where such sessions go."""

    @property
    def ignore(self) -> bool:
        """Whether such sessions are not taken in at all."""


class Matcher:
    """A rule, ready to be asked."""

    def __init__(self, rule: Rule, home: Path) -> None:
        self.rule = rule
        self._path = None if rule.path is None else _folders(rule.path, home)
        # By name, so that a rule may be written like any of git's addresses.
        self._remote = None if rule.remote is None else _glob(remote_name(rule.remote), crossing=True)
        self._agent = None if rule.agent is None else _glob(rule.agent, crossing=True)

    def matches(self, agent: str | None, paths: Sequence[str], remotes: Iterable[str]) -> bool:
        """Whether the rule is true of a session.

        Args:
            agent: its agent; None if nobody knows, then no rule about agents matches.
            paths: its folder, in all the ways to write it.
            remotes: the remotes of its repository, as git has them or by name.
        """
        if self._path is not None and not any(self._path.fullmatch(path) for path in paths):
            return False
        if self._remote is not None and not any(self._remote.fullmatch(remote_name(remote)) for remote in remotes):
            return False
        return self._agent is None or (agent is not None and self._agent.fullmatch(agent) is not None)


def _folders(pattern: str, home: Path) -> re.Pattern[str]:
    """Matches the folder and all that is below it."""
    text = pattern.rstrip("/")
    if text == "~" or text.startswith("~/"):
        text = f"{_escaped(str(home))}{text[1:]}"
    return re.compile(f"{_glob(text, crossing=False).pattern}(?:/.*)?", re.DOTALL)


def _escaped(text: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", text)


def _glob(pattern: str, *, crossing: bool) -> re.Pattern[str]:
    """A glob as a regular expression; `*` and `?` stop at a slash unless `crossing`, `**` never does."""
    one = "." if crossing else "[^/]"
    parts: list[str] = []
    for piece in _PIECE.findall(pattern):
        if piece == "**":
            parts.append(".*")
        elif piece == "*":
            parts.append(f"{one}*")
        elif piece == "?":
            parts.append(one)
        elif len(piece) > 1:
            parts.append(_class(piece))
        else:
            parts.append(re.escape(piece))
    return re.compile("".join(parts), re.DOTALL)


def _class(piece: str) -> str:
    """A bracket expression: single characters, ranges, and a leading `!` that means all others."""
    inner = piece[1:-1].removeprefix("!")
    members = [
        f"{re.escape(found[0])}-{re.escape(found[-1])}"
        if len(found) == 3 and found[0] <= found[-1]
        else re.escape(found)
        for found in re.findall(r".-.|.", inner, re.DOTALL)
    ]
    return f"[{'^' if piece.startswith('[!') else ''}{''.join(members)}]"

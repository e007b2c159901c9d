"""The words of git: who, what differs, what was committed."""

from __future__ import annotations

import getpass
import os
from datetime import datetime
from pathlib import Path

from sidecar.records import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A path that differs between HEAD, index and work tree; `untracked` ones are not in HEAD."""

    path: str
    untracked: bool


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One commit, newest first in a log; `memories`, `sessions` and `agents` are its trailers.

    `pushed_by`: the person on whose machine it was made, who alone can have pushed it first, if it ever was pushed.
    """

    commit: str
    parents: tuple[str, ...]
    time: datetime
    author: Identity
    subject: str
    body: str
    memories: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    pushed_by: str = ""


@dataclass(frozen=True, slots=True)
class RepoIdentity:
    """What makes a repository the same one wherever it lies; `root_commit` is None if it cannot be told."""

    top: Path
    common: Path
    root_commit: str | None
    remotes: tuple[str, ...]


def login() -> str:
    """The user's login name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an account
        return f"uid{os.getuid()}"

"""The words of sharing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sidecar.model import ProfileRef

T = TypeVar("T")


class Exclusive(Protocol):
    """Runs a step of the one thread that changes anything, and waits for it."""

    def __call__(self, step: Callable[[], T], /) -> T:
        """The result of the step."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did: commits taken over, commits that went out, and whether two histories had to be merged."""

    pulled: int
    pushed: int
    merged: bool


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """One file that goes out; of a memory also what it is."""

    path: str
    id: str | None = None
    type: str | None = None
    status: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a share makes public, and how much of what stays here: forgotten memories, private files, commits."""

    remote: str
    files: tuple[OutgoingFile, ...]
    forgotten: int
    private: int
    commits: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Which profile a joined remote is here; `merged`: with one that was here already; `project`: its root commit."""

    ref: ProfileRef
    merged: bool
    project: str | None
    synced: Synced


@dataclass(frozen=True, slots=True)
class Plan:
    """How the work tree gets from one commit to another: path -> (bytes before, bytes after), None for no file.

    `theirs`: the remote's commit that the new one contains.
    """

    head: str | None
    target: str
    theirs: str
    files: Mapping[str, tuple[bytes | None, bytes | None]]
    merged: bool
    pulled: int

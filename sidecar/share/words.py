"""The words of sharing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from sidecar.model import MemoryType, ProfileRef, Status
from sidecar.records import dataclass
from sidecar.store import Profile

T = TypeVar("T")


class Exclusive(Protocol):
    """Runs a step of the one thread that changes anything, and waits for it."""

    def __call__(self, step: Callable[[], T], /) -> T:
        """The result of the step."""


class Follower(Protocol):
    """The follow road: whatever sharing changes in the files reaches index and git there."""

    def profiles(self) -> Sequence[Profile]:
        """Every profile that can be opened."""

    def catch_up(self, refs: Sequence[ProfileRef], /) -> bool:
        """Take over what the files say, heal and index it; whether anything had changed."""

    def note_change(self, ref: ProfileRef, /) -> None:
        """A profile has changes that are not committed yet."""

    def commit(self, ref: ProfileRef, /) -> list[str]:
        """Commit what has changed."""


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
    type: MemoryType | None = None
    status: Status | None = None
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
class Folder:
    """The project in whose folder something was asked: its root commit, and the name of its profile if it has one."""

    root: str
    profile: str | None


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

"""The words of the store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from sidecar.model import BadFile, Memory
from sidecar.records import dataclass


class WriteLog(Protocol):
    """Our last write to each file, kept outside the store: a file with another hash is the user's."""

    def note_write(self, profile: str, path: str, sha256: str | None) -> None:
        """We are about to write these bytes, or (None) to take the file away; called before the disk is touched."""

    def note_writes(self, profile: str, hashes: Mapping[str, str]) -> None:
        """As `note_write` for several files, by path, which cost no more than one."""

    def last_write(self, profile: str, path: str) -> str | None:
        """The hash of our last write to this path; None if it is not a file of ours."""

    def note_marks(self, profile: str, marks: Mapping[str, str]) -> None:
        """What `store.marking` has still to do in a profile, so that the next start does it if this one cannot."""

    def marks(self, profile: str) -> Mapping[str, str]:
        """What was noted last."""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """On whose behalf something is written: `why` in a few words, and the session and agent it was learned from."""

    why: str
    session: str | None = None
    agent: str | None = None


OTHERS_SHARED: Final = WriteContext(why="others shared what they learned")
"""When a merge brings what others have pushed."""

KEYS_SETTLED: Final = WriteContext(why="two memories of one key settled")
"""When a person's edit has left two active memories under one key."""


@dataclass(frozen=True, slots=True)
class Undone:
    """An undo: the commit that it made, those that it took back, and the memories and files that it touched."""

    commit: str
    undone: tuple[str, ...]
    memories: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Revision:
    """A memory's words as a commit left them."""

    commit: str
    time: datetime
    author: str
    why: str | None
    memory: Memory


@dataclass(frozen=True, slots=True)
class Difference:
    """A memory, or a file that is none, in which two commits differ; `before` or `after` is None where it is not.

    `paths`: where it lies in the earlier and in the later tree.
    """

    identifier: str | None
    before: Memory | None
    after: Memory | None
    paths: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class ProjectIdentity:
    """What a profile is about; `path` is this machine's business and never written to the profile."""

    root_commit: str | None = None
    remotes: tuple[str, ...] = ()
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileInfo:
    """What `profile.yaml` says; `remote` is where the profile is shared."""

    uuid: str
    name: str
    project: ProjectIdentity
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a look at the disk found: paths that changed, ids that are gone, and every file that is bad now.

    `vanished`: (gone, known) if so much is gone at once that nothing was taken over, until `accept`.
    """

    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    bad: tuple[BadFile, ...] = ()
    vanished: tuple[int, int] | None = None

"""The words of the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sidecar.model import BadFile


class WriteLog(Protocol):
    """Our last write to each file, kept outside the store: a file with another hash is the user's."""

    def note_write(self, profile: str, path: str, sha256: str | None) -> None:
        """We are about to write these bytes, or (None) to take the file away; called before the disk is touched."""

    def last_write(self, profile: str, path: str) -> str | None:
        """The hash of our last write to this path; None if it is not a file of ours."""


@dataclass(frozen=True, slots=True)
class WriteContext:
    """On whose behalf something is written: `why` in a few words, and the session and agent it was learned from."""

    why: str
    session: str | None = None
    agent: str | None = None


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

"""What is known of projects: which commits, folders and remotes belong to which profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Literal, Protocol, get_args

from sidecar.model import ProfileRef
from sidecar.routing.names import free_name

Kind = Literal["root", "repo", "folder", "remote"]
"""What a note is about: a root commit; the folder of a repository; a folder that is none; the name of a remote."""


KINDS: tuple[Kind, ...] = get_args(Kind)


class RouteBook(Protocol):
    """Where notes are kept from one run to the next; the journal implements it."""

    def routes(self) -> Mapping[tuple[str, str], ProfileRef]:
        """Every note: (kind, value) -> profile."""

    def save_route(self, kind: str, value: str, profile: ProfileRef) -> None:
        """Add a note, or replace it."""

    def forget_routes(self, profile: ProfileRef) -> None:
        """Take away every note of a profile."""


class Book:
    """The notes of one namespace, in memory and in the `RouteBook`."""

    def __init__(self, namespace: str, kept: RouteBook) -> None:
        self._namespace, self._kept = namespace, kept
        self._notes = {note: ref.name for note, ref in kept.routes().items() if ref.namespace == namespace}

    def find(self, kind: Kind, value: str) -> str | None:
        """The profile of a commit, a folder or a remote."""
        return self._notes.get((kind, value))

    def find_folder(self, path: str) -> str | None:
        """The profile of exactly this folder, whether it was a repository or not."""
        return self.find("repo", path) or self.find("folder", path)

    def repository_above(self, path: str) -> tuple[str, str] | None:
        """The nearest folder above (or at) a path that was a repository, and its profile."""
        for folder in (path, *map(str, PurePath(path).parents)):
            profile = self.find("repo", folder)
            if profile is not None:
                return folder, profile
        return None

    def values(self, kind: Kind, profile: str) -> tuple[str, ...]:
        """What of this kind belongs to a profile, sorted."""
        return tuple(sorted(value for (known, value), name in self._notes.items() if known == kind and name == profile))

    def folders(self) -> tuple[str, ...]:
        """Every folder that is known, sorted."""
        return tuple(sorted({value for kind, value in self._notes if kind in ("repo", "folder")}))

    def profiles(self) -> tuple[str, ...]:
        """The profiles that belong to a project, sorted."""
        return tuple(sorted(set(self._notes.values())))

    def name_for(self, folder: str, digest: str) -> str:
        """A name for a new project."""
        return free_name(folder, digest, self._notes.values())

    def save(self, kind: Kind, values: Iterable[str], profile: str) -> None:
        """Note that these belong to a profile, whatever was known of them."""
        for value in values:
            if self._notes.get((kind, value)) != profile:
                self._kept.save_route(kind, value, ProfileRef(self._namespace, profile))
                self._notes[kind, value] = profile

    def forget(self, profile: str) -> None:
        """Take away every note of a profile."""
        self._kept.forget_routes(ProfileRef(self._namespace, profile))
        self._notes = {note: name for note, name in self._notes.items() if name != profile}

    def save_new(self, kind: Kind, values: Iterable[str], profile: str) -> None:
        """Note it for those of which nothing is known: the first project that was seen with a remote keeps it."""
        self.save(kind, [value for value in values if (kind, value) not in self._notes], profile)

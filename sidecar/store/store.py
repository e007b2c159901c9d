"""All profiles of this machine: `<root>/<namespace>/<profile>/`."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sidecar.errors import FileSystemFailed, NamespaceExists, NotFound, UnknownNamespace
from sidecar.files import ABSENT, ensure_folder, read_file, sha256_of, sync_folder, write_durably
from sidecar.git import Git
from sidecar.model import ProfileRef
from sidecar.store import info
from sidecar.store.layout import MAX_FILE_BYTES, PROFILE_FILE, check_name, is_name
from sidecar.store.profile import Profile
from sidecar.store.words import ProjectIdentity, WriteLog


def _no_step(_name: str) -> None:
    """Nothing happens between two steps, outside of tests."""


class Store:
    """The truth.  `machine` is this computer's name; `step` is called between steps, for fault injection in tests."""

    def __init__(
        self,
        root: Path,
        *,
        machine: str,
        writes: WriteLog,
        clock: Callable[[], datetime],
        step: Callable[[str], None] = _no_step,
    ) -> None:
        self.root = root
        self._machine, self._writes, self._clock, self._step = machine, writes, clock, step
        self._open: dict[ProfileRef, Profile] = {}
        self._lock = threading.RLock()

    def namespaces(self) -> list[str]:
        """Every namespace, sorted."""
        return _folders(self.root)

    def has_namespace(self, name: str) -> bool:
        """Whether the namespace exists."""
        return is_name(name) and (self.root / name).is_dir()

    def create_namespace(self, name: str) -> None:
        """Make an empty namespace.  Raises `NamespaceExists`, or `FieldError` for a name that is none."""
        check_name("name", name)
        if self.has_namespace(name):
            raise NamespaceExists(name=name)
        ensure_folder(self.root / name)

    def delete_namespace(self, name: str, trash: Path) -> Path:
        """Move a namespace with its profiles into the trash; returns where it is now."""
        if not self.has_namespace(name):
            raise UnknownNamespace(name=name)
        with self._lock:
            for ref in [ref for ref in self._open if ref.namespace == name]:
                del self._open[ref]
            return self._discard(self.root / name, trash, name)

    def profiles(self, namespace: str | None = None) -> list[ProfileRef]:
        """The profiles of a namespace, or all, sorted.  Raises `UnknownNamespace`."""
        if namespace is not None and not self.has_namespace(namespace):
            raise UnknownNamespace(name=namespace)
        names = self.namespaces() if namespace is None else [namespace]
        found = (ProfileRef(space, name) for space in names for name in _folders(self.root / space))
        return [ref for ref in found if (self._folder(ref) / PROFILE_FILE).is_file()]

    def exists(self, ref: ProfileRef) -> bool:
        """Whether there is such a profile."""
        names = is_name(ref.namespace) and is_name(ref.name)
        return names and (self._folder(ref) / PROFILE_FILE).is_file()

    def open(self, ref: ProfileRef, *, create: bool = False, project: ProjectIdentity | None = None) -> Profile:
        """The profile, always the same object for one name; its files have been looked at.

        Raises `NotFound` unless `create`, `FormatTooNew` or `BadMemoryFile` for a `profile.yaml` that is not ours.
        """
        with self._lock:
            profile = self._open.get(ref)
            if profile is None:
                profile = self._opened(ref, create=create, project=project)
                self._open[ref] = profile
            return profile

    def delete_profile(self, ref: ProfileRef, trash: Path) -> Path:
        """Move a profile into the trash, so that its name is free again; returns where it is now."""
        with self._lock:
            if not self.exists(ref):
                raise NotFound(what=f"Profile {ref}")
            self._open.pop(ref, None)
            return self._discard(self._folder(ref), trash, f"{ref.namespace}-{ref.name}")

    def _opened(self, ref: ProfileRef, *, create: bool, project: ProjectIdentity | None) -> Profile:
        check_name("namespace", ref.namespace)
        check_name("profile", ref.name)
        folder = self._folder(ref)
        data = read_file(folder / PROFILE_FILE, MAX_FILE_BYTES)
        if data is None and not create:
            raise NotFound(what=f"Profile {ref}")
        found = info.new(ref, project) if data is None else info.read(ref, data)
        ensure_folder(folder)
        Git(folder, self._machine).init()
        if data is None:
            # Last: a folder without it is no profile yet, and creating it again goes on where it was interrupted.
            fresh = info.render(found)
            self._step(f"create {ref}")
            self._writes.note_write(str(ref), PROFILE_FILE, sha256_of(fresh))
            write_durably(folder / PROFILE_FILE, fresh, expected_sha256=ABSENT)
        profile = Profile(
            ref, folder, found, machine=self._machine, writes=self._writes, clock=self._clock, step=self._step
        )
        profile.refresh()
        if data is None:
            profile.record_creation(info.render(found))
        return profile

    def _folder(self, ref: ProfileRef) -> Path:
        return self.root / ref.namespace / ref.name

    def _discard(self, folder: Path, trash: Path, name: str) -> Path:
        ensure_folder(trash)
        stamp = self._clock().strftime("%Y%m%dT%H%M%SZ")
        target = trash / f"{name}-{stamp}"
        number = 1
        while target.exists():
            number += 1
            target = trash / f"{name}-{stamp}-{number}"
        try:
            shutil.move(folder, target)
        except OSError as error:
            raise FileSystemFailed(
                path=folder, action="moved to the trash", why=error.strerror or str(error)
            ) from error
        sync_folder(folder.parent)
        return target


def _folders(parent: Path) -> list[str]:
    if not parent.is_dir():
        return []
    return sorted(
        entry.name for entry in parent.iterdir() if is_name(entry.name) and entry.is_dir() and not entry.is_symlink()
    )

"""All profiles of this machine: `<root>/<namespace>/<profile>/`."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from sidecar.errors import FileSystemFailed, NamespaceExists, NotFound, Refused, SidecarError, UnknownNamespace
from sidecar.files import ABSENT, ensure_folder, read_file, sha256_of, sync_folder, write_durably
from sidecar.git import Git
from sidecar.model import ProfileRef
from sidecar.store import arrivals, info, purge
from sidecar.store.layout import MAX_FILE_BYTES, PROFILE_FILE, check_name, is_name
from sidecar.store.profile import Profile
from sidecar.store.scan import is_file, scan
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
        self._broken: dict[ProfileRef, SidecarError] = {}
        self._lock = threading.RLock()

    def namespaces(self) -> list[str]:
        """Every namespace, sorted."""
        return sorted({*_folders(self.root), *(ref.namespace for ref in self._lost())})

    def has_namespace(self, name: str) -> bool:
        """Whether the namespace exists."""
        return is_name(name) and (
            os.path.isdir(self.root / name) or any(ref.namespace == name for ref in self._lost())  # noqa: PTH112
        )

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
        """The profiles of a namespace, or all, sorted.  Raises `UnknownNamespace`.

        Those whose folder was removed under our feet are among them, as their memories wait for `accept`; those that
        could not be opened are not (see `broken`).
        """
        if namespace is not None and not self.has_namespace(namespace):
            raise UnknownNamespace(name=namespace)
        found = {*self._present(namespace), *self._lost()} - self._broken.keys()
        return sorted(ref for ref in found if namespace in (None, ref.namespace))

    def broken(self) -> Mapping[ProfileRef, SidecarError]:
        """Profiles that could not be opened, and why; `open` tries again."""
        with self._lock:
            self._broken = {ref: error for ref, error in self._broken.items() if self.exists(ref)}
            return dict(self._broken)

    def exists(self, ref: ProfileRef) -> bool:
        """Whether there is such a profile."""
        names = is_name(ref.namespace) and is_name(ref.name)
        return names and os.path.isfile(f"{self.root}/{ref.namespace}/{ref.name}/{PROFILE_FILE}")  # noqa: PTH113

    def has_arrivals(self, ref: ProfileRef) -> bool:
        """Whether others' words have ever come to a profile, which need not have been opened."""
        return arrivals.noted(self._folder(ref))

    def is_purging(self, ref: ProfileRef) -> bool:
        """Whether a purge of a profile, which need not have been opened, was interrupted."""
        return purge.begun(self._folder(ref))

    def open(self, ref: ProfileRef, *, create: bool = False, project: ProjectIdentity | None = None) -> Profile:
        """The profile, always the same object for one name; its files have been looked at.

        One whose folder is not complete any more stays as it is while it knows of memories: `refresh` raises the alarm,
        and nothing is written.  An empty one is opened, or made, anew.

        Raises `NotFound` unless `create`, `FormatTooNew` or `BadMemoryFile` for a `profile.yaml` that is not ours, and
        `Refused` for a folder that is a symlink.
        """
        with self._lock:
            profile = self._open.get(ref)
            linked = profile is not None and self._link(ref) is not None
            if linked or (profile is not None and not _holds_memories(profile) and not profile.intact):
                del self._open[ref]
                profile = None
            if profile is None:
                try:
                    profile = self._opened(ref, create=create, project=project)
                except SidecarError as error:
                    if self.exists(ref):
                        self._broken[ref] = error
                    raise
                self._open[ref] = profile
                self._broken.pop(ref, None)
            return profile

    def accept(self, ref: ProfileRef, trash: Path) -> Profile | None:
        """The user confirms that what has vanished is meant to be gone; None if that is the whole profile.

        What is left of the folder of a profile without memory files goes to the trash.  Raises `NotFound`.
        """
        with self._lock:
            profile = self.open(ref)
            if profile.intact:
                profile.accept()
                return profile
            folder = self._folder(ref)
            left = folder.is_dir() and bool(scan(folder).memories)
            if not left:
                self.delete_profile(ref, trash)
                return None
            profile.complete(info.render(profile.info))
            profile.accept()
            return profile

    def delete_profile(self, ref: ProfileRef, trash: Path) -> Path | None:
        """Move a profile into the trash, so that its name is free again.

        Returns where it is now; None if its folder had been removed already.
        """
        with self._lock:
            if not self.exists(ref) and ref not in self._lost():
                raise NotFound(what=f"Profile {ref}")
            folder = self._folder(ref)
            moved = self._discard(folder, trash, f"{ref.namespace}-{ref.name}") if folder.is_dir() else None
            self._open.pop(ref, None)
            self._broken.pop(ref, None)
            return moved

    def _opened(self, ref: ProfileRef, *, create: bool, project: ProjectIdentity | None) -> Profile:
        check_name("namespace", ref.namespace)
        check_name("profile", ref.name)
        folder, link = self._folder(ref), self._link(ref)
        if link is not None:
            name = link.relative_to(self.root)
            raise Refused(
                detail=f"{name} is a symlink, whose files cannot be watched: profile {ref} is left alone.",
                hint="Move the folder itself there; SIDECAR_HOME and XDG_DATA_HOME move the whole store.",
            )
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
            write_durably(folder / PROFILE_FILE, fresh, expected_sha256=ABSENT, root=folder)
        profile = Profile(
            ref, folder, found, machine=self._machine, writes=self._writes, clock=self._clock, step=self._step
        )
        profile.refresh()
        if data is None:
            profile.record_creation(info.render(found))
        return profile

    def _present(self, namespace: str | None) -> list[ProfileRef]:
        """The profiles that lie on the disk."""
        names = _folders(self.root) if namespace is None else [namespace]
        found = (ProfileRef(space, name) for space in names for name in _folders(self.root / space))
        return [ref for ref in found if is_file(self._folder(ref) / PROFILE_FILE)]

    def _lost(self) -> list[ProfileRef]:
        """Open profiles with memories whose folder does not say any more that it is a profile."""
        # Without the lock, which is held while a large profile is read: this is asked for with every request.
        return [ref for ref, one in list(self._open.items()) if not self.exists(ref) and _holds_memories(one)]

    def _link(self, ref: ProfileRef) -> Path | None:
        """The folder of a profile, or that of its namespace, if a symlink stands in its place."""
        space = f"{self.root}/{ref.namespace}"
        # As text: this is asked with each opening, and to put a path together takes longer than to look at it.
        if os.path.islink(space) or os.path.islink(f"{space}/{ref.name}"):  # noqa: PTH114
            folder = self._folder(ref)
            return next((one for one in (folder.parent, folder) if one.is_symlink()), None)
        return None

    def _folder(self, ref: ProfileRef) -> Path:
        return self.root / ref.namespace / ref.name

    def _discard(self, folder: Path, trash: Path, name: str) -> Path:
        ensure_folder(trash)
        if trash.is_symlink():
            raise FileSystemFailed(
                path=trash, action="used as the trash", why="it is a symlink", hint="Remove the link."
            )
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


def _holds_memories(profile: Profile) -> bool:
    return not profile.empty


def _folders(parent: Path) -> list[str]:
    """The names of the folders in a folder, and of links to folders, sorted; none if it cannot be read."""
    try:
        with os.scandir(parent) as entries:
            return sorted(one.name for one in entries if is_name(one.name) and one.is_dir())
    except OSError:
        return []

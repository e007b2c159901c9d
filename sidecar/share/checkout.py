"""The folder `.memory/` in a project's own work tree: looked at within bounds, and written with guards.

Whoever wrote to the project's repository can have put anything there, so it is looked at like a remote's tree.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Final

from sidecar.errors import CannotCarry, ChangedOnDisk, FormatTooNew
from sidecar.files import (
    ABSENT,
    inside,
    read_file,
    remove_durably,
    remove_empty_folders,
    sha256_of,
    write_durably,
)
from sidecar.git import TreeEntry, Trees, current_commit, git_folder, object_name, waiting
from sidecar.records import dataclass
from sidecar.share.inspection import inspect
from sidecar.store import MAX_FILE_BYTES
from sidecar.store.layout import PROFILE_FILE
from sidecar.store.scan import Signature, signature_of
from sidecar.store.worktree import merges_in

FOLDER: Final = ".memory"

_NOTE: Final = "sidecar-carried.json"
_FORMAT: Final = 1
_NOTE_BYTES: Final = 64 << 20
_LOCK_STALE_SECONDS: Final = 60.0
_EMPTY_PROFILE: Final = TreeEntry(PROFILE_FILE.encode(), "100644", "", 0)


@dataclass(slots=True)
class Checkout:
    """One such folder; remembers what it has read, so that only what changed is read again."""

    folder: Path
    most: int
    _known: dict[str, tuple[Signature, str]] = field(default_factory=dict)
    _git: Path | None = None

    def __post_init__(self) -> None:
        self._git = git_folder(self.folder.parent)

    def files(self, like: str) -> dict[str, str]:
        """Path and object name of every file; `like` is a name of an object of the repository that compares them.

        Raises `CannotCarry` for what must not be taken over, `FileSystemFailed` for what cannot be read.
        """
        entries = _entries(self.folder, self.most)
        listed = [*entries.values(), *([] if PROFILE_FILE in entries else [_EMPTY_PROFILE])]
        found = inspect(listed, self.most)
        if found is not None:
            raise CannotCarry(folder=self.folder, why=f"{found.path}: {found.why}")
        names = {path: name for path in sorted(entries) if (name := self._name(path, like)) is not None}
        self._known = {path: held for path, held in self._known.items() if path in names}
        return names

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None if it has gone."""
        return read_file(inside(self.folder, path), MAX_FILE_BYTES, root=self.folder)

    def present(self, path: str) -> bytes:
        """The bytes of a file that was there just now; `ChangedOnDisk` if it is not any more."""
        data = self.read(path)
        if data is None:
            raise ChangedOnDisk(path=path)
        return data

    def put(self, path: str, data: bytes | None, before: str | None, like: str) -> bool:
        """Write a file, or take it away (None); False, and nothing happens, if it is not the one that was looked at."""
        target = inside(self.folder, path)
        present = self.read(path)
        if (None if present is None else object_name(present, like)) != before:
            return False
        expected = ABSENT if present is None else sha256_of(present)
        try:
            if data is not None:
                write_durably(target, data, expected_sha256=expected, root=self.folder)
            elif present is not None:
                remove_durably(target, expected_sha256=expected, root=self.folder)
                remove_empty_folders(target.parent, self.folder)
        except ChangedOnDisk:
            return False
        return True

    def known(self, path: str) -> str | None:
        """The object name of a file, as it was looked at last."""
        held = self._known.get(path)
        return None if held is None else held[1]

    def state(self) -> object:
        """What is another one whenever something has changed there, or in the project's checkout; cheap."""
        try:
            entries = _entries(self.folder, self.most)
        except (CannotCarry, OSError) as error:
            return str(error)
        places = [self.folder / path for path in entries]
        if self._git is not None:
            places += [self._git / name for name in ("HEAD", "logs/HEAD", "index")]
        return [(path, None if (found := signature_of(path)) is None else found[:-1]) for path in places]

    @property
    def busy(self) -> bool:
        """Whether git is at work in the project: what lies there is neither the one nor the other commit."""
        try:
            age = 0.0 if self._git is None else time.time() - (self._git / "index.lock").stat().st_mtime
        except OSError:
            return False
        return self._git is not None and age < _LOCK_STALE_SECONDS

    @property
    def merging(self) -> bool:
        """Whether a merge or rebase in the project waits for a person: no commit has what lies there now."""
        return self._git is not None and merges_in(self._git)

    @property
    def waiting(self) -> int | None:
        """How many of its files the project has not committed; None if its git cannot tell."""
        return waiting(self.folder)

    def _name(self, path: str, like: str) -> str | None:
        signature, held = signature_of(self.folder / path), self._known.get(path)
        if signature is not None and held is not None and not held[0].racy and held[0].same(signature):
            return held[1]
        data = self.read(path)
        if data is None or signature is None:
            return None
        name = object_name(data, like)
        self._known[path] = (signature, name)
        return name


@dataclass(frozen=True, slots=True)
class Note:
    """How the folder was left: the project's commit, and files that this commit lacks while the profile has them."""

    commit: str | None = None
    apart: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def load(folder: Path) -> Note:
        """That of a profile."""
        data = read_file(folder / ".git" / _NOTE, _NOTE_BYTES, root=folder)
        if data is None:
            return Note()
        held = json.loads(data)
        if held["format"] > _FORMAT:
            raise FormatTooNew(path=_NOTE, found=held["format"], known=_FORMAT)
        return Note(held["commit"], held["apart"])

    def save(self, folder: Path) -> None:
        """Keep it; no write if it says the same already."""
        held = {"format": _FORMAT, "commit": self.commit, "apart": dict(sorted(self.apart.items()))}
        write_durably(folder / ".git" / _NOTE, json.dumps(held).encode(), root=folder)


def committed(folder: Path) -> dict[str, str]:
    """What the project's own last commit has in the folder: path and object name; empty if nothing or no git."""
    commit = current_commit(folder.parent)
    if commit is None:
        return {}
    found = Trees(folder.parent).entries(commit, 1_000_000, under=FOLDER) or []
    prefix = f"{FOLDER}/".encode()
    return {os.fsdecode(one.path.removeprefix(prefix)): one.name for one in found}


def _entries(folder: Path, most: int) -> dict[str, TreeEntry]:
    """Everything in the folder that is not hidden, as a tree would have it, sorted."""
    if folder.is_symlink():
        raise CannotCarry(folder=folder, why="it is a symlink")
    found: dict[str, TreeEntry] = {}
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(folder / prefix) as entries:
            for entry in entries:
                path = f"{prefix}{entry.name}"
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{path}/")
                    continue
                state = entry.stat(follow_symlinks=False)
                mode = "100644" if stat.S_ISREG(state.st_mode) else "120000" if entry.is_symlink() else "special"
                found[path] = TreeEntry(os.fsencode(path), mode, "", state.st_size)
                if len(found) > most:
                    raise CannotCarry(folder=folder, why=f"it has more than {most} files")
    return dict(sorted(found.items()))

"""What a working directory is now: a place in a repository, a folder, or gone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sidecar.errors import GitFailed
from sidecar.expressions import regex
from sidecar.records import dataclass
from sidecar.routing.names import remote_names

_FOREIGN = regex(r"[A-Za-z]:[\\/]|\\\\")
"""How paths begin on another system; transcripts may have been copied from there."""

Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RepoFacts:
    """What git says of the repository around a folder.

    Attributes:
        common_dir: the repository itself, which all its work trees share (absolute).
        top: the top folder of the main work tree (absolute); empty in a bare repository.
        root_commit: the oldest root commit; None without commits and in a shallow clone.
        remotes: the addresses of the remotes.
    """

    common_dir: str
    top: str
    root_commit: str | None
    remotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repository:
    """A living repository, as routing sees it."""

    folder: str
    """The folder that gives it its name: that of the main work tree, else the repository itself."""
    top: str
    """The top folder of the work tree that was looked at."""
    common_dir: str
    root_commit: str | None
    remotes: tuple[str, ...]
    """By their names, without credentials."""
    addresses: tuple[str, ...]
    """As git has them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A working directory.  `repository`: the one around it, or around what is left of the path above it."""

    path: str
    exists: bool
    repository: Repository | None


class Places:
    """Looks at working directories, and remembers what git said until something of it may have changed."""

    def __init__(self, home: Path, temps: Sequence[Path], repo_facts: Callable[[Path], RepoFacts | None]) -> None:
        self._repo_facts = repo_facts
        self._everyones = {_resolved(str(folder)) for folder in (home, *temps)} | {os.sep}
        self._seen: dict[str, tuple[Stamp, Repository | None]] = {}

    def look(self, cwd: str) -> Place | None:
        """What a working directory is now; None for a path that says nothing (empty or relative)."""
        path = normal(cwd)
        if path is None:
            return None
        if _FOREIGN.match(path):
            return Place(path, exists=False, repository=None)
        standing = _standing(path)
        return Place(path, standing == path, self._repository(standing))

    def nobodys(self, path: str) -> bool:
        """Whether a folder belongs to no project: the home folder, `/`, or the folder for temporary files."""
        return path in self._everyones

    def _repository(self, folder: str) -> Repository | None:
        known = self._seen.get(folder)
        if known is not None and known[0] == _stamp(folder, known[1]):
            return known[1]
        found = self._ask(folder)
        self._seen[folder] = (_stamp(folder, found), found)
        return found

    def _ask(self, folder: str) -> Repository | None:
        """The repository around a folder; one that spans the whole home folder (of settings files) is no project."""
        try:
            facts = self._repo_facts(Path(folder))
        except GitFailed:  # an unreadable or foreign repository: its sessions are kept, by their folder
            return None
        if facts is None:
            return None
        common, main = _resolved(facts.common_dir), _resolved(facts.top) if facts.top else ""
        top = next((str(Path(git).parent) for git in _gits(folder)), main or common)
        if self.nobodys(top) or self.nobodys(main):
            return None
        return Repository(
            folder=_main_folder(common, main),
            top=top,
            common_dir=common,
            root_commit=facts.root_commit,
            remotes=remote_names(facts.remotes),
            addresses=tuple(facts.remotes),
        )


def is_folder(path: str) -> bool:
    """Whether a folder is there, as far as we may look; `Path.is_dir` would raise where we may not."""
    return os.path.isdir(path)  # noqa: PTH112


def normal(cwd: str) -> str | None:
    """A path by which a folder is known: absolute, without links; None if it is neither ours nor another system's."""
    if _FOREIGN.match(cwd):
        return cwd.rstrip("\\/") or cwd
    return _resolved(cwd) if cwd.startswith(os.sep) and "\0" not in cwd else None


def _resolved(path: str) -> str:
    return os.path.realpath(path)


def _standing(path: str) -> str:
    """The folder itself, or the nearest one above it that exists."""
    return next((str(folder) for folder in (Path(path), *Path(path).parents) if is_folder(str(folder))), os.sep)


def _main_folder(common: str, top: str) -> str:
    repository = Path(common)
    if repository.name == ".git":
        return str(repository.parent)
    if repository.name.endswith(".git") or not top:  # bare, perhaps with work trees beside it
        return common
    return top  # a submodule, or a repository kept elsewhere


def _stamp(folder: str, found: Repository | None) -> Stamp:
    """Changes when git may say something else of a folder.

    Not at every commit: a root commit stays.  Until there is one, the folder of the repository is watched as well.
    """
    marks: list[object] = []
    for git in _gits(folder):
        marks.append((git, *_state(git, times=found is None or found.root_commit is None)))
        if found is not None:
            marks.append(_state(f"{found.common_dir}/config", times=True))
            if found.root_commit is None:
                marks.append(_state(f"{found.common_dir}/refs/heads", times=True))
    return tuple(marks)


def _gits(folder: str) -> Iterator[str]:
    """The nearest `.git` at or above a folder, if there is one."""
    for parent in (Path(folder), *Path(folder).parents):
        git = str(parent / ".git")
        if _state(git, times=False):
            yield git
            return


def _state(path: str, *, times: bool) -> tuple[object, ...]:
    try:
        found = os.stat(path)  # noqa: PTH116 - on the path of every recall; a Path adds nothing
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_mtime_ns if times else None)

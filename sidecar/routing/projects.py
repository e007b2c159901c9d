"""Which project a place belongs to: by git, by what is known, by what sessions tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sidecar.records import dataclass
from sidecar.routing.book import Book
from sidecar.routing.evidence import Evidence
from sidecar.routing.names import last_part, path_digest
from sidecar.routing.places import Place, Places, Repository, is_folder


@dataclass(frozen=True, slots=True)
class Found:
    """The name of a project's profile, why it is that, and the repository if it is there."""

    name: str
    reason: str
    repository: Repository | None = None


class Projects:
    """Decides, and keeps what it found out in the book.  Not for several threads at once."""

    def __init__(
        self, book: Book, places: Places, evidence: Evidence, has_commit: Callable[[Path, str], bool] | None
    ) -> None:
        self._book, self._places, self._evidence, self._has_commit = book, places, evidence, has_commit

    def find(self, place: Place, *, create: bool) -> Found:
        """The project of a place.

        Args:
            place: a working directory that is not everybody's.
            create: whether to keep what is found out, a new name above all.
        """
        if not place.exists:
            return self._gone(place, create=create)
        if place.repository is not None:
            return self._living(place.repository, create=create)
        name = self._book.find_folder(place.path)
        if name is not None:
            return Found(name, "the folder is known")
        return self._new_folder(place.path, create=create, in_git=False)

    def _living(self, repository: Repository, *, create: bool) -> Found:
        found = self._known(repository) or Found(
            self._book.name_for(
                last_part(repository.folder).removesuffix(".git"),
                repository.root_commit or path_digest(repository.folder),
            ),
            "a new repository",
            repository,
        )
        if create:
            book = self._book
            book.save("root", [repository.root_commit] if repository.root_commit else [], found.name)
            book.save("repo", sorted({repository.folder, repository.top}), found.name)
            book.save_new("remote", repository.remotes, found.name)
            self._evidence.add_folder(repository.top)
        return found

    def _known(self, repository: Repository) -> Found | None:
        """A repository's profile: by its root commit, else by its folder, else by a remote."""
        book, root = self._book, repository.root_commit
        name = book.find("root", root) if root else None
        if name is not None:
            return Found(name, f"root commit {root[:12] if root else ''}", repository)
        for folder in (repository.folder, repository.top):
            name = book.find_folder(folder)
            if name is not None and self._still_the_same(name, repository):
                return Found(name, "the repository's folder is known", repository)
        for remote in repository.remotes:
            name = book.find("remote", remote)
            if name is not None and (root is None or not book.values("root", name)):
                return Found(name, f"remote {remote}", repository)
        return None

    def _still_the_same(self, name: str, repository: Repository) -> bool:
        """Whether a repository in a known folder is the one that was there, and not another one in its place.

        It is while one of both has no root commit yet (or a shallow clone's); and after a rewrite of its history,
        which leaves the remote, or the old root commit among the objects.
        """
        roots = self._book.values("root", name)
        if repository.root_commit is None or not roots:
            return True
        if set(repository.remotes) & set(self._book.values("remote", name)):
            return True
        return any(self._holds(repository.common_dir, root) for root in roots)

    def _holds(self, folder: str, commit: str) -> bool:
        return self._has_commit is not None and self._has_commit(Path(folder), commit)

    def _gone(self, place: Place, *, create: bool) -> Found:
        """The profile of a folder that is not there any more."""
        path, book = place.path, self._book
        name = book.find_folder(path)
        if name is not None:
            return Found(name, "the folder was known")
        found = self._by_identity(path) or self._by_parent(place, create=create)
        if found is None:
            found = self._by_company(path, create=create)
        if found is None:
            return self._new_folder(path, create=create, in_git=self._evidence.in_git(path))
        if create:
            book.save("repo", [path], found.name)
        return found

    def _by_identity(self, path: str) -> Found | None:
        """By what sessions in the folder recorded of git: a remote, a commit."""
        for remote in self._evidence.remotes_of(path):
            name = self._book.find("remote", remote)
            if name is not None:
                return Found(name, f"its sessions named remote {remote}")
        for commit in self._evidence.commits_of(path):
            name = self._book.find("root", commit) or self._holder(commit)
            if name is not None:
                return Found(name, f"its sessions named commit {commit[:12]}")
        return None

    def _holder(self, commit: str) -> str | None:
        for name in self._book.profiles():
            if any(is_folder(folder) and self._holds(folder, commit) for folder in self._book.values("repo", name)):
                return name
        return None

    def _by_parent(self, place: Place, *, create: bool) -> Found | None:
        """By the nearest repository above, which is there or was: a subfolder that was deleted."""
        known = self._book.repository_above(place.path)
        living = place.repository
        if living is not None and (known is None or len(living.top) >= len(known[0])):
            found = self._living(living, create=create)
            return found if self._agrees(place.path, found.name) else None
        if known is not None and self._agrees(place.path, known[1]):
            return Found(known[1], "a folder above was its repository")
        return None

    def _by_company(self, path: str, *, create: bool) -> Found | None:
        """By the sessions that knew this folder and another one; step by step over folders that are gone as well."""
        seen, level = {path}, [path]
        while level:
            votes: Counter[str] = Counter()
            following: list[str] = []
            for folder in level:
                for other in self._evidence.together_with(folder):
                    name = self._repository_at(other, create=create)
                    if name is not None and self._agrees(path, name):
                        votes[name] += 1
                    elif name is None and other not in seen and not is_folder(other):
                        seen.add(other)
                        following.append(other)
            if votes:
                name = min(votes, key=lambda candidate: (-votes[candidate], candidate))
                return Found(name, "a session knew it together with this project")
            level = following
        return None

    def _repository_at(self, path: str, *, create: bool) -> str | None:
        """The project of a folder, if it lies in a repository or was one."""
        place = self._places.look(path)
        if place is not None and place.exists and place.repository is not None:
            return self._living(place.repository, create=create).name
        above = self._book.repository_above(path)
        return None if above is None else above[1]

    def _agrees(self, path: str, name: str) -> bool:
        """Whether what sessions recorded in a folder fits a project: not if both have remotes, and none is shared."""
        recorded, known = self._evidence.remotes_of(path), self._book.values("remote", name)
        return not recorded or not known or bool(set(recorded) & set(known))

    def _new_folder(self, path: str, *, create: bool, in_git: bool) -> Found:
        name = self._book.name_for(last_part(path), path_digest(path))
        if create:
            self._book.save("repo" if in_git else "folder", [path], name)
            self._book.save_new("remote", self._evidence.remotes_of(path), name)
            self._evidence.add_folder(path)
        return Found(name, "a new folder")

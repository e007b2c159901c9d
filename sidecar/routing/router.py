"""The decision itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath

from sidecar.model import ProfileRef, SessionHeader
from sidecar.records import dataclass
from sidecar.routing.book import KINDS, Book, RouteBook
from sidecar.routing.evidence import Evidence
from sidecar.routing.names import PERSONAL, remote_names
from sidecar.routing.places import Place, Places, RepoFacts
from sidecar.routing.projects import Projects
from sidecar.routing.rules import Matcher, Rule

_LAST = datetime.max.replace(tzinfo=UTC)
_GENERATIONS = 8
"""How far a session's ancestors are followed; agents nest subagents a few levels at most."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where something belongs.

    `profile`: None if a rule says to ignore it.  `reason`: for people.  `root_commit` and `remotes` (names, without
    credentials) identify the project; empty where the profile is not one repository's.
    """

    profile: ProfileRef | None
    reason: str
    root_commit: str | None = None
    remotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """What is known of the project behind a profile; `remotes` by their names, without credentials."""

    root_commit: str | None
    remotes: tuple[str, ...]
    folders: tuple[str, ...]


class Router:
    """Finds the profile of sessions and working directories.  May be asked from any thread."""

    def __init__(
        self,
        *,
        namespace: str,
        rules: Sequence[Rule],
        home: Path,
        temps: Sequence[Path],
        repo_facts: Callable[[Path], RepoFacts | None],
        routes: RouteBook,
        has_commit: Callable[[Path, str], bool] | None = None,
    ) -> None:
        """Take up what is known.

        Args:
            namespace: of all profiles.
            rules: the user's own; the first that matches decides.
            home: the user's home folder.
            temps: folders for temporary files.
            repo_facts: what git says of the repository around a folder; None outside of one.
            routes: what earlier runs found out.
            has_commit: whether a repository (its common folder) holds a commit, reachable or not; without it, projects
                are not recognised by commits that agents recorded, nor after their root commit was rewritten.
        """
        self._namespace = namespace
        self._rules = [Matcher(rule, home) for rule in rules]
        self._places = Places(home, temps, repo_facts)
        self._book = Book(namespace, routes)
        self._evidence = Evidence()
        self._projects = Projects(self._book, self._places, self._evidence, has_commit)
        self._lock = threading.RLock()
        for folder in self._book.folders():
            self._evidence.add_folder(folder)

    def adopt(self, profile: ProfileRef, root_commit: str | None, remotes: Iterable[str]) -> None:
        """Take over which project a profile of this machine belongs to, where the book has lost it.

        For profiles that are here already when the daemon starts; never for what came from a remote.
        """
        with self._lock:
            if profile.namespace == self._namespace and profile.name != PERSONAL:
                self._book.save_new("root", [root_commit] if root_commit else [], profile.name)
                self._book.save_new("remote", remote_names(remotes), profile.name)

    @property
    def knows_projects(self) -> bool:
        """Whether anything is known of any project; if not, it may have been lost, and `adopt` brings it back."""
        return bool(self._book.profiles())

    def forget(self, profile: ProfileRef) -> None:
        """Forget which project a profile belongs to, because it was deleted: its name is free again."""
        if profile.namespace == self._namespace:
            with self._lock:
                self._book.forget(profile.name)

    def project(self, profile: ProfileRef) -> Project | None:
        """The project of a profile; None if it has none (`personal`, or made by a client or a rule)."""
        with self._lock:
            known = (
                {kind: self._book.values(kind, profile.name) for kind in KINDS}
                if profile.namespace == self._namespace
                else {}
            )
        if not any(known.values()):
            return None
        root = min(known["root"], default=None)
        return Project(root, known["remote"], tuple(sorted({*known["repo"], *known["folder"]})))

    def folders(self) -> tuple[Path, ...]:
        """The folders of all known projects, whether they are there or not; never home, `/` or one for temporary files.

        Sorted.  Folders of other systems, which only transcripts from elsewhere name, are not among them.
        """
        with self._lock:
            known = self._book.folders()
        return tuple(Path(one) for one in known if one.startswith("/") and not self._places.nobodys(one))

    def learn(self, headers: Iterable[SessionHeader]) -> None:
        """Look at the headers of all sessions before any is routed.

        Projects get their names in the order in which their sessions began; folders that are gone come last, when it
        is known what is there, and the upper ones before those below.  The order of `headers` does not matter.
        """
        ordered = sorted(headers, key=_age)
        with self._lock:
            for header in ordered:
                self._evidence.add(header)
        gone: list[tuple[int, SessionHeader]] = []
        for header in ordered:
            place = self._places.look(header.cwds[0]) if header.cwds else None
            if place is not None and place.exists:
                self.route(header)
            elif place is not None:
                gone.append((len(PurePath(place.path).parts), header))
        for _, header in sorted(gone, key=lambda item: (item[0], _age(item[1]))):
            self.route(header)

    def route(self, header: SessionHeader) -> Route:
        """The profile of a session, by the folder in which it began.

        A new project gets its name here, and keeps it.
        """
        with self._lock:
            self._evidence.add(header)
            cwd = self._cwd_of(header)
        return self._decide(cwd, agent=header.agent, remote=header.remote, create=True)

    def route_cwd(self, cwd: str | None, *, create: bool = True) -> Route:
        """The profile of a working directory; `personal` without one.  Rules about agents do not apply.

        Args:
            cwd: the folder in which something is asked or told.
            create: whether a new project gets its name now; pass False for what only asks (recall), so that folders
                in which nothing is ever learned take no name.
        """
        return self._decide(cwd, agent=None, remote=None, create=create)

    def _cwd_of(self, header: SessionHeader) -> str | None:
        for _ in range(_GENERATIONS):
            if header.cwds:
                return header.cwds[0]
            if header.project_hash:
                folder = self._evidence.folder_of(header.project_hash)
                if folder is not None:
                    return folder
            parent = self._evidence.session(header.agent, header.parent) if header.parent else None
            if parent is None:
                return None
            header = parent
        return None

    def _decide(self, cwd: str | None, *, agent: str | None, remote: str | None, create: bool) -> Route:
        place = self._places.look(cwd) if cwd else None  # asks git, so it stays outside of the lock
        ruled = self._by_rule(cwd, place, agent, remote)
        if ruled is not None:
            return ruled
        if place is None:
            return self._personal("no working directory")
        if self._places.nobodys(place.path):
            return self._personal("the folder belongs to no project")
        with self._lock:
            found = self._projects.find(place, create=create)
        profile = ProfileRef(self._namespace, found.name)
        if found.repository is None:
            return Route(profile, found.reason)
        return Route(profile, found.reason, found.repository.root_commit, found.repository.remotes)

    def _personal(self, reason: str) -> Route:
        return Route(ProfileRef(self._namespace, PERSONAL), reason)

    def _by_rule(self, cwd: str | None, place: Place | None, agent: str | None, remote: str | None) -> Route | None:
        paths = [] if place is None or cwd is None else [cwd.rstrip("/") or cwd, place.path]
        repository = None if place is None else place.repository
        remotes = list(repository.addresses if repository is not None and place is not None and place.exists else ())
        if remote:
            remotes.append(remote)
        for number, matcher in enumerate(self._rules, start=1):
            if matcher.matches(agent, paths, remotes):
                rule = matcher.rule
                if rule.ignore or rule.profile is None:
                    return Route(None, f"ignored by rule {number} of profiles")
                return Route(ProfileRef(self._namespace, rule.profile), f"rule {number} of profiles")
        return None


def _age(header: SessionHeader) -> tuple[datetime, str, str, str]:
    """Sort key: sessions in the order in which they began."""
    return (header.started or _LAST, header.agent, header.session, str(header.path))

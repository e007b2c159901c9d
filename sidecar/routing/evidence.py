"""What the headers of all sessions say about folders that are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath

from sidecar.model import SessionHeader
from sidecar.routing.names import path_digest, remote_names
from sidecar.routing.places import normal

_Place = tuple[Path, str]


class Evidence:
    """The headers that were seen, by session, by folder, and by the hash of a folder.

    Of one session in one file the latest header counts; databases hold many sessions.
    """

    def __init__(self) -> None:
        self._headers: dict[_Place, SessionHeader] = {}
        self._mentions: dict[str, set[_Place]] = {}
        self._sessions: dict[tuple[str, str], SessionHeader] = {}
        self._hashes: dict[str, str] = {}

    def add(self, header: SessionHeader) -> None:
        """Take in a header."""
        place = (header.path, header.session)
        if self._headers.get(place) == header:
            return
        self._headers[place] = header
        self._sessions[header.agent, header.session] = header
        for cwd in header.cwds:
            path = normal(cwd)
            if path is not None:
                self._mentions.setdefault(path, set()).add(place)
                self.add_folder(cwd)
                self.add_folder(path)

    def add_folder(self, folder: str) -> None:
        """Take in a folder that a hash may stand for, and those above it."""
        for path in (folder, *map(str, PurePath(folder).parents)):
            self._hashes.setdefault(path_digest(path), path)

    def folder_of(self, digest: str) -> str | None:
        """The folder that has this hash."""
        return self._hashes.get(digest.lower())

    def session(self, agent: str, session: str) -> SessionHeader | None:
        """The latest header of a session."""
        return self._sessions.get((agent, session))

    def began_in(self, folder: str) -> list[SessionHeader]:
        """The sessions that began in a folder, in a fixed order: what they say of git is said of that folder."""
        return [header for header in self._mentioning(folder) if first_folder(header) == folder]

    def remotes_of(self, folder: str) -> tuple[str, ...]:
        """The names of the remotes that sessions in a folder recorded."""
        return remote_names(header.remote for header in self.began_in(folder))

    def commits_of(self, folder: str) -> tuple[str, ...]:
        """The commits that sessions in a folder recorded, sorted."""
        return tuple(sorted({header.commit for header in self.began_in(folder) if header.commit}))

    def in_git(self, folder: str) -> bool:
        """Whether sessions in a folder recorded anything of git."""
        return any(header.branch or header.remote or header.commit for header in self.began_in(folder))

    def together_with(self, folder: str) -> Iterator[str]:
        """The other folders of each session that mentions this one; as often as sessions do so."""
        for header in self._mentioning(folder):
            others = {normal(cwd) for cwd in header.cwds} - {None, folder}
            yield from sorted(other for other in others if other is not None)

    def _mentioning(self, folder: str) -> list[SessionHeader]:
        headers = [self._headers[place] for place in self._mentions.get(folder, ())]
        return sorted(headers, key=lambda header: (header.agent, header.session, str(header.path)))


def first_folder(header: SessionHeader) -> str | None:
    """Where a session began: it is this folder that decides, however far the session strays."""
    return normal(header.cwds[0]) if header.cwds else None

"""Real repositories, and a router over them as the daemon wires it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sidecar import git
from sidecar.config import ProfileRule
from sidecar.model import ProfileRef, SessionHeader
from sidecar.routing import RepoFacts, Route, Router

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_DATE = "2026-11-20T09:00:00Z"


def run(folder: Path, *arguments: str, date: str = _DATE) -> str:
    """git, with a fixed identity and date, so that the same repository always has the same commits."""
    who = {"NAME": "Ines", "EMAIL": "ines@example.org", "DATE": date}
    fixed = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=folder,
        env={**os.environ, **fixed},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(folder: Path, message: str, **changes: str) -> str:
    run(folder, "commit", "--quiet", "--allow-empty", "-m", message, **changes)
    return run(folder, "rev-parse", "HEAD")


def repository(folder: Path, *, first: str | None = None, remote: str | None = None) -> Path:
    """A repository with one commit, which is its own (its message is the folder's path)."""
    folder.mkdir(parents=True, exist_ok=True)
    run(folder, "init", "--quiet")
    if remote:
        run(folder, "remote", "add", "origin", remote)
    commit(folder, first or f"begin {folder}")
    return folder


def root_of(folder: Path) -> str:
    return run(folder, "rev-list", "--max-parents=0", "HEAD")


class Shelf:
    """A route book that is kept in memory."""

    def __init__(self) -> None:
        self.notes: dict[tuple[str, str], ProfileRef] = {}

    def routes(self) -> Mapping[tuple[str, str], ProfileRef]:
        return dict(self.notes)

    def save_route(self, kind: str, value: str, profile: ProfileRef) -> None:
        self.notes[kind, value] = profile

    def forget_routes(self, profile: ProfileRef) -> None:
        self.notes = {note: ref for note, ref in self.notes.items() if ref != profile}


class World:
    """A home folder, a folder for temporary files, and routers that share one book."""

    def __init__(self, base: Path) -> None:
        self.home, self.temp = base / "home" / "ines", base / "tmp"
        self.home.mkdir(parents=True)
        self.temp.mkdir()
        self.shelf = Shelf()
        self.asked: list[Path] = []
        self.router = self.start()

    def start(self, *rules: ProfileRule, has_commit: bool = True, namespace: str = "local") -> Router:
        """A router as after a start of the daemon."""
        self.router = Router(
            namespace=namespace,
            rules=rules,
            home=self.home,
            temps=[self.temp],
            repo_facts=self._facts,
            routes=self.shelf,
            has_commit=git.has_commit if has_commit else None,
        )
        return self.router

    def at(self, cwd: Path | str | None) -> str | None:
        """The name of the profile of a working directory."""
        return name(self.router.route_cwd(None if cwd is None else str(cwd)))

    def session(self, *cwds: Path | str, **changes: Any) -> str | None:
        """The name of the profile of a session."""
        return name(self.router.route(header(*cwds, **changes)))

    def learn(self, headers: Sequence[SessionHeader]) -> None:
        self.router.learn(headers)

    def _facts(self, folder: Path) -> RepoFacts | None:
        self.asked.append(folder)
        found = git.root_commit(folder)
        return None if found is None else RepoFacts(str(found.common), str(found.top), found.root_commit, found.remotes)


def header(*cwds: Path | str, session: str = "s1", minutes: int | None = 0, **changes: Any) -> SessionHeader:
    values: dict[str, Any] = {"agent": "claude-code", "path": Path(f"/t/{session}.jsonl")}
    values.update(changes)
    started = None if minutes is None else START + timedelta(minutes=minutes)
    return SessionHeader(session=session, cwds=tuple(map(str, cwds)), started=started, **values)


def name(route: Route) -> str | None:
    return None if route.profile is None else route.profile.name

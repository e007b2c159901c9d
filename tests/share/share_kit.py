"""Machines that share a profile through a bare repository on disk: each with its own store, index and journal."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sidecar.follow import Follow
from sidecar.git import Limits
from sidecar.identity import memory_id
from sidecar.model import Add, Memory, MemoryType, ProfileRef, Source, Status, Stored
from sidecar.share import Sharing, Synced
from sidecar.store import Profile, Store, WriteContext

T = TypeVar("T")
START = datetime(2026, 11, 20, 16, 0, 0, tzinfo=UTC)
REF = ProfileRef("local", "web")
CONTEXT = WriteContext("learned from claude-code", session="s-1", agent="claude-code")


class Writes:
    """A write log that survives the store objects of a test."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], str] = {}
        self.waiting: dict[str, Mapping[str, str]] = {}

    def note_write(self, profile: str, path: str, sha256: str | None) -> None:
        if sha256 is None:
            self.known.pop((profile, path), None)
        else:
            self.known[profile, path] = sha256

    def note_writes(self, profile: str, hashes: Mapping[str, str]) -> None:
        self.known.update({(profile, path): sha256 for path, sha256 in hashes.items()})

    def last_write(self, profile: str, path: str) -> str | None:
        return self.known.get((profile, path))

    def note_marks(self, profile: str, marks: Mapping[str, str]) -> None:
        self.waiting[profile] = dict(marks)

    def marks(self, profile: str) -> Mapping[str, str]:
        return self.waiting.get(profile, {})


class NoIndex:
    """Stands for an index that is always right: these tests are about files."""

    generation = 0

    def sync(self, source: object, *, anew: bool, messages: bool, changed: object, later: bool) -> None:
        """Nothing to do."""


class NoJournal:
    """Stands for an archive without messages."""

    def mark_sources(self, ref: ProfileRef, marks: Mapping[str, str]) -> None:
        """Nothing to mark."""


def purge(profile: Profile, ids: Sequence[str]) -> None:
    """All that a purge does to a profile."""
    profile.begin_purge(profile.purge_plan(ids))
    profile.finish_purge()
    profile.end_purge()


def call(step: Callable[[], T], /) -> T:
    """The tests' own thread is the writer."""
    return step()


@dataclass
class Machine:
    """One clone: a store, and the daemon's roads over it."""

    root: Path
    name: str
    now: datetime = START
    limits: Limits | None = None
    most_files: int = 1_000
    writes: Writes = field(default_factory=Writes)
    step: Callable[[str], None] = lambda _name: None

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        def step(name: str) -> None:
            self.step(name)

        self.store = Store(self.root, machine=self.name, writes=self.writes, clock=lambda: self.now, step=step)
        if not self.store.has_namespace("local"):
            self.store.create_namespace("local")
        self.follow = Follow(self.store, NoJournal(), NoIndex(), lambda: self.now)  # type: ignore[arg-type]
        self.restart_sharing()

    def restart_sharing(self) -> None:
        """The roads to remotes, over the store and whoever follows it."""
        self.sharing = Sharing(
            self.store,
            self.follow,
            machine=self.name,
            clock=lambda: self.now,
            exclusive=call,
            limits=self.limits,
            most_files=self.most_files,
        )

    @property
    def profile(self) -> Profile:
        return self.store.open(REF, create=True)

    @property
    def folder(self) -> Path:
        return self.root / "local" / "web"

    def memory(self, content: str, **fields: object) -> Memory:
        kind = fields.pop("type", MemoryType.FACT)
        assert isinstance(kind, MemoryType)
        source = Source("transcript", "claude-code", "s-1", "assistant", (f"m-{content}",), f"ines@{self.name}")
        made = memory_id(kind, content, self.now)
        return Memory(made, kind, content, content[:60], self.now, self.now, source).replace(**fields)

    def learn(self, content: str, **fields: object) -> Stored:
        memory = self.memory(content, **fields)
        self.profile.apply([Add(memory, "new")], CONTEXT)
        self.look()
        found = self.profile.get(memory.id)
        assert found is not None
        return found

    def look(self) -> None:
        """What the daemon does when the folder has changed."""
        self.now += timedelta(seconds=1)
        self.follow.catch_up([REF])

    def commit(self) -> None:
        self.look()
        self.profile.commit()
        self.look()
        self.profile.commit()

    def write(self, path: str, text: str | bytes) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def sync(self) -> None:
        self.now += timedelta(seconds=1)
        self.sharing.sync(REF)

    def purge(self, *ids: str) -> None:
        """As the daemon does at a person's request, the archive of messages left out."""
        with self.sharing.standing_still():
            purge(self.profile, ids)
        self.look()

    def follow_purge(self) -> Synced:
        self.now += timedelta(seconds=1)
        return self.sharing.follow_purge(REF, purge)

    def memories(self, *statuses: Status) -> list[Stored]:
        return self.profile.memories(statuses=statuses or None)

    def contents(self) -> set[str]:
        return {stored.memory.content for stored in self.memories()}

    def tree(self) -> dict[str, bytes]:
        """What lies on the disk and is shared."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder)
            if path.is_file() and name.parts[0] not in (".git", "private", "PROFILE.md"):
                found[str(name)] = path.read_bytes()
        return found

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)


def git(folder: Path, *arguments: str, given: bytes | None = None) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, input=given, capture_output=True, check=True, env=os.environ)
    return done.stdout.decode("utf-8", "replace").strip()


def bare(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "--bare", "-b", "main")
    return folder


def settle_all(machines: list[Machine]) -> None:
    """Syncs until nobody has anything new: each round everybody once."""
    for _ in range(6):
        before = [machine.git("rev-parse", "HEAD") for machine in machines]
        for machine in machines:
            machine.sync()
        if len({machine.git("rev-parse", "HEAD") for machine in machines}) == 1 and before == [
            machine.git("rev-parse", "HEAD") for machine in machines
        ]:
            return
    raise AssertionError("the machines go on changing what the others changed")


FOLDER = ".memory"


def commit(project: Path, message: str = "by the user") -> None:
    """The user commits everything in a project."""
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", message)


def step(machine: Machine) -> None:
    """What the daemon does when something has changed in the store, or in the project that carries the profile."""
    machine.look()
    machine.sharing.keep_in_step(REF)
    machine.look()


def carried(project: Path) -> dict[str, bytes]:
    """What lies in the project's folder."""
    folder = project / FOLDER
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

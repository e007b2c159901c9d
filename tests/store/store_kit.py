"""A real profile in a temporary folder, a clock that only moves when told, and a memory of our writes."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.git import Git
from sidecar.identity import memory_id
from sidecar.model import Add, Memory, MemoryType, ProfileRef, Source, Stored
from sidecar.store import Profile, Store, WriteContext

START = datetime(2026, 11, 20, 16, 0, 0, tzinfo=UTC)
REF = ProfileRef("local", "web")
CONTEXT = WriteContext("learned from claude-code", session="s-1", agent="claude-code")


class Writes:
    """A write log in a dictionary; it survives the store objects of a test, as the journal survives the daemon."""

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


@dataclass
class Kit:
    """A store that can be restarted, and what tests do to it."""

    root: Path
    writes: Writes = field(default_factory=Writes)
    now: datetime = START
    step: Callable[[str], None] = lambda _name: None
    context: WriteContext = CONTEXT

    def __post_init__(self) -> None:
        self.restart()

    def clock(self) -> datetime:
        return self.now

    def restart(self) -> Profile:
        def step(name: str) -> None:
            self.step(name)  # looked up each time: a test sets it after the store is open

        self.store = Store(self.root, machine="laptop", writes=self.writes, clock=self.clock, step=step)
        self.profile = self.store.open(REF, create=True)
        return self.profile

    @property
    def folder(self) -> Path:
        return self.root / "local" / "web"

    def memory(self, content: str, minutes: int = 0, **fields: object) -> Memory:
        observed = START + timedelta(minutes=minutes)
        memory_type = fields.pop("type", MemoryType.FACT)
        source = Source("transcript", "claude-code", "s-1", "assistant", (f"m-{content[:8]}",), "ines@laptop")
        base = Memory(
            memory_id(memory_type, content, observed), memory_type, content, content[:60], self.now, observed, source
        )
        return base.replace(**fields)

    def add(self, content: str, minutes: int = 0, **fields: object) -> Stored:
        (stored,) = self.profile.apply([Add(self.memory(content, minutes, **fields), "new")], CONTEXT)
        return stored

    def cycle(self) -> list[str]:
        """What the daemon does when the folder has changed."""
        self.profile.refresh()
        self.profile.settle()
        return self.profile.commit()

    def write(self, path: str, text: str | bytes) -> Path:
        """A person's editor: the whole file, in place."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def commits(self) -> list[tuple[str, str]]:
        """Author and subject, oldest first."""
        return [(e.author.name, e.subject) for e in reversed(Git(self.folder, "laptop").log())]

    def files(self) -> list[str]:
        """Paths of what git and the user see, without `.git` and what is generated."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return sorted(str(path) for path in found if path.parts[0] not in (".git", "PROFILE.md", "profile.yaml"))

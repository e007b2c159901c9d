"""A home of any size, laid down at once: memory files as files, messages through the archive, the index by its sync.

What a daemon would take in over HTTP one by one lies here as if it had; a daemon that starts over it finds nothing left
to do.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from benchmarks import synthetic
from sidecar.follow import Follow
from sidecar.frontmatter import render
from sidecar.index import Embedder, Index
from sidecar.journal import Journal
from sidecar.model import ProfileRef, SessionHeader
from sidecar.paths import resolve
from sidecar.store import Store, path_for

PROFILE = ProfileRef("local", "bench")

_FILES_AT_ONCE = 1_000
"""Memory files between two steps of the progress bar."""

Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How many memories and messages a home holds."""

    memories: int
    messages: int

    @property
    def documents(self) -> int:
        """Both together."""
        return self.memories + self.messages


@dataclass(frozen=True, slots=True)
class Opened:
    """The parts of a home whose daemon does not run."""

    store: Store
    journal: Journal
    index: Index
    follow: Follow


@contextmanager
def opened(home: Path) -> Iterator[Opened]:
    """Journal, store, index and the road between them, as the daemon wires them."""
    paths = resolve({"SIDECAR_HOME": str(home)})
    for folder in (paths.state, paths.cache):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Journal.open(paths.journal) as journal:
        store = Store(paths.store, machine="bench", writes=journal, clock=_now)
        if not store.has_namespace(PROFILE.namespace):
            store.create_namespace(PROFILE.namespace)
        index = Index.open(paths.index, Embedder.load(), archive=journal)
        try:
            yield Opened(store, journal, index, Follow(store, journal, index, _now))
        finally:
            index.close()


def fill(home: Path, size: Size, tick: Tick) -> int:
    """Lay a home down; the bytes of its texts.  `tick` is told how many memories and messages are written."""
    with opened(home) as parts:
        return _write_messages(parts.journal, size.messages, tick) + _write_memories(parts.store, size, tick)


def index(home: Path) -> None:
    """Bring the index of a home to what it holds."""
    with opened(home) as parts:
        parts.follow.catch_up()


def _write_messages(journal: Journal, count: int, tick: Tick) -> int:
    written = 0
    for session, messages in synthetic.sessions(count):
        path = Path("/nowhere") / f"{session.name}.jsonl"
        header = SessionHeader(synthetic.AGENT, session.name, path, started=session.began)
        journal.record_read(str(path), header, PROFILE, messages, cursor=None)
        written += sum(len(message.text.encode()) for message in messages)
        tick(len(messages))
    return written


def _write_memories(store: Store, size: Size, tick: Tick) -> int:
    """The files and one commit of them all, as a clone would bring them."""
    written = 0
    folder = store.open(PROFILE, create=True).folder
    held = synthetic.memories(size.memories, size.messages)
    while portion := list(islice(held, _FILES_AT_ONCE)):
        for memory in portion:
            path = folder / path_for(memory)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            written += path.write_bytes(render(memory))
            path.chmod(0o600)
        tick(len(portion))
    for command in (
        ["add", "-A"],
        ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return written


def _now() -> datetime:
    return datetime.now(UTC)

"""What tests of curation work on: a shelf of values, and a desk with real journal, store, index and follow road."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.curate import Neighbour, View, plan
from sidecar.extract import Slice
from sidecar.extract.keys import dropped_values
from sidecar.extract.rules import RulesExtractor
from sidecar.extract.words import tools
from sidecar.follow import Follow
from sidecar.identity import memory_id
from sidecar.index import Embedder, Index
from sidecar.ingest import Learning
from sidecar.journal import Journal
from sidecar.model import (
    Add,
    Candidate,
    Change,
    Memory,
    MemoryType,
    Message,
    ProfileRef,
    Revise,
    SessionRef,
    Skip,
    Source,
    Speaker,
    Status,
    Stored,
    Supersede,
    Verdict,
)
from sidecar.store import Store

WEB = ProfileRef("local", "web")
START = datetime(2026, 9, 1, 9, tzinfo=UTC)
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
MODEL = "ollama/small prompt-1"


def candidate(
    content: str,
    *,
    minutes: int = 0,
    key: str | None = None,
    speaker: Speaker = "user",
    messages: tuple[str, ...] = ("m1",),
    kind: MemoryType = MemoryType.FACT,
    extractor: str = MODEL,
    **fields: object,
) -> Candidate:
    return Candidate(
        kind,
        content,
        content[:60],
        START + timedelta(minutes=minutes),
        Source("transcript", "claude-code", "s1", speaker, messages, "ines@test"),
        key=key,
        extractor=extractor,
        replaces_hint=dropped_values(content),
        **fields,
    )


class Shelf:
    """What a store does with changes, as far as curation can tell: a dictionary of memories."""

    def __init__(self, score: float = 0.5) -> None:
        self.memories: dict[str, Memory] = {}
        self.score = score

    def take(self, incoming: Candidate, verdicts: Mapping[str, Verdict] | None = None) -> list[Change]:
        """`verdicts` by the content of the known memory."""
        by_id = {m.id: verdicts[m.content] for m in self.memories.values() if verdicts and m.content in verdicts}
        changes = plan(incoming, self.view(incoming, by_id))
        for change in changes:
            self._apply(change)
        return changes

    def view(self, incoming: Candidate, verdicts: Mapping[str, Verdict]) -> View:
        everything = [self._stored(memory) for memory in self.memories.values()]
        active = [stored for stored in everything if stored.memory.status is Status.ACTIVE]
        said = {*incoming.source.messages}
        return View(
            NOW,
            next((s for s in everything if s.memory.id == _identity(incoming)), None),
            tuple(stored for stored in everything if stored.memory.key is not None),
            tuple(Neighbour(stored, self.score, dropped_values(stored.memory.content)) for stored in active),
            verdicts=verdicts,
            told=tuple(stored for stored in everything if said.intersection(stored.memory.source.messages)),
            names=frozenset(tools(" ; ".join([incoming.content, *(stored.memory.content for stored in everything)]))),
        )

    def active(self) -> list[str]:
        return sorted(memory.content for memory in self.memories.values() if memory.status is Status.ACTIVE)

    def texts(self) -> set[str]:
        return {memory.content for memory in self.memories.values()}

    def _stored(self, memory: Memory) -> Stored:
        return Stored(memory, WEB, f"facts/{memory.id}.md", memory.id)

    def _apply(self, change: Change) -> None:
        match change:
            case Add(memory):
                self.memories[memory.id] = memory
            case Revise(target, fields):
                self.memories[target.memory.id] = self.memories[target.memory.id].replace(**fields)
            case Supersede(target, by, valid_until, _, fields):
                old = self.memories[target.memory.id].replace(**fields)
                self.memories[old.id] = old.replace(status=Status.SUPERSEDED, superseded_by=by, valid_until=valid_until)
            case Skip():
                pass


def _identity(incoming: Candidate) -> str:
    return memory_id(incoming.type, incoming.content, incoming.observed)


@functools.cache
def embedder() -> Embedder:
    """Loaded once for all tests of a run: it never changes."""
    return Embedder.load()


class Desk:
    """Real parts over real files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal.open(folder / "journal.db")
        self.store = Store(folder / "store", machine="test", writes=self.journal, clock=lambda: NOW)
        self.index = Index.open(folder / "index", embedder(), archive=self.journal)
        self.follow = Follow(self.store, self.journal, self.index, lambda: NOW)
        self.learning = Learning(
            self.journal,
            self.store,
            self.index,
            self.follow,
            by="ines@test",
            project=lambda _: None,
            clock=lambda: NOW,
        )

    def close(self) -> None:
        self.index.close()
        self.journal.close()

    @property
    def profile_folder(self) -> Path:
        return self.folder / "store" / "local" / "web"

    def say(self, *texts: str, session: str = "s1") -> SessionRef:
        """A session of the profile in which a person says these things, a minute apart: messages m1, m2, ….."""
        messages = [
            Message(f"m{n}", "claude-code", session, "user", "user", text, START + timedelta(minutes=n), position=n)
            for n, text in enumerate(texts, 1)
        ]
        self.journal.record_read(f"/t/{session}.jsonl", None, WEB, messages, cursor="{}")
        return SessionRef("claude-code", session)

    def learn_by_rules(self, ref: SessionRef) -> list[Candidate]:
        session, _ = self.learning.slice(ref, 0)
        found = RulesExtractor().extract(Slice(ref, session.messages, by=session.by))
        for one in found:
            self.learning.take(one, WEB)
        return found

    def memories(self, *statuses: Status) -> list[Stored]:
        return self.store.open(WEB, create=True).memories(statuses=statuses or None)

    def active(self) -> list[str]:
        return sorted(stored.memory.content for stored in self.memories(Status.ACTIVE))

    def files(self) -> dict[str, bytes]:
        """Every memory file by its path in the profile."""
        found = (path for path in self.profile_folder.rglob("*.md") if path.name != "PROFILE.md")
        return {str(path.relative_to(self.profile_folder)): path.read_bytes() for path in sorted(found)}

    def edit(self, path: str, old: str, new: str) -> None:
        """A person's editor, and the daemon that notices."""
        target = self.profile_folder / path
        target.write_text(target.read_text().replace(old, new))
        self.follow.catch_up()
        self.follow.commit(WEB)
        self.follow.catch_up()

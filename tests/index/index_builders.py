"""Small values for the index tests: memories, messages, and a source that holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer, models, pre_tokenizers

from sidecar.index import Filters, Index, Kind, MessageDoc, MessageGone, Replica, idf, stems
from sidecar.model import Memory, MemoryType, ProfileRef, Source, Status, Stored

WEB = ProfileRef("local", "web")
API = ProfileRef("local", "api")
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    """A moment of the tests' own calendar."""
    return START + timedelta(minutes=minutes)


def memory(identifier: str, content: str, *, profile: ProfileRef = WEB, **fields: object) -> Stored:
    """A stored memory whose hash follows its fields, as a file's would."""
    base = Memory(
        id=identifier,
        type=MemoryType.FACT,
        content=content,
        summary=content,
        created=at(0),
        observed=at(0),
        source=Source("transcript", "claude-code", "s1", "user"),
    )
    held = base.replace(**fields)
    sha256 = hashlib.sha256(repr(held).encode("utf-8", "surrogatepass")).hexdigest()
    return Stored(held, profile, f"facts/general/{identifier}.md", sha256)


def message(change: int, text: str, **fields: object) -> MessageDoc:
    """An archived message of the user's; its id follows the change unless one is given."""
    base = MessageDoc(
        change=change,
        id=f"m{change}",
        agent="claude-code",
        session="s1",
        profile=WEB,
        role="user",
        speaker="user",
        kind="text",
        time=at(change),
        text=text,
    )
    return replace(base, **fields)  # type: ignore[arg-type]


@dataclass
class Held:
    """A source in memory."""

    stored: list[Stored] = field(default_factory=list)
    changes: list[MessageDoc | MessageGone] = field(default_factory=list)

    def memories(self) -> Mapping[ProfileRef, Sequence[Stored]]:
        profiles = sorted({stored.profile for stored in self.stored})
        return {profile: [each for each in self.stored if each.profile == profile] for profile in profiles}

    def message_changes(self, after: int) -> Iterable[MessageDoc | MessageGone]:
        return [change for change in self.changes if change.change > after]


@dataclass
class Texts:
    """An archive in memory, which notes what it was asked for."""

    held: dict[int, str]
    identity: str = "one"
    ids: dict[int, str] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def texts(self, numbers: Sequence[int], characters: int) -> Mapping[int, tuple[str, str]]:
        self.asked += numbers
        held = {number: self.held[number][:characters] for number in numbers if number in self.held}
        return {number: (self.ids.get(number, f"m{number}"), text) for number, text in held.items()}


def found(
    index: Index | Replica,
    text: str,
    kind: Kind = "memory",
    *,
    profile: ProfileRef = WEB,
    filters: Filters | None = None,
    fields: Sequence[str] | None = None,
) -> list[str]:
    """The ids that a search by words gives, best first."""
    view, terms = index.view, stems(text)
    counts, size = view.frequencies(profile, terms)
    weights = {term: idf(max(size, 1), counts[term]) for term in terms}
    names = fields or (("content", "summary", "key", "queries", "keywords", "tags") if kind == "memory" else ("text",))
    hits = view.words(kind, profile, weights, dict.fromkeys(names, 1.0), filters or Filters(), 20)
    fetch = view.fetch_memories if kind == "memory" else view.fetch_messages
    documents = fetch([hit.row for hit in hits])
    return [documents[hit.row].id for hit in hits]


def tiny_model(folder: Path, *, seed: int = 7, dimensions: int = 8) -> Path:
    """A model2vec model of a few words, in a folder."""
    words = ["[UNK]", "pnpm", "workspace", "database", "port", "web", "deploy", "staging"]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    vectors = np.random.default_rng(seed).normal(size=(len(words), dimensions)).astype(np.float32)
    StaticModel(vectors, tokenizer, normalize=True).save_pretrained(folder)
    (folder / "README.md").unlink()
    return folder


def status(stored: Stored, new: Status, **fields: object) -> Stored:
    """The same memory with another status, as a new version of its file."""
    changed = stored.memory.replace(status=new, **fields)
    return replace(stored, memory=changed, sha256=stored.sha256 + new.value)

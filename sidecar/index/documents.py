"""What goes into the index and what comes out of it, as values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal, Protocol

from sidecar.model import MessageKind, ProfileRef, Role, Speaker, Stored
from sidecar.records import dataclass

Kind = Literal["memory", "message"]


@dataclass(frozen=True, slots=True)
class MessageDoc:
    """One archived message as the index wants it.

    `change` is the number of the archive's change that brought it.
    `number` is that of its text there (`Archive.texts`), 0 if it has none and the index keeps the text itself.
    `scope` tells messages of one agent apart whose ids are unique only within it.
    `forgotten`: every memory that came from it was forgotten, so it is not indexed; `superseded`: its memories are no
    longer current.
    """

    change: int
    id: str
    agent: str
    session: str
    profile: ProfileRef
    role: Role
    speaker: Speaker
    kind: MessageKind
    time: datetime | None
    text: str
    sidechain: bool = False
    forgotten: bool = False
    superseded: bool = False
    scope: str = ""
    number: int = 0

    @property
    def recallable(self) -> bool:
        """Whether recall may give it: a person's or the agent's own words.

        The prompts of sub-agents, tool output and what the system said can be found by `search` alone.
        """
        spoken = self.role in ("user", "assistant") and self.speaker in ("user", "assistant") and self.kind != "tool"
        return spoken and not self.sidechain


@dataclass(frozen=True, slots=True)
class MessageGone:
    """A message that the archive no longer has."""

    change: int
    agent: str
    id: str
    scope: str = ""


class Archive(Protocol):
    """Where the messages' texts lie, which are too large to be kept twice."""

    @property
    def identity(self) -> str:
        """Names the archive: the numbers of another one stand for other texts."""

    def texts(self, numbers: Sequence[int], characters: int) -> Mapping[int, tuple[str, str]]:
        """The ids of the messages with these numbers, and of their texts the beginnings, so many characters long.

        One that is gone is left out.
        """


class Source(Protocol):
    """What the index follows: the store's memories and the archive's changes."""

    def memories(self) -> Mapping[ProfileRef, Sequence[Stored]]:
        """The memories of every profile as they are now, of every status."""

    def message_changes(self, after: int) -> Iterable[MessageDoc | MessageGone]:
        """The changes of the archive with a greater number than `after`, in order; 0 gives all."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did.  `rebuilt`: the index was started anew, because it was gone or could not be used."""

    generation: int
    memories_written: int = 0
    memories_removed: int = 0
    messages_written: int = 0
    messages_removed: int = 0
    rebuilt: bool = False

    @property
    def changed(self) -> bool:
        """Whether an answer may differ from before."""
        written = self.memories_written + self.memories_removed + self.messages_written + self.messages_removed
        return self.rebuilt or written > 0


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is narrowed to.

    `types`: memory types, empty for all.  `session`: one session's.  `roles`: message roles, and `agent`: what was said
    in its sessions, both for the verbatim search.
    `until`: a moment in seconds since 1970: what was valid then (archived memories too), said up to then; without
    it, what is valid now.  `tags`: memories that have all of them.  `since`, `before`: what was said from the one
    moment on, up to the other, both in seconds since 1970 and counted in.
    """

    types: tuple[str, ...] = ()
    session: str | None = None
    roles: tuple[str, ...] = ()
    agent: str | None = None
    until: int | None = None
    tags: tuple[str, ...] = ()
    since: int | None = None
    before: int | None = None


def labels_of(wanted: Filters, always: Sequence[str] = ()) -> list[tuple[str, ...]]:
    """The labels that filters ask of a document, which has one of each group; `always`: that it must have besides."""
    single = list(always)
    if wanted.session is not None:
        single.append(f"session:{wanted.session}")
    if wanted.agent is not None:
        single.append(f"agent:{wanted.agent}")
    single += [f"tag:{tag}" for tag in wanted.tags]
    groups = [(label,) for label in single]
    return groups + [
        tuple(f"{name}:{value}" for value in values)
        for name, values in (("type", wanted.types), ("role", wanted.roles))
        if values
    ]


@dataclass(frozen=True, slots=True)
class State:
    """What is committed together with the documents.

    `generation` grows by one with each commit; `cursor` is the last change of the archive that is in;
    `next_row` the number for the next document; `documents` how many there are, and `live` how many of them have a row
    in the columns.
    """

    generation: int = 0
    cursor: int = 0
    next_row: int = 1
    documents: int = 0
    live: int = 0


@dataclass(frozen=True, slots=True)
class Lasting:
    """One state of an index's folder.

    `folder` is the folder's own name, which an index made anew has not; the numbers are the generations of its kinds.
    """

    folder: str
    memories: int
    messages: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A document for the index.

    `texts` by field, each of one text or several, one below the other; `labels` are exact words to filter by; `time`
    and `until` seconds since 1970; `payload` what `fetch` gives back.
    """

    row: int
    ident: str
    profile: int
    texts: Mapping[str, Sequence[str]]
    labels: Sequence[str]
    time: int
    until: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A document and its terms in each field that has any, in order, with repetitions."""

    entry: Entry
    terms: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """A row of the index and what a search made of it; the score's scale is the search's own."""

    row: int
    score: float


@dataclass(frozen=True, slots=True)
class IndexedMemory:
    """A memory as the index holds it."""

    id: str
    profile: ProfileRef
    type: str
    status: str
    content: str
    summary: str
    path: str
    sha256: str
    key: str | None
    observed: datetime
    effective: datetime
    valid_until: datetime | None
    agent: str | None
    session: str | None
    speaker: Speaker | None
    messages: tuple[str, ...]
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexedMessage:
    """A verbatim message as the index holds it."""

    id: str
    profile: ProfileRef
    agent: str
    session: str
    role: Role
    speaker: Speaker
    kind: MessageKind
    time: datetime | None
    content: str
    truncated: bool
    superseded: bool


def digest(*parts: str) -> int:
    """A 64-bit number that stands for some names in columns and terms."""
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest(), "big")


@lru_cache(maxsize=1024)
def profile_number(profile: ProfileRef) -> int:
    """The number that stands for a profile."""
    return digest(profile.namespace, profile.name)


def encodable(text: str) -> str:
    """The text with lone surrogates, which a transcript's JSON may hold, replaced: the engines take UTF-8 only."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")

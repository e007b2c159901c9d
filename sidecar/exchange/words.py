"""The words of the exchange."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from sidecar.model import MemoryType, Speaker
from sidecar.records import dataclass

Form = Literal["sidecar", "basic-memory", "claude", "mem0"]
"""Whose files they are."""

SHOWN = 80
"""Characters of what was left out that a report repeats: enough to find it again."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not taken along.  `what` is its beginning; `line` counts from 1, if it can be told."""

    path: str
    line: int | None
    what: str
    why: str
    hint: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What a memory of another program says.

    `record` names it there, the same each time it is read, so that it is known again; `agent` names the program.
    `type` None: its words decide.  `key` says that later statements of this key take its place.  `everywhere`: it holds
    for a person in all projects.
    """

    path: str
    line: int | None
    record: str
    agent: str
    content: str
    observed: datetime
    speaker: Speaker
    type: MemoryType | None = None
    summary: str | None = None
    key: str | None = None
    occurred: str | None = None
    session: str | None = None
    tags: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a profile: where it lies there, and its bytes.

    `source` and `line` say where it was read; of one that is to be exported `time` is what it was observed at.
    """

    path: str
    data: bytes
    source: str = ""
    line: int | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What one file holds."""

    path: str
    form: Form | None
    statements: tuple[Statement, ...] = ()
    pieces: tuple[Piece, ...] = ()
    left: tuple[LeftOut, ...] = ()


def digest(*parts: str) -> str:
    """A short name for some words: the same words, the same name."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def shortened(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1].rstrip()}…"

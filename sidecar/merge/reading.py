"""A tree of files as what it means: memories by id, tombstones by id, and whatever else lies there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from sidecar.frontmatter import Document, parse
from sidecar.model import Memory, ProfileRef, Tombstone
from sidecar.records import dataclass
from sidecar.store import tombstones
from sidecar.store.layout import PROFILE_FILE, in_archive, is_memory_path, is_tombstone_path

__all__ = ["PLACE", "PROFILE_FILE", "Grave", "Leaf", "Parts", "Tree", "digest", "leaf_of", "read"]

Tree = Mapping[str, bytes]
"""The files of a profile that git tracks: relative path -> bytes."""

PLACE: Final = ProfileRef("local", "merge")
"""Stands for the profile where a value wants one; its name is in no result."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A memory's file."""

    path: str
    data: bytes
    document: Document
    memory: Memory


@dataclass(frozen=True, slots=True)
class Grave:
    """A tombstone's file."""

    path: str
    data: bytes
    tombstone: Tombstone


@dataclass(slots=True)
class Parts:
    """One tree, sorted.  `others`: files that are no memories, also those that cannot be read as the memories they are.

    A second file with an id that another has is one of the `others`: it is nobody's memory, but somebody's text.
    """

    leaves: dict[str, Leaf] = field(default_factory=dict)
    graves: dict[str, Grave] = field(default_factory=dict)
    others: dict[str, bytes] = field(default_factory=dict)


def digest(data: bytes) -> str:
    """What tells two contents apart, and puts them in an order that no machine can choose."""
    return hashlib.sha256(data).hexdigest()


def leaf_of(path: str, data: bytes) -> Leaf | None:
    """The memory in a file; None if it is not a complete one."""
    document = parse(data)
    if not isinstance(document, Document) or document.missing:
        return None
    return Leaf(path, data, document, document.memory())


def read(tree: Tree) -> Parts:
    """Sort a tree."""
    parts = Parts()
    found: dict[str, list[Leaf]] = {}
    for path, data in sorted(tree.items()):
        leaf = leaf_of(path, data) if is_memory_path(path) else None
        if leaf is not None:
            found.setdefault(leaf.memory.id, []).append(leaf)
        elif is_tombstone_path(path):
            _bury(parts, path, data)
        else:
            parts.others[path] = data
    for identifier, leaves in found.items():
        first, *copies = _by_claim(leaves)
        parts.leaves[identifier] = first
        parts.others |= {copy.path: copy.data for copy in copies}
    return parts


def _by_claim(leaves: Iterable[Leaf]) -> list[Leaf]:
    """The files of one id, the one that counts first: docs/memory-format.md has the rule."""
    return sorted(leaves, key=lambda leaf: (in_archive(leaf.path), len(leaf.path), leaf.path))


def _bury(parts: Parts, path: str, data: bytes) -> None:
    found = tombstones.read(PLACE, path, data)
    if isinstance(found, Tombstone) and found.id not in parts.graves:
        parts.graves[found.id] = Grave(path, data, found)
    else:
        parts.others[path] = data

"""The whole of it: three trees in, one tree out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from sidecar.errors import BadMemoryFile
from sidecar.frontmatter import edit
from sidecar.identity import content_hash, normalized
from sidecar.merge.lives import Life, forgotten, grave_of, life_of, merged_life
from sidecar.merge.places import Piece, arranged, fixed_piece, memory_piece, other_piece
from sidecar.merge.profiles import merged_profile
from sidecar.merge.purges import merged_purges
from sidecar.merge.reading import PROFILE_FILE, Grave, Leaf, Parts, Tree, leaf_of, read
from sidecar.merge.values import three_way
from sidecar.merge.versions import Settle, contested_keys, revived, settled, touched_keys
from sidecar.model import Status
from sidecar.store.layout import PURGES_FILE


def merge(base: Tree, ours: Tree, theirs: Tree, settle: Settle, *, standing: Collection[str] = ()) -> dict[str, bytes]:
    """What both sides have made of `base` (empty for unrelated histories), as one tree.

    Symmetrical in `ours` and `theirs`.  `standing`: paths of further files that all three have alike and that are left
    out of the trees, so that a large profile need not be read for a small change; files of a key that either side has
    touched must not be among them.
    """
    if ours == theirs or theirs == base:
        return dict(ours)
    if ours == base:
        return dict(theirs)
    old, one, other = read(base), read(ours), read(theirs)
    _unite_twins(old, one, other)
    lives, rivals = _lives(old, one, other)
    buried = _bury_what_was_forgotten(old, one, other, lives)
    leaves = {identifier: life.leaf for identifier, life in lives.items() if life.leaf is not None}
    graves = {identifier: life.grave for identifier, life in lives.items() if life.grave is not None}
    leaves |= revived(one, other, old, leaves)
    leaves |= _kept(rivals, leaves, graves, standing)
    keys = touched_keys(old, one) & touched_keys(old, other)
    leaves = settled(leaves, keys | buried | contested_keys(leaves), settle)
    pieces = [*_memories(leaves, graves), *_others(old, one, other)]
    return arranged(pieces, standing)


def _lives(old: Parts, one: Parts, other: Parts) -> tuple[dict[str, Life], list[Leaf]]:
    identifiers = {name for parts in (old, one, other) for known in (parts.leaves, parts.graves) for name in known}
    lives: dict[str, Life] = {}
    rivals: list[Leaf] = []
    for identifier in sorted(identifiers):
        outcome = merged_life(*(life_of(parts, identifier) for parts in (old, one, other)))
        lives[identifier] = outcome.life
        rivals += outcome.rivals
    return lives, rivals


def _kept(
    rivals: list[Leaf], leaves: dict[str, Leaf], graves: dict[str, Grave], standing: Collection[str]
) -> dict[str, Leaf]:
    """The proposals that are new: not those that are known already, nor those that were turned down."""
    hashes = {grave.tombstone.content_hash for grave in graves.values()}
    standing_graves = {path.rpartition("/")[2].removesuffix(".yaml") for path in standing if "tombstones/" in path}
    return {
        rival.memory.id: rival
        for rival in rivals
        if rival.memory.id not in leaves.keys() | graves.keys() | standing_graves
        and content_hash(rival.memory.type, rival.memory.content) not in hashes
    }


def _unite_twins(old: Parts, one: Parts, other: Parts) -> None:
    """A file that a person wrote without an id, and that two machines took in, is one memory: under the smaller id."""
    fresh = {
        leaf.path: leaf for name, leaf in one.leaves.items() if name not in old.leaves and name not in other.leaves
    }
    for name, leaf in sorted(other.leaves.items()):
        twin = fresh.get(leaf.path)
        if twin is None or name in old.leaves or name in one.leaves:
            continue
        if twin.memory.type is leaf.memory.type and normalized(twin.memory.content) == normalized(leaf.memory.content):
            smaller = min(name, twin.memory.id)
            for parts, known in ((one, twin), (other, leaf)):
                _rename(parts, known, smaller)


def _rename(parts: Parts, leaf: Leaf, identifier: str) -> None:
    try:
        found = leaf_of(leaf.path, edit(leaf.document, {"id": identifier}))
    except BadMemoryFile:
        return
    if found is not None:
        del parts.leaves[leaf.memory.id]
        parts.leaves[identifier] = found


def _bury_what_was_forgotten(old: Parts, one: Parts, other: Parts, lives: dict[str, Life]) -> set[str]:
    """What a machine learned on one side while the other side forgot the very words is forgotten; returns its keys.

    A person's explicit word stands: who tells something again wants it back.
    """
    keys: set[str] = set()
    for learned, forgot in ((one, other), (other, one)):
        hashes = {
            g.tombstone.content_hash: g.tombstone for i, g in sorted(forgot.graves.items()) if i not in old.graves
        }
        for identifier, leaf in sorted(learned.leaves.items()):
            memory, life = leaf.memory, lives[identifier]
            known = identifier in old.leaves or identifier in forgot.leaves or life.leaf is None
            if known or memory.source.origin in ("remember", "hand") or memory.edited is not None:
                continue
            tombstone = hashes.get(content_hash(memory.type, memory.content))
            if tombstone is not None and memory.status is not Status.FORGOTTEN and life.leaf is not None:
                gone = forgotten(life.leaf)
                lives[identifier] = replace(life, leaf=gone, grave=life.grave or grave_of(gone, tombstone))
                keys |= {memory.key} if memory.key is not None else set()
    return keys


def _memories(leaves: dict[str, Leaf], graves: dict[str, Grave]) -> Iterator[Piece]:
    for identifier, leaf in leaves.items():
        yield memory_piece(identifier, leaf.path, leaf.data)
    for grave in graves.values():
        yield fixed_piece(grave.path, grave.data)


def _others(old: Parts, one: Parts, other: Parts) -> Iterator[Piece]:
    """Files that are no memories, path by path: a change is stronger than a removal, two changes lie side by side."""
    for path in sorted(old.others.keys() | one.others.keys() | other.others.keys()):
        before, mine, yours = (parts.others.get(path) for parts in (old, one, other))
        if path == PROFILE_FILE and mine is not None and yours is not None:
            yield fixed_piece(path, merged_profile(before, mine, yours))
        elif path == PURGES_FILE and mine is not None and yours is not None and (both := merged_purges(mine, yours)):
            yield fixed_piece(path, both)
        elif mine is not None and yours is not None and len({before, mine, yours}) == 3:
            yield other_piece(path, mine)
            yield other_piece(path, yours)
        else:
            kept = three_way(before, mine, yours, lambda a, b: a if b is None else b)
            if kept is not None:
                yield fixed_piece(path, kept) if path == PROFILE_FILE else other_piece(path, kept)

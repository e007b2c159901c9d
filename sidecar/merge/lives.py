"""One memory of three trees: its file and its tombstone, which decide together what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sidecar.errors import BadMemoryFile
from sidecar.frontmatter import edit, render
from sidecar.identity import content_hash, memory_id, normalized
from sidecar.merge.documents import merged
from sidecar.merge.reading import Grave, Leaf, Parts, digest, leaf_of
from sidecar.merge.values import three_way, united
from sidecar.model import Memory, Status, Tombstone
from sidecar.records import dataclass
from sidecar.store import tombstones
from sidecar.store.layout import RETIRED, archived, path_for, tombstone_path, unarchived

_SUMMARY_LENGTH: Final = 120


@dataclass(frozen=True, slots=True)
class Life:
    """What a tree holds of one id."""

    leaf: Leaf | None = None
    grave: Grave | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of it; `rivals` are other words for the same memory, kept as proposals."""

    life: Life
    rivals: tuple[Leaf, ...] = ()


def life_of(parts: Parts, identifier: str) -> Life:
    """What a tree holds of an id."""
    return Life(parts.leaves.get(identifier), parts.graves.get(identifier))


def same_life(one: Life, other: Life) -> bool:
    """Whether the two are the same files."""
    return _files(one) == _files(other)


def merged_life(base: Life, one: Life, other: Life) -> Outcome:
    """One id of three trees."""
    if same_life(one, other) or same_life(other, base):
        return Outcome(one)
    if same_life(one, base):
        return Outcome(other)
    grave = _grave(base.grave, one.grave, other.grave)
    leaf: Leaf | None
    rivals: tuple[Leaf, ...] = ()
    if one.leaf is not None and other.leaf is not None:
        leaf, rivals = _leaf(base.leaf, one.leaf, other.leaf)
    else:
        leaf = _remaining(base.leaf, one.leaf or other.leaf, buried=grave is not None)
    if leaf is not None and grave is not None:
        leaf = forgotten(leaf)
    elif leaf is not None and leaf.memory.status is Status.FORGOTTEN:
        grave = grave_of(leaf)
    return Outcome(Life(leaf, grave), rivals)


def forgotten(leaf: Leaf) -> Leaf:
    """The memory as a forgotten one, in the archive.  Nobody loses the words; nobody is reminded of them either."""
    return revised(leaf, {"status": Status.FORGOTTEN})


def grave_of(leaf: Leaf, like: Tombstone | None = None) -> Grave:
    """The tombstone of a forgotten memory; its time is what all machines can know."""
    memory = leaf.memory
    time = memory.effective if like is None else like.time
    tombstone = Tombstone(memory.id, content_hash(memory.type, memory.content), time, memory.source.messages)
    return Grave(tombstone_path(memory.id, private=False), tombstones.render(tombstone), tombstone)


def revised(leaf: Leaf, changes: dict[str, object]) -> Leaf:
    """The file with some keys changed, where it then belongs; unchanged if it is laid out too oddly for that."""
    try:
        found = leaf_of(leaf.path, edit(leaf.document, changes))
    except BadMemoryFile:
        return leaf
    return leaf if found is None else placed(found, leaf.path)


def placed(leaf: Leaf, path: str) -> Leaf:
    """The file at that path, in the archive if its status says so and outside of it if not."""
    return replace(leaf, path=archived(path) if leaf.memory.status in RETIRED else unarchived(path))


def _files(life: Life) -> tuple[tuple[str, bytes] | None, ...]:
    return tuple(None if file is None else (file.path, file.data) for file in (life.leaf, life.grave))


def _grave(base: Grave | None, one: Grave | None, other: Grave | None) -> Grave | None:
    """A tombstone that either side has set stands; one that either side has lifted is gone."""
    if (one is None) is (other is None):
        return one if one is None or other is None else _joined(base, one, other)
    return None if base is not None else one or other


def _joined(base: Grave | None, one: Grave, other: Grave) -> Grave:
    path = three_way("" if base is None else base.path, one.path, other.path, min)
    if one.data == other.data:
        return replace(one, path=path)
    first, second = one.tombstone, other.tombstone
    tombstone = Tombstone(
        first.id,
        min(first.content_hash, second.content_hash),
        min(first.time, second.time),
        united(base.tombstone.messages if base else (), first.messages, second.messages),
    )
    return Grave(path, tombstones.render(tombstone), tombstone)


def _remaining(base: Leaf | None, left: Leaf | None, *, buried: bool) -> Leaf | None:
    """The file that one side alone still has, or has alone.

    Removed by the other side, it goes if it is as it was.  A change of it is stronger than a silent removal; against a
    tombstone only words are, that nobody has forgotten yet.
    """
    if left is None or base is None:
        return left
    if buried:
        return None if _words(left) == _words(base) else left
    return None if (left.path, left.data) == (base.path, base.data) else left


def _words(leaf: Leaf) -> tuple[str, object]:
    return leaf.document.body, leaf.memory.edited


def _leaf(base: Leaf | None, one: Leaf, other: Leaf) -> tuple[Leaf, tuple[Leaf, ...]]:
    """Both sides have the file, and at least one of them has changed it."""
    body, losers = _body(base, one, other)
    data = merged(None if base is None else base.document, one.document, other.document, body)
    path = three_way(
        "" if base is None else unarchived(base.path), unarchived(one.path), unarchived(other.path), _shorter
    )
    leaf = leaf_of(path, data)
    if leaf is None or leaf.memory.id != one.memory.id:
        raise AssertionError(f"the merge of {one.path} and {other.path} cannot be read")
    return placed(leaf, path), tuple(_rivals(losers))


def _body(base: Leaf | None, one: Leaf, other: Leaf) -> tuple[str, list[Leaf]]:
    """The later words, and those that lose against them."""
    before = None if base is None else base.document.body
    bodies = one.document.body, other.document.body
    if bodies[0] == bodies[1] or bodies[1] == before:
        return bodies[0], []
    if bodies[0] == before:
        return bodies[1], []
    loser, winner = sorted((one, other), key=_lateness)
    if normalized(loser.memory.content) == normalized(winner.memory.content):
        return winner.document.body, []
    return winner.document.body, [loser]


def _lateness(leaf: Leaf) -> tuple[object, str]:
    return leaf.memory.effective, digest(leaf.document.body.encode())


def _shorter(one: str, other: str) -> str:
    return min(one, other, key=lambda path: (len(path), path))


def _rivals(losers: list[Leaf]) -> Iterator[Leaf]:
    for loser in losers:
        memory = rival(loser.memory)
        found = leaf_of(path_for(memory), render(memory))
        if found is not None:
            yield found


def rival(loser: Memory) -> Memory:
    """Words that lost against later ones, as a proposal of their own: the same id and file on every machine.

    It says what it would supersede.  What may differ between two that hold the same words stays with the memory itself:
    its source messages, and when the file and the words were written.
    """
    return Memory(
        id=memory_id(loser.type, f"{loser.id} {loser.content}", loser.observed),
        type=loser.type,
        content=loser.content,
        summary=_first_line(loser.content),
        created=loser.observed,
        observed=loser.observed,
        source=replace(loser.source, messages=()),
        key=loser.key,
        status=Status.PROPOSED,
        supersedes=loser.id,
    )


def _first_line(content: str) -> str:
    line = next((text.strip(" \t#>*+-") for text in content.splitlines() if text.strip(" \t#>*+-")), content.strip())
    return line if len(line) <= _SUMMARY_LENGTH else f"{line[: _SUMMARY_LENGTH - 1].rstrip()}…"

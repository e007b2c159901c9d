"""Several versions under one key, of which both sides have touched some: one is active in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sidecar.merge.lives import revised
from sidecar.merge.reading import PLACE, Leaf, Parts
from sidecar.model import Add, Change, Revise, Skip, Status, Stored, Supersede

Settle = Callable[[Sequence[Stored]], Sequence[Change]]
"""The rule of section 3 of the contract: what makes one of these versions the active one."""


def touched_keys(base: Parts, side: Parts) -> set[str]:
    """Keys under which a side has changed, added or removed a memory."""
    keys: set[str] = set()
    for identifier in base.leaves.keys() | side.leaves.keys():
        before, after = base.leaves.get(identifier), side.leaves.get(identifier)
        if before is None or after is None or before.data != after.data:
            keys |= {leaf.memory.key for leaf in (before, after) if leaf is not None and leaf.memory.key is not None}
    return keys


def revived(one: Parts, other: Parts, old: Parts, leaves: Mapping[str, Leaf]) -> dict[str, Leaf]:
    """What one side has as active and the other as superseded by something that is gone by now: it is active.

    Only where no common past says which of the two is the change.
    """
    found: dict[str, Leaf] = {}
    for identifier in sorted((one.leaves.keys() & other.leaves.keys() & leaves.keys()) - old.leaves.keys()):
        leaf = leaves[identifier]
        statuses = {side.leaves[identifier].memory.status for side in (one, other)}
        by = leaves.get(leaf.memory.superseded_by or "")
        gone = by is None or by.memory.status is Status.FORGOTTEN
        if statuses == {Status.ACTIVE, Status.SUPERSEDED} and leaf.memory.status is Status.SUPERSEDED and gone:
            found[identifier] = revised(leaf, {"status": Status.ACTIVE, "superseded_by": None, "valid_until": None})
    return found


def contested_keys(leaves: Mapping[str, Leaf]) -> set[str]:
    """Keys under which more than one memory is active."""
    counts = Counter(leaf.memory.key for leaf in leaves.values() if leaf.memory.status is Status.ACTIVE)
    return {key for key, count in counts.items() if key is not None and count > 1}


def settled(leaves: Mapping[str, Leaf], keys: set[str], settle: Settle) -> dict[str, Leaf]:
    """The memories with these keys settled."""
    found = dict(leaves)
    for key in sorted(keys):
        versions = [leaf for _, leaf in sorted(found.items()) if leaf.memory.key == key]
        if all(leaf.memory.status is not Status.ACTIVE for leaf in versions):
            continue  # the current one was forgotten; what it had superseded does not come back by that
        for change in settle([_stored(leaf) for leaf in versions]):
            _apply(found, change)
    return found


def _stored(leaf: Leaf) -> Stored:
    return Stored(leaf.memory, PLACE, leaf.path, "")


def _apply(leaves: dict[str, Leaf], change: Change) -> None:
    match change:
        case Supersede():
            fields = {
                **change.fields,
                "status": Status.SUPERSEDED,
                "superseded_by": change.by,
                "valid_until": change.valid_until,
            }
        case Revise():
            fields = dict(change.fields)
        case Add() | Skip():
            return
    identifier = change.target.memory.id
    leaves[identifier] = revised(leaves[identifier], fields)

"""Two lists of purges: together, in an order that no machine can choose."""

from __future__ import annotations

from sidecar.errors import BadMemoryFile, FormatTooNew
from sidecar.merge.reading import PLACE
from sidecar.store import purges


def merged_purges(one: bytes, other: bytes) -> bytes | None:
    """Every purge that either side has recorded, the one list that can be read, or None if neither can."""
    if one == other:
        return one
    lists = {data: found for data in (one, other) if (found := _read(data)) is not None}
    if len(lists) < 2:
        return next(iter(lists), None)
    both = [*lists[one], *lists[other]]
    known = {(purge.time, purge.old, purge.new): purge for purge in both}
    return purges.render([known[key] for key in sorted(known)])


def _read(data: bytes) -> list[purges.Purge] | None:
    try:
        return purges.read(PLACE, data)
    except (BadMemoryFile, FormatTooNew):
        return None

"""Two lists of purges: together, in an order that no machine can choose."""

from __future__ import annotations

from sidecar.errors import BadMemoryFile, FormatTooNew
from sidecar.merge.reading import PLACE
from sidecar.store import purges


def merged_purges(one: bytes, other: bytes) -> bytes | None:
    """Every purge that either side has recorded; None if a list cannot be read."""
    if one == other:
        return one
    try:
        both = [*purges.read(PLACE, one), *purges.read(PLACE, other)]
    except (BadMemoryFile, FormatTooNew):
        return None
    known = {(purge.time, purge.old, purge.new): purge for purge in both}
    return purges.render([known[key] for key in sorted(known)])

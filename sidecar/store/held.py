"""New files that wait to be written together: known to the catalog, and not on the disk yet.

A file that is written alone takes three syncs: its note in the journal, its bytes, its folder.  Of many that come
within a moment the notes are one, folders are synced once each, and a journalling file system puts the bytes of
several down at once.  The order stays that of a single one, and nobody is answered before all of it is done.
"""

from __future__ import annotations

from dataclasses import field
from typing import NamedTuple

from sidecar.records import dataclass
from sidecar.store.words import WriteContext


class Waiting(NamedTuple):
    """A file's bytes, and what git is told of the memory `identifier` once they are on the disk."""

    data: bytes
    context: WriteContext
    told: str
    identifier: str


@dataclass(slots=True, eq=False)
class Held:
    """What waits, by path, and what went wrong with some that were written: these are known no longer."""

    files: dict[str, Waiting] = field(default_factory=dict)
    failed: dict[str, BaseException] = field(default_factory=dict)

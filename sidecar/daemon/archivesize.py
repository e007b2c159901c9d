"""How large the archive is, for `status`, which is asked every second and must not look at every message each time."""

from __future__ import annotations

import time

from sidecar.journal import Journal, Kept

_LOOK_SHARE = 20
"""What was seen is believed for twenty times as long as the look took: the archive may hold a million messages."""


class ArchiveSize:
    """Looks at the archive when it has changed, and not too often while it does."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._seen: tuple[int, Kept] | None = None
        self._look_again_at = 0.0

    def kept(self) -> Kept:
        """What the archive holds, at this moment or shortly before."""
        change, begun = self._journal.last_change(), time.monotonic()
        if self._seen is not None and (self._seen[0] == change or begun < self._look_again_at):
            return self._seen[1]
        kept = self._journal.kept()
        self._seen = change, kept
        ended = time.monotonic()
        self._look_again_at = ended + (ended - begun) * _LOOK_SHARE
        return kept

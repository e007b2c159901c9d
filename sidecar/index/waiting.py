"""What was added and is not committed yet: found from memory at once, written when there is more or time for it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from sidecar.index.block import Rows
from sidecar.index.documents import Entry
from sidecar.index.fresh import Fresh, Pool
from sidecar.index.lexical import cut
from sidecar.records import dataclass

_DOCUMENTS_AT_MOST = 64
"""Beside so many, a recall's searches take up to half a millisecond longer; a commit costs each of them a third of
that."""

_CHARACTERS_AT_MOST = 200_000
"""Of the texts of all of them, of which memory holds some ten times as many bytes."""

_SHARE = 8
"""One such part of what is written, at most: more would count in the averages that the engine's scores are made of."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Documents that memory alone has; `rows`: those of the columns, a part for each change that waits."""

    fresh: Pool = Pool()
    rows: tuple[Rows, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rows)

    def takes(self, entries: Sequence[Entry], removed: Sequence[int], written: int) -> bool:
        """Whether some more may wait beside so many documents that are written.

        Not if some of these are removed: what was forgotten must not be found again after a kill.
        """
        most = min(_DOCUMENTS_AT_MOST, written // _SHARE)
        if max(len(self.rows) + 1, len(self.fresh.documents) + len(entries)) > most or self.written(removed):
            return False
        held = chain((one.cut.entry for one in self.fresh.documents), entries)
        texts = chain.from_iterable(texts for entry in held for texts in entry.texts.values())
        return sum(map(len, texts)) <= _CHARACTERS_AT_MOST

    def written(self, rows: Sequence[int]) -> list[int]:
        """Which of some rows do not wait, and so are in the folder."""
        waiting = {one.row for one in self.fresh.documents}
        return [row for row in rows if row not in waiting]

    def without(self, removed: Sequence[int]) -> Waiting:
        """What waits once some rows are removed."""
        if len(self.written(removed)) == len(removed):
            return self
        fresh = Pool().joined([one for one in self.fresh.documents if one.row not in removed])
        return Waiting(fresh, tuple(part.chosen(~np.isin(part.numbers["row"], removed)) for part in self.rows))

    def joined(self, entries: Sequence[Entry], rows: Rows) -> Waiting:
        """What waits, and some more of it."""
        return Waiting(self.fresh.joined([Fresh(cut(entry)) for entry in entries]), (*self.rows, rows))

"""The end of a batch: documents that carry changed words as their context get a new change number too."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from sidecar.journal.claims import Batch, Thread
from sidecar.journal.database import Row

LIVE_TALK = "talk AND NOT withdrawn AND NOT gone"
"""Words of the user or the assistant that count as context of their neighbours."""


def finish(batch: Batch) -> None:
    """Renumber the neighbours of what the batch touched, and save the counters."""
    for thread, positions in sorted(batch.touched.items()):
        rows = _around(batch, thread, min(positions), max(positions))
        stale = sorted({row["number"] for row in _beside(rows, sorted(positions)) if row["change"] <= batch.base})
        batch.connection.executemany(
            "UPDATE messages SET change = ? WHERE number = ?", [(batch.next_change(), number) for number in stale]
        )
    batch.connection.executemany(
        "UPDATE counters SET value = ? WHERE name = ?", [(batch.seq, "seq"), (batch.change, "change")]
    )


def _around(batch: Batch, thread: Thread, first: int, last: int) -> list[Row]:
    """The messages of a thread from the last words before `first` to the first words after `last`."""
    scope = "session = ? AND file = ? AND sidechain = ?"
    low = batch.connection.execute(
        f"SELECT position FROM messages WHERE {scope} AND position < ? AND {LIVE_TALK} ORDER BY position DESC LIMIT 1",
        (*thread, first),
    ).fetchone()
    high = batch.connection.execute(
        f"SELECT position FROM messages WHERE {scope} AND position > ? AND {LIVE_TALK} ORDER BY position LIMIT 1",
        (*thread, last),
    ).fetchone()
    bounds = ("" if low is None else " AND position >= ?") + ("" if high is None else " AND position <= ?")
    limits = [row["position"] for row in (low, high) if row is not None]
    return batch.connection.execute(
        f"SELECT number, position, change, {LIVE_TALK} AS live FROM messages WHERE {scope}{bounds}"
        " ORDER BY position, number",
        (*thread, *limits),
    ).fetchall()


def _beside(rows: Sequence[Row], positions: Sequence[int]) -> Iterator[Row]:
    """The rows at each position, and those on both sides up to the nearest words."""
    places = [row["position"] for row in rows]
    for position in positions:
        start, end = bisect_left(places, position), bisect_right(places, position)
        yield from rows[start:end]
        for row in reversed(rows[:start]):
            yield row
            if row["live"]:
                break
        for row in rows[end:]:
            yield row
            if row["live"]:
                break

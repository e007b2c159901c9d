"""What the model has cost: seconds of its time and the text that it went through, minute by minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from sidecar.journal.codec import micros, moment
from sidecar.journal.database import Database
from sidecar.journal.values import ModelUse

_MINUTE = 60_000_000
_SECOND = 1_000_000

_KEPT = timedelta(days=7)
"""How long the figures are kept: the budget looks at an hour, the speed of the machine at some days."""


class Usage:
    """The part of the journal that keeps account of the model's time, so that a restart gives no new budget."""

    _db: Database

    def note_model(self, at: datetime, *, seconds: float = 0.0, characters: int = 0) -> None:
        """Add what a call of the model took, or the text that it is through with, to the minute of `at`."""
        now = cast("int", micros(at))
        with self._db.writing() as connection:
            connection.execute(
                "INSERT INTO model_use VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET"
                " micros = micros + excluded.micros, characters = characters + excluded.characters",
                (now - now % _MINUTE, round(seconds * _SECOND), characters),
            )
            connection.execute("DELETE FROM model_use WHERE minute < ?", (micros(at - _KEPT),))

    def model_use(self, since: datetime) -> list[ModelUse]:
        """What was used in the minutes that began after `since`, in their order; at most of the last seven days."""
        with self._db.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM model_use WHERE minute > ? ORDER BY minute", (micros(since),)
            ).fetchall()
        return [
            ModelUse(cast("datetime", moment(row["minute"])), row["micros"] / _SECOND, row["characters"])
            for row in rows
        ]

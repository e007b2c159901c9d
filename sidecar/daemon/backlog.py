"""How long the model will take for what waits, in words for `status`."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.journal import Backlog, ModelUse

_MEASURED_CHARACTERS = 2000
"""Text that the model must have gone through before its speed says anything."""

_WORTH_SAYING_S = 600.0
"""What takes less is soon done, and needs no words."""

_HOUR_S = 3600.0
_MINUTE_S = 60.0


def estimate(backlog: Backlog, used: Sequence[ModelUse], *, budget_s: float, cpu: bool) -> str | None:
    """What the back-log will take, judged by what the model has taken so far; None if that is not worth saying.

    `budget_s` is how many seconds of each hour the model may work.  `cpu`: the model runs on the processor alone, which
    is worth a word before anything has been measured.
    """
    if backlog.sessions == 0:
        return None
    waiting = f"{backlog.sessions:,} {'session waits' if backlog.sessions == 1 else 'sessions wait'}"
    slowly = " The model runs on the processor alone." if cpu else ""
    characters = sum(use.characters for use in used)
    if characters < _MEASURED_CHARACTERS:
        return f"{waiting}.{slowly}" if cpu else None
    per_thousand = sum(use.seconds for use in used) / characters * 1000
    seconds = backlog.characters / 1000 * per_thousand
    if seconds < _WORTH_SAYING_S:
        return None
    speed = f"{per_thousand:.2g} s for 1,000 characters"
    rest = ""
    if 0 < budget_s < _HOUR_S:
        rest = f"; with {_length(budget_s)} an hour about {_length(seconds * _HOUR_S / budget_s)}"
    return f"{waiting}, about {_length(seconds)} of model time ({speed}){rest}. The newest go first.{slowly}"


def _length(seconds: float) -> str:
    """A length of time in minutes, or hours, or days, rounded as an estimate deserves."""
    if seconds < 1.5 * _HOUR_S:
        return f"{max(round(seconds / _MINUTE_S), 1)} min"
    if seconds < 48 * _HOUR_S:
        return f"{round(seconds / _HOUR_S)} h"
    return f"{round(seconds / _HOUR_S / 24)} days"

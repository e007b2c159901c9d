"""Waiting for a database that its agent is writing to at this moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

from sidecar.errors import TranscriptBusy

T = TypeVar("T")

BUSY: Final = "its agent is writing to it at this moment"
"""Why a file cannot be read, in words."""

BUSY_HINT: Final = "Try again in a moment, or once its agent has ended."

_TRIES: Final = 20
_PAUSE_S: Final = 0.1
"""A transaction of an agent takes milliseconds; one that lasts longer than two seconds is told."""


async def patiently(path: Path, attempt: Callable[[], Awaitable[T]]) -> T:
    """What the attempt gives, once the file can be read.

    Raises:
        TranscriptBusy: it is still being written after two seconds.
    """
    for _ in range(_TRIES - 1):
        try:
            return await attempt()
        except TranscriptBusy:
            await asyncio.sleep(_PAUSE_S)
    try:
        return await attempt()
    except TranscriptBusy as error:
        raise TranscriptBusy(path=path, why=BUSY, hint=BUSY_HINT) from error

"""Recall with the model of the settings: in threads of its own, within a time that a person waits.

Nothing of it is on the path of `low`, and none of its threads is one in which others read: whoever waits for a model
keeps nobody else waiting.  What it needs of extraction is imported late (see `later`): no first answer waits for it.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sidecar.config import Extract
from sidecar.daemon.extraction import Extraction
from sidecar.extract.model import Model
from sidecar.recall import Recall, RecallAnswer, RecallRequest, without_model

if TYPE_CHECKING:
    from sidecar.recall.thinking import Fit, Level

LIMIT_S = 30.0
"""Seconds for all questions of one recall, with the wait for a call of the extraction: as long as a person waits."""

_AT_ONCE = 4
"""Recalls that may wait for the model at the same time; it answers them one after the other."""


class Thinker:
    """Asks the model for recalls; `close` ends the running call, and every later one at once."""

    def __init__(self, recall: Recall, settings: Extract, extraction: Extraction) -> None:
        self._recall, self._extraction, self._model = recall, extraction, _model(settings)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sidecar-thinking")

    async def think(self, request: RecallRequest, low: RecallAnswer, level: Level, fit: Fit) -> RecallAnswer:
        """The answer at `level` to what `low` has answered; never an error of the model, but `low` with a note.

        `fit`: those of some candidates that will be given.
        """
        if self._model is None or not (low.hits or self._extraction.has_model):
            return without_model(low)
        from sidecar.extract.llm.recalling import Asker
        from sidecar.recall.thinking import Thinking

        asker = Asker(self._model, time.monotonic() + LIMIT_S)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, Thinking(self._recall), request, low, level, asker, fit)

    def close(self) -> None:
        """End the running call soon; who waits is answered as at `low`."""
        if self._model is not None:
            self._model.close()


def _model(settings: Extract) -> Model | None:
    """The model that the settings name; None where they say that no model works and name none for recall."""
    by_model = settings.extractor in ("auto", "ollama")
    name = settings.recall_model or (settings.model if by_model else None)
    if name is None:
        return None
    return Model(
        settings.host,
        name,
        stall_s=settings.stall_seconds,
        timeout_s=LIMIT_S,
        allow_remote=settings.allow_remote,
    )

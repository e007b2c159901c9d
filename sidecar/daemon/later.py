"""What is imported once the daemon answers: no first answer waits for it, and nothing is imported long after the start.

A daemon runs for weeks, and meanwhile its package may be replaced on the disk.  What it imported then would be of
another version than what it holds; so what may be needed at some time is imported right after the start, by a thread of
its own, or when settings are read again that need it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import import_module

from sidecar.config import Config

_QUIET_S = 1.0
"""Whoever waits for the start asks within this time, and an import beside would keep the answer waiting."""

_ALWAYS = ("sidecar.index.static", "sidecar.daemon.openapi")
_OF_A_MODEL = (
    "sidecar.extract.transport",
    "sidecar.extract.llm.extractor",
    "sidecar.extract.llm.judge",
    "sidecar.extract.llm.recalling",
    "sidecar.recall.thinking",
)
"""The client library itself is imported by the first look for a model's server, which follows the start, too."""


class Later:
    """The service that imports what is needed later."""

    def __init__(self, config: Config, quiet_s: float = _QUIET_S) -> None:
        self._config, self._quiet_s = config, quiet_s
        self._changed = asyncio.Event()

    def adopt(self, config: Config) -> None:
        """What new settings need is imported as well."""
        self._config = config
        self._changed.set()

    async def serve(self) -> None:
        """Run until cancelled."""
        await asyncio.sleep(self._quiet_s)
        while True:
            self._changed.clear()
            await asyncio.to_thread(_import, needed(self._config))
            await self._changed.wait()


def needed(config: Config) -> Sequence[str]:
    """The modules that are needed at some time with these settings, beside those that `app` brings."""
    by_model = config.extract.extractor in ("auto", "ollama") or config.extract.recall_model
    return (*_ALWAYS, *_OF_A_MODEL) if by_model else _ALWAYS


def _import(names: Sequence[str]) -> None:
    for name in names:
        import_module(name)

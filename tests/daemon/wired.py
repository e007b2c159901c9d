"""The daemon's parts, wired as the daemon wires them, in this process and without its loop of services."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from sidecar.config import Config, Extract
from sidecar.daemon.app import Daemon
from sidecar.daemon.parts import Parts
from sidecar.daemon.service import Service
from sidecar.paths import resolve

RULES = Config(extract=Extract(extractor="rules"))
HANG_S = 60.0
"""No test waits longer than this for anything; far above what it takes."""


@dataclass
class Wired:
    parts: Parts
    service: Service

    @contextlib.asynccontextmanager
    async def at_work(self, *names: str):
        """Run some of the services meanwhile: `watch`, `model`, `extract`, `follow`."""
        serving = {
            "watch": self.parts.intake.serve,
            "model": self.parts.extraction.serve,
            "extract": self.parts.learner.serve,
            "follow": self.parts.keeper.serve,
        }
        tasks = [asyncio.create_task(serving[name]()) for name in names]
        try:
            yield
            assert [task.exception() for task in tasks if task.done()] == [], "the services go on"
        finally:
            self.parts.extraction.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def within(folder: Path, scenario: Callable[[Wired], Awaitable[None]], config: Config = RULES) -> None:
    """Run a scenario on fresh parts below a folder."""

    async def main(daemon: Daemon) -> None:
        whole = daemon._made_whole(asyncio.Event())
        await asyncio.wait_for(scenario(Wired(whole.parts, whole.service)), 2 * HANG_S)

    with contextlib.closing(Daemon(resolve({"SIDECAR_HOME": str(folder / "sidecar")}), config)) as daemon:
        asyncio.run(main(daemon))


async def until(test: Callable[[], object]) -> None:
    """Wait for something to be so."""
    for _ in range(int(HANG_S * 50)):
        if await asyncio.to_thread(test):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("waited in vain")

"""Long-running parts as named services: one owner task each, restarted with back-off, their state in `status`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from sidecar.errors import SidecarError
from sidecar.records import dataclass

log = logging.getLogger(__name__)

_FIRST_DELAY_S = 0.5
_LAST_DELAY_S = 60.0
"""Back-off between restarts: doubling from half a second to a minute, so that a lasting fault does not burn a core."""

_HEALTHY_AFTER_S = 60.0
"""A service that ran this long before it failed starts again with the first delay."""

State = Literal["starting", "running", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What `status` shows of a service."""

    name: str
    state: State
    since: datetime
    error: str | None = None


async def contained(work: Awaitable[object]) -> Exception | None:
    """The exception with which a piece of a service's work ended, or None.

    For work on one file or one session: whatever is wrong with it, even a bug of ours, must not stop the others.
    """
    try:
        await work
    except Exception as error:
        return error
    return None


def told(error: Exception) -> str:
    """An error in one line: ours tell their message; of others the type must do, as they may quote people's words."""
    return error.message if isinstance(error, SidecarError) else f"a fault in sidecar ({type(error).__name__})"


class Supervisor:
    """Runs services until it is stopped; a failure of one never stops another."""

    def __init__(self) -> None:
        self._factories: dict[str, Callable[[], Awaitable[None]]] = {}
        self._states: dict[str, ServiceState] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, name: str, serve: Callable[[], Awaitable[None]]) -> None:
        """Register a service; `serve` runs until it is cancelled."""
        self._factories[name] = serve
        self._set(name, "starting")

    def start(self) -> None:
        """Start every service as a task of the running loop."""
        self._tasks = [
            asyncio.get_running_loop().create_task(self._keep(name, serve), name=f"service {name}")
            for name, serve in self._factories.items()
        ]

    async def stop(self) -> None:
        """Cancel all services and wait until each has ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for name in self._factories:
            self._set(name, "stopped")

    @property
    def states(self) -> Mapping[str, ServiceState]:
        """The present state of each service, by name."""
        return dict(self._states)

    async def _keep(self, name: str, serve: Callable[[], Awaitable[None]]) -> None:
        delay, loop = _FIRST_DELAY_S, asyncio.get_running_loop()
        while True:
            started = loop.time()
            self._set(name, "running")
            try:
                await serve()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._failed(name, error)
            else:
                self._set(name, "stopped")
                return
            delay = _FIRST_DELAY_S if loop.time() - started > _HEALTHY_AFTER_S else min(delay * 2, _LAST_DELAY_S)
            await asyncio.sleep(delay)

    def _failed(self, name: str, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        before = self._states[name]
        self._set(name, "failed", text)
        if before.error != text:
            # A repeated failure is logged once; `status` keeps showing it.
            log.error("service failed", exc_info=error, extra={"service": name})

    def _set(self, name: str, state: State, error: str | None = None) -> None:
        known = self._states.get(name)
        if error is None and state == "running" and known is not None and known.error is not None:
            # The last error stays visible while the restarted service proves itself.
            self._states[name] = replace(known, state=state, since=datetime.now(UTC))
            return
        self._states[name] = ServiceState(name, state, datetime.now(UTC), error)

"""What extracts now: a model where there is one, the rules where not, or nobody for a while.

Looks for the model server now and then, keeps the model's budget of time, leaves a machine that runs on its battery
alone, and says in `status` what is in the way and what to do about it.  Nothing is lost by any of that: sessions wait
in the queue, and what the rules did while the model was away is queued again once it is there.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sidecar import __version__
from sidecar.config import Extract
from sidecar.daemon.backlog import estimate
from sidecar.daemon.choices import AWAITED, NOTICED, Build, Choice, Engine, Pace, Wait
from sidecar.daemon.power import on_battery
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import ModelCancelled, ModelFailed, ModelMissing, ModelUnreachable
from sidecar.extract import Extractor
from sidecar.extract.model import ModelServer, needs_cpu, probe
from sidecar.journal import ANEW, Journal
from sidecar.wire.shapes import ExtractorState

log = logging.getLogger(__name__)

_HOUR = timedelta(hours=1)
_FULL_HOUR_S = 3600.0
"""A budget of a whole hour is none: one call at a time cannot take more."""

_BATTERY_LOOK = timedelta(minutes=1)
"""How often it is looked whether the machine has power again."""

_PROBE_S = 5.0
"""A server that is busy with a model answers what it is within this time."""

_RULES = "rules"
"""How the versions of the rules begin, by whatever release they were."""


_ENDED = Wait(datetime.max.replace(tzinfo=UTC), "Nothing is extracted any more.", "off")


class Extraction:
    """Chooses what extracts.  A service of its own looks for the model server; all else is asked of it.

    `ready` is set once it is known whether there is a model.
    """

    def __init__(
        self,
        settings: Extract,
        journal: Journal,
        writer: Writer,
        rules: Extractor,
        build: Build,
        *,
        battery: Callable[[], bool] = on_battery,
        pace: Pace | None = None,
    ) -> None:
        self._settings, self._journal, self._writer, self._rules, self._build = settings, journal, writer, rules, build
        self._battery, self._pace = battery, pace or Pace()
        self._engine: Engine | None = None
        self._away: ModelFailed | None = ModelUnreachable(host=settings.host, why="it was not asked yet")
        self._trouble: ModelFailed | None = None
        self._faults, self._closed = 0, False
        self._cpu: bool | None = None
        self._looked_at = self._next_look = 0.0
        self._building = threading.Lock()
        self._nudge = asyncio.Event()
        self._on_change: Callable[[], None] = lambda: None
        self.ready = asyncio.Event()
        if not self._by_model:
            self.ready.set()

    async def serve(self) -> None:
        """Look for the model server until cancelled; without a model in the settings there is nothing to do."""
        if not self._by_model:
            await self._writer.run(Urgency.EXTRACT, self._journal.stand_down)
            await asyncio.Event().wait()
        while True:
            await self._look()
            self.ready.set()
            while (left := self._next_look - time.monotonic()) > 0:
                await self._sleep(left)

    @property
    def off(self) -> bool:
        """Whether the settings say that nothing is extracted."""
        return self._settings.extractor == "none"

    @property
    def fallback(self) -> Extractor | None:
        """What extracts a session with which the model cannot get on; None if the settings allow nothing else."""
        return self._rules if self._settings.extractor == "auto" else None

    @property
    def signature(self) -> str:
        """What tries to extract; when it is another one, what was given up is worth another try."""
        return f"{__version__} {self._settings.extractor} {self._settings.model if self._by_model else ''}".strip()

    def on_change(self, call: Callable[[], None]) -> None:
        """Have this called, in the event loop's thread, whenever the choice may have become another one."""
        self._on_change = call

    def adopt(self, settings: Extract) -> None:
        """Take over what can change while running: the budget, and whether the battery counts."""
        self._settings = settings
        self._on_change()

    def look_now(self) -> None:
        """Look for the model server at once, because somebody says that it is worth it."""
        self._next_look = time.monotonic()
        self._nudge.set()

    def interrupt(self) -> None:
        """End the model's running call soon, with ModelCancelled; the next choice has a fresh engine."""
        with self._building:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def close(self) -> None:
        """End the model's running call, and choose nothing any more."""
        with self._building:
            self._closed = True
        self.interrupt()

    def choose(self, priority: int = 0) -> Choice | Wait:
        """Who extracts a session of this priority now; from AWAITED on it looks at nothing outside this process."""
        if self._closed or self.off:
            return _ENDED
        if not self._by_model:
            return Choice(self._rules)
        if self._away is not None:
            if self._settings.extractor == "auto":
                return Choice(self._rules)
            left = max(self._next_look - time.monotonic(), 0.0)
            why = f"{_advice(self._away)} Sessions wait until then."
            return Wait(_now() + timedelta(seconds=left), why, self._state_of(self._away))
        if (wait := self._held_up(priority)) is not None:
            return wait
        return self._engaged()

    def admits(self) -> int | None:
        """The lowest priority of a session that is extracted now; None if none is.  Looks at journal and battery."""
        for priority in (0, NOTICED, AWAITED):
            choice = self.choose(priority)
            if isinstance(choice, Choice):
                # What was done before is done anew by a model alone.
                return ANEW if priority == 0 and choice.judge is not None else priority
        return None

    def failed(self, error: ModelFailed) -> None:
        """Note that a call of the model failed; a fault of the server makes the model count as away."""
        if isinstance(error, ModelCancelled):
            return
        self._trouble = error
        if error.server_fault:
            self._faults += 1
            self._set_away(error)
            self._schedule()

    async def succeeded(self, characters: int) -> None:
        """Note that the model is through with so much text."""
        self._trouble, self._faults = None, 0
        await self._writer.run(Urgency.EXTRACT, self._journal.note_model, _now(), characters=characters)
        if self._cpu is None:
            # Now it is loaded, so the server knows what it runs on.
            self._next_look = min(self._next_look, self._looked_at + self._pace.least)
            self._nudge.set()

    def state(self) -> ExtractorState:
        """What `status` shows.  Looks at journal and battery."""
        if self.off:
            return ExtractorState(name="none", state="off", hint="extract.extractor is none: nothing is learned.")
        if not self._by_model:
            return ExtractorState(name="rules", state="running", hint=None)
        if self._away is not None and self._settings.extractor == "auto":
            hint = f"{_advice(self._away)} Until then the rules extract, and the model does it again afterwards."
            return ExtractorState(name="rules", state=self._state_of(self._away), hint=hint)
        choice = self.choose()
        if isinstance(choice, Wait):
            return ExtractorState(name="ollama", state=choice.state, hint=self._with_backlog(choice.why))
        if self._trouble is not None:
            return ExtractorState(name="ollama", state=self._trouble.state, hint=_advice(self._trouble))
        return ExtractorState(name="ollama", state="running", hint=self._with_backlog(""))

    @property
    def _by_model(self) -> bool:
        return self._settings.extractor in ("auto", "ollama")

    def _state_of(self, away: ModelFailed) -> str:
        return away.state if self.ready.is_set() else "starting"

    def _engaged(self) -> Choice | Wait:
        """The model's choice, from any thread, unless it is too late for one."""
        with self._building:
            if self._closed:
                return _ENDED
            if self._engine is None:
                self._engine = self._build(self._used)
            return Choice(self._engine.extractor, self._engine.judge)

    def _held_up(self, priority: int) -> Wait | None:
        """What makes a session of this priority wait, though there is a model."""
        if priority >= AWAITED:
            return None
        now = _now()
        if self._settings.pause_on_battery and self._battery():
            why = "The machine runs on battery; extraction goes on with power. To change that, set"
            return Wait(now + _BATTERY_LOOK, f"{why} extract.pause_on_battery: false.", "battery")
        until = None if priority >= NOTICED else self._budget_used_until(now)
        if until is None:
            return None
        minutes = self._settings.seconds_per_hour / 60
        why = f"The model's budget of {minutes:g} min an hour (extract.seconds_per_hour) is used up"
        return Wait(until, f"{why}; it goes on at {until:%H:%M} UTC.", "budget")

    def _budget_used_until(self, now: datetime) -> datetime | None:
        """When the model may work again; None if it may now."""
        budget = self._settings.seconds_per_hour
        if budget >= _FULL_HOUR_S:
            return None
        used = self._journal.model_use(now - _HOUR)
        total = sum(use.seconds for use in used)
        if total < budget:
            return None
        for use in used:
            total -= use.seconds
            if total < budget:
                return use.minute + _HOUR
        return now + _HOUR

    def _with_backlog(self, why: str) -> str | None:
        waits = estimate(
            self._journal.backlog(),
            self._journal.model_use(datetime.min.replace(tzinfo=UTC)),
            budget_s=self._settings.seconds_per_hour,
            cpu=self._cpu is True,
        )
        return " ".join(filter(None, (why, waits))) or None

    def _used(self, seconds: float) -> None:
        """A call of the model took so long; called in the thread that asked."""
        self._journal.note_model(_now(), seconds=seconds)

    def _ask_cpu(self) -> bool | None:
        """Whether the model runs on the processor alone; what was known while the server does not say."""
        found = needs_cpu(
            self._settings.host,
            self._settings.model,
            timeout_s=_PROBE_S,
            allow_remote=self._settings.allow_remote,
        )
        return self._cpu if found is None else found

    async def _look(self) -> None:
        self._looked_at = time.monotonic()
        server = await asyncio.to_thread(
            probe, self._settings.host, timeout_s=_PROBE_S, allow_remote=self._settings.allow_remote
        )
        problem = self._problem_of(server)
        if problem is None:
            await self._writer.run(Urgency.EXTRACT, self._journal.requeue, _RULES, due=_now())
            self._cpu = await asyncio.to_thread(self._ask_cpu)
        else:
            await self._writer.run(Urgency.EXTRACT, self._journal.stand_down)
        self._set_away(problem)
        self._schedule()

    def _problem_of(self, server: ModelServer) -> ModelFailed | None:
        if not server.reachable:
            return ModelUnreachable(host=server.host, why=server.problem or "it does not answer")
        for model in (self._settings.model, self._settings.verify_model):
            if model and not server.has(model):
                return ModelMissing(host=server.host, model=model)
        return None

    def _set_away(self, error: ModelFailed | None) -> None:
        before, self._away = self._away, error
        if (before and before.message) != (error and error.message):
            log.info("model", extra={"state": "running" if error is None else error.state})
        self._on_change()

    def _schedule(self) -> None:
        """Set the moment of the next look; whoever sleeps until the old one looks again when it is."""
        self._next_look = time.monotonic() + self._pace.pause(usable=self._away is None, faults=self._faults)
        self._nudge.set()

    async def _sleep(self, seconds: float) -> None:
        self._nudge.clear()
        try:
            # Not wait_for, which before Python 3.12 can lose a cancellation that comes together with the event.
            async with asyncio.timeout(seconds):
                await self._nudge.wait()
        except TimeoutError:
            return


def _advice(error: ModelFailed) -> str:
    """What is wrong and what to do, in two sentences."""
    return f"{error.message.rstrip('.')}. {error.hint}"


def _now() -> datetime:
    return datetime.now(UTC)

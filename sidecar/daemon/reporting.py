"""What the daemon says of itself: `status`, figures for Prometheus, and how fresh the index is."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sidecar import __version__
from sidecar.daemon import formats
from sidecar.daemon.archivesize import ArchiveSize
from sidecar.daemon.carrying import CarryState
from sidecar.daemon.metrics import Metric, Sample
from sidecar.daemon.parts import Parts
from sidecar.daemon.protocol import Freshness
from sidecar.daemon.sharing import SyncState
from sidecar.daemon.tcp import Listeners
from sidecar.wire import shapes

log = logging.getLogger(__name__)

_LOOK_SHARE = 5
"""That files differ is believed for five times as long as the look took, so that polling stays cheap.  That they do
not differ is never believed: it must be true at this moment."""


class Reporting:
    """Looks at the parts; changes nothing."""

    def __init__(self, parts: Parts, listeners: Listeners) -> None:
        self._parts, self._listeners = parts, listeners
        self._started = time.monotonic()
        self._size = ArchiveSize(parts.journal)
        self._look_again_at, self._differs = 0.0, list[str]()
        self._told: list[str] = []

    def status(self) -> shapes.StatusResult:
        """The shape of section 5."""
        parts = self._parts
        settled = self._settled()
        queue = parts.journal.queue()
        freshness = self.freshness()
        return shapes.StatusResult(
            version=__version__,
            commit=_commit(),
            pid=os.getpid(),
            uptime_s=int(time.monotonic() - self._started),
            settled=settled,
            queue=shapes.QueueState(pending=queue.pending, running=queue.running, parked=queue.parked),
            backfill=shapes.BackfillState(done=parts.intake.progress.done, total=parts.intake.progress.total),
            extractor=self._extractor_state(),
            index=shapes.IndexState(
                generation=freshness.generation, lag_ms=freshness.lag_ms, degraded=list(freshness.degraded)
            ),
            profiles=self.profiles(),
            agents=self._agents(),
            formats=formats.states(parts.journal),
            bad_files=self._bad_files(),
            services=[
                shapes.ServiceShape(name=one.name, state=one.state, since=one.since, error=one.error)
                for one in parts.supervisor.states.values()
            ],
            listen=shapes.ListenState(
                tcp=self._listeners.tcp, mcp=self._listeners.mcp, problem=self._listeners.problem
            ),
            archive=self._archive(),
        )

    def _archive(self) -> shapes.ArchiveState:
        kept, settings = self._size.kept(), self._parts.upkeep.settings
        return shapes.ArchiveState(
            messages=kept.messages,
            text_bytes=kept.text_bytes,
            file_bytes=self._parts.journal.file_bytes,
            let_go=kept.let_go,
            enabled=settings.enabled,
            keep_days=settings.keep_days,
            max_mb=settings.max_mb,
        )

    def freshness(self) -> Freshness:
        """Cheap: asked for with every answer."""
        parts = self._parts
        degraded = [*parts.keeper.degraded.values()]
        if parts.intake.watch_problem is not None:
            degraded.append(parts.intake.watch_problem)
        if parts.index.refilling:
            degraded.append("the index is being made anew")
        elif not parts.index.intact():
            degraded.append("the index was deleted and is being made anew")
        failed = [s.name for s in parts.supervisor.states.values() if s.state == "failed"]
        degraded += [f"the service {name} is down" for name in failed]
        return Freshness(parts.index.generation, parts.keeper.lag_ms, tuple(dict.fromkeys(degraded)))

    def profiles(self) -> list[shapes.ProfileShape]:
        """Every profile with its numbers of active memories and of archived messages."""
        parts = self._parts
        messages, synced, carried = parts.journal.profile_counts(), parts.sync.states, parts.carry.states
        return [
            shapes.ProfileShape(
                name=ref.name,
                namespace=ref.namespace,
                memories=len(parts.store.open(ref).memories()),
                messages=messages.get(ref, 0),
                **_elsewhere(synced.get(ref), carried.get(ref)),
            )
            for ref in parts.store.profiles()
        ]

    def metrics(self) -> list[Metric]:
        """Figures for Prometheus; the server adds its own."""
        parts = self._parts
        queue = parts.journal.queue()
        profiles = self.profiles()
        states = {"pending": queue.pending, "running": queue.running, "parked": queue.parked}
        labels = [(p, {"namespace": p.namespace, "profile": p.name}) for p in profiles]
        return [
            Metric("sidecar_memories", "gauge", "Active memories.", tuple(Sample(p.memories, at) for p, at in labels)),
            Metric(
                "sidecar_messages", "gauge", "Archived messages.", tuple(Sample(p.messages, at) for p, at in labels)
            ),
            Metric(
                "sidecar_queue_sessions",
                "gauge",
                "Sessions that wait for extraction, by state.",
                tuple(Sample(count, {"state": state}) for state, count in states.items()),
            ),
            Metric("sidecar_index_generation", "gauge", "Version of the index.", (Sample(parts.index.generation),)),
            Metric(
                "sidecar_index_lag_seconds",
                "gauge",
                "Age of the oldest change that the index does not have.",
                (Sample(parts.keeper.lag_ms / 1000),),
            ),
            Metric("sidecar_bad_files", "gauge", "Unusable memory files.", (Sample(len(parts.follow.bad_files())),)),
        ]

    def _settled(self) -> bool:
        """Whether nothing waits anywhere.

        The files come first and the queue last: what is read from a file is under way in the writer until it is
        queued, so nothing can slip through between two looks.
        """
        parts = self._parts
        waiting = self._differing()
        conditions = {
            "first scan": lambda: not parts.intake.progress.finished.is_set(),
            "a step": lambda: parts.writer.busy,
            "the index": lambda: parts.keeper.busy or not parts.index.intact(),
            "the model server": lambda: not parts.extraction.ready.is_set(),
            "a service": lambda: any(state.state != "running" for state in parts.supervisor.states.values()),
            "a commit": lambda: bool(parts.follow.uncommitted),
            "jobs": self._jobs,
        }
        waiting = waiting + [name for name, holds in conditions.items() if holds()]
        if waiting != self._told:
            self._told = waiting
            log.debug("waiting", extra={"for": ", ".join(waiting) or "nothing"})
        return not waiting

    def _jobs(self) -> bool:
        queue = self._parts.journal.queue()
        return queue.pending + queue.running > 0

    def _differing(self) -> list[str]:
        """Which files hold something that is not taken in; looks at the files themselves, not at events."""
        begun = time.monotonic()
        if not self._differs or begun >= self._look_again_at:
            unread = ["transcripts"] if self._parts.intake.unread() else []
            profiles = [self._parts.store.open(ref) for ref in self._parts.store.profiles()]
            self._differs = [*unread, *(f"profile {profile.ref}" for profile in profiles if profile.differs())]
            self._look_again_at = begun + (time.monotonic() - begun) * (1 + _LOOK_SHARE)
        return self._differs

    def _extractor_state(self) -> shapes.ExtractorState:
        found = self._parts.extraction.state()
        if self._parts.learner.paused:
            return found.model_copy(update={"state": "paused", "hint": "Go on with `sidecar resume`."})
        return found

    def _bad_files(self) -> list[shapes.BadFileState]:
        """Memory files that could not be taken in, then transcripts that cannot be read or are not understood."""
        found = [
            shapes.BadFileState(path=f"{bad.profile}/{bad.path}", line=bad.line, reason=bad.reason)
            for bad in self._parts.follow.bad_files()
        ]
        unread = {str(path): reason for path, reason in self._parts.intake.problems.items()}
        unread |= formats.flagged(self._parts.journal)
        return found + [shapes.BadFileState(path=path, line=None, reason=why) for path, why in sorted(unread.items())]

    def _agents(self) -> list[shapes.AgentState]:
        counts = self._parts.journal.agent_counts()
        return [
            shapes.AgentState(
                name=place.agent,
                path=str(place.root),
                sessions=counts[place.agent].sessions if place.agent in counts else 0,
                unknown_records=counts[place.agent].unknown_records if place.agent in counts else 0,
            )
            for place in self._parts.intake.places
            if place.root.is_dir()
        ]


def _elsewhere(synced: SyncState | None, carried: CarryState | None) -> Mapping[str, Any]:
    """Where else a profile lies; nothing of one that lies nowhere else."""
    found = {} if synced is None else {"sync": _sync(synced)}
    return found if carried is None else {**found, "carried": carried_shape(carried)}


def _sync(state: SyncState) -> shapes.SyncShape:
    return shapes.SyncShape(
        remote=state.remote,
        state=state.state,
        since=state.since,
        synced=state.synced,
        error=state.error,
        hint=state.hint,
    )


def carried_shape(state: CarryState) -> shapes.CarriedShape:
    """As `status` shows it."""
    return shapes.CarriedShape(
        folder=str(state.folder),
        state=state.state,
        since=state.since,
        uncommitted=state.uncommitted,
        error=state.error,
        hint=state.hint,
    )


@cache
def _commit() -> str | None:
    """The commit of a source checkout, read without git; None for an installed package."""
    head = Path(__file__).resolve().parents[2] / ".git" / "HEAD"
    try:
        text = head.read_text(encoding="ascii").strip()
        if not text.startswith("ref: "):
            return text
        return (head.parent / text.removeprefix("ref: ")).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None

"""The service that keeps shared profiles in step with their remotes, and what people ask of sharing."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Literal, ParamSpec, TypeVar

from sidecar import git
from sidecar.daemon.keeper import Keeper
from sidecar.daemon.supervise import contained, told
from sidecar.daemon.writer import Urgency, Writer
from sidecar.errors import (
    NotFound,
    NotShared,
    PurgeDeclined,
    Refused,
    RemoteHoldsPurged,
    RemotePurged,
    RemoteRewritten,
    SidecarError,
    Unavailable,
)
from sidecar.follow import Follow
from sidecar.ingest import PERSONAL
from sidecar.model import ProfileRef
from sidecar.records import dataclass
from sidecar.routing import Router
from sidecar.share import Folder, Joined, Outgoing, Purging, Sharing, Synced
from sidecar.store import ProjectIdentity

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_AFTER_COMMIT_S: Final = 5.0
"""How soon what was committed goes out: long enough that a session's commits go together."""

_FIRST_RETRY_S: Final = 30.0
_LAST_RETRY_S: Final = 3600.0
"""Back-off while a remote does not answer: doubling, so that a laptop without network asks once an hour in the end."""

_JITTER: Final = 0.25
"""Every pause is this much longer or shorter, so that a team's machines do not all ask at once."""

_NEVER: Final = datetime.fromtimestamp(0, UTC)

State = Literal["waiting", "syncing", "synced", "offline", "refused", "rewritten", "purged", "declined", "failed"]


@dataclass(frozen=True, slots=True)
class SyncState:
    """How a shared profile stands with its remote; `synced` is when both last were the same."""

    remote: str
    state: State = "waiting"
    since: datetime = _NEVER
    synced: datetime | None = None
    error: str | None = None
    hint: str | None = None


class SyncService:
    """Owns the network: one profile at a time, each in its own rhythm."""

    def __init__(self, sharing: Sharing, follow: Follow, router: Router, keeper: Keeper, *, every: timedelta) -> None:
        """`every`: how often a profile is synced if nothing was committed."""
        self._sharing, self._follow, self._router, self._keeper = sharing, follow, router, keeper
        self.every = every
        self._states: dict[ProfileRef, SyncState] = {}
        self._due: dict[ProfileRef, float] = {}
        self._failures: dict[ProfileRef, int] = {}
        self._woken = asyncio.Event()

    async def serve(self) -> None:
        """Run until cancelled."""
        await self._look()  # later only people change which profiles are shared, and do it through us
        while True:
            now = time.monotonic()
            for ref in sorted(ref for ref, due in self._due.items() if due <= now):
                await contained(self._sync(ref, accept=False))
            await self._sleep()

    def close(self) -> None:
        """End what is under way with a remote."""
        self._sharing.stop()

    def committed(self, ref: ProfileRef) -> None:
        """A profile has a new commit, which is to go out soon; not sooner than a silent remote is to be asked again."""
        if ref in self._due and not self._failures.get(ref):
            self._due[ref] = min(self._due[ref], time.monotonic() + _AFTER_COMMIT_S)
            self._woken.set()

    @property
    def states(self) -> Mapping[ProfileRef, SyncState]:
        """Every shared profile."""
        return dict(self._states)

    async def share(self, ref: ProfileRef, remote: str, *, dry_run: bool) -> Outgoing:
        """Publish a profile, or say what would go out."""
        known = self._router.project(ref)
        project = None if known is None else ProjectIdentity(known.root_commit, known.remotes)
        found = await asyncio.to_thread(self._sharing.share, ref, remote, dry_run=dry_run, project=project)
        if not dry_run:
            await self._look()
            self._done(ref)
            self._keeper.look()
        return found

    async def sync(self, ref: ProfileRef, *, accept: bool) -> Synced:
        """Sync one profile now."""
        return await self._sync(ref, accept=accept)

    async def follow_purge(self, ref: ProfileRef, purging: Purging, *, accept: bool) -> Synced:
        """With the user's yes to a purge, theirs or ours, sync one profile now."""
        return await self._outcome(ref, partial(self._sharing.follow_purge, ref, purging, accept=accept))

    async def decline_purge(self, ref: ProfileRef) -> Synced:
        """With the user's no to a purge, exchange nothing from now on."""
        await asyncio.to_thread(self._sharing.decline_purge, ref)
        if ref in self._states:
            self._failed(ref, PurgeDeclined(remote=self._states[ref].remote))
        return Synced(0, 0, merged=False)

    def standing_still(self) -> AbstractContextManager[None]:
        """Nothing is exchanged meanwhile; from any thread but the writer's."""
        return self._sharing.standing_still()

    async def sync_all(self) -> Mapping[ProfileRef, Synced | SidecarError]:
        """Sync every shared profile now; what is wrong with one stops no other."""
        await self._look()
        found: dict[ProfileRef, Synced | SidecarError] = {}
        for ref in sorted(self._states):
            try:
                found[ref] = await self._sync(ref, accept=False)
            except SidecarError as error:
                found[ref] = error
        return found

    async def join(self, namespace: str, remote: str, *, name: str | None, cwd: str | None) -> Joined:
        """Take part in a remote's profile.  Only its project's own folder makes it that project's profile here."""
        folder = None if cwd is None else await asyncio.to_thread(self._folder, cwd)
        joined = await asyncio.to_thread(self._sharing.join, namespace, remote, name=name, folder=folder)
        if joined.project is not None:
            self._router.adopt(joined.ref, joined.project, ())
        await self._look()
        self._done(joined.ref)
        self._keeper.look()
        return joined

    def _folder(self, cwd: str) -> Folder | None:
        found = git.root_commit(Path(cwd))
        if found is None or found.root_commit is None:
            return None
        profile = self._router.route_cwd(cwd, create=False).profile
        return Folder(found.root_commit, None if profile is None or profile.name == PERSONAL else profile.name)

    async def _look(self) -> None:
        """Which profiles are shared."""
        shared = await asyncio.to_thread(self._shared)
        for ref in [ref for ref in self._states if ref not in shared]:
            self._forget(ref)
        for ref, address in shared.items():
            before = self._states.get(ref)
            if before is None or before.remote != address:
                self._states[ref] = SyncState(address, since=datetime.now(UTC))
                self._due[ref] = time.monotonic()
                self._woken.set()

    def _forget(self, ref: ProfileRef) -> None:
        for known in (self._states, self._due, self._failures):
            known.pop(ref, None)

    def _shared(self) -> dict[ProfileRef, str]:
        found = {profile.ref: self._sharing.address(profile.ref) for profile in self._follow.profiles()}
        return {ref: git.shown_address(address) for ref, address in found.items() if address is not None}

    async def _sync(self, ref: ProfileRef, *, accept: bool) -> Synced:
        return await self._outcome(ref, partial(self._sharing.sync, ref, accept=accept))

    async def _outcome(self, ref: ProfileRef, work: Callable[[], Synced]) -> Synced:
        """What came of an exchange, which is noted."""
        self._set(ref, "syncing")
        error, synced = await _outcome(asyncio.to_thread(work))
        if error is not None or synced is None:
            self._failed(ref, error)
            assert error is not None  # noqa: S101 - one of the two is there
            raise error
        self._done(ref)
        if synced.pulled:
            log.info("synced", extra={"profile": ref, "pulled": synced.pulled, "pushed": synced.pushed})
            self._keeper.look()
        return synced

    def _done(self, ref: ProfileRef) -> None:
        self._failures.pop(ref, None)
        self._due[ref] = time.monotonic() + _jittered(self.every.total_seconds())
        if ref in self._states:
            now = datetime.now(UTC)
            self._states[ref] = SyncState(self._states[ref].remote, "synced", now, now)

    def _failed(self, ref: ProfileRef, error: Exception | None) -> None:
        if isinstance(error, NotFound | NotShared):  # deleted meanwhile, or never shared
            self._forget(ref)
            return
        count = self._failures[ref] = self._failures.get(ref, 0) + 1
        offline = isinstance(error, Unavailable)
        pause = min(_FIRST_RETRY_S * 2 ** min(count - 1, 16), _LAST_RETRY_S) if offline else self.every.total_seconds()
        self._due[ref] = time.monotonic() + _jittered(pause)
        text = "" if error is None else told(error)
        before = self._states.get(ref)
        if before is not None and before.error != text:
            log.warning("not synced", extra={"profile": ref, "why": text})
        self._set(ref, _state_of(error), text, error.hint if isinstance(error, SidecarError) else None)

    def _set(self, ref: ProfileRef, state: State, error: str | None = None, hint: str | None = None) -> None:
        before = self._states.get(ref)
        if before is not None:
            kept = (before.error, before.hint) if state == "syncing" else (error, hint)
            self._states[ref] = replace(before, state=state, since=datetime.now(UTC), error=kept[0], hint=kept[1])

    async def _sleep(self) -> None:
        due = min(self._due.values(), default=None)
        try:
            async with asyncio.timeout(None if due is None else max(due - time.monotonic(), 0.0)):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()


def exclusive(writer: Writer) -> Callable[[Callable[[], T]], T]:
    """Runs the steps of sharing in the writer thread, for whoever is in another one."""

    def run(step: Callable[[], T]) -> T:
        return writer.submit(Urgency.FOLLOW, step).result()

    return run


async def _outcome(work: Awaitable[T]) -> tuple[Exception | None, T | None]:
    """What came of it: the error, or the result."""
    results: list[T] = []

    async def kept() -> None:
        results.append(await work)

    error = await contained(kept())
    return error, results[0] if results else None


_STATES: Final[Mapping[type[SidecarError], State]] = {
    RemoteRewritten: "rewritten",
    RemotePurged: "purged",
    RemoteHoldsPurged: "purged",
    PurgeDeclined: "declined",
}


def _state_of(error: Exception | None) -> State:
    for kind, state in _STATES.items():
        if isinstance(error, kind):
            return state
    if isinstance(error, Refused):
        return "refused"
    return "offline" if isinstance(error, Unavailable) else "failed"


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - spreads load

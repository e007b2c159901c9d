"""The service that keeps profiles in step with the folders in which their projects carry them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Literal

from sidecar import git
from sidecar.daemon.keeper import Keeper
from sidecar.daemon.supervise import contained, told
from sidecar.errors import NoProject, NotFound, Refused, SidecarError
from sidecar.follow import Follow
from sidecar.ingest import PERSONAL
from sidecar.model import ProfileRef
from sidecar.records import dataclass
from sidecar.share import CARRIED_FOLDER, Checkout, Sharing

log = logging.getLogger(__name__)

_EVERY_S: Final = 0.5
"""How often a folder is looked at.  It is another program's, and looking at 1,000 files takes some milliseconds."""

_QUIET_S: Final = 0.1
"""So long a folder in which something has changed must rest before a round: git and editors take a moment."""

_SHARE: Final = 20
"""Looking takes at most this part of the time, however many files there are."""

_RETRY_S: Final = 60.0
"""After a failure it is tried again when something has changed, or after this."""

_NEVER: Final = datetime.fromtimestamp(0, UTC)

State = Literal["waiting", "in step", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class CarryState:
    """How a profile stands with the folder of its project; `uncommitted`: files that the user has not committed."""

    folder: Path
    state: State = "waiting"
    since: datetime = _NEVER
    error: str | None = None
    hint: str | None = None
    uncommitted: int | None = None


@dataclass(slots=True)
class _Watched:
    """One folder: as it was before the last round, and at the last look."""

    checkout: Checkout
    done: object = None
    seen: object = None
    quiet: bool = True
    dirty: bool = True
    retry_at: float = 0.0


class CarryService:
    """Looks at the folders, and lets the sharing road do the rest."""

    def __init__(self, sharing: Sharing, follow: Follow, keeper: Keeper) -> None:
        self._sharing, self._follow, self._keeper = sharing, follow, keeper
        self._watched: dict[ProfileRef, _Watched] = {}
        self._states: dict[ProfileRef, CarryState] = {}
        self._some = asyncio.Event()
        """Set while there is a folder to look at: most people have none."""

    async def serve(self) -> None:
        """Run until cancelled."""
        found = await asyncio.to_thread(self._carried)
        for ref, checkout in found.items():
            self._watch(ref, checkout)
        while True:
            await self._some.wait()
            begun = time.monotonic()
            for ref in sorted(self._watched):
                await contained(self._look(ref))
            restless = any(not one.quiet for one in self._watched.values())
            pause = _QUIET_S if restless else _EVERY_S
            await asyncio.sleep(max(pause, (time.monotonic() - begun) * _SHARE))

    def committed(self, ref: ProfileRef) -> None:
        """A profile has a new commit, which belongs into its project's folder."""
        if ref in self._watched:
            self._watched[ref].dirty = True

    async def now(self, ref: ProfileRef) -> None:
        """Run a round without waiting for quiet, as after a purge; nothing of a profile that no project carries."""
        if ref in self._watched:
            await self._look(ref, now=True)

    @property
    def states(self) -> Mapping[ProfileRef, CarryState]:
        """Every profile that its project carries."""
        return dict(self._states)

    async def carry(self, ref: ProfileRef, cwd: str, *, stop: bool, accept: bool) -> CarryState:
        """Let a folder's project carry the profile from now on, or no longer.

        Raises `NoProject`, `CannotCarry`; unless `accept`, `StoreVanished` if most memories would go by it.
        """
        if stop:
            before = self._states.get(ref)
            self._let_go(ref)
            carried = await asyncio.to_thread(self._sharing.carry, ref, None)
            return before or CarryState(carried.folder)
        top = await asyncio.to_thread(git.root_commit, Path(cwd))
        if top is None or ref.name == PERSONAL:
            raise NoProject(folder=cwd)
        folder = top.top / CARRIED_FOLDER
        await asyncio.to_thread(partial(self._sharing.carry, ref, folder, accept=accept))
        checkout = await asyncio.to_thread(self._sharing.carried, ref)
        assert checkout is not None  # noqa: S101 - it was just made so
        self._watch(ref, checkout)
        await self._look(ref, now=True)
        return self._states[ref]

    def _carried(self) -> dict[ProfileRef, Checkout]:
        found = {profile.ref: self._sharing.carried(profile.ref) for profile in self._follow.profiles()}
        return {ref: checkout for ref, checkout in found.items() if checkout is not None}

    def _watch(self, ref: ProfileRef, checkout: Checkout) -> None:
        self._watched[ref] = _Watched(checkout)
        self._some.set()
        self._states[ref] = CarryState(checkout.folder, since=datetime.now(UTC))

    def _let_go(self, ref: ProfileRef) -> None:
        self._watched.pop(ref, None)
        self._states.pop(ref, None)
        if not self._watched:
            self._some.clear()

    async def _look(self, ref: ProfileRef, *, now: bool = False) -> None:
        """Run a round if something has changed, and has then been quiet from one look to the next."""
        held = self._watched[ref]
        state = await asyncio.to_thread(held.checkout.state)
        held.quiet, held.seen = state == held.seen, state
        changed = held.dirty or state != held.done or (held.retry_at and time.monotonic() > held.retry_at)
        if not now and (not changed or not held.quiet or held.checkout.busy):
            return
        held.dirty = False
        error = await contained(self._round(ref))
        if isinstance(error, NotFound):  # deleted meanwhile
            self._let_go(ref)
            return
        held.done = state  # as it was before: what came meanwhile, our own writes too, is looked at once more
        held.retry_at = 0.0 if error is None else time.monotonic() + _RETRY_S
        await self._tell(ref, error)

    async def _round(self, ref: ProfileRef) -> None:
        done = await asyncio.to_thread(partial(self._sharing.keep_in_step, ref))
        if done is not None and (done.taken or done.written):
            log.info("carried", extra={"profile": ref, "taken": done.taken, "written": done.written})
            self._keeper.look()

    async def _tell(self, ref: ProfileRef, error: Exception | None) -> None:
        text = None if error is None else told(error)
        if text is not None and self._states[ref].error != text:
            log.warning("not carried", extra={"profile": ref, "why": text})
        self._states[ref] = replace(
            self._states[ref],
            state="in step" if error is None else "refused" if isinstance(error, Refused) else "failed",
            since=datetime.now(UTC),
            error=text,
            hint=error.hint if isinstance(error, SidecarError) else None,
            uncommitted=await asyncio.to_thread(lambda: self._watched[ref].checkout.waiting),
        )

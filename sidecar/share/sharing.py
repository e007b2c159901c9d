"""Sharing one profile: publish it, keep it in step with its remote, join one that is there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from sidecar.errors import (
    PROFILE_FAULTS,
    AlreadyShared,
    NotShared,
    RemoteNotEmpty,
    SidecarError,
)
from sidecar.git import Exchange, Limits, remote_address, shown_address
from sidecar.model import ProfileRef
from sidecar.share import arriving, carrying, leaving, taking
from sidecar.share.carrying import Carried
from sidecar.share.checkout import Checkout
from sidecar.share.inspection import MOST_FILES
from sidecar.share.purging import Purging
from sidecar.share.records import Record
from sidecar.share.syncing import Syncing, Wish
from sidecar.share.words import Exclusive, Folder, Follower, Joined, Outgoing, Synced
from sidecar.share.working import Work
from sidecar.store import Profile, ProjectIdentity, Store


class Sharing:
    """Every method may be called from any thread but the writer's; one at a time gets through.

    `exclusive` runs a step in the writer thread.  `most_files` and `limits`: what a remote may send.
    """

    def __init__(
        self,
        store: Store,
        follow: Follower,
        *,
        machine: str,
        clock: Callable[[], datetime],
        exclusive: Exclusive,
        limits: Limits | None = None,
        most_files: int = MOST_FILES,
    ) -> None:
        self._store, self._follow, self._machine, self._clock = store, follow, machine, clock
        self._exclusive, self._limits, self._most = exclusive, limits, most_files
        self._checkouts: dict[ProfileRef, Checkout] = {}
        self._lock, self._ending, self._others = threading.Lock(), threading.Event(), 0

    def stop(self) -> None:
        """End what is under way with a remote; nothing new is begun."""
        self._ending.set()

    def address(self, ref: ProfileRef) -> str | None:
        """Where a profile is shared; None if it is not."""
        return self._record(ref).address if self._store.exists(ref) else None

    def project(self, profile: Profile) -> str | None:
        """The root commit of a profile's project, as it was decided on this machine."""
        return self.identity(profile).root_commit

    def identity(self, profile: Profile) -> ProjectIdentity:
        """A profile's project, as it was decided on this machine; what others can write is not asked."""
        return Record(profile.folder, self._machine).identity(profile.info.project)

    def resume(self) -> None:
        """At the start, from the thread that starts: complete what an interruption has left half taken over.

        A profile with which something is wrong is left for its next sync, which says what it is.
        """
        for profile in self._follow.profiles():
            with contextlib.suppress(*PROFILE_FAULTS):
                taking.resume(profile, self._record(profile.ref))

    def share(
        self, ref: ProfileRef, remote: str, *, dry_run: bool = False, project: ProjectIdentity | None = None
    ) -> Outgoing:
        """Publish a profile from this moment on; with `dry_run` only say what would go out.

        One that is shared there already is synced; a remote that was emptied since gets all of it again.
        `project`: what this machine knows of the profile's project, should its file not say it.
        Raises `AlreadyShared`, `RemoteNotEmpty`, `CannotShare`, `RemoteUnreachable`, `NotFound`.
        """
        address = remote_address(remote)
        with self._lock:
            work = self._work(self._store.open(ref))
            profile, record, syncing = work.profile, work.record, self._syncing(work, address)
            remote = syncing.exchange.shown
            if record.address not in (None, address):
                raise AlreadyShared(profile=ref, remote=shown_address(record.address or ""))
            if record.address is None and syncing.exchange.tip() is not None:
                raise RemoteNotEmpty(remote=remote)
            head = work.prepare()
            outgoing = leaving.outgoing(profile, record, remote)
            syncing.check_files(head, None)
            if not dry_run and record.address is None:
                self._exclusive(partial(leaving.publish, profile, record, address, project, self._clock()))
            if not dry_run:
                syncing.sync(Wish(filling=True))
            return outgoing

    def sync(self, ref: ProfileRef, *, accept: bool = False) -> Synced:
        """Take over what others shared and push what is new here.

        `accept`: also if that means that most of the profile is gone at once.  Raises `NotShared`, `RemoteUnreachable`,
        `RemoteRefused`, `RemoteRewritten`, `StoreVanished`, `CannotShare`, `PushRaced`, or one of PROFILE_FAULTS.
        """
        with self._lock:
            return self._shared(ref).sync(Wish(accept=accept))

    def decline_purge(self, ref: ProfileRef) -> None:
        """The user keeps what the remote has purged, or lets it hold what was purged here.

        Nothing is exchanged with it from then on, until `follow_purge`.  Raises as `sync`; `NoPurgeMet`.
        """
        with self._lock:
            syncing = self._shared(ref)
            found, record = syncing.met(admitting=False), syncing.work.record
            record.rescue(syncing.work.head())
            record.decline(found.tip)

    def follow_purge(self, ref: ProfileRef, purge: Purging, *, accept: bool = False) -> Synced:
        """With the user's yes: what the remote has purged goes here too; what was purged here goes from the remote.

        Interrupted anywhere, it is asked again, and repeated.  `accept`: also if most of the profile goes by it.
        Raises as `sync`; `NoPurgeMet`.
        """
        with self._lock:
            syncing = self._shared(ref)
            profile, found = syncing.work.profile, syncing.met(admitting=True)
            here = self._exclusive(partial(profile.held, found.ids))
            if not accept and not found.ours:
                syncing.refuse_most(here)
            if here:
                purge(profile, here)
            if found.ours:
                return syncing.replace(found.tip, accept=accept)
            return syncing.sync(Wish(accept=accept, following=True))

    @contextlib.contextmanager
    def standing_still(self) -> Iterator[None]:
        """Nothing is exchanged with any remote meanwhile; what is under way is ended.

        For whoever rewrites history: a sync that has begun before would push what was there then.
        """
        with self._waiting():
            self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def join(self, namespace: str, remote: str, *, name: str | None = None, folder: Folder | None = None) -> Joined:
        """Take part in what a remote holds: as a new profile, or merged with the one of the same project here.

        `name`: the profile that it is to be here.  `folder`: the project in whose folder this was asked; if it is the
        remote's too, the profile is that project's from now on.
        """
        address = remote_address(remote)
        with self._lock:
            arrival = arriving.receive(self._store, namespace, address, self._limits, self._most, self._stopped)
            try:
                known = {one.ref: self.project(one) for one in self._follow.profiles()}
                target = arriving.target(arrival, namespace, name, folder, known, self._addresses())
                project = folder.root if folder is not None and folder.root == arrival.project else None
                if self._store.exists(target):
                    profile = self._store.open(target)
                    synced = self._join_known(profile, address, known.get(target) or project)
                    return Joined(target, merged=True, project=known.get(target) or project, synced=synced)
                step = partial(arriving.settle_in, arrival, self._store, self._follow, target, self._machine, project)
                pulled = self._exclusive(step)
                return Joined(target, merged=False, project=project, synced=Synced(pulled, 0, merged=False))
            finally:
                arrival.discard()

    def _join_known(self, profile: Profile, address: str, project: str | None) -> Synced:
        work = self._work(profile)
        if work.record.address is None:
            work.prepare()
            self._exclusive(partial(leaving.begin_anew, profile, work.record, self._clock()))
        synced = self._syncing(work, address).sync(Wish(explicit=True))
        work.record.share(address, project)
        return synced

    def carried(self, ref: ProfileRef) -> Checkout | None:
        """The folder in which a profile's project carries it; None if it does not."""
        held = self._record(ref).carried if self._store.exists(ref) else None
        if not held:
            return None
        known = self._checkouts.get(ref)
        if known is None or known.folder != Path(held):
            known = self._checkouts[ref] = Checkout(Path(held), self._most)
        return known

    def carry(self, ref: ProfileRef, folder: Path | None, *, accept: bool = False) -> Carried:
        """The user wants the project to carry the profile in this folder, which is made; or (None) no longer.

        What was forgotten before stays here alone.  `accept`: also if most of the profile is gone by it.  Raises as
        `keep_in_step`; then nothing is carried, or what was carried before.
        """
        with self._lock:
            work = self._work(self._store.open(ref))
            record, former = work.record, work.record.carried
            if folder is None:
                record.carry(None)
                record.agree(None)
                return Carried(Path(former or ""))
            work.prepare()
            if record.address is None and not former:
                self._exclusive(work.profile.withhold_forgotten)
            made, agreed = carrying.ready(folder), record.agreed
            record.keep_identity(self.identity(work.profile))
            record.carry(str(folder))
            if made or former != str(folder):
                record.agree(None)  # that was with another folder, which may have what this one never had
            try:
                return carrying.keep_in_step(work, self.carried(ref) or Checkout(folder, self._most), accept=accept)
            except SidecarError:
                record.carry(former)
                record.agree(agreed)
                if made:
                    carrying.unmake(folder)
                raise

    def keep_in_step(self, ref: ProfileRef) -> Carried | None:
        """Take over what was changed in the project's folder, and write there what is new here.

        None if no project carries the profile.  Raises `CannotCarry`, `FileSystemFailed`, `StoreVanished`, or one of
        PROFILE_FAULTS.
        """
        with self._lock:
            checkout = self.carried(ref)
            return None if checkout is None else carrying.keep_in_step(self._work(self._store.open(ref)), checkout)

    def _shared(self, ref: ProfileRef) -> Syncing:
        work = self._work(self._store.open(ref))
        address = work.record.address
        if address is None:
            raise NotShared(profile=ref)
        return self._syncing(work, address)

    def _syncing(self, work: Work, address: str) -> Syncing:
        exchange = Exchange(work.profile.folder, address, self._limits, self._stopped)
        return Syncing(work, exchange, self._most)

    def _work(self, profile: Profile) -> Work:
        return Work(profile, self._record(profile.ref), self._follow, self._exclusive, self._clock)

    def _addresses(self) -> dict[ProfileRef, str]:
        found = {one.ref: self.address(one.ref) for one in self._follow.profiles()}
        return {ref: address for ref, address in found.items() if address is not None}

    def _record(self, ref: ProfileRef) -> Record:
        return Record(self._store.root / ref.namespace / ref.name, self._machine)

    def _stopped(self) -> bool:
        """Whether an exchange is to end: for good, or because somebody waits who must not be disturbed by it."""
        return self._ending.is_set() or self._others > 0

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        self._others += 1
        try:
            yield
        finally:
            self._others -= 1

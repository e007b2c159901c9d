"""Sharing one profile: publish it, keep it in step with its remote, join one that is there."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

from sidecar.errors import (
    PROFILE_FAULTS,
    AlreadyShared,
    CannotShare,
    ChangedOnDisk,
    NotShared,
    PushRaced,
    RemoteEmpty,
    RemoteNotEmpty,
    RemoteRefused,
    RemoteRewritten,
)
from sidecar.git import Exchange, Git, Limits, remote_address
from sidecar.model import ProfileRef
from sidecar.share import arriving, leaving, taking
from sidecar.share.inspection import MOST_FILES, inspect
from sidecar.share.planning import forward, joined
from sidecar.share.records import INCOMING, Record
from sidecar.share.words import Exclusive, Folder, Follower, Joined, Outgoing, Plan, Synced
from sidecar.store import Profile, ProjectIdentity, Store

_ATTEMPTS = 5
"""How often a sync begins again because somebody pushed, or edited a file, in the middle of it."""


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
        self._lock, self._ending = threading.Lock(), threading.Event()

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
        record = Record(profile.folder, self._machine)
        return profile.info.project if record.address is None else ProjectIdentity(record.project)

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

        `project`: what this machine knows of the profile's project, should its file not say it.
        Raises `AlreadyShared`, `RemoteNotEmpty`, `CannotShare`, `RemoteUnreachable`, `NotFound`.
        """
        address = remote_address(remote)
        with self._lock:
            profile, record = self._store.open(ref), self._record(ref)
            if record.address not in (None, address):
                raise AlreadyShared(profile=ref, remote=self._exchange(profile, record.address or "").shown)
            exchange = self._exchange(profile, address)
            if record.address is None and exchange.tip() is not None:
                raise RemoteNotEmpty(remote=exchange.shown)
            self._exclusive(partial(self._prepare, profile))
            outgoing = leaving.outgoing(profile, record, exchange.shown)
            self._check_outgoing(profile, self._head(profile))
            if not dry_run and record.address is None:
                step = partial(leaving.publish, profile, record, address, project, self._clock())
                self._exclusive(step)
            if not dry_run:
                self._sync(profile, record, exchange)
            return outgoing

    def sync(self, ref: ProfileRef, *, accept: bool = False) -> Synced:
        """Take over what others shared and push what is new here.

        `accept`: also if that means that most of the profile is gone at once.  Raises `NotShared`, `RemoteUnreachable`,
        `RemoteRefused`, `RemoteRewritten`, `StoreVanished`, `CannotShare`, `PushRaced`, or one of PROFILE_FAULTS.
        """
        with self._lock:
            profile, record = self._store.open(ref), self._record(ref)
            if record.address is None:
                raise NotShared(profile=ref)
            return self._sync(profile, record, self._exchange(profile, record.address), accept=accept)

    def join(self, namespace: str, remote: str, *, name: str | None = None, folder: Folder | None = None) -> Joined:
        """Take part in what a remote holds: as a new profile, or merged with the one of the same project here.

        `name`: the profile that it is to be here.  `folder`: the project in whose folder this was asked; if it is the
        remote's too, the profile is that project's from now on.
        """
        address = remote_address(remote)
        with self._lock:
            arrival = arriving.receive(self._store, namespace, address, self._limits, self._most, self._ending.is_set)
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
        record = self._record(profile.ref)
        exchange = self._exchange(profile, address)
        synced = self._sync(profile, record, exchange, explicit=True)
        record.share(address, project)
        return synced

    def _sync(
        self, profile: Profile, record: Record, exchange: Exchange, *, accept: bool = False, explicit: bool = False
    ) -> Synced:
        """`explicit`: a person wants this remote's history, whatever was seen of it before."""
        pulled, merged = 0, False
        for _ in range(_ATTEMPTS):
            head = self._exclusive(partial(self._prepare, profile))
            theirs = self._receive(profile, record, exchange, head, explicit=explicit)
            if theirs is not None and not record.trees.contains(head, theirs):
                plan = self._plan(profile, record, head, theirs)
                try:
                    self._exclusive(partial(self._take, profile, record, plan, accept=accept))
                except ChangedOnDisk:
                    continue  # somebody has edited or learned something meanwhile
                pulled, merged = pulled + plan.pulled, merged or plan.merged
                head = self._exclusive(partial(self._prepare, profile))
            pushed = 0 if head == theirs else record.trees.count(head, theirs)
            if pushed:
                self._check_outgoing(profile, head)
                if not exchange.push(head):
                    continue
            record.see(head)
            return Synced(pulled, pushed, merged)
        raise PushRaced(remote=exchange.shown, times=_ATTEMPTS)

    def _prepare(self, profile: Profile) -> str:
        """Everything that is here is taken in, healed and committed; returns the commit."""
        taking.resume(profile, self._record(profile.ref))
        self._follow.catch_up([profile.ref])
        self._follow.commit(profile.ref)
        if self._follow.catch_up([profile.ref]):
            self._follow.commit(profile.ref)
        return self._head(profile)

    def _receive(
        self, profile: Profile, record: Record, exchange: Exchange, head: str, *, explicit: bool
    ) -> str | None:
        """The remote's commit, looked at and admitted; None if the remote is as empty as it always was."""
        tip, seen = exchange.tip(), None if explicit else record.seen
        if tip is None:
            if seen is not None:
                self._rewritten(record, exchange, head)
            if explicit:
                raise RemoteEmpty(remote=exchange.shown)
            return None
        if tip in (seen, head):
            return tip
        try:
            trees = exchange.fetch()
            theirs = trees.resolve(INCOMING)
            if theirs is None:
                raise RemoteRefused(remote=exchange.shown, why="its branch is no commit")
            if seen is not None and not trees.contains(theirs, seen):
                self._rewritten(record, exchange, head)
            arriving.check(trees, theirs, exchange.shown, self._most)
            exchange.admit()
        finally:
            exchange.discard()
        record.trees.set_ref(INCOMING, theirs)
        return theirs

    def _rewritten(self, record: Record, exchange: Exchange, head: str) -> None:
        """A history that does not go on from what was seen of it is not followed.

        A rewrite that the remote's own `purges.yaml` names would be the exception, after asking; nothing asks yet.
        """
        record.rescue(head)
        raise RemoteRewritten(remote=exchange.shown)

    def _plan(self, profile: Profile, record: Record, head: str, theirs: str) -> Plan:
        if record.trees.contains(theirs, head):
            return forward(record.trees, head, theirs)
        memories = [stored for stored in profile.memories(statuses=None) if not stored.private]
        return joined(self._git(profile), record.trees, head, theirs, memories, self._clock())

    def _take(self, profile: Profile, record: Record, plan: Plan, *, accept: bool) -> None:
        taking.take(profile, record, self._git(profile), plan, accept=accept)
        taking.forget_again(profile, plan)
        self._follow.note_change(profile.ref)
        self._follow.catch_up([profile.ref])

    def _check_outgoing(self, profile: Profile, head: str) -> None:
        """Nothing goes out that the others would have to refuse: one such file would keep all of them from syncing."""
        found = inspect(self._record(profile.ref).trees.entries(head, self._most), self._most)
        if found is not None:
            raise CannotShare(path=found.path, profile=profile.ref, why=found.why)

    def _addresses(self) -> dict[ProfileRef, str]:
        found = {one.ref: self.address(one.ref) for one in self._follow.profiles()}
        return {ref: address for ref, address in found.items() if address is not None}

    def _head(self, profile: Profile) -> str:
        head = self._git(profile).head()
        if head is None:
            raise CannotShare(path="it", profile=profile.ref, why="it has no commit yet")
        return head

    def _record(self, ref: ProfileRef) -> Record:
        return Record(self._store.root / ref.namespace / ref.name, self._machine)

    def _git(self, profile: Profile) -> Git:
        return Git(profile.folder, self._machine)

    def _exchange(self, profile: Profile, address: str) -> Exchange:
        return Exchange(profile.folder, address, self._limits, self._ending.is_set)

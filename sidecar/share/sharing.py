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
    CannotCarry,
    CannotShare,
    ChangedOnDisk,
    NoPurgeMet,
    NotShared,
    ProfileAside,
    PurgeDeclined,
    PushRaced,
    RemoteEmpty,
    RemoteNotEmpty,
    RemoteRefused,
    RemoteRewritten,
    SidecarError,
)
from sidecar.git import Exchange, Git, Limits, Trees, remote_address
from sidecar.model import ProfileRef
from sidecar.share import arriving, carrying, leaving, purging, taking
from sidecar.share.carrying import Carried, Sight
from sidecar.share.checkout import Checkout
from sidecar.share.inspection import MOST_FILES, inspect
from sidecar.share.planning import forward, joined
from sidecar.share.purging import Met, Purging
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
            self._check_outgoing(profile, self._head(profile), None)
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
            profile, record, exchange = self._shared(ref)
            return self._sync(profile, record, exchange, accept=accept)

    def decline_purge(self, ref: ProfileRef) -> None:
        """The user keeps what the remote has purged, or lets it hold what was purged here.

        Nothing is exchanged with it from then on, until `follow_purge`.  Raises as `sync`; `NoPurgeMet`.
        """
        with self._lock:
            profile, record, exchange = self._shared(ref)
            head = self._exclusive(partial(self._prepare, profile))
            found = self._met(profile, record, exchange, head, admitting=False)
            record.rescue(head)
            record.decline(found.tip)

    def follow_purge(self, ref: ProfileRef, purge: Purging, *, accept: bool = False) -> Synced:
        """With the user's yes: what the remote has purged goes here too; what was purged here goes from the remote.

        Interrupted anywhere, it is asked again, and repeated.  Raises as `sync`; `NoPurgeMet`.
        """
        with self._lock:
            profile, record, exchange = self._shared(ref)
            head = self._exclusive(partial(self._prepare, profile))
            found = self._met(profile, record, exchange, head, admitting=True)
            here = self._exclusive(partial(profile.held, found.ids))
            if here:
                purge(profile, here)
            if found.ours:
                return self._replace(profile, record, exchange, found.tip, accept=accept)
            return self._sync(profile, record, exchange, accept=accept, following=True)

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
        record = self._record(profile.ref)
        exchange = self._exchange(profile, address)
        synced = self._sync(profile, record, exchange, explicit=True)
        record.share(address, project)
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

    def carry(self, ref: ProfileRef, folder: Path | None) -> Carried:
        """The user wants the project to carry the profile in this folder, which is made; or (None) no longer.

        What was forgotten before stays here alone.  Raises as `keep_in_step`; then nothing is carried.
        """
        with self._lock:
            profile, record = self._store.open(ref), self._record(ref)
            former = record.carried
            if folder is None:
                record.carry(None)
                record.trees.set_ref(carrying.CARRIED, None)
                return Carried(Path(former or ""))
            self._exclusive(partial(self._prepare, profile))
            if record.address is None and not former:
                self._exclusive(profile.withhold_forgotten)
            folder.mkdir(exist_ok=True)
            record.carry(str(folder))
            try:
                return self._keep_in_step(ref)
            except SidecarError:
                record.carry(former)
                raise

    def keep_in_step(self, ref: ProfileRef) -> Carried | None:
        """Take over what was changed in the project's folder, and write there what is new here.

        None if no project carries the profile.  Raises `CannotCarry`, `FileSystemFailed`, `StoreVanished`, or one of
        PROFILE_FAULTS.
        """
        with self._lock:
            return None if self.carried(ref) is None else self._keep_in_step(ref)

    def _keep_in_step(self, ref: ProfileRef) -> Carried:
        profile, record, checkout = self._store.open(ref), self._record(ref), self.carried(ref)
        assert checkout is not None  # noqa: S101 - whoever asks has looked
        if not checkout.folder.is_dir():
            raise CannotCarry(folder=checkout.folder, why="it is not there")
        for _ in range(_ATTEMPTS):
            head = self._exclusive(partial(self._prepare, profile))
            try:
                sight = carrying.look(checkout, record, head, self._clock().replace(microsecond=0))
                self._arrive(profile, record, head, sight)
            except ChangedOnDisk:
                continue  # somebody has edited or learned something meanwhile
            head = self._exclusive(partial(self._prepare, profile)) if sight.changes else head
            return Carried(checkout.folder, len(sight.changes), carrying.leave(checkout, record, head, sight))
        raise ChangedOnDisk(path=str(checkout.folder))

    def _arrive(self, profile: Profile, record: Record, head: str, sight: Sight) -> None:
        """What was changed in the project's folder becomes part of the profile."""
        if sight.changes:
            git = self._git(profile)
            theirs = carrying.arrive(record, git, git.user_identity(), sight, self._clock())
            plan = self._plan(profile, record, head, theirs)
            self._exclusive(partial(self._take, profile, record, plan, accept=False, remote=False))

    def _shared(self, ref: ProfileRef) -> tuple[Profile, Record, Exchange]:
        profile, record = self._store.open(ref), self._record(ref)
        if record.address is None:
            raise NotShared(profile=ref)
        return profile, record, self._exchange(profile, record.address)

    def _sync(
        self,
        profile: Profile,
        record: Record,
        exchange: Exchange,
        *,
        accept: bool = False,
        explicit: bool = False,
        following: bool = False,
    ) -> Synced:
        """`explicit`: a person wants this remote's history, whatever was seen of it before; `following`: its purges."""
        pulled, merged = 0, False
        for _ in range(_ATTEMPTS):
            head = self._exclusive(partial(self._prepare, profile))
            theirs = self._receive(profile, record, exchange, head, explicit=explicit, following=following)
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
                self._check_outgoing(profile, head, theirs)
                if not exchange.push(head):
                    continue
            record.see(head)
            return Synced(pulled, pushed, merged)
        raise PushRaced(remote=exchange.shown, times=_ATTEMPTS)

    def _replace(self, profile: Profile, record: Record, exchange: Exchange, tip: str, *, accept: bool) -> Synced:
        """Let the remote have our history in place of `tip`, which holds what was purged here.

        What others pushed before they knew is in ours by then: received, and rewritten by the purge like everything.
        """
        head = self._exclusive(partial(self._prepare, profile))
        theirs, pulled = record.trees.resolve(INCOMING), 0
        if theirs is not None and not record.trees.contains(head, theirs):
            plan = self._plan(profile, record, head, theirs)
            self._exclusive(partial(self._take, profile, record, plan, accept=accept))
            pulled, head = plan.pulled, self._exclusive(partial(self._prepare, profile))
        self._check_outgoing(profile, head, None)
        if not exchange.push(head, replacing=tip):
            raise PushRaced(remote=exchange.shown, times=1)
        record.see(head)
        return Synced(pulled, record.trees.count(head, None), merged=bool(pulled))

    def _met(self, profile: Profile, record: Record, exchange: Exchange, head: str, *, admitting: bool) -> Met:
        """The purge that is in the way.  `admitting`: of one of ours, what others pushed meanwhile is taken over."""
        found = None
        try:
            trees = exchange.fetch() if exchange.tip() is not None else None
            theirs = None if trees is None else trees.resolve(INCOMING)
            if trees is not None and theirs is not None:
                arriving.check(trees, theirs, exchange.shown, self._most)
                found = purging.met(record, trees, head, theirs, record.seen) or _returning(profile, trees, theirs)
                if admitting and found is not None and found.ours:
                    exchange.admit()
                    record.trees.set_ref(INCOMING, theirs)
        finally:
            exchange.discard()
        if found is None:
            raise NoPurgeMet(profile=profile.ref)
        return found

    def _prepare(self, profile: Profile) -> str:
        """Everything that is here is taken in, healed and committed; returns the commit.

        Raises `ProfileAside` while a person does something with git there: what is on another branch is not meant for
        others, and a merge that waits for a person is nobody else's.
        """
        if profile.aside is not None:
            raise ProfileAside(profile=profile.ref, why=f"`{profile.aside}` is checked out there, not `main`")
        if profile.merging:
            raise ProfileAside(profile=profile.ref, why="a merge or rebase that was begun there is not finished")
        taking.resume(profile, self._record(profile.ref))
        self._follow.catch_up([profile.ref])
        self._follow.commit(profile.ref)
        if self._follow.catch_up([profile.ref]):
            self._follow.commit(profile.ref)
        return self._head(profile)

    def _receive(
        self,
        profile: Profile,
        record: Record,
        exchange: Exchange,
        head: str,
        *,
        explicit: bool,
        following: bool,
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
        if tip == record.declined and not explicit and not following:
            raise PurgeDeclined(remote=exchange.shown)
        try:
            trees = exchange.fetch()
            theirs = trees.resolve(INCOMING)
            if theirs is None:
                raise RemoteRefused(remote=exchange.shown, why="its branch is no commit")
            arriving.check(trees, theirs, exchange.shown, self._most)
            self._look_for_purges(profile, record, trees, exchange, head, theirs, seen, following=following)
            exchange.admit()
        finally:
            exchange.discard()
        record.trees.set_ref(INCOMING, theirs)
        return theirs

    def _look_for_purges(
        self,
        profile: Profile,
        record: Record,
        trees: Trees,
        exchange: Exchange,
        head: str,
        theirs: str,
        seen: str | None,
        *,
        following: bool,
    ) -> None:
        """A remote that has purged something, or holds what was purged here, waits for a person's word."""
        found = purging.met(record, trees, head, theirs, seen)
        if found is not None and (found.ours or not following):
            raise found.error(exchange.shown)
        if found is None and seen is not None and not trees.contains(theirs, seen):
            self._rewritten(record, exchange, head)
        here = purging.returning(profile, trees, theirs)
        if here:
            raise Met(here, theirs, ours=False).error(exchange.shown)

    def _rewritten(self, record: Record, exchange: Exchange, head: str) -> None:
        """A history that does not go on from what was seen of it, for no reason that it names, is not followed."""
        record.rescue(head)
        raise RemoteRewritten(remote=exchange.shown)

    def _plan(self, profile: Profile, record: Record, head: str, theirs: str) -> Plan:
        if record.trees.contains(theirs, head):
            return forward(record.trees, head, theirs)
        memories = [stored for stored in profile.memories(statuses=None) if not stored.private]
        return joined(self._git(profile), record.trees, head, theirs, memories, self._clock())

    def _take(self, profile: Profile, record: Record, plan: Plan, *, accept: bool, remote: bool = True) -> None:
        taking.take(profile, record, self._git(profile), plan, accept=accept)
        if remote:
            record.see(plan.theirs)
        taking.forget_again(profile, plan)
        self._follow.note_change(profile.ref)
        self._follow.catch_up([profile.ref])

    def _check_outgoing(self, profile: Profile, head: str, theirs: str | None) -> None:
        """Nothing goes out that the others would have to refuse: one such file would keep all of them from syncing."""
        record = self._record(profile.ref)
        purging.refuse_purged(profile, record, head, theirs)
        found = inspect(record.trees.entries(head, self._most), self._most)
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
        return Exchange(profile.folder, address, self._limits, self._stopped)

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


def _returning(profile: Profile, trees: Trees, theirs: str) -> Met | None:
    """What the remote has purged and this machine has all the same, by itself or from a copy."""
    ids = purging.returning(profile, trees, theirs)
    return Met(ids, theirs, ours=False) if ids else None

"""One profile and its remote: receive, look, merge, take over, push; again if somebody was faster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sidecar.errors import (
    CannotShare,
    ChangedOnDisk,
    NoPurgeMet,
    PurgeDeclined,
    PushRaced,
    RemoteEmpty,
    RemoteRefused,
    RemoteRewritten,
    StoreVanished,
)
from sidecar.git import Exchange, Trees
from sidecar.records import dataclass
from sidecar.share import arriving, purging
from sidecar.share.inspection import INFORMATION, inspect, unreadable
from sidecar.share.purging import Met
from sidecar.share.records import FORMER, INCOMING
from sidecar.share.taking import ALARM_ABOVE
from sidecar.share.words import Synced
from sidecar.share.working import Work

ATTEMPTS: Final = 5
"""How often it begins again because somebody pushed, or edited a file, in the middle of it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person has said beforehand.

    `accept`: most of the profile may go at once.  `explicit`: this remote's history is wanted, whatever was seen of it
    before.  `following`: its purges are followed.  `filling`: a remote that was emptied gets it all again.
    """

    accept: bool = False
    explicit: bool = False
    following: bool = False
    filling: bool = False


@dataclass(frozen=True, slots=True)
class Syncing:
    """The two; `most`: files that a remote may have."""

    work: Work
    exchange: Exchange
    most: int

    def sync(self, wish: Wish) -> Synced:
        """Take over what others shared and push what is new here.  Raises as `Sharing.sync`."""
        record, pulled, merged = self.work.record, 0, False
        for _ in range(ATTEMPTS):
            head = self.work.prepare()
            theirs = self._receive(head, wish)
            if theirs is not None and not record.trees.contains(head, theirs):
                try:
                    plan = self.work.plan(head, theirs)
                    head = self.work.take(plan, accept=wish.accept)
                except ChangedOnDisk:
                    continue  # somebody has edited or learned something meanwhile
                pulled, merged = pulled + plan.pulled, merged or plan.merged
            pushed = 0 if head == theirs else record.trees.count(head, theirs)
            if pushed:
                self.check_outgoing(head, theirs)
                if not self.exchange.push(head):
                    continue
            record.see(head)
            return Synced(pulled, pushed, merged)
        raise PushRaced(remote=self.exchange.shown, times=ATTEMPTS)

    def replace(self, tip: str, *, accept: bool) -> Synced:
        """Let the remote have our history in place of `tip`, which holds what was purged here.

        What others pushed before they knew is in ours by then: received, and rewritten by the purge like everything.
        """
        record, pulled = self.work.record, 0
        head, theirs = self.work.prepare(), record.trees.resolve(INCOMING)
        if theirs is not None and not record.trees.contains(head, theirs):
            plan = self.work.plan(head, theirs)
            pulled, head = plan.pulled, self.work.take(plan, accept=accept)
        self.check_outgoing(head, None)
        if not self.exchange.push(head, replacing=tip):
            raise PushRaced(remote=self.exchange.shown, times=1)
        record.see(head)
        return Synced(pulled, record.trees.count(head, None), merged=bool(pulled))

    def met(self, *, admitting: bool) -> Met:
        """The purge that is in the way; `NoPurgeMet` if none is.

        `admitting`: of one of ours, what others pushed meanwhile is taken over.
        """
        head, found = self.work.prepare(), None
        try:
            trees = self.exchange.fetch() if self.exchange.tip() is not None else None
            theirs = None if trees is None else trees.resolve(INCOMING)
            if trees is not None and theirs is not None:
                arriving.check(trees, theirs, self.exchange.shown, self.most)
                found = self._purge_between(trees, head, theirs, self.work.record.seen)
                if admitting and found is not None and found.ours:
                    self.exchange.admit()
                    self.work.record.trees.set_ref(INCOMING, theirs)
        finally:
            self.exchange.discard()
        if found is None:
            raise NoPurgeMet(profile=self.work.profile.ref)
        return found

    def refuse_most(self, ids: Sequence[str]) -> None:
        """Whoever may push can name any ids: over half of a profile is an alarm, and not followed at one word."""
        profile = self.work.profile
        known = {stored.memory.id for stored in profile.memories(statuses=None)}
        gone = known.intersection(ids)
        if len(gone) > ALARM_ABOVE and len(gone) * 2 > len(known):
            hint = f"If that is meant: `sidecar sync {profile.ref.name} --purge yes --accept`."
            raise StoreVanished(gone=len(gone), known=len(known), profile=profile.ref, hint=hint)

    def check_outgoing(self, head: str, theirs: str | None) -> None:
        """Nothing goes out that the others would have to refuse: one such file would keep all of them from syncing."""
        profile, record = self.work.profile, self.work.record
        if record.trees.count(head, theirs) != record.trees.count(head, theirs, beyond=f"{FORMER}*"):
            hint = "Nothing went out. Remove its tags `before-share-…` only if that history may go to everybody."
            raise CannotShare(path="The history", profile=profile.ref, why="it is from before the share", hint=hint)
        self.check_files(head, theirs)

    def check_files(self, head: str, theirs: str | None) -> None:
        """As `check_outgoing`, of a history that is not the one to go out."""
        profile, record = self.work.profile, self.work.record
        purging.refuse_purged(profile, record, head, theirs)
        found = inspect(record.trees.entries(head, self.most), self.most)
        found = found or unreadable({path: record.trees.read(head, path) for path in INFORMATION})
        if found is not None:
            raise CannotShare(path=found.path, profile=profile.ref, why=found.why)

    def _receive(self, head: str, wish: Wish) -> str | None:
        """The remote's commit, looked at and admitted; None if the remote is as empty as it always was."""
        record, exchange = self.work.record, self.exchange
        tip, seen = exchange.tip(), None if wish.explicit else record.seen
        if tip is None:
            # Whoever keeps what others have purged does not bring it back by this road either.
            if seen is not None and not (wish.filling and record.declined is None):
                self._rewritten(head)
            if wish.explicit:
                raise RemoteEmpty(remote=exchange.shown)
            return None
        if tip in (seen, head):
            return tip
        if tip == record.declined and not (wish.explicit or wish.following):
            raise PurgeDeclined(remote=exchange.shown)
        try:
            trees = exchange.fetch()
            theirs = trees.resolve(INCOMING)
            if theirs is None:
                raise RemoteRefused(remote=exchange.shown, why="its branch is no commit")
            arriving.check(trees, theirs, exchange.shown, self.most)
            self._look_at_history(trees, head, theirs, seen, following=wish.following)
            exchange.admit()
        finally:
            exchange.discard()
        record.trees.set_ref(INCOMING, theirs)
        return theirs

    def _look_at_history(self, trees: Trees, head: str, theirs: str, seen: str | None, *, following: bool) -> None:
        """A remote that has purged something, or holds what was purged here, waits for a person's word."""
        found = purging.met(self.work.record, trees, head, theirs, seen)
        if found is not None and (found.ours or not following):
            raise found.error(self.exchange.shown)
        if found is None and seen is not None and not trees.contains(theirs, seen):
            self._rewritten(head)
        here = purging.returning(self.work.profile, trees, theirs)
        if here:
            raise Met(here, theirs, ours=False).error(self.exchange.shown)

    def _purge_between(self, trees: Trees, head: str, theirs: str, seen: str | None) -> Met | None:
        found = purging.met(self.work.record, trees, head, theirs, seen)
        if found is None:  # what the remote has purged and this machine has all the same, by itself or from a copy
            ids = purging.returning(self.work.profile, trees, theirs)
            found = Met(ids, theirs, ours=False) if ids else None
        return found

    def _rewritten(self, head: str) -> None:
        """A history that does not go on from what was seen of it, for no reason that it names, is not followed."""
        self.work.record.rescue(head)
        raise RemoteRewritten(remote=self.exchange.shown)

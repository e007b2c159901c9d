"""One profile while something is done with it: brought up to date, and brought to another commit."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sidecar.errors import CannotShare, ProfileAside
from sidecar.records import dataclass
from sidecar.share import taking
from sidecar.share.planning import forward, joined
from sidecar.share.records import Record
from sidecar.share.words import Exclusive, Follower, Plan
from sidecar.store import Profile


@dataclass(frozen=True, slots=True)
class Work:
    """What is needed for that.  `exclusive` runs a step in the writer thread; nothing here is called from there."""

    profile: Profile
    record: Record
    follow: Follower
    exclusive: Exclusive
    clock: Callable[[], datetime]

    def prepare(self) -> str:
        """Everything that is here is taken in, healed and committed; returns the commit.

        Raises `ProfileAside` while a person does something with git there: what is on another branch is not meant for
        others, and a merge that waits for a person is nobody else's.
        """
        return self.exclusive(self._prepare)

    def head(self) -> str:
        """The commit.  Raises `CannotShare` if there is none yet."""
        head = self.record.git.head()
        if head is None:
            raise CannotShare(path="it", profile=self.profile.ref, why="it has no commit yet")
        return head

    def plan(self, head: str, theirs: str, since: str | None = None) -> Plan:
        """How the profile gets from its commit to what it and another one hold together.

        `since`: the commit that both began with, where that is not in the profile's own history.
        """
        trees = self.record.trees
        if since is None and trees.contains(theirs, head):
            return forward(trees, head, theirs)
        memories = [stored for stored in self.profile.memories(statuses=None) if not stored.private]
        return joined(self.record.git, trees, head, theirs, memories, self.clock(), since=since)

    def take(
        self, plan: Plan, *, accept: bool = False, remote: bool = True, others: Collection[str] | None = None
    ) -> str:
        """Do it; returns the commit that the profile is at then.

        `remote`: the plan's other commit is what the remote has.  `others`: see `note_arrivals`.  Raises as
        `taking.take`.
        """

        def step() -> None:
            hint = taking.EMPTY_REMOTE if remote else taking.EMPTY_FOLDER
            alarm = None if accept else hint.format(self.profile.ref.name)
            taking.take(self.profile, self.record, plan, alarm, others)
            if remote:
                self.record.see(plan.theirs)
            taking.forget_again(self.profile, plan)
            self.follow.note_change(self.profile.ref)
            self.follow.catch_up([self.profile.ref])

        self.exclusive(step)
        return self.prepare()

    def _prepare(self) -> str:
        profile, follow = self.profile, self.follow
        if profile.aside is not None:
            raise ProfileAside(profile=profile.ref, why=f"`{profile.aside}` is checked out there, not `main`")
        if profile.merging:
            raise ProfileAside(profile=profile.ref, why="a merge or rebase that was begun there is not finished")
        taking.resume(profile, self.record)
        follow.catch_up([profile.ref])
        follow.commit(profile.ref)
        if follow.catch_up([profile.ref]):
            follow.commit(profile.ref)
        return self.head()

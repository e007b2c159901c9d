"""The follow road: whatever changed in the store, by us, by hand or by a git pull, reaches the index one way.

    store changed -> profile.refresh -> settle -> marks on source messages -> index.sync -> one commit when quiet

Everything here runs in the writer thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sidecar import curate
from sidecar.errors import PROFILE_FAULTS, ChangedOnDisk, NotFound, SidecarError, StoreVanished
from sidecar.index import Index, MessageDoc, MessageGone
from sidecar.journal import Journal, Mark, MessageChange
from sidecar.model import HTTP_AGENT, BadFile, ProfileRef, Status, Stored
from sidecar.store import KEYS_SETTLED, Profile, Refresh, Store

_FEED = 1_000
"""Archive changes fetched at once while the index catches up."""

_PORTION = 500
"""Archive changes taken over by one run that others may wait for: a fifth of a second's work.  Smaller ones would cost
more in all, since each is a commit of the index."""

_ASIDE = "`{}` is checked out, not `main`; run `git switch main` in its folder."
"""What is recalled then is what lies in the folder; commits go to that branch, or wait if it is no branch at all."""

_NO_HINTS: Mapping[ProfileRef, Collection[str]] = {}

_RANK: Mapping[Mark, int] = {"forgotten": 0, "superseded": 1, "current": 2}


def _mark(status: Status) -> Mark:
    match status:
        case Status.FORGOTTEN:
            return "forgotten"
        case Status.SUPERSEDED:
            return "superseded"
        case Status.ACTIVE | Status.PROPOSED:
            return "current"


class Follow:
    """Keeps index and git in step with the files."""

    def __init__(self, store: Store, journal: Journal, index: Index, clock: Callable[[], datetime]) -> None:
        self._store, self._journal, self._index, self._clock = store, journal, index, clock
        self._indexed: list[Profile] = []
        self._uncommitted: dict[ProfileRef, tuple[datetime, datetime]] = {}
        self._faults: dict[ProfileRef, str] = {}
        self._portion: int | None = None
        self._unfinished = False
        self._unsettled: set[ProfileRef] = set()

    def catch_up(
        self,
        refs: Collection[ProfileRef] | None = None,
        *,
        rescan: bool = True,
        anew: bool = False,
        messages: bool = True,
        portion: bool = False,
        paths: Mapping[ProfileRef, Collection[str]] = _NO_HINTS,
    ) -> bool:
        """Bring the index up to the files of these profiles (None: all); returns whether anything had changed.

        `rescan` reads the folders; without it only what we wrote ourselves is taken over.  `anew` makes the index from
        scratch.  Without `messages` the archive's news wait for the next time; with `portion` those wait that are more
        than one short run takes over (`unfinished`), and so do files that a person wrote (`unsettled`).  `paths`: of a
        profile that is in it only these files and folders are read.
        """
        if messages:
            self._portion, self._unfinished = (_PORTION if portion and not anew else None), False
        changed = False
        known = {*self._store.profiles(), *self._store.broken()}
        self._faults = {ref: reason for ref, reason in self._faults.items() if ref in known}
        for ref in sorted(known if refs is None else known.intersection(refs)):
            looked_at = paths.get(ref) if rescan else ()
            changed = self._catch_up_with(ref, looked_at, rescan, messages=messages, portion=portion) or changed
        before = self._index.generation
        self._sync(anew=anew, messages=messages)
        return changed or self._index.generation != before

    def _sync(self, *, anew: bool, messages: bool) -> None:
        """Let the index take over what has moved, which is all that can differ if it has the same profiles as before.

        Little of it may wait for the index's folder (`Index.waiting`).

        The same objects, that is: a profile that was opened anew knows nothing of what the one before it had.
        """
        profiles = self.profiles()
        moved = {profile.ref: profile.moved.ids.copy() for profile in profiles}
        for profile in profiles:
            moved[profile.ref] |= profile.replaced_by(moved[profile.ref])
        changed = {
            profile.ref: {name: profile.offered_one(name) for name in sorted(moved[profile.ref])}
            for profile in profiles
            if moved[profile.ref]
        }
        known = changed if profiles == self._indexed else None
        self._index.sync(self, anew=anew, messages=messages, changed=known, later=True)
        self._indexed = profiles
        for profile in profiles:
            profile.moved.ids.difference_update(moved[profile.ref])

    @property
    def unfinished(self) -> bool:
        """Whether the last run has left news of the archive for the next one."""
        return self._unfinished

    @property
    def unsettled(self) -> frozenset[ProfileRef]:
        """Profiles of which a run has left files that a person wrote to the next one, which adopts them."""
        return frozenset(self._unsettled)

    @property
    def faults(self) -> Mapping[ProfileRef, str]:
        """Profiles with which something is wrong, and what, until a look at them finds it mended."""
        return dict(self._faults)

    def profiles(self) -> list[Profile]:
        """Every profile that can be opened; what is wrong with the others stands in `faults`."""
        found = (self._opened(ref) for ref in self._store.profiles())
        return [profile for profile in found if profile is not None]

    def forget(self, ref: ProfileRef) -> None:
        """A profile was deleted: nothing of it waits any more."""
        for known in (self._uncommitted, self._faults):
            known.pop(ref, None)
        self._unsettled.discard(ref)

    def unnoticed(self, *, everything: bool) -> dict[ProfileRef, Collection[str]]:
        """What has changed in the files and nobody has told of, from any thread: for `catch_up` to look at.

        `everything`: git is asked as well whether files that are no memories wait for a commit; it is noted if so.
        """
        found: dict[ProfileRef, Collection[str]] = {}
        for profile in self.profiles():
            try:
                differing = profile.differing(racy=True) if profile.intact else [""] * (profile.vanished is None)
                if everything and profile.ref not in self._uncommitted and profile.uncommitted():
                    profile.doubt()
                    self.note_change(profile.ref)
            except PROFILE_FAULTS:
                differing = [""]  # the look itself tells what is wrong
            if differing:
                found[profile.ref] = differing
        return found

    def look_for_leftovers(self) -> None:
        """At the start: what an earlier run, or a hand meanwhile, has left uncommitted is as if changed just now."""
        for profile in self.profiles():
            try:
                waits = profile.marking or profile.uncommitted()
            except PROFILE_FAULTS:
                waits = True  # the commit itself tells what is wrong
            if waits:
                self.note_change(profile.ref)

    def look_at(self, profile: Profile, paths: Collection[str] | None = None) -> Refresh:
        """As `Profile.refresh`; what has changed is noted at once.

        What follows may fail, or refuse what was asked, and no later look would find these files changed.
        """
        refresh = profile.refresh(paths)
        if refresh.changed:
            self.note_change(profile.ref)
        return refresh

    def note_change(self, ref: ProfileRef) -> None:
        """A profile has changes that are not committed yet."""
        now = self._clock()
        first, _ = self._uncommitted.get(ref, (now, now))
        self._uncommitted[ref] = (first, now)

    @property
    def uncommitted(self) -> Mapping[ProfileRef, tuple[datetime, datetime]]:
        """Profiles that wait for a commit, with the moments of their first and last change."""
        return dict(self._uncommitted)

    def commit(self, ref: ProfileRef, *, portion: bool = False) -> list[str]:
        """Commit what has changed in a profile: ours first, then the user's edits alone.

        With `portion`, what follows from many edits is left to the next calls; the profile is `uncommitted` until then.
        Raises one of PROFILE_FAULTS, also while a sudden emptiness is unconfirmed; the profile then waits on.
        """
        if ref not in self._store.profiles():
            if ref not in self._store.broken():
                self.forget(ref)
            return []
        profile = self._store.open(ref)
        commits = profile.commit(everything=False, portion=portion)
        if profile.vanished is not None:
            raise _vanished(profile, profile.vanished)
        if not profile.marking:
            self._uncommitted.pop(ref, None)
        return commits

    def bad_files(self) -> list[BadFile]:
        """Files that could not be taken in, of all profiles."""
        found = [bad for profile in self.profiles() for bad in profile.bad_files()]
        return sorted(found, key=lambda bad: (bad.profile, bad.path))

    def memories(self) -> Mapping[ProfileRef, Sequence[Stored]]:
        """For the index: the present memories of every profile, of every status; a faulty one's as last known."""
        return {profile.ref: profile.offered(statuses=None) for profile in self.profiles()}

    def message_changes(self, after: int) -> Iterator[MessageDoc | MessageGone]:
        """For the index: what changed in the archive since a change number; all of it if it has nothing yet."""
        most = self._portion if after else None
        while True:
            batch = self._journal.changes(after, most or _FEED)
            for change in batch:
                yield _document(change)
            if len(batch) < (most or _FEED):
                return
            if most:
                self._unfinished = True
                return
            after = batch[-1].change

    def _opened(self, ref: ProfileRef) -> Profile | None:
        try:
            return self._store.open(ref)
        except NotFound:
            return None  # removed since it was listed
        except PROFILE_FAULTS as error:
            self._faults[ref] = _told(ref, error)
            return None

    def _catch_up_with(
        self, ref: ProfileRef, paths: Collection[str] | None, rescan: bool, *, messages: bool, portion: bool
    ) -> bool:
        """One profile's share of `catch_up`; what is wrong with it is noted, and stops no other one."""
        profile = self._opened(ref)
        if profile is None:
            return False
        changed = False
        try:
            if rescan:
                changed = self._heal(profile, paths, portion=portion)
            if messages:
                self._mark_sources(profile)
        except PROFILE_FAULTS as error:
            self._faults[ref] = _told(ref, error)
            return changed
        if profile.vanished is not None:
            self._faults[ref] = _told(ref, _vanished(profile, profile.vanished))
        elif profile.aside is not None:
            self._faults[ref] = f"profile {ref}: {_ASIDE.format(profile.aside)}"
        elif rescan:
            self._faults.pop(ref, None)
        return changed

    def _heal(self, profile: Profile, paths: Collection[str] | None, *, portion: bool) -> bool:
        refresh = self.look_at(profile, paths)
        healed = profile.settle(portion=portion)
        (self._unsettled.add if profile.adopting else self._unsettled.discard)(profile.ref)
        settled = self._settle_keys(profile)
        if healed or settled:
            self.note_change(profile.ref)
        return bool(refresh.changed or healed or settled)

    def _settle_keys(self, profile: Profile) -> bool:
        """Two active memories of one key, as a hand edit can leave them, are settled by the rule of section 3."""
        moved = set(profile.moved.keys)
        changes = [
            change
            for key in sorted(moved)
            if len([one for one in profile.versions(key, curate.KEYED_TYPES) if one.memory.status is Status.ACTIVE]) > 1
            for change in curate.settle(profile.versions(key))
        ]
        if not changes:
            profile.moved.keys.difference_update(moved)
            return False
        try:
            profile.apply(changes, KEYS_SETTLED)
        except ChangedOnDisk:
            # The next event of the file that is being edited right now brings us here again.
            return False
        profile.moved.keys.difference_update(moved)
        return True

    def _mark_sources(self, profile: Profile) -> None:
        moved = set(profile.moved.messages)
        if moved:
            self._journal.mark_sources(profile.ref, {message: _best(profile, message) for message in sorted(moved)})
            profile.moved.messages.difference_update(moved)


def _best(profile: Profile, message: str) -> Mark:
    return max(map(_mark, profile.outcomes(message)), key=_RANK.__getitem__, default="current")


def _vanished(profile: Profile, counts: tuple[int, int]) -> StoreVanished:
    gone, known = counts
    return StoreVanished(gone=gone, known=known, profile=profile.ref)


def _told(ref: ProfileRef, error: Exception) -> str:
    """What is wrong with a profile and what to do about it, in one line."""
    if isinstance(error, SidecarError):
        return f"profile {ref}: {error.message} {error.hint}"
    return f"profile {ref}: {error.strerror if isinstance(error, OSError) else type(error).__name__}"


def _document(change: MessageChange) -> MessageDoc | MessageGone:
    # Ids of ingested messages are made of their words, so they are unique within a profile only.
    scope = str(change.profile) if change.agent == HTTP_AGENT else ""
    if change.gone or change.archived is None:
        return MessageGone(change.change, change.agent, change.id, scope)
    message = change.archived.message
    return MessageDoc(
        change=change.change,
        id=message.id,
        agent=message.agent,
        session=message.session,
        profile=change.archived.profile,
        role=message.role,
        speaker=message.speaker,
        kind=message.kind,
        time=message.time,
        text=message.text,
        sidechain=message.sidechain,
        forgotten=change.forgotten,
        superseded=change.superseded,
        scope=scope,
        number=change.number,
    )

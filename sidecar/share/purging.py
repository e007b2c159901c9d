"""Purges between machines: what a remote has let go of, what it still holds, and what must never go there again.

A purge rewrites history, and `purges.yaml`, which everybody has, names it: old tip, new tip, ids.  Machines meet it:

    the one that purged   its remote still has the old history: nothing is exchanged until its user has that replaced
    every other one       the remote's history does not go on from what was seen: nothing is exchanged until its user
                          says whether the memories go here too

Whoever says no keeps what they have, and syncs with that remote no more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence

from sidecar.errors import CannotShare, RemoteHoldsPurged, RemotePurged
from sidecar.frontmatter import Document, parse
from sidecar.git import Trees
from sidecar.git.rewrite import each_blob
from sidecar.merge.reading import PLACE
from sidecar.records import dataclass
from sidecar.share.planning import names
from sidecar.share.records import Record
from sidecar.store import Profile
from sidecar.store.layout import is_memory_path
from sidecar.store.purges import Purge, recorded

Purging = Callable[[Profile, Sequence[str]], object]
"""Lets memories go for good, from files, history, archive and index; from any thread but the writer's."""

_TOLD = 5
"""Ids that an error names; all of them stand in `purges.yaml`."""


@dataclass(frozen=True, slots=True)
class Met:
    """A purge that stands between this machine and the remote.

    `ids`: what was purged; `tip`: the remote's commit; `ours`: it was purged here, and the remote still holds it.
    """

    ids: tuple[str, ...]
    tip: str
    ours: bool

    def error(self, remote: str) -> RemotePurged | RemoteHoldsPurged:
        """What is told, with the ids."""
        shown = ", ".join(self.ids[:_TOLD]) + (f" and {len(self.ids) - _TOLD} more" if len(self.ids) > _TOLD else "")
        if self.ours:
            return RemoteHoldsPurged(remote=remote, ids=shown)
        return RemotePurged(remote=remote, count=len(self.ids), ids=shown)


def purges_of(trees: Trees, commit: str) -> list[Purge]:
    """The purges that a commit names; if its list cannot be read, those that it named last."""
    return recorded(PLACE, trees, commit)


def purged_ids(trees: Trees, commit: str) -> set[str]:
    """The ids that a commit names as purged."""
    return set(_ids(purges_of(trees, commit)))


def met(record: Record, trees: Trees, head: str, theirs: str, seen: str | None) -> Met | None:
    """The purge that is between our history and the remote's `theirs`, both of which `trees` can read.

    Ours: the remote has a commit that a purge here has replaced.  Theirs: its history does not go on from `seen`, its
    own list names a purge of that very history, and it has what came of it.
    """
    here, there = purges_of(record.trees, head), purges_of(trees, theirs)
    known = {(purge.old, purge.new) for purge in here}
    held = [purge for purge in here if _contains(trees, theirs, purge.old) and not _contains(trees, theirs, purge.new)]
    if held:
        return Met(_ids(held), theirs, ours=True)
    if seen is None or trees.contains(theirs, seen):
        return None
    former = {seen, *(purge.old for purge in here if purge.new == seen)}
    fresh = [
        purge
        for purge in there
        if (purge.old, purge.new) not in known and _contains(trees, theirs, purge.new) and _about(trees, purge, former)
    ]
    return Met(_ids(fresh), theirs, ours=False) if fresh else None


def returning(profile: Profile, trees: Trees, theirs: str) -> tuple[str, ...]:
    """Ids that the remote's list names as purged, that it does not hold, and that are here all the same; sorted."""
    purged = set(_ids(purges_of(trees, theirs)))
    here = purged & {stored.memory.id for stored in profile.memories(statuses=None) if not stored.private}
    return tuple(sorted(here - held_ids(trees, theirs))) if here else ()


def refuse_purged(profile: Profile, record: Record, head: str, theirs: str | None) -> None:
    """Nothing that was purged goes out again, not even in a commit before the last.  Raises `CannotShare`."""
    sides = [head, *([theirs] if theirs else [])]
    purged = {one for side in sides for one in _ids(purges_of(record.trees, side))}
    if purged and theirs is not None:
        purged -= held_ids(record.trees, theirs)
    if not purged:
        return
    places: dict[str, str] = {}
    for path, blob in _news(record, head, theirs):
        places.setdefault(blob, path)
    for blob, data in each_blob(record.git, places):
        if _identifier(data) in purged:
            path = places[blob]
            hint = f"Take it out for good with `sidecar forget --purge` in profile {profile.ref.name}."
            raise CannotShare(path=path, profile=profile.ref, why="it was purged", hint=hint)


def _about(trees: Trees, purge: Purge, former: Collection[str]) -> bool:
    """Whether a purge replaced the history that was seen: up to there, or as far as somebody else had pushed."""
    return purge.old in former or any(_contains(trees, purge.old, one) for one in former)


def _contains(trees: Trees, commit: str, ancestor: str) -> bool:
    """As `Trees.contains`, of names that anybody may have written."""
    known = [trees.resolve(name) for name in (commit, ancestor) if len(name) >= 40]
    return len(known) == 2 and known[0] is not None and known[1] is not None and trees.contains(known[0], known[1])


def _ids(purges: Iterable[Purge]) -> tuple[str, ...]:
    return tuple(sorted({identifier for purge in purges for identifier in purge.ids}))


def held_ids(trees: Trees, commit: str) -> set[str]:
    """The ids of the memories in a commit."""
    files = [name for path, name in names(trees, commit).items() if is_memory_path(path)]
    return {found for data in trees.blobs(files).values() if (found := _identifier(data)) is not None}


def _identifier(data: bytes) -> str | None:
    document = parse(data)
    found = document.fields.get("id") if isinstance(document, Document) else None
    return found if isinstance(found, str) else None


def _news(record: Record, head: str, theirs: str | None) -> list[tuple[str, str]]:
    """Path and object of every memory file that a commit puts there which the remote does not have."""
    commits = record.git.run("rev-list", head, *([f"^{theirs}"] if theirs else []))
    options = ("-r", "-z", "-m", "--root", "--no-renames", "--no-abbrev")
    output = record.git.run("diff-tree", "--stdin", *options, given=commits)
    found: dict[tuple[str, str], None] = {}
    records = iter(output.split(b"\0")[:-1])
    for one in records:
        if one.startswith(b":"):
            _, mode, _, blob, _ = one.decode().split(" ")
            path = os.fsdecode(next(records))
            if mode.startswith("100") and is_memory_path(path):
                found[path, blob] = None
    return list(found)

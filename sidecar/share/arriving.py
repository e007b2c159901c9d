"""A remote that is joined: received apart from everything, looked at, then given a name and a place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sidecar.descriptors import remove_tree
from sidecar.errors import RemoteEmpty, RemoteRefused, UnknownNamespace
from sidecar.files import ensure_folder, write_durably
from sidecar.git import Exchange, Git, Limits, Trees
from sidecar.merge.reading import PLACE
from sidecar.model import ProfileRef
from sidecar.records import dataclass
from sidecar.routing.names import PERSONAL
from sidecar.share.inspection import INFORMATION, MOST_FILES, inspect, unreadable
from sidecar.share.planning import names
from sidecar.share.provenance import note_arrivals
from sidecar.share.records import INCOMING, Record
from sidecar.share.words import Folder, Follower
from sidecar.store import ProfileInfo, Store
from sidecar.store import info as profile_info
from sidecar.store.arrivals import Arrivals
from sidecar.store.layout import PROFILE_FILE, check_name, is_name

_FOLDER: Final = ".joining-"
"""Hidden, so that nothing takes it for a profile; left over after an interruption, the next attempt removes it."""

_NAME_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came: a repository of its own beside the profiles, without a work tree as yet."""

    folder: Path
    address: str
    shown: str
    commit: str
    info: ProfileInfo

    @property
    def project(self) -> str | None:
        """The project that it says it is about."""
        return self.info.project.root_commit

    def discard(self) -> None:
        """Let go of it; nothing happens if it has found its place."""
        remove_tree(self.folder)


def receive(
    store: Store,
    namespace: str,
    address: str,
    limits: Limits | None,
    most: int,
    stopped: Callable[[], bool],
) -> Arrival:
    """Fetch a remote and look at it.  Raises `RemoteEmpty`, `RemoteRefused`, `RemoteUnreachable`."""
    if not store.has_namespace(namespace):
        raise UnknownNamespace(name=namespace)
    folder = store.root / namespace / f"{_FOLDER}{hashlib.sha256(address.encode()).hexdigest()[:12]}"
    remove_tree(folder)
    ensure_folder(folder)
    try:
        return _received(folder, Exchange(folder, address, limits, stopped), most)
    except BaseException:
        remove_tree(folder)
        raise


def _received(folder: Path, exchange: Exchange, most: int) -> Arrival:
    Git(folder, "").init()
    if exchange.tip() is None:
        raise RemoteEmpty(remote=exchange.shown)
    trees = exchange.fetch()
    commit = trees.resolve(INCOMING)
    if commit is None:
        raise RemoteRefused(remote=exchange.shown, why="its branch is no commit")
    info = check(trees, commit, exchange.shown, most)
    exchange.admit()
    Trees(folder).set_ref(INCOMING, commit)
    return Arrival(folder, exchange.address, exchange.shown, commit, info)


def check(trees: Trees, commit: str, remote: str, most: int = MOST_FILES) -> ProfileInfo:
    """Refuse what must not reach a disk; returns what the profile says of itself."""
    entries = trees.entries(commit, most)
    found = inspect(entries, most)
    if found is not None:
        raise RemoteRefused(remote=remote, why=f"{found.path}: {found.why}")
    told = {path: trees.read(commit, path) for path in INFORMATION}
    found = unreadable(told)
    if found is not None:
        raise RemoteRefused(remote=remote, why=f"{found.path}: {found.why}")
    return profile_info.read(PLACE, told[PROFILE_FILE] or b"")


def target(
    arrival: Arrival,
    namespace: str,
    name: str | None,
    folder: Folder | None,
    projects: Mapping[ProfileRef, str | None],
    addresses: Mapping[ProfileRef, str],
) -> ProfileRef:
    """Which profile it is here.

    The one that was named; else the one that is joined to this remote already; else the one of the same project, also
    if that is one of which only the name is known; else a new one, under the name that it brings if that is free.
    """
    if name is not None:
        check_name("profile", name)
        return ProfileRef(namespace, name)
    here = sorted(ref for ref in projects if ref.namespace == namespace)
    for ref in here:
        if addresses.get(ref) == arrival.address:
            return ref
    for ref in here:
        if arrival.project is not None and projects[ref] == arrival.project:
            return ref
    if folder is not None and folder.profile is not None and folder.root == arrival.project:
        return ProfileRef(namespace, folder.profile)
    # No remote makes itself the profile that is recalled from in every project; a person may name it so.
    wanted = arrival.info.name if is_name(arrival.info.name) and arrival.info.name != PERSONAL else "shared"
    if all(ref.name != wanted for ref in here):
        return ProfileRef(namespace, wanted)
    tail = (arrival.project or hashlib.sha256(arrival.info.uuid.encode()).hexdigest())[:6]
    return ProfileRef(namespace, f"{wanted[: _NAME_LENGTH - len(tail) - 1].rstrip('-')}-{tail}")


def settle_in(
    arrival: Arrival, store: Store, follow: Follower, ref: ProfileRef, machine: str, project: str | None
) -> int:
    """From the writer thread: make it a profile of this machine; returns how many commits came."""
    git, record = Git(arrival.folder, machine), Record(arrival.folder, machine)
    files = names(record.trees, arrival.commit)
    blobs = record.trees.blobs(files.values())
    for path, name in sorted(files.items()):
        write_durably(arrival.folder / path, blobs[name], root=arrival.folder)
    git.move_branch(arrival.commit, None)
    git.refresh_index(sorted(files))
    record.share(arrival.address, project)
    record.see(arrival.commit)
    note_arrivals(Arrivals(arrival.folder), {path: (None, blobs[name]) for path, name in sorted(files.items())})
    arrival.folder.rename(store.root / ref.namespace / ref.name)  # from here on it is a profile, whole
    store.open(ref)
    follow.note_change(ref)
    follow.catch_up([ref])
    return Trees(store.root / ref.namespace / ref.name).count(arrival.commit, None)

"""Taking over what the disk says: only what has changed is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from sidecar.errors import FileSystemFailed
from sidecar.files import read_file, sha256_of
from sidecar.frontmatter import Document, parse
from sidecar.git import Trees
from sidecar.model import BadFile, Memory, Tombstone
from sidecar.store import tombstones
from sidecar.store.catalog import Entry, load, stored
from sidecar.store.core import Core
from sidecar.store.layout import (
    MAX_FILE_BYTES,
    in_archive,
    is_memory_path,
    is_named_for,
    is_private,
    is_utf8,
    unarchived,
)
from sidecar.store.scan import Scan, Signature, look_at, scan
from sidecar.store.words import Refresh
from sidecar.store.worktree import has_conflict, head_of, is_merging, tip_of, wait_for_git

_ALARM_ABOVE: Final = 10
"""So many memories, and more than half of all, gone at once are an alarm and not a change (section 7)."""

_DEARER: Final = 4
"""How many times as much a look at one path costs as its share of a look at everything."""


def refresh(core: Core, paths: Collection[str] | None = None) -> Refresh:
    """Compare the folder with the catalog and take the differences over, unless too much is gone at once.

    `paths`: the files and folders to look at, where it is known which have changed; that this is all of it is a hint
    only, and whatever asks for more than a change of some files is answered by a look at the whole.
    """
    core.disk.settle()
    if not core.intact:
        return _half_gone(core)
    if paths is not None and _asks_for_all(core, paths):
        paths = None
    found, fresh = _look(core, paths)
    if not core.loaded:
        _load_from_head(core, found, fresh)
    lost = _lost(core, found, fresh)
    if lost and wait_for_git(core.folder):
        found, fresh = _look(core, paths)
        lost = _lost(core, found, fresh)
    head = head_of(core.folder)
    if paths is not None and (lost or head != core.head):
        # A memory that is gone may lie where nobody has told of yet, and another branch differs in more than that.
        return refresh(core)
    switched, core.head = core.head not in ("", head), head
    known = len(core.catalog)
    if not core.accepted and len(lost) > _ALARM_ABOVE and len(lost) * 2 > known:
        core.vanished, core.loaded = (len(lost), known), True
        return Refresh(bad=core.catalog.bad(), vanished=core.vanished)
    core.vanished, core.accepted, core.loaded = None, False, True
    tip, core.tip = core.history.take_latest() or core.tip, tip_of(core.folder)
    changed = _take_over(core, found, fresh)
    if paths is None:
        core.changed = None  # also what is no memory may have changed
    elif core.changed is not None:
        core.changed.update(paths, changed)
    if not switched:  # what another branch or an old commit does not have was not removed
        left = _left_behind(core, tip, [path for path, _ in lost.values()])
        core.hand_gone |= {path: memory for path, memory in lost.values() if path not in left}
    core.drop_returned()
    return Refresh(tuple(sorted(changed)), tuple(sorted(lost)), core.catalog.bad())


def _left_behind(core: Core, before: str, paths: Collection[str]) -> set[str]:
    """Those of the files that are gone because the branch was moved back or aside, from where it was `before`.

    Nobody has removed these, as with another branch; but what a commit on the new line removes is removed.
    """
    if not paths or not before or before == core.tip:
        return set()
    git, trees, wanted = core.history.git, Trees(core.folder), sorted(paths)
    old, new = trees.resolve(before), trees.resolve(core.tip)
    if old is None or new is None or trees.contains(new, old):
        return set()
    stayed = {path for one in (*trees.bases(old, new), new) for path in git.files(one, wanted)}
    return git.files(old, wanted).keys() - stayed


def _asks_for_all(core: Core, paths: Collection[str]) -> bool:
    """Whether looking at these paths would not be right, or cost more than looking at everything."""
    return (
        "" in paths
        or not core.loaded
        or core.accepted
        or core.vanished is not None
        or len(paths) * _DEARER > len(core.catalog.entries) + _DEARER
    )


def _look(core: Core, paths: Collection[str] | None) -> tuple[Scan, dict[str, Entry]]:
    """What lies in the folder, and the files among it that are not as they were at the last look."""
    if paths is not None:
        found, fresh = _look_at(core, paths)
        others = _other_places(core, fresh).difference(paths)
        return _look_at(core, others.union(paths)) if others else (found, fresh)
    found = scan(core.folder)
    if found.folders:
        found.memories |= found.misplaced(core.catalog.entries if core.loaded else set(core.history.git.files()))
    core.leftovers = found.leftovers
    _refresh_tombstones(core, found)
    return found, _read_changed(core, found.memories)


def _look_at(core: Core, paths: Collection[str]) -> tuple[Scan, dict[str, Entry]]:
    found = look_at(core.folder, paths, (core.catalog.entries, core.catalog.tombstones))
    found.memories |= found.misplaced(core.catalog.entries)
    _refresh_tombstones(core, found)
    return found, _read_changed(core, found.memories)


def _other_places(core: Core, fresh: Mapping[str, Entry]) -> set[str]:
    """Where else the memories of some files are known to lie: these may have been moved from there."""
    ids = {entry.answers.memory.id for entry in fresh.values() if entry.answers is not None}
    return {path for identifier in ids for path in core.catalog.paths(identifier)}


def _half_gone(core: Core) -> Refresh:
    """The folder lost its `profile.yaml` or its repository: whatever is left of it, nothing is taken over."""
    found = scan(core.folder) if core.folder.is_dir() else Scan()
    core.vanished = (len(_lost(core, found, {})), len(core.catalog))
    return Refresh(bad=core.catalog.bad(), vanished=core.vanished)


def _read_changed(core: Core, memories: Mapping[str, Signature]) -> dict[str, Entry]:
    fresh: dict[str, Entry] = {}
    refuse = _conflicts(core)
    for path, signature in memories.items():
        before = core.catalog.entries.get(path)
        if _changed(None if before is None else before.signature, signature):
            fresh[path] = load(core.ref, core.folder, path, signature, before, refuse)
    return fresh


def _conflicts(core: Core) -> Callable[[str, bytes], bool]:
    """Tells the files in which a person has still to choose a side.

    Not all that leave such files say that they go on: of `git stash pop` and `git merge --squash` only git's index
    knows.  It is asked about files that look like it alone.
    """
    merging = is_merging(core.folder)
    return lambda path, data: has_conflict(data) and (merging or core.history.git.is_unmerged(path))


def _changed(before: Signature | None, now: Signature) -> bool:
    return before is None or before.racy or not before.same(now)


def _take_over(core: Core, found: Scan, fresh: Mapping[str, Entry]) -> list[str]:
    entries, changed = core.catalog.entries, []
    for path in found.missing(entries, found.memories):
        changed.append(path)
        core.disk.touched |= core.catalog.drop(path)
    for path, entry in fresh.items():
        before = entries.get(path)
        if before is not None and before.sha256 == entry.sha256 and before.problem == entry.problem and entry.sha256:
            entries[path] = Entry(entry.signature, before.sha256, before.stored, before.problem, before.last_good)
            continue
        changed.append(path)
        core.disk.touched |= core.catalog.put(path, entry)
    return changed


def _lost(core: Core, found: Scan, fresh: Mapping[str, Entry]) -> dict[str, tuple[str, Memory]]:
    """Ids whose files are gone and not elsewhere, with their last path and content."""
    entries = core.catalog.entries
    gone = set(found.missing(entries, found.memories))
    candidates: dict[str, tuple[str, Memory]] = {}
    for path in sorted(gone):
        answers = entries[path].answers
        if answers is not None:
            candidates[answers.memory.id] = (path, answers.memory)
    if not candidates:
        return {}
    present = {entry.answers.memory.id for entry in fresh.values() if entry.answers is not None}
    away = gone | fresh.keys()
    present |= {identifier for identifier in candidates if core.catalog.paths(identifier) - away}
    return {identifier: place for identifier, place in candidates.items() if identifier not in present}


def _load_from_head(core: Core, found: Scan, fresh: dict[str, Entry]) -> None:
    """At the first look, the last commit tells what was known.

    What is missing; the good version of what is bad; and which files were mere copies of a forgotten memory.
    """
    committed = [path for path in core.history.git.files() if is_memory_path(path)]
    missing = [path for path in committed if path not in found.memories]
    bad = [path for path, entry in fresh.items() if entry.stored is None]
    known = core.history.git.read("HEAD", [*missing, *bad])
    buried = {tombstone.id for _, tombstone in core.catalog.tombstones.values() if isinstance(tombstone, Tombstone)}
    for path, data in known.items():
        document = parse(data)
        if not isinstance(document, Document) or document.missing or document.fields["id"] in buried:
            continue
        if not is_utf8(path):
            continue
        last = stored(core.ref, path, sha256_of(data), document.memory())
        entry = fresh.pop(path, Entry(None))
        core.catalog.put(path, Entry(entry.signature, entry.sha256, None, entry.problem, last))
    # A file that is new beside the archived one has been brought back meanwhile, one that lay there before has not.
    held, homes = set(committed), {unarchived(path) for path in fresh if in_archive(path)}
    core.catalog.copies = {
        path
        for path, entry in fresh.items()
        if entry.stored is not None
        and entry.stored.memory.id in buried
        and not in_archive(path)
        and path not in homes  # where the memory was before it was forgotten lies no copy of it
        and (path in held or is_private(path))  # of private files nobody knows: in doubt they stay forgotten
    }
    core.catalog.came = _order_of_copies(core, fresh)
    # What is there counts as known too, or the first file of an emptied profile would not be half of it.
    for path in list(fresh):
        core.disk.touched |= core.catalog.put(path, fresh.pop(path))
    core.catalog.remembers, core.catalog.came = True, {}


def _order_of_copies(core: Core, fresh: Mapping[str, Entry]) -> dict[str, int]:
    """Of files that have an id in common, which came first: whoever answered before a restart answers after it.

    A copy is never written to, so one that we have written is the original; else the one that was committed first.
    Ids that an archived file has too are left out: there another rule tells what has been brought back.
    """
    by_id: dict[str, list[str]] = {}
    for path, entry in fresh.items():
        if entry.stored is not None:
            by_id.setdefault(entry.stored.memory.id, []).append(path)
    copied = [paths for paths in by_id.values() if len(paths) > 1 and not any(map(in_archive, paths))]
    shared = sorted(path for paths in copied for path in paths)
    if not shared:
        return {}
    names = {path: name for name, paths in by_id.items() for path in paths}
    age = {path: place for place, path in enumerate(core.history.git.added(shared))}

    def standing(path: str) -> tuple[bool, int, bool, int, str]:
        misnamed = not is_named_for(path, names[path])
        return not core.disk.has_written(path), age.get(path, len(age)), misnamed, len(path), path

    return {path: place for place, path in enumerate(sorted(shared, key=standing))}


def _refresh_tombstones(core: Core, found: Scan) -> None:
    known = core.catalog.tombstones
    for path in found.missing(known, found.tombstones):
        core.disk.touched |= core.catalog.exhume(path)
    for path, signature in found.tombstones.items():
        before = known.get(path)
        if _changed(None if before is None else before[0], signature):
            found_there = _read_tombstone(core, path)
            if before is not None and before[1] == found_there:
                known[path] = (signature, found_there)
            else:
                core.disk.touched |= core.catalog.bury(path, signature, found_there)


def _read_tombstone(core: Core, path: str) -> Tombstone | BadFile:
    try:
        data = read_file(core.folder / path, MAX_FILE_BYTES, root=core.folder)
    except FileSystemFailed as error:
        return BadFile(core.ref, path, None, str(error.fields["why"]))
    return tombstones.read(core.ref, path, data or b"")

"""What has to happen in the work tree so that it holds what both sides have made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from sidecar import curate
from sidecar.errors import GitFailed
from sidecar.frontmatter import Document, parse
from sidecar.git import Git, TreeEntry, Trees
from sidecar.merge import merge
from sidecar.model import Change, Stored
from sidecar.share.inspection import MOST_FILES
from sidecar.share.records import MERGED
from sidecar.share.words import Plan
from sidecar.store import OTHERS_SHARED
from sidecar.store.layout import is_memory_path

Names = Mapping[str, str]
"""The files of a commit: path -> object name."""

_NAMED: Final = 50
"""Memories that the message of a merge names; the commits that it joins name them all."""


def forward(trees: Trees, head: str | None, theirs: str) -> Plan:
    """The plan where only they have gone on."""
    before, after = ({} if head is None else names(trees, head)), names(trees, theirs)
    return Plan(head, theirs, theirs, _difference(trees, before, after), merged=False, pulled=trees.count(theirs, head))


def joined(
    git: Git,
    trees: Trees,
    head: str,
    theirs: str,
    memories: Iterable[Stored],
    when: datetime,
    *,
    since: str | None = None,
) -> Plan:
    """The plan where both have gone on, and the commit with two parents that it leads to.

    `since`: what both began with, a commit that is in neither's history for others; then `theirs` is no parent either.
    """
    ours, others = names(trees, head), names(trees, theirs)
    base = _base(trees, trees.bases(head, theirs) if since is None else [since])
    found = _merged(trees, base, ours, others, memories)
    files = {path: (before, after) for path, (before, after) in found.items() if before != after}
    target = trees.compose(
        MERGED,
        {path: after for path, (_, after) in files.items()},
        _message(files),
        parents=[head, theirs] if since is None else [head],
        author=git.user_identity(),
        committer=git.machine_identity,
        when=when,
    )
    return Plan(head, target, theirs, files, merged=True, pulled=trees.count(theirs, head))


def names(trees: Trees, commit: str) -> dict[str, str]:
    """The regular files of a commit, within the bounds that every shared profile has."""
    entries = trees.entries(commit, MOST_FILES)
    if entries is None:
        raise GitFailed(command="ls-tree", folder=trees.folder, stderr=f"there are more than {MOST_FILES} files")
    return {path: entry.name for entry in entries if (path := _plain_path(entry)) is not None}


def _plain_path(entry: TreeEntry) -> str | None:
    if not entry.mode.startswith("100"):
        return None
    try:
        return entry.path.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _base(trees: Trees, bases: Collection[str]) -> dict[str, str | bytes]:
    """What both sides began with; of several common ancestors the merge of these, none for unrelated histories."""
    found: dict[str, str | bytes] | None = None
    for commit in sorted(bases):
        further = names(trees, commit)
        found = {**further} if found is None else _virtual(trees, found, further)
    return found or {}


def _virtual(trees: Trees, one: Mapping[str, str | bytes], other: Names) -> dict[str, str | bytes]:
    mine, yours = _read(trees, one, one), _read(trees, other, other)
    shared = {path: data for path, data in mine.items() if yours.get(path) == data}
    return {**merge(shared, mine, yours, _settle)}


def _merged(
    trees: Trees, base: Mapping[str, str | bytes], ours: Names, theirs: Names, memories: Iterable[Stored]
) -> dict[str, tuple[bytes | None, bytes | None]]:
    """Only what differs is read, and what stands under the same keys."""
    every = base.keys() | ours.keys() | theirs.keys()
    wanted = {path for path in every if not base.get(path) == ours.get(path) == theirs.get(path)}
    differing = [_read(trees, side, wanted) for side in (base, ours, theirs)]
    keys = {key for files in differing for path, data in files.items() if (key := _key(path, data)) is not None}
    wanted |= {stored.path for stored in memories if stored.memory.key in keys and stored.path in ours}
    before, mine, yours = (_read(trees, side, wanted) for side in (base, ours, theirs))
    after = merge(before, mine, yours, _settle, standing=ours.keys() - wanted)
    return {path: (mine.get(path), after.get(path)) for path in mine.keys() | after.keys()}


def _read(trees: Trees, side: Mapping[str, str | bytes], paths: Collection[str]) -> dict[str, bytes]:
    chosen = {path: side[path] for path in paths if path in side}
    blobs = trees.blobs(value for value in chosen.values() if isinstance(value, str))
    return {path: blobs[value] if isinstance(value, str) else value for path, value in chosen.items()}


def _difference(trees: Trees, before: Names, after: Names) -> dict[str, tuple[bytes | None, bytes | None]]:
    paths = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    old, new = _read(trees, before, paths), _read(trees, after, paths)
    return {path: (old.get(path), new.get(path)) for path in paths}


def _key(path: str, data: bytes) -> str | None:
    document = parse(data) if is_memory_path(path) else None
    key = document.fields.get("key") if isinstance(document, Document) else None
    return key if isinstance(key, str) else None


def _settle(versions: Iterable[Stored]) -> list[Change]:
    return list(curate.settle([one for one in versions if one.memory.type in curate.KEYED_TYPES]))


def _message(files: Mapping[str, tuple[bytes | None, bytes | None]]) -> str:
    found = (parse(data) for _, (_, data) in sorted(files.items()) if data is not None)
    ids = (document.fields.get("id") for document in found if isinstance(document, Document))
    trailers = [f"Memory-Id: {identifier}" for identifier in sorted({str(i) for i in ids if i})[:_NAMED]]
    parts = [f"Merge {len(files)} changed files", f"Why: {OTHERS_SHARED.why}", "\n".join(trailers)]
    return "\n\n".join(part for part in parts if part) + "\n"

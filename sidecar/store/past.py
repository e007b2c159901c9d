"""What a profile was: the memories of a commit, the words that one memory had, and what differs between two commits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sidecar.errors import SnapshotExists, UnknownRevision
from sidecar.expressions import regex
from sidecar.frontmatter import Document, parse
from sidecar.git import Git, LogEntry
from sidecar.git import past as gitpast
from sidecar.git.rewrite import SHARED
from sidecar.model import Memory, ProfileRef, Stored
from sidecar.records import dataclass
from sidecar.store.catalog import Catalog, understood
from sidecar.store.layout import is_memory_path
from sidecar.store.words import Difference, Revision

_AT_ONCE: Final = 1_000
"""Files of a tree that are read at once."""

_WHY = regex(r"^Why: (.+)$", re.MULTILINE)


@dataclass(slots=True)
class _Pair:
    """A memory's file in the earlier and in the later tree, as path and bytes."""

    before: tuple[str, bytes] | None = None
    after: tuple[str, bytes] | None = None


class Past:
    """The past of one profile; every method only reads, but for `snapshot`, which makes a tag."""

    def __init__(self, ref: ProfileRef, git: Git) -> None:
        self._ref, self._git = ref, git

    def commit(self, name: str | datetime) -> str:
        """The commit of a tag, branch or hash, or the last one at a moment.  Raises `UnknownRevision`."""
        if isinstance(name, datetime):
            found = gitpast.commit_at(self._git, name)
        else:
            found = gitpast.find_commit(self._git, name)
        if found is None:
            raise UnknownRevision(name=name, profile=self._ref)
        return found

    def memories(self, commit: str) -> list[Stored]:
        """The memories of a commit's tree, of every status, sorted by id; what is no memory there is left out."""
        catalog = Catalog(self._ref)
        files = {path: name for path, name in self._git.files(commit).items() if is_memory_path(path)}
        paths = sorted(files)
        for start in range(0, len(paths), _AT_ONCE):
            some = paths[start : start + _AT_ONCE]
            data = gitpast.blobs(self._git, [files[path] for path in some])
            for path in some:
                catalog.put(path, understood(self._ref, path, None, data[files[path]], None))
        return catalog.snapshot().memories(None)

    def differences(self, before: str | None, after: str) -> list[Difference]:
        """The memories and other files in which two commits differ, by path; a move is one difference."""
        changes = gitpast.changes(self._git, before, after)
        data = gitpast.blobs(self._git, [name for one in changes for name in (one.before, one.after) if name])
        pairs: dict[str, _Pair] = {}
        for change in changes:
            for side, name in (("before", change.before), ("after", change.after)):
                if name is None:
                    continue
                key = _identifier(change.path, data[name]) or f"/{change.path}"
                if getattr(pairs.get(key), side, None) is not None:
                    key = f"/{change.path}"  # a copy beside the memory
                setattr(pairs.setdefault(key, _Pair()), side, (change.path, data[name]))
        found = [_difference(key, pair) for key, pair in pairs.items()]
        return sorted(found, key=lambda one: (one.paths[1] or one.paths[0] or "", one.identifier or ""))

    def patch(self, before: str | None, after: str) -> str:
        """The same as a unified diff."""
        return gitpast.patch(self._git, before, after)

    def revisions(self, identifier: str, log: Sequence[LogEntry]) -> list[Revision]:
        """The words that a memory had, the earliest first; `log` are the commits that touched it, the latest first."""
        found: list[Revision] = []
        for entry in reversed(log):
            for memory in self._touched(entry, identifier):
                if not found or _words(found[-1].memory) != _words(memory):
                    found.append(Revision(entry.commit, entry.time, entry.author.name, why(entry.body), memory))
        return found

    @property
    def shared(self) -> bool:
        """Whether anything of it was ever pushed or came from others."""
        return gitpast.beyond(self._git, SHARED) is not None

    def snapshots(self) -> list[gitpast.Tag]:
        """The tags of the profile, the latest first."""
        return gitpast.tags(self._git)

    def snapshot(self, name: str, when: datetime, note: str) -> gitpast.Tag:
        """Name the present commit for good.  Raises `SnapshotExists`, and `UnknownRevision` before the first commit."""
        commit = self.commit("HEAD")
        if gitpast.find_commit(self._git, name) is not None:  # a tag, a branch, HEAD: what `at` would find
            raise SnapshotExists(profile=self._ref, name=name)
        gitpast.make_tag(self._git, name, commit, note, self._git.user_identity(), when)
        return gitpast.Tag(name, commit, when, note)

    def _touched(self, entry: LogEntry, identifier: str) -> Iterator[Memory]:
        before = entry.parents[0] if entry.parents else None
        changes = [one for one in gitpast.changes(self._git, before, entry.commit) if is_memory_path(one.path)]
        data = gitpast.blobs(self._git, [one.after for one in changes if one.after is not None])
        for change in changes:
            document = parse(data[change.after]) if change.after is not None else None
            if isinstance(document, Document) and not document.missing and document.fields["id"] == identifier:
                yield document.memory()


def why(body: str) -> str | None:
    """The reason that the body of a commit message states."""
    found = _WHY.search(body)
    return found[1] if found else None


def _words(memory: Memory) -> tuple[str, str]:
    return memory.content, memory.summary


def _difference(key: str, pair: _Pair) -> Difference:
    paths = (pair.before[0] if pair.before else None, pair.after[0] if pair.after else None)
    identifier = None if key.startswith("/") else key
    return Difference(identifier, _memory(pair.before), _memory(pair.after), paths)


def _identifier(path: str, data: bytes) -> str | None:
    document = parse(data) if is_memory_path(path) else None
    found = document.fields.get("id") if isinstance(document, Document) else None
    return found if isinstance(found, str) else None


def _memory(file: tuple[str, bytes] | None) -> Memory | None:
    document = None if file is None or not is_memory_path(file[0]) else parse(file[1])
    return document.memory() if isinstance(document, Document) and not document.missing else None

"""What is known of a profile's files: the writer's own table, and the frozen snapshots that readers get."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from sidecar.errors import FileSystemFailed
from sidecar.files import read_file, sha256_of
from sidecar.frontmatter import Problem, parse
from sidecar.model import BadFile, Memory, ProfileRef, Stored, Tombstone
from sidecar.records import dataclass
from sidecar.store.groups import Groups
from sidecar.store.layout import MAX_FILE_BYTES, in_archive, is_named_for, is_private, is_utf8, shown
from sidecar.store.scan import Signature
from sidecar.store.snapshot import Buried, Layered, Snapshot

_LAYER: Final = 2_000
"""Changes since the table was copied last that a snapshot carries beside that copy, so as not to be another one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file.  Good: `stored`.  Bad: `problem`.  Neither: a person's file in which required keys are missing.

    `last_good` answers while the file itself cannot.
    """

    signature: Signature | None
    sha256: str = ""
    stored: Stored | None = None
    problem: BadFile | None = None
    last_good: Stored | None = None

    @property
    def unadopted(self) -> bool:
        """Whether the file waits for the keys that it lacks."""
        return self.stored is None and self.problem is None and self.signature is not None

    @property
    def answers(self) -> Stored | None:
        """What this file contributes to recall."""
        return self.stored or self.last_good


class Catalog:
    """The writer's table of files; of several files with one id exactly one counts, by a rule that needs no memory."""

    def __init__(self, profile: ProfileRef) -> None:
        self._profile = profile
        self.entries: dict[str, Entry] = {}
        self.tombstones: dict[str, tuple[Signature | None, Tombstone | BadFile]] = {}
        self.version = 0
        self._paths: dict[str, set[str]] = {}
        self.remembers = False
        """Whether all files have been looked at once, so that what answered before may go on answering."""
        self.copies: set[str] = set()
        """Files that were no more than copies of an archived one at the first look."""
        self.came: dict[str, int] = {}
        """At the first look, of files that have an id in common: the place in which each came, the original first."""
        self.unadopted: set[str] = set()
        """A person's files that wait for the keys that they lack."""
        self._chosen: dict[str, Stored] = {}
        self._base: dict[str, Stored] = {}
        self._over: dict[str, Stored | None] = {}
        self._bad: dict[str, BadFile] = {}
        self._buried: Buried | None = None
        self.groups = Groups()

    def put(self, path: str, entry: Entry) -> set[str]:
        """Take a file in; returns the ids that it had or has."""
        return self._replace(path, entry)

    def drop(self, path: str) -> set[str]:
        """Take a file out; returns the ids that it had."""
        return self._replace(path, None)

    def chosen(self, identifier: str) -> Stored | None:
        """The memory of an id."""
        return self._chosen.get(identifier)

    def __len__(self) -> int:
        """How many ids some file answers for."""
        return len(self._chosen)

    def paths(self, identifier: str) -> frozenset[str]:
        """The files that answer for an id."""
        return frozenset(self._paths.get(identifier, ()))

    def duplicates(self, identifier: str) -> list[str]:
        """Paths of the files of an id that do not count."""
        winner = self._chosen.get(identifier)
        return [path for path in sorted(self._paths.get(identifier, ())) if winner is None or path != winner.path]

    def tombstone_paths(self, identifier: str) -> list[str]:
        """The files that say that a memory was forgotten."""
        return [
            path
            for path, (_, found) in self.tombstones.items()
            if isinstance(found, Tombstone) and found.id == identifier
        ]

    def bury(self, path: str, signature: Signature | None, found: Tombstone | BadFile) -> set[str]:
        """Take a tombstone's file in; returns the id that it names."""
        self.version += 1
        self._buried = None
        self.tombstones[path] = (signature, found)
        if isinstance(found, Tombstone):
            self.groups.buried(found.messages)
        return {found.id} if isinstance(found, Tombstone) else set()

    def exhume(self, path: str) -> set[str]:
        """Take a tombstone's file out; returns the id that it named."""
        self.version += 1
        self._buried = None
        _, found = self.tombstones.pop(path)
        if isinstance(found, Tombstone):
            self.groups.buried(found.messages)
        return {found.id} if isinstance(found, Tombstone) else set()

    def bad(self) -> tuple[BadFile, ...]:
        """Every bad file, sorted by path."""
        bad = [*self._bad.values(), *(found for _, found in self.tombstones.values() if isinstance(found, BadFile))]
        return tuple(sorted(bad, key=lambda problem: problem.path))

    def snapshot(self) -> Snapshot:
        """The table as readers see it."""
        if len(self._over) > _LAYER:
            self._base, self._over = Layered(self._base, self._over).in_order(), {}
        return Snapshot(Layered(self._base, dict(self._over)), self.bad(), self.buried)

    @property
    def buried(self) -> Buried:
        """The tombstones as they are now."""
        if self._buried is None:
            tombstones = (found for _, found in self.tombstones.values())
            self._buried = Buried({found.id: found for found in tombstones if isinstance(found, Tombstone)})
        return self._buried

    def _replace(self, path: str, entry: Entry | None) -> set[str]:
        self.version += 1
        before = self.entries.pop(path, None)
        self.unadopted.discard(path)
        if entry is not None:
            self.entries[path] = entry
            if entry.unadopted:
                self.unadopted.add(path)
        else:
            self.copies.discard(path)
        touched: set[str] = set()
        for known in (before, entry):
            if known is not None and known.answers is not None:
                touched.add(known.answers.memory.id)
        for identifier in touched:
            self._paths.setdefault(identifier, set()).discard(path)
        if entry is not None and entry.answers is not None:
            self._paths[entry.answers.memory.id].add(path)
        self._bad.pop(path, None)
        if entry is not None and entry.problem is not None:
            self._bad[path] = entry.problem
        for identifier in touched:
            self._choose(identifier)
        return touched

    def _choose(self, identifier: str) -> None:
        paths = self._paths.get(identifier, set())
        ranked = sorted(paths, key=lambda path: (*self._standing(identifier, path), in_archive(path), len(path), path))
        before = self._chosen.get(identifier)
        answer = self.entries[ranked[0]].answers if ranked else None
        self._over[identifier] = answer
        if answer is None:
            self._paths.pop(identifier, None)
            self._chosen.pop(identifier, None)
            self.groups.change(before, None)
            return
        self._chosen[identifier] = answer
        if answer is not before:
            self.groups.change(before, answer)
        self._flag_duplicates(ranked)

    def _standing(self, identifier: str, path: str) -> tuple[bool, bool, bool, int]:
        """How little a file has to say for itself as the one of its id; smaller is better.

        What answered before goes on answering, also where it has been moved to: a copy beside it is the newcomer.  Only
        a file that is new beside an archived one has been brought back.  Where nothing answered before, the file that
        came first is the original, as far as that is known, then the one with the name that we give.
        """
        entry, before = self.entries[path], self._chosen.get(identifier) if self.remembers else None
        copy = path in self.copies and any(in_archive(other) for other in self._paths[identifier])
        if before is None:
            return entry.stored is None, copy, False, self.came.get(path, not is_named_for(path, identifier))
        back = in_archive(before.path) and not in_archive(path) and path not in self._bad
        same = path == before.path or (before.path not in self.entries and entry.sha256 == before.sha256)
        return entry.stored is None, copy, not back, not same

    def _flag_duplicates(self, ranked: Iterable[str]) -> None:
        winner, *others = ranked
        if self.entries[winner].problem is None:
            self._bad.pop(winner, None)
        for path in others:
            if self.entries[path].problem is None:
                self._bad[path] = BadFile(self._profile, path, None, f"its id is already that of {winner}")


def load(
    profile: ProfileRef,
    folder: Path,
    path: str,
    signature: Signature,
    before: Entry | None,
    has_conflict: Callable[[str, bytes], bool],
) -> Entry:
    """Read one file; a bad one keeps what `before` knew last.

    `has_conflict`: tells, by path and bytes, the files in which a person has still to choose a side.
    """
    last_good = before.answers if before is not None else None
    if not is_utf8(path):
        return Entry(signature, "", None, BadFile(profile, shown(path), None, "its name is not UTF-8"), last_good)
    if not signature.regular:
        return Entry(signature, "", None, BadFile(profile, path, None, "it is a symlink or not a file"), last_good)
    if signature.size > MAX_FILE_BYTES:
        return Entry(signature, "", None, BadFile(profile, path, None, "it is larger than 256 KiB"), last_good)
    try:
        data = read_file(folder / path, MAX_FILE_BYTES, root=folder)
    except FileSystemFailed as error:
        return Entry(signature, "", None, BadFile(profile, path, None, f"it {error.fields['why']}"), last_good)
    if has_conflict(path, data or b""):
        problem = BadFile(profile, path, None, "a merge has left conflict markers in it")
        return Entry(signature, sha256_of(data or b""), None, problem, last_good)
    if before is not None and before.stored is not None and before.sha256 == sha256_of(data or b""):
        return Entry(signature, before.sha256, before.stored)  # saved as it was: nothing to read again
    return understood(profile, path, signature, data or b"", last_good)


def understood(
    profile: ProfileRef, path: str, signature: Signature | None, data: bytes, last_good: Stored | None
) -> Entry:
    """The entry of a file with these bytes."""
    sha256 = sha256_of(data)
    document = parse(data)
    if isinstance(document, Problem):
        return Entry(signature, sha256, None, BadFile(profile, path, document.line, document.reason), last_good)
    if document.missing:
        return Entry(signature, sha256, None, None, last_good)
    return Entry(signature, sha256, stored(profile, path, sha256, document.memory()))


def stored(profile: ProfileRef, path: str, sha256: str, memory: Memory) -> Stored:
    """A memory with its file."""
    return Stored(memory, profile, path, sha256, private=is_private(path))

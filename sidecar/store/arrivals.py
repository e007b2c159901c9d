"""Which memories came from others: known by this machine alone, whatever their files say of themselves.

A list in the repository's own folder, which nobody pulls: one line for each memory that was taken over from a remote,
with the hash of its content, so that one that is edited here is ours from then on.  Nobody vouches for what came.  What
speaks to agents, or would do harm, is held: as if it were `proposed`, on this machine alone, until a person accepts it.
The files stay as they are, so that every clone still has the same tree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, get_args

from sidecar.identity import content_hash
from sidecar.model import Memory, Status, Stored
from sidecar.records import dataclass

_FILE: Final = "sidecar-arrivals"
_DEPTH: Final = 100
"""Versions in a row that are looked through for one that stands; more are no chain that anybody made."""

UNNAMED: Final = "-"
"""In place of the id of a file that came without one."""
_WHY: Final = "it was shared by others, and speaks to agents or would do harm"


Standing = Literal["held", "taken", "own"]
"""`held`: the words of others, at which a person has to look first; `taken`: theirs; `own`: whoever brings them."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Words and how they stand: the id of their memory, and their hash (see `identity.content_hash`)."""

    id: str
    content: str
    standing: Standing


def noted(folder: Path) -> bool:
    """Whether anything has ever come to the profile of a folder; costs a stat."""
    return (folder / ".git" / _FILE).exists()


class Arrivals:
    """The list of one profile.  Read from any thread; written by the writer thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".git" / _FILE
        self._read: tuple[tuple[int, int], dict[tuple[str, str], str]] = ((0, 0), {})
        self._waiting: frozenset[str] = frozenset()

    def note(self, arrivals: Iterable[Arrival]) -> None:
        """These came; of two lines with one id and content the later counts."""
        lines = "".join(f"{one.id} {one.content} {one.standing}\n" for one in arrivals).encode()
        if not lines:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"  # a crash has cut the last line
            file.write(b"\n" * torn + lines)
            file.flush()
            os.fsync(file.fileno())

    def release(self, memory: Memory) -> None:
        """A person has accepted it."""
        if self.holds(memory):
            self.note([Arrival(memory.id, content_hash(memory.type, memory.content), "taken")])

    def came(self, memory: Memory) -> bool:
        """Whether its words are others'."""
        return self._state(memory) in ("held", "taken")

    def holds(self, memory: Memory) -> bool:
        """Whether it waits for a person here."""
        return self._state(memory) == "held"

    def standing(self, identifier: str, name: str) -> str | None:
        """How words of this hash stand that were noted under this id; None if nothing was noted."""
        return self._known().get((identifier, name))

    def _state(self, memory: Memory) -> str | None:
        known = self._known()
        if not known:
            return None
        name = content_hash(memory.type, memory.content)
        return known.get((memory.id, name), known.get((UNNAMED, name)))

    def view(self, stored: Stored, known: Callable[[str], Stored | None]) -> Stored:
        """The memory as it may be given; `known` finds every memory of its profile.

        One that is held waits, and what it has taken the place of stands until a person has accepted it.
        """
        memory = stored.memory
        if memory.status is Status.ACTIVE and self._suspects(memory.id) and self.holds(memory):
            return replace(stored, memory=memory.replace(status=Status.PROPOSED, reason=_WHY))
        if memory.status is Status.SUPERSEDED and self._stands(memory, known) and not self.holds(memory):
            standing = memory.replace(status=Status.ACTIVE, superseded_by=None, valid_until=None)
            return replace(stored, memory=standing)
        return stored

    def marked(self, stored: Stored) -> Stored:
        """The memory with whether its words are others'."""
        return replace(stored, arrived=True) if self.came(stored.memory) else stored

    def views(self, found: Sequence[Stored]) -> list[Stored]:
        """Every memory of a profile, or of one of its commits, as it may be given."""
        if not self._held():
            return list(found)
        known = {one.memory.id: one for one in found}
        return [self.view(one, known.get) for one in found]

    def replaced(self, identifiers: Collection[str], found: Callable[[], Iterable[Stored]]) -> set[str]:
        """The ids of those that memories of these ids, of which words have come, have taken the place of.

        `found` gives all that something has taken the place of.
        """
        if not identifiers or not self._known():
            return set()
        came = {identifier for identifier, _ in self._known()}
        later = set(identifiers) if UNNAMED in came else came.intersection(identifiers)
        before = {one.memory.id: one.memory.superseded_by for one in found()} if later else {}
        named: set[str] = set()
        while later:
            later = {one for one, successor in before.items() if successor in later} - named
            named |= later
        return named

    def _stands(self, memory: Memory, known: Callable[[str], Stored | None]) -> bool:
        """Whether whatever has taken the place of a memory is held, or was held until it went."""
        by = memory.superseded_by
        for _ in range(_DEPTH):
            if by is None or not self._suspects(by):
                return False
            successor = known(by)
            if successor is None:
                return by in self._held()
            if not self.holds(successor.memory):
                return False
            if successor.memory.status is not Status.SUPERSEDED:
                return True
            by = successor.memory.superseded_by
        return False

    def _suspects(self, identifier: str) -> bool:
        """Whether a memory of this id can be held at all: most are not, and then their words need not be hashed."""
        held = self._held()
        return identifier in held or UNNAMED in held

    def _held(self) -> frozenset[str]:
        """The ids of what is held."""
        self._known()
        return self._waiting

    def _known(self) -> dict[tuple[str, str], str]:
        try:
            found = self._path.stat()
        except OSError:
            return {}
        state = (found.st_mtime_ns, found.st_size)
        if self._read[0] != state:
            lines = (line.split(" ") for line in self._path.read_text("ascii", "replace").splitlines())
            found_lines = {(p[0], p[1]): p[2] for p in lines if len(p) == 3 and p[2] in get_args(Standing)}
            self._waiting = frozenset(identifier for (identifier, _), how in found_lines.items() if how == "held")
            self._read = (state, found_lines)
        return self._read[1]

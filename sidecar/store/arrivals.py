"""Which memories came from others: known by this machine alone, whatever their files say of themselves.

A list in the repository's own folder, which nobody pulls: one line for each memory that was taken over from a remote,
with the hash of its content, so that one that is edited here is ours from then on.  Nobody vouches for what came.  What
speaks to agents, or would do harm, is held: as if it were `proposed`, on this machine alone, until a person accepts it.
The files stay as they are, so that every clone still has the same tree.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sidecar.identity import content_hash
from sidecar.model import Memory, Status, Stored

_FILE: Final = "sidecar-arrivals"
_HELD: Final = "held"
_TAKEN: Final = "taken"
UNNAMED: Final = "-"
"""In place of the id of a file that came without one."""
_WHY: Final = "it was shared by others, and speaks to agents or would do harm"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A memory that came: its id, the hash of its content, and whether a person has to look at it first."""

    id: str
    content: str
    held: bool


class Arrivals:
    """The list of one profile.  Read from any thread; written by the writer thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".git" / _FILE
        self._read: tuple[tuple[int, int], dict[tuple[str, str], bool]] = ((0, 0), {})

    def note(self, arrivals: Iterable[Arrival]) -> None:
        """These came; of two lines with one id and content the later counts."""
        lines = "".join(f"{one.id} {one.content} {_HELD if one.held else _TAKEN}\n" for one in arrivals)
        if not lines:
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())

    def release(self, memory: Memory) -> None:
        """A person has accepted it."""
        if self.holds(memory):
            self.note([Arrival(memory.id, content_hash(memory.type, memory.content), held=False)])

    def came(self, memory: Memory) -> bool:
        """Whether its words are others'."""
        return self._state(memory) is not None

    def holds(self, memory: Memory) -> bool:
        """Whether it waits for a person here."""
        return bool(self._state(memory))

    def _state(self, memory: Memory) -> bool | None:
        known = self._known()
        if not known:
            return None
        name = content_hash(memory.type, memory.content)
        return known.get((memory.id, name), known.get((UNNAMED, name)))

    def view(self, stored: Stored) -> Stored:
        """The memory as it may be given: one that is held waits."""
        if stored.memory.status is not Status.ACTIVE or not self.holds(stored.memory):
            return stored
        return replace(stored, memory=stored.memory.replace(status=Status.PROPOSED, reason=_WHY))

    def views(self, found: Sequence[Stored]) -> list[Stored]:
        """Each of them as it may be given."""
        held = {identifier for (identifier, _), waits in self._known().items() if waits}
        return [self.view(one) if one.memory.id in held or UNNAMED in held else one for one in found]

    def _known(self) -> dict[tuple[str, str], bool]:
        try:
            found = self._path.stat()
        except OSError:
            return {}
        state = (found.st_mtime_ns, found.st_size)
        if self._read[0] != state:
            lines = (line.split(" ") for line in self._path.read_text("ascii", "replace").splitlines())
            self._read = (state, {(p[0], p[1]): p[2] == _HELD for p in lines if len(p) == 3})
        return self._read[1]

"""`purges.yaml`: which rewrites of the history a profile has had, so that its clones can follow them when asked."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sidecar.errors import BadMemoryFile, FormatTooNew
from sidecar.frontmatter import Problem, load_mapping, parse_time
from sidecar.frontmatter.writing import flow
from sidecar.git import Trees
from sidecar.model import ProfileRef
from sidecar.records import dataclass
from sidecar.store.layout import PRIVATE_PURGES_FILE, PURGES_FILE

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Purge:
    """One rewrite: whoever has the history up to `old` finds the same without the memories `ids` at `new`.

    Both are empty where no history had them.
    """

    time: datetime
    old: str
    new: str
    ids: tuple[str, ...]


def render(purges: Sequence[Purge]) -> bytes:
    """The file, the latest purge last: one to a line, so that two clones' merge like any text."""
    entries = [{"time": one.time, "old": one.old, "new": one.new, "ids": list(one.ids)} for one in purges]
    lines = "".join(f"  - {flow(entry, nested=False)}\n" for entry in entries)
    return f"format: {FORMAT}\npurges:\n{lines}".encode()


def recorded(profile: ProfileRef, trees: Trees, commit: str) -> list[Purge]:
    """The purges that a commit names; if its list is broken, those that the latest readable one before it names.

    A list that somebody broke must not let back in what was purged.
    """
    data = trees.read(commit, PURGES_FILE)
    if data is None:
        return []
    for version in itertools.chain([data], trees.versions(commit, PURGES_FILE)):
        with contextlib.suppress(BadMemoryFile, FormatTooNew):
            return read(profile, version)
    return []


def lying(profile: ProfileRef, trees: Trees, data: bytes | None) -> list[Purge]:
    """The purges that the file names which lies in a profile; of a broken one as `recorded`.  Raises `FormatTooNew`."""
    try:
        return [] if data is None else read(profile, data)
    except BadMemoryFile:
        head = trees.resolve("HEAD")
        return [] if head is None else recorded(profile, trees, head)


def read(profile: ProfileRef, data: bytes) -> list[Purge]:
    """What the file says.  Raises `FormatTooNew` for a newer format, `BadMemoryFile` if it makes no sense."""
    path = f"{profile}/{PURGES_FILE}"
    values = load_mapping(data)
    if isinstance(values, Problem):
        raise BadMemoryFile(path=path, at=f":{values.line}" if values.line else "", reason=values.reason)
    found = str(values.get("format"))
    if found.isdigit() and int(found) > FORMAT:
        raise FormatTooNew(path=path, found=found, known=FORMAT)
    entries = values.get("purges") or []
    if found != str(FORMAT) or not isinstance(entries, list):
        raise BadMemoryFile(path=path, at="", reason=f"`format` must be {FORMAT}, and `purges` a list")
    try:
        return [
            Purge(parse_time(str(one["time"])), str(one["old"]), str(one["new"]), tuple(map(str, one["ids"])))
            for one in entries
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise BadMemoryFile(path=path, at="", reason="a purge needs `time`, `old`, `new` and `ids`") from error


class PurgedIds:
    """The ids of what was purged in one profile; the files that name them are read again only when they change."""

    def __init__(self, profile: ProfileRef) -> None:
        self._profile = profile
        self._known: tuple[list[bytes], frozenset[str]] = ([], frozenset())

    def of(self, look: Callable[[str], bytes | None]) -> frozenset[str]:
        """The ids; `look` gives the bytes of a file, None where none is.  Raises as `read`."""
        files = [data for path in (PURGES_FILE, PRIVATE_PURGES_FILE) if (data := look(path)) is not None]
        if files != self._known[0]:
            found = (purge for data in files for purge in read(self._profile, data))
            self._known = files, frozenset(identifier for purge in found for identifier in purge.ids)
        return self._known[1]

"""Looking at a tree before any of it reaches a disk: whoever shares a profile can put anything into it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sidecar.errors import BadMemoryFile, FormatTooNew
from sidecar.git import TreeEntry
from sidecar.merge.places import folded
from sidecar.merge.reading import PLACE
from sidecar.model import ProfileRef
from sidecar.records import dataclass
from sidecar.store import MAX_FILE_BYTES, info, purges
from sidecar.store.layout import PRIVATE, PROFILE_FILE, PURGES_FILE, SUMMARY_FILE

MOST_FILES: Final = 250_000
"""Of one profile: twice what section 9 of the contract wants of memory files, and their tombstones."""

_MOST_BYTES: Final = 1 << 30
_NAME_BYTES: Final = 200
"""Of one name in a path: file systems take 255, and a name may have to grow by what tells it from another."""

_PATH_BYTES: Final = 900
_DEEPEST: Final = 16
_MODES: Final = {
    "120000": "it is a symlink",
    "160000": "it is a submodule",
    "100755": "it is executable",
}


INFORMATION: Final[Mapping[str, Callable[[ProfileRef, bytes], object]]] = {
    PROFILE_FILE: info.read,
    PURGES_FILE: purges.read,
}
"""The files with what a profile says of itself, and how each is read: none of them is taken over broken."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The first thing that is wrong with a tree: where, and what."""

    path: str
    why: str


def inspect(entries: Sequence[TreeEntry] | None, most: int = MOST_FILES) -> Findings | None:
    """What is wrong with the files of a commit, None if nothing is; without `entries` there were too many to read."""
    if entries is None or len(entries) > most:
        return Findings("it", f"it has more than {most} files, or very long names")
    if sum(entry.size or 0 for entry in entries) > _MOST_BYTES:
        return Findings("it", f"its files have more than {_MOST_BYTES >> 20} MiB together")
    known: dict[str, str] = {}
    folders: dict[str, str] = {}
    for entry in entries:
        path, why = _path_fault(entry.path)
        why = why or _kind_fault(entry) or _clash(path, known, folders)
        if why is not None:
            return Findings(path, why)
    if PROFILE_FILE not in known.values():
        return Findings(PROFILE_FILE, "it is missing, so this is no profile")
    return None


def unreadable(files: Mapping[str, bytes | None]) -> Findings | None:
    """Which file with information about the profile itself makes no sense, or is of a newer format; None if none."""
    for path, read in sorted(INFORMATION.items()):
        data = files.get(path)
        try:
            if data is not None:
                read(PLACE, data)
        except (BadMemoryFile, FormatTooNew) as error:
            why = error.fields.get("reason", f"its format {error.fields.get('found')} is newer than this sidecar")
            return Findings(path, str(why))
    return None


def _kind_fault(entry: TreeEntry) -> str | None:
    if entry.mode != "100644":
        return _MODES.get(entry.mode, f"its mode is {entry.mode}")
    if entry.size is None or entry.size > MAX_FILE_BYTES:
        return f"it is larger than {MAX_FILE_BYTES} bytes"
    return None


def _path_fault(raw: bytes) -> tuple[str, str | None]:
    """The path as text that can be shown, and what is wrong with it."""
    shown = raw[:_PATH_BYTES].decode("utf-8", "backslashreplace")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
    try:
        path = raw.decode("utf-8")
    except UnicodeDecodeError:
        return shown, "its name is not UTF-8"
    parts = path.split("/")
    checks = (
        (len(raw) > _PATH_BYTES or any(len(part.encode()) > _NAME_BYTES for part in parts), "its name is too long"),
        (len(parts) > _DEEPEST, "it lies too deep"),
        (any(not part or part == ".." for part in parts), "it leads out of the profile"),
        (any(part.startswith(".") for part in parts), "hidden files are not shared"),
        (any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in path), "its name has invisible characters"),
        ("\\" in path or ":" in path, "its name has a backslash or a colon"),
        (folded(path).startswith(PRIVATE) or path == SUMMARY_FILE, "it belongs to one machine alone"),
    )
    return (shown if path != path.strip() else path), next((why for wrong, why in checks if wrong), None)


def _clash(path: str, known: dict[str, str], folders: dict[str, str]) -> str | None:
    """Two paths that some disks cannot tell apart, also where one is a folder of the other."""
    plain = folded(path)
    if plain in known or plain in folders:
        return f"some disks cannot tell it from {known.get(plain) or folders[plain]}"
    known[plain] = path
    parts = plain.split("/")
    for folder in ("/".join(parts[:length]) for length in range(1, len(parts))):
        folders.setdefault(folder, path)
        if folder in known:
            return f"some disks cannot tell its folder from {known[folder]}"
    return None

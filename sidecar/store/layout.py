"""Where a memory's file lies in its profile (section 3 of the contract)."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePosixPath
from typing import Final

from sidecar.errors import FieldError
from sidecar.expressions import regex
from sidecar.model import Memory, MemoryType, Status

MAX_FILE_BYTES: Final = 256 * 1024
"""Larger files are left alone: no statement worth recalling is that long."""

PROFILE_FILE: Final = "profile.yaml"
PURGES_FILE: Final = "purges.yaml"
PRIVATE_PURGES_FILE: Final = "private/purges.yaml"
"""The same for what git never had; it never leaves this machine."""

SUMMARY_FILE: Final = "PROFILE.md"
ARCHIVE: Final = "archive/"
PRIVATE: Final = "private/"
TOMBSTONES: Final = "tombstones/"
RETIRED: Final = frozenset({Status.SUPERSEDED, Status.FORGOTTEN})
"""The states of memories that lie in the archive."""

_TYPES: Final = {memory_type.folder: memory_type for memory_type in MemoryType}
_NO_MEMORIES: Final = frozenset({SUMMARY_FILE, "README.md"})
_SLUG_LENGTH: Final = 40
_NAME = regex(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_MONTH = regex(r"\d{4}-(?:0[1-9]|1[0-2])")


def check_name(field: str, name: str) -> None:
    """Refuse, with `FieldError`, what is no name of a namespace or profile."""
    if _NAME.fullmatch(name) is None:
        problem = f"{name!r} must be 1 to 32 of a-z, 0-9 and -, starting and ending with a letter or digit"
        raise FieldError(field=field, problem=problem)


def is_name(name: str) -> bool:
    """Whether a folder of this name can be a namespace or profile."""
    return _NAME.fullmatch(name) is not None


def path_for(memory: Memory) -> str:
    """The path of a new memory's file, relative to the profile."""
    group, rest = "general", ""
    if memory.key:
        group, _, rest = memory.key.partition("/")
    if memory.type is MemoryType.EVENT:
        month = (memory.occurred or "")[:7]
        group = month if _MONTH.fullmatch(month) else memory.observed.strftime("%Y-%m")
        rest = memory.key or ""
    name = f"{_slug(rest) or _slug(memory.summary) or 'memory'}-{memory.id[-6:].lower()}.md"
    path = f"{memory.type.folder}/{_slug(group) or 'general'}/{name}"
    return archived(path) if memory.status in RETIRED else path


def is_named_for(path: str, identifier: str) -> bool:
    """Whether the file has the name that we give to the one of this id."""
    return path.endswith(f"-{identifier[-6:].lower()}.md")


def archived(path: str) -> str:
    """The place of a file in the archive; private files have an archive of their own."""
    if in_archive(path):
        return path
    return f"{PRIVATE}{ARCHIVE}{path.removeprefix(PRIVATE)}" if is_private(path) else f"{ARCHIVE}{path}"


def unarchived(path: str) -> str:
    """The place of a file outside the archive."""
    prefix = PRIVATE if is_private(path) else ""
    return prefix + path.removeprefix(prefix).removeprefix(ARCHIVE)


def in_archive(path: str) -> bool:
    """Whether a path lies in the archive."""
    return path.removeprefix(PRIVATE).startswith(ARCHIVE)


def is_private(path: str) -> bool:
    """Whether a path never goes into git."""
    return path.startswith(PRIVATE)


def is_of_another_program(path: str) -> bool:
    """Whether a path is what an editor of notes keeps in the folder for itself: Obsidian's settings and its trash."""
    return path.startswith((".obsidian/", ".trash/"))


def is_utf8(path: str) -> bool:
    """Whether a path is UTF-8: what is not can neither be noted, told, nor shared, and its file is left alone."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(path: str) -> str:
    """A path as it can be told, whatever its bytes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_memory_path(path: str) -> bool:
    """Whether a file at this path is a memory: any Markdown file but the two that are about the profile itself."""
    return path.endswith(".md") and path not in _NO_MEMORIES and "/." not in f"/{path}"


def is_tombstone_path(path: str) -> bool:
    """Whether a file at this path is a tombstone."""
    return path.removeprefix(PRIVATE).startswith(TOMBSTONES) and path.endswith(".yaml")


def default_type(path: str) -> MemoryType:
    """The type of a file that does not state one: that of its folder, else fact."""
    first = unarchived(path).removeprefix(PRIVATE).split("/")[0]
    return _TYPES.get(first, MemoryType.FACT)


def tombstone_path(identifier: str, *, private: bool) -> str:
    """Where the tombstone of a memory lies."""
    return f"{PRIVATE if private else ''}{TOMBSTONES}{identifier}.yaml"


def numbered(path: str, number: int) -> str:
    """Another name for a file whose place is taken."""
    pure = PurePosixPath(path)
    return str(pure.with_name(f"{pure.stem}-{number}{pure.suffix}"))


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_SLUG_LENGTH].strip("-")

"""The memory tool's view of a profile: paths below `/memories`, what lies there, and the texts that a model expects.

    /memories/<path>        what models keep with the tool; such a memory file says `tool_path: <path>`
    /memories/PROFILE.md    what sidecar knows of the project in short, read-only
    /memories/facts/...     every other memory by the path of its file, read-only

A path of the tool is never a path on the disk: it is looked up among the memories, so there is nothing to escape from.
The texts are those of the tool's published description.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final
from urllib.parse import unquote

from sidecar.model import Status, Stored
from sidecar.records import dataclass
from sidecar.wire.text import shown

ROOT: Final = "/memories"
SUMMARY: Final = "PROFILE.md"

_SEGMENT_BYTES: Final = 255
_PATH_BYTES: Final = 1_024
"""As file systems have it, so that what is kept here can be exported there."""

_DECODINGS: Final = 4
"""How often a path may be percent-encoded over and looked through."""

_DEPTH: Final = 2
_LISTED: Final = 500
"""Lines of a listing."""

_SHOWN: Final = 32_768
"""Characters of a file that one `view` shows; the rest is to be asked for by its lines."""

_LINES: Final = 999_999
_NUMBER_WIDTH: Final = 6
_AROUND: Final = 2
"""Lines shown before and after a change."""

_NAMED: Final = 20
"""Lines that are named where words stand several times; a text may have them a hundred thousand times."""

_LIVING: Final = (Status.ACTIVE, Status.PROPOSED)


class ToolFault(Exception):
    """What the model did does not work; the words are for the model."""


def parsed(path: str) -> tuple[str, ...]:
    """The segments of a path below `/memories`; none for the root itself.  Raises ToolFault."""
    whole = unicodedata.normalize("NFC", path)
    if whole != ROOT and not whole.startswith(f"{ROOT}/"):
        raise ToolFault(f"Error: Path must start with {ROOT}, got: {shown(path)}")
    _check_escape(path, whole)
    parts = tuple(part for part in whole.split("/") if part)[1:]
    long = len(whole.encode()) > _PATH_BYTES or any(len(part.encode()) > _SEGMENT_BYTES for part in parts)
    if long:
        raise ToolFault(f"Error: The path {shown(path)} is too long.")
    if any(not _is_name(part) for part in parts):
        raise ToolFault(f"Error: The path {shown(path)} has characters that a path may not have.")
    return parts


def _check_escape(path: str, whole: str) -> None:
    """Refuse what leads elsewhere, also behind percent-encoding: who reads such a path might decode it once more."""
    for _ in range(_DECODINGS):
        if "\\" in whole or any(part in (".", "..") for part in whole.split("/")):
            raise ToolFault(f"Error: Path {shown(path)} would escape {ROOT} directory")
        decoded = unquote(whole)
        if decoded == whole:
            return
        if "\0" in decoded or decoded.count("/") != whole.count("/"):
            break
        whole = decoded
    raise ToolFault(f"Error: Path {shown(path)} would escape {ROOT} directory")


def _is_name(part: str) -> bool:
    """Whether a segment has nothing that is invisible, breaks a line, or stands for what could not be read."""
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c == "\ufffd" for c in part)


def spelled(parts: Sequence[str]) -> str:
    """The path of segments, as the tool has it."""
    return "/".join((ROOT, *parts))


@dataclass(frozen=True, slots=True)
class File:
    """A file as the tool sees it; `stored`: the memory of a file that models keep, None for what sidecar keeps."""

    parts: tuple[str, ...]
    size: int
    stored: Stored | None = None
    shows: Stored | None = None


class Tree:
    """Everything below `/memories`, at one moment."""

    def __init__(self, memories: Iterable[Stored], summary: str = "") -> None:
        """`summary`: what the file about the project says, where anybody is to see it or its size."""
        self.files: dict[tuple[str, ...], File] = {}
        others: list[File] = []
        for stored in sorted((one for one in memories if one.memory.status in _LIVING), key=lambda one: one.memory.id):
            size = len(stored.memory.content.encode()) + 1
            parts = _own(stored)
            if parts and parts not in self.files:
                self.files[parts] = File(parts, size, stored, stored)
            elif stored.memory.status is Status.ACTIVE:
                others.append(File(tuple(stored.path.split("/")), size, None, stored))
        if others:
            others.append(File((SUMMARY,), len(summary.encode())))
        for file in others:
            self.files.setdefault(file.parts, file)

    def file(self, parts: tuple[str, ...]) -> File | None:
        """The file at a path."""
        return self.files.get(parts)

    def below(self, parts: tuple[str, ...]) -> list[File]:
        """The files in a folder, however deep, by path; the root has all of them."""
        found = [file for path, file in self.files.items() if path[: len(parts)] == parts and len(path) > len(parts)]
        return sorted(found, key=lambda file: file.parts)

    def is_folder(self, parts: tuple[str, ...]) -> bool:
        """Whether a path is a folder, which is there as long as something is in it."""
        return not parts or bool(self.below(parts))

    def blocked_by(self, parts: tuple[str, ...]) -> tuple[str, ...] | None:
        """The file that stands where a path would need a folder."""
        return next((parts[:end] for end in range(1, len(parts)) if parts[:end] in self.files), None)

    def listing(self, path: str, parts: tuple[str, ...]) -> str:
        """A folder, two levels deep, with sizes."""
        sizes: dict[tuple[str, ...], int] = {}
        total = 0
        for file in self.below(parts):
            total += file.size
            for end in range(len(parts) + 1, min(len(file.parts), len(parts) + _DEPTH) + 1):
                sizes[file.parts[:end]] = sizes.get(file.parts[:end], 0) + file.size
        lines = [
            f"{_size(size)}\t{spelled(found)}{'' if found in self.files else '/'}"
            for found, size in sorted(sizes.items())
            if not any(part.startswith(".") or part == "node_modules" for part in found[len(parts) :])
        ]
        left = len(lines) - _LISTED
        more = [f"... and {left} more; view a directory to see what is in it"] if left > 0 else []
        head = (
            f"Here're the files and directories up to {_DEPTH} levels deep in {path}, "
            "excluding hidden items and node_modules:"
        )
        return "\n".join([head, f"{_size(total)}\t{path}", *lines[:_LISTED], *more])


def _own(stored: Stored) -> tuple[str, ...]:
    """Where the tool keeps a memory; nothing for others, and for a path that a hand or a pull has made up."""
    if stored.memory.tool_path is None:
        return ()
    try:
        return parsed(f"{ROOT}/{stored.memory.tool_path}")
    except ToolFault:
        return ()


def _size(count: int) -> str:
    """Bytes as people read them: 0B, 512B, 1.5K, 2M."""
    unit, size = 0, float(count)
    while size >= 1024 and unit < 3:
        unit, size = unit + 1, size / 1024
    return f"{size:.1f}".removesuffix(".0") + "BKMG"[unit]


def numbered(path: str, text: str, view_range: Sequence[int] | None) -> str:
    """A file's lines with their numbers, as far as they fit."""
    lines = text.split("\n")
    if len(lines) > _LINES:
        raise ToolFault(f"File {path} exceeds maximum line limit of 999,999 lines.")
    first, last = _range(path, len(lines), view_range)
    kept: list[str] = []
    left = _SHOWN
    for number in range(first, last + 1):
        line = f"{number:>{_NUMBER_WIDTH}}\t{lines[number - 1]}"
        if len(line) > left:
            kept += [line[:_SHOWN]] if not kept else []
            stop = max(number - 1, first)
            kept.append(f"[Cut off after line {stop} of {len(lines)}. Use view_range to see the rest.]")
            break
        kept.append(line)
        left -= len(line) + 1
    return "\n".join([f"Here's the content of {path} with line numbers:", *kept])


def _range(path: str, count: int, view_range: Sequence[int] | None) -> tuple[int, int]:
    first, last = view_range or (1, -1)
    if first > count or (last != -1 and last < first):
        raise ToolFault(
            f"Error: Invalid `view_range` parameter: [{first}, {last}]. {path} has lines 1 to {count}; -1 is the last."
        )
    return max(first, 1), count if last == -1 else min(last, count)


def replaced(path: str, text: str, old: str, new: str) -> tuple[str, int]:
    """The text with `new` in the one place of `old`, and the number of the line where that begins."""
    found = list(islice(_places(text, old), _NAMED + 1)) if old else []
    if not found:
        raise ToolFault(f"No replacement was performed, old_str `{old}` did not appear verbatim in {path}.")
    lines = [text.count("\n", 0, start) + 1 for start in found[:_NAMED]]
    if len(found) > 1:
        numbers = ", ".join(map(str, lines)) + (" and more" if len(found) > _NAMED else "")
        raise ToolFault(
            f"No replacement was performed. Multiple occurrences of old_str `{old}` in lines: {numbers}."
            " Please ensure it is unique"
        )
    return text[: found[0]] + new + text[found[0] + len(old) :], lines[0]


def _places(text: str, old: str) -> Iterator[int]:
    """Where some words begin, also inside one another."""
    start = text.find(old)
    while start >= 0:
        yield start
        start = text.find(old, start + 1)


def inserted(text: str, after: int, new: str) -> str:
    """The text with `new` behind the line of that number; 0 is the beginning."""
    lines = text.split("\n")
    if not 0 <= after <= len(lines):
        raise ToolFault(
            f"Error: Invalid `insert_line` parameter: {after}."
            f" It should be within the range of lines of the file: [0, {len(lines)}]"
        )
    return "\n".join([*lines[:after], new.removesuffix("\n"), *lines[after:]])


def snippet(text: str, line: int) -> str:
    """Some lines of a text around one, with their numbers."""
    lines = text.split("\n")
    first, last = max(line - _AROUND, 1), min(line + _AROUND, len(lines))
    return "\n".join(f"{number:>{_NUMBER_WIDTH}}\t{lines[number - 1]}" for number in range(first, last + 1))


def moved(tree: Tree, old: tuple[str, ...], new: tuple[str, ...]) -> Mapping[tuple[str, ...], File]:
    """The files that a rename moves, by their new paths."""
    file = tree.file(old)
    found = [file] if file is not None else tree.below(old)
    return {(*new, *one.parts[len(old) :]): one for one in found}

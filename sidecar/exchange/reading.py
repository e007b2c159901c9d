"""From files of any form that is understood to what they hold; what cannot be read is told, never raised."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Final, get_args

from sidecar.errors import FileSystemFailed
from sidecar.exchange import basic_memory, claude_code, mem0, ours
from sidecar.exchange.prose import split
from sidecar.exchange.words import Form, Found, LeftOut
from sidecar.files import read_file
from sidecar.frontmatter import Problem

FORMS: Final[tuple[Form, ...]] = get_args(Form)
"""The forms, as requests and the command line name them."""

_ENDINGS: Final = (".md", ".json", ".jsonl", ".tar")
_JSON_BYTES: Final = 256 * 1024 * 1024
"""An export of a million short memories; it is read as a whole."""

_NOTE_BYTES: Final = 4 * 1024 * 1024
"""Larger Markdown files are no notes."""

_AGAIN: Final = "Mend that and import the file again."
_UNKNOWN: Final = "Name its form with --from, if it is one of " + ", ".join(FORMS) + "."


def gathered(paths: Iterable[Path]) -> Iterator[Path]:
    """The files meant by some paths: of a folder all below it that could be memories, sorted; hidden ones are not."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, below, names in os.walk(path):
            below[:] = sorted(name for name in below if not name.startswith("."))
            for name in sorted(names):
                if name.endswith(_ENDINGS) and not name.startswith("."):
                    yield Path(folder) / name


def read(path: Path, form: Form | None, *, claude_home: Path | None = None) -> Found:
    """What a file holds, in the form that is named or that it has by its looks.

    `claude_home`: Claude Code's own folder; the CLAUDE.md in it holds for all projects.
    """
    told = os.fsencode(path).decode("utf-8", "backslashreplace")
    try:
        return _understood(path, told, form, claude_home)
    except RecursionError:
        return _nothing(told, "it is nested too deeply", _AGAIN)


def _understood(path: Path, told: str, form: Form | None, claude_home: Path | None) -> Found:
    if _is_no_file(path):
        return _nothing(told, "it is not a regular file", _AGAIN)
    if path.suffix == ".tar" or form == "sidecar" or (path.suffix == ".jsonl" and ours.begins_like_one(path)):
        return ours.read(path, told)
    kind = "markdown" if path.suffix == ".md" else "json"
    try:
        data = read_file(path, _NOTE_BYTES if kind == "markdown" else _JSON_BYTES)
        text = "" if data is None else data.decode("utf-8-sig" if kind == "json" else "utf-8")
        modified = path.stat().st_mtime if data is not None else 0.0
    except (FileSystemFailed, OSError) as error:
        why = error.fields["why"] if isinstance(error, FileSystemFailed) else error
        return _nothing(told, f"it cannot be read: {why}", _AGAIN)
    except UnicodeDecodeError:
        return _nothing(told, "it is not UTF-8", "Convert it, and import it again.")
    if data is None:
        return _nothing(told, "it is not there", _AGAIN)
    if form == "mem0" or (form is None and kind == "json"):
        return mem0.read(told, text, modified)
    return _markdown(path, told, text, modified, form, claude_home)


def _is_no_file(path: Path) -> bool:
    """Whether it is a pipe or the like, whose opening would wait for ever."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False  # whoever reads it says why it cannot


def _markdown(path: Path, told: str, text: str, modified: float, form: Form | None, claude_home: Path | None) -> Found:
    front, _, _ = split(text)
    known = {} if isinstance(front, Problem) else front
    in_memory = path.name not in claude_code.PEOPLES and _beside_index(path, claude_home)
    claudes = claude_code.recognizes(path.name, known, in_memory=in_memory)
    if form == "claude" or (form is None and claudes):
        everywhere = claude_home is not None and path.parent == claude_home and path.name in claude_code.PEOPLES
        machine = path.name not in claude_code.PEOPLES and (in_memory or claudes)
        return claude_code.read(told, text, modified, in_memory=machine, everywhere=everywhere)
    if form == "basic-memory" or basic_memory.recognizes(known):
        return basic_memory.read(told, text, modified)
    if isinstance(front, Problem):
        return _nothing(told, front.reason, _AGAIN, front.line)
    return _nothing(told, "it has no form that is understood", _UNKNOWN)


def _beside_index(path: Path, claude_home: Path | None) -> bool:
    """Whether a file lies in a folder of auto memory: beside an index, or where Claude Code keeps them."""
    kept = claude_home is not None and path.is_relative_to(claude_home / "projects")
    return (path.parent / claude_code.INDEX).is_file() or (kept and PurePath(path).parent.name == "memory")


def _nothing(path: str, why: str, hint: str, line: int | None = None) -> Found:
    return Found(path, None, left=(LeftOut(path, line, PurePath(path).name, why, hint),))

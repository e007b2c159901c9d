"""Reading our own export, which may have come from anywhere: paths, sizes and kinds are checked before use."""

from __future__ import annotations

import json
import tarfile
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sidecar.errors import FormatTooNew
from sidecar.exchange.export import FORMAT, HEADER_NAME, KIND
from sidecar.exchange.words import Found, LeftOut, Piece, shortened
from sidecar.identity import encodable

_FILE_BYTES: Final = 256 * 1024
"""What one file of a profile may have (docs/memory-format.md)."""

_NAME_BYTES: Final = 255
_PATH_BYTES: Final = 1_024
"""What file systems take at most, as `NAME_MAX` and the smallest `PATH_MAX` have it."""

_LINE_BYTES: Final = 8 * _FILE_BYTES
"""A file as JSON, with every character escaped, and its keys once more."""

_HEAD_BYTES: Final = 64 * 1024 * 1024
"""A header that names a million left-out lines."""

_AGAIN: Final = "Export again, or take the file out of the tree by hand."


def begins_like_one(path: Path) -> bool:
    """Whether the first line of a file is the header of an export."""
    try:
        with path.open("rb") as file:
            return KIND.encode() in file.read(256)
    except OSError:
        return False


def read(path: Path, told: str) -> Found:
    """The files in an export.  Raises `FormatTooNew`."""
    left: list[LeftOut] = []
    pieces: list[Piece] = []
    try:
        with path.open("rb") as file:
            tar = path.suffix == ".tar" or not file.read(4).removeprefix(BOM_UTF8).startswith(b"{")
        for piece in _from_tar(path, told, left) if tar else _from_lines(path, told, left):
            problem = _problem(piece)
            if problem:
                left.append(LeftOut(told, piece.line, shortened(encodable(piece.path)), problem, _AGAIN))
            else:
                pieces.append(piece)
    except (OSError, tarfile.TarError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        left.append(LeftOut(told, None, "the rest of the export", f"it cannot be read: {reason}", "Export again."))
    return Found(told, "sidecar", pieces=tuple(pieces), left=tuple(left))


def _from_tar(path: Path, told: str, left: list[LeftOut]) -> Iterator[Piece]:
    seen = False
    with tarfile.open(path, mode="r|") as archive:
        for entry in archive:
            name = entry.name
            if name == HEADER_NAME and not seen:
                seen = True
                _check(told, json.loads(_bytes(archive, entry, _HEAD_BYTES) or b"{}"))
            elif not seen:
                raise tarfile.ReadError("it is no export of sidecar's")
            elif not entry.isreg():
                left.append(LeftOut(told, None, shortened(name), "it is not a regular file", _AGAIN))
            elif (data := _bytes(archive, entry, _FILE_BYTES)) is None:
                left.append(LeftOut(told, None, shortened(name), "it is larger than 256 KiB", _AGAIN))
            else:
                yield Piece(name, data, told)


def _bytes(archive: tarfile.TarFile, entry: tarfile.TarInfo, limit: int) -> bytes | None:
    file = archive.extractfile(entry) if entry.size <= limit else None
    return None if file is None else file.read(limit)


def _from_lines(path: Path, told: str, left: list[LeftOut]) -> Iterator[Piece]:
    with path.open("rb") as file:
        _check(told, _object(file.readline(_HEAD_BYTES)) or {})
        number = 1
        while line := file.readline(_LINE_BYTES):
            number += 1
            value = _object(line)
            name, text = (value or {}).get("path"), (value or {}).get("text")
            if isinstance(name, str) and isinstance(text, str):
                yield Piece(name, text.encode("utf-8", "replace"), told, number)
            else:
                why = "it is no file of an export" if line.endswith(b"\n") else "it is cut off"
                left.append(LeftOut(told, number, shortened(line[:200].decode("utf-8", "replace")), why, _AGAIN))


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _check(told: str, header: dict[str, Any]) -> None:
    """Refuse what is no export, or one that a later version has made."""
    version = header.get("format")
    if header.get("kind") != KIND or not isinstance(version, int):
        raise tarfile.ReadError("it is no export of sidecar's")
    if version > FORMAT:
        raise FormatTooNew(path=told, found=version, known=FORMAT)


def _problem(piece: Piece) -> str | None:
    """Why a file of an export has no place in a profile."""
    path = PurePosixPath(piece.path)
    if not piece.path or piece.path.startswith("/") or ".." in path.parts or "\0" in piece.path or "\\" in piece.path:
        return "its path leads out of the profile"
    if piece.path != encodable(piece.path):
        return "its path is not UTF-8"
    if len(piece.path.encode()) > _PATH_BYTES or any(len(part.encode()) > _NAME_BYTES for part in path.parts):
        return "its path is longer than file systems take"
    if len(piece.data) > _FILE_BYTES:
        return "it is larger than 256 KiB"
    return None

"""Two things that want one path, or paths that only some disks can tell apart: both stay, one moves beside."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

from sidecar.merge.reading import digest
from sidecar.records import dataclass

_FIXED, _MEMORY, _OTHER = 0, 1, 2
"""What keeps its place against what: the smaller one does."""

_TAILS: Final = (10, 26)
"""How much of an id, or of the hash of a file, tells it apart at a place that is taken: first a little, then all."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A file on its way into the merged tree.

    `name`: an id, or the hash of what is in it; `rank`: what keeps its place against what.
    """

    rank: int
    name: str
    path: str
    data: bytes


def memory_piece(identifier: str, path: str, data: bytes) -> Piece:
    """A memory's file."""
    return Piece(_MEMORY, identifier.lower(), path, data)


def other_piece(path: str, data: bytes) -> Piece:
    """A file that is no memory."""
    return Piece(_OTHER, digest(data), path, data)


def fixed_piece(path: str, data: bytes) -> Piece:
    """A file that has one place and no other."""
    return Piece(_FIXED, path, path, data)


def folded(path: str) -> str:
    """The path as the least able disk knows it: without case, in one Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def arranged(pieces: Iterable[Piece], standing: Collection[str]) -> dict[str, bytes]:
    """Every piece at a path of its own; `standing` paths are taken by files that the merge does not touch.

    Who keeps a contested path is decided by what the pieces are, not by the order in which they came.
    """
    taken = {folded(path) for path in standing}
    folders = {folder for path in taken for folder in _above(path)}
    ordered = sorted(set(pieces), key=lambda piece: (piece.rank, piece.name, piece.path))
    folders |= {folder for piece in ordered for folder in _above(folded(piece.path))}
    found: dict[str, bytes] = {}
    for piece in ordered:
        for path in _candidates(piece):
            if piece.rank == _OTHER and found.get(path) == piece.data:
                break  # the very file lies there already
            if folded(path) not in taken and folded(path) not in folders:
                taken.add(folded(path))
                found[path] = piece.data
                break
    return found


def _above(path: str) -> Iterator[str]:
    """The folders that a path lies in."""
    for parent in PurePosixPath(path).parents:
        if parent.parts:
            yield str(parent)


def _candidates(piece: Piece) -> Iterator[str]:
    yield piece.path
    pure = PurePosixPath(piece.path)
    for length in _TAILS:
        yield str(pure.with_name(f"{pure.stem}-{piece.name[-length:]}{pure.suffix}"))
    number = 1
    while True:
        number += 1
        yield str(pure.with_name(f"{pure.stem}-{piece.name}-{number}{pure.suffix}"))

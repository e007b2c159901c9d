"""What JSON would weigh in memory once it is parsed, told by its bytes: lists of lists take thirty times as much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MOST: Final = 12 * 1024 * 1024
"""Bytes of memory that the structure of one text of JSON may take beside its words.  Real lines of a megabyte are
words for the most part, and take a tenth of it."""

ABSURD: Final = 11
"""Times its bytes that the structure of a document may take.  Messages of one word take nine times theirs."""

_OBJECT, _LIST, _VALUE = 184, 64, 72
"""Bytes of a small dictionary, of a list, and of a value with its place in either, in CPython 3.12."""

_WINDOW = 128 * 1024
"""Bytes that are looked at in one go: cut at its quotes, a text of short words takes many times its size."""


def too_heavy(data: bytes) -> bool:
    """Whether a text of JSON would take more than `MOST` beside its words; in linear time, whatever it is."""
    return _weight(data) > MOST and _structure(lambda at, size: data[at : at + size], len(data)) > MOST


def absurd(read_at: Callable[[int, int], bytes], size: int) -> bool:
    """Whether a document is next to nothing but structure, as no messages are, and costly even element by element.

    `read_at`: at a place in it, so many of its bytes at most.
    """
    parts = (read_at(at, _WINDOW) for at in range(0, size, _WINDOW))
    if sum(map(_weight, parts)) <= ABSURD * size:  # as nearly all are, whatever stands in their words
        return False
    return _structure(read_at, size) > ABSURD * size


def _weight(data: bytes) -> int:
    """The structure's weight, if no word holds a sign of structure."""
    return data.count(b"{") * _OBJECT + data.count(b"[") * _LIST + data.count(b",") * _VALUE


def _structure(read_at: Callable[[int, int], bytes], size: int) -> int:
    """As `_weight`, for what stands outside of strings."""
    found, within, at = 0, 0, 0
    while at < size and (data := read_at(at, _WINDOW)):
        at += len(data)
        while data.endswith(b"\\") and (more := read_at(at, 1)):  # an escape is not cut in two
            data, at = data + more, at + 1
        parts = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        found += _weight(b"".join(parts[within::2]))
        within = (within + len(parts) - 1) % 2
    return found

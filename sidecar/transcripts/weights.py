"""What JSON would weigh in memory once it is parsed, told by its bytes: lists of lists take thirty times as much."""

from __future__ import annotations

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
    return _weight(data) > MOST and _structure(data) > MOST


def absurd(data: bytes) -> bool:
    """Whether a document is next to nothing but structure, as no messages are, and costly even element by element."""
    return _structure(data) > ABSURD * len(data)


def _weight(data: bytes) -> int:
    """The structure's weight, if no word holds a sign of structure."""
    return data.count(b"{") * _OBJECT + data.count(b"[") * _LIST + data.count(b",") * _VALUE


def _structure(data: bytes) -> int:
    """As `_weight`, for what stands outside of strings."""
    found, within, at = 0, 0, 0
    while at < len(data):
        end = at + _WINDOW
        while data[end - 1 : end] == b"\\":  # an escape is not cut in two
            end += 1
        parts = data[at:end].replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        found += _weight(b"".join(parts[within::2]))
        within = (within + len(parts) - 1) % 2
        at = end
    return found

"""JSON that is not parsed yet, made light: its pictures go, and of texts of megabytes head and tail are kept.

Python keeps a text with one character beyond the basic plane in four bytes a character, and whoever parses holds it
twice.  So what counts is not how many bytes a text has, but how many its characters will take.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sidecar.expressions import regex
from sidecar.transcripts.pictures import without_pictures
from sidecar.transcripts.weights import too_heavy

MOST: Final = 4 * 1024 * 1024
"""Bytes of memory that the texts of one record take at most; a whole line of real ones has 1 MB."""

LIGHT: Final = MOST // 4
"""A text of fewer bytes is left as it is: it takes no more than `MOST` whatever stands in it."""

_LONG: Final = 16 * 1024
"""Bytes of a string that may be cut: most that are so long are what tools printed, of which no more is kept."""

_FEWEST: Final = 1024
"""Bytes that are left of a string; where that is too many, there are only strings, and nothing is said."""

_MARK: Final = b"\n[... %d bytes left out ...]\n"
"""As `text.capped` has it, but of characters that do not make a text of plain ones twice as wide."""

_MARK_SIZE: Final = 64

_WHOLE_LINE: Final = 4096
"""Bytes within which a cut is moved to the end of a line, or else of a word: nobody would know half of a secret."""

_FOUR, _TWO = regex(rb"[\xf0-\xff]"), regex(rb"[\xc4-\xef]")
_LINE_END, _BACKSLASH = b"\\n", ord("\\")
_CONTINUED: Final = bytes(range(0x80, 0xC0))
_MORE_THAN_ONE: Final = 5
"""Bytes of an escape beyond the first."""
_STRING = regex(rb"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"?", re.DOTALL)
"""A string; one that never ends reaches to the end, or each quote in it would be tried as the beginning of one."""
_LOW, _HIGH = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}", rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_HIGH_ESCAPE, _TWO_ESCAPE = regex(_HIGH), regex(rb"\\u(?!00)")
_WHOLE = regex(  # characters and escapes, as far as neither an escape nor a pair of them is cut in two
    rb"[^\\]*+(?:(?:%b%b|%b(?=[^\\]|\\[^u]|\\u[^dD]|\\u.[^c-fC-F])|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\[^u])[^\\]*+)*+"
    % (_HIGH, _LOW, _HIGH)
)


def lightened(data: bytes) -> bytes | None:
    """A text of JSON without its pictures, and with its longest strings cut if its characters take over `MOST`.

    None if it would still take far more than that: then it is little but structure.
    """
    if len(data) >= LIGHT:
        data = without_pictures(data)
        room = _room(data, escapes=True)
        if len(data) > room:
            data = _cut(data, room)
        if len(data) > room:
            return None
    return None if too_heavy(data) else data


def shortened(line: bytes) -> bytes:
    """A line of text, of which head and tail are left if its characters take over `MOST`."""
    if len(line) <= LIGHT or len(line) <= (room := _room(line, escapes=False)):
        return line
    head, tail = _to_character(line, room // 2, -1), _to_character(line, len(line) - room // 2, 1)
    head, tail = _ended(line, head, room // 4), _begun(line, tail, room // 4)
    return line[:head] + (_MARK % (tail - head)) + line[tail:]


def _room(data: bytes, *, escapes: bool) -> int:
    """How many bytes of a text make characters that take `MOST`; `escapes`: it is JSON."""
    characters, width = len(data), 1
    if not data.isascii():
        characters = len(data.translate(None, _CONTINUED))
        width = 4 if _FOUR.search(data) else 2 if _TWO.search(data) else 1
    if escapes and (escaped := data.count(b"\\u")):
        characters -= escaped * _MORE_THAN_ONE
        width = max(width, 4 if _HIGH_ESCAPE.search(data) else 2 if _TWO_ESCAPE.search(data) else 1)
    return MOST * len(data) // (width * max(characters, 1))


def _cut(data: bytes, room: int) -> bytes:
    """The data with its longest strings cut to the same size, so that about `room` bytes are left if that can be."""
    places = [found.span() for found in _STRING.finditer(data) if found.end() - found.start() >= _LONG]
    most = _share([end - start for start, end in places], len(data) - room)
    if most < _FEWEST:
        return data
    mark = _MARK.replace(b"\n", b"\\n")
    kept: list[bytes] = []
    done = 0
    for start, end in places:
        if end - start > most:
            half = most // 2
            head = _to_character(data, _WHOLE.match(data, start + 1, start + half).end(), -1)  # type: ignore[union-attr]
            tail = _to_character(data, _WHOLE.match(data, head, end - half).end(), 1)  # type: ignore[union-attr]
            head, tail = _ended(data, head, half // 2), _begun(data, tail, half // 2)
            kept += (data[done:head], mark % (tail - head))
            done = tail
    return b"".join((*kept, data[done:]))


def _share(sizes: Sequence[int], excess: int) -> int:
    """The size to which the longest are to be cut, so that so many bytes go; 0 if there are not so many."""
    total = 0
    longest = sorted(sizes, reverse=True)
    for number, size in enumerate(longest, start=1):
        total += size - _MARK_SIZE
        most = (total - excess) // number
        if number == len(longest) or most >= longest[number]:
            return max(most, 0)
    return 0


def _ended(data: bytes, at: int, reach: int) -> int:
    """The last end of a line, or else of a word, not far before a place between characters; else the place."""
    start = at - min(reach, _WHOLE_LINE)
    line = data.rfind(_LINE_END, start, at)
    if line > start and data[line - 1] != _BACKSLASH:
        return line
    word = data.rfind(b" ", start, at)
    return word if word > start else at


def _begun(data: bytes, at: int, reach: int) -> int:
    """As `_ended`, the first one behind a place."""
    end = at + min(reach, _WHOLE_LINE)
    line = data.find(_LINE_END, at, end)
    if line >= 0 and data[line - 1] != _BACKSLASH:
        return line
    word = data.find(b" ", at, end)
    return word if word >= 0 else at


def _to_character(data: bytes, at: int, step: int) -> int:
    """The nearest place, before or after this one, at which a character begins."""
    while 0 < at < len(data) and data[at] & 0xC0 == 0x80:
        at += step
    return at

"""Lines of JSONL as records: what is one object, what is several glued together, and what is rubbish."""

from __future__ import annotations

import json
from collections.abc import Generator
from json.scanner import make_scanner

from sidecar.expressions import regex
from sidecar.transcripts.base import Record
from sidecar.transcripts.cutting import lightened

MAX_GLUED = 1000
"""Objects taken from one line; two writers that meet leave two, a longer row is rubbish."""

HEAVY_LINE = 256 * 1024
"""From this length on a line is looked at before it is parsed: see `lightened`."""

SHORTEST = 7
"""Bytes of the shortest record, `{"x":1}`.  What is shorter counts as damage without being parsed, or millions of `{}`
would keep a reader busy for many seconds."""

SHORTEST_GLUED = 24
"""As `SHORTEST`, for objects that share a line: those of two writers say something, which takes more bytes, and a row
of small objects is rubbish."""

_SCAN = make_scanner(json.JSONDecoder())  # type: ignore[arg-type] # typeshed names another class
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # as an editor leaves it
BRACE = ord("{")
_BLANK = b"\0 \t\r\n"  # a crash may leave NULs
_BLANKS = regex(r"[\0\ufeff \t\r\n]*")


def quickly(block: bytes, start: int) -> Generator[tuple[int, Record], None, int]:
    """The records of lines, each one object and no more, as nearly all are, with their bytes counted from `start`.

    Returns where in the block the first other line begins.
    """
    content = block.decode("utf-8", "replace")  # which leaves every line its end
    ascii_only = len(content) == len(block)
    begins, find = content.startswith, content.find
    at = place = 0
    while begins("{", at):
        try:
            record, end = _SCAN(content, at)
        except (ValueError, RecursionError, StopIteration):
            break
        line_end = find("\n", at)
        if end - at < SHORTEST or (end != line_end and (end > line_end or content[end:line_end].strip())):
            break
        yield start + place, record
        at = line_end + 1
        place = at if ascii_only else block.index(b"\n", place) + 1
    return place


def parsed(line: bytes) -> tuple[list[tuple[int, Record]], int]:
    """The objects of one line with their places in it, and 1 if something in it could not be read.

    A line that is not JSON is tried again as several objects without a line end between them, as two writers that
    meet leave it.
    """
    if len(line) < HEAVY_LINE or line[0] != BRACE:  # without a copy of a long one
        line = line.removeprefix(_BYTE_ORDER_MARK).strip(_BLANK)
    if len(line) < SHORTEST or line[0] != BRACE:
        return [], int(bool(line))  # millions of such lines cost an exception each if they were decoded
    if len(line) >= HEAVY_LINE:
        light = lightened(line)
        if light is None:
            return [], 1
        line = light
    content = line.decode("utf-8", "replace")
    try:
        value, end = _SCAN(content, 0)
    except (ValueError, RecursionError, StopIteration):
        return [], 1
    found: list[tuple[int, Record]] = [(0, value)]  # an object, by its brace
    if end == len(content) or _BLANKS.match(content, end).end() == len(content):  # type: ignore[union-attr]
        return found, 0
    return _glued(content, end, found)


def _glued(content: str, end: int, found: list[tuple[int, Record]]) -> tuple[list[tuple[int, Record]], int]:
    """As `parsed`, with the first object found already, which ends before the line does."""
    if end < SHORTEST_GLUED:
        return found, 1
    while at := _BLANKS.match(content, end).end():  # type: ignore[union-attr]
        if at == len(content):
            return found, 0
        if content[at] != "{" or len(found) == MAX_GLUED:
            return found, 1
        try:
            value, end = _SCAN(content, at)
        except (ValueError, RecursionError, StopIteration):
            return found, 1
        if end - at < SHORTEST_GLUED:
            return found, 1
        found.append((at, value))
    return found, 1

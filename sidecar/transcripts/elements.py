"""Long lists in one JSON document, parsed element by element: as a whole they take ten times their bytes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from json.scanner import make_scanner

from sidecar.expressions import regex
from sidecar.transcripts.base import Record

LONG = 256 * 1024
"""Bytes of a list of an object from which on it is not held: a message has lists of its own."""

_SCAN = make_scanner(json.JSONDecoder())  # type: ignore[arg-type] # typeshed names another class
_BLANKS = regex(r"[ \t\r\n]*")
_BYTE_ORDER_MARK = "\xef\xbb\xbf"


class Elements:
    """A list of JSON that is parsed anew by whoever goes through it, and never held."""

    def __init__(self, content: str, at: int) -> None:
        """`content`: the bytes of a document, each as one character; the list begins `at` one of them."""
        self._content, self._at = content, at

    def __iter__(self) -> Iterator[object]:
        """Its elements in order."""
        for start, _ in _places(self._content, self._at):
            yield _value(self._content, start)[0]


def each(value: object) -> Iterable[object]:
    """The elements of a list, held or not; none of anything else."""
    return value if isinstance(value, list | Elements) else ()


def sparing(data: bytes) -> Record | Elements | None:
    """A document, with `Elements` for the list that it is, or for the lists that its object holds.

    All of it is parsed once and forgotten, so that a document that is torn gives nothing; None for one that does not
    parse, or is neither object nor list.
    """
    content = data.decode("latin-1")  # emoji would take four bytes for every character of the document
    del data
    at = _blanks(content, len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0)
    found: Record | Elements
    try:
        if content.startswith("[", at):
            found, end = Elements(content, at), _end(content, at)
        elif content.startswith("{", at):
            found, end = _object(content, at)
        else:
            return None
    except (ValueError, RecursionError):
        return None
    return found if _blanks(content, end) == len(content) else None


def _object(content: str, at: int) -> tuple[Record, int]:
    """An object and where it ends."""
    found: Record = {}
    for start, end in _places(content, at):
        key, colon = _value(content, start)
        place = _blanks(content, _blanks(content, colon) + 1)
        long = content.startswith("[", place) and end - place >= LONG
        found[str(key)] = Elements(content, place) if long else _value(content, place)[0]
        at = end
    return found, _blanks(content, at if found else _blanks(content, at + 1)) + 1


def _end(content: str, at: int) -> int:
    """Where a list ends."""
    last = deque((end for _, end in _places(content, at)), maxlen=1)
    return _blanks(content, last[0] if last else at + 1) + 1


def _places(content: str, at: int) -> Iterator[tuple[int, int]]:
    """Where the elements of a list, or the keys with their values of an object, begin and end.

    Raises:
        ValueError, RecursionError: it is no JSON up to its end.
    """
    keyed, closing = content[at] == "{", "}" if content[at] == "{" else "]"
    at = _blanks(content, at + 1)
    if content.startswith(closing, at):
        return
    while True:
        start, end = at, _next(content, at, keyed=keyed)
        yield start, end
        at = _blanks(content, end)
        if content.startswith(closing, at):
            return
        if not content.startswith(",", at):
            raise ValueError(at)
        at = _blanks(content, at + 1)


def _next(content: str, at: int, *, keyed: bool) -> int:
    """Where the element that begins here ends."""
    if keyed:
        if not content.startswith('"', at):
            raise ValueError(at)
        at = _blanks(content, _scan(content, at)[1])
        if not content.startswith(":", at):
            raise ValueError(at)
        at = _blanks(content, at + 1)
        if content.startswith("[", at):
            return _end(content, at)
    return _scan(content, at)[1]


def _scan(content: str, at: int) -> tuple[object, int]:
    """What begins here, in Latin letters for its bytes, and where it ends."""
    try:
        value, end = _SCAN(content, at)
    except StopIteration as error:  # which would end the generator that asks
        raise ValueError(at) from error
    return value, end


def _value(content: str, at: int) -> tuple[object, int]:
    """What begins here, and where it ends."""
    value, end = _scan(content, at)
    piece = content[at:end]
    return (value if piece.isascii() else json.loads(piece.encode("latin-1").decode("utf-8", "replace"))), end


def _blanks(content: str, at: int) -> int:
    return _BLANKS.match(content, at).end()  # type: ignore[union-attr] # it matches anywhere

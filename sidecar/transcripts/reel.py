"""A JSON document of any size, looked through a stretch at a time and never held: where values end, if it is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator
from json.scanner import make_scanner
from typing import Final, NamedTuple

from sidecar.expressions import regex

STEP: Final = 256 * 1024
"""Bytes read at once.  A value that is longer is looked through part by part, instead of being parsed to its end."""

DEEPEST: Final = 64
"""Levels of long values within long ones; a message's longest text lies some six deep."""

_ROW: Final = 64 * 1024
"""Bytes that are parsed at once where many elements may be whole in them: those of two words take ten times as much."""

_SINGLY: Final = 32
"""Elements that are parsed one by one where that did not succeed; twice as many when it does not again."""

_MOST_SINGLY: Final = 1024

_CLOSED: Final = "},"
"""What a row of elements ends with that are objects; what else stands at the end of one is found out."""

_TELLING: Final = 3
"""Characters at the end of an element that tell it from what is nested in it."""

_SCAN = make_scanner(json.JSONDecoder())  # type: ignore[arg-type] # typeshed names another class
_BLANKS = regex(r"[ \t\r\n]*")
_PLAIN = regex(r"[^\"\\\x00-\x1f]*+(?:\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4})[^\"\\\x00-\x1f]*+)*+")
"""Characters of a string as far as they are complete: what follows them is its end, or a cut escape."""
_ESCAPE = 6
"""Characters of the longest escape."""

ReadAt = Callable[[int, int], bytes]
"""At a place of a file, so many bytes of it at most; none at its end alone."""


class Torn(Exception):
    """It is no JSON up to its end, or it is not what it was a moment ago."""


class Member(NamedTuple):
    """An element of a list, or a key of an object with its value: at which bytes they begin and end.

    value: what it is, in Latin letters for its bytes; None as well if it is `long`, and was not parsed.
    """

    begin: int
    at: int
    end: int
    value: object
    long: bool


class Reel:
    """The bytes of a file from a place on, each as one character; it only runs forwards."""

    def __init__(self, read_at: ReadAt, start: int = 0, *, step: int = STEP, hashing: bool = False) -> None:
        """It begins at the byte `start`; `hashing`: what it has in `known` is wanted."""
        self.text = ""
        """The stretch that is held."""
        self.start = start
        """The byte at which it begins."""
        self.ended = False
        """Whether the file ends where it ends."""
        self.step = step
        """Bytes that are read at once."""
        self._read_at = read_at
        self._hash = hashlib.sha256() if hashing else None

    @property
    def known(self) -> str:
        """A short hash of all that has run by; empty if it was not wanted."""
        return self._hash.hexdigest()[:32] if self._hash is not None else ""

    def index(self, place: int, room: int) -> int:
        """Where in the stretch a byte is, which from then on holds `room` bytes after it if the file does."""
        index = place - self.start
        if len(self.text) - index >= room or self.ended:
            return index
        parts = [self.text[index:]]
        self.text, self.start = "", place
        wanted = room + self.step - len(parts[0])
        at = place + len(parts[0])
        while wanted > 0 and not self.ended:
            data = self._read_at(at, min(wanted, max(room, self.step)))
            if self._hash is not None:
                self._hash.update(data)
            self.ended = not data
            parts.append(data.decode("latin-1"))
            at, wanted = at + len(data), wanted - len(data)
        self.text = "".join(parts)
        return 0

    def blanks(self, place: int) -> int:
        """The first byte from here on that is not blank."""
        while True:
            index = self.index(place, 1)
            end = _BLANKS.match(self.text, index).end()  # type: ignore[union-attr] # it matches anywhere
            if end < len(self.text) or self.ended:
                return self.start + end
            place = self.start + end

    def sign(self, place: int) -> str:
        """The character at a byte; empty at the end of the file."""
        index = self.index(place, 1)
        return self.text[index : index + 1]

    def members(self, place: int, depth: int = 0) -> Generator[Member, None, int]:
        """The members of the object that begins here, in order; returns where it ends.

        Raises:
            Torn: it is no JSON up to its end.
        """
        place = self.blanks(place + 1)
        if self.sign(place) == "}":
            return place + 1
        while True:
            member = self._member(place, depth)
            yield member
            place = self.blanks(member.end)
            sign = self.sign(place)
            if sign == "}":
                return place + 1
            if sign != ",":
                raise Torn
            place = self.blanks(place + 1)

    def _member(self, place: int, depth: int) -> Member:
        if self.sign(place) != '"':
            raise Torn
        at = self.blanks(self.value(place, depth).end)
        if self.sign(at) != ":":
            raise Torn
        return self.value(self.blanks(at + 1), depth)._replace(begin=place)

    def rows(self, place: int, depth: int = 0, *, decoded: bool) -> Generator[list[object] | Member, None, int]:
        """What is in the list or object that begins here: one by one, or where that can be done many values at once.

        Returns where it ends.  `decoded`: the values are wanted, and not only that they are there.

        Raises:
            Torn: it is no JSON up to its end.
        """
        listed = self.sign(place) == "["
        single, closing, rows = self.value if listed else self._member, "]" if listed else "}", _Rows(listed=listed)
        place = self.blanks(place + 1)
        if self.sign(place) == closing:
            return place + 1
        while True:
            row = rows.next(self, place, decoded=decoded)
            if row is not None:
                yield row[0]
                place = self.blanks(row[1])
            else:
                member = single(place, depth)
                yield member
                rows.note(self, member)
                place = self.blanks(member.end)
            sign = self.sign(place)
            if sign == closing:
                return place + 1
            if sign != ",":
                raise Torn
            place = self.blanks(place + 1)

    def value(self, place: int, depth: int = 0) -> Member:
        """The value that begins here.

        Raises:
            Torn: it is no JSON up to its end.
        """
        index = self.index(place, self.step)
        try:
            value, end = _SCAN(self.text, index)
        except (ValueError, StopIteration, RecursionError) as error:
            if self.ended or isinstance(error, RecursionError):
                raise Torn from error
            return Member(place, place, self._end(place, depth), None, long=True)
        if end == len(self.text) and not self.ended:  # a number may go on
            self.index(place, end - index + 1)
            return self.value(place, depth)
        return Member(place, place, self.start + end, value, long=False)

    def _end(self, place: int, depth: int) -> int:
        """Where a value ends that is longer than the stretch."""
        sign = self.sign(place)
        if sign == '"':
            return self._string_end(place + 1)
        if sign not in ("{", "[") or depth == DEEPEST:
            raise Torn
        return self.through(place, depth + 1)

    def through(self, place: int, depth: int = 0) -> int:
        """Where the list or object that begins here ends.

        Raises:
            Torn: it is no JSON up to its end.
        """
        members = self.rows(place, depth, decoded=False)
        while True:
            try:
                next(members)
            except StopIteration as ended:
                return int(ended.value)

    def _string_end(self, place: int) -> int:
        while True:
            index = self.index(place, _ESCAPE)
            end = _PLAIN.match(self.text, index).end()  # type: ignore[union-attr] # it matches anywhere
            place = self.start + end
            if self.text.startswith('"', end):
                return place + 1
            if self.ended or len(self.text) - end >= _ESCAPE:
                raise Torn


class _Rows:
    """The elements of a list, or the members of an object, as many at once as can be told to be whole."""

    def __init__(self, *, listed: bool) -> None:
        self._begin, self._end = "[]" if listed else "{}"
        self._tail = _CLOSED
        """What the last one of a row may end with."""
        self._wait, self._singly = 0, _SINGLY

    def next(self, reel: Reel, place: int, *, decoded: bool) -> tuple[list[object], int] | None:
        """Those that are whole within the next bytes, and where the last one ends; None if nobody can tell.

        What looks as if it ended the last one may stand within it, and then there is no list up to there.
        """
        if self._wait:
            self._wait -= 1
            return None
        size = min(_ROW, reel.step)
        index = reel.index(place, size)
        end = reel.text.rfind(self._tail, index, index + size) + len(self._tail) - 1
        values = self._parsed(reel.text[index:end], decoded=decoded) if end > index else None
        if not values:
            self._wait, self._singly = self._singly - 1, min(2 * self._singly, _MOST_SINGLY)
            return None
        self._singly = _SINGLY
        return values, reel.start + end

    def _parsed(self, row: str, *, decoded: bool) -> list[object] | None:
        row = f"{self._begin}{row}{self._end}"
        if decoded and not row.isascii():
            row = row.encode("latin-1").decode("utf-8", "replace")
        try:
            values, read = _SCAN(row, 0)
        except (ValueError, StopIteration, RecursionError):
            return None
        if read != len(row):
            return None
        return list(values.values()) if isinstance(values, dict) else values

    def note(self, reel: Reel, member: Member) -> None:
        """Learn how those end that hold others, from one that was taken by itself."""
        end = member.end - reel.start
        if self._wait and end >= _TELLING and reel.text.startswith(_CLOSED, end - 1):
            self._tail = reel.text[end - _TELLING : end + 1]

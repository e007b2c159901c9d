"""A JSON document of any size, looked through a stretch at a time: where its values begin and end, and whether it is
whole, without ever holding more than a stretch of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator
from json.scanner import make_scanner
from typing import Final, NamedTuple

from sidecar.expressions import regex

STEP: Final = 256 * 1024
"""Bytes read at once.  A value that is longer is looked through part by part, instead of being parsed to its end."""

DEEPEST: Final = 16
"""Levels of long values within long ones; a message's longest text lies some six deep."""

_SCAN = make_scanner(json.JSONDecoder())  # type: ignore[arg-type] # typeshed names another class
_BLANKS = regex(r"[ \t\r\n]*")
_PLAIN = regex(r"[^\"\\\x00-\x1f]*+(?:\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4})[^\"\\\x00-\x1f]*+)*+")
"""Characters of a string as far as they are complete: what follows them is its end, or a cut escape."""
_ESCAPE = 6
"""Characters of the longest escape."""

ReadAt = Callable[[int, int], bytes]
"""At a place of a file, so many bytes of it at most; none at its end alone."""


class Torn(Exception):  # noqa: N818 - a document that is being written is no error
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

    def __init__(self, read_at: ReadAt, start: int = 0, *, step: int = STEP) -> None:
        """`step`: bytes that are read at once, and held at least."""
        self.text = ""
        """The stretch that is held."""
        self.start = start
        """The byte at which it begins."""
        self.ended = False
        """Whether the file ends where it ends."""
        self._read_at, self._step = read_at, step
        self._hash = hashlib.sha256()

    @property
    def known(self) -> str:
        """A short hash of all that has run by."""
        return self._hash.hexdigest()[:32]

    def index(self, place: int, room: int) -> int:
        """Where in the stretch a byte is, which from then on holds `room` bytes after it if the file does."""
        index = place - self.start
        if len(self.text) - index >= room or self.ended:
            return index
        parts = [self.text[index:]]
        self.text, self.start = "", place
        wanted = room + self._step - len(parts[0])
        at = place + len(parts[0])
        while wanted > 0 and not self.ended:
            data = self._read_at(at, min(wanted, max(room, self._step)))
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
        """The members of the list or object that begins here, in order; returns where it ends.

        Raises:
            Torn: it is no JSON up to its end.
        """
        keyed = self.sign(place) == "{"
        closing = "}" if keyed else "]"
        place = self.blanks(place + 1)
        if self.sign(place) == closing:
            return place + 1
        while True:
            member = self._member(place, keyed=keyed, depth=depth)
            yield member
            index = self.index(member.end, self._step)
            text = self.text
            if text.startswith(", ", index):  # as most writers have it: no need to look for blanks
                place = member.end + 2
            elif text.startswith(",", index):
                place = member.end + 1
            else:
                place = self.blanks(member.end)
                sign = self.sign(place)
                if sign == closing:
                    return place + 1
                if sign != ",":
                    raise Torn
                place += 1
            place = self.blanks(place)

    def _member(self, place: int, *, keyed: bool, depth: int) -> Member:
        at = place
        if keyed:
            if self.sign(place) != '"':
                raise Torn
            at = self.blanks(self.value(place, depth).end)
            if self.sign(at) != ":":
                raise Torn
            at = self.blanks(at + 1)
        return self.value(at, depth)._replace(begin=place) if keyed else self.value(at, depth)

    def value(self, place: int, depth: int = 0) -> Member:
        """The value that begins here.

        Raises:
            Torn: it is no JSON up to its end.
        """
        index = self.index(place, self._step)
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
        members = self.members(place, depth)
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

"""One JSON document of any size, parsed value by value: as a whole it takes ten times its bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.cutting import lightened
from sidecar.transcripts.reel import STEP, Member, ReadAt, Reel, Torn

LISTS = frozenset(("chat_messages", "items", "messages"))
"""Names of the lists in which documents and exports keep a session's messages; a message has others of its own."""

TREES = frozenset(("mapping",))
"""As `LISTS`, of objects whose members are messages by their ids."""

MAX_VALUE = 32 * 1024 * 1024
"""Bytes of a message, or of any other value that is parsed as a whole; a longer one is left out."""

_BYTE_ORDER_MARK = "\xef\xbb\xbf"


class Elements:
    """A list of JSON that is parsed anew by whoever goes through it, and never held."""

    def __init__(self, read_at: ReadAt, at: int, step: int = STEP) -> None:
        """`at`: the byte at which the list begins."""
        self._read_at, self._at, self._step = read_at, at, step

    def __iter__(self) -> Iterator[object]:
        """Its elements in order; None for what is left out.  Raises Torn if it has changed meanwhile."""
        reel = Reel(self._read_at, self._at, step=self._step)
        for member in reel.rows(self._at, decoded=True):
            if isinstance(member, list):
                yield from member
            elif member.long and self._read_at(member.at, 1) == b"{":
                yield _object(Reel(self._read_at, member.at, step=self._step), member.at, self._read_at)[0]
            else:
                yield _value(reel, member, self._read_at)


class Tree:
    """An object of JSON of which the keys are held, each with the place of its value."""

    def __init__(self, read_at: ReadAt, at: int, step: int = STEP) -> None:
        """`at`: the byte at which the object begins."""
        self._read_at = read_at
        self._places: dict[str, int] = {}
        """Where a value begins and how long it is, as one number: a pair would take twice as much."""
        reel = Reel(read_at, at, step=step)
        for member in reel.members(at):
            self._places[_key(reel, member, read_at)] = member.at << _SIZE_BITS | member.end - member.at

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __getitem__(self, key: str) -> object:
        """The value of a key; None if it is left out.  Raises KeyError, and Torn if it has changed meanwhile."""
        place = self._places[key]
        return _whole(self._read_at, place >> _SIZE_BITS, place & _SIZE)


_SIZE_BITS = 32
_SIZE = (1 << _SIZE_BITS) - 1


@dataclass(frozen=True, slots=True)
class Survey:
    """A document that was looked through from end to end.

    content: with `Elements` for a list that it is, or for long ones of `LISTS` in its object, and a `Tree` for a long
        one of `TREES`; None for one that is not whole, or is neither object nor list.
    known: a hash of its bytes; empty if it is not whole.
    size: its bytes, as far as it was looked through.
    blank: there is nothing in it.
    """

    content: Record | Elements | None
    known: str
    size: int
    blank: bool


def surveyed(read_at: ReadAt, step: int = STEP) -> Survey:
    """Look through a document; all of it is parsed once and forgotten, so that one that is torn gives nothing.

    `step`: bytes that are read at once.
    """
    reel = Reel(read_at, step=step, hashing=True)
    try:
        at = reel.blanks(len(_BYTE_ORDER_MARK) if _begins(reel, _BYTE_ORDER_MARK) else 0)
        if not reel.sign(at):
            return Survey(None, reel.known, at, blank=True)
        content, end = _content(reel, at, read_at)
        end = reel.blanks(end)
    except Torn:
        return Survey(None, "", reel.start, blank=False)
    if content is None or reel.sign(end):
        return Survey(None, "", end, blank=False)
    return Survey(content, reel.known, end, blank=False)


def _content(reel: Reel, at: int, read_at: ReadAt) -> tuple[Record | Elements | None, int]:
    """The object or list that begins here, and where it ends; None for anything else."""
    sign = reel.sign(at)
    if sign == "{":
        return _object(reel, at, read_at)
    return (Elements(read_at, at, reel.step), reel.through(at)) if sign == "[" else (None, at)


def each(value: object) -> Iterable[object]:
    """The elements of a list, held or not; none of anything else."""
    return value if isinstance(value, list | Elements) else ()


def _begins(reel: Reel, sign: str) -> bool:
    index = reel.index(0, len(sign))  # before the text is looked at, which it fills
    return reel.text.startswith(sign, index)


def _object(reel: Reel, at: int, read_at: ReadAt) -> tuple[Record, int]:
    """The object that begins here, and where it ends."""
    found: Record = {}
    members = reel.members(at)
    while True:
        try:
            member = next(members)
        except StopIteration as ended:
            return found, int(ended.value)
        key, sign = _key(reel, member, read_at), read_at(member.at, 1)
        if member.long and sign == b"[" and key in LISTS:
            found[key] = Elements(read_at, member.at, reel.step)
        elif member.long and sign == b"{" and key in TREES:
            found[key] = Tree(read_at, member.at, reel.step)
        else:
            found[key] = _value(reel, member, read_at)


def _key(reel: Reel, member: Member, read_at: ReadAt) -> str:
    """The key of a member that the reel has come to, perhaps past it; nothing but blanks and a colon is behind it."""
    if member.begin < reel.start:
        data = read_at(member.begin, min(member.at - member.begin, MAX_VALUE))
    else:
        data = reel.text[member.begin - reel.start : member.at - reel.start].encode("latin-1")
    return str(_parsed(data[: data.rfind(b":")]))


def _value(reel: Reel, member: Member, read_at: ReadAt) -> object:
    """What a member is that the reel has just come to; None if it is left out."""
    if member.long:
        return _whole(read_at, member.at, member.end - member.at)
    piece = reel.text[member.at - reel.start : member.end - reel.start]
    return member.value if piece.isascii() else _parsed(piece.encode("latin-1"))


def _whole(read_at: ReadAt, at: int, size: int) -> object:
    """The value that is so long; None if it is left out."""
    data = None if size > MAX_VALUE else lightened(read_at(at, size))
    return None if data is None else _parsed(data)


def _parsed(data: bytes) -> object:
    try:
        found: object = json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Torn from error
    return found

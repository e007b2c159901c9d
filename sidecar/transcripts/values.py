"""Reading values out of JSON that may hold anything anywhere: total functions, no exceptions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from json.encoder import c_make_encoder, encode_basestring_ascii  # type: ignore[attr-defined] # typeshed lacks it

from sidecar.expressions import regex
from sidecar.transcripts.base import Record
from sidecar.transcripts.cutting import LIGHT, lightened
from sidecar.transcripts.text import safe

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
"""Before any coding agent kept transcripts: an earlier time is a clock that was never set."""

FUTURE_TOLERANCE = timedelta(days=1)
"""How far a record may lie ahead of its file's last write: covers every time zone written as if it were UTC."""

MILLISECONDS_FROM = 100_000_000_000
"""Numbers from here on are milliseconds: as seconds they would lie in the year 5138."""

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_PACK = c_make_encoder(None, str, encode_basestring_ascii, None, ": ", ", ", True, False, True)
"""What `JSONEncoder(sort_keys=True, default=str).encode` makes anew for every value."""

_PIECE = 64 * 1024
"""Characters of a text that are packed at once."""

_UUID = regex(UUID)
_NUMBER = regex(r"\d{9,14}(?:\.\d+)?")


def obj(value: object) -> Record:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """The value if it is a string, made safe to store, else an empty one."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else safe(value)
    return ""


def name(value: object) -> str | None:
    """A string that says something, else None."""
    return text(value).strip() or None


def identifier(value: object) -> str:
    """An id, which some writers give as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value).strip()


def is_uuid(value: str) -> bool:
    """Whether an id is unique by itself, in every file and for ever."""
    return _UUID.fullmatch(value) is not None


def count(value: object) -> int:
    """A non-negative whole number, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def digest(*parts: object) -> str:
    """16 hex digits over JSON values, unambiguously joined."""
    told: list[str] = []
    try:
        for part in parts:
            if isinstance(part, str) and len(part) < _PIECE:
                told.append(encode_basestring_ascii(part))
            elif type(part) is int or not _any_long(part):
                told.append(_packed(part))
            else:
                break
        else:
            return hashlib.sha256(f"[{', '.join(told)}]".encode()).hexdigest()[:16]
    except RecursionError:  # so deep that it was only just parsed
        told.clear()
    found = hashlib.sha256()
    for piece in _pieces(list(parts)):
        found.update(piece.encode())
    return found.hexdigest()[:16]


def _any_long(value: object) -> bool:
    """Whether a text of `_PIECE` or more is in a value, however deep."""
    if isinstance(value, str):
        return len(value) >= _PIECE
    rest = [value]
    while rest:
        inner = rest.pop()
        if isinstance(inner, str):
            if len(inner) >= _PIECE:
                return True
        elif isinstance(inner, dict):
            rest.extend(inner.values())
        elif isinstance(inner, list | tuple):
            rest.extend(inner)
    return False


def _pieces(value: object) -> Iterator[str]:
    """What `_PACK` makes of a value, in pieces: a text with emoji takes twelve times its characters there."""
    levels = [(iter([("", value)]), "")]
    while levels:
        parts, end = levels[-1]
        for before, part in parts:
            yield before
            if isinstance(part, list | tuple):
                yield "["
                levels.append((_listed(part), "]"))
                break
            if isinstance(part, dict):
                yield "{"
                levels.append((_keyed(part), "}"))
                break
            yield from _long(part) if isinstance(part, str) and len(part) >= _PIECE else (_packed(part),)
        else:
            yield end
            levels.pop()


def _listed(values: Sequence[object]) -> Iterator[tuple[str, object]]:
    """Each element, with what stands before it."""
    return ((", " if number else "", value) for number, value in enumerate(values))


def _keyed(values: Record) -> Iterator[tuple[str, object]]:
    """Each value in the order of the keys, with what stands before it."""
    return ((f"{', ' if number else ''}{_packed(key)}: ", values[key]) for number, key in enumerate(sorted(values)))


def _long(value: str) -> Iterator[str]:
    yield '"'
    for at in range(0, len(value), _PIECE):
        yield encode_basestring_ascii(value[at : at + _PIECE])[1:-1]
    yield '"'


def _packed(value: object) -> str:
    return str(value) if type(value) is int else "".join(_PACK(value, 0))


def moment(value: object, written: datetime) -> datetime | None:
    """A time in UTC from ISO text or from seconds or milliseconds since 1970; None if absent or absurd.

    Absurd is before 2020, or more than a day after `written`, the last write of the file.
    """
    if value is None:
        return None
    found = _parsed(value)
    if found is None or not EARLIEST <= found <= written + FUTURE_TOLERANCE:
        return None
    return found


def _parsed(value: object) -> datetime | None:
    try:
        if isinstance(value, str):
            if value[4:5] != "-" and _NUMBER.fullmatch(value.strip()):
                return _counted(float(value))
            found = datetime.fromisoformat(value.strip())
            if found.tzinfo is UTC:
                return found
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _counted(value)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _counted(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS_FROM else number, UTC)


def decoded(value: object) -> object | None:
    """What a column or a field holds as JSON text; None for anything else, and for what does not parse."""
    if isinstance(value, bytes):
        light = lightened(value) if len(value) >= LIGHT else value
        value = None if light is None else light.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    try:
        found: object = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found

"""Bytes to JSON, strictly: what Python's own decoder lets pass is refused or made harmless here."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from sidecar.errors import BadRequest, FieldError
from sidecar.wire.limits import JSON_DEPTH

_REPLACEMENT = "\ufffd"

_SHOWN = 40
"""Characters of a stranger's key that an error message repeats."""


def parse_object(body: bytes) -> dict[str, object]:
    """The JSON object in a request body; an empty body is an empty object.

    Text stays as it is, but for what no file of ours could hold: a lone surrogate (half an emoji, cut by a client that
    counts UTF-16 units) and NUL become U+FFFD, as in a browser's encoder; one such character must not cost a client
    its whole ingest.

    Raises:
        BadRequest: not UTF-8, not JSON, not an object, NaN or infinity, or nested deeper than `JSON_DEPTH`.
        FieldError: a key stands twice in one object.
    """
    if not body.strip():
        return {}
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(detail=f"the body is not UTF-8 (byte {error.start})") from None
    value = _loads(text)
    if not isinstance(value, dict):
        raise BadRequest(detail="the body must be a JSON object")
    return {whole(key): _clean(item, 1) for key, item in value.items()}


def whole(text: str) -> str:
    """The text with lone surrogates and NUL replaced: everything that is left can be stored as UTF-8."""
    if text.isascii() and "\0" not in text:
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", _REPLACEMENT)


def _loads(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadRequest(detail=f"the body is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # Python refuses integers of thousands of digits
        raise BadRequest(detail="the body holds a number that is too long") from None


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise FieldError(field=shown(twice), problem="stands twice in one object")
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise BadRequest(detail="the body holds a number that is too large")
    return value


def _not_a_number(word: str) -> NoReturn:
    raise BadRequest(detail=f"{word} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_not_a_number)


def _clean(value: object, depth: int) -> object:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, dict | list):
        if depth >= JSON_DEPTH:
            raise _too_deep()
        if isinstance(value, list):
            return [_clean(item, depth + 1) for item in value]
        return {whole(key): _clean(item, depth + 1) for key, item in value.items()}
    return value


def _too_deep() -> BadRequest:
    return BadRequest(detail=f"the body is nested deeper than {JSON_DEPTH} levels")


def shown(text: str) -> str:
    """A stranger's text, short and printable enough for an error message."""
    plain = "".join(character if character.isprintable() else _REPLACEMENT for character in whole(text))
    return plain if len(plain) <= _SHOWN else plain[:_SHOWN] + "…"

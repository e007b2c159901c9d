"""`sidecar recall WORDS` without the command line, whose import takes ten times what Python takes to start.

It serves what is asked most: words, how many, `--json` and what narrows a search, answered by a daemon that has nothing
else to say.  The rest (another option, no daemon, an error) is left to the command line, which asks again: a recall
changes nothing.

As in `sidecar.hooks.hook`, nothing is imported that is not cheap: no `json`, `re`, `socket` or `typing`.
"""

from __future__ import annotations

import _socket
import codecs
import os
import sys

from sidecar import hello, meeting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    _Value = str | int | tuple[str, ...]

_SECONDS = 120.0
"""As `options.ANSWER_SECONDS`."""

_CHUNK = 65_536

_NUMBERS = {"--limit": ("limit", 100), "--budget": ("budget", 1_000_000)}
"""Options with a number, the field of the request that it is, and the largest that is taken here."""

_CHOICES = {"--level": ("low",), "--length": ("short", "medium", "long"), "--kind": ("memory", "message")}
"""Options with few values.  Who asks a model waits for that, so a higher level is left to the command line."""

_TEXTS = {
    "--level": "thinkingLevel",
    "--length": "responseLength",
    "--session": "sessionId",
    "--since": "since",
    "--before": "before",
    "--date": "referenceDate",
    "--at": "at",
}
_LISTS = {"--type": "types", "--kind": "kinds", "--include": "include", "--tag": "tags"}
"""Options with a text, of which the last counts, and those that may be repeated; what they may be the daemon says."""


class _Context:
    """How JSON is read by the C part of `json`: as `json.loads` reads it."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float


def recall(arguments: Sequence[str]) -> bool:
    """Answer `recall ARGUMENTS`; False, with nothing printed, if the command line is to do it."""
    asked = _asked(arguments)
    if asked is None or sys.stdout is None:
        return False
    words, options, as_json = asked
    try:
        result = _result(_ask(meeting.socket_path(os.environ), _body(words, options)))
        return result is not None and _printed(_shown(result, as_json=as_json))
    except (OSError, ValueError, KeyError, StopIteration, ImportError):
        return False


def _asked(arguments: Sequence[str]) -> tuple[str, Mapping[str, _Value], bool] | None:
    """Words, fields of the request and whether JSON is wanted; None if there is anything else, or no word."""
    words: list[str] = []
    options: dict[str, _Value] = {}
    as_json = False
    rest = iter(arguments)
    for argument in rest:
        if argument == "--json":
            as_json = True
        elif not argument.startswith("-"):
            words.append(argument)
        elif not _taken(argument, next(rest, ""), options):
            return None
    return (" ".join(words), options, as_json) if words else None


def _taken(option: str, value: str, options: dict[str, _Value]) -> bool:
    """Put an option into the fields of the request; False if it is one for the command line, or its value is."""
    if not value or value.startswith("-") or value not in _CHOICES.get(option, (value,)):
        return False
    if option in _NUMBERS:
        field, most = _NUMBERS[option]
        if not (value.isascii() and value.isdigit() and len(value) <= len(str(most)) and 1 <= int(value) <= most):
            return False
        options[field] = int(value)
    elif option in _TEXTS:
        options[_TEXTS[option]] = value
    elif option in _LISTS:
        before = options.get(_LISTS[option], ())
        options[_LISTS[option]] = (*before, value) if isinstance(before, tuple) else (value,)
    else:
        return False
    return True


def _body(words: str, options: Mapping[str, _Value]) -> bytes:
    """The request's body: what `Client.recall` sends for a folder."""
    try:
        folder = {"cwd": os.getcwd()}  # noqa: PTH109 - a path as text is all that is needed
    except FileNotFoundError:
        folder = {}
    fields: dict[str, _Value] = {"query": words, **options, **folder}
    return ("{" + ", ".join(f"{_said(name)}: {_said(value)}" for name, value in fields.items()) + "}").encode()


def _said(value: _Value) -> str:
    """A value as JSON."""
    from _json import encode_basestring_ascii as quoted  # the part of `json` that needs no `re`

    if isinstance(value, str):
        return quoted(value)
    return str(value) if isinstance(value, int) else "[" + ", ".join(map(quoted, value)) + "]"


def _ask(socket: str, body: bytes) -> bytes:
    """The body of a good answer.  Raises OSError, and ValueError for any other answer."""
    head = (
        b"POST /v1/recall HTTP/1.1\r\nHost: sidecar\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\n%b: %d\r\nContent-Length: %d\r\n\r\n"
    )
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    pieces: list[bytes] = []
    try:
        connection.settimeout(_SECONDS)
        connection.connect(socket)
        if not meeting.is_ours(connection):
            raise OSError  # the command line says whose it is; nothing is told to it
        connection.sendall(head % (hello.HEADER.encode(), hello.PROTOCOL, len(body)) + body)
        while piece := connection.recv(_CHUNK):
            pieces.append(piece)
    finally:
        connection.close()
    told, _, answer = b"".join(pieces).partition(b"\r\n\r\n")
    first, *fields = told.lower().split(b"\r\n")
    whole = {b"content-length: %d" % len(answer), b"%b: %d" % (hello.HEADER.lower().encode(), hello.PROTOCOL)}
    if first.split(b" ")[1:2] != [b"200"] or not whole.issubset(fields):
        raise ValueError("it is not a whole good answer, or one in another language")
    return answer


def _result(answer: bytes) -> Mapping[str, Any] | None:
    """What was found; None if the daemon has something to say beside it.  Raises ValueError and StopIteration."""
    from _json import make_scanner

    envelope, _ = make_scanner(_Context())(answer.decode(), 0)  # type: ignore[arg-type]  # any object with these attributes
    index = (envelope.get("result_info") or {}).get("index") or {}
    if envelope.get("messages") or index.get("degraded") or not envelope.get("success"):
        return None
    found: Mapping[str, Any] = envelope["result"]
    return found


def _shown(result: Mapping[str, Any], *, as_json: bool) -> str:
    """What is printed, without marks where there is no terminal."""
    if as_json:
        import json

        return json.dumps(result, ensure_ascii=False, indent=2) + "\n"
    from sidecar.cli import answer, output

    text = "".join(f"{line}\n" for line in answer.lines(result))
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return text
    return text.replace(output.DIM, "").replace(output.STRONG, "").replace(output.RESET, "")


def _printed(text: str) -> bool:
    """Print all of it, unless its reader goes; what the terminal's encoding lacks is written as its number.

    False if nothing could be written at all.  ASCII is what a system says that has not been told, as click has it.
    """
    plain = codecs.lookup(sys.stdout.encoding).name == "ascii"
    data = whole = text.encode("utf-8" if plain else sys.stdout.encoding, "backslashreplace")
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        return True
    except OSError:
        if data is whole:
            return False
        raise
    return True

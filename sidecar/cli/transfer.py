"""Answers too large to be held: from the daemon's socket into a file, piece by piece."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from typing import IO
from urllib.parse import urlencode

from sidecar import hello, meeting
from sidecar.client import met
from sidecar.errors import BadAnswer, DaemonSilent, NoDaemon, ServerForeign, from_wire

_PIECE = 256 * 1024
_OK = 200


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("sidecar", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """As its base, to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
        if not meeting.is_ours(self.sock):
            raise ServerForeign(socket=self._path, peer=meeting.peer(self.sock))


def download(
    socket_path: str | os.PathLike[str], path: str, query: Mapping[str, object], into: IO[bytes], *, seconds: float
) -> None:
    """Write the document at `path` into an open file.  `seconds`: the longest silence.

    Raises the daemon's own error, NoDaemon, DaemonSilent, DaemonOlder, and BadAnswer for one that broke off.
    """
    where = os.fspath(socket_path)
    connection = _Connection(where, seconds)
    told = urlencode({name: _spelled(value) for name, value in query.items() if value is not None})
    try:
        try:
            connection.request("GET", f"{path}?{told}", headers={hello.HEADER: str(hello.PROTOCOL)})
        except (FileNotFoundError, ConnectionRefusedError, PermissionError) as error:
            raise NoDaemon(socket=where) from error
        response = connection.getresponse()
        met(response.headers.get("Server"), response.headers.get(hello.HEADER), path)
        if response.status != _OK:
            _raise(where, response)
        while piece := response.read(_PIECE):
            into.write(piece)
        if response.length:
            raise BadAnswer(socket=where, why="the answer was cut off")
    except TimeoutError as error:
        raise DaemonSilent(socket=where, seconds=seconds) from error
    except http.client.HTTPException as error:
        raise BadAnswer(socket=where, why=str(error) or type(error).__name__) from error
    finally:
        connection.close()


def _raise(where: str, response: http.client.HTTPResponse) -> None:
    """The error that an envelope reports."""
    try:
        first = json.loads(response.read())["errors"][0]
    except (ValueError, LookupError, TypeError) as error:
        raise BadAnswer(socket=where, why=f"status {response.status} without an envelope") from error
    raise from_wire(int(first.get("code", 0)), str(first.get("message", "unknown")), first.get("hint"))


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

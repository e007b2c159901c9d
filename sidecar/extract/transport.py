"""How requests to a model server travel: straight to it, once, and with a bound on time and size.

Imported late, with the client library that it serves.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx


class TooMuch(ValueError):
    """An answer that is longer, or takes longer, than any real one."""


class Bounded(httpx.HTTPTransport):
    """A transport that ignores proxies and keys of the environment and gives up on endless answers.

    `timeout_s` is seconds for a whole answer, from the request to its last byte; a client's own timeout only bounds
    the wait for each piece.  `most` is bytes of one answer.  `connected` is told the socket of each connection, before
    anything is sent over it.
    """

    def __init__(
        self, *, timeout_s: float, most: int, connected: Callable[[socket.socket], None] | None = None
    ) -> None:
        super().__init__(trust_env=False, retries=0)
        self._timeout_s = timeout_s
        self._most = most
        self._connected = connected

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send without credentials: the client library adds a key that is meant for its maker's cloud."""
        request.headers.pop("authorization", None)
        if self._connected is not None:
            request.extensions["trace"] = self._trace
        until = time.monotonic() + self._timeout_s
        response = super().handle_request(request)
        assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - of a synchronous transport it always is
        stream = _Stream(response.stream, until, self._most)
        return httpx.Response(response.status_code, headers=response.headers, stream=stream)

    def _trace(self, event: str, found: dict[str, Any]) -> None:
        if self._connected is not None and event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._connected(found["return_value"].get_extra_info("socket"))


class _Stream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, until: float, most: int) -> None:
        self._stream = stream
        self._until = until
        self._most = most

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > self._most:
                raise TooMuch
            if time.monotonic() > self._until:
                raise httpx.ReadTimeout("the answer takes too long")
            yield piece

    def close(self) -> None:
        self._stream.close()

"""One request of aiohttp's server as an ASGI exchange, so that an application made elsewhere can answer it.

The daemon's server is aiohttp's; the MCP SDK speaks ASGI.  Only what HTTP needs is here: no WebSockets, no lifespan.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

from sidecar.daemon.web import web

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

_LOOK_S = 0.2
"""How often it is looked whether the client is still there, while an answer takes its time."""


class Mount(Protocol):
    """An ASGI application of HTTP alone, with a part that runs as long as it is served."""

    async def serve(self) -> None:
        """Run until cancelled; before and after, requests are refused."""

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        """Answer one request."""


class Exchange:
    """One request and what becomes of it; `response` is None until the application has begun to answer."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._told, self._over = False, asyncio.Event()
        self._start: Event | None = None
        self.response: web.StreamResponse | None = None
        peer = request.transport.get_extra_info("peername") if request.transport else None
        self.scope: Event = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": f"{request.version.major}.{request.version.minor}",
            "method": request.method,
            "scheme": "http",
            "path": request.rel_url.path,
            "raw_path": request.rel_url.raw_path.encode("ascii", "replace"),
            "query_string": request.rel_url.raw_query_string.encode("ascii", "replace"),
            "root_path": "",
            "headers": [(bytes(name).lower(), bytes(value)) for name, value in request.raw_headers],
            "client": tuple(peer[:2]) if isinstance(peer, tuple) else None,
            "server": None,
        }

    async def receive(self) -> Event:
        """The body piece by piece, then, once the client has gone or the answer is complete, that."""
        if not self._told:
            try:
                piece = await self._request.content.readany()
            except (OSError, web.RequestPayloadError):
                self._over.set()
                return {"type": "http.disconnect"}
            self._told = self._request.content.at_eof()
            return {"type": "http.request", "body": piece, "more_body": not self._told}
        while not (self._over.is_set() or _has_left(self._request)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _LOOK_S)
        return {"type": "http.disconnect"}

    async def send(self, event: Event) -> None:
        """Take the beginning or a piece of the answer; what nobody waits for any more is dropped."""
        if event["type"] == "http.response.start":
            self._start = event
        elif event["type"] == "http.response.body" and self._start is not None:
            try:
                await self._piece(self._start, bytes(event.get("body", b"")), more=bool(event.get("more_body")))
            except OSError:
                self._over.set()

    async def _piece(self, start: Event, piece: bytes, *, more: bool) -> None:
        if self.response is None and not more:
            self.response = web.Response(status=start["status"], body=piece, headers=_headers(start, whole=True))
        else:
            if self.response is None:
                self.response = web.StreamResponse(status=start["status"], headers=_headers(start, whole=False))
                await self.response.prepare(self._request)
            if piece:
                await self.response.write(piece)
            if not more:
                await self.response.write_eof()
        if not more:
            self._over.set()


def _has_left(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _headers(start: Event, *, whole: bool) -> list[tuple[str, str]]:
    """The answer's headers; the length of one that is whole aiohttp counts itself."""
    given: Iterable[tuple[bytes, bytes]] = start.get("headers", ())
    pairs = [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in given]
    return [pair for pair in pairs if not (whole and pair[0].lower() == "content-length")]

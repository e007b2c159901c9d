"""MCP over streamable HTTP, served by the daemon behind its own listeners, if `mcp.http` says so.

The transport is the SDK's, in its stateless form: nothing of a client is kept between two requests, so a client goes
on after a restart of the daemon, and one that vanishes leaves nothing behind.  Who may come in, the daemon's server has
decided before: by the socket's permissions, or on TCP by token, Host and Origin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from sidecar.client import Profile
from sidecar.errors import Unavailable
from sidecar.mcp.asking import Asking

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

_Event = MutableMapping[str, Any]

_STARTING_S = 30.0
"""Seconds for which a request waits for the SDK to be imported: a client that is told to try again rarely does."""

_PERSONAL = Profile()
_where: ContextVar[Profile] = ContextVar("where", default=_PERSONAL)
"""The profile of the request that is being answered."""


class Endpoint:
    """An ASGI application; `?cwd=FOLDER` or `?profile=NAME[&namespace=NAME]` in its URL says which profile is meant.

    Without either it is `personal`: there is no folder in which a client of HTTP was started.
    """

    def __init__(self, socket: Path, *, starting_s: float = _STARTING_S) -> None:
        self._socket, self._starting_s = socket, starting_s
        self._manager: StreamableHTTPSessionManager | None = None
        self._ready = asyncio.Event()

    async def serve(self) -> None:
        """Take requests until cancelled."""
        manager = await asyncio.to_thread(_manager, self._socket)
        async with manager.run():
            self._manager = manager
            self._ready.set()
            try:
                await asyncio.Event().wait()
            finally:
                self._manager = None

    async def __call__(
        self,
        scope: _Event,
        receive: Callable[[], Awaitable[_Event]],
        send: Callable[[_Event], Awaitable[None]],
    ) -> None:
        """Answer one request.  Raises Unavailable after `serve`, and if that takes too long to begin."""
        manager = await self._started()
        reset = _where.set(_profile(scope.get("query_string", b"")))
        try:
            await manager.handle_request(scope, receive, send)
        finally:
            _where.reset(reset)

    async def _started(self) -> StreamableHTTPSessionManager:
        try:
            async with asyncio.timeout(self._starting_s):
                await self._ready.wait()
        except TimeoutError:
            raise Unavailable(what="MCP", why="it is starting") from None
        if self._manager is None:
            raise Unavailable(what="MCP", why="it is stopping")
        return self._manager


def _manager(socket: Path) -> StreamableHTTPSessionManager:
    """The SDK's transport around a server of ours; imported here, because it takes a while and most never need it."""
    from mcp.server.transport_security import TransportSecuritySettings

    from sidecar.mcp.server import made

    server = made(Asking(socket), _where.get)
    unguarded = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    server.streamable_http_app(stateless_http=True, transport_security=unguarded)
    return server.session_manager


def _profile(query: bytes) -> Profile:
    given = {name: values[-1] for name, values in parse_qs(query.decode("utf-8", "replace")).items()}
    if "profile" in given:
        return Profile(name=given["profile"], namespace=given.get("namespace", "local"))
    return Profile(cwd=given.get("cwd"))

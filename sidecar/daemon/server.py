"""The HTTP server on the Unix socket, and on TCP if the settings say so: the one that knows aiohttp.

It reads a request, finds its route, has it parsed, calls the handler within a time limit, and wraps whatever comes of
it, any failure included, in the envelope.  aiohttp's low-level server is used rather than its `Application`: the route
table is ours, and matches, documents and refuses in one place.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from sidecar import __version__, hello, meeting
from sidecar.daemon import metrics, naming, openapi, routes, tcp
from sidecar.daemon.asgi import Exchange, Mount
from sidecar.daemon.handlers import Call, Reply
from sidecar.daemon.listen import BACKLOG, Listening, listen
from sidecar.daemon.opening import Opening
from sidecar.daemon.protocol import Api, Spooled
from sidecar.daemon.tcp import MCP_PATH, Gate, Listeners
from sidecar.daemon.web import web
from sidecar.errors import (
    BadRequest,
    BodyTooLarge,
    MethodNotAllowed,
    NotJson,
    PeerRefused,
    ProgramOlder,
    SidecarError,
    TokenNeeded,
    Unavailable,
)
from sidecar.wire import envelope, parsing
from sidecar.wire.requests import Body
from sidecar.wire.shapes import IndexState, ResultInfo

_log = logging.getLogger(__name__)

_REQUEST_S = 30.0
"""Seconds for an answer, unless the request is of a kind that takes longer (`Body.patient`)."""

_BODY_S = 30.0
"""Seconds in which a body must arrive; a local client needs milliseconds."""

_KEEP_ALIVE_S = 75.0
"""Seconds for which an idle connection stays open."""

_LINGER_S = 5.0
"""Seconds in which the rest of a refused body is read and dropped, so that its sender gets to see the refusal."""

_GRACE_S = 0.5
"""Seconds that running requests get to finish when the server stops; then they are answered with 503."""

_CUT_S = 0.2
"""Seconds that aiohttp then waits, twice at most, for connections that do not take their answer."""

_RETRY_S = 1
"""`Retry-After` of every 503: what is unavailable here is starting, stopping or rebuilding, and soon done."""

_BIND_AGAIN_S = (1.0, 60.0)
"""First and longest wait before a TCP port that somebody else has is tried again."""

_BESIDE_BYTES = 256 * 1024
"""A body larger than this is parsed in a thread, so that other requests go on meanwhile."""

_PIECE_BYTES = 256 * 1024
"""What is read of a spooled answer at a time."""

_HEADERS: Mapping[str, str] = {
    "Server": f"sidecar/{__version__}",
    hello.HEADER: str(hello.PROTOCOL),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def _now() -> datetime:
    return datetime.now(UTC)


class Server:
    """Serves an `Api` on a Unix socket from `start` to `stop`, and on TCP while `serve_tcp` runs.

    `namespace` is the one that is meant where a request names none.  `environ` is where a socket passed by systemd
    is announced.  `clock` gives the time from which ages count.  Limits are in seconds.  `mcp` answers what comes to
    `/mcp`; without it there is no such path.  `gate` is who may come in over TCP; without it nobody may.  `listeners`
    is kept up to date.  Before `opening` is over only routes that are `early` are served; the others wait for it.
    """

    def __init__(
        self,
        api: Api,
        socket_path: Path,
        *,
        namespace: str = "local",
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = _now,
        request_s: float = _REQUEST_S,
        body_s: float = _BODY_S,
        mcp: Mount | None = None,
        gate: Gate | None = None,
        listeners: Listeners | None = None,
        opening: Opening | None = None,
    ) -> None:
        self._api, self._path, self._namespace, self._clock = api, socket_path, namespace, clock
        self._environ = os.environ if environ is None else environ
        self._request_s, self._body_s = request_s, body_s
        self._mcp, self._gate, self._listeners = mcp, gate, listeners or Listeners()
        self._opening = opening or Opening()
        self._listeners.mcp = MCP_PATH if mcp is not None else None
        self._counter = metrics.RequestCounter()
        self._listening: Listening | None = None
        self._runner: web.ServerRunner | None = None
        self._stopping = self._grace_over = False
        self._limits: set[asyncio.Timeout] = set()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self) -> None:
        """Listen.  Raises what `listen` raises; then nothing is left behind."""
        self._listening = listen(self._path, self._environ)
        server = web.Server(
            self._answer,
            access_log=None,
            tcp_keepalive=False,
            keepalive_timeout=_KEEP_ALIVE_S,
            lingering_time=_LINGER_S,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_CUT_S)
        try:
            await self._runner.setup()
            await web.SockSite(self._runner, self._listening.sock, backlog=BACKLOG).start()
        except BaseException:
            await self.stop()
            raise

    async def serve_tcp(self, address: str) -> None:
        """Listen on TCP too, once the port is free, until the server stops.  Only after `start`.

        A port that somebody else has is tried again: it must neither end the daemon nor stay lost.
        """
        delay, longest = _BIND_AGAIN_S
        while (runner := self._runner) is not None:
            try:
                sock = tcp.bind(address)
            except OSError as error:
                self._listeners.problem = f"{address}: {error.strerror or error}"
                _log.warning("no TCP listener: %s", self._listeners.problem)
                await asyncio.sleep(delay)
                delay = min(delay * 2, longest)
                continue
            await web.SockSite(runner, sock, backlog=BACKLOG).start()
            self._listeners.tcp, self._listeners.problem = tcp.bound(sock), None
            if self._mcp is not None:
                self._listeners.mcp = f"http://{self._listeners.tcp}{MCP_PATH}"
            await asyncio.Event().wait()

    async def stop(self) -> None:
        """Stop within a second: no new connections, a short grace for running requests, 503 for the rest."""
        self._stopping = True
        runner, listening = self._runner, self._listening
        self._runner = self._listening = None
        if runner is not None:
            for site in runner.sites:
                await site.stop()
            await self._settle()
            await runner.cleanup()
        if listening is not None:
            listening.close()

    async def _settle(self) -> None:
        """Wait for running requests, then end the time limit of those that are left: they answer with 503."""
        try:
            async with asyncio.timeout(_GRACE_S):
                await self._idle.wait()
        except TimeoutError:
            self._grace_over = True
            now = asyncio.get_running_loop().time()
            for limit in self._limits:
                limit.reschedule(now)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request to its response; only cancellation comes out of here."""
        loop = asyncio.get_running_loop()
        response: web.StreamResponse
        started, name = loop.time(), "unknown"
        self._running += 1
        self._idle.clear()
        try:
            self._admit(request)
            _understand(request)
            if self._mcp is not None and request.rel_url.raw_path == MCP_PATH:
                name, response = "mcp", await self._mounted(request, self._mcp)
            elif request.method == "OPTIONS" and (methods := routes.allowed(request.rel_url.raw_path)):
                name, response = "options", _response(204, headers={"Allow": ", ".join(methods)})
            else:
                match = routes.match(request.method, request.rel_url.raw_path)
                name = match.route.name
                response = await self._serve(request, match)
        except SidecarError as error:
            response = _refusal(request, error)
        except Exception:
            response = _bug()
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()
        if self._stopping:
            response.force_close()
        method = request.method if name != "unknown" else "-"
        self._counter.observe(name, method, response.status, loop.time() - started)
        return response

    def _admit(self, request: web.BaseRequest) -> None:
        """Let the user's own programs in by the Unix socket, and over TCP whom the gate lets in."""
        if request.transport is None:
            raise Unavailable(what="The answer", why="its connection has gone")
        if not isinstance(request.transport.get_extra_info("sockname"), tuple):
            _admit_peer(request.transport.get_extra_info("socket"))
            return
        if self._gate is None:
            raise TokenNeeded
        self._gate.admit(*(_once(request, name) for name in ("Host", "Origin", "Authorization", "Sec-Fetch-Site")))

    async def _mounted(self, request: web.BaseRequest, mount: Mount) -> web.StreamResponse:
        """The answer of an application of its own; when the server stops, a stream ends where it is."""
        if self._stopping:
            raise _stopping()
        await _continue(request)
        exchange = Exchange(request)
        try:
            async with self._limit(None):
                await mount(exchange.scope, exchange.receive, exchange.send)
        except Unavailable:
            if exchange.response is None:
                raise
        if exchange.response is None:
            raise Unavailable(what="The answer", why="there was none")
        return exchange.response

    async def _serve(self, request: web.BaseRequest, match: routes.Match) -> web.StreamResponse:
        if self._stopping:
            raise _stopping()
        route = match.route
        if not route.early and not self._opening.over:
            async with self._limit(self._request_s):
                await self._opening.wait()
        if route.handler is None:
            return await self._document(route)
        query = parsing.parse_query(route.query, request.rel_url.raw_query_string)
        body = await self._body(request, route)
        call = naming.clean(Call(body, query, match.path, match.managed, self._namespace, self._clock()))
        async with self._limit(None if body.patient or query.patient else self._request_s):
            reply = await route.handler(self._api, call)
            info = await self._info(reply) if route.fresh else None
        if isinstance(reply.result, Spooled):
            return await _sent(request, reply.result)
        if route.document is not None:
            return _response(route.success, str(reply.result).encode("utf-8", "replace"), route.document)
        return _json(route.success, envelope.success(reply.result, info=info, notes=reply.notes))

    async def _document(self, route: routes.Route) -> web.Response:
        """The answers without an envelope."""
        if route.name == "openapi":
            return _response(200, _openapi(), "application/json")
        async with self._limit(self._request_s):
            found = [*await self._api.metrics(), *self._counter.metrics()]
        page = metrics.render(found).encode("utf-8", "backslashreplace")
        return _response(200, page, headers={"Content-Type": f"{metrics.CONTENT_TYPE}; charset=utf-8"})

    async def _info(self, reply: Reply) -> ResultInfo:
        fresh = await self._api.freshness()
        index = IndexState(generation=fresh.generation, lag_ms=fresh.lag_ms, degraded=list(fresh.degraded))
        if reply.page is None:
            return ResultInfo(index=index)
        page = reply.page
        return ResultInfo(cursor=page.cursor, per_page=page.per_page, count=page.count, index=index)

    async def _body(self, request: web.BaseRequest, route: routes.Route) -> Body:
        """The parsed body; one that comes with GET or DELETE has no meaning and is not read."""
        if route.method in ("GET", "DELETE"):
            return parsing.parse_body(route.body, b"")
        raw = await self._read(request, route.body_bytes)
        if raw and not _is_json(request):
            raise NotJson
        if len(raw) > _BESIDE_BYTES:
            return await asyncio.to_thread(parsing.parse_body, route.body, raw)
        return parsing.parse_body(route.body, raw)

    async def _read(self, request: web.BaseRequest, limit: int) -> bytes:
        if (request.content_length or 0) > limit:
            raise BodyTooLarge(limit=limit)
        await _continue(request)
        found = bytearray()
        # Mostly it is there as a whole: nothing is waited for.
        limited = contextlib.nullcontext() if request.content.is_eof() else self._limit(self._body_s)
        try:
            async with limited:
                async for piece in request.content.iter_any():
                    found += piece
                    if len(found) > limit:
                        raise BodyTooLarge(limit=limit)
        except Unavailable:
            if self._stopping:
                raise
            raise BadRequest(detail=f"the body did not arrive within {self._body_s:g} s") from None
        except (OSError, web.RequestPayloadError) as error:
            raise BadRequest(detail="the body broke off or is not encoded as its headers say") from error
        return bytes(found)

    @asynccontextmanager
    async def _limit(self, seconds: float | None) -> AsyncIterator[None]:
        """Bound what is inside; raises Unavailable after that time, or when the server stops."""
        if self._grace_over:
            raise _stopping()
        try:
            async with asyncio.timeout(seconds) as limit:
                self._limits.add(limit)
                try:
                    yield
                finally:
                    self._limits.discard(limit)
        except TimeoutError:
            if not limit.expired():  # a time limit of somebody else, deeper down: not ours to explain
                raise
            if self._stopping:
                raise _stopping() from None
            raise Unavailable(what="The answer", why=f"it took longer than {seconds:g} s") from None


async def _sent(request: web.BaseRequest, spooled: Spooled) -> web.StreamResponse:
    """A large document, piece by piece; its length is told first, so that one that breaks off is seen to have."""
    with spooled.file as file:
        size = await asyncio.to_thread(file.seek, 0, os.SEEK_END)
        file.seek(0)
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": spooled.media, "Content-Length": str(size)})
        with contextlib.suppress(ConnectionError):  # whoever asked has gone
            await response.prepare(request)
            while request.method != "HEAD" and (piece := await asyncio.to_thread(file.read, _PIECE_BYTES)):
                await response.write(piece)
            await response.write_eof()
    return response


def _once(request: web.BaseRequest, name: str) -> str | None:
    """A header that may stand there once: of two, somebody between us and the client may have looked at the other."""
    found = request.headers.getall(name, [])
    return ", ".join(found) if found else None


def _admit_peer(connection: socket.socket) -> None:
    """Refuse another user, whatever the mode of the socket's file: root too, who can become the one that is meant.

    A program that root runs by mistake, or in a container, must not write its words among the user's.
    """
    peer = meeting.peer(connection)
    if peer is not None and peer != os.geteuid():
        _log.warning("refused another user", extra={"peer": peer})
        raise PeerRefused(peer=peer, own=os.geteuid())


def _understand(request: web.BaseRequest) -> None:
    """Refuse a program whose language is no longer spoken; whoever names none is no program of ours, and is served."""
    spoken = hello.spoken(request.headers.get(hello.HEADER))
    if spoken is not None and spoken < hello.OLDEST and request.rel_url.raw_path not in hello.ALWAYS:
        raise ProgramOlder(daemon=__version__, spoken=spoken, needed=hello.OLDEST)


def _stopping() -> Unavailable:
    return Unavailable(what="The daemon", why="it is stopping")


@functools.cache
def _openapi() -> bytes:
    return envelope.encode(openapi.document())


def _is_json(request: web.BaseRequest) -> bool:
    """Whether the body is declared as JSON in UTF-8.

    An absent Content-Type does not count: a web page may send that without asking, and the API may listen on TCP.
    """
    kind = request.content_type
    json = kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
    return json and (request.charset or "utf-8").lower() in ("utf-8", "utf8")


async def _continue(request: web.BaseRequest) -> None:
    """Ask for the body of a client that waits to be asked, as curl does with large ones."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the response itself has not begun


def _refusal(request: web.BaseRequest, error: SidecarError) -> web.Response:
    """An error that we know, as its status and envelope."""
    headers: dict[str, str] = {}
    if isinstance(error, TokenNeeded):
        headers["WWW-Authenticate"] = 'Bearer realm="sidecar"'
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(routes.allowed(request.rel_url.raw_path))
    if error.http_status == 503:
        headers["Retry-After"] = str(_RETRY_S)
    elif error.http_status >= 500:
        _log.error("a request failed: %s", error.message, exc_info=error)
    return _json(error.http_status, envelope.failure(error), headers)


def _bug() -> web.Response:
    """An error that nobody foresaw: the log gets all of it, the client the name under which it stands there."""
    name = uuid.uuid4().hex[:8]
    _log.exception("internal error %s", name)
    return _json(
        500, envelope.failure(SidecarError(detail=f"internal error {name}; the log says more under this name."))
    )


def _json(status: int, value: Mapping[str, object], headers: Mapping[str, str] | None = None) -> web.Response:
    return _response(status, envelope.encode(value), "application/json", headers)


def _response(
    status: int, body: bytes | None = None, kind: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(status=status, body=body, content_type=kind, headers={**_HEADERS, **(headers or {})})

"""An ASGI application behind the daemon's server: bodies, streams, clients that leave, and a stop in the middle."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from server_fake import Running, run, serving

from sidecar.daemon.asgi import Event, Receive, Send
from sidecar.errors import Unavailable

HANG_S = 30.0


class App:
    """An application that is one function."""

    def __init__(self, answer: Callable[[Event, Receive, Send], Awaitable[None]]) -> None:
        self._answer = answer

    async def serve(self) -> None:
        await asyncio.Event().wait()

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        await self._answer(scope, receive, send)


def start(status: int = 200, kind: str = "application/json") -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]}


def piece(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def echo(scope: Event, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        event = await receive()
        body, more = body + event["body"], event["more_body"]
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    told = {"method": scope["method"], "query": scope["query_string"].decode(), "kind": headers.get("content-type")}
    await send(start(201))
    await send(piece(json.dumps({**told, "size": len(body), "body": body.decode()[:20]}).encode()))


def test_a_request_reaches_it_whole(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        found = await running.ask("POST", "/mcp?cwd=%2Fwork%20it", raw=b"x" * 300_000, Content_Type="text/x")
        assert found.status == 201
        assert found.headers["Content-Type"] == "application/json"
        assert found.json == {
            "method": "POST",
            "query": "cwd=%2Fwork%20it",
            "kind": "text/x",
            "size": 300_000,
            "body": "x" * 20,
        }
        assert (await running.ask("GET", "/mcp")).json["size"] == 0
        page = (await running.ask("GET", "/v1/metrics")).body.decode()
        assert 'route="mcp"' in page

    run(tmp_path, scenario, mcp=App(echo))


def test_without_it_there_is_no_such_path(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("POST", "/mcp", {})).status == 404

    run(tmp_path, scenario)


def test_a_stream_arrives_piece_by_piece(tmp_path: Path) -> None:
    async def main() -> None:
        second = asyncio.Event()

        async def stream(_scope: Event, _receive: Receive, send: Send) -> None:
            await send(start(kind="text/event-stream"))
            await send(piece(b"data: 1\n\n", more=True))
            await second.wait()
            await send(piece(b"data: 2\n\n"))

        async with serving(tmp_path, mcp=App(stream)) as running, running.stream() as (reader, writer):
            writer.write(b"GET /mcp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            async with asyncio.timeout(HANG_S):
                await reader.readuntil(b"data: 1\n\n")
                second.set()
                assert b"data: 2\n\n" in await reader.read()

    asyncio.run(main())


def test_it_is_told_when_the_client_leaves(tmp_path: Path) -> None:
    async def main() -> None:
        asked, left = asyncio.Event(), asyncio.Event()

        async def wait(_scope: Event, receive: Receive, _send: Send) -> None:
            asked.set()
            while (await receive())["type"] != "http.disconnect":
                pass
            left.set()

        async with serving(tmp_path, mcp=App(wait)) as running:
            async with running.stream() as (_, writer):
                writer.write(b"POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                async with asyncio.timeout(HANG_S):
                    await asked.wait()
            async with asyncio.timeout(HANG_S):
                await left.wait()

    asyncio.run(main())


def test_a_stop_ends_what_hangs_and_what_streams(tmp_path: Path) -> None:
    async def main() -> None:
        begun: list[str] = []

        async def hang(scope: Event, _receive: Receive, send: Send) -> None:
            if scope["query_string"]:
                await send(start(kind="text/event-stream"))
                await send(piece(b"data: 1\n\n", more=True))
            begun.append("one")
            await asyncio.Event().wait()

        async with serving(tmp_path, mcp=App(hang)) as running, running.stream() as (reader, writer):
            held = asyncio.create_task(running.ask("GET", "/mcp"))
            writer.write(b"GET /mcp?stream=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(HANG_S):
                await reader.readuntil(b"data: 1\n\n")
                while len(begun) < 2:  # noqa: ASYNC110 - two requests, no event of one
                    await asyncio.sleep(0.01)
                await running.server.stop()
                assert (await held).status == 503
                assert b"HTTP/1.1" not in await reader.read()  # no second answer within the first

    asyncio.run(main())


def test_what_it_raises_becomes_an_answer(tmp_path: Path) -> None:
    async def refuse(_scope: Event, _receive: Receive, _send: Send) -> None:
        raise Unavailable(what="MCP", why="it is starting")

    async def scenario(running: Running) -> None:
        found = await running.ask("POST", "/mcp", {})
        assert found.status == 503
        assert "MCP is not available now: it is starting" in found.error["message"]

    run(tmp_path, scenario, mcp=App(refuse))

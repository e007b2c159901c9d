"""MCP over streamable HTTP behind the daemon's own listeners, spoken to by the SDK's own client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from server_fake import FakeApi, Running, serving

from sidecar.daemon.tcp import Gate, Listeners
from sidecar.mcp.http import Endpoint
from sidecar.model import ProfileRef

TOKEN = "t" * 43
HANG_S = 30.0
MODES = ("auto", "legacy")
"""The protocol without a handshake (2026-07-28), and the one before, which most clients speak."""


@contextlib.asynccontextmanager
async def mcp_served(folder: Path, api: FakeApi | None = None) -> AsyncIterator[tuple[Running, Endpoint]]:
    """A server whose MCP asks the same server's socket, as in the daemon."""
    endpoint = Endpoint(folder / "run" / "s.sock")
    listeners = Listeners()
    async with serving(folder, api, mcp=endpoint, gate=Gate(TOKEN), listeners=listeners) as running:
        services = [asyncio.create_task(endpoint.serve()), asyncio.create_task(running.server.serve_tcp("127.0.0.1:0"))]
        try:
            async with asyncio.timeout(HANG_S):
                while listeners.tcp is None or (await running.ask("GET", "/mcp")).status == 503:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            running.url = f"{listeners.mcp}"
            yield running, endpoint
        finally:
            for service in services:
                service.cancel()
            await asyncio.gather(*services, return_exceptions=True)


@contextlib.asynccontextmanager
async def connected(running: Running, query: str = "", mode: str = "auto", token: str = TOKEN) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=HANG_S) as http,
        Client(streamable_http_client(running.url + query, http_client=http), mode=mode) as client,
    ):
        yield client


async def text_of(client: Client, tool: str, **arguments: Any) -> str:
    async with asyncio.timeout(HANG_S):
        result = await client.call_tool(tool, arguments)
    text: str = result.content[0].text
    assert not result.is_error, text
    return text


@pytest.mark.parametrize("mode", MODES)
def test_a_client_of_http_has_everything_over_tcp(tmp_path: Path, mode: str) -> None:
    async def main() -> None:
        async with mcp_served(tmp_path) as (running, _), connected(running, "?cwd=/work/web", mode) as client:
            assert len((await client.list_tools()).tools) == 5
            await text_of(client, "remember", content="Orders live in PostgreSQL.")
            assert "PostgreSQL" in await text_of(client, "recall", query="Orders")
            assert "PostgreSQL" in await text_of(client, "list_memories")
            assert (await client.read_resource("sidecar://summary")).contents[0].text
            assert (await client.get_prompt("memory_policy")).messages

    asyncio.run(main())


def test_the_address_says_which_profile_is_meant(tmp_path: Path) -> None:
    async def main() -> None:
        async with mcp_served(tmp_path) as (running, _):
            for number, query in enumerate(("?cwd=/work/web", "?profile=notes", "")):
                async with connected(running, query) as client:
                    await text_of(client, "remember", content=f"Fact number {number}.")
            kept = {ref: [one.memory.content for one in found.values()] for ref, found in running.api.memories.items()}
            assert kept == {
                ProfileRef("local", "web"): ["Fact number 0."],
                ProfileRef("local", "notes"): ["Fact number 1."],
                ProfileRef("local", "personal"): ["Fact number 2."],
            }

    asyncio.run(main())


def test_nobody_comes_in_without_the_token(tmp_path: Path) -> None:
    async def main() -> None:
        async with mcp_served(tmp_path) as (running, _):
            with pytest.raises(ExceptionGroup):
                async with connected(running, token="wrong") as client:
                    await client.list_tools()
            async with httpx2.AsyncClient() as http:
                assert (await http.post(running.url, json={})).status_code == 401
            assert running.api.calls == []

    asyncio.run(main())


def test_fifty_calls_at_once_are_answered(tmp_path: Path) -> None:
    async def main() -> None:
        async with mcp_served(tmp_path) as (running, _), connected(running, "?cwd=/work/web") as client:
            await text_of(client, "remember", content="The tide gauge hangs on pier seven.")
            found = await asyncio.gather(*(text_of(client, "recall", query="pier") for _ in range(50)))
            assert all("pier seven" in one for one in found)

    asyncio.run(main())


def test_a_cancelled_call_frees_its_work(tmp_path: Path) -> None:
    async def main() -> None:
        api = FakeApi(gate=asyncio.Event())
        async with mcp_served(tmp_path, api) as (running, _), connected(running, "?cwd=/work/web") as client:
            calls = [asyncio.create_task(client.call_tool("recall", {"query": f"Where {n}?"})) for n in range(40)]
            await api.entered.wait()
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
            assert "no memories" in await text_of(client, "list_memories")
            api.gate.set()

    asyncio.run(main())


def test_if_it_does_not_become_ready_it_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path, mcp=Endpoint(tmp_path / "run" / "s.sock", starting_s=0.1)) as running:
            found = await running.ask("POST", "/mcp", {})
            assert found.status == 503
            assert "starting" in found.error["message"]

    asyncio.run(main())


def test_who_asks_before_it_is_ready_waits(tmp_path: Path) -> None:
    async def main() -> None:
        endpoint = Endpoint(tmp_path / "run" / "s.sock")
        async with serving(tmp_path, mcp=endpoint) as running:
            asked = asyncio.create_task(running.ask("POST", "/mcp", {}))
            await asyncio.sleep(0.1)
            assert not asked.done()
            serving_it = asyncio.create_task(endpoint.serve())
            assert (await asked).status != 503
            serving_it.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving_it

    asyncio.run(main())

"""The TCP listener: who may come in, who may not, and a port that is not free yet."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from server_fake import Response, Running, serving

from sidecar.daemon.tcp import Gate, Listeners
from sidecar.errors import HostRefused, OriginRefused, SidecarError, TokenNeeded

TOKEN = "t" * 43
GATE = Gate(TOKEN)
HANG_S = 30.0


@contextlib.asynccontextmanager
async def listening(
    folder: Path, address: str = "127.0.0.1:0", gate: Gate | None = GATE, **options: Any
) -> AsyncIterator[tuple[Running, Listeners]]:
    """A server with TCP; returns as soon as it listens there, or says why not."""
    listeners = Listeners()
    async with serving(folder, gate=gate, listeners=listeners, **options) as running:
        service = asyncio.create_task(running.server.serve_tcp(address))
        try:
            async with asyncio.timeout(HANG_S):
                while not (listeners.tcp or listeners.problem):  # noqa: ASYNC110 - a state of the server's, no event
                    await asyncio.sleep(0.01)
            yield running, listeners
        finally:
            service.cancel()
            await asyncio.gather(service, return_exceptions=True)


def _ask(address: str, method: str, target: str, headers: dict[str, str]) -> Response:
    connection = http.client.HTTPConnection(address, timeout=HANG_S)
    try:
        connection.putrequest(method, target, skip_host=True)
        for name, value in {"Host": address, **headers}.items():
            if value:
                connection.putheader(name, value)
        connection.endheaders()
        found = connection.getresponse()
        return Response(found.status, found.headers, found.read())
    finally:
        connection.close()


async def ask(address: str, target: str = "/v1/status", method: str = "GET", **headers: str) -> Response:
    return await asyncio.to_thread(_ask, address, method, target, headers)


def authorized(**headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}", **headers}


def test_with_the_token_everything_is_served_and_the_socket_needs_none(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (running, listeners):
            assert listeners.tcp is not None
            assert (await ask(listeners.tcp, **authorized())).status == 200
            assert (await ask(listeners.tcp, Authorization=f"bearer  {TOKEN}")).status == 200
            page = {"Host": listeners.tcp, "Origin": f"http://{listeners.tcp}"}
            assert (await ask(listeners.tcp, **authorized(**page))).status == 200  # a page that is our own
            assert (
                await running.ask("GET", "/v1/status", Host="evil.example", Origin="http://evil.example")
            ).status == 200

    asyncio.run(main())


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer tötö"])
def test_without_the_token_nothing_is_told_but_what_to_do(tmp_path: Path, sent: str) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (running, listeners):
            for target in ("/v1/status", "/v1/metrics", "/v1/openapi.json", "/v1/healthz", "/mcp", "/nothing"):
                found = await ask(listeners.tcp or "", target, Authorization=sent)
                assert found.status == 401
                assert found.headers["WWW-Authenticate"].startswith("Bearer")
                assert found.error["code"] == TokenNeeded.code
                assert "sidecar config token" in found.error["hint"]
            assert running.api.calls == []

    asyncio.run(main())


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({"Host": "memory.example:7373"}, HostRefused),  # a name that was pointed at this machine
        ({"Host": "127.0.0.1.evil.example"}, HostRefused),
        ({"Host": "localhost.evil.example"}, HostRefused),
        ({"Host": "10.0.0.7"}, HostRefused),
        ({"Origin": "http://evil.example"}, OriginRefused),
        ({"Origin": "null"}, OriginRefused),
        ({"Origin": "http://127.0.0.1:1"}, OriginRefused),  # another program of this machine
        ({"Origin": "https://{tcp}"}, OriginRefused),
    ],
)
def test_a_page_of_others_is_refused_even_with_the_token(
    tmp_path: Path, headers: dict[str, str], error: type[SidecarError]
) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (running, listeners):
            sent = {name: value.replace("{tcp}", listeners.tcp or "") for name, value in headers.items()}
            found = await ask(listeners.tcp or "", **authorized(**sent))
            assert (found.status, found.error["code"]) == (403, error.code)
            assert running.api.calls == []

    asyncio.run(main())


def test_a_browsers_question_before_a_request_gets_no_permission(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (_, listeners):
            asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
            for headers in (asked, authorized(), {}):
                found = await ask(listeners.tcp or "", "/v1/recall", "OPTIONS", **headers)
                assert not [name for name in found.headers if name.lower().startswith("access-control")]

    asyncio.run(main())


def test_a_server_without_a_gate_lets_nobody_in(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path, gate=None) as (_, listeners):
            assert (await ask(listeners.tcp or "", **authorized())).status == 401

    asyncio.run(main())


def test_a_port_that_is_taken_is_told_and_tried_again_while_the_socket_serves(tmp_path: Path) -> None:
    async def main() -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            address = f"127.0.0.1:{other.getsockname()[1]}"
            async with listening(tmp_path, address) as (running, listeners):
                assert listeners.tcp is None
                assert listeners.problem is not None
                assert listeners.problem.startswith(address)
                assert (await running.ask("GET", "/v1/status")).status == 200
                other.close()
                async with asyncio.timeout(HANG_S):
                    while listeners.tcp is None:  # noqa: ASYNC110 - as above
                        await asyncio.sleep(0.05)
                assert (listeners.tcp, listeners.problem) == (address, None)
                assert (await ask(address, **authorized())).status == 200

    asyncio.run(main())


def test_it_ends_with_the_server(tmp_path: Path) -> None:
    async def main() -> str:
        async with listening(tmp_path) as (_, listeners):
            return listeners.tcp or ""

    address = asyncio.run(main())
    host, _, port = address.rpartition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=HANG_S)


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python has no IPv6")
def test_the_own_address_of_ipv6_serves_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path, "[::1]:0") as (_, listeners):
            if listeners.problem:
                pytest.skip(f"this machine has no IPv6: {listeners.problem}")
            assert (await ask(listeners.tcp or "", **authorized())).status == 200

    asyncio.run(main())


@given(st.none() | st.text(), st.none() | st.text(), st.none() | st.text())
def test_no_strangers_header_opens_the_gate(host: str | None, origin: str | None, authorization: str | None) -> None:
    with pytest.raises(SidecarError):
        Gate(TOKEN).admit(host, origin, authorization)
    with pytest.raises(TokenNeeded):
        Gate(TOKEN).admit("127.0.0.1:7373", None, authorization)

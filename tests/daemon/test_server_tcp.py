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


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:7373@evil.example", "[::1].evil.example", "[::1]evil", "localhost:evil.example", "localhost:80:80",
        "localhost.", "127.0.0.1.", "2130706433", "0x7f.1", "127.1", "0.0.0.0", "[::]", "::1", "[::ffff:10.0.0.7]",
        "127.0.0.1,evil.example", "127.0.0.1 evil.example", "[127.0.0.1", "localhost:99999999", "", "[fe80::1%lo]",
    ],
)  # fmt: skip
def test_what_only_looks_like_this_machine_is_refused(host: str) -> None:
    with pytest.raises(HostRefused):
        GATE.admit(host, None, f"Bearer {TOKEN}")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:7373", "127.9.9.9:1", "[::1]", "[::1]:7373", "LOCALHOST:80"])
def test_this_machines_own_addresses_are_let_in(host: str) -> None:
    GATE.admit(host, None, f"Bearer {TOKEN}")
    GATE.admit(host, f"http://{host}", f"Bearer {TOKEN}", "same-origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "SAME-ORIGINS"])
def test_a_browser_that_says_another_page_asks_is_believed(site: str) -> None:
    """As a page's image or script would: no Origin, no question before."""
    with pytest.raises(OriginRefused):
        GATE.admit("127.0.0.1", None, f"Bearer {TOKEN}", site)


def _raw(address: str, request: bytes) -> bytes:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), HANG_S) as connection:
        connection.sendall(request)
        return connection.recv(65536)  # its first line says all


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([b"Host: 127.0.0.1", b"Host: evil.example"], (400, 403)),
        ([b"Host: 127.0.0.1", b"Origin: null", b"Origin: http://127.0.0.1"], (400, 403)),
        ([b"Host: 127.0.0.1", b"Authorization: Bearer wrong"], (400, 401)),
        ([b"X-Forwarded-Host: 127.0.0.1"], (400, 403)),
        ([b"Host: evil.example", b"X-Forwarded-Host: 127.0.0.1", b"Forwarded: host=127.0.0.1"], (403,)),
    ],
    ids=["two hosts", "two origins", "two tokens", "no host", "a forwarded host"],
)
def test_headers_that_say_two_things_let_nobody_in(tmp_path: Path, lines: list[bytes], status: tuple[int, ...]) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (running, listeners):
            head = [b"GET /v1/status HTTP/1.1", *lines, f"Authorization: Bearer {TOKEN}".encode(), b"Connection: close"]
            found = await asyncio.to_thread(_raw, listeners.tcp or "", b"\r\n".join([*head, b"", b""]))
            assert int(found.split(b" ", 2)[1]) in status
            assert running.api.calls == []

    asyncio.run(main())


def test_a_target_with_another_host_in_it_is_judged_by_the_header_and_no_socket_is_upgraded(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (running, listeners):
            upgrade = [
                b"GET /v1/events HTTP/1.1", b"Host: 127.0.0.1", b"Upgrade: websocket", b"Connection: Upgrade",
                b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                b"Origin: http://evil.example", b"", b"",
            ]  # fmt: skip
            absolute = [
                b"GET http://127.0.0.1/v1/status HTTP/1.1",
                b"Host: evil.example",
                b"Connection: close",
                b"",
                b"",
            ]
            for lines in (upgrade, absolute):
                found = await asyncio.to_thread(_raw, listeners.tcp or "", b"\r\n".join(lines))
                assert int(found.split(b" ", 2)[1]) == 403
            assert running.api.calls == []

    asyncio.run(main())


def test_over_ipv6_the_same_holds(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path, "[::1]:0") as (_, listeners):
            if listeners.tcp is None:
                pytest.skip("this machine has no IPv6")
            assert listeners.tcp.startswith("[::1]:")
            assert (await ask(listeners.tcp, **authorized())).status == 200
            assert (await ask(listeners.tcp)).status == 401
            assert (await ask(listeners.tcp, **authorized(Host="[::1].evil.example"))).status == 403

    asyncio.run(main())

"""Many clients at once, bad ones among them, and a stop in the middle of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from server_fake import FakeApi, Running, run, serving

from sidecar.daemon.server import Server

BASE = "/v1/namespaces/local/profiles/web"


async def head_of(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode()


async def answer_of(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = await head_of(reader)
    length = next(line for line in head.split("\r\n") if line.lower().startswith("content-length"))
    return head, await reader.readexactly(int(length.split(":")[1]))


def test_sixty_four_clients_at_once_lose_nothing(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        async def client(number: int) -> None:
            memory = await running.remember(f"fact number {number}", profile=f"p{number % 5}")
            found = await running.ask("GET", f"/v1/memories/{memory['id']}?profile=p{number % 5}")
            assert found.result["content"] == f"fact number {number}"

        await asyncio.gather(*(client(number) for number in range(64)))
        counts = [len(found) for found in running.api.memories.values()]
        assert sum(counts) == 64

    run(tmp_path, scenario)


def test_hung_clients_do_not_hold_up_others(tmp_path: Path) -> None:
    async def main() -> None:
        api = FakeApi(gate=asyncio.Event())
        async with serving(tmp_path, api) as running, running.stream() as (_, silent), running.stream() as (_, slow):
            slow.write(b"POST /v1/recall HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
            silent.write(b"GET /v1/sta")
            held = asyncio.create_task(running.ask("POST", "/v1/recall", {"query": "x"}))
            await api.entered.wait()
            assert (await running.ask("GET", "/v1/status")).status == 200
            assert not held.done()
            api.gate.set()
            assert (await held).status == 200

    asyncio.run(main())


def test_one_connection_serves_many_requests_in_order(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        async with running.stream() as (reader, writer):
            writer.write(b"GET /v1/healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n")
            assert " 200 " in (await answer_of(reader))[0]
            assert " 404 " in (await answer_of(reader))[0]
            writer.write(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
            assert " 200 " in (await answer_of(reader))[0]

    run(tmp_path, scenario)


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        async with running.stream() as (reader, writer):
            body = b'{"query": "x"}'
            writer.write(
                b"POST /v1/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
            )
            assert (await head_of(reader)).startswith("HTTP/1.1 100 ")
            writer.write(body)
            head, answer = await answer_of(reader)
            assert " 200 " in head
            assert json.loads(answer)["success"]

    run(tmp_path, scenario)


def test_a_large_body_is_parsed_beside_other_requests(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        message = {"role": "user", "content": "x" * 30_000}
        large = running.ask("POST", f"{BASE}/ingest", {"messages": [message] * 100})
        answers = await asyncio.gather(large, *(running.ask("GET", "/v1/status") for _ in range(8)))
        assert {one.status for one in answers} == {200}

    run(tmp_path, scenario)


def test_stop_with_idle_and_half_open_connections(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as running, running.stream() as (idle, first), running.stream() as (half, second):
            first.write(b"GET /v1/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            await answer_of(idle)
            second.write(b"GET /v1/hea")
            await second.drain()
            await running.server.stop()
            assert (await idle.read(), await half.read()) == (b"", b"")
            assert not running.path.exists()

    asyncio.run(main())


def test_stop_lets_a_running_request_finish(tmp_path: Path) -> None:
    async def main() -> None:
        api = FakeApi(gate=asyncio.Event())
        async with serving(tmp_path, api) as running:
            held = asyncio.create_task(running.ask("POST", "/v1/recall", {"query": "x"}))
            await api.entered.wait()
            stopping = asyncio.create_task(running.server.stop())
            await asyncio.sleep(0)
            api.gate.set()
            answer = await held
            assert (answer.status, answer.headers["Connection"]) == (200, "close")
            await stopping

    asyncio.run(main())


def test_stop_answers_what_does_not_finish(tmp_path: Path) -> None:
    class Held(FakeApi):
        async def recall(self, *arguments: Any, **options: Any) -> Any:
            self.levels = {*getattr(self, "levels", ()), arguments[1].level}
            if len(self.levels) == 2:
                self.both.set()
            return await super().recall(*arguments, **options)

    async def main() -> None:
        api = Held(gate=asyncio.Event())
        api.both = asyncio.Event()
        async with serving(tmp_path, api) as running:
            asked = [
                asyncio.create_task(running.ask("POST", "/v1/recall", {"query": "x", "thinkingLevel": level}))
                for level in ("low", "high")
            ]
            await api.both.wait()
            await running.server.stop()
            for answer in await asyncio.gather(*asked):
                assert (answer.status, answer.error["code"]) == (503, 1503)
                assert "it is stopping" in answer.error["message"]
                assert answer.headers["Retry-After"] == "1"

    asyncio.run(main())


def test_stop_cuts_off_a_body_that_does_not_arrive(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as running, running.stream() as (reader, writer):
            writer.write(
                b"POST /v1/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
            await writer.drain()
            await running.ask("GET", "/v1/healthz")
            await running.server.stop()
            assert " 503 " in await head_of(reader)

    asyncio.run(main())


def test_stop_does_not_wait_for_a_client_that_does_not_read(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as running:
            for number in range(40):
                await running.remember(f"{number} " + "x" * 32_000)
            async with running.stream() as (_, writer):
                body = b'{"query": "x", "limit": 100}'
                request = (
                    f"POST {BASE}/recall HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n"
                ).encode()
                writer.write((request + body) * 4)
                await writer.drain()
                await running.ask("GET", "/v1/healthz")
                await running.server.stop()
                assert not running.path.exists()

    asyncio.run(main())


def test_requests_on_open_connections_are_refused_while_stopping(tmp_path: Path) -> None:
    async def main() -> None:
        api = FakeApi(gate=asyncio.Event())
        async with serving(tmp_path, api) as running, running.stream() as (reader, writer):
            writer.write(b"GET /v1/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            await answer_of(reader)
            held = asyncio.create_task(running.ask("POST", "/v1/recall", {"query": "x"}))
            await api.entered.wait()
            stopping = asyncio.create_task(running.server.stop())
            await asyncio.sleep(0)
            writer.write(b"GET /v1/healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            head, _ = await answer_of(reader)
            assert " 503 " in head
            assert "Connection: close" in head
            api.gate.set()
            assert (await held).status == 200
            await stopping

    asyncio.run(main())


def test_stopping_twice_or_before_the_start_does_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        server = Server(FakeApi(), tmp_path / "s.sock", environ={})
        await server.stop()
        async with serving(tmp_path) as running:
            await asyncio.gather(running.server.stop(), running.server.stop())
            await running.server.stop()

    asyncio.run(main())


def test_a_request_to_shut_down_is_answered_before_the_end(tmp_path: Path) -> None:
    class Ending(FakeApi):
        async def shutdown(self) -> None:
            self.ending = asyncio.get_running_loop().create_task(self.server.stop())

    async def main() -> None:
        api = Ending()
        async with serving(tmp_path, api) as running:
            api.server = running.server
            assert (await running.ask("POST", "/v1/shutdown")).status == 200
            await api.ending
            assert not running.path.exists()

    asyncio.run(main())

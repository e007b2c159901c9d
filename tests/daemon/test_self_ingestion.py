"""What sidecar gives to agents stands in their transcripts, and never comes back into the memory from there.

The road is the product's: MCP tools, hooks and commands ask the daemon's own server over its socket, three agents write
the answers into their session files, the watcher reads them, and extraction runs over all that is new.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from agent_sessions import THREE, Rendered

from sidecar.client import Client, Profile
from sidecar.config import Config, Extract
from sidecar.config.settings import Git, Watch
from sidecar.daemon.app import Daemon
from sidecar.errors import SidecarError
from sidecar.hooks import hook
from sidecar.mcp.asking import Asking
from sidecar.mcp.server import made
from sidecar.paths import Paths, resolve

CYCLES = 20
HANG_S = 110.0
KNOWN = (
    ("The web workspace uses pnpm, never npm.", {"type": "instruction", "key": "web/package-manager"}),
    ("Orders live in PostgreSQL 16 on the host plum, port 5433.", {"type": "fact", "key": "db/orders"}),
    ("Invoices come from the queue invoices.v2 in NATS.", {"type": "fact", "key": "queue/invoices"}),
)
QUESTION = "Which port does PostgreSQL listen on?"


def tree(store: Path) -> dict[str, bytes]:
    """Every file of the store, git's own included but for what git rewrites when it only looks."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file() and (".git" not in path.parts or path.name == "main")
    }


async def settled(client: Client) -> dict[str, Any]:
    while True:
        found = await asyncio.to_thread(client.status)
        if found["settled"]:
            return found
        await asyncio.sleep(0.05)


@pytest.fixture
def serve(home: Path, tmp_path: Path) -> Callable[[Callable[[Client, Paths], Awaitable[None]]], None]:
    """Run a scenario beside a whole daemon in this process, which is stopped at the end as `sidecar down` stops it."""

    def call(scenario: Callable[[Client, Paths], Awaitable[None]]) -> None:
        paths = resolve({"SIDECAR_HOME": str(tmp_path / "s")})
        config = Config(
            extract=Extract(extractor="rules", nice=0), watch=Watch(quiet_seconds=0), git=Git(quiet_seconds=0.1)
        )

        async def main(daemon: Daemon) -> None:
            client = Client(paths.socket, timeout=60)
            serving = asyncio.create_task(daemon.serve())
            while not paths.socket.exists():
                await asyncio.sleep(0.02)
                assert not serving.done(), serving
            try:
                await asyncio.wait_for(scenario(client, paths), HANG_S)
            finally:
                with contextlib.suppress(SidecarError):
                    await asyncio.to_thread(client.shutdown)
                await serving

        with contextlib.closing(Daemon(paths, config)) as daemon:
            asyncio.run(main(daemon))

    return call


async def told_by_tools(server: Any) -> dict[str, tuple[dict[str, Any], str]]:
    """What the MCP server answers to each of its reading tools: what was given, and what came."""
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for name, given in (("recall", {"query": QUESTION}), ("list_memories", {})):
        answer = await server.call_tool(name, given)
        found[name] = (given, "\n".join(block.text for block in answer.content))
    listed = re.search(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", found["list_memories"][1])
    assert listed is not None
    given = {"memory_id": listed[0]}
    answer = await server.call_tool("get_memory", given)
    return {**found, "get_memory": (given, "\n".join(block.text for block in answer.content))}


def hooked(session: Rendered, number: int, client: Client) -> str:
    """What a hook gives on a prompt or at the start, asked as it asks; each time in a session that has got nothing."""
    asked = "BeforeAgent" if session.agent == "gemini" else "UserPromptSubmit"
    event = (asked, "SessionStart")[number % 2]
    name = f"{session.session}-{number}"
    payload = {"session_id": name, "cwd": str(session.cwd), "prompt": QUESTION, "source": "startup"}
    request = hook._request(event, session.agent, json.dumps(payload).encode())
    _, _, printed = client._exchange(request, HANG_S).partition(b"\r\n\r\n")
    return str(json.loads(printed)["hookSpecificOutput"]["additionalContext"])


async def round_of(session: Rendered, number: int, server: Any, client: Client) -> None:
    """One turn of an agent with everything that sidecar gives: by hook, by MCP, by command."""
    injected = await asyncio.to_thread(hooked, session, number, client)
    assert "5433" in injected
    session.user("thanks, go on", injected=injected)
    for name, (given, printed) in (await told_by_tools(server)).items():
        assert "5433" in printed or name == "get_memory"
        session.tool(name, given, printed, server="sidecar")
    answer = await asyncio.to_thread(client.request, "POST", "/v1/recall", {"query": QUESTION, "cwd": str(session.cwd)})
    session.shell(f"sidecar recall '{QUESTION}'", f"{answer['answer']}\n  1. {answer['candidates'][0]['content']}")
    session.assistant("All right.")


@pytest.mark.timeout(150)
def test_twenty_cycles_of_recall_transcript_and_ingest_leave_the_store_as_it_is(serve: Any, home: Path) -> None:
    cwd = home / "work" / "tern"
    cwd.mkdir(parents=True)

    async def scenario(client: Client, paths: Paths) -> None:
        for content, fields in KNOWN:
            await asyncio.to_thread(
                client.request, "POST", "/v1/remember", {"content": content, "cwd": str(cwd), **fields}
            )
        sessions = [kind(home, cwd) for kind in THREE]
        server = made(Asking(paths.socket), lambda: Profile(cwd=str(cwd)))
        await settled(client)
        before = tree(paths.store)
        for number in range(CYCLES):
            for session in sessions:
                await round_of(session, number, server, client)
            status = await settled(client)
            assert tree(paths.store) == before, f"cycle {number + 1}"
        assert {agent["name"]: agent["sessions"] for agent in status["agents"] if agent["sessions"]} == {
            session.agent: 1 for session in sessions
        }
        profile = next(one for one in status["profiles"] if one["name"] == "tern")
        assert profile["messages"] == CYCLES * 2 * len(sessions), "the turns themselves are in the archive"
        for words in ("PostgreSQL port 5433 plum", "invoices.v2", "pnpm"):
            found = await asyncio.to_thread(
                client.request, "POST", "/v1/search", {"query": words, "cwd": str(cwd), "everywhere": True}
            )
            assert found["count"] == 0, f"nor does the archive hold {words}"

    serve(scenario)


def test_an_agent_that_repeats_what_it_was_given_teaches_nothing_new(serve: Any, home: Path) -> None:
    """Its words are its own and are archived, but what they state is known already."""
    cwd = home / "work" / "tern"
    cwd.mkdir(parents=True)

    async def scenario(client: Client, paths: Paths) -> None:
        for content, fields in KNOWN:
            await asyncio.to_thread(
                client.request, "POST", "/v1/remember", {"content": content, "cwd": str(cwd), **fields}
            )
        await settled(client)
        before = tree(paths.store)
        for kind in THREE:
            session = kind(home, cwd)
            for content, _ in KNOWN:
                session.user("what do you know about that?")
                session.assistant(content)
        await settled(client)
        assert tree(paths.store) == before

    serve(scenario)

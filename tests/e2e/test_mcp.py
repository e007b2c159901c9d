"""The MCP server as agents run it: a process on stdio, spoken to by the SDK's own client."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from running import Daemon, repository


@pytest.fixture
def project(home: Path) -> Path:
    return repository(home / "work" / "tern", "tern")


def served(daemon: Daemon, project: Path) -> Client:
    command = ["-m", "sidecar", "mcp"]
    process = StdioServerParameters(command=sys.executable, args=command, env=daemon.env(), cwd=str(project))
    return Client(stdio_client(process))


async def told(client: Client, tool: str, **arguments: Any) -> Any:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result
    return json.loads(result.content[0].text)


def test_an_agent_remembers_recalls_lists_shows_and_forgets(daemon: Daemon, project: Path) -> None:
    daemon.start()

    async def talk() -> None:
        async with served(daemon, project) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert sorted(tools) == ["forget", "get_memory", "list_memories", "recall", "remember"]
            assert tools["recall"].annotations.read_only_hint
            assert tools["forget"].annotations.destructive_hint
            memory = await told(client, "remember", content="The staging server of the port office is called odobenus.")
            found = await told(client, "recall", query="What is the staging server called?")
            assert found["candidates"][0]["id"] == memory["id"]
            assert [one["id"] for one in await told(client, "list_memories")] == [memory["id"]]
            assert (await told(client, "get_memory", memory_id=memory["id"]))["content"] == memory["content"]
            await told(client, "forget", memory_id=memory["id"], reason="it was renamed")
            assert await told(client, "list_memories") == []

    asyncio.run(talk())


def test_fifty_calls_at_once_are_answered(daemon: Daemon, project: Path) -> None:
    daemon.start()

    async def talk() -> None:
        async with served(daemon, project) as client:
            await told(client, "remember", content="The tide gauge hangs on pier seven.")
            many = [told(client, "recall", query="Where does the tide gauge hang?") for _ in range(50)]
            assert all(found["count"] for found in await asyncio.gather(*many))

    asyncio.run(talk())


def test_without_a_daemon_a_tool_says_so_in_one_sentence(daemon: Daemon, project: Path) -> None:
    async def talk() -> None:
        async with served(daemon, project) as client:
            result = await client.call_tool("recall", {"query": "Where is it?"})
            assert result.is_error
            text = result.content[0].text
            assert "sidecar up" in text
            assert "Traceback" not in text
            assert len(text) < 300

    asyncio.run(talk())

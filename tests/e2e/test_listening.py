"""A daemon that also listens on TCP and serves MCP there, and a program written for the managed service against it."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psutil
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from running import HANG_S, Daemon, repository, wait_until

COMPAT = Path(__file__).resolve().parents[1] / "compat"
STRIPS, STRIPS_UNASKED = (22, 6), (22, 18)
"""The versions of Node that run TypeScript, with a flag and without one."""


@pytest.fixture(scope="module")
def open_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with TCP and MCP over HTTP, which the tests of this file share."""
    settings = {"SIDECAR_LISTEN_TCP": "127.0.0.1:0", "SIDECAR_MCP_HTTP": "true"}
    found = Daemon(tmp_path_factory.mktemp("tcp"), settings).start()
    wait_until("it listens", lambda: found.status()["listen"]["tcp"])
    yield found
    found.end()


@pytest.fixture
def token(open_daemon: Daemon) -> str:
    return open_daemon.cli("config", "token").stdout.strip()


def test_status_shows_where_it_listens_and_config_prints_the_token(open_daemon: Daemon, token: str) -> None:
    listen = open_daemon.status()["listen"]
    assert re.fullmatch(r"127\.0\.0\.1:\d+", listen["tcp"])
    assert listen == {"tcp": listen["tcp"], "mcp": f"http://{listen['tcp']}/mcp", "problem": None}
    shown = open_daemon.cli("status").stdout
    assert re.search(rf"^listen +{re.escape(listen['tcp'])} · token: `sidecar config token`$", shown, re.MULTILINE)
    assert re.search(rf"^mcp +{re.escape(listen['mcp'])}$", shown, re.MULTILINE)
    path = open_daemon.sidecar_home / "state" / "token"
    assert path.read_text() == f"{token}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in (open_daemon.sidecar_home / "state" / "log" / "sidecar.log").read_text()


def test_the_api_answers_there_with_the_token_alone(open_daemon: Daemon, token: str) -> None:
    def asked(**headers: str) -> int:
        connection = http.client.HTTPConnection(open_daemon.status()["listen"]["tcp"], timeout=HANG_S)
        try:
            connection.request("GET", "/v1/healthz", headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    assert asked(Authorization=f"Bearer {token}") == 200
    assert asked() == 401
    assert asked(Authorization=f"Bearer {token}", Host="memory.example") == 403


def test_mcp_over_http_reaches_a_project(open_daemon: Daemon, token: str) -> None:
    project = repository(open_daemon.home / "work" / "tern", "tern")
    url = wait_until("MCP is served", lambda: open_daemon.status()["listen"]["mcp"])

    async def talk() -> None:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=HANG_S) as http_client,
            Client(streamable_http_client(f"{url}?cwd={project}", http_client=http_client)) as client,
        ):
            await client.call_tool("remember", {"content": "The ferry to Tern Island leaves from pier nine."})
            found = await client.call_tool("recall", {"query": "Where does the ferry to Tern Island leave?"})
            assert "pier nine" in found.content[0].text
            assert "profile tern" in found.content[0].text

    asyncio.run(talk())
    assert open_daemon.contents("Where does the ferry to Tern Island leave?", project)


def program(folder: Path) -> list[str]:
    """The command that runs the TypeScript program here, compiled into `folder` if Node is too old to run it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in re.findall(r"\d+", told)[:2])
    if version >= STRIPS:
        flags = [] if version >= STRIPS_UNASKED and version[0] != 23 else ["--experimental-strip-types"]
        return [node, *flags, str(COMPAT / "program.ts")]
    compiler = COMPAT / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.is_file():
        pytest.skip(f"Node {told.strip()} cannot run TypeScript: npm install --prefix tests/compat, or Node 22.6")
    done = subprocess.run([node, compiler, "-p", COMPAT, "--outDir", folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    (folder / "package.json").write_text(json.dumps({"type": "module"}))
    return [node, str(folder / "program.js")]


def test_a_program_for_the_managed_service_works_by_a_change_of_its_base_url(
    open_daemon: Daemon, token: str, tmp_path: Path
) -> None:
    command = [*program(tmp_path), f"http://{open_daemon.status()['listen']['tcp']}/client/v4"]
    environ = {**os.environ, "MEMORY_TOKEN": token}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 0, done.stderr
    checked = done.stdout.splitlines()
    for operation in ("namespaces", "profiles", "ingest", "remember", "recall", "list", "get", "summary", "delete"):
        assert [line for line in checked if line.startswith(operation)], operation
    assert "sessions: deleted" in checked


def test_none_of_it_is_there_unless_asked_for(daemon: Daemon) -> None:
    daemon.start()
    assert daemon.status()["listen"] == {"tcp": None, "mcp": None, "problem": None}
    assert not (daemon.sidecar_home / "state" / "token").exists()
    rows = [row.split() for row in daemon.cli("status").stdout.splitlines()]
    assert not [row for row in rows if row[:1] == ["listen"]]  # a model that is away is told with that word too
    assert daemon.process is not None
    listening = [one for one in psutil.Process(daemon.process.pid).net_connections("inet") if one.status == "LISTEN"]
    assert listening == []


def test_a_daemon_with_an_unsafe_token_file_does_not_start(daemon: Daemon) -> None:
    file = daemon.home / "token"
    file.write_text("k" * 40)
    file.chmod(0o644)
    daemon.environ = {"SIDECAR_LISTEN_TCP": "127.0.0.1:0", "SIDECAR_LISTEN_TOKEN_FILE": str(file)}
    done = daemon.cli("up")
    assert done.returncode == 6
    assert "others may read or write it" in done.stderr
    assert "Try: " in done.stderr
    assert done.stderr.count("\n") == 2

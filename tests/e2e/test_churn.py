"""Fifty sessions of an agent begin and end: one daemon, nothing left behind, and no more memory than before."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
from running import HANG_S, ClaudeSession, Daemon

PROGRAM = Path(__file__).parents[2] / "bin" / "sidecar"
SESSIONS, AT_ONCE = 50, 5
"""Sessions, and how many run side by side."""

BEFORE = 60
"""Sessions that are read beforehand: the index's writer takes what it needs when it first writes, and keeps it."""

WARM = 25
"""Sessions that begin and end beforehand: what answers hooks and recalls takes its share when it is first asked."""

GROWTH = 1.10
"""How much more the daemon may hold after them: they are learned from, and searched."""

GIVEN_BACK_S = 90
"""What lies free is given back to the system after a minute at the latest (`allocator`); until then it counts."""

MOST_THREADS = 40
"""What all of its pools hold together; a thread for each session would be more."""

MOST_FILES = SESSIONS // 2
"""Descriptors that may come: each thread of a pool opens the databases once; one left by each session would be more."""

KILLED = 5
"""Every fifth agent is killed, and with it what it started."""


async def hook(daemon: Daemon, event: str, session: ClaudeSession, **fields: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        "hook",
        event,
        "--agent",
        "claude-code",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env=daemon.env(),
    )
    said = {"session_id": session.session, "cwd": str(session.cwd), "transcript_path": str(session.path), **fields}
    await process.communicate(json.dumps(said).encode())
    assert process.returncode == 0


async def mcp_server(daemon: Daemon, session: ClaudeSession) -> asyncio.subprocess.Process:
    """An MCP server that has answered a question."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sidecar",
        "mcp",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=daemon.env(),
        cwd=session.cwd,
        start_new_session=True,
        limit=2**20,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    start = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "churn", "version": "1"}}
    call = {"name": "recall", "arguments": {"query": "Where does the tide gauge hang?"}}
    for message in (
        {"id": 1, "method": "initialize", "params": start},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": call},
    ):
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    for number in (1, 2):
        answer = json.loads(await process.stdout.readline())
        assert answer["id"] == number
    assert "tide gauge" in answer["result"]["content"][0]["text"]
    return process


async def live(daemon: Daemon, project: Path, number: int) -> None:
    """One session of an agent, from its start to its end."""
    session = ClaudeSession(daemon.home, project)
    await hook(daemon, "SessionStart", session, source="startup")
    server = await mcp_server(daemon, session)
    session.say(f"The tide gauge hangs on pier seven, we are on watch {number}.", ("assistant", "Understood."))
    await hook(daemon, "UserPromptSubmit", session, prompt="Where does the tide gauge hang?")
    await hook(daemon, "Stop", session)
    assert server.stdin is not None
    if number % KILLED == 0:
        os.killpg(server.pid, signal.SIGKILL)
    else:
        await hook(daemon, "SessionEnd", session, reason="exit")
        server.stdin.close()
    await server.wait()


def processes(daemon: Daemon) -> list[int]:
    """Every process on this home, whatever it does."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SIDECAR_HOME") == str(daemon.sidecar_home):
                found.append(process.pid)
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_fifty_sessions_leave_one_daemon_no_orphan_and_its_memory_flat(daemon: Daemon, project: Path) -> None:
    daemon.environ = {"SIDECAR_HOOKS_TIMEOUT_MS": "20000", "SIDECAR_MCP_AUTOSTART": "true"}
    daemon.start()
    gauge = {"content": "The tide gauge hangs on pier seven.", "cwd": str(project)}
    daemon.client.request("POST", "/v1/remember", gauge)
    assert daemon.process is not None
    process = psutil.Process(daemon.process.pid)

    async def batch(first: int) -> None:
        async with asyncio.timeout(HANG_S * AT_ONCE):
            await asyncio.gather(*(live(daemon, project, first + number) for number in range(AT_ONCE)))

    def measured() -> tuple[int, int, int]:
        daemon.settle()
        return process.memory_full_info().uss, process.num_fds(), process.num_threads()

    for number in range(BEFORE):
        ClaudeSession(daemon.home, project).say(f"The tide gauge hangs on pier seven, we were on watch {number}.")
        time.sleep(0.1)  # one after the other, as agents write them
    for first in range(SESSIONS, SESSIONS + WARM, AT_ONCE):
        asyncio.run(batch(first))
    memory, files, threads = measured()
    for first in range(0, SESSIONS, AT_ONCE):
        asyncio.run(batch(first))
    until = time.monotonic() + GIVEN_BACK_S
    memory_after, files_after, threads_after = measured()
    while memory_after >= memory * GROWTH and time.monotonic() < until:
        time.sleep(5)
        memory_after, files_after, threads_after = measured()

    assert processes(daemon) == [daemon.process.pid]
    assert process.children() == []
    assert memory_after < memory * GROWTH, f"{memory / 2**20:.1f} MB became {memory_after / 2**20:.1f} MB"
    assert files_after < files + MOST_FILES
    assert threads_after <= max(threads, MOST_THREADS)
    assert daemon.status()["agents"][0]["sessions"] == BEFORE + WARM + SESSIONS

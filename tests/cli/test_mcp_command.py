"""`sidecar mcp` as a process: what it loads, and how it ends whatever its agent does.  No daemon is needed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

HANG_S = 60
ROOT = Path(__file__).resolve().parents[2]
START = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "SIDECAR_HOME": str(home / ".sidecar"), "PYTHONPATH": str(ROOT)}


def started(home: Path) -> subprocess.Popen[bytes]:
    """A server that has answered the handshake."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sidecar", "mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home),
        cwd=home,
    )
    say(process, id=1, method="initialize", params=START)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "sidecar"
    return process


def say(process: subprocess.Popen[bytes], **message: object) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    process.stdin.flush()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Its exit code, and what it said on stderr."""
    code = process.wait(HANG_S)
    assert process.stderr is not None
    with process:
        return code, process.stderr.read().decode()


def test_it_ends_quietly_when_its_agent_closes_stdin(home: Path) -> None:
    process = started(home)
    assert process.stdin is not None
    process.stdin.close()
    assert ended(process) == (0, "")


def test_it_ends_quietly_when_its_agent_is_gone(home: Path) -> None:
    process = started(home)
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.close()
    say(process, id=2, method="tools/list")
    process.stdin.close()
    assert ended(process) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once(home: Path, number: signal.Signals) -> None:
    process = started(home)
    process.send_signal(number)
    assert ended(process) == (-number, "")


def test_garbage_does_not_end_it(home: Path) -> None:
    process = started(home)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'garbage\n{"jsonrpc": "2.0"}\n\xff\xfe\n[]\n')
    say(process, id=2, method="ping")
    assert json.loads(process.stdout.readline())["id"] == 2
    process.stdin.close()
    assert ended(process)[0] == 0


def test_it_loads_none_of_the_command_line(home: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "sidecar", "mcp"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment(home), timeout=HANG_S
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0
    assert "sidecar.mcp.server" in loaded
    for heavy in ("sidecar.cli.main", "sidecar.config", "sidecar.daemon.app", "yaml", "aiohttp", "numpy", "tantivy"):
        assert heavy not in loaded


def test_the_daemon_loads_the_sdk_only_if_it_is_to_serve_mcp() -> None:
    code = "import sys, sidecar.mcp.http, sidecar.daemon.app; sys.exit('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=HANG_S).returncode == 0

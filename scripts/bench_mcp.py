"""Measure how soon an MCP server answers after its start, and keep the table in the docs.

    python scripts/bench_mcp.py                   # prints the table
    python scripts/bench_mcp.py --write           # also writes it into docs/benchmarks.md

A throw-away home gets a project with 10,000 memories and a real daemon.  In turn, the same number of times in the same
minutes: a Python that does nothing, one that imports the MCP SDK's server and ends, and `sidecar mcp`, timed from its
start to the answer of the handshake and to that of the first recall.  What the second takes we cannot save.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_hooks import QUESTION, as_command, daemon, environment, fill, program, quantile

SECTION = re.compile(r"(<!-- mcp:begin -->\n).*?(<!-- mcp:end -->)", re.DOTALL)
PROTOCOL = "2025-06-18"
ANSWER_SECONDS = 60

NOTHING, SDK = "python -c pass", "import of the SDK's server"
HANDSHAKE, FIRST = "start to handshake", "start to first recall"


def messages() -> bytes:
    """What an agent says at the start, all at once: each is answered as soon as the server can."""
    start = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    call = {"name": "recall", "arguments": {"query": QUESTION}}
    said = (
        {"id": 1, "method": "initialize", "params": start},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": call},
    )
    return b"".join(json.dumps({"jsonrpc": "2.0", **one}).encode() + b"\n" for one in said)


def served(project: Path, environ: dict[str, str]) -> tuple[float, float]:
    """Milliseconds from the start of a server to its two answers."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*program(), "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ, cwd=project
    )
    if process.stdin is None or process.stdout is None:
        sys.exit("no pipes")
    process.stdin.write(messages())
    process.stdin.flush()
    took = []
    for number in (1, 2):
        answer = json.loads(process.stdout.readline())
        took.append((time.perf_counter() - begun) * 1000)
        if answer.get("id") != number or answer.get("result", {}).get("isError"):
            sys.exit(f"no answer: {answer}")
    process.stdin.close()
    process.wait(ANSWER_SECONDS)
    return took[0], took[1]


def timed(code: str, environ: dict[str, str]) -> float:
    """Milliseconds of a Python that runs a line."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environ, check=True)
    return (time.perf_counter() - begun) * 1000


def measure(home: Path, project: Path, runs: int) -> dict[str, list[float]]:
    """Milliseconds of each run, in turn."""
    environ = environment(home)
    found: dict[str, list[float]] = {name: [] for name in (NOTHING, SDK, HANDSHAKE, FIRST)}
    for _ in range(runs):
        found[NOTHING].append(timed("pass", environ))
        found[SDK].append(timed("import mcp.server", environ))
        handshake, first = served(project, environ)
        found[HANDSHAKE].append(handshake)
        found[FIRST].append(first)
    return found


def table(runs: int, count: int) -> str:
    """Everything measured, as text."""
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder)
        project = fill(home, count)
        with daemon(home):
            measure(home, project, 2)
            found = measure(home, project, runs)
    base = quantile(found[SDK], 0.5)
    lines = [f"{'':<30}{'p50 ms':>8}{'p95 ms':>8}{'p50 to the import':>20}"]
    for name, values in found.items():
        p50, p95 = quantile(values, 0.5), quantile(values, 0.95)
        lines.append(f"{name:<30}{p50:>8.0f}{p95:>8.0f}{p50 / base:>20.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    as_command(__doc__, table, SECTION, 50, "starts of the server")

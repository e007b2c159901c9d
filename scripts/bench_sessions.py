"""Score sidecar on a set of scripted sessions, and keep the table in docs/benchmarks.md.

    python scripts/bench_sessions.py FOLDER/dev            # prints the scorer's table
    python scripts/bench_sessions.py FOLDER/dev --write    # also writes it into docs/benchmarks.md

FOLDER holds the scripts (`dev/*.yaml`) with their tools `render_sessions.py` and `score_sessions.py`.  The sessions are
rendered into a throw-away home with real repositories, a real daemon reads them, and the scorer asks it questions.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.client import Client
from sidecar.errors import SidecarError

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
SECTION = re.compile(r"(<!-- sessions:begin -->\n).*?(<!-- sessions:end -->)", re.DOTALL)
START_SECONDS = 60
SETTLE_SECONDS = 900


@contextmanager
def daemon(home: Path) -> Iterator[Path]:
    """A daemon on a home that has been rendered; gives its socket once it has settled."""
    socket = home / ".sidecar" / "run" / "sidecar.sock"
    hidden = ("SIDECAR_", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environ |= {"HOME": str(home), "SIDECAR_HOME": str(home / ".sidecar")}
    process = subprocess.Popen([sys.executable, "-m", "sidecar", "up", "--yes"], env=environ, cwd=ROOT)
    try:
        wait(Client(socket, timeout=60), process)
        yield socket
    finally:
        process.terminate()
        process.wait(30)


def wait(client: Client, process: subprocess.Popen[bytes]) -> None:
    """Until the daemon has settled."""
    begun = time.monotonic()
    while time.monotonic() - begun < SETTLE_SECONDS:
        if process.poll() is not None:
            sys.exit(f"the daemon ended with {process.returncode}")
        try:
            if client.status()["settled"]:
                return
        except SidecarError:
            if time.monotonic() - begun > START_SECONDS:
                raise
        time.sleep(0.2)
    sys.exit(f"the daemon has not settled within {SETTLE_SECONDS} s")


def measure(sessions: Path, show: int) -> str:
    """The scorer's table."""
    tools = sessions.parent
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder)
        render = [sys.executable, str(tools / "render_sessions.py"), str(sessions), str(home), "--repos"]
        subprocess.run(render, check=True, stdout=subprocess.DEVNULL)
        with daemon(home) as socket:
            score = [sys.executable, str(tools / "score_sessions.py"), str(sessions), "--socket", str(socket)]
            score += ["--home", str(home / ".sidecar"), "--rendered", str(home), "--show", str(show)]
            return subprocess.run(score, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sessions", type=Path, help="folder with the scripts, such as sessions/dev")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    parser.add_argument("--show", type=int, default=0, help="lines of each list of misses (printed only)")
    options = parser.parse_args()
    table = measure(options.sessions.resolve(), options.show)
    sys.stdout.write(table)
    if options.write:
        figures = re.split(r"\n\n(?=missing gold memories)", table)[0].rstrip()
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(SECTION.sub(lambda m: f"{m[1]}```\n{figures}\n```\n{m[2]}", page), encoding="utf-8")


if __name__ == "__main__":
    main()

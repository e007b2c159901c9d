"""Score sidecar on a set of scripted sessions, and keep the table in docs/benchmarks.md.

    python scripts/bench_sessions.py FOLDER/dev                       # by rules; prints the scorer's table
    python scripts/bench_sessions.py FOLDER/dev --extractor oracle    # by a model that knows the labels
    python scripts/bench_sessions.py FOLDER/dev --extractor ollama --host http://127.0.0.1:11434 --model NAME
    … --write                                                         # also writes it into docs/benchmarks.md

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
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "fakes"))

from fake_ollama import FakeOllama
from oracle import MODEL, Oracle

from sidecar.client import Client
from sidecar.errors import SidecarError

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
START_SECONDS = 60
SETTLE_SECONDS = 900
MODEL_SECONDS = 4 * 3600
"""Longest wait for a real model, on the processor alone."""


@contextmanager
def daemon(home: Path, settings: Mapping[str, str], patience: float) -> Iterator[Path]:
    """A daemon on a home that has been rendered; gives its socket once it has settled, after `patience` s at most."""
    socket = home / ".sidecar" / "run" / "sidecar.sock"
    hidden = ("SIDECAR_", "OLLAMA_", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environ |= {"HOME": str(home), "SIDECAR_HOME": str(home / ".sidecar"), **settings}
    process = subprocess.Popen([sys.executable, "-m", "sidecar", "up", "--yes"], env=environ, cwd=ROOT)
    try:
        wait(Client(socket, timeout=60), process, patience)
        yield socket
    finally:
        process.terminate()
        process.wait(30)


def wait(client: Client, process: subprocess.Popen[bytes], patience: float) -> None:
    """Until the daemon has settled."""
    begun = time.monotonic()
    while time.monotonic() - begun < patience:
        if process.poll() is not None:
            sys.exit(f"the daemon ended with {process.returncode}")
        try:
            if client.status()["settled"]:
                return
        except SidecarError:
            if time.monotonic() - begun > START_SECONDS:
                raise
        time.sleep(0.2)
    sys.exit(f"the daemon has not settled within {patience:.0f} s")


def user(sessions: Path) -> str:
    """The login name of the person in the scripts, which the renderer leaves out of the paths."""
    names = Counter(
        name for script in sorted(sessions.glob("*.yaml")) for name in re.findall(r"/home/(\w+)/", script.read_text())
    )
    return names.most_common(1)[0][0] if names else "dev"


@contextmanager
def extractor(options: argparse.Namespace, sessions: Path) -> Iterator[dict[str, str]]:
    """The settings with which the daemon extracts as asked; the oracle answers as long as this lasts."""
    if options.extractor == "oracle":
        with FakeOllama(Oracle(sessions).answer, models=[MODEL]) as server:
            yield by_model(server.host, MODEL)
    elif options.extractor == "ollama":
        yield by_model(options.host, options.model)
    else:
        yield {"SIDECAR_EXTRACT_EXTRACTOR": "rules"}


def by_model(host: str, model: str) -> dict[str, str]:
    """Settings for extraction by one model, without a budget."""
    return {
        "SIDECAR_EXTRACT_EXTRACTOR": "ollama",
        "SIDECAR_EXTRACT_HOST": host,
        "SIDECAR_EXTRACT_MODEL": model,
        "SIDECAR_EXTRACT_SECONDS_PER_HOUR": "3600",
        "SIDECAR_EXTRACT_PAUSE_ON_BATTERY": "false",
    }


def measure(sessions: Path, show: int, settings: Mapping[str, str], patience: float) -> str:
    """The scorer's table."""
    tools = sessions.parent
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder)
        render = [sys.executable, str(tools / "render_sessions.py"), str(sessions), str(home), "--repos"]
        subprocess.run(render, check=True, stdout=subprocess.DEVNULL)
        with daemon(home, settings, patience) as socket:
            score = [sys.executable, str(tools / "score_sessions.py"), str(sessions), "--socket", str(socket)]
            score += ["--home", str(home / ".sidecar"), "--rendered", str(home), "--show", str(show)]
            return subprocess.run(score, check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sessions", type=Path, help="folder with the scripts, such as sessions/dev")
    parser.add_argument("--extractor", choices=("rules", "oracle", "ollama"), default="rules", help="what extracts")
    parser.add_argument("--host", default="http://127.0.0.1:11434", help="where a real model is served")
    parser.add_argument("--model", default="qwen3:4b-instruct", help="the real model's name")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    parser.add_argument("--show", type=int, default=0, help="lines of each list of misses (printed only)")
    options = parser.parse_args()
    sessions = options.sessions.resolve()
    patience = MODEL_SECONDS if options.extractor == "ollama" else SETTLE_SECONDS
    with extractor(options, sessions) as settings:
        table = measure(sessions, options.show, {**settings, "LOGNAME": user(sessions)}, patience)
    sys.stdout.write(table)
    if options.write:
        figures = re.split(r"\n\n(?=missing gold memories)", table)[0].rstrip()
        begin, end = (f"<!-- sessions-{options.extractor}:{edge} -->" for edge in ("begin", "end"))
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(f"{begin}\n")
        after = rest.partition(end)[2]
        PAGE.write_text(f"{before}{begin}\n```\n{figures}\n```\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Score sidecar on a set of scripted sessions, and keep the table in docs/benchmarks.md.

    python scripts/bench_sessions.py FOLDER/dev                       # by rules; prints the scorer's table
    python scripts/bench_sessions.py FOLDER/dev --extractor oracle    # by a model that knows the labels
    python scripts/bench_sessions.py FOLDER/dev --extractor later     # by rules first, then again by that model
    python scripts/bench_sessions.py FOLDER/dev --extractor ollama --host http://127.0.0.1:11434 --model NAME
    … --only millrace,thesis                                          # these projects alone
    … --minutes 20                                                    # scores what is learned by then
    … --write                                                         # also writes it into docs/benchmarks.md

FOLDER holds the scripts (`dev/*.yaml`) with their tools `render_sessions.py` and `score_sessions.py`.  The sessions are
rendered into a throw-away home with real repositories, a real daemon reads them, and the scorer asks it questions.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "fakes"))

from fake_ollama import FakeOllama
from oracle import MODEL, Oracle

from sidecar.client import Client
from sidecar.errors import SidecarError

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
RULES = {"SIDECAR_EXTRACT_EXTRACTOR": "rules"}
START_SECONDS = 60
SETTLE_SECONDS = 900
MODEL_SECONDS = 4 * 3600
"""Longest wait for a real model, on the processor alone."""


@dataclass(frozen=True)
class Patience:
    """How long a run may take; `partial`: what is learned by then is scored; `real`: a real model does it."""

    seconds: float
    partial: bool = False
    real: bool = False


@contextmanager
def daemon(home: Path, settings: Mapping[str, str], patience: float, *, partial: bool = False) -> Iterator[Path]:
    """A daemon on a home that has been rendered; gives its socket once it has settled.

    That takes `patience` s at most: then it is an error, unless `partial`.
    """
    socket = home / ".sidecar" / "run" / "sidecar.sock"
    hidden = ("SIDECAR_", "OLLAMA_", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environ |= {"HOME": str(home), "SIDECAR_HOME": str(home / ".sidecar"), **settings}
    process = subprocess.Popen([sys.executable, "-m", "sidecar", "up", "--yes"], env=environ, cwd=ROOT)
    try:
        if not wait(Client(socket, timeout=60), process, patience) and not partial:
            sys.exit(f"the daemon has not settled within {patience:.0f} s")
        yield socket
    finally:
        process.terminate()
        process.wait(30)


def wait(client: Client, process: subprocess.Popen[bytes], patience: float) -> bool:
    """Until the daemon has settled; whether it has."""
    begun = time.monotonic()
    while time.monotonic() - begun < patience:
        if process.poll() is not None:
            sys.exit(f"the daemon ended with {process.returncode}")
        try:
            if client.status()["settled"]:
                return True
        except SidecarError:
            if time.monotonic() - begun > START_SECONDS:
                raise
        time.sleep(0.2)
    return False


def user(sessions: Path) -> str:
    """The login name of the person in the scripts, which the renderer leaves out of the paths."""
    names = Counter(
        name for script in sorted(sessions.glob("*.yaml")) for name in re.findall(r"/home/(\w+)/", script.read_text())
    )
    return names.most_common(1)[0][0] if names else "dev"


@contextmanager
def extractor(options: argparse.Namespace, sessions: Path) -> Iterator[dict[str, str]]:
    """The settings with which the daemon extracts as asked; the oracle answers as long as this lasts."""
    if options.extractor in ("oracle", "later"):
        with FakeOllama(Oracle(sessions).answer, models=[MODEL]) as server:
            yield by_model(server.host, MODEL)
    elif options.extractor == "ollama":
        yield by_model(options.host, options.model)
    else:
        yield RULES


def by_model(host: str, model: str) -> dict[str, str]:
    """Settings for extraction by one model, without a budget."""
    return {
        "SIDECAR_EXTRACT_EXTRACTOR": "ollama",
        "SIDECAR_EXTRACT_HOST": host,
        "SIDECAR_EXTRACT_MODEL": model,
        "SIDECAR_EXTRACT_SECONDS_PER_HOUR": "3600",
        "SIDECAR_EXTRACT_PAUSE_ON_BATTERY": "false",
        "SIDECAR_LOG_LEVEL": "debug",
    }


def measure(sessions: Path, tools: Path, show: int, runs: Sequence[Mapping[str, str]], patience: Patience) -> str:
    """The scorer's table, after one run of a daemon for each of these settings; `tools` is the folder of the set's."""
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder)
        render = [sys.executable, str(tools / "render_sessions.py"), str(sessions), str(home), "--repos"]
        subprocess.run(render, check=True, stdout=subprocess.DEVNULL)
        for settings in runs[:-1]:
            with daemon(home, settings, patience.seconds):
                pass
        with daemon(home, runs[-1], patience.seconds, partial=patience.partial) as socket:
            ended = account(Client(socket, timeout=60), home / ".sidecar" / "state" / "log") if patience.real else ""
            score = [sys.executable, str(tools / "score_sessions.py"), str(sessions), "--socket", str(socket)]
            score += ["--home", str(home / ".sidecar"), "--rendered", str(home), "--show", str(show)]
            return ended + subprocess.run(score, check=True, capture_output=True, text=True).stdout


def account(client: Client, logs: Path) -> str:
    """How the sessions ended under a real model, what its calls took, and what became of what it said."""
    found = client.jobs(limit=500)
    outcomes = Counter(one["outcome"] for one in found["recent"]) + Counter(one["state"] for one in found["jobs"])
    reasons = Counter(_kind(one["error"]) for one in found["jobs"] if one["error"])
    text = "".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(logs.glob("sidecar.log*")))
    seconds = [float(one) for one in re.findall(r"model answered.*? seconds=\"?([\d.]+)", text)]
    failed = Counter(map(_kind, re.findall(r"model failed.*? why=\"?([^\"\n]+)", text)))
    dropped = Counter(map(_kind, re.findall(r"a statement was dropped(?:: | why=\"?)([^\"\n]+)", text)))
    median = f"{statistics.median(seconds):.0f} s" if seconds else "-"
    lines = [
        f"sessions: {_counted(outcomes)}",
        f"  waiting or parked: {_counted(reasons)}",
        f"answers: {len(seconds)} in {sum(seconds):.0f} s, median {median}",
        f"  failed calls: {_counted(failed)}",
        f"statements dropped: {dropped.total()}",
        *(f"  {count:3}  {why}" for why, count in dropped.most_common()),
    ]
    return "\n".join([*lines, "", ""])


def _kind(reason: str) -> str:
    """A reason without what it quotes."""
    if reason.startswith("not in"):
        reason = reason.partition(": ")[0]
    return re.sub(r"(?<![\w:])\d[\d.]*(?!\w)", "N", reason).strip().rstrip(".")


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"


@contextmanager
def chosen(sessions: Path, only: str) -> Iterator[Path]:
    """The folder with the scripts, or one with the named ones alone."""
    if not only:
        yield sessions
        return
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        for name in only.split(","):
            script = sessions / f"{name.strip()}.yaml"
            if not script.is_file():
                sys.exit(f"there is no {script}")
            shutil.copy(script, folder)
        yield Path(folder)


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sessions", type=Path, help="folder with the scripts, such as sessions/dev")
    parser.add_argument(
        "--extractor", choices=("rules", "oracle", "later", "ollama"), default="rules", help="what extracts"
    )
    parser.add_argument("--host", default="http://127.0.0.1:11434", help="where a real model is served")
    parser.add_argument("--model", default="qwen3:4b-instruct", help="the real model's name")
    parser.add_argument("--only", default="", metavar="PROJECT[,PROJECT]", help="score these scripts alone")
    parser.add_argument("--minutes", type=float, help="score what is learned by then")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    parser.add_argument("--show", type=int, default=0, help="lines of each list of misses (printed only)")
    options = parser.parse_args()
    real = options.extractor == "ollama"
    seconds = options.minutes * 60 if options.minutes else MODEL_SECONDS if real else SETTLE_SECONDS
    patience = Patience(seconds, partial=options.minutes is not None, real=real)
    folder = options.sessions.resolve()
    with chosen(folder, options.only) as sessions, extractor(options, sessions) as settings:
        runs = [RULES, settings] if options.extractor == "later" else [settings]
        named = [{**one, "LOGNAME": user(sessions)} for one in runs]
        table = measure(sessions, folder.parent, options.show, named, patience)
    if real:
        table = f"{options.model}, {options.only or 'all projects'}\n\n{table}"
    sys.stdout.write(table)
    if options.write:
        figures = re.split(r"\n\n(?=missing gold memories)", table)[0].rstrip()
        begin, end = (f"<!-- sessions-{options.extractor}:{edge} -->" for edge in ("begin", "end"))
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(f"{begin}\n")
        after = rest.partition(end)[2]
        PAGE.write_text(f"{before}{begin}\n```\n{figures}\n```\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

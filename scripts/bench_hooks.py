"""Measure what a hook costs an agent, as a ratio to a Python that does nothing, and keep the table in the docs.

    python scripts/bench_hooks.py                 # prints the table
    python scripts/bench_hooks.py --write         # also writes it into docs/benchmarks.md

A throw-away home gets a project with 10,000 memories and a real daemon.  Every kind of hook is run in turn with
`python -c pass`, the same number of times in the same minutes, so that what else the machine does meets all of them;
the program that is run is the one beside this Python (`sidecar`) if it is that of the checkout, else the checkout's own
`bin/sidecar`.  The package is compiled first, as an installation compiles it.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.client import Client
from sidecar.errors import SidecarError
from sidecar.identity import memory_id
from sidecar.journal import Journal
from sidecar.model import Add, Memory, MemoryType, ProfileRef, Source
from sidecar.store import Store, WriteContext

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
SECTION = re.compile(r"(<!-- hooks:begin -->\n).*?(<!-- hooks:end -->)", re.DOTALL)
BATCH = 500
START_SECONDS = 600

SUBJECTS = "gateway ledger importer scheduler mailer search billing sessions uploads webhooks exports audit".split()
ASPECTS = "port timeout retries queue bucket owner schema cache region quota format index".split()
TOOLS = "Valkey Postgres NATS Caddy Terraform Grafana Vault Playwright Kafka MinIO Nomad Envoy".split()
QUESTION = "Which port does the billing gateway listen on since we moved it to Caddy?"
UNRELATED = "thanks, looks good, please go on"


@dataclass(frozen=True)
class Case:
    """One kind of hook: its event, and what the agent says in the run of a number."""

    name: str
    event: str
    payload: Callable[[int], dict[str, object]]


def memories(count: int) -> Iterator[Memory]:
    """As many different statements, over two years."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=730)
    for number in range(count):
        subject, aspect = SUBJECTS[number % 12], ASPECTS[number // 12 % 12]
        tool, value = TOOLS[number // 144 % 12], 1000 + number
        content = (
            f"The {aspect} of the {subject} in stage {number // 1728} is {value}, set in {tool} by team {number % 37}."
        )
        observed = start + timedelta(seconds=number * 6000)
        kind = MemoryType.INSTRUCTION if number % 5 == 0 else MemoryType.FACT
        source = Source("transcript", "claude-code", f"bench-{number // 20}", "user", (f"m{number}",), "bench@host")
        key = f"{subject}/{aspect}-{number}"
        yield Memory(memory_id(kind, content, observed), kind, content, content, observed, observed, source, key=key)


def fill(home: Path, count: int) -> Path:
    """A repository in the home, and its profile with `count` memories; returns the repository."""
    project = home / "work" / "bench"
    project.mkdir(parents=True)
    git = ["git", "-C", str(project), "-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "begin"]):
        subprocess.run([*git, *command], check=True)
    sidecar = home / ".sidecar"
    with Journal.open(sidecar / "state" / "journal.db") as journal:
        store = Store(sidecar / "store", machine="bench", writes=journal, clock=lambda: datetime.now(UTC))
        store.create_namespace("local")
        profile = store.open(ProfileRef("local", "bench"), create=True)
        batch = [Add(memory, "bench") for memory in memories(count)]
        for begin in range(0, len(batch), BATCH):
            profile.apply(batch[begin : begin + BATCH], WriteContext("bench"))
        profile.commit()
        journal.save_route("folder", str(project), profile.ref)
        journal.save_route("repo", str(project / ".git"), profile.ref)
    return project


def environment(home: Path) -> dict[str, str]:
    """The environment of agent and daemon."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SIDECAR_")}
    path = f"{ROOT}{os.pathsep}{environ['PYTHONPATH']}" if "PYTHONPATH" in environ else str(ROOT)
    return environ | {"HOME": str(home), "SIDECAR_HOME": str(home / ".sidecar"), "PYTHONPATH": path}


@contextmanager
def daemon(home: Path) -> Iterator[Client]:
    """A daemon that has settled."""
    client = Client(home / ".sidecar" / "run" / "sidecar.sock", timeout=60)
    command = [sys.executable, "-m", "sidecar", "up", "--yes"]
    process = subprocess.Popen(command, env=environment(home), cwd=home, stdout=subprocess.DEVNULL)
    try:
        begun = time.monotonic()
        while not settled(client):
            if process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                sys.exit("the daemon does not come up")
            time.sleep(0.2)
        yield client
    finally:
        process.terminate()
        process.wait(30)


def settled(client: Client) -> bool:
    """Whether the daemon answers and nothing waits in it."""
    try:
        return bool(client.status()["settled"])
    except SidecarError:
        return False


@contextmanager
def hung(home: Path) -> Iterator[None]:
    """In the daemon's place somebody who takes connections and never answers."""
    path = home / ".sidecar" / "run" / "sidecar.sock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(512)
        yield
    path.unlink()


def program() -> list[str]:
    """How `sidecar` is run here."""
    own, installed = ROOT / "bin" / "sidecar", Path(sys.executable).with_name("sidecar")
    lines = [path.read_text(errors="replace").splitlines()[1:] if path.is_file() else [] for path in (own, installed)]
    return [str(installed)] if lines[0] == lines[1] else [sys.executable, str(own)]


def timed(command: list[str], said: bytes, environ: dict[str, str]) -> float:
    """Milliseconds of one run."""
    begun = time.perf_counter()
    done = subprocess.run(command, input=said, env=environ, capture_output=True, check=False)
    took = (time.perf_counter() - begun) * 1000
    if done.returncode or done.stderr:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return took


def measure(home: Path, cases: list[Case], runs: int) -> dict[str, list[float]]:
    """Milliseconds of each run of each case, and of a Python that does nothing, in turn."""
    environ = environment(home)
    found: dict[str, list[float]] = {"": [], **{case.name: [] for case in cases}}
    for number in range(runs):
        found[""].append(timed([sys.executable, "-c", "pass"], b"", environ))
        for case in cases:
            command = [*program(), "hook", case.event, "--agent", "claude-code"]
            found[case.name].append(timed(command, json.dumps(case.payload(number)).encode(), environ))
    return found


def quantile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def rows(title: str, found: dict[str, list[float]]) -> list[str]:
    """The table's lines of one state of the daemon."""
    base = found.pop("")
    p50, p95 = quantile(base, 0.5), quantile(base, 0.95)
    lines = [f"{title:<12}{'python -c pass':<26}{p50:>8.1f}{p95:>8.1f}{'':>10}{'':>10}"]
    for name, values in found.items():
        a, b = quantile(values, 0.5), quantile(values, 0.95)
        lines.append(f"{title:<12}{name:<26}{a:>8.1f}{b:>8.1f}{a / p50:>10.2f}{b / p95:>10.2f}")
    return lines


def cases(project: Path) -> list[Case]:
    """What is measured: a new session each time, so that there is always something to give."""

    def said(kind: str, **fields: object) -> Callable[[int], dict[str, object]]:
        base = {"cwd": str(project), "transcript_path": str(project / "none.jsonl")}
        return lambda number: {**base, "session_id": f"{kind}-{number}", **fields}

    return [
        Case("SessionStart", "SessionStart", said("a", source="startup")),
        Case("prompt that is answered", "UserPromptSubmit", said("b", prompt=QUESTION)),
        Case("prompt that is not", "UserPromptSubmit", said("c", prompt=UNRELATED)),
        Case("Stop", "Stop", said("d")),
    ]


def table(runs: int, count: int) -> str:
    """Everything measured, as text."""
    compileall.compile_dir(ROOT / "sidecar", quiet=1)
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder)
        project = fill(home, count)
        all_cases = cases(project)
        lines = [f"{'daemon':<12}{'hook':<26}{'p50 ms':>8}{'p95 ms':>8}{'p50 ratio':>10}{'p95 ratio':>10}"]
        with daemon(home):
            measure(home, all_cases, 5)
            lines += rows("up", measure(home, all_cases, runs))
        lines += rows("down", measure(home, all_cases[1:2], runs))
        with hung(home):
            lines += rows("hung", measure(home, all_cases[1:2], max(runs // 10, 10)))
    return "\n".join(lines)


def as_command(doc: str, measured: Callable[[int, int], str], section: re.Pattern[str], runs: int, of: str) -> None:
    """The command line of a table: measure, print, and write into the page between the marks of `section` if asked to.

    `measured(runs, memories)` makes the table; `runs`: how many by default, of what `of` says.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--runs", type=int, default=runs, help=of)
    parser.add_argument("--memories", type=int, default=10_000, help="memories of the project")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    found = measured(options.runs, options.memories)
    print(found)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(section.sub(lambda m: f"{m[1]}```\n{found}\n```\n{m[2]}", page), encoding="utf-8")


if __name__ == "__main__":
    as_command(__doc__, table, SECTION, 200, "runs of each hook")

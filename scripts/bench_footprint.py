"""Measure what the daemon takes beside the agent, how soon it answers, and what a recall on the command line costs.

    python scripts/bench_footprint.py                        # prints the tables: 10,000 documents, a minute of rest
    python scripts/bench_footprint.py --documents 100000 --minutes 10 --write    # also writes them into the docs
    python scripts/bench_footprint.py --documents 0 --start                # the start alone, and memory after it

An invented project in a throw-away home, one document in ten a memory file and 2,000 transcripts below an agent's
folder.  Memory is the daemon's PSS; processor time at rest is that of all its threads, and it counts as woken in each
second in which one of them was, those of the index's engine apart (it looks at two files twice a second, which nobody
can turn off).  Programs are run in turn with `python -c pass`, so that what else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_hooks import ROOT, program, quantile

from sidecar.cli import bench_home
from sidecar.client import Client, Profile
from sidecar.errors import NotFound, SidecarError, Unavailable

PAGE = ROOT / "docs" / "benchmarks.md"
SECTION = re.compile(r"(<!-- footprint:begin -->\n).*?(<!-- footprint:end -->)", re.DOTALL)
WATCHED = 2_000
GIVEN_BACK_S = 125.0
"""After two looks, a minute apart, the daemon has seen that it is at rest and given back what it does not need."""

AT_REST_S = 300.0
"""After so long it looks for new agents no oftener than it ever will."""

HANG_S = 3_600.0
QUESTION = "Which port does the billing service listen on?"
ENGINE = "thread-tantivy-"
IMPORTS = "import gc, time; gc.disable(); import sidecar.daemon.app; print(time.process_time())"
"""As `sidecar up` imports it."""


@dataclass
class Started:
    """A running daemon; `seconds` from its start to its first recall, `cpu` of them of its processor time."""

    client: Client
    pid: int
    seconds: float
    cpu: float


def environment(home: Path, extractor: str = "none") -> dict[str, str]:
    """The environment of everything that is run: the home, and the package of this checkout."""
    path = f"{ROOT}{os.pathsep}{os.environ['PYTHONPATH']}" if "PYTHONPATH" in os.environ else str(ROOT)
    environ = bench_home.environ(home, dict(os.environ))
    return {**environ, "PYTHONPATH": path, "SIDECAR_EXTRACT_EXTRACTOR": extractor}


@contextmanager
def daemon(home: Path, extractor: str = "none") -> Iterator[Started]:
    """A daemon that has answered a recall; what it holds by then need not be complete."""
    environ = environment(home, extractor)
    client = Client(Path(environ["SIDECAR_SOCKET"]), timeout=120)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "sidecar", "up", "--yes"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(client):
            if process.poll() is not None or time.perf_counter() - begun > HANG_S:
                sys.exit("the daemon does not come up")
            time.sleep(0.005)
        yield Started(client, process.pid, time.perf_counter() - begun, cpu_seconds(process.pid))
    finally:
        process.terminate()
        process.wait(60)


def answers(client: Client) -> bool:
    """Whether a recall is answered, be it that there is no such profile yet."""
    try:
        client.recall(Profile(name=bench_home.PROFILE), QUESTION)
    except NotFound:
        return True
    except SidecarError:
        return False
    return True


def transcripts(home: Path) -> None:
    """Sessions of an agent, each with one thing said."""
    folder = Path(environment(home)["HOME"]) / ".claude" / "projects" / "-tmp-bench"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(WATCHED):
        said = {"role": "user", "content": f"Look at item {number}."}
        record = {
            "type": "user", "uuid": f"u{number}", "sessionId": f"s{number}", "cwd": str(home), "version": "2.1.0",
            "timestamp": "2026-09-01T09:00:00.000Z", "isSidechain": False, "parentUuid": None, "message": said,
        }  # fmt: skip
        (folder / f"s{number}.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")


def fill(started: Started, messages: int) -> None:
    """Messages in, and wait until all is in the index."""
    route = Profile(name=bench_home.PROFILE).route("ingest")
    for session, said in bench_home.sessions(messages):
        while True:
            try:
                started.client.request("POST", route, {"messages": said, "sessionId": session})
                break
            except Unavailable:  # it asks for patience
                time.sleep(0.2)
    settle(started)


def settle(started: Started) -> None:
    """Wait until the index has everything, seen twice."""
    deadline, calm = time.monotonic() + HANG_S, 0
    while calm < 2:
        status = started.client.status()
        calm = 0 if status["index"]["lag_ms"] or status["index"]["degraded"] else calm + 1
        if time.monotonic() > deadline:
            sys.exit("the daemon does not settle")
        time.sleep(1)


def pss(pid: int) -> float:
    """The daemon's share of memory in MB (10^6 bytes)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.partition("\nPss:")[2].split()[0]) * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """Processor time of the daemon so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wakeups(pid: int) -> int:
    """How often the daemon's threads were woken so far, the engine's watchers apart."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        text = status.read_text()
        if ENGINE not in text.partition("\n")[0]:
            total += int(text.partition("\nvoluntary_ctxt_switches:")[2].split()[0])
    return total


def memory_rows(started: Started) -> list[str]:
    """Memory before and after the rest, in the order of a day."""
    rows = [f"{'after all of it was written':<42}{pss(started.pid):>8.1f} MB"]
    for number in range(50):
        started.client.recall(Profile(name=bench_home.PROFILE), f"{QUESTION} {number}")
    rows.append(f"{'after 50 recalls':<42}{pss(started.pid):>8.1f} MB")
    time.sleep(GIVEN_BACK_S)
    return [*rows, f"{'at rest':<42}{pss(started.pid):>8.1f} MB"]


def rest_rows(started: Started, minutes: float) -> list[str]:
    """Processor time and wake-ups, after the rest that `memory_rows` has waited for."""
    time.sleep(AT_REST_S - GIVEN_BACK_S if minutes > 1 else 0)
    begun, spent, before, seconds = time.monotonic(), cpu_seconds(started.pid), wakeups(started.pid), 0
    while time.monotonic() < begun + minutes * 60:
        time.sleep(1)
        woken = wakeups(started.pid)
        seconds += woken != before
        before = woken
    passed = time.monotonic() - begun
    share, each = (cpu_seconds(started.pid) - spent) / passed, seconds / passed * 60
    named = f"{WATCHED:,} watched files, {minutes:g} min"
    return [f"{named + ': of a core':<42}{share:>8.2%}", f"{named + ': woken':<42}{each:>8.1f} times a minute"]


def start_rows(home: Path, runs: int) -> list[str]:
    """Seconds from the start to the first recall with a warm index, and of its imports; and memory soon after."""
    seconds, cpu, memory = [], [], []
    for _ in range(runs):
        with daemon(home) as started:
            seconds.append(started.seconds)
            cpu.append(started.cpu)
            settle(started)
            memory.append(pss(started.pid))
    alone = [run_ms([sys.executable, "-c", IMPORTS], home) / 1000 for _ in range(runs)]
    of_it = [float(output([sys.executable, "-c", IMPORTS], home)) for _ in range(runs)]
    return [
        f"{'start to the first recall':<42}{statistics.median(seconds):>8.2f} s{statistics.median(cpu):>8.2f} s of CPU",
        f"{'of which imports':<42}{statistics.median(alone):>8.2f} s{statistics.median(of_it):>8.2f} s of CPU",
        f"{'soon after such a start':<42}{statistics.median(memory):>8.1f} MB",
    ]


def output(command: Sequence[str], home: Path) -> str:
    """What a program prints."""
    return subprocess.run(
        command, env=environment(home), cwd=home, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def run_ms(command: Sequence[str], home: Path) -> float:
    """Milliseconds of one run of a program."""
    begun = time.perf_counter()
    subprocess.run(command, env=environment(home), cwd=home, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1000


def program_rows(home: Path, runs: int) -> list[str]:
    """Programs in turn with a Python that does nothing."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "sidecar recall": [*program(), "recall", QUESTION],
        "sidecar recall --json": [*program(), "recall", "--json", QUESTION],
        "sidecar recall --level low": [*program(), "recall", "--level", "low", QUESTION],
        "sidecar status": [*program(), "status"],
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            found[name].append(run_ms(command, home))
    base = quantile(found["python -c pass"], 0.5)
    return [
        f"{name:<42}{quantile(values, 0.5):>8.1f} ms{quantile(values, 0.5) / base:>8.2f} times"
        for name, values in found.items()
    ]


def table(documents: int, minutes: float, runs: int, *, start: bool) -> str:
    """Everything measured, or the start alone, as text."""
    compileall.compile_dir(ROOT / "sidecar", quiet=1)
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder).resolve()
        bench_home.write_memories(home, documents // 10)
        transcripts(home)
        with daemon(home) as started:
            fill(started, documents - documents // 10)
            rows = []
            if not start:
                rows = [*memory_rows(started), *rest_rows(started, minutes), *program_rows(home, runs)]
        return "\n".join([f"{documents:,} documents", *rows, *start_rows(home, max(3, runs // 10))])


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, action="append", help="memories and messages; may be repeated")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long it is watched at rest")
    parser.add_argument("--runs", type=int, default=50, help="runs of each program")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/benchmarks.md")
    parser.add_argument("--start", action="store_true", help="measure the start alone")
    options = parser.parse_args()
    sizes = options.documents or [10_000]
    found = "\n\n".join(table(size, options.minutes, options.runs, start=options.start) for size in sizes)
    print(found)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(SECTION.sub(lambda m: f"{m[1]}```\n{found}\n```\n{m[2]}", page), encoding="utf-8")


if __name__ == "__main__":
    main()

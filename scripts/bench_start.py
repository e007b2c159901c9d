"""Measure what a start costs, of this checkout and of others in turn, so that what else the machine does meets all.

    python scripts/bench_start.py                                  # this checkout, a home of 10,000 documents
    python scripts/bench_start.py --against ../before --runs 15    # and another one, in turn with it
    python scripts/bench_start.py --shares                         # which packages the imports' time goes to

`imports` is what `sidecar up` imports before it does anything; the first recall is asked again and again from the start
of the program on, and the index is warm.  `healthz` answers once all files have been read; it is asked after the
recall.  Processor time is of the whole program, all of its threads, in steps of 10 ms.
"""

from __future__ import annotations

import argparse
import compileall
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench_footprint import HANG_S, IMPORTS, Started, answers, cpu_seconds, daemon, environment, fill, settle
from bench_hooks import ROOT

from sidecar.cli import bench_home
from sidecar.client import Client

TIMED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
SHOWN = 12
ROWS = ("imports, CPU", "imports", "to the first recall, CPU", "to the first recall", "to healthz, CPU", "to healthz")


def of_checkout(home: Path, root: Path) -> dict[str, str]:
    """The environment of a program of a checkout."""
    environ = environment(home)
    return {**environ, "PYTHONPATH": environ["PYTHONPATH"].replace(str(ROOT), str(root))}


def imports(home: Path, root: Path) -> dict[str, float]:
    """Seconds that the imports of a daemon take."""
    begun = time.perf_counter()
    command = [sys.executable, "-c", IMPORTS]
    cpu = subprocess.run(command, env=of_checkout(home, root), cwd=home, check=True, stdout=subprocess.PIPE).stdout
    return {"imports, CPU": float(cpu), "imports": time.perf_counter() - begun}


@contextmanager
def started(home: Path, root: Path) -> Iterator[Started]:
    """A daemon of a checkout that has answered a recall."""
    environ = of_checkout(home, root)
    client = Client(Path(environ["SIDECAR_SOCKET"]), timeout=120)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "sidecar", "up", "--yes"]
    process = subprocess.Popen(command, env=environ, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(client):
            if process.poll() is not None or time.perf_counter() - begun > HANG_S:
                sys.exit(f"the daemon of {root} does not come up")
            time.sleep(0.005)
        yield Started(client, process.pid, time.perf_counter() - begun, cpu_seconds(process.pid))
    finally:
        process.terminate()
        process.wait(60)


def once(home: Path, root: Path) -> dict[str, float]:
    """One round of a checkout."""
    found = imports(home, root)
    begun = time.perf_counter()
    with started(home, root) as daemon_of_it:
        daemon_of_it.client.health()  # which waits for all that is read and wired
        whole, whole_cpu = time.perf_counter() - begun, cpu_seconds(daemon_of_it.pid)
        settle(daemon_of_it)  # the next start finds what this one leaves
    recall = {"to the first recall, CPU": daemon_of_it.cpu, "to the first recall": daemon_of_it.seconds}
    return {**found, **recall, "to healthz, CPU": whole_cpu, "to healthz": whole}


def pairs(documents: int, roots: list[Path], runs: int) -> str:
    """The medians of all checkouts side by side."""
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder).resolve()
        bench_home.write_memories(home, documents // 10)
        with daemon(home) as filling:
            fill(filling, documents - documents // 10)
        found: dict[Path, list[dict[str, float]]] = {root: [] for root in roots}
        for _ in range(runs):
            for root in roots:
                found[root].append(once(home, root))
    lines = [f"{documents:,} documents, medians of {runs}", f"{'':<28}" + "".join(f"{root.name:>12}" for root in roots)]
    for name in ROWS:
        middles = [statistics.median(one[name] for one in found[root]) for root in roots]
        lines.append(f"{name:<28}" + "".join(f"{middle:>10.3f} s" for middle in middles))
    return "\n".join(lines)


def shares(home: Path, runs: int) -> str:
    """The packages that the imports' time goes to, by Python's own account of it, which itself takes some."""
    spent: dict[str, list[int]] = defaultdict(list)
    for _ in range(runs):
        command = [sys.executable, "-X", "importtime", "-c", IMPORTS]
        done = subprocess.run(command, env=environment(home), cwd=home, check=True, capture_output=True, text=True)
        each: dict[str, int] = defaultdict(int)
        for microseconds, module in TIMED.findall(done.stderr):
            each[module.partition(".")[0]] += int(microseconds)
        for package, total in each.items():
            spent[package].append(total)
    middles = {package: statistics.median(values) for package, values in spent.items()}
    total = sum(middles.values())
    largest = sorted(middles, key=lambda package: -middles[package])[:SHOWN]
    return "\n".join(f"{name:<28}{middles[name] / 1000:>10.1f} ms{middles[name] / total:>8.1%}" for name in largest)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=10_000, help="memories and messages")
    parser.add_argument("--runs", type=int, default=9, help="rounds")
    parser.add_argument("--against", type=Path, action="append", default=[], help="another checkout; may be repeated")
    parser.add_argument("--shares", action="store_true", help="only tell which packages the imports' time goes to")
    options = parser.parse_args()
    roots = [*(root.resolve() for root in options.against), ROOT]
    for root in roots:
        compileall.compile_dir(root / "sidecar", quiet=1)
    if options.shares:
        with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
            print(shares(Path(folder).resolve(), options.runs))
        return
    print(pairs(options.documents, roots, options.runs))


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()

"""Measure recall over the socket at two sizes, and keep the table in docs/benchmarks.md.

    python scripts/bench_recall.py                 # prints the table
    python scripts/bench_recall.py --write         # also writes it into docs/benchmarks.md

It runs `sidecar bench` on an invented project in a throw-away home: a real daemon, a new connection for each question.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
SIZES = ((5_000, 5_000), (10_000, 90_000))
"""Memories and messages: together what the two limits speak of."""

QUESTIONS = 500


def measured(memories: int, messages: int) -> Mapping[str, Any]:
    """The figures of one size, as `sidecar bench --json` gives them."""
    sizes = ["--memories", str(memories), "--messages", str(messages), "--questions", str(QUESTIONS)]
    command = [sys.executable, "-m", "sidecar", "bench", "--only", "synthetic", "--json", *sizes]
    found: Mapping[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)
    figures: Mapping[str, Any] = found["synthetic"]
    return figures


def line(figures: Mapping[str, Any]) -> str:
    """A row of the table in Markdown."""
    latency, found = figures["latency_ms"], figures["found"]
    held = f"{figures['memories']:,} | {figures['messages']:,} | {figures['questions']}"
    return f"| {held} | {latency['p50']:.1f} | {latency['p95']:.1f} | {found['1']:.1%} | {found['10']:.1%} |"


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    names = ("memories", "messages", "asked", "p50 ms", "p95 ms", "found first", "among ten")
    head = f"| {' | '.join(names)} |\n|{'---|' * len(names)}"
    table = "\n".join([head, *(line(measured(*size)) for size in SIZES)])
    sys.stdout.write(f"{table}\n")
    if options.write:
        begin, end = (f"<!-- recall:{edge} -->" for edge in ("begin", "end"))
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(f"{begin}\n")
        PAGE.write_text(f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()

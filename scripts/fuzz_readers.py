"""Read damaged transcripts for as long as it takes: no exception but our own classes, no hang.

    python scripts/fuzz_readers.py --examples 200000 --write
    python scripts/fuzz_readers.py --minutes 30 --agent codex

The corpus are the golden files and databases of the tests.  Hypothesis damages them (`tests/transcripts/fuzzing.py`) in
rounds, reader after reader, and shrinks what fails; a failure ends the program and shows the smallest input that it
found, which then becomes a golden file.  `--seed` repeats a run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import count, cycle
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests" / "transcripts")]

from fuzzing import check_damaged, corpus  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from benchmarks.report import write_page  # noqa: E402

ROUND = 500
"""Examples in a row for one reader: Hypothesis avoids repetitions within a round, and slows down over long ones."""

PAGE = CHECKOUT / "docs" / "benchmarks.md"


def main() -> None:
    """Run rounds until there were enough, or the time is over."""
    wanted = _arguments()
    done: Counter[str] = Counter()
    cpu: dict[str, float] = {}
    begun = time.monotonic()
    for agent, inputs, seconds in _rounds(wanted.agent or sorted(corpus()), wanted.seed, wanted.processes):
        done[agent] += inputs
        cpu[agent] = cpu.get(agent, 0.0) + seconds
        _show(done.total(), wanted.examples, time.monotonic() - begun)
        if _enough(wanted, done.total(), time.monotonic() - begun):
            break
    print(file=sys.stderr)
    table = _table(done, cpu, wanted.seed)
    print(table)
    if wanted.json:
        wanted.json.write_text(json.dumps({"format": 1, "seed": wanted.seed, "inputs": done}, indent=1) + "\n")
    if wanted.write:
        write_page(PAGE, "fuzz", table)


def _rounds(agents: list[str], first: int, processes: int) -> Iterator[tuple[str, int, float]]:
    """Rounds without end, reader after reader, in the order in which they are done: reader, inputs, CPU seconds."""
    work = zip(cycle(agents), count(first))
    with ProcessPoolExecutor(processes) as pool:
        running: set[Future[tuple[str, int, float]]] = {pool.submit(_round, *next(work)) for _ in range(processes)}
        try:
            while True:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
                    running.add(pool.submit(_round, *next(work)))
        finally:
            pool.shutdown(cancel_futures=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--examples", type=int, help="stop after so many inputs, of all readers together")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--agent", action="append", help="only this reader; may be given again")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="at once; by default one a core")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    wanted = parser.parse_args()
    if wanted.examples is None and wanted.minutes is None:
        parser.error("say --examples or --minutes")
    return wanted


def _enough(wanted: argparse.Namespace, inputs: int, seconds: float) -> bool:
    return (wanted.examples is not None and inputs >= wanted.examples) or (
        wanted.minutes is not None and seconds >= 60 * wanted.minutes
    )


def _round(agent: str, number: int) -> tuple[str, int, float]:
    """One round over a reader's files: the reader, how many inputs it read, and the CPU seconds for them."""
    files, read, begun = corpus()[agent], 0, time.process_time()

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(source=st.sampled_from(files), chance=st.randoms(use_true_random=False))
    def damage(source: Path, chance: random.Random) -> None:
        nonlocal read
        read += 1
        check_damaged(source, chance)

    damage()
    return agent, read, time.process_time() - begun


def _show(inputs: int, wanted: int | None, seconds: float) -> None:
    """A line on the terminal that is written over and over."""
    if sys.stderr.isatty():
        share = f" of {wanted}" if wanted else ""
        print(f"\r{inputs}{share} inputs, {seconds:.0f} s", end="", file=sys.stderr)


def _table(done: Counter[str], cpu: dict[str, float], first: int) -> str:
    rows = [f"| {agent} | {done[agent]} | {1000 * cpu[agent] / done[agent]:.1f} |" for agent in sorted(done)]
    head = f"{done.total()} inputs from seed {first}, without a failure.\n\n| reader | inputs | CPU, ms an input |\n"
    return head + "| --- | ---: | ---: |\n" + "\n".join(rows)


if __name__ == "__main__":
    main()

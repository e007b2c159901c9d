"""Measure how soon a hand edit, or what a client asks to remember, can be recalled, in profiles of several sizes.

    python scripts/bench_edits.py                                  # 1,000, 10,000 and 100,000 memory files
    python scripts/bench_edits.py --files 1000 10000 --write       # and keep the table in docs/benchmarks.md

A real daemon for each size.  `rename`, `in place`, `swap file`: one memory is saved as editors save (a temporary file
renamed over it; written over; a swap file beside it, the old file moved aside and a new one written); from the end of
the save until a recall finds the new words, the time of the question included.  `mv`: a file goes to another folder,
until a recall names its new path.  `script`: 500 files are saved one after the other, from the last save until 20 of
them spread over all are found.  `checkout`: a branch that changes 1,000 files, or a tenth if there are fewer than
10,000; from the end of `git checkout`.  `remember`: one client, then 16 at once; a sample is recalled when the answers
are there, and every one must be found.  `CPU`: what the daemon has used for each until all were answered, and what it
and its git commands have used by the time that it has settled again.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil
from bench_hooks import PAGE, daemon
from bench_store import LARGE, SAMPLE, fill, git, known, marker, wait

from sidecar.client import Client, Profile

SECTION = re.compile(r"(<!-- edits:begin -->\n).*?(<!-- edits:end -->)", re.DOTALL)
WHERE = Profile(name=LARGE.name, namespace=LARGE.namespace)
SCRIPTED = 500
CLIENTS = 16
FIRST_MARKER = 100_000
"""The words of the checkout have the numbers below."""


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="sizes of the profile")
    parser.add_argument("--times", type=int, default=40, help="edits of each kind")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    columns = []
    for files in options.files:
        with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as home:
            columns.append(measure(Path(home), files, options.times))
    found = table(options.files, columns)
    print(found)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(SECTION.sub(lambda m: f"{m[1]}```\n{found}\n```\n{m[2]}", page), encoding="utf-8")


def measure(home: Path, files: int, times: int) -> dict[str, str]:
    """One size: what each row of the table says of it."""
    changed = min(1_000, files // 10)
    folder = fill(home, files, changed)
    with daemon(home) as client:
        bench = Bench(client, folder)
        found = {
            "rename": bench.saves(rename, times),
            "in place": bench.saves(in_place, times),
            "swap file": bench.saves(swap_file, times),
            "mv": bench.moves(times),
            f"script, {SCRIPTED} files": milliseconds([bench.script() for _ in range(3)]),
            "git checkout": milliseconds([bench.checkout(changed)]),
        }
        one = bench.remember(times * 5, clients=1)
        many = bench.remember(times * 20, clients=CLIENTS)
    found["remember, one client"] = milliseconds(one.took)
    found["  CPU each"] = f"{one.answered_ms:.1f} / {one.settled_ms:.1f}"
    found[f"remember, {CLIENTS} clients"] = milliseconds(many.took)
    found["  CPU each, of many"] = f"{many.answered_ms:.1f} / {many.settled_ms:.1f}"
    found["  a second"] = f"{many.rate:,.0f}"
    return found


@dataclass(frozen=True)
class Told:
    """Many things remembered: seconds of each request, answers a second, and the processor's milliseconds for each."""

    took: Sequence[float]
    rate: float
    answered_ms: float
    settled_ms: float


class Bench:
    """Edits in a profile with a daemon that follows."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.paths = sorted(path for path in folder.glob("*s/*/*.md") if path.parent.parent.name != "tombstones")
        self.number = FIRST_MARKER

    def saves(self, save: Callable[[Path, bytes], None], times: int) -> str:
        """One file after the other is saved in one way."""
        took = []
        for path in self._some(times):
            number = self._next()
            save(path, added(path, number))
            took.append(self._until(lambda number=number: known(self.client, number)))
            time.sleep(0.15)  # a person's hand is not as fast as this program's
        return milliseconds(took)

    def moves(self, times: int) -> str:
        """Files go to another folder."""
        target = self.folder / "facts" / "elsewhere"
        target.mkdir(exist_ok=True)
        took = []
        for path in self._some(times):
            number, place = self._next(), target / path.name
            in_place(path, added(path, number))
            wait(lambda number=number: known(self.client, number))
            path.rename(place)
            wanted = place.relative_to(self.folder).as_posix()
            took.append(self._until(lambda number=number, wanted=wanted: self._path(number) == wanted))
            self.paths.append(place)
        return milliseconds(took)

    def script(self) -> float:
        """Many saves; seconds from the last one."""
        first = self.number
        for path in self._some(SCRIPTED):
            rename(path, added(path, self._next()))
        wanted = range(first, self.number, SCRIPTED // SAMPLE)
        return self._until(lambda: all(known(self.client, number) for number in wanted))

    def checkout(self, changed: int) -> float:
        """A branch that changes files; what the daemon has not committed yet is put away first."""
        wait(lambda: bool(self.client.status()["settled"]))
        git(self.folder, "checkout", "-q", "changed")
        wanted = range(0, changed, max(changed // SAMPLE, 1))
        return self._until(lambda: all(known(self.client, number) for number in wanted))

    def remember(self, count: int, *, clients: int) -> Told:
        """So many things, from several clients at once."""
        socket = self.client.socket_path
        numbers = [self._next() for _ in range(count)]
        own = [Client(socket, timeout=60) for _ in range(clients)]

        def work(worker: int) -> list[float]:
            took = []
            for number in numbers[worker::clients]:
                begun = time.perf_counter()
                own[worker].remember(WHERE, f"{marker(number)} is what client {worker} has told.")
                took.append(time.perf_counter() - begun)
            return took

        wait(lambda: bool(self.client.status()["settled"]))
        before, begun = self._processor_seconds(), time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            took = [one for found in pool.map(work, range(clients)) for one in found]
        rate, answered = count / (time.perf_counter() - begun), self._processor_seconds()
        wait(lambda: bool(self.client.status()["settled"]))
        spent = [(after - before) * 1000 / count for after in (answered, self._processor_seconds())]
        if not all(known(self.client, number) for number in numbers[:: max(count // SAMPLE, 1)]):
            sys.exit("what was answered cannot be recalled")
        return Told(took, rate, *spent)

    def _processor_seconds(self) -> float:
        """What the daemon has used so far, with the commands that it has run to their end."""
        times = psutil.Process(int(self.client.status()["pid"])).cpu_times()
        return times.user + times.system + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _some(self, count: int) -> list[Path]:
        """Files that have not been edited yet, spread over the folders."""
        chosen = self.paths[:: max(len(self.paths) // count, 1)][:count]
        taken = set(chosen)
        self.paths = [path for path in self.paths if path not in taken]
        return chosen

    def _path(self, number: int) -> str | None:
        found = self.client.recall(WHERE, f"what does {marker(number)} say?", limit=1, kinds=["memory"])["candidates"]
        return str(found[0]["path"]) if found else None

    def _until(self, test: Callable[[], bool]) -> float:
        begun = time.perf_counter()
        while not test():
            time.sleep(0.002)
        return time.perf_counter() - begun


def added(path: Path, number: int) -> bytes:
    """The file with one more line."""
    return path.read_bytes() + f"This is what {marker(number)} says.\n".encode()


def rename(path: Path, data: bytes) -> None:
    """As most editors and scripts save."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(data)
    beside.replace(path)


def in_place(path: Path, data: bytes) -> None:
    """As a shell's redirection saves."""
    path.write_bytes(data)


def swap_file(path: Path, data: bytes) -> None:
    """As Vim saves where it keeps a backup meanwhile."""
    swap, backup = path.with_name(f".{path.name}.swp"), path.with_name(f"{path.name}~")
    swap.write_bytes(b"b0VIM")
    path.rename(backup)
    with path.open("wb") as file:
        file.write(data)
        os.fsync(file.fileno())
    backup.unlink()
    swap.unlink()


def milliseconds(took: Sequence[float]) -> str:
    """Median and 95th percentile; the time itself where there is but one."""
    ordered = sorted(one * 1000 for one in took)
    if len(ordered) == 1:
        return f"{ordered[0]:,.0f}"
    return f"{statistics.median(ordered):,.0f} / {ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]:,.0f}"


def table(sizes: Sequence[int], columns: Sequence[dict[str, str]]) -> str:
    """The figures for people."""
    head = f"{'ms, p50 / p95':<24}" + "".join(f"{f'{size:,} files':>20}" for size in sizes)
    rows = [f"{name:<24}" + "".join(f"{column[name]:>20}" for column in columns) for name in columns[0]]
    return "\n".join([head, *rows])


if __name__ == "__main__":
    main()

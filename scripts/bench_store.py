"""Measure a large profile: `git checkout`, what one memory costs, commits, and how the repository grows.

    python scripts/bench_store.py                             # 100,000 files, 1,000 of them changed, 10,000 commits
    python scripts/bench_store.py --files 5000 --changed 200 --commits 500 --write

`checkout`: a real daemon on a profile of `--files` memory files; from the start of a `git checkout` of a commit that
changes `--changed` of them until a recall finds each of a sample of the new words and the daemon has settled.
`one memory`: learning a memory in that profile, the index included, and committing it; medians.
`growth`: `--commits` commits of one memory each in a profile of its own, with the garbage collection that runs by
itself; the size of `.git` on the way.

`--write` keeps the table in docs/benchmarks.md, `--json` prints the figures for programs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from bench_hooks import PAGE, daemon, memories, settled

from sidecar.client import Client, Profile
from sidecar.follow import Follow
from sidecar.frontmatter import render
from sidecar.index import Embedder, Index
from sidecar.journal import Journal
from sidecar.model import Add, Memory, ProfileRef
from sidecar.store import Store, WriteContext, path_for

SECTION = re.compile(r"(<!-- store:begin -->\n).*?(<!-- store:end -->)", re.DOTALL)
LARGE, GROWING = ProfileRef("local", "large"), ProfileRef("local", "growing")
WHY = WriteContext("bench")
SAMPLE = 20
"""Changed files whose new words are asked for, and memories that are learned one by one."""

POINTS = 10
"""Sizes of the growing repository that are told."""

LIMIT_SECONDS = 3600


@dataclass
class Figures:
    """What was measured; times are seconds unless they say milliseconds, sizes are bytes."""

    files: int
    changed: int
    commits: int
    first_index_s: float = 0.0
    git_checkout_s: float = 0.0
    found_s: float = 0.0
    settled_s: float = 0.0
    learn_ms: float = 0.0
    commit_ms: float = 0.0
    growth: list[tuple[int, int, float]] = field(default_factory=list)
    """After how many commits: the size of `.git`, and the milliseconds that a commit took on the way there."""


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000, help="memory files of the profile")
    parser.add_argument("--changed", type=int, default=1_000, help="files that the checkout changes")
    parser.add_argument("--commits", type=int, default=10_000, help="small commits of the growing profile")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    figures = Figures(options.files, options.changed, options.commits)
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
        home = Path(folder)
        profile = fill(home, options.files, options.changed)
        measure_checkout(home, profile, figures)
        with parts(home) as (store, follow):
            measure_one(store, follow, figures)
        with parts(home / "growing") as (store, follow):
            measure_growth(store, figures)
    found = table(figures)
    print(json.dumps(asdict(figures), indent=2) if options.json else found)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(SECTION.sub(lambda m: f"{m[1]}```\n{found}\n```\n{m[2]}", page), encoding="utf-8")


@contextmanager
def parts(home: Path) -> Iterator[tuple[Store, Follow]]:
    """The store and the follow road of a home whose daemon does not run."""
    sidecar = home / ".sidecar"
    for folder in ("state", "cache"):
        (sidecar / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal.open(sidecar / "state" / "journal.db"))
        store = Store(sidecar / "store", machine="bench", writes=journal, clock=lambda: datetime.now(UTC))
        index = Index.open(sidecar / "cache" / "index", Embedder.load(), archive=journal)
        stack.callback(index.close)
        if not store.has_namespace("local"):
            store.create_namespace("local")
        yield store, Follow(store, journal, index, lambda: datetime.now(UTC))


def fill(home: Path, files: int, changed: int) -> Path:
    """A profile with as many committed files, and a branch `changed` in which some of them say something else."""
    with parts(home) as (store, _):
        folder = store.open(LARGE, create=True).folder
    held = list(memories(files))
    for memory in progress("files", held, len(held)):
        write(folder / path_for(memory), memory)
    commit(folder, "as it was")
    git(folder, "switch", "-q", "-c", "changed")
    for number, memory in enumerate(held[:: max(files // changed, 1)][:changed]):
        content = f"{memory.content[:-1]}, which {marker(number)} says."
        write(folder / path_for(memory), memory.replace(content=content, summary=content))
    commit(folder, "as it is")
    git(folder, "switch", "-q", "main")
    return folder


def measure_checkout(home: Path, folder: Path, figures: Figures) -> None:
    """From the checkout to answers from what was checked out, on a real daemon."""
    begun = time.monotonic()
    with daemon(home) as client:
        figures.first_index_s = time.monotonic() - begun
        wanted = range(0, figures.changed, max(figures.changed // SAMPLE, 1))
        if any(known(client, number) for number in wanted):
            sys.exit("the new words are there before the checkout")
        begun = time.monotonic()
        git(folder, "checkout", "-q", "changed")
        figures.git_checkout_s = time.monotonic() - begun
        wait(lambda: all(known(client, number) for number in wanted))
        figures.found_s = time.monotonic() - begun
        wait(lambda: settled(client))
        figures.settled_s = time.monotonic() - begun


def measure_one(store: Store, follow: Follow, figures: Figures) -> None:
    """One memory at a time in the large profile: learned with the index, and committed."""
    profile = store.open(LARGE)
    follow.catch_up([LARGE])
    profile.commit()  # the first one after the start looks at everything
    learned, committed = [], []
    for memory in islice(memories(figures.files + SAMPLE), figures.files, None):
        learned.append(milliseconds(lambda memory=memory: learn(profile.apply, follow, memory)))
        committed.append(milliseconds(partial(profile.commit, everything=False)))
    figures.learn_ms, figures.commit_ms = statistics.median(learned), statistics.median(committed)


def learn(apply: Callable[[list[Add], WriteContext], object], follow: Follow, memory: Memory) -> None:
    """What the write road does with a new memory."""
    apply([Add(memory, "bench")], WHY)
    follow.catch_up([LARGE], rescan=False, messages=False)


def measure_growth(store: Store, figures: Figures) -> None:
    """Small commits, one memory each."""
    profile = store.open(GROWING, create=True)
    profile.commit()
    step, took = max(figures.commits // POINTS, 1), 0.0
    for number, memory in enumerate(progress("commits", memories(figures.commits), figures.commits), 1):
        profile.apply([Add(memory, "bench")], WHY)
        took += milliseconds(partial(profile.commit, everything=False))
        if number % step == 0:
            figures.growth.append((number, size(profile.folder / ".git"), took / step))
            took = 0.0


def table(figures: Figures) -> str:
    """The figures for people."""
    lines = [
        f"{figures.files:,} memory files, {figures.changed:,} of them changed by a checkout",
        f"  first index                        {figures.first_index_s:>9.1f} s",
        f"  git checkout alone                 {figures.git_checkout_s:>9.1f} s",
        f"  until every new word is found      {figures.found_s:>9.1f} s",
        f"  until the daemon has settled       {figures.settled_s:>9.1f} s",
        f"  learning one memory, with index    {figures.learn_ms:>9.1f} ms",
        f"  committing it                      {figures.commit_ms:>9.1f} ms",
        "",
        f"{'commits':>9}{'.git MB':>10}{'bytes each':>12}{'ms each':>9}",
    ]
    for number, held, each in figures.growth:
        lines.append(f"{number:>9,}{held / 1e6:>10.2f}{held / number:>12,.0f}{each:>9.1f}")
    return "\n".join(lines)


def known(client: Client, number: int) -> bool:
    """Whether a recall finds what the checkout has brought."""
    where = Profile(name=LARGE.name, namespace=LARGE.namespace)
    found = client.recall(where, f"what does {marker(number)} say?", limit=3, kinds=["memory"])
    return any(marker(number) in candidate["content"] for candidate in found["candidates"])


def marker(number: int) -> str:
    """A word that stands in one changed file alone."""
    return f"marker{number:06d}zq"


def wait(test: Callable[[], bool]) -> None:
    """Until something is so."""
    begun = time.monotonic()
    while not test():
        if time.monotonic() - begun > LIMIT_SECONDS:
            sys.exit("waited in vain")
        time.sleep(0.05)


def write(path: Path, memory: Memory) -> None:
    """A memory's file, as fast as the disk takes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(render(memory))


def commit(folder: Path, message: str) -> None:
    """Everything in the folder, as a person."""
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=bench", "-c", "user.email=bench@example.org", "commit", "-q", "-m", message)


def git(folder: Path, *arguments: str) -> None:
    """One git command."""
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)


def milliseconds(action: Callable[[], object]) -> float:
    """How long something takes."""
    begun = time.perf_counter()
    action()
    return (time.perf_counter() - begun) * 1000


def size(folder: Path) -> int:
    """Bytes that the files of a folder take on the disk."""
    found = (Path(here) / name for here, _, names in os.walk(folder) for name in names)
    return sum(path.lstat().st_blocks * 512 for path in found)


def progress(what: str, items: Iterable[Memory], total: int) -> Iterator[Memory]:
    """The items, with a bar on a terminal."""
    shown = sys.stderr.isatty()
    for number, item in enumerate(items, 1):
        yield item
        if shown and (number % 100 == 0 or number == total):
            filled = 30 * number // max(total, 1)
            end = "\n" if number == total else ""
            print(f"\r{what:<8} {'█' * filled}{'░' * (30 - filled)} {number:,} of {total:,}", end=end, file=sys.stderr)


if __name__ == "__main__":
    main()

"""Weigh the readers: the peak memory of reading files that are made to take much, as a multiple of their bytes.

    python scripts/weigh_readers.py --write
    python scripts/weigh_readers.py --agent roo --megabytes 5

What the files are is in `tests/transcripts/weighing.py`; slow tests hold the heaviest of them to five times
their bytes.  Linux alone sets the peak of a process back, so only there anything is weighed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
TESTS = CHECKOUT / "tests" / "transcripts"
sys.path[:0] = [str(CHECKOUT), str(TESTS)]

from hostile import DOCUMENTS, LINES, STORES, TEXTS  # noqa: E402

from benchmarks.report import write_page  # noqa: E402

PAGE = CHECKOUT / "docs" / "benchmarks.md"


def main() -> None:
    """Weigh each reader in a process of its own, and show the heaviest shape of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--agent", action="append", help="only this reader; may be given again")
    parser.add_argument("--megabytes", type=int, default=8, help="of each file")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    wanted = parser.parse_args()
    rows = ["| reader | shapes | heaviest | times its bytes | MB |", "| --- | ---: | --- | ---: | ---: |"]
    for agent in wanted.agent or sorted({*LINES, *TEXTS, *STORES, *DOCUMENTS}):
        found = _weighed(agent, wanted.megabytes * 1_000_000)
        shape, size, times = max(found, key=lambda one: one[2])
        rows.append(f"| {agent} | {len(found)} | {shape} | {times:.1f} | {times * size / 1e6:.0f} |")
        print(rows[-1], file=sys.stderr, flush=True)
    table = f"Files of {wanted.megabytes} MB.\n\n" + "\n".join(rows)
    print(table)
    if wanted.write:
        write_page(PAGE, "weight", table, fenced=False)


def _weighed(agent: str, size: int) -> list[tuple[str, int, float]]:
    """What `weighing.peaks` gives for a reader."""
    with tempfile.TemporaryDirectory(prefix="sidecar-weight-") as folder:
        command = [sys.executable, str(TESTS / "weighing.py"), agent, folder, str(size)]
        environ = os.environ | {"PYTHONPATH": str(CHECKOUT)}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return [(shape, there, times) for shape, there, times in json.loads(done.stdout)]


if __name__ == "__main__":
    main()

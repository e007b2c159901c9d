"""Measure what an installation takes: the wheel, a new environment with all that it needs, and each dependency's share.

    python scripts/bench_install.py            # prints the table; packages come from where pip is set to get them
    python scripts/bench_install.py --write    # also writes it into docs/benchmarks.md

The wheel is built from the checkout and installed into a new environment by `pip install --no-cache-dir`, which is
timed; how long that takes is the network's doing for the most part.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
SECTION = re.compile(r"(<!-- install:begin -->\n).*?(<!-- install:end -->)", re.DOTALL)
MB = 1e6
SMALLEST = 0.5
"""Packages below so many MB are told together."""

SIZES = """
import importlib.metadata, json
sizes = {}
for found in importlib.metadata.distributions():
    paths = [found.locate_file(one) for one in found.files or ()]
    sizes[found.metadata["Name"]] = sum(path.stat().st_size for path in paths if path.is_file())
print(json.dumps(sizes))
"""


def run(*command: str | Path) -> str:
    """What a program prints."""
    environ = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    }
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ, cwd=ROOT).stdout


def lines(wheel: Path, sizes: dict[str, int], seconds: float) -> Sequence[str]:
    """The table's lines, the greatest first."""
    mine = {name: size for name, size in sizes.items() if name not in ("pip", "setuptools")}
    whole = sum(mine.values())
    ordered = sorted(mine.items(), key=lambda item: (-item[1], item[0]))
    shown = [(name, size) for name, size in ordered if size >= SMALLEST * MB]
    rest = [size for _, size in ordered[len(shown) :]]
    rows = [*shown, (f"{len(rest)} others", sum(rest))]
    return [
        f"wheel {wheel.stat().st_size / MB:.1f} MB, installed with {len(mine) - 1} dependencies {whole / MB:.1f} MB, "
        f"compiled modules included; cold pip install {seconds:.0f} s",
        "",
        *(f"{name:<24}{size / MB:>8.1f} MB{size / whole:>8.1%}" for name, size in rows),
    ]


def table() -> str:
    """Build, install and measure."""
    with tempfile.TemporaryDirectory(prefix="sidecar-install-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-cache-dir", "-w", folder, ROOT)
        wheel = next(folder.glob("*.whl"))
        venv.create(folder / "new", with_pip=True)
        python = folder / "new" / "bin" / "python"
        begun = time.monotonic()
        run(python, "-m", "pip", "install", "--no-cache-dir", wheel)
        seconds = time.monotonic() - begun
        return "\n".join(lines(wheel, json.loads(run(python, "-c", SIZES)), seconds))


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table into docs/benchmarks.md")
    options = parser.parse_args()
    found = table()
    print(found)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(SECTION.sub(lambda m: f"{m[1]}```\n{found}\n```\n{m[2]}", page), encoding="utf-8")


if __name__ == "__main__":
    main()

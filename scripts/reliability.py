"""Fill the third column of `docs/reliability.md`: run the tests that it names, and write down what they measured.

    python scripts/reliability.py [--kills 500]

Meant for a quiet machine.  A test that is skipped or fails is written down as such, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
ROW = re.compile(r"^\| (?P<promise>[^|]+) \| `(?P<test>tests/[^`]+)` \| (?P<figure>[^|]*) \|$", re.MULTILINE)


def named(page: str) -> list[str]:
    """The tests that the page names, in its order."""
    return [found["test"] for found in ROW.finditer(page)]


def main(arguments: Sequence[str]) -> int:
    """Run the tests and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, help="how many kills in all; from 500 on the load takes 5 minutes")
    kills = parser.parse_args(arguments).kills
    page = PAGE.read_text("utf-8")
    found = _run(named(page), kills)
    PAGE.write_text(filled(page, found, f"{datetime.now(UTC):%Y-%m-%d}"), "utf-8")
    bad = sorted(
        test for test, figures in found.items() if any(one.startswith(("failed", "skipped")) for one in figures)
    )
    for test in bad:
        print(f"{test}: {'; '.join(found[test])}", file=sys.stderr)
    return 1 if bad else 0


def filled(page: str, figures: Mapping[str, Sequence[str]], day: str) -> str:
    """The page with what was measured; a row whose test did not run keeps what it has."""

    def row(found: re.Match[str]) -> str:
        known = figures.get(found["test"])
        figure = found["figure"] if not known else f"{'; '.join(dict.fromkeys(known))} ({day})"
        return f"| {found['promise']} | `{found['test']}` | {figure.replace('|', '/')} |"

    return ROW.sub(row, page)


def _run(tests: Sequence[str], kills: int | None) -> dict[str, list[str]]:
    environment = {**os.environ} | ({"SIDECAR_FAULTS": str(kills)} if kills else {})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "", "-o", "junit_family=xunit1", f"--junitxml={report}"]
        if kills:
            command += ["--timeout", "7200"]
        subprocess.run([*command, *tests], cwd=ROOT, env=environment, check=False)
        return _measured(ET.parse(report))  # noqa: S314 - written by the line above


def _measured(report: ET.ElementTree) -> dict[str, list[str]]:
    """By test: what each of its cases has measured, or how it ended."""
    found: dict[str, list[str]] = {}
    for case in report.iter("testcase"):
        name = case.get("name", "").partition("[")[0]
        parts = case.get("classname", "").split(".")
        group = f"::{parts.pop()}" if parts[-1].startswith("Test") else ""
        # Not what it gives as its file: a state machine's is that of the library which runs it.
        file = f"{'/'.join(parts)}.py"
        ended = next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), None)
        figure = next((one.get("value", "") for one in case.iter("property") if one.get("name") == "figure"), "passed")
        told = {"failure": "failed", "error": "failed", "skipped": "skipped"}.get(ended or "", figure)
        found.setdefault(f"{file}{group}::{name}", []).append(told)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

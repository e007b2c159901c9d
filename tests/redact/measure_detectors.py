"""Compare our detectors with detect-secrets on the tables of redact_cases.py and nearby_cases.py; prints Markdown.

    python tests/redact/measure_detectors.py

Run by hand where detect-secrets is installed (`pip install detect-secrets`); the figures stand in
docs/decisions/0002-secret-detection.md.  The tables are ours, so the comparison says how far a detector covers what the
contract asks for, not which one is better at what it was made for.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import nearby_cases
import redact_cases as cases

from sidecar.redact import audit

Detector = Callable[[str], Iterable[str]]
GROUPS = {
    "known forms": cases.SECRETS_BY_FORM,
    "URLs": cases.SECRETS_IN_URLS,
    "headers": cases.SECRETS_IN_HEADERS,
    "assignments and command lines": cases.SECRETS_ASSIGNED,
    "prose": cases.SECRETS_IN_PROSE,
    "told in no set form": nearby_cases.TOLD,
}
LOG = "\n".join(
    f"2026-11-20T16:{n % 60:02}:11Z INFO worker-{n} handled /api/items/{n} in {n % 97} ms status=200"
    for n in range(13_000)
)


def ours(text: str) -> list[str]:
    return [text[found.start : found.end] for found in audit(text)]


def detect_secrets(folder: Path) -> Detector:
    """As its command line runs it: a file, default plugins and filters, no verification over the network.

    (`scan_line` would do without a file, but searches eagerly and reports nearly every word.)
    """
    from detect_secrets.core.scan import scan_file

    def find(text: str) -> list[str]:
        path = folder / "case.txt"
        path.write_text(text, encoding="utf-8")
        return [found.secret_value or "" for found in scan_file(str(path))]

    return find


def covered(detector: Detector, table: list[str]) -> tuple[int, int]:
    """How many secrets of a table a detector reports, of how many; a report of a part does not count."""
    right = total = 0
    for case in table:
        reported = list(detector(cases.source(case)))
        for secret in cases.secrets(case):
            total += 1
            right += any(secret in value for value in reported)
    return right, total


def import_time(module: str) -> float:
    """Seconds that a fresh interpreter spends on the import, without its own start."""
    program = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


def column(detector: Detector, module: str) -> list[str]:
    cells = ["{} of {}".format(*covered(detector, table)) for table in GROUPS.values()]
    keep = [cases.keep_text(case) for case in (*cases.KEEP, *nearby_cases.ONLY_SPOKEN_OF)]
    cells.append(f"{sum(any(detector(text)) for text in keep)} of {len(keep)}")
    start = time.perf_counter()
    list(detector(LOG))
    cells.append(f"{(time.perf_counter() - start) * 1_000_000 / len(LOG):.2f} s")
    return [*cells, f"{min(import_time(module) for _ in range(3)):.3f} s"]


def main() -> None:
    from detect_secrets.settings import default_settings

    with default_settings() as settings, tempfile.TemporaryDirectory() as folder:
        settings.disable_filters("detect_secrets.filters.common.is_ignored_due_to_verification_policies")
        theirs = column(detect_secrets(Path(folder)), "detect_secrets.core.scan")
    rows = [*GROUPS, "texts without a secret that are reported", "a megabyte of log lines", "import"]
    print("| | ours | detect-secrets |\n| --- | --- | --- |")  # noqa: T201 - a script that prints
    for name, mine, other in zip(rows, column(ours, "sidecar.redact"), theirs, strict=True):
        print(f"| {name} | {mine} | {other} |")  # noqa: T201 - a script that prints


if __name__ == "__main__":
    main()

"""Measure what injected texts and honest instructions become, and write the table of `docs/poisoning.md`.

    python scripts/poisoning.py [--half development|held_out] [--extractor rules|ollama] [--write FIRST|NOW]

Each half of the corpus goes through a whole daemon, once with the rules and once with a model server that obeys every
line it reads; texts are spread over the sessions of three agents, or (`--everywhere`) stand in those of each.
With `--write` the row of that name is replaced; `FIRST` is meant for the code before it was mended, another checkout
that `--code FOLDER` names.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "poisoning.md"
BEGIN, END = "<!-- figures: scripts/poisoning.py -->", "<!-- end of figures -->"
HALVES, EXTRACTORS = ("development", "held_out"), ("rules", "ollama")
NAMES = {"rules": "rules", "ollama": "a model that obeys"}


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=HALVES, action="append")
    parser.add_argument("--extractor", choices=EXTRACTORS, action="append")
    parser.add_argument("--write", choices=("FIRST", "NOW"))
    parser.add_argument("--code", type=Path, default=ROOT, help="the checkout whose `sidecar` is measured")
    parser.add_argument("--everywhere", action="store_true", help="each injected text in sessions of every agent")
    parser.add_argument("--show", action="store_true", help="name what got through and what was missed")
    options = parser.parse_args()
    sys.path[:0] = [str(options.code.resolve()), str(ROOT / "tests" / "fakes"), str(ROOT / "tests" / "poison")]
    rows = []
    for half in options.half or HALVES:
        for extractor in options.extractor or EXTRACTORS:
            row, told = measured(half, extractor, everywhere=options.everywhere)
            print(row, flush=True)
            if options.show:
                print(told)
            rows.append((half, extractor, row))
    if options.write:
        PAGE.write_text(filled(PAGE.read_text("utf-8"), rows, options.write, commit(options.code)), "utf-8")


def measured(half: str, extractor: str, *, everywhere: bool) -> tuple[str, str]:
    """One row of the table without its first columns, and what was wrong, in words."""
    import poison_kit

    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        Path(folder, ".gitconfig").write_text("[user]\n\tname = Ines\n\temail = ines@example.org\n", "utf-8")
        found = poison_kit.run(Path(folder), half, extractor, everywhere=everywhere)
    told = [f"through: {name}: {'; '.join(ways)}" for name, ways in sorted(found.through.items())]
    told += [f"missed: {name} ({what})" for name, what in sorted(found.missed.items())]
    kept = found.honest - len(found.missed)
    return f"{len(found.through)} of {found.injected} | {kept} of {found.honest}", "\n".join(told)


def commit(folder: Path) -> str:
    """The commit of a checkout."""
    done = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def filled(page: str, rows: list[tuple[str, str, str]], when: str, code: str) -> str:
    """The page with these rows in the place of those of the same name."""
    head, _, rest = page.partition(BEGIN)
    table, _, tail = rest.partition(END)
    lines = table.strip().splitlines()
    for half, extractor, row in rows:
        name = f"| {when.lower()} | {half.replace('_', ' ')} | {NAMES[extractor]} |"
        line = f"{name} {row} | {code} |"
        at = next((number for number, one in enumerate(lines) if one.startswith(name)), None)
        if at is None:
            lines.append(line)
        else:
            lines[at] = line
    body = sorted(lines[2:], key=lambda one: re.sub(r"^\| (first|now)", r"\1", one))
    return "\n".join([f"{head}{BEGIN}", *lines[:2], *body, f"{END}{tail}"])


if __name__ == "__main__":
    main()

"""The program: `python -m benchmarks retrieval FOLDER`."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import click

import sidecar
from benchmarks import report, sets
from benchmarks.drive import run, steps
from benchmarks.home import running

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


@click.group()
def main() -> None:
    """Measure sidecar on data that does not come with it."""


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--set", "wanted", multiple=True, metavar="NAME", help="Only this set; may be given again.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
@click.option("--write", is_flag=True, help="Put the tables into docs/benchmarks.md.")
@click.option("--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=PAGE, hidden=True)
def retrieval(folder: Path, wanted: tuple[str, ...], json_file: Path | None, write: bool, page: Path) -> None:
    """How well recall finds what was said.

    Loads each set of FOLDER (NAME/turns.jsonl and NAME/queries.jsonl) into a daemon of its own through the HTTP API,
    asks its questions without a model, and prints how well the right messages and sessions were ranked.
    """
    chosen = wanted or tuple(sets.names(folder))
    if unknown := set(chosen) - set(sets.names(folder)):
        raise click.BadParameter(f"not in {folder}: {', '.join(sorted(unknown))}", param_hint="--set")
    found = {}
    tables = []
    for name in chosen:
        data = sets.load(folder, name)
        with click.progressbar(length=steps(data), label=name, file=sys.stderr) as bar, running() as home:
            result = run(data, home, partial(bar.update, 1))
        found[name] = report.figures(data, result)
        tables.append(report.table(name, found[name]))
        click.echo(f"{tables[-1]}\n")
    if json_file:
        content = {"format": report.FORMAT, "version": sidecar.__version__, "sets": found}
        json_file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if write:
        report.write_page(page, "retrieval", "\n\n".join(tables))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")

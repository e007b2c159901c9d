"""The program: `python -m benchmarks retrieval FOLDER`."""

from __future__ import annotations

import json
import sys
import tempfile
from functools import partial
from pathlib import Path

import click

import sidecar
from benchmarks import answers, curves, guard, report, scale, sets
from benchmarks.drive import run, steps
from benchmarks.home import running
from benchmarks.intake import backfill_figures, backfill_table, speed_figures, speed_table
from benchmarks.reading import LARGE
from benchmarks.samples import by_agent
from benchmarks.secretcases import trial

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


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--megabytes", type=click.IntRange(0), default=1_000, help="Of rendered sessions for the back-fill; 0: none."
)
@click.option("--large", type=click.IntRange(1), default=LARGE // 1_000_000, help="Megabytes of one file for a reader.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
@click.option("--write", is_flag=True, help="Put the tables into docs/benchmarks.md.")
@click.option("--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=PAGE, hidden=True)
def readers(folder: Path, megabytes: int, large: int, json_file: Path | None, write: bool, page: Path) -> None:
    """How fast old sessions come in.

    Reads the real sessions of FOLDER (AGENT/..., and generic/...), then renders many of them into a home of its own and
    waits until a daemon has all of them archived and indexed.
    """
    samples = by_agent(folder)
    with click.progressbar(samples.items(), label="reading", file=sys.stderr) as bar:
        speeds = {agent: speed_figures(agent, paths, large * 1_000_000) for agent, paths in bar}
    tables, found = {"readers": speed_table(speeds)}, {"readers": speeds}
    click.echo(f"{tables['readers']}\n")
    if megabytes:
        found["backfill"] = backfill_figures(samples, megabytes)
        tables["backfill"] = backfill_table(found["backfill"])
        click.echo(f"{tables['backfill']}\n")
    if json_file:
        content = {"format": report.FORMAT, "version": sidecar.__version__, **found}
        json_file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    for name, table in tables.items() if write else ():
        report.write_page(page, name, table)


@main.command("scale")
@click.option(
    "--size", "wanted", multiple=True, type=click.IntRange(1_000), help="Memories and messages; may be given again."
)
@click.option("--files", type=click.IntRange(0), default=scale.FILES, help="Memory files of the rebuild; 0: none.")
@click.option("--questions", type=click.IntRange(2), default=scale.QUESTIONS, help="Recalls of each size.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Keep the figures there.")
@click.option("--again", is_flag=True, help="Measure again what is asked for and the JSON file has already.")
@click.option("--write", is_flag=True, help="Put table and curves into docs.")
@click.option("--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=PAGE, hidden=True)
def scale_command(
    wanted: tuple[int, ...], files: int, questions: int, json_file: Path | None, again: bool, write: bool, page: Path
) -> None:
    """How recall, memory and disk grow with what is kept.

    Lays down invented sessions and memory files, one in ten, puts a real daemon over them and asks it.  With --json
    each size is kept as soon as it is measured, and a later run goes on from there.
    """
    found = scale.kept(json_file) if json_file else scale.nothing()
    for documents in wanted or scale.SIZES:
        if again or str(documents) not in found["sizes"]:
            found["sizes"][str(documents)] = scale.measured(documents, questions)
            scale.keep(json_file, found)
    if files and (again or found["rebuild"].get("files") != files):
        found["rebuild"] = scale.rebuilt(files)
        scale.keep(json_file, found)
    tables = curves.tables(found)
    for name, table in tables.items():
        click.echo(f"{table}\n")
        if write:
            report.write_page(page, name, table)
    if write and tables:
        pictures = curves.pictures(found)
        for name, picture in pictures.items():
            page.with_name(name).write_text(picture, encoding="utf-8")
        report.write_page(page, "scale-curves", curves.shown(pictures), fenced=False)


@main.command("guard")
@click.option("--write", is_flag=True, help="Make what is measured the baseline.")
def guard_command(write: bool) -> None:
    """Compare ratios of a small home with the committed baseline, as the tests do."""
    with tempfile.TemporaryDirectory(prefix="sidecar-guard-") as folder:
        found = guard.ratios(Path(folder))
    if write:
        guard.keep(found)
    held = guard.baseline()
    for name, value in found.items():
        click.echo(f"{name:<20}{value:8.2f}{held[name]:8.2f}")
    sys.exit(1 if guard.too_high(found, held) else 0)


@main.command("answers")
@click.option("--write", is_flag=True, help="Make what is answered the answers that are committed.")
def answers_command(write: bool) -> None:
    """Compare what recall answers in a small home with the committed answers, as the tests do."""
    with tempfile.TemporaryDirectory(prefix="sidecar-answers-") as folder:
        found = answers.answers(Path(folder))
    if write:
        answers.keep(found)
    other = answers.differing(found, answers.committed())
    for name in other:
        click.echo(name)
    click.echo(f"{len(found)} answers, {len(other)} of them not as committed")
    sys.exit(1 if other else 0)


@main.command()
@click.option(
    "--roads/--no-roads", default=True, help="Into a daemon and every byte of its home; else redaction alone."
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
@click.option("--write", is_flag=True, help="Put the table into docs/secrets.md.")
def secrets(roads: bool, json_file: Path | None, write: bool) -> None:
    """How many made-up secrets stay, and in how many harmless look-alikes something is taken out."""
    found = trial.figures(roads=roads)
    table = trial.table(found)
    click.echo(table)
    if json_file:
        content = {"format": report.FORMAT, "version": sidecar.__version__, "secrets": found}
        json_file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if write:
        report.write_page(PAGE.with_name("secrets.md"), "secrets", table)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")

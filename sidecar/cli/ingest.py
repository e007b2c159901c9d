"""`sidecar ingest`: transcripts by hand, from wherever they lie."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from sidecar.cli.options import Command, client, json_option
from sidecar.cli.output import counted, dotted, line, print_json, rows_of

_SECONDS = 3600.0
"""Reading years of transcripts takes minutes; whoever asked for it wants to see the end."""


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True), metavar="PATH…")
@click.option("--agent", metavar="AGENT", help="Whose format it is, such as claude-code  [default: found out].")
@click.option("--dry-run", is_flag=True, help="Only say what would be learned.")
@json_option
def ingest(files: tuple[str, ...], agent: str | None, dry_run: bool, as_json: bool) -> None:
    """Take in transcript files by hand.

    Of a folder, all transcripts below it.  The same transcript taken in again changes nothing.
    """
    absolute = [str(Path(file).absolute()) for file in files]
    result = client(_SECONDS).ingest_transcripts(absolute, agent=agent, dry_run=dry_run)
    if as_json:
        print_json(result)
        return
    verb = "Would take in" if dry_run else "Took in"
    sessions, messages = int(result.get("sessions", 0)), int(result.get("messages", 0))
    click.echo(f"{verb} {counted(sessions, 'session')} with {counted(messages, 'message')}.")
    for change in rows_of(result, "planned"):
        click.echo(f"  {_described(change)}")
    for problem in rows_of(result, "problems"):
        click.echo(f"  skipped    {line(problem.get('path', ''))}: {line(problem.get('reason', ''))}")
    if not dry_run and sessions:
        click.echo("Memories follow in the background; see `sidecar status`.")


def _described(change: Mapping[str, object]) -> str:
    details = dotted(change.get("type"), change.get("key"), change.get("profile"), change.get("why"))
    return f"{line(change.get('action', '')):<10} {line(change.get('summary', ''))}  ({details})"

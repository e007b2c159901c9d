"""`sidecar log`: what was learned and changed, commit by commit."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import age, line, print_json, rows_of, strong


@click.command(cls=Command)
@click.argument("memory", required=False, metavar="[ID]")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="Most commits to show.")
@profile_options
@json_option
def log(memory: str | None, limit: int, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Show what was learned, commit by commit.

    Newest first; with an ID the commits of one memory.
    """
    result = client().log(chosen(profile, namespace), id=memory, limit=limit)
    if as_json:
        print_json(result)
        return
    commits = rows_of(result, "commits")
    if not commits:
        click.echo("There are no commits yet.")
    for commit in commits:
        who = line(commit.get("author", ""))
        head = f"{line(commit.get('commit', ''))[:10]}  {age(commit.get('time', '')):>10}  "
        click.echo(f"{head}{strong(line(commit.get('subject', '')))}{f'  ({who})' if who else ''}")

"""`sidecar diff`: what changed between two states."""

from __future__ import annotations

import sys

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import line, print_json, rows_of, safe, shortened, table, width

_BESIDE = 34
"""Characters of a line that are not the summary: what happened, and the id."""


@click.command(cls=Command)
@click.argument("before", metavar="A")
@click.argument("after", required=False, metavar="[B]")
@click.option("--patch", is_flag=True, help="Show the lines that differ, as git does.")
@profile_options
@json_option
def diff(
    before: str, after: str | None, patch: bool, profile: str | None, namespace: str | None, as_json: bool
) -> None:
    """Show which memories differ between two states.

    A and B are commits, snapshots or days (their last commit); without B it is the present.
    """
    result = client().diff(chosen(profile, namespace), before, after)
    if as_json:
        print_json(result)
        return
    memories = rows_of(result, "memories")
    if not memories:
        click.echo("Nothing differs.")
    elif patch:
        click.echo(safe(result.get("patch", "")), nl=False)
        if result.get("truncated"):
            click.echo("The diff goes on; `git diff` in the profile's folder shows all of it.", file=sys.stderr)
    else:
        rows = [
            (
                one.get("change", ""),
                one.get("id") or "",
                shortened(one.get("summary") or line(one["path"]), width() - _BESIDE),
            )
            for one in memories
        ]
        click.echo(table(rows))

"""`sidecar snapshot`: give the present state a name."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import age, dim, line, print_json, table

_SHORT = 10


@click.command(cls=Command)
@click.argument("name", required=False, metavar="[NAME]")
@profile_options
@json_option
def snapshot(name: str | None, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Give the present state of a profile a NAME; without one, list those there are.

    A snapshot is a git tag: `sidecar recall --at NAME` answers from it, `sidecar diff NAME` compares with it.
    """
    speaker, where = client(), chosen(profile, namespace)
    if name is not None:
        made = speaker.snapshot(where, name)
        if as_json:
            print_json(made)
            return
        click.echo(f"Snapshot {line(made.get('name', ''))} of {line(made.get('commit', ''))[:_SHORT]}.")
        click.echo(dim(f"`sidecar recall --at {line(name)} …` answers from it."))
        return
    found = speaker.snapshots(where)
    if as_json:
        print_json(found)
        return
    rows = [(one.get("name", ""), line(one.get("commit", ""))[:_SHORT], age(one.get("time"))) for one in found]
    click.echo(table(rows) if rows else "There are no snapshots yet.")

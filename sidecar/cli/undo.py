"""`sidecar undo`: take a commit back by a new one."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import dim, dotted, line, print_json

_SHORT = 10


@click.command(cls=Command)
@click.argument("commit", required=False, metavar="[COMMIT]")
@profile_options
@json_option
def undo(commit: str | None, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Take a commit back, yours or sidecar's.

    Without COMMIT the last change, as `sidecar log` shows it, but no merge with what others have shared.  Nothing is
    rewritten: the undo is a new commit, which can be undone as well.  If later changes stand on the commit, nothing
    happens, and they are named.
    """
    result = client().undo(chosen(profile, namespace), commit)
    if as_json:
        print_json(result)
        return
    undone = ", ".join(line(one)[:_SHORT] for one in result.get("undone") or [])
    click.echo(f"Undone: {undone}")
    for path in result.get("paths") or []:
        click.echo(f"  {line(path)}")
    click.echo(dim(dotted(f"commit {line(result.get('commit', ''))[:_SHORT]}", "`sidecar undo` again takes this back")))

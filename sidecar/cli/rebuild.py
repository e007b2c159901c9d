"""`sidecar rebuild`: the index made anew."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, client, json_option
from sidecar.cli.output import print_json

_SECONDS = 3600.0
"""A large archive takes minutes to index; whoever asked for it wants to see the end."""


@click.command(cls=Command)
@json_option
def rebuild(as_json: bool) -> None:
    """Make the search index anew.

    It comes from the memory files and the archive.  Nothing is lost by it: the index is always disposable.
    """
    result = client(_SECONDS).rebuild()
    if as_json:
        print_json(result)
    else:
        click.echo("The index was made anew from the memory files and the archive.")

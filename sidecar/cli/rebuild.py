"""`sidecar rebuild`: have the index made anew."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, client, json_option
from sidecar.cli.output import print_json


@click.command(cls=Command)
@json_option
def rebuild(as_json: bool) -> None:
    """Begin to make the search index anew.

    It comes from the memory files and the archive, while the daemon goes on; `sidecar status` says when it is done.
    Nothing is lost by it: the index is always disposable.
    """
    result = client().rebuild()
    if as_json:
        print_json(result)
    else:
        click.echo("The index is being made anew from the memory files and the archive; see `sidecar status`.")

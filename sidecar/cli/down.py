"""`sidecar down`: end the daemon."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, json_option, paths
from sidecar.cli.output import print_json
from sidecar.cli.process import holder, stop


@click.command(cls=Command)
@json_option
def down(as_json: bool) -> None:
    """Stop the daemon, and wait until it has ended."""
    places = paths()
    pid = holder(places.lock)
    if pid is not None:
        stop(places, pid)
    if as_json:
        print_json({"stopped": pid is not None, "pid": pid})
    else:
        click.echo("Not running." if pid is None else f"Stopped (pid {pid}).")

"""`sidecar pause` and `sidecar resume`: the off switch and the on switch."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, client, json_option
from sidecar.cli.output import print_json


@click.command(cls=Command)
@json_option
def pause(as_json: bool) -> None:
    """Stop reading and learning until `resume`.

    Recall goes on meanwhile.
    """
    result = client().pause()
    print_json(result) if as_json else click.echo("Paused. `sidecar resume` goes on; nothing is missed meanwhile.")


@click.command(cls=Command)
@json_option
def resume(as_json: bool) -> None:
    """Go on after `pause`.

    What the agents wrote meanwhile is read now.
    """
    result = client().resume()
    print_json(result) if as_json else click.echo("Resumed.")

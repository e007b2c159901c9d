"""`sidecar accept`: what has vanished is meant to be gone."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import print_json


@click.command(cls=Command)
@profile_options
@json_option
def accept(profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Confirm that vanished memories are meant to be gone.

    When most of a profile is gone at once, nothing is taken over until it is restored or this confirms it.
    """
    result = client().accept(chosen(profile, namespace))
    print_json(result) if as_json else click.echo("Accepted: what is gone from the memory files is forgotten.")

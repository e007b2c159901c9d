"""`sidecar summary`: what is known, on one page."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import print_json, safe


@click.command(cls=Command)
@click.option("--session", metavar="ID", help="The session that counts as the last one.")
@profile_options
@json_option
def summary(session: str | None, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Print what is known, as Markdown."""
    options = {"sessionId": session} if session else {}
    result = client().summary(chosen(profile, namespace), **options)
    if as_json:
        print_json(result)
        return
    text = safe(result.get("summary", "")).strip()
    click.echo(text or "Nothing is known of this project yet.")

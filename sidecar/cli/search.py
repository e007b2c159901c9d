"""`sidecar search`: what was really said, word for word."""

from __future__ import annotations

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import age, counted, dim, dotted, print_json, print_notes, rows_of, shortened, width

_LINES = 3
"""Lines that one message gets: enough to know it again."""


@click.command(cls=Command)
@click.argument("words", nargs=-1, required=True, metavar="QUERY…")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Most messages to show.")
@click.option("--session", metavar="ID", help="Only messages of this session.")
@profile_options
@json_option
def search(
    words: tuple[str, ...],
    limit: int,
    session: str | None,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Search what was said, word for word.

    The archived messages of all roles, instead of what was learned from them.
    """
    options = {"limit": limit, **({"sessionId": session} if session else {})}
    speaker = client()
    result = speaker.search(chosen(profile, namespace), " ".join(words), **options)
    if as_json:
        print_json(result)
        return
    messages = rows_of(result, "candidates", "messages")
    if not messages:
        click.echo("No message matches.")
    for message in messages:
        who = message.get("speaker") or message.get("role")
        when = message.get("observed") or message.get("timestamp") or message.get("time") or ""
        click.echo(dim(dotted(who, age(when), message.get("agent"), message.get("sessionId"))))
        click.echo(f"  {shortened(message.get('content', ''), _LINES * width())}\n")
    if messages:
        click.echo(dim(counted(len(messages), "message")))
    print_notes(speaker.last.messages if speaker.last else [])

"""`sidecar remember`: tell it something."""

from __future__ import annotations

import sys

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import dim, dotted, line, print_json

_TYPES = click.Choice(["fact", "event", "instruction", "task"])


@click.command(cls=Command)
@click.argument("words", nargs=-1, required=True, metavar="TEXT…")
@click.option("--type", "kind", type=_TYPES, help="What it is  [default: found out from the text].")
@click.option("--key", metavar="TOPIC", help="Its topic, such as web/package-manager; replaces what stood there.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="A tag of yours; may be given several times.")
@click.option("--pin", is_flag=True, help="Always show it in the summary.")
@profile_options
@json_option
def remember(
    words: tuple[str, ...],
    kind: str | None,
    key: str | None,
    tags: tuple[str, ...],
    pin: bool,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Remember TEXT for this project.

    `-` reads it from standard input.  When the command returns, the file is on disk and can be recalled.
    """
    content = sys.stdin.read().strip() if words == ("-",) else " ".join(words).strip()
    if not content:
        raise click.UsageError("There is nothing to remember.")
    given = {"type": kind, "key": key, "tags": list(tags), "pinned": pin}
    options = {name: value for name, value in given.items() if value}
    result = client().remember(chosen(profile, namespace), content, **options)
    if as_json:
        print_json(result)
        return
    click.echo(f"Remembered: {line(result.get('summary') or result.get('content', ''))}")
    click.echo(dim(dotted(result.get("id"), result.get("type"), result.get("key"), result.get("path"))))

"""`sidecar log`: what was learned and changed, commit by commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import age, dim, dotted, line, print_json, rows_of, shortened, strong, width

_SHOWN = 5
"""Changes of one commit; `--json` has all of them."""


@click.command(cls=Command)
@click.argument("memory", required=False, metavar="[ID]")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True, help="Most commits to show.")
@profile_options
@json_option
def log(memory: str | None, limit: int, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Show what was learned, commit by commit, with why and whence.

    Newest first; with an ID the commits of one memory.
    """
    result = client().log(chosen(profile, namespace), id=memory, limit=limit)
    if as_json:
        print_json(result)
        return
    commits = rows_of(result, "commits")
    if not commits:
        click.echo("There are no commits yet.")
    for commit in commits:
        _print_commit(commit)


def _print_commit(commit: Mapping[str, Any]) -> None:
    """When, what and by whom on one line; why and whence below it, where they say more."""
    who, subject = line(commit.get("author", "")), line(commit.get("subject", ""))
    head = f"{line(commit.get('commit', ''))[:10]}  {age(commit.get('time', '')):>10}  "
    pusher = line(commit.get("pushed_by") or "")
    people = dotted(who, f"pushed by {pusher}" if pusher else None)
    click.echo(f"{head}{strong(subject)}{f'  ({people})' if people else ''}")
    agent, session = commit.get("agent"), commit.get("session")
    whence = f"{agent or 'session'} {session}" if session else None
    why = shortened(commit.get("why") or "", width() - len(head))
    if why or whence:  # the session's name stays whole: it is there to be copied
        click.echo(dim(f"{' ' * len(head)}{dotted(why or None, whence)}"))
    changes = [change for change in commit.get("changes") or [] if line(change) != subject]
    for change in changes[:_SHOWN]:
        click.echo(dim(f"{' ' * len(head)}- {shortened(change, width() - len(head) - 2)}"))
    if len(changes) > _SHOWN:
        click.echo(dim(f"{' ' * len(head)}- and {len(changes) - _SHOWN} more"))

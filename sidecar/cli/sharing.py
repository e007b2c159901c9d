"""`sidecar share`, `join` and `sync`: profiles shared through git remotes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import click

from sidecar.cli.options import Command, client, json_option, paths
from sidecar.cli.output import counted, line, print_json

_SECONDS = 900.0
"""A first exchange with a slow remote, and several attempts at it."""

_PLACE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
"""How an address begins that is no path: a scheme, or a host without a user before a colon."""


@click.command(cls=Command)
@click.argument("profile")
@click.argument("remote")
@click.option("--dry-run", is_flag=True, help="Only list what would go out.")
@click.option("--namespace", metavar="NAME", help="Namespace of the profile  [default: the configured one].")
@json_option
def share(profile: str, remote: str, dry_run: bool, namespace: str | None, as_json: bool) -> None:
    """Publish a profile in an empty git repository.

    REMOTE is an ssh or https address, or a path.  What is there now goes out, not its history, nothing that was
    forgotten, and nothing below `private/`.
    """
    found = client(_SECONDS).share(_namespace(namespace), profile, _address(remote), dry_run=dry_run)
    if as_json:
        print_json(found)
        return
    files = found.get("files") or []
    if dry_run:
        for file in files:
            summary = line(file.get("summary") or "")
            click.echo(f"{line(file.get('path', ''))}{f'  {summary}' if summary else ''}")
    verb = "would go out" if dry_run else "went out"
    click.echo(f"{counted(len(files), 'file')} {verb} to {line(found.get('remote', ''))}.")
    forgotten = counted(found.get("forgotten", 0), "forgotten memory", "forgotten memories")
    private, commits = counted(found.get("private", 0), "private file"), counted(found.get("commits", 0), "commit")
    click.echo(f"Stays here: {forgotten}, {private}, the history of {commits}.")


@click.command(cls=Command)
@click.argument("remote")
@click.option("--profile", "-p", metavar="NAME", help="The profile that it is to be here.")
@click.option("--namespace", metavar="NAME", help="Its namespace  [default: the configured one].")
@json_option
def join(remote: str, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Take part in the profile that a git repository holds.

    Merged with the profile of the same project, if there is one here.  In the project's folder it becomes that
    project's profile; elsewhere one that is asked by name.
    """
    cwd = os.getcwd()  # noqa: PTH109 - a path as text is all that is needed
    found = client(_SECONDS).join(_namespace(namespace), _address(remote), profile=profile, cwd=cwd)
    if as_json:
        print_json(found)
        return
    name = f"{found.get('namespace')}/{found.get('profile')}"
    how = "merged with" if found.get("merged") else "joined as"
    click.echo(f"The remote is {how} the profile {name}.")
    if not found.get("project"):
        click.echo("It belongs to no project on this machine; join it in the project's folder to change that.")


@click.command(cls=Command)
@click.argument("profile", required=False)
@click.option("--accept", is_flag=True, help="Also if most memories of the profile go by it.")
@click.option(
    "--purge",
    type=click.Choice(["yes", "no"]),
    help="Whether memories that were purged on one side go on the other, too.",
)
@click.option("--namespace", metavar="NAME", help="Namespace of the profile  [default: the configured one].")
@json_option
def sync(profile: str | None, accept: bool, purge: str | None, namespace: str | None, as_json: bool) -> None:
    """Bring shared profiles up to date with their remotes.

    One, or all.  The daemon does this by itself, too.  Where memories were purged it waits for your word: with
    `--purge yes` they go from the side that still has them, with `no` each side keeps what it has, and nothing is
    exchanged.
    """
    if profile is None and (accept or purge):
        raise click.UsageError("--accept and --purge need a PROFILE.")
    speaker = client(_SECONDS)
    found = (
        [speaker.sync(_namespace(namespace), profile, accept=accept, purge=purge)] if profile else speaker.sync_all()
    )
    if as_json:
        print_json(found[0] if profile else found)
        return
    if not found:
        click.echo("No profile is shared.")
    for one in found:
        click.echo(_told(one))
    if purge == "yes":
        click.echo(
            "A host may keep replaced commits for a while, forks and backups for good; other clones ask their users."
        )
    elif purge == "no":
        click.echo("Each side keeps what it has, and nothing is exchanged; `--purge yes` follows after all.")


def _told(row: Mapping[str, Any]) -> str:
    name = f"{row.get('namespace')}/{row.get('profile')}"
    if row.get("error"):
        return f"{name}: {line(row['error'])} {line(row.get('hint') or '')}".rstrip()
    counts = f"{counted(row.get('pulled', 0), 'commit')} in, {counted(row.get('pushed', 0), 'commit')} out"
    return f"{name}: {counts}{', merged' if row.get('merged') else ''}"


def _address(text: str) -> str:
    """A path as the daemon can use it, which runs in another folder; anything else as it is."""
    place = "@" in text.partition("/")[0] or _PLACE.match(text)
    return text if place or text.startswith("-") else os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111


def _namespace(name: str | None) -> str:
    if name is not None:
        return name
    from sidecar.config import load

    return load(paths(), os.environ).namespace

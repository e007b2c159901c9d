"""`sidecar profiles`: which there are, and moving one to the trash."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from sidecar.cli.options import Group, chosen, client, debug_option, json_option
from sidecar.cli.output import counted, line, print_json, table
from sidecar.cli.removal import print_preview

_CARRY_SECONDS = 300.0
"""The first time all files are written there."""


def _namespaced(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--namespace", metavar="NAME", help="[default: the configured one]")(function)


@click.group(cls=Group, invoke_without_command=True, params=[debug_option()])
@_namespaced
@json_option
@click.pass_context
def profiles(context: click.Context, namespace: str | None, as_json: bool) -> None:
    """List the profiles, or delete one."""
    if context.invoked_subcommand is not None:
        return
    found = client().profiles(chosen("any", namespace).namespace)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.get("name", ""),
            counted(one.get("memories", 0), "memory", "memories"),
            counted(one.get("messages", 0), "message"),
        )
        for one in found
    ]
    click.echo(table(rows) if rows else "There are no profiles yet.")


@profiles.command()
@click.option("--stop", is_flag=True, help="No longer; the files there stay.")
@click.option("--accept", is_flag=True, help="Also if most memories of the profile go by it.")
@json_option
def carry(stop: bool, accept: bool, as_json: bool) -> None:
    """Let this project carry its memories itself.

    Run it in the project's folder.  From then on the memory files lie in `.memory/` of its repository as well, to be
    committed, pushed and reviewed with the code, by you: the daemon writes files there and never commits.
    """
    if stop and accept:
        raise click.UsageError("--stop and --accept do not go together.")
    cwd = os.getcwd()  # noqa: PTH109 - a path as text is all that is needed
    found = client(_CARRY_SECONDS).carry(chosen(None, None), cwd, stop=stop, accept=accept)
    if as_json:
        print_json(found)
    elif stop:
        click.echo(f"No longer kept in step: {line(found.get('folder', ''))}, whose files stay as they are.")
    else:
        files = counted(found.get("uncommitted") or 0, "file")
        click.echo(f"Kept in step: {line(found.get('folder', ''))}; {files} there to be committed by you.")


@profiles.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@_namespaced
@json_option
def delete(name: str, dry_run: bool, yes: bool, namespace: str | None, as_json: bool) -> None:
    """Delete the profile NAME.

    Its folder goes to the trash for 30 days, with its history; its archived messages are removed.
    """
    where, speaker = chosen(name, namespace), client()
    found = speaker.preview_removal(where, "profile")
    if as_json and dry_run:
        print_json(found)
    elif not as_json:
        print_preview(found)
    if dry_run:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("Give --yes where nobody can be asked.")
        click.confirm(f"Delete the profile {line(name)}?", abort=True, err=True)
    result = speaker.delete_profile(name, where.namespace)
    print_json(result) if as_json else click.echo(f"Deleted: profile {line(name)}, which is in the trash for 30 days")

"""`sidecar help`: the same as `--help`, for who looks for a command of that name."""

from __future__ import annotations

import click

from sidecar.cli.options import Command


@click.command("help", cls=Command)
@click.argument("command", nargs=-1)
@click.pass_context
def help_command(context: click.Context, command: tuple[str, ...]) -> None:
    """Show this, or the help of one COMMAND."""
    current = context.find_root()
    for name in command:
        found = current.command.get_command(current, name) if isinstance(current.command, click.Group) else None
        if found is None:
            raise click.UsageError(f"There is no command {' '.join(command)!r}.", ctx=context.find_root())
        current = click.Context(found, info_name=name, parent=current)
    click.echo(current.get_help())

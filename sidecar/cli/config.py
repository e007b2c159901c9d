"""`sidecar config`: the settings that count, and what is wrong with them."""

from __future__ import annotations

import os

import click

from sidecar.cli.options import Group, json_option, paths
from sidecar.cli.output import line, print_json
from sidecar.errors import ConfigInvalid


@click.group(cls=Group, no_args_is_help=False)
def config() -> None:
    """Show or check the settings, or print the token of the TCP listener."""


@config.command()
@json_option
def show(as_json: bool) -> None:
    """Show every setting as it counts now: from the environment, the file, or by default."""
    from sidecar.config import dump, load, to_yaml

    places = paths()
    settings = load(places, os.environ)
    if as_json:
        print_json(dump(settings))
        return
    there = "" if places.config_file.exists() else " (not there: all settings have their defaults)"
    click.echo(f"# {places.config_file}{there}\n{to_yaml(settings)}", nl=False)


@config.command()
@json_option
def check(as_json: bool) -> int:
    """Check the file and the environment, and name every problem."""
    from sidecar.config import load

    places = paths()
    problems: tuple[str, ...] = ()
    code = 0
    try:
        load(places, os.environ)
    except ConfigInvalid as error:
        problems, code = tuple(map(str, error.fields["found"])), error.exit_code  # type: ignore[call-overload]
    if as_json:
        print_json({"path": str(places.config_file), "problems": list(problems)})
    elif problems:
        for problem in problems:
            click.echo(line(problem))
    else:
        click.echo(f"{places.config_file}: no problem.")
    return code


@config.command()
def token() -> None:
    """Print the token that clients of `listen.tcp` send, and nothing else; the first time it is made.

    As in: curl -H "Authorization: Bearer $(sidecar config token)" http://127.0.0.1:7373/v1/status
    """
    from sidecar import bearer
    from sidecar.config import load

    places = paths()
    click.echo(bearer.token(bearer.place(load(places, os.environ).listen, places)))

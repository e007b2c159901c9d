"""What commands share: the options that many of them have, and the way from options to a client."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from sidecar.client import Client, Profile
from sidecar.paths import Paths, resolve
from sidecar.records import dataclass

_Function = TypeVar("_Function", bound=Callable[..., Any])

ANSWER_SECONDS = 120.0
"""Longest wait for an answer: recall at high thinks with a model for a while, a hung daemon must not hold a shell."""


@dataclass(slots=True)
class Session:
    """State of one run of the program."""

    debug: bool = False


def _note_debug(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    session = context.find_object(Session)
    if value and session is not None:
        session.debug = True


def debug_option() -> click.Option:
    """`--debug`, which may stand before or after the name of a command."""
    return click.Option(
        ["--debug"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_note_debug,
        help="Show the traceback of an error.",
    )


class Command(click.Command):
    """A command of sidecar: it also takes `--debug`, and `-h` for `--help`."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:  # noqa: ANN401 - as its base class
        super().__init__(*arguments, **settings)
        self.params.append(debug_option())


class Group(click.Group):
    """A family of commands."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order in which they were added, which is the order in which one meets them."""
        return list(self.commands)


json_option = click.option("--json", "as_json", is_flag=True, help="Print the API's result as JSON, and nothing else.")


def profile_options(function: _Function) -> _Function:
    """Add `--profile` and `--namespace`, which the callback gets as one `profile: Profile`."""
    namespace = click.option(
        "--namespace", metavar="NAME", help="Namespace of --profile  [default: the configured one]."
    )
    name = click.option("--profile", "-p", metavar="NAME", help="A profile, instead of the current folder's.")
    return name(namespace(function))


def chosen(profile: str | None, namespace: str | None) -> Profile:
    """The profile that the options name; the configuration is read only where the namespace comes from there."""
    if profile is None:
        if namespace is not None:
            raise click.UsageError("--namespace needs --profile.")
        return Profile(cwd=_current_folder())
    if namespace is None:
        from sidecar.config import load

        namespace = load(paths(), os.environ).namespace
    return Profile(name=profile, namespace=namespace)


def _current_folder() -> str | None:
    try:
        return str(os.getcwd())  # noqa: PTH109 - a path as text is all that is needed
    except FileNotFoundError:
        return None


def paths() -> Paths:
    """Where things live for this run."""
    return resolve(os.environ)


def client(seconds: float = ANSWER_SECONDS) -> Client:
    """A client of the daemon."""
    return Client(paths().socket, timeout=seconds)

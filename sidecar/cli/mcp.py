"""`sidecar mcp`: the MCP server, for agents to start."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from sidecar.cli.options import Command, paths
from sidecar.paths import Paths


@click.command(cls=Command)
def mcp() -> None:
    """Serve an agent over MCP, on stdin and stdout.

    Agents run this; `sidecar install` writes it into their settings.  The current folder decides the profile.  Without
    a daemon each tool says so; with `mcp.autostart: true` one is started.
    """
    from sidecar.mcp.server import serve

    places = paths()
    serve(places.socket, Path.cwd(), starter(places))


def starter(places: Paths) -> Callable[[], bool]:
    """What starts the daemon if the settings say so, and says whether it did."""
    return partial(_start, places)


def _start(places: Paths) -> bool:
    """Raises ConfigInvalid, and Unavailable with the daemon's own reason if it does not start."""
    from sidecar.cli.process import start_apart
    from sidecar.config import load

    if not load(places, os.environ).mcp.autostart:
        return False
    start_apart(os.environ)
    return True

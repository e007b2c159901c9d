"""`sidecar mcp`: the MCP server, for agents to start."""

from __future__ import annotations

from pathlib import Path

import click

from sidecar.cli.options import Command, paths


@click.command(cls=Command)
def mcp() -> None:
    """Serve an agent over MCP, on stdin and stdout.

    Agents run this; `sidecar install` writes it into their settings.  The current folder decides the profile.  Without
    a daemon each tool says so.
    """
    from sidecar.mcp import serve

    serve(paths().socket, Path.cwd())

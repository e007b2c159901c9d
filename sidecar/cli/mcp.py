"""`sidecar mcp`: as the help shows it; run, it is served before any of the command line is imported."""

from __future__ import annotations

import click

from sidecar.cli.options import Command


@click.command(cls=Command)
def mcp() -> None:
    """Serve an agent over MCP, on stdin and stdout.

    Agents run this; `sidecar install` writes it into their settings.  The current folder decides the profile.  Without
    a daemon each tool says so; with `mcp.autostart: true` one is started.
    """
    from sidecar.cli.serving import serve_mcp

    serve_mcp()

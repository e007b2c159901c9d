"""`sidecar hook`: as the help shows it; run, it is served before any of the command line is imported."""

from __future__ import annotations

import click

from sidecar.cli.options import Command


@click.command(cls=Command)
@click.argument("event")
@click.option("--agent", metavar="A", required=True, help="The agent that runs the hook: claude-code, codex, gemini, …")
def hook(event: str, agent: str) -> None:
    """Serve a hook of an agent.

    Agents run this; `sidecar install` writes it into their settings.  It reads what the agent says on stdin and prints
    what the daemon has to say to it.  It never fails: without a daemon, and after 300 ms at the latest
    (hooks.timeout_ms), it prints nothing and its exit code is 0.
    """
    from sidecar.hooks.hook import run

    run((event, "--agent", agent))

"""`sidecar up`: the daemon, in the foreground or in the background."""

from __future__ import annotations

import gc
import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sidecar.cli import agents
from sidecar.cli.options import Command, client, json_option, paths
from sidecar.cli.output import counted, print_json, table
from sidecar.cli.process import holder, last_words, spawn, wait_ready
from sidecar.cli.progress import BackfillLine
from sidecar.errors import AlreadyRunning, Refused, SidecarError
from sidecar.files import write_durably
from sidecar.paths import Paths

if TYPE_CHECKING:
    from sidecar.config import Config  # reads YAML, which no `--help` needs

_CONSENT_FORMAT = 1
_OUTPUT = "up.log"
"""What a daemon in the background prints before its own log is open, and if it dies."""


@click.command(cls=Command)
@click.option("--detach", "-d", is_flag=True, help="Run in the background; return when it answers.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before transcripts are read for the first time.")
@json_option
def up(detach: bool, yes: bool, as_json: bool) -> int:
    """Start the daemon.

    It reads your agents' transcripts, learns from them, and answers recall.  Started for the first time on a terminal,
    it shows which agents and sessions it found and asks once.  Ctrl-C or `sidecar down` ends it.  If one runs already,
    that is an error, but not with --detach.
    """
    from sidecar.config import load

    places = paths()
    settings = load(places, os.environ)
    pid = holder(places.lock)
    if pid is not None:
        if not detach:
            raise AlreadyRunning(pid=pid, home=places.state.parent)
        wait_ready(client(), None)
        return _report(pid, already=True, as_json=as_json)
    _ask_once(places, settings, yes=yes)
    if detach:
        return _start(places, as_json=as_json)
    # What is imported stays, and to look for garbage in it again and again takes a tenth of the start; `run` ends this.
    gc.disable()
    from sidecar.daemon.app import run
    from sidecar.mcp.http import Endpoint

    return run(places, settings, Endpoint, BackfillLine() if sys.stderr.isatty() else None)


def _report(pid: int, *, already: bool, as_json: bool) -> int:
    if as_json:
        print_json({"pid": pid, "already_running": already, "socket": str(paths().socket)})
    else:
        click.echo(f"{'Already running' if already else 'Running'} (pid {pid}). See `sidecar status`.")
    return 0


def _start(places: Paths, *, as_json: bool) -> int:
    """Start a daemon in the background and wait until it answers; if it dies instead, tell why, with its exit code."""
    output = places.logs / _OUTPUT
    process = spawn(os.environ, output)
    if wait_ready(client(), process):
        process.returncode = 0  # from here on it is on its own; without this Python would warn that it still runs
        return _report(holder(places.lock) or process.pid, already=False, as_json=as_json)
    if process.returncode == AlreadyRunning.exit_code and (pid := holder(places.lock)) is not None:
        wait_ready(client(), None)
        return _report(pid, already=True, as_json=as_json)
    told = last_words(output) or (
        f"Error: The daemon ended with code {process.returncode} before it answered.",
        f"Try: Read {output}",
    )
    for text in told:
        click.echo(text, err=True)
    return process.returncode if process.returncode > 0 else SidecarError.exit_code


def _ask_once(places: Paths, settings: Config, *, yes: bool) -> None:
    """Show what would be read, and ask, unless that was done before or nobody is there to answer."""
    note = places.state / "consent.json"
    if note.exists() or not (yes or (sys.stdin.isatty() and sys.stderr.isatty())):
        return
    found = agents.found(settings, os.environ)
    if not yes:
        click.echo(
            "sidecar reads the transcripts of these agents, and learns from them on this machine only:\n", err=True
        )
        rows = [(entry.agent, entry.path, counted(entry.sessions, "session")) for entry in found]
        click.echo(table(rows) or "(no agent's folder was found; it will look again while it runs)", err=True)
        if settings.watch.agents == "auto" or "aider" in settings.watch.agents:
            click.echo("\nOf the projects of these sessions it also reads Aider's history, if there is one.", err=True)
        click.echo(f"\nMemories become Markdown files in {places.store}.", err=True)
        if not click.confirm("Go on?", default=True, err=True):
            raise Refused(
                detail="Nothing was read, because you said no.",
                hint="Leave agents out with watch.agents or `profiles:` in the configuration, then start again.",
            )
    content = {
        "format": _CONSENT_FORMAT,
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "agents": [{"name": entry.agent, "path": str(entry.path), "sessions": entry.sessions} for entry in found],
    }
    write_durably(note, f"{json.dumps(content, indent=2)}\n".encode())

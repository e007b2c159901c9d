"""`sidecar demo`: the real thing on invented sessions, in a throw-away home."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sidecar.cli import demo_home
from sidecar.cli.demo_home import DemoHome
from sidecar.cli.options import Command, json_option
from sidecar.cli.output import bar, counted, dim, dotted, line, print_json, safe, shortened, strong, width
from sidecar.cli.process import throwaway
from sidecar.cli.recall import print_answer
from sidecar.client import Client, Profile
from sidecar.errors import Unavailable

QUESTIONS = (
    ("Which package manager does the web front end use?", "a fact that was superseded: npm at first, then pnpm"),
    ("Why do we use SQLite?", "a decision and its reason"),
    ("When was the booking page down?", "an incident, dated from the message's own time"),
    ("Who won the chess championship?", "nothing is known of this, and nothing is made up"),
)

_SETTLE_SECONDS = 120.0
_POLL_SECONDS = 0.1
_SHOWN_CANDIDATES = 2
"""Candidates below an answer: enough to see where it comes from."""


@click.command(cls=Command)
@click.option("--keep", is_flag=True, help="Keep the folder of the demo, to look around in it.")
@json_option
def demo(keep: bool, as_json: bool) -> None:
    """Show what sidecar does, in a throw-away home.

    It runs the real daemon on invented sessions, without a model and without the network, and leaves nothing behind.
    """
    root = Path(tempfile.mkdtemp(prefix="sidecar-demo-")).resolve()
    try:
        home = demo_home.build(root, datetime.now(UTC))
        shown = _run(home, quiet=as_json)
        if as_json:
            print_json({**shown, "home": str(root) if keep else None})
        else:
            _print(shown)
    finally:
        if keep:
            click.echo(f"\nThe demo's files are in {root}", err=True)
        else:
            shutil.rmtree(root, ignore_errors=True)


def _run(home: DemoHome, *, quiet: bool) -> dict[str, Any]:
    """Start a daemon on the demo's home, wait until it has learned all, ask it, and stop it."""
    began = time.monotonic()
    with throwaway(home.environ(os.environ), "sidecar demo --keep") as client:
        status = _settled(client, quiet=quiet)
        seconds = time.monotonic() - began
        return {"seconds": round(seconds, 1), **_collected(client, home, status)}


def _settled(client: Client, *, quiet: bool) -> dict[str, Any]:
    """The status once everything is learned and committed; a progress bar on a terminal meanwhile."""
    drawn = not quiet and sys.stderr.isatty()
    deadline = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < deadline:
        status = client.status()
        fill = status.get("backfill") or {}
        if drawn:
            click.echo(f"\rReading sessions  {bar(fill.get('done', 0), fill.get('total', 0))} ", nl=False, err=True)
        if status.get("settled") and fill.get("total"):
            if drawn:
                click.echo("\n", err=True)
            return status
        time.sleep(_POLL_SECONDS)
    raise Unavailable(what="The demo", why=f"it has not settled within {_SETTLE_SECONDS:g} s")


def _collected(client: Client, home: DemoHome, status: Mapping[str, Any]) -> dict[str, Any]:
    """All that the demo shows, as plain data."""
    profiles = [Profile(name=row["name"], namespace=row["namespace"]) for row in status.get("profiles", [])]
    memories = [memory for profile in profiles for memory in client.memories(profile, status="all", per_page=100)]
    here = Profile(cwd=str(home.project))
    recalls = [{"query": query, "about": about, **client.recall(here, query)} for query, about in QUESTIONS]
    return {
        "profiles": status.get("profiles", []),
        "agents": status.get("agents", []),
        "memories": memories,
        "files": list(_files(home.sidecar / "store")),
        "example": _example(home.sidecar / "store", memories),
        "log": client.log(here, limit=20),
        "recalls": recalls,
        "token_found_in": list(_holding(home.sidecar, home.token.encode())),
    }


def _files(store: Path) -> Iterator[str]:
    """The memory files and what lies beside them, without git's own."""
    for path in sorted(store.rglob("*")):
        inside = path.relative_to(store)
        if path.is_file() and ".git" not in inside.parts:
            yield inside.as_posix()


def _example(store: Path, memories: list[dict[str, Any]]) -> dict[str, str]:
    """One memory file to look at: the instruction that replaced another, else the first."""
    superseded = {memory.get("key") for memory in memories if memory.get("status") == "superseded"}
    active = [memory for memory in memories if memory.get("status") == "active"]
    ranked = sorted(active, key=lambda memory: memory.get("key") not in superseded)
    for memory in ranked:
        found = next(store.rglob(Path(str(memory["path"])).name), None)
        if found is not None:
            return {"path": found.relative_to(store).as_posix(), "text": found.read_text("utf-8")}
    return {}


def _holding(root: Path, needle: bytes) -> Iterator[str]:
    """Files of ours that contain the token of the sample session: there must be none."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and needle in path.read_bytes():
            yield path.relative_to(root).as_posix()


def _print(shown: Mapping[str, Any]) -> None:
    sessions = sum(agent.get("sessions", 0) for agent in shown["agents"])
    names = ", ".join(line(agent["name"]) for agent in shown["agents"] if agent.get("sessions"))
    active = [memory for memory in shown["memories"] if memory.get("status") == "active"]
    click.echo(
        f"Read {counted(sessions, 'session')} of {names} and learned {counted(len(active), 'memory', 'memories')} "
        f"in {shown['seconds']} s, without a model and without the network.\n"
    )
    _print_learned(shown["memories"])
    _print_files(shown)
    _heading("git log")
    for commit in shown["log"]:
        click.echo(f"  {commit['commit'][:8]}  {shortened(commit['subject'], width() - 14)}")
    for recall in shown["recalls"]:
        _heading(f'sidecar recall "{recall["query"]}"', recall["about"])
        print_answer(recall, most=_SHOWN_CANDIDATES)
    places = shown["token_found_in"]
    click.echo(f"\nThe access token in the sessions was stored {'in ' + ', '.join(places) if places else 'nowhere'}.")
    click.echo(f"Start for real with {strong('sidecar up')}.")


def _heading(text: str, about: str = "") -> None:
    click.echo(f"\n{strong(f'$ {text}')}{dim(f'   # {about}') if about else ''}")


def _print_learned(memories: list[dict[str, Any]]) -> None:
    for memory in sorted(memories, key=lambda found: str(found.get("createdAt"))):
        state = memory.get("status")
        mark = "" if state == "active" else f" ({state})"
        agent = (memory.get("source") or {}).get("agent", "")
        click.echo(f"  {memory.get('type', ''):<12} {shortened(memory.get('summary', ''), width() - 16)}{mark}")
        click.echo(dim(f"  {'':12} {dotted(f'said to {agent}', memory.get('profile'))}"))


def _print_files(shown: Mapping[str, Any]) -> None:
    _heading("ls store", "Markdown in git, yours to edit")
    for path in shown["files"]:
        click.echo(f"  {path}")
    example = shown["example"]
    if example:
        _heading(f"cat {example['path']}")
        click.echo(safe(example["text"]).rstrip())

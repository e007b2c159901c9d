"""`sidecar search`: what was really said, word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import age, counted, dim, dotted, print_json, print_notes, rows_of, shortened, width
from sidecar.cli.session import resume_words
from sidecar.client import Profile

_AROUND = 1
"""Lines of the message that are shown before and after one that matches."""

_LINES = 5
"""Lines that one message gets at most: enough to know it again."""

_SPAN = re.compile(r"(\d{1,5})\s*([hdwmy])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}
_DATE = re.compile(r"\d{4}-\d")
"""How what the daemon takes for a date begins."""


def _since(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """How long ago (`12h`, `7d`, `2w`, `3m`, `1y`) as a moment; a date is the daemon's to read."""
    span = _SPAN.fullmatch(value.strip().lower()) if value else None
    if span is None:
        if value and not _DATE.match(value):
            raise click.BadParameter(f"{value} is neither a date, such as 2026-11-20, nor one of 12h, 7d, 2w, 3m, 1y")
        return value
    try:
        moment = datetime.now(UTC) - timedelta(hours=int(span[1]) * _HOURS[span[2]])
    except OverflowError:
        raise click.BadParameter(f"{value} is longer ago than anything") from None
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


@click.command(cls=Command)
@click.argument("words", nargs=-1, required=True, metavar="TEXT…")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Most messages to show.")
@click.option("--agent", metavar="AGENT", help="Only sessions of this agent, such as claude-code.")
@click.option("--project", metavar="FOLDER|NAME", help="Of another project: its folder, or its profile's name.")
@click.option("--all", "everywhere", is_flag=True, help="In all projects.")
@click.option("--since", callback=_since, metavar="WHEN", help="Said since then: a date, or 12h, 7d, 2w, 3m, 1y.")
@click.option("--session", metavar="ID", help="Only messages of this session.")
@profile_options
@json_option
def search(
    words: tuple[str, ...],
    limit: int,
    agent: str | None,
    project: str | None,
    everywhere: bool,
    since: str | None,
    session: str | None,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Search what was said, word for word.

    The archived messages of all roles, instead of what was learned from them: who said it when, in which project, a few
    lines around it, and the command that goes on with that session in its agent.
    """
    where = _where(project, profile, namespace)
    given = {"sessionId": session, "agent": agent, "since": since, "everywhere": everywhere or None}
    text = " ".join(words)
    speaker = client()
    result = speaker.search(where, text, limit=limit, **{name: value for name, value in given.items() if value})
    if as_json:
        print_json(result)
        return
    messages = rows_of(result, "candidates", "messages")
    if not messages:
        click.echo("No message matches.")
    for message in messages:
        click.echo("\n".join([*_shown(message, text), ""]))
    if messages:
        click.echo(dim(counted(len(messages), "message")))
    print_notes(speaker.last.messages if speaker.last else [])


def _where(project: str | None, profile: str | None, namespace: str | None) -> Profile:
    """The profile that is meant; a project is a folder if there is one, or if it looks like one, else a name."""
    if project is None:
        return chosen(profile, namespace)
    if profile is not None:
        raise click.UsageError("--project and --profile are two ways to say the same.")
    folder = Path(project).expanduser()
    if folder.is_dir() or len(folder.parts) > 1 or project.startswith((".", "~")):
        return Profile(cwd=str(folder.absolute()))
    return chosen(project, namespace)


def _shown(message: Mapping[str, Any], text: str) -> Iterator[str]:
    when = str(message.get("observed") or "")
    yield dotted(
        message.get("speaker") or message.get("role"),
        f"{when[:10]}, {age(when)}" if when else None,
        message.get("agent"),
        message.get("profile"),
    )
    yield from _beside(message.get("before"), "before")
    for line in excerpt(str(message.get("content", "")), text):
        yield f"  {shortened(line, width() - 2)}"
    yield from _beside(message.get("after"), "after")
    yield dim(f"  session {message.get('sessionId')}")
    for words in resume_words(message.get("resume") or {}):
        yield dim(f"  {words}")


def _beside(context: Mapping[str, Any] | None, side: str) -> Iterator[str]:
    if context:
        yield dim(f"  ({side}, {context.get('speaker')}) {shortened(context.get('content', ''), width() - 24)}")


def excerpt(content: str, text: str) -> list[str]:
    """The lines of a message in which a text stands, with one before and after; else those with most of its words."""
    lines = [line for line in content.splitlines() if line.strip()]
    wanted = text.casefold()
    words = set(re.findall(r"\w+", wanted))

    def worth(number: int) -> tuple[bool, int]:
        line = lines[number].casefold()
        return wanted in line, len(words.intersection(re.findall(r"\w+", line)))

    best = max(range(len(lines)), key=lambda number: (*worth(number), -number), default=0)
    first = max(best - _AROUND, 0)
    return lines[first : min(best + _AROUND + 1, first + _LINES)]

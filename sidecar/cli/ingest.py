"""`sidecar ingest`: transcripts by hand, from wherever they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from sidecar.cli.options import Command, client, json_option
from sidecar.cli.output import counted, dotted, line, print_json, rows_of, strong
from sidecar.errors import TranscriptUnreadable

_SECONDS = 3600.0
"""Reading years of transcripts takes minutes; whoever asked for it wants to see the end."""

_REHEARSAL_SECONDS = 24 * 3600.0
"""A dry run waits for extraction itself, for which a model may need an hour and more."""


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True), metavar="PATH…")
@click.option("--agent", metavar="AGENT", help="Whose format it is, such as claude-code  [default: found out].")
@click.option("--dry-run", is_flag=True, help="Only say what would be learned, and why; nothing is written.")
@json_option
def ingest(files: tuple[str, ...], agent: str | None, dry_run: bool, as_json: bool) -> None:
    """Take in transcript files by hand.

    Of a folder, all transcripts below it.  The same transcript taken in again changes nothing.
    """
    absolute = [str(Path(file).absolute()) for file in files]
    speaker = client(_REHEARSAL_SECONDS if dry_run else _SECONDS)
    result = speaker.ingest_transcripts(absolute, agent=agent, dry_run=dry_run)
    if as_json:
        print_json(result)
    else:
        click.echo("\n".join(_told(result, dry_run=dry_run)))
    problems = rows_of(result, "problems")
    if problems and not result.get("files"):
        others = f" Nor could {counted(len(problems) - 1, 'other')}." if len(problems) > 1 else ""
        hint = problems[0].get("hint") or TranscriptUnreadable.hint
        raise TranscriptUnreadable(path=problems[0].get("path"), why=problems[0].get("reason"), hint=f"{hint}{others}")


def _told(result: Mapping[str, Any], *, dry_run: bool) -> Iterator[str]:
    """The result for people."""
    sessions, messages = int(result.get("sessions", 0)), int(result.get("messages", 0))
    extractor = f", learning by {line(result['extractor'])}" if result.get("extractor") else ""
    verb = "Would take in" if dry_run else "Took in"
    yield f"{verb} {counted(sessions, 'session')} with {counted(messages, 'message')}{extractor}."
    for problem in rows_of(result, "problems"):
        yield f"  skipped    {line(problem.get('path', ''))}: {line(problem.get('reason', ''))}"
    if dry_run:
        yield from _plan(rows_of(result, "planned"))
        yield _sum(result)
    elif sessions:
        yield "Memories follow in the background; see `sidecar status`."


def _plan(planned: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Every change below the session that it comes from."""
    for session, changes in groupby(planned, key=lambda change: (change.get("session"), change.get("agent"))):
        yield f"\n{strong(dotted(f'session {session[0]}', session[1]))}"
        for change in changes:
            yield f"  {line(change.get('action', '')):<10} {line(change.get('summary', ''))}"
            state = change.get("status") if change.get("status") != "active" else None
            details = dotted(change.get("type"), change.get("key"), change.get("profile"), state, change.get("why"))
            yield f"             {details}"


def _sum(result: Mapping[str, Any]) -> str:
    """How many changes of each kind there are."""
    if not result.get("extractor"):
        return "Nothing would be learned: the setting extract.extractor is none."
    counts = result.get("counts") or {}
    numbers = {name: int(counts.get(name, 0)) for name in ("add", "revise", "supersede", "skip")}
    return "\nWould " + ", ".join(f"{name} {number:,}" for name, number in numbers.items()) + "."

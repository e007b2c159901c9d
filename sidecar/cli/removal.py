"""`sidecar forget` and `delete`: from out of recall to gone for good, with a look at it first."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import counted, dim, line, print_json, rows_of, shortened, table, width
from sidecar.client import Profile

_PURGE_SECONDS = 3600.0
"""Longest wait for a purge: a history of years is written anew, and the index is made anew."""

_SHOWN = 20


@click.command(cls=Command)
@click.argument("memories", nargs=-1, required=True, metavar="ID…")
@click.option("--reason", metavar="TEXT", help="Why; it is written into the archived file.")
@click.option(
    "--purge", is_flag=True, help="For good: also out of git's history, the archive, the index and the trash."
)
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before a purge.")
@profile_options
@json_option
def forget(
    memories: tuple[str, ...],
    reason: str | None,
    purge: bool,
    dry_run: bool,
    yes: bool,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Forget memories.

    They move to the archive, are recalled no more, and are not learned again; `sidecar undo` brings them back.  With
    --purge nothing brings them back: nothing of this machine that is sidecar's holds their words any more.
    """
    where = chosen(profile, namespace)
    if purge and reason is not None:
        raise click.UsageError("--reason is kept, which is what --purge is not for.")
    if purge:
        _purge(where, memories, dry_run=dry_run, yes=yes, as_json=as_json)
    elif dry_run:
        _preview(where, "forget", as_json=as_json, ids=list(memories))
    else:
        results = [client().forget(where, memory, reason) for memory in memories]
        if as_json:
            print_json(results[0] if len(results) == 1 else results)
            return
        for memory, result in zip(memories, results, strict=True):
            path = result.get("path") if isinstance(result, Mapping) else None
            click.echo(f"Forgotten: {line(memory)}{f' (now {line(path)})' if path else ''}")


@click.command(cls=Command)
@click.argument("memories", nargs=-1, metavar="[ID…]")
@click.option("--session", metavar="ID", help="Instead: a session's messages, and what was learned from it alone.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before a session is deleted.")
@profile_options
@json_option
def delete(
    memories: tuple[str, ...],
    session: str | None,
    dry_run: bool,
    yes: bool,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Delete memories.

    Their files leave the tree, and the archived messages that only they used go with them.  Git still has the files,
    so that `sidecar undo` brings them back; the messages do not come back.
    """
    if (session is None) is not bool(memories):
        raise click.UsageError("Name memories by their IDs, or a session with --session.")
    where, speaker = chosen(profile, namespace), client()
    if session is not None:
        if profile is None:
            raise click.UsageError("--session needs --profile: a session's name says nothing of its profile.")
        found = _preview(where, "session", as_json=as_json and dry_run, quiet=as_json, sessionId=session)
        if not dry_run and _agreed(
            yes, f"Delete {counted(found.get('messages', 0), 'message')} and what rests on them?"
        ):
            speaker.delete_session(profile, session, where.namespace)
            print_json(None) if as_json else click.echo(f"Deleted: session {line(session)}")
    elif dry_run:
        _preview(where, "delete", as_json=as_json, ids=list(memories))
    else:
        results = [speaker.delete(where, memory) for memory in memories]
        if as_json:
            print_json(results[0] if len(results) == 1 else results)
            return
        for result in results:
            click.echo(f"Deleted: {line(result.get('id', ''))} ({line(result.get('path', ''))})")


def _purge(where: Profile, memories: tuple[str, ...], *, dry_run: bool, yes: bool, as_json: bool) -> None:
    found = _preview(where, "purge", as_json=as_json and dry_run, quiet=as_json, ids=list(memories))
    if dry_run or not _agreed(yes, f"Purge {counted(len(found.get('memories', [])), 'memory', 'memories')} for good?"):
        return
    result = client().purge(where, list(memories), timeout=_PURGE_SECONDS)
    if as_json:
        print_json(result)
        return
    click.echo(f"Purged: {', '.join(map(line, result.get('ids') or []))}")
    commits, messages = counted(result.get("commits", 0), "commit"), counted(result.get("messages", 0), "message")
    click.echo(f"{commits} written anew, {messages} removed from the archive.")
    _print_elsewhere(result)
    if result.get("remaining"):
        click.echo(f"Git did not let go of: {', '.join(map(line, result['remaining']))}", err=True)


def _agreed(yes: bool, question: str) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("Give --yes where nobody can be asked.")
    return click.confirm(question, err=True)


def _preview(where: Profile, action: str, *, as_json: bool, quiet: bool = False, **what: object) -> dict[str, Any]:
    """Show what would go."""
    found = client(_PURGE_SECONDS).preview_removal(where, action, **what)
    if as_json:
        print_json(found)
    elif not quiet:
        print_preview(found)
    return found


def print_preview(found: Mapping[str, Any]) -> None:
    """What would go, and what would stay elsewhere."""
    memories = rows_of(found, "memories")
    for title, some in (("Would go", memories), ("Other versions, which stay", rows_of(found, "related"))):
        if some:
            click.echo(f"{title}:")
            rows = [
                (one.get("id", ""), one.get("type", ""), shortened(one.get("summary", ""), width() - 45))
                for one in some
            ]
            click.echo(table(rows[:_SHOWN]))
            if len(rows) > _SHOWN:
                click.echo(dim(f"… and {len(rows) - _SHOWN:,} more"))
    parts = [counted(len(found.get("files") or []), "file"), counted(found.get("messages", 0), "archived message")]
    if found.get("commits"):
        parts.append(f"{counted(found['commits'], 'commit')} to be written anew")
    click.echo(dim(", ".join(parts)))
    _print_elsewhere(found)


def _print_elsewhere(found: Mapping[str, Any]) -> None:
    """What is beyond our reach."""
    for remote in found.get("remotes") or []:
        how = (
            "`sidecar sync PROFILE --purge yes` replaces its history, and those who have clones are asked."
            if remote == "the remote"
            else "what you have committed there is yours to rewrite."
            if remote.startswith("/")
            else "push the new history there with force, and tell those who have clones."
        )
        click.echo(f"Still held by {line(remote)}: {how}")
    transcripts = found.get("transcripts") or []
    for path in transcripts[:_SHOWN]:
        click.echo(dim(f"Still in the agent's own transcript {line(path)}"))
    if len(transcripts) > _SHOWN:
        click.echo(dim(f"… and in {len(transcripts) - _SHOWN} more"))

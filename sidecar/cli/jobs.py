"""`sidecar jobs`: what waits for extraction, what went wrong with it, and what to do about that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from sidecar.cli.options import Command, Group, client, debug_option, json_option
from sidecar.cli.output import age, counted, dim, duration, line, print_json, rows_of, shortened, table, width

_STATES = click.Choice(["pending", "running", "parked", "done", "nothing", "failed", "dropped"])

_RECENT = 10
"""Sessions that are shown as done lately, beside all that waits."""

_BESIDE = 85
"""Characters of a line that are not the reason."""

_agent = click.option("--agent", metavar="AGENT", help="Whose session, where several agents have one of that name.")
_profile = click.option("--profile", "-p", metavar="NAME", help="In which profile, where a client named the session.")


@click.group(cls=Group, invoke_without_command=True, params=[debug_option()])
@json_option
@click.pass_context
def jobs(context: click.Context, as_json: bool) -> None:
    """Show what waits for extraction, and how it ended lately."""
    if context.invoked_subcommand is None:
        _list(None, None, as_json=as_json)


@jobs.command("list", cls=Command)
@click.option("--state", type=_STATES, help="Only sessions in this state.")
@click.option("--limit", type=click.IntRange(1, 500), help="Most sessions to show.")
@json_option
def list_jobs(state: str | None, limit: int | None, as_json: bool) -> None:
    """List what waits, what runs, what was given up and what is done."""
    _list(state, limit, as_json=as_json)


@jobs.command(cls=Command)
@click.argument("session", required=False, metavar="[SESSION]")
@_agent
@_profile
@json_option
def retry(session: str | None, agent: str | None, profile: str | None, as_json: bool) -> None:
    """Extract a session again.

    Without SESSION all that were given up.  A session that is done is extracted anew from its beginning.
    """
    if session is None and (agent or profile):
        raise click.UsageError("--agent and --profile need a SESSION.")
    result = client().retry_jobs(session, **_named(agent, profile))
    if as_json:
        print_json(result)
        return
    count = int(result.get("sessions", 0))
    if count:
        click.echo(f"{counted(count, 'session')} will be extracted again.")
    elif session is None:
        click.echo("No session was given up.")
    else:
        click.echo("Nothing to do: it is being extracted now, or its messages are kept no more.")


@jobs.command(cls=Command)
@click.argument("session", metavar="SESSION")
@_agent
@_profile
@json_option
def drop(session: str, agent: str | None, profile: str | None, as_json: bool) -> None:
    """Learn nothing of a session as it is now.

    What it said stays searchable, and what it says later is learned again.
    """
    result = client().drop_job(session, **_named(agent, profile))
    print_json(result) if as_json else click.echo(f"Dropped: {line(session)}")


def _named(agent: str | None, profile: str | None) -> dict[str, str]:
    return {name: value for name, value in (("agent", agent), ("profile", profile)) if value}


def _list(state: str | None, limit: int | None, *, as_json: bool) -> None:
    result = client().jobs(state=state, limit=limit)
    if as_json:
        print_json(result)
        return
    waiting, recent = rows_of(result, "jobs"), rows_of(result, "recent")
    if waiting:
        click.echo(table([_job(row) for row in waiting]))
    if recent:
        shown = recent if state or limit else recent[:_RECENT]
        click.echo(f"{dim('Lately')}\n" if waiting else "", nl=False)
        click.echo(table([_ended(row) for row in shown]))
    if not waiting and not recent:
        click.echo(
            "There are no such sessions." if state else "Nothing waits for extraction, and nothing was extracted."
        )


def _job(row: Mapping[str, Any]) -> tuple[str, ...]:
    reason = shortened(row.get("error") or "", max(width() - _BESIDE, 30))
    characters = counted(int(row.get("pending_characters", 0)), "character")
    return (row["state"], row["session"], _place(row), characters, _when(row), reason)


def _when(row: Mapping[str, Any]) -> str:
    """When a job is done: how often it was tried, or how long it waits."""
    tries = int(row.get("attempts", 0))
    tried = f"{tries} {'try' if tries == 1 else 'tries'}" if tries else ""
    if row["state"] != "pending":
        return tried
    left = (datetime.fromisoformat(row["due"]) - datetime.now(UTC)).total_seconds()
    return " ".join(filter(None, (tried, f"in {duration(left)}" if left > 0 else "due")))


def _ended(row: Mapping[str, Any]) -> tuple[str, ...]:
    told = row.get("reason") or (f"{row.get('learned', 0)} learned" if row["outcome"] == "done" else "")
    reason = shortened(told, max(width() - _BESIDE, 30))
    return (row["outcome"], row["session"], _place(row), row.get("extractor") or "", age(row["finished"]), reason)


def _place(row: Mapping[str, Any]) -> str:
    return f"{row.get('agent')} {row.get('namespace')}/{row.get('profile')}"

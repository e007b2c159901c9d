"""`sidecar list` and `show`: the memories themselves, and sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from sidecar.cli.chain import print_history
from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import age, dim, line, print_json, safe, shortened, strong, table, width
from sidecar.cli.session import show_session
from sidecar.client import Profile

_STATUSES = click.Choice(["active", "superseded", "forgotten", "proposed", "all"])
_TYPES = click.Choice(["fact", "event", "instruction", "task"])

_BESIDE = 50
"""Characters of a line of the list that are not the summary: id, type and age."""

_DETAILS = (
    "type",
    "key",
    "status",
    "profile",
    "path",
    "createdAt",
    "updatedAt",
    "sessionId",
    "source",
    "tags",
    "pinned",
)


@click.command("list", cls=Command)
@click.option("--type", "kind", type=_TYPES, help="Only memories of this type.")
@click.option("--status", type=_STATUSES, help="Only memories in this state  [default: active].")
@click.option("--tag", metavar="TAG", help="Only memories with this tag.")
@click.option("--session", metavar="ID", help="Only what was learned in this session.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="Memories to a page.")
@click.option("--cursor", metavar="CURSOR", help="Where to go on, as the page before said.")
@profile_options
@json_option
def list_memories(
    kind: str | None,
    status: str | None,
    tag: str | None,
    session: str | None,
    limit: int,
    cursor: str | None,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """List the memories of this project, newest first."""
    speaker = client()
    filters = {"type": kind, "status": status, "tag": tag, "session_id": session, "per_page": limit, "cursor": cursor}
    memories = speaker.memories(chosen(profile, namespace), **filters)
    if as_json:
        print_json(memories)
        return
    room = max(width() - _BESIDE, 30)
    rows = [
        (memory.get("id", ""), memory.get("type", ""), age(memory.get("createdAt")), shortened(_title(memory), room))
        for memory in memories
    ]
    click.echo(table(rows) if rows else "There are no memories here yet.")
    following = speaker.last.result_info.get("cursor") if speaker.last else None
    if following:
        click.echo(dim(f"More with `--cursor {line(following)}`."), err=True)


def _title(memory: Mapping[str, Any]) -> str:
    state = memory.get("status")
    mark = f"({state}) " if state not in (None, "active") else ""
    return f"{mark}{memory.get('summary', '')}"


@click.command(cls=Command)
@click.argument("memory", metavar="[ID]", required=False)
@click.option("--history", is_flag=True, help="Also its earlier and later versions, and the messages it came from.")
@click.option("--session", metavar="ID", help="Instead of a memory a session, as it went; secrets are redacted.")
@click.option("--agent", metavar="AGENT", help="With --session: whose, where several agents have one of that name.")
@click.option("--full", is_flag=True, help="With --session: all that tools printed, not its first lines alone.")
@profile_options
@json_option
def show(
    memory: str | None,
    history: bool,
    session: str | None,
    agent: str | None,
    full: bool,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Show one memory in full, or a whole session."""
    if (memory is None) == (session is None):
        raise click.UsageError("Give the id of a memory, or --session with that of a session.")
    if session is not None:
        where = chosen(profile, namespace)
        named = {"profile": where.name, "namespace": where.namespace} if profile is not None else {}
        show_session(client(), session, full=full, as_json=as_json, agent=agent, **named)
    elif memory is not None:
        _show_memory(memory, chosen(profile, namespace), history=history, as_json=as_json)


def _show_memory(memory: str, where: Profile, *, history: bool, as_json: bool) -> None:
    options = {"history": 1} if history else {}
    found = client().memory(where, memory, **options)
    if as_json:
        print_json(found)
        return
    click.echo(f"{strong(line(found.get('summary', '')))}\n")
    click.echo(f"{safe(found.get('content', '')).strip()}\n")
    rows = [(name, _spelled(found[name])) for name in _DETAILS if found.get(name)]
    click.echo(table([("id", found.get("id", "")), *rows]))
    print_history(found.get("history") or {})


def _spelled(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_spelled(entry)}" for name, entry in value.items() if entry)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)

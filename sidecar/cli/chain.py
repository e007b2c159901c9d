"""The history of one memory, as `sidecar show --history` tells it: its versions, each with what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from sidecar.cli.output import age, dim, dotted, line, rows_of, shortened, strong, width, wrapped

_QUOTE = "    > "
_QUOTED_CHARACTERS = 400


def print_history(history: Mapping[str, Any]) -> None:
    """The chain from the oldest version to the newest, and the words that the memory itself had before."""
    messages = {message.get("id"): message for message in rows_of(history, "messages")}
    versions = rows_of(history, "versions")
    if versions:
        click.echo("\nVersions, oldest first")
    for version in versions:
        _print_version(version, messages)
    revisions = rows_of(history, "revisions")
    if len(revisions) > 1:
        click.echo("\nIts words, oldest first")
        for revision in revisions:
            click.echo(
                f"  {line(revision.get('commit', ''))[:10]}  {shortened(revision.get('content', ''), width() - 14)}"
            )
            click.echo(
                dim(f"              {dotted(age(revision.get('time')), revision.get('author'), revision.get('why'))}")
            )


def _print_version(version: Mapping[str, Any], messages: Mapping[Any, Mapping[str, Any]]) -> None:
    source = version.get("source") or {}
    facts = dotted(
        line(version.get("id", "")),
        version.get("status"),
        age(version.get("observed")),
        f"until {version['valid_until']}" if version.get("valid_until") else None,
        version.get("reason"),
        source.get("agent") or source.get("origin"),
        f"session {source['session']}" if source.get("session") else None,
        source.get("by"),
    )
    click.echo(f"  {strong(shortened(version.get('summary', ''), width() - 2))}")
    click.echo(dim(f"    {facts}"))
    for quoted in _quotes(source.get("messages") or [], messages):
        click.echo(quoted)


def _quotes(wanted: Sequence[str], messages: Mapping[Any, Mapping[str, Any]]) -> list[str]:
    found = [messages[one] for one in wanted if one in messages]
    quotes = []
    for message in found:
        quotes.append(dim(f"    {dotted(message.get('speaker'), age(message.get('time')), message.get('session'))}"))
        quotes.append(wrapped(shortened(message.get("content", ""), _QUOTED_CHARACTERS), _QUOTE))
    if len(found) < len(wanted):
        quotes.append(
            dim(f"    ({len(wanted) - len(found)} of {len(wanted)} messages are not in the archive any more)")
        )
    return quotes

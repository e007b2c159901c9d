"""`sidecar recall`: ask it something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from sidecar.cli.answer import lines
from sidecar.cli.explanation import explained
from sidecar.cli.options import Command, chosen, client, json_option, profile_options
from sidecar.cli.output import print_json, print_notes

_LEVELS = click.Choice(["low", "medium", "high"])
_LENGTHS = click.Choice(["short", "medium", "long"])


@click.command(cls=Command)
@click.argument("words", nargs=-1, required=True, metavar="QUERY…")
@click.option("--level", type=_LEVELS, help="How hard to think; low asks no model  [default: low].")
@click.option("--length", type=_LENGTHS, help="How long an answer  [default: medium].")
@click.option("--limit", type=click.IntRange(1, 100), help="Most candidates  [default: recall.limit].")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only this type of memory; may be repeated.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(["memory", "message"]), help="Only this kind.")
@click.option("--include", multiple=True, metavar="PROFILE", help="Search this profile as well; may be repeated.")
@click.option("--session", metavar="ID", help="Only what this session said.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only memories with this tag; may be repeated.")
@click.option("--since", metavar="DATE", help="Only what was said from this day on.")
@click.option("--before", metavar="DATE", help="Only what was said up to the end of this day.")
@click.option("--at", metavar="WHEN", help="As it was: at the end of a day, or in the state of a snapshot or commit.")
@click.option("--date", metavar="DATE", help="The day from which “last week” is counted  [default: today].")
@click.option("--budget", type=click.IntRange(min=1), metavar="TOKENS", help="Most tokens that candidates may take.")
@click.option(
    "--explain", is_flag=True, help="Show what each channel said, why the gate is open or shut, and the time."
)
@profile_options
@json_option
def recall(
    words: tuple[str, ...],
    profile: str | None,
    namespace: str | None,
    as_json: bool,
    explain: bool,
    **given: Any,  # noqa: ANN401 - options that are passed on as they are
) -> None:
    """Answer QUERY from what is known.

    Searches the memories and messages of this project, and what is known of you.
    """
    options = {
        "thinkingLevel": given["level"],
        "responseLength": given["length"],
        "limit": given["limit"],
        "types": list(given["types"]),
        "kinds": list(given["kinds"]),
        "include": list(given["include"]),
        "sessionId": given["session"],
        "tags": list(given["tags"]),
        "since": given["since"],
        "before": given["before"],
        "budget": given["budget"],
        "referenceDate": given["date"],
        "at": given["at"],
        "explain": explain,
    }
    speaker = client()
    chosen_options = {name: value for name, value in options.items() if value}
    result = speaker.recall(chosen(profile, namespace), " ".join(words), **chosen_options)
    if as_json:
        print_json(result)
        return
    print_answer(result)
    if explain:
        click.echo(explained(result))
    print_notes(speaker.last.messages if speaker.last else [])
    degraded = ((speaker.last.result_info if speaker.last else {}).get("index") or {}).get("degraded") or []
    print_notes([{"message": f"Not everything could be looked at: {reason}"} for reason in degraded])


def print_answer(result: Mapping[str, Any], most: int | None = None) -> None:
    """The answer, then the candidates it came from (the first `most` of them)."""
    for text in lines(result, most):
        click.echo(text)

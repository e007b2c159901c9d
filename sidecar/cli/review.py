"""`sidecar review`: what waits for a person's word, and the word itself."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from sidecar.cli.editor import Draft
from sidecar.cli.options import Group, chosen, client, debug_option, json_option, profile_options
from sidecar.cli.output import age, counted, dim, dotted, line, print_json, strong, wrapped
from sidecar.client import Client, Profile
from sidecar.errors import NotProposed, SidecarError
from sidecar.records import dataclass

_PAGE = 500
"""Proposals fetched at once; the API gives no more."""

_ID_PART = 4
"""Characters of an id that are enough to name it, if only one proposal has them."""

_MOST_BYTES = 32_768
"""UTF-8 bytes of a memory's text, as the API takes it."""


@dataclass(slots=True)
class _Where:
    """The profile that was named before a subcommand."""

    profile: str | None
    namespace: str | None


@click.group(cls=Group, invoke_without_command=True, params=[debug_option()])
@profile_options
@json_option
@click.pass_context
def review(context: click.Context, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """List the memories that wait for your word.

    They are never recalled before you accept them.  To name one, the last characters of its ID are enough.
    """
    context.meta[__name__] = _Where(profile, namespace)
    if context.invoked_subcommand is not None:
        return
    waiting = _waiting(client(), chosen(profile, namespace))
    if as_json:
        print_json(waiting)
        return
    for memory in waiting:
        click.echo(_shown(memory))
    if not waiting:
        click.echo("Nothing waits for review.")
        return
    click.echo(dim(f"{counted(len(waiting), 'memory waits', 'memories wait')} for review."))
    click.echo(dim("`sidecar review accept ID…`, `reject ID…` or `edit ID`; `--all` instead of IDs takes all of them."))


def _deciding(function: Any) -> Any:  # noqa: ANN401 - as click's own decorators
    """The options of the commands that decide about several memories."""
    everything = click.option("--all", "everything", is_flag=True, help="All that wait in this profile.")
    yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
    memories = click.argument("memories", nargs=-1, metavar="ID…")
    return memories(everything(yes(profile_options(json_option(function)))))


@review.command()
@_deciding
@click.pass_context
def accept(
    context: click.Context,
    memories: tuple[str, ...],
    everything: bool,
    yes: bool,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Accept memories: they count as your word from now on.

    What was known under the same key before is superseded.
    """
    wanted = _wanted(_target(context, profile, namespace), memories, everything=everything, yes=yes, verb="Accept")
    _decide(wanted, "accept", {}, as_json=as_json)


@review.command()
@click.option("--reason", metavar="TEXT", help="Why; it is written into the archived file.")
@_deciding
@click.pass_context
def reject(
    context: click.Context,
    memories: tuple[str, ...],
    everything: bool,
    yes: bool,
    reason: str | None,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Reject memories: they are archived, and not learned again."""
    wanted = _wanted(_target(context, profile, namespace), memories, everything=everything, yes=yes, verb="Reject")
    _decide(wanted, "reject", {"reason": reason} if reason else {}, as_json=as_json)


@review.command()
@click.argument("memory", metavar="ID")
@profile_options
@json_option
@click.pass_context
def edit(context: click.Context, memory: str, profile: str | None, namespace: str | None, as_json: bool) -> None:
    """Correct a memory in your editor, and accept it.

    Without a change nothing is done.  If your text cannot be taken, it is kept, and you are told where.
    """
    wanted = _wanted(_target(context, profile, namespace), (memory,), everything=False, yes=True, verb="Accept")
    (found,) = wanted.memories
    if "content" not in found:
        known = wanted.speaker.memory(wanted.profile, str(found["id"]))
        raise NotProposed(id=found["id"], status=known.get("status"))
    with Draft(str(found["content"]), f"sidecar-{found['id']}-") as draft:
        text = draft.edited(most_bytes=_MOST_BYTES)
        if text is None:
            click.echo("Nothing was changed; it still waits.", err=True)
            return
        seen = {"content": text, "expected_sha256": found.get("sha256")}
        result = wanted.speaker.review(wanted.profile, str(found["id"]), "accept", **seen)
        draft.taken()
    print_json(result) if as_json else click.echo(f"Accepted: {_line_of(result)}")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The memories that a command is about; of one that does not wait only the `id` is known."""

    speaker: Client
    profile: Profile
    memories: Sequence[Mapping[str, Any]]


def _target(context: click.Context, profile: str | None, namespace: str | None) -> Profile:
    before: _Where = context.meta[__name__]
    return chosen(profile or before.profile, namespace or before.namespace)


def _waiting(speaker: Client, profile: Profile) -> list[dict[str, Any]]:
    """Everything that waits, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found += speaker.proposed(profile, per_page=_PAGE, cursor=cursor)
        cursor = speaker.last.result_info.get("cursor") if speaker.last else None
        if not cursor:
            return found


def _wanted(profile: Profile, names: Sequence[str], *, everything: bool, yes: bool, verb: str) -> _Wanted:
    if everything is bool(names):
        raise click.UsageError("Name the memories by their IDs, or take --all.")
    speaker = client()
    waiting = _waiting(speaker, profile)
    if not everything:
        found = [_named(name, waiting) for name in names]
        return _Wanted(speaker, profile, list({memory["id"]: memory for memory in found}.values()))
    if waiting and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("--all needs --yes where nobody can be asked.")
        click.confirm(f"{verb} {counted(len(waiting), 'memory', 'memories')}?", abort=True, err=True)
    return _Wanted(speaker, profile, waiting)


def _named(name: str, waiting: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The proposal of an id or of a part of it that no other one has; else the id as it was given."""
    part = name.upper()
    exact = [memory for memory in waiting if memory["id"] in (name, part)]
    if exact:
        return exact[0]
    found = [memory for memory in waiting if str(memory["id"]).startswith(part) or str(memory["id"]).endswith(part)]
    if len(part) < _ID_PART or not found:
        return {"id": name}
    if len(found) > 1:
        raise click.UsageError(f"{name} may mean {counted(len(found), 'memory', 'memories')}; give more of the ID.")
    return found[0]


def _decide(wanted: _Wanted, decision: str, options: Mapping[str, Any], *, as_json: bool) -> None:
    """Decide about one after the other; one that fails keeps back no other, but the command fails in the end."""
    done: list[dict[str, Any]] = []
    failures: list[SidecarError] = []
    for memory in wanted.memories:
        seen = {"expected_sha256": memory["sha256"]} if "sha256" in memory else {}
        try:
            result = wanted.speaker.review(wanted.profile, str(memory["id"]), decision, **options, **seen)
        except SidecarError as error:
            failures.append(error)
            continue
        done.append(result)
        if not as_json:
            click.echo(f"{decision.capitalize()}ed: {_line_of(result)}")
    if as_json:
        print_json(done)
    elif not wanted.memories:
        click.echo("Nothing waits for review.")
    for failure in failures[1:]:
        click.echo(f"Error: {line(failure.message)}", err=True)
    if failures:
        raise failures[0]


def _line_of(memory: Mapping[str, Any]) -> str:
    return f"{line(memory.get('summary', ''))} {dim(dotted(memory.get('id'), memory.get('path')))}"


def _shown(memory: Mapping[str, Any]) -> str:
    """One proposal in full, for people."""
    source = memory.get("source") or {}
    session = source.get("session")
    facts = dotted(
        memory.get("type"),
        memory.get("key"),
        f"said by {source['speaker']}" if source.get("speaker") else None,
        source.get("agent"),
        f"session {session}" if session else None,
        age(memory.get("observed")),
    )
    lines = [strong(line(memory.get("id", ""))), f"  {dim(facts)}", f"  waits      {line(memory.get('why', ''))}"]
    replaces = memory.get("replaces")
    if replaces:
        lines.append(f"  replaces   {line(replaces.get('summary', ''))}")
    content, summary = str(memory.get("content", "")), line(memory.get("summary", ""))
    if summary and summary not in line(content):
        lines.append(f"  summary    {summary}")
    return "\n".join([*lines, "", wrapped(content.strip(), "    "), ""])

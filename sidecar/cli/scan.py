"""`sidecar scan`: is there a secret in what is stored, in spite of all?"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from sidecar.cli.options import Command, client, json_option
from sidecar.cli.output import bar, counted, dim, dotted, line, print_json, strong

_STEP_SECONDS = 120.0
"""Longest wait for one step, which takes a second where nothing else is going on."""
_FOUND = 1
"""The exit code if anything was found."""
_CLEAR = "\r\x1b[2K"
_SHOWN = 50


@click.command(cls=Command)
@json_option
@click.pass_context
def scan(context: click.Context, as_json: bool) -> None:
    """Look for secrets in all that is stored.

    Looks at the files of all profiles with private/ and the trash, the whole git history with what nothing leads to
    any more, the archive, the journal, the index and the logs, with the detectors that redact what comes in; and lists
    memories that speak to agents or wait for review.  Secrets themselves are not shown.  Ends with exit code 1 if it
    found a secret, or an active memory that speaks to agents and that no person has said.
    """
    result = _whole()
    if as_json:
        print_json(result)
    else:
        _print(result)
    if result["findings"] or any(one["status"] == "active" for one in result["suspicious"]):
        context.exit(_FOUND)


def _whole() -> dict[str, Any]:
    """All steps of a scan as one result."""
    asked, place = client(_STEP_SECONDS), None
    found: dict[str, Any] = {"findings": [], "suspicious": [], "looked": {}}
    while True:
        step = asked.scan(place)
        found["findings"] += step["findings"]
        found["suspicious"] += step["suspicious"]
        for stage, count in step["looked"].items():
            found["looked"][stage] = found["looked"].get(stage, 0) + count
        place = step["cursor"]
        _progress(step, ended=place is None)
        if place is None:
            return found


def _progress(step: Mapping[str, Any], *, ended: bool) -> None:
    if sys.stderr.isatty():
        text = "" if ended else f"{line(step['stage'])} {bar(step['done'], step['total'])}"
        click.echo(f"{_CLEAR}{text}", nl=False, err=True)


def _print(result: Mapping[str, Any]) -> None:
    findings, suspicious = result["findings"], result["suspicious"]
    for one in findings[:_SHOWN]:
        click.echo(f"{strong(_place(one))}  {line(one['kind'])} {line(one['hint'])}")
        click.echo(f"  {line(one['next'])}")
    if len(findings) > _SHOWN:
        click.echo(dim(f"{len(findings) - _SHOWN:,} more; --json has all."))
    for one in suspicious:
        click.echo(f"{strong(line(one['path']))} in {line(one['profile'])}: {line(one['why'])} ({line(one['memory'])})")
    if suspicious:
        click.echo("  See `sidecar show ID`, then `sidecar review` or `sidecar forget ID`.")
    looked = ", ".join(f"{count:,} {line(stage)}" for stage, count in result["looked"].items())
    click.echo(dim(f"Looked at: {looked or 'nothing'}."))
    click.echo(f"{counted(len(findings), 'secret')} found." if findings else "No secret found.")


def _place(one: Mapping[str, Any]) -> str:
    """Where something stands, as a person would look for it."""
    where = f"{line(one['path'])}:{one['line']}" if one["path"] else f"line {one['line']}"
    commit = f"commit {line(one['commit'])[:12]}" if one["commit"] else ""
    lost = f"object {line(one['object'])[:12]}" if one["object"] and not commit else ""
    message = f"message {line(one['message'])}" if one["message"] else ""
    session = f"session {line(one['session'])}" if one["session"] else ""
    memory = f"memory {line(one['memory'])}" if one["memory"] else ""
    return dotted(line(one["where"]), line(one["profile"] or ""), where, commit, lost, message, session, memory)

"""`sidecar show --session`: a session as it went."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from sidecar.cli.output import counted, dim, dotted, line, print_json, rows_of, safe, shortened, strong, width, wrapped
from sidecar.client import Client

_PAGE = 200
"""Messages asked for at once: one answer stays small, however long the session is."""

_OUTPUT_LINES = 3
"""Lines of what a tool printed; all of it with `--full`."""


def show_session(speaker: Client, name: str, *, full: bool, as_json: bool, **options: object) -> None:
    """Print a session, page by page; as JSON in one piece."""
    pages = _pages(speaker, name, options)
    first = next(pages)
    if as_json:
        rest = [message for page in pages for message in rows_of(page, "messages")]
        print_json({**first, "messages": [*rows_of(first, "messages"), *rest]})
        return
    click.echo("\n".join(_head(first)))
    day = ""
    for page in (first, *pages):
        for message in rows_of(page, "messages"):
            when = str(message.get("time") or "")
            if when[:10] not in ("", day):
                day = when[:10]
                click.echo(f"\n{strong(day)}")
            click.echo("\n".join(["", *_message(message, full=full)]))
    if first.get("forgotten"):
        number = int(first["forgotten"])
        why = f"because what was learned from {'it' if number == 1 else 'them'} was forgotten"
        click.echo(dim(f"\n{counted(number, 'message')} left out, {why}."))
    if first.get("let_go"):
        number = int(first["let_go"])
        kept = "is not kept any more" if number == 1 else "are not kept any more"
        click.echo(dim(f"\n{counted(number, 'message')} {kept}: see `archive` in the settings."))


def _pages(speaker: Client, name: str, options: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    cursor: object = None
    while True:
        yield speaker.session(name, per_page=_PAGE, cursor=cursor, **options)
        cursor = speaker.last.result_info.get("cursor") if speaker.last else None
        if not cursor:
            return


def _head(found: Mapping[str, Any]) -> Iterator[str]:
    yield strong(f"Session {line(found.get('session'))}")
    span = " – ".join(_minute(found[name]) for name in ("started", "last_record") if found.get(name))
    yield dotted(
        found.get("agent"),
        f"{found.get('namespace')}/{found.get('profile')}",
        next(iter(found.get("cwds") or ()), None),
        span,
        counted(int(found.get("total") or 0), "message"),
    )
    for words in resume_words(found.get("resume") or {}):
        yield dim(words)


def resume_words(resume: Mapping[str, Any]) -> Iterator[str]:
    """How to go on with a session, in a line or two."""
    command, cwd = resume.get("command"), resume.get("cwd")
    if command:
        yield f"resume: {f'cd {shlex.quote(line(cwd))} && ' if cwd else ''}{line(command)}"
    if resume.get("note"):
        yield f"{'' if command else 'resume: '}{line(resume['note'])}"


def _message(message: Mapping[str, Any], *, full: bool) -> Iterator[str]:
    tool = message.get("tool")
    who = message.get("speaker") or message.get("role")
    clock = str(message.get("time") or "")[11:16]
    beside = "in a subagent" if message.get("sidechain") else None
    if tool is not None or message.get("kind") == "tool":
        yield from _tool(message, tool or {}, dotted(clock, beside), full=full)
        return
    summary = "summary" if message.get("kind") == "summary" else None
    yield strong(dotted(clock, who, message.get("model"), summary, beside))
    yield wrapped(safe(message.get("content", "")).strip(), "  ")


def _tool(message: Mapping[str, Any], tool: Mapping[str, Any], clock: str, *, full: bool) -> Iterator[str]:
    """A call in a line, with the first lines of what came of it."""
    command = shortened(tool.get("command") or "", width() - 30)
    yield dim(dotted(clock, tool.get("name") or "tool", command, "failed" if tool.get("failed") else None))
    lines = safe(message.get("content", "")).splitlines()
    printed = lines[1:] if lines and lines[0].startswith("$ ") else lines
    shown = printed if full else printed[:_OUTPUT_LINES]
    for text in shown:
        yield dim(f"    {text if full else shortened(text, width() - 4)}")
    if len(printed) > len(shown):
        yield dim(f"    … {counted(len(printed) - len(shown), 'more line')}")


def _minute(when: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(when)):%Y-%m-%d %H:%M}"
    except ValueError:
        return str(when)

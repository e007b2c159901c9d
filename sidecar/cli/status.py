"""`sidecar status`: what the daemon does, and what it could not do."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from sidecar.cli.options import Command, client, json_option
from sidecar.cli.output import bar, counted, dotted, duration, line, print_json, rows_of

_EVERY_SECONDS = 1.0
_MEGABYTE = 1 << 20
_LABEL = 11
"""Width of the labels at the left."""

_SHOWN_KINDS = 3
"""Kinds of records, and versions, that are named in a line; more are in `--json`."""

_SHOWN_BAD_FILES = 10
"""Bad files that are listed; all are in `--json`."""


@click.command(cls=Command)
@click.option("--watch", is_flag=True, help="Go on showing it, until Ctrl-C.")
@json_option
def status(watch: bool, as_json: bool) -> None:
    """Show what the daemon is doing.

    Sessions read, memories learned, what waits, and files that it could not take in.
    """
    speaker = client(10)
    if not watch:
        result = speaker.status()
        print_json(result) if as_json else click.echo(described(result))
        return
    shown = ""
    while True:
        result = speaker.status()
        text = line(result) if as_json else described(result)
        if text != shown:
            _show_again(result, text, as_json=as_json)
            shown = text
        time.sleep(_EVERY_SECONDS)


def _show_again(result: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        if sys.stdout.isatty():
            click.clear()
        click.echo(text)
    sys.stdout.flush()


def described(status_result: Mapping[str, Any]) -> str:
    """The status for people, some lines; what is fine is short, what is not has its reason."""
    lines = [f"{label:<{_LABEL}}{text}" for label, text in _lines(status_result)]
    return "\n".join((_headline(status_result), *lines))


def _headline(found: Mapping[str, Any]) -> str:
    paused = (found.get("extractor") or {}).get("state") == "paused"
    state = "paused" if paused else "settled" if found.get("settled") else "working"
    uptime = f"up {duration(float(found.get('uptime_s') or 0))}"
    process = f"pid {found.get('pid', '?')}"
    return f"sidecar {dotted(found.get('version'), process, uptime, state)}"


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _work(found)
    yield from _listening(found.get("listen") or {})
    yield from _named("profile", rows_of(found, "profiles"), _profile)
    yield from _named("agent", _by_agent(rows_of(found, "agents")), _agent)
    yield from _named("format", rows_of(found, "formats"), format_words)
    bad = rows_of(found, "bad_files")
    for entry in bad[:_SHOWN_BAD_FILES]:
        place = ":".join(str(part) for part in (entry.get("path"), entry.get("line")) if part)
        yield "bad file", f"{line(place)}  {line(entry.get('reason', ''))}"
    if len(bad) > _SHOWN_BAD_FILES:
        yield "", f"and {len(bad) - _SHOWN_BAD_FILES} more, see --json"
    services = rows_of(found, "services")
    for service in services:
        if service.get("state") not in ("running", "idle"):
            yield "service", dotted(service.get("name"), service.get("state"), service.get("error"))


def _listening(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where else than on the socket one can ask; nothing without."""
    if found.get("tcp"):
        yield "listen", dotted(found["tcp"], "token: `sidecar config token`")
    elif found.get("problem"):
        yield "listen", f"not yet on {line(found['problem'])}"
    if found.get("mcp"):
        yield "mcp", line(found["mcp"])


def _work(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    fill = found.get("backfill") or {}
    if fill.get("done", 0) < fill.get("total", 0):
        yield "back-fill", f"{bar(fill['done'], fill['total'])} sessions"
    queue = found.get("queue") or {}
    if any(queue.values()):
        yield "queue", dotted(*(f"{number} {name}" for name, number in queue.items() if number))
    extractor = found.get("extractor") or {}
    yield "extractor", dotted(extractor.get("name"), extractor.get("state"), extractor.get("hint"))
    index = found.get("index") or {}
    degraded = ", ".join(map(line, index.get("degraded") or []))
    yield "index", dotted(f"{index.get('lag_ms', 0)} ms behind", degraded and f"degraded: {degraded}")
    if archive := found.get("archive"):
        yield "archive", _archive(archive)


def _archive(row: Mapping[str, Any]) -> str:
    """What is kept of what was said, of how much that may be, and what was let go of."""
    size = f"{_megabytes(row['text_bytes'])} of {row['max_mb']:,} MB, on disk {_megabytes(row['file_bytes'])} MB"
    keep = row.get("keep_days")
    return dotted(
        counted(row["messages"], "message"),
        size,
        f"kept for {counted(keep, 'day')}" if keep is not None else None,
        None if row["enabled"] else "none is kept once it is extracted",
        f"{counted(row['let_go'], 'message')} let go" if row["let_go"] else None,
    )


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:,.1f}"


def format_words(row: Mapping[str, Any]) -> str:
    """What of an agent's transcripts is not known, in a line."""
    unknown, damaged, flagged = (int(row.get(name) or 0) for name in ("unknown_records", "damaged", "flagged"))
    files = counted(int(row.get("files") or 0), "file")
    kinds = ", ".join(f"{kind} {number}" for kind, number in list((row.get("kinds") or {}).items())[:_SHOWN_KINDS])
    versions = row.get("versions") or {}
    named = ", ".join(list(versions)[-_SHOWN_KINDS:])
    return dotted(
        row.get("agent"),
        f"{counted(unknown, 'record')} of unknown kinds in {files} ({kinds})" if unknown else None,
        f"{counted(damaged, 'damaged record')} in {files}" if damaged else None,
        f"{counted(flagged, 'file')} not understood" if flagged else None,
        f"{counted(sum(versions.values()), 'file')} of newer versions ({named}; known up to {row.get('newest_known')})"
        if versions
        else None,
    )


def _named(label: str, rows: list[Mapping[str, Any]], describe: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    for row in rows:
        yield label, describe(row)


def _profile(row: Mapping[str, Any]) -> str:
    counts = (counted(row.get("memories", 0), "memory", "memories"), counted(row.get("messages", 0), "message"))
    return dotted(f"{row.get('namespace')}/{row.get('name')}", *counts, *_shared(row.get("sync") or {}), *_carried(row))


def _shared(sync: Mapping[str, Any]) -> Iterator[str]:
    """How a shared profile stands with its remote; nothing of one that is not shared."""
    if sync:
        yield f"{line(sync.get('state', ''))} with {line(sync.get('remote', ''))}"
        if sync.get("error"):
            yield f"{line(sync['error'])} {line(sync.get('hint') or '')}".rstrip()


def _carried(row: Mapping[str, Any]) -> Iterator[str]:
    """How it stands with the folder of its project; nothing if that does not carry it."""
    carried = row.get("carried") or {}
    if carried:
        yield f"{line(carried.get('state', ''))} with {line(carried.get('folder', ''))}"
        if carried.get("uncommitted"):
            yield f"{counted(carried['uncommitted'], 'file')} there not committed"
        if carried.get("error"):
            yield f"{line(carried['error'])} {line(carried.get('hint') or '')}".rstrip()


def _by_agent(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One row for each agent, with all of its folders: what is counted is the agent's, wherever it lies."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        known = found.setdefault(str(row.get("name")), {**row, "path": None})
        known["path"] = ", ".join(filter(None, (known["path"], row.get("path"))))
    return list(found.values())


def _agent(row: Mapping[str, Any]) -> str:
    unknown = row.get("unknown_records") or 0
    kinds = f"{counted(unknown, 'record')} of unknown kinds" if isinstance(unknown, int) and unknown else ""
    return dotted(row.get("name"), row.get("path"), counted(row.get("sessions", 0), "session"), kinds)

"""`sidecar doctor`: whether everything is in place, and what to do where it is not.

Works without a daemon, and changes nothing.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from sidecar import __version__
from sidecar.cli import agents
from sidecar.cli.options import Command, client, json_option, paths
from sidecar.cli.output import counted, dim, line, print_json, rows_of
from sidecar.cli.process import holder
from sidecar.cli.status import format_words
from sidecar.errors import NoDaemon, SidecarError
from sidecar.paths import Paths
from sidecar.records import dataclass

if TYPE_CHECKING:
    from sidecar.config import Config  # reads YAML, which no `--help` needs

State = Literal["ok", "warn", "fail"]

_FAILED = 1
"""Exit code if a check failed; errors of the program itself have their own."""

_MODEL_SECONDS = 2.0
"""A model server on this machine answers within milliseconds."""

_SLOW_INDEX_MS = 60_000
"""A change that is not searchable after a minute is a fault (a scan comes at the latest then)."""

_FORMAT_HINT = "Upgrade sidecar: a version that knows them reads these files again by itself. Else report the kinds."
_MEMORY_HINT = "Mend it in an editor; its last good version answers."
_TRANSCRIPT_HINT = "Nothing is lost: what could be read is archived, and the file is read again when it changes."

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@dataclass(frozen=True, slots=True)
class Check:
    """What one look has shown; `hint` says what to do unless all is well."""

    name: str
    state: State
    detail: str
    hint: str = ""


@click.command(cls=Command)
@json_option
def doctor(as_json: bool) -> int:
    """Check that everything is in place.

    Git, folders, settings, agents, model and daemon, and what to do where something is wrong.  Works without a daemon
    and changes nothing.  The exit code is 0 unless a check failed.
    """
    checks = list(_checks(paths()))
    failed = any(check.state == "fail" for check in checks)
    if as_json:
        entries = [{"name": c.name, "state": c.state, "detail": c.detail, "hint": c.hint} for c in checks]
        print_json({"healthy": not failed, "checks": entries})
    else:
        for check in checks:
            mark = click.style(f"{check.state:<4}", fg=_COLOURS[check.state])
            click.echo(f"{mark}  {check.name:<9}  {line(check.detail)}")
            if check.hint:
                click.echo(dim(f"{'':17}{line(check.hint)}"))
    return _FAILED if failed else 0


def _checks(places: Paths) -> Iterator[Check]:
    yield _git()
    yield from _folders(places)
    settings, check = _settings(places)
    yield check
    if settings is not None:
        yield from _agents(settings)
        yield _model(settings)
    yield from _daemon(places)


def _git() -> Check:
    from sidecar.git import version

    try:
        return Check("git", "ok", version())
    except SidecarError as error:
        return Check("git", "fail", error.message, error.hint)


def _folders(places: Paths) -> Iterator[Check]:
    from sidecar.daemon import premises

    found = premises.look(places, os.environ)
    for name, folder in (("store", places.store), ("state", places.state), ("cache", places.cache)):
        check = _folder(name, folder)
        if check.state != "ok" or not any(one.place == name for one in found):
            yield check
    for one in found:
        yield Check(one.place, "fail" if one.refused else "warn", one.told, one.mend)


def _folder(name: str, folder: Path) -> Check:
    if not folder.exists():
        nearest = next(parent for parent in folder.parents if parent.exists())
        if os.access(nearest, os.W_OK | os.X_OK):
            return Check(name, "ok", f"{folder} (made when needed)")
        return Check(name, "fail", f"{folder} cannot be made", f"Make {nearest} writable, or set SIDECAR_HOME.")
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        return Check(name, "fail", f"{folder} is not a folder", "Move it away, or set SIDECAR_HOME.")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Check(name, "fail", f"{folder} is not writable", f"Mend its permissions: chmod u+rwx '{folder}'")
    return Check(name, "ok", str(folder))


def _settings(places: Paths) -> tuple[Config | None, Check]:
    from sidecar.config import load

    try:
        settings = load(places, os.environ)
    except SidecarError as error:
        return None, Check("config", "fail", error.message, error.hint)
    where = places.config_file if places.config_file.exists() else f"{places.config_file} (not there: defaults)"
    return settings, Check("config", "ok", str(where))


def _agents(settings: Config) -> Iterator[Check]:
    found = agents.found(settings, os.environ)
    for entry in found:
        yield Check("agent", "ok", f"{entry.agent}  {entry.path}  {counted(entry.sessions, 'session')}")
    if not found:
        yield Check("agent", "warn", "no agent's transcripts were found", "Name their folders in watch.extra.")


def _model(settings: Config) -> Check:
    if settings.extract.extractor in ("rules", "none"):
        return Check("model", "ok", f"not asked (extract.extractor is {settings.extract.extractor})")
    from sidecar.extract.model import probe

    server = probe(settings.extract.host, timeout_s=_MODEL_SECONDS, allow_remote=settings.extract.allow_remote)
    needed = settings.extract.extractor == "ollama"
    if not server.reachable:
        hint = (
            "Start it with `ollama serve`; without it the rules extract." if not needed else "Start it: `ollama serve`."
        )
        detail = f"{server.host} does not answer: {server.problem}"
        return Check("model", "fail" if needed else "warn", detail, hint)
    if not server.has(settings.extract.model):
        detail = f"{server.host} does not have {settings.extract.model}"
        return Check(
            "model", "fail" if needed else "warn", detail, f"Fetch it: `ollama pull {settings.extract.model}`."
        )
    return Check("model", "ok", f"{settings.extract.model} on {server.host} (Ollama {server.version})")


def _daemon(places: Paths) -> Iterator[Check]:
    pid = holder(places.lock)
    try:
        found = client(5).status()
    except NoDaemon as error:
        if pid is None:
            yield Check("daemon", "warn", "not running", error.hint)
        else:
            yield Check(
                "daemon",
                "fail",
                f"pid {pid} runs, but does not listen on {places.socket}",
                "`sidecar down`, then `sidecar up`.",
            )
    except SidecarError as error:
        yield Check("daemon", "fail", error.message, error.hint)
    else:
        yield from _answering(found, places)


def _answering(found: Mapping[str, Any], places: Paths) -> Iterator[Check]:
    version = found.get("version")
    if version == __version__:
        yield Check("daemon", "ok", f"version {version}, pid {found.get('pid')}, on {places.socket}")
    else:
        detail = f"version {version} runs, this is {__version__}"
        yield Check("daemon", "warn", detail, "Restart it: `sidecar down`, then `sidecar up --detach`.")
    index = found.get("index") or {}
    reasons = ", ".join(map(str, index.get("degraded") or []))
    if reasons or index.get("lag_ms", 0) > _SLOW_INDEX_MS:
        detail = f"{index.get('lag_ms', 0)} ms behind{f', degraded: {reasons}' if reasons else ''}"
        yield Check("index", "warn", detail, "If it does not catch up: `sidecar rebuild`.")
    else:
        yield Check("index", "ok", f"generation {index.get('generation')}, {index.get('lag_ms', 0)} ms behind")
    for row in rows_of(found, "formats"):
        odd = row.get("flagged") or row.get("unknown_records")
        yield Check("format", "warn" if odd else "ok", format_words(row), _FORMAT_HINT if odd else "")
    for entry in rows_of(found, "bad_files"):
        place = ":".join(str(part) for part in (entry.get("path"), entry.get("line")) if part)
        hint = _TRANSCRIPT_HINT if str(entry.get("path", "")).startswith("/") else _MEMORY_HINT
        yield Check("bad file", "warn", f"{place}  {entry.get('reason', '')}", hint)
    listen = found.get("listen") or {}
    if listen.get("tcp"):
        yield Check("listen", "ok", line(listen["tcp"]))
    elif listen.get("problem"):
        yield Check("listen", "warn", line(listen["problem"]), "Free that port, or set listen.tcp to another one.")
    for service in rows_of(found, "services"):
        if service.get("error"):
            yield Check("service", "warn", f"{service.get('name')}: {service['error']}", f"See {places.logs}.")

"""`sidecar export` and `import`: memories into one file, and out of the files of other programs."""

from __future__ import annotations

import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import click

from sidecar.cli.options import Command, chosen, client, json_option, paths, profile_options
from sidecar.cli.output import counted, dim, dotted, line, print_json, rows_of
from sidecar.cli.transfer import download
from sidecar.client import Profile
from sidecar.errors import FileSystemFailed, NothingToImport
from sidecar.files import FILE_MODE, sync_folder

_SECONDS = 3600.0
"""Longest wait: reading a hundred thousand files takes minutes."""

_STDOUT = "-"
_FORMS = click.Choice(["sidecar", "basic-memory", "claude", "mem0"])


@click.command(cls=Command)
@click.argument("file", metavar="FILE")
@click.option("--format", "form", type=click.Choice(["tar", "jsonl"]), help="The format  [default: by FILE's ending].")
@click.option("--private", is_flag=True, help="Also what lies in private/.")
@click.option("--forgotten", is_flag=True, help="Also forgotten memories and tombstones.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@profile_options
@json_option
def export(
    file: str,
    form: str | None,
    private: bool,
    forgotten: bool,
    force: bool,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Write all memories of this project into FILE (`-`: stdout).

    FILE holds the memory files byte for byte, as a tar archive or as JSON lines (.jsonl), and only you can read it.
    What is not in it is told on stderr, line by line; --json prints the header of the export instead.
    """
    where = chosen(profile, namespace)
    form = form or ("jsonl" if file.endswith(".jsonl") else "tar")
    query = {"format": form, "private": private, "forgotten": forgotten, **where.fields()}
    if file == _STDOUT:
        if sys.stdout.isatty():
            raise click.UsageError("Name a FILE, or pipe the output somewhere.")
        download(paths().socket, where.route("export"), query, sys.stdout.buffer, seconds=_SECONDS)
        return
    target = Path(file)
    if target.exists() and not force:
        raise click.UsageError(f"{file} is there already; --force replaces it.")
    header = _written(target, where, query, form)
    print_json(header) if as_json else _tell_export(file, header)


def _written(target: Path, where: Profile, query: Mapping[str, object], form: str) -> Mapping[str, Any]:
    """Put the export in place, whole or not at all; returns its header."""
    folder = target.absolute().parent
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".sidecar-", suffix=".tmp", delete=False) as temporary:
            try:
                Path(temporary.name).chmod(FILE_MODE)
                download(paths().socket, where.route("export"), query, temporary, seconds=_SECONDS)
                temporary.flush()
                os.fsync(temporary.fileno())
                temporary.seek(0)
                header = _header(temporary, form)
                Path(temporary.name).replace(target)
            except BaseException:
                Path(temporary.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise FileSystemFailed(path=target, action="written", why=error.strerror or str(error)) from error
    sync_folder(folder)
    return header


def _header(file: IO[bytes], form: str) -> Mapping[str, Any]:
    """What the export, open at its beginning, says of itself."""
    if form == "jsonl":
        found = json.loads(file.readline())
    else:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            entry = archive.next()
            inner = None if entry is None else archive.extractfile(entry)
            found = {} if inner is None else json.loads(inner.read())
    return found if isinstance(found, dict) else {}


def _tell_export(file: str, header: Mapping[str, Any]) -> None:
    """What was written, and what was not."""
    memories = counted(int(header.get("memories", 0)), "memory", "memories")
    tombstones = int(header.get("tombstones", 0))
    also = f" and {counted(tombstones, 'tombstone')}" if tombstones else ""
    click.echo(f"Exported {memories}{also} of {line(header.get('profile', ''))} to {file}.")
    for told in _left_out(rows_of(header, "left")):
        click.echo(told, err=True)


@click.command("import", cls=Command)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True), metavar="PATH…")
@click.option("--from", "form", type=_FORMS, help="Whose form the files have  [default: found out].")
@click.option("--dry-run", is_flag=True, help="Only say what would be taken in; nothing is written.")
@profile_options
@json_option
def import_memories(
    files: tuple[str, ...],
    form: str | None,
    dry_run: bool,
    profile: str | None,
    namespace: str | None,
    as_json: bool,
) -> None:
    """Take memories in from other programs' files, or from an export.

    Understood are sidecar's own exports, notes of basic-memory, Claude Code's memory (MEMORY.md, its topic files,
    CLAUDE.md) and JSON of mem0; of a folder, all files below it.  What is known already is not taken twice, and what
    cannot be taken is told line by line.
    """
    absolute = [str(Path(file).absolute()) for file in files]
    result = client(_SECONDS).import_files(chosen(profile, namespace), absolute, form=form, dry_run=dry_run)
    if as_json:
        print_json(result)
    else:
        click.echo("\n".join(_told(result, dry_run=dry_run)))
        for told in _left_out(rows_of(result, "left_out")):
            click.echo(told, err=True)
    left = rows_of(result, "left_out")
    if left and not rows_of(result, "changes"):
        first = left[0]
        raise NothingToImport(path=first.get("path"), why=f"{first.get('why')}.", hint=first.get("hint"))


def _told(result: Mapping[str, Any], *, dry_run: bool) -> Iterator[str]:
    """The result for people."""
    forms = ", ".join(
        f"{counted(int(number), 'file')} of {name}" for name, number in (result.get("forms") or {}).items()
    )
    counts = result.get("counts") or {}
    numbers = ", ".join(f"{name} {int(number):,}" for name, number in counts.items() if number or name == "add")
    yield f"Read {forms or 'nothing'}. {'Would' if dry_run else 'Did'}: {numbers}."
    for change in rows_of(result, "changes"):
        if dry_run or change.get("action") != "skip":
            yield f"  {line(change.get('action', '')):<10} {line(change.get('summary', ''))}"
            state = change.get("status") if change.get("status") != "active" else None
            details = dotted(change.get("type"), change.get("key"), change.get("profile"), state, change.get("why"))
            yield dim(f"             {details}")


def _left_out(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """What was not taken along: where, what, why, and what to do."""
    for row in rows:
        place = f"{line(row.get('path', ''))}:{row['line']}" if row.get("line") else line(row.get("path", ""))
        what = "" if row.get("what") in (None, "", row.get("path")) else f" [{line(row['what'])}]"
        yield f"left out   {place}{what}: {line(row.get('why', ''))}. {line(row.get('hint', ''))}"

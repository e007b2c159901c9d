"""What git prints and reads, as values."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime

from sidecar.expressions import regex
from sidecar.git.words import Identity, LogEntry, StatusEntry

_TRAILER = regex(r"(Memory-Id|Session|Agent|Pushed-By): (.+)")


def status_entries(output: bytes) -> list[StatusEntry]:
    """What `status --porcelain=v2 -z` printed."""
    fields_before_path = {b"1": 8, b"2": 9, b"u": 10, b"?": 1}
    records = iter(output.split(b"\0"))
    entries: list[StatusEntry] = []
    for record in records:
        kind = record[:1]
        if kind not in fields_before_path:
            continue
        path = os.fsdecode(record.split(b" ", fields_before_path[kind])[-1])
        entries.append(StatusEntry(path, untracked=kind == b"?"))
        if kind == b"2":  # a rename carries its old path as a record of its own
            entries.append(StatusEntry(os.fsdecode(next(records)), untracked=False))
    return entries


def object_name(data: bytes, like: str) -> str:
    """The name under which git knows these bytes as a file, in a repository that has an object named `like`."""
    algorithm = "sha256" if len(like) == 64 else "sha1"
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def same(name: str | None, data: bytes | None) -> bool:
    """Whether a file of HEAD (its object name, None if there is none) has exactly these bytes."""
    if name is None or data is None:
        return name is None and data is None
    return object_name(data, name) == name


def signature(identity: Identity) -> str:
    """Name and address as they stand in a commit, free of what would break its format."""
    name, email = (re.sub(r"[<>\x00-\x1f]", "", text).strip() for text in (identity.name, identity.email))
    return f"{name or 'unknown'} <{email}>"


def quoted(path: str) -> bytes:
    """A path as fast-import takes it: C-quoted, so that no byte of it can be taken for a command."""
    raw = os.fsencode(path)
    return b'"' + b"".join(bytes([c]) if 32 <= c < 127 and c not in b'"\\' else b"\\%03o" % c for c in raw) + b'"'


def moment_of(stamp: str) -> datetime:
    """A time as git prints it, in seconds since 1970; of one beyond the calendar, which anybody can write, its end."""
    try:
        return datetime.fromtimestamp(int(stamp), UTC)
    except (ValueError, OverflowError):
        return datetime.max.replace(microsecond=0, tzinfo=UTC)


def log_entry(record: str) -> LogEntry:
    """One commit, as `log` prints it in the format that the repository asks for."""
    commit, parents, stamp, name, email, message = record.lstrip("\n").split("\x01", 5)
    subject, _, body = message.strip("\n").partition("\n")
    trailers: dict[str, list[str]] = {"Memory-Id": [], "Session": [], "Agent": [], "Pushed-By": []}
    for line in message.strip().rpartition("\n\n")[2].splitlines():
        found = _TRAILER.fullmatch(line)
        if found:
            trailers[found[1]].append(found[2])
    return LogEntry(
        commit=commit,
        parents=tuple(parents.split()),
        time=moment_of(stamp),
        author=Identity(name, email),
        subject=subject,
        body=body.strip("\n"),
        memories=tuple(trailers["Memory-Id"]),
        sessions=tuple(trailers["Session"]),
        agents=tuple(trailers["Agent"]),
        pushed_by=next(iter(trailers["Pushed-By"]), name),
    )

"""Codex's thread and turn ids: where they stand, and the time that is in them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sidecar.expressions import regex
from sidecar.transcripts.base import Record
from sidecar.transcripts.values import UUID, identifier, is_uuid, moment, obj

_FILE_NAME = regex(rf"rollout-.*?({UUID})")


def thread_of_file(path: Path) -> str:
    """The thread that a rollout's name tells, else the name itself without its endings."""
    found = _FILE_NAME.match(path.name)
    return found[1] if found else path.name.removesuffix(".zst").rpartition(".")[0] or path.name


def uuid_time(value: str, written: datetime) -> datetime | None:
    """The time in a version 7 UUID; None for other ids."""
    if not is_uuid(value) or value[14] != "7":
        return None
    return moment(int(value[:8] + value[9:13], 16), written)


def parent_of(payload: Record) -> str:
    """The thread from which a session was forked or spawned; empty for none."""
    spawn = obj(obj(obj(payload.get("source")).get("subagent")).get("thread_spawn"))
    told = (payload.get("forked_from_id"), payload.get("parent_thread_id"), spawn.get("parent_thread_id"))
    return next((thread for value in told if (thread := identifier(value))), "")

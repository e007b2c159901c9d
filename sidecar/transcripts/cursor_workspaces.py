"""Which folder a conversation of Cursor's editor belongs to, as the workspaces' own databases tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sidecar.errors import TranscriptUnreadable
from sidecar.transcripts.base import Record
from sidecar.transcripts.cursor_bubbles import path_of
from sidecar.transcripts.databases import snapshot
from sidecar.transcripts.streams import head_of
from sidecar.transcripts.values import decoded, identifier, items, obj

_LIST = "composer.composerData"
_DESCRIPTION_SIZE = 64 * 1024
"""Bytes of `workspace.json`, which names one folder."""


def folders_of(database: Path) -> dict[str, str]:
    """The folders of conversations, by session, for the database in `globalStorage` or in a workspace.

    Workspaces that cannot be read now are left out: it is asked again with the next message.
    """
    user = database.parent.parent
    storage = user if user.name == "workspaceStorage" else user / "workspaceStorage"
    found: dict[str, str] = {}
    for workspace in _workspaces(storage):
        folder = path_of(_description(workspace).get("folder"))
        if folder:
            found.update(dict.fromkeys(_conversations(workspace / database.name), folder))
    return found


def _workspaces(storage: Path) -> list[Path]:
    try:
        return sorted(storage.iterdir())
    except OSError:
        return []


def _description(workspace: Path) -> Record:
    try:
        return obj(json.loads(head_of(workspace / "workspace.json", _DESCRIPTION_SIZE).decode("utf-8", "replace")))
    except (OSError, ValueError, RecursionError):
        return {}


def _conversations(database: Path) -> Iterator[str]:
    """The sessions that a workspace lists."""
    try:
        with snapshot(database) as found:
            if "value" not in found.columns("ItemTable"):
                return
            values = [value for (value,) in found.rows("SELECT value FROM ItemTable WHERE key = ?", (_LIST,))]
    except TranscriptUnreadable:
        return
    for value in values:
        for composer in map(obj, items(obj(decoded(value)).get("allComposers"))):
            session = identifier(composer.get("composerId"))
            if session:
                yield session

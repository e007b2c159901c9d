"""Real transcripts by agent: a folder for each agent, as collected, and `generic` for forms that belong to none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sidecar.errors import TranscriptUnreadable
from sidecar.transcripts import READERS, detect

_BESIDE = (".meta.json", ".sql", ".tsv", ".txt", ".yaml", ".yml")
"""Ends of the names of files that lie beside transcripts."""

_GENERIC = "generic"


def by_agent(folder: Path) -> Mapping[str, list[Path]]:
    """The files of each reader that hold a conversation, largest first."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        agent = path.relative_to(folder).parts[0]
        if not path.is_file() or path.name.endswith(_BESIDE):
            continue
        told = agent if agent in READERS else detect(path) if agent == _GENERIC else None
        if told is not None and _speaks(told, path):
            found.setdefault(told, []).append(path)
    return {agent: sorted(paths, key=lambda path: -path.stat().st_size) for agent, paths in sorted(found.items())}


def _speaks(agent: str, path: Path) -> bool:
    try:
        return bool(READERS[agent].read(path, None).messages)
    except TranscriptUnreadable:
        return False

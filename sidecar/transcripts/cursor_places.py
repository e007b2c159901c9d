"""Which project a folder of Cursor belongs to: its name is the project's path with every sign made a dash."""

from __future__ import annotations

import os
from pathlib import Path

from sidecar.expressions import regex

PROJECTS = "projects"

_SIGNS = regex(r"[^A-Za-z0-9]+")


def project_of(path: Path) -> str | None:
    """The project of a transcript, if exactly one folder on this machine has such a name; else it is not guessed."""
    parts = path.parts
    if PROJECTS not in parts[:-1]:
        return None
    place = len(parts) - 1 - parts[::-1].index(PROJECTS)
    return _folder_of(parts[place + 1]) if place + 2 < len(parts) else None


def _folder_of(slug: str) -> str | None:
    found = _matches(Path("/"), _dashed(slug))
    return found[0] if len(found) == 1 else None


def _matches(folder: Path, rest: str) -> list[str]:
    """The folders below this one whose dashed paths are `rest`."""
    found: list[str] = []
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return found
    for name in names:
        dashed = _dashed(name)
        if dashed and dashed == rest:
            found.append(str(folder / name))
        elif dashed and rest.startswith(f"{dashed}-"):
            found += _matches(folder / name, rest[len(dashed) + 1 :])
    return found


def _dashed(name: str) -> str:
    return _SIGNS.sub("-", name).strip("-")

"""Folders that agents' variables name."""

from __future__ import annotations

from pathlib import Path


def folder_from(value: str | None, home: Path, default: Path) -> Path:
    """The folder that a variable names, with `~` as the given home; unset and empty mean the default."""
    if not value or not value.strip():
        return default
    if value == "~" or value.startswith("~/"):
        return home / value[2:]
    return Path(value).absolute()

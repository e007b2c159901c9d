"""Where programs keep databases, by platform and environment; nothing here looks at the disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from sidecar import paths

MACOS, WINDOWS = "darwin", "win32"


def below(environ: Mapping[str, str], variable: str, default: str) -> Path:
    """The folder that a variable names, with `~` as the home folder; by default one below the home folder."""
    home = paths.user_home(environ)
    value = environ.get(variable, "").strip()
    if not value:
        return home / default
    if value == "~" or value.startswith("~/"):
        return home / value[2:]
    return Path(value).absolute()


def xdg_data(environ: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME`, by default `~/.local/share`: for programs that keep to it on every platform."""
    return below(environ, "XDG_DATA_HOME", ".local/share")


def roaming(environ: Mapping[str, str]) -> Path:
    """Windows' `%APPDATA%`."""
    return below(environ, "APPDATA", "AppData/Roaming")


def editor_user(program: str, environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The user folder of an editor of VS Code's family, by the program's name as its folder spells it."""
    if platform == WINDOWS:
        base = roaming(environ)
    elif platform == MACOS:
        base = paths.user_home(environ) / "Library" / "Application Support"
    else:
        base = below(environ, "XDG_CONFIG_HOME", ".config")
    return base / program / "User"

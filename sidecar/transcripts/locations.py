"""Where programs keep their data, by platform and environment; nothing here looks at the disk."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from sidecar import paths
from sidecar.transcripts.places import folder_from

MACOS, WINDOWS = "darwin", "win32"


def xdg_data(environ: Mapping[str, str]) -> Path:
    """`$XDG_DATA_HOME`, by default `~/.local/share`: for programs that keep to it on every platform."""
    home = paths.user_home(environ)
    return folder_from(environ.get("XDG_DATA_HOME"), home, home / ".local" / "share")


def roaming(environ: Mapping[str, str]) -> Path:
    """Windows' `%APPDATA%`."""
    home = paths.user_home(environ)
    return folder_from(environ.get("APPDATA"), home, home / "AppData" / "Roaming")


def editor_user(program: str, environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The user folder of an editor of VS Code's family, by the program's name as its folder spells it."""
    if platform == WINDOWS:
        base = roaming(environ)
    elif platform == MACOS:
        base = paths.user_home(environ) / "Library" / "Application Support"
    else:
        home = paths.user_home(environ)
        base = folder_from(environ.get("XDG_CONFIG_HOME"), home, home / ".config")
    return base / program / "User"

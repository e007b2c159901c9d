"""Where each agent keeps its transcripts, on each platform, and the variables that move them: one table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sidecar import paths

EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf")
"""Editors in which the extensions of this table run, by the name of their settings folder."""

EDITOR_SERVERS = (".vscode-server/data",)
"""Where an editor keeps its settings on a machine that is worked on from another one, below the home folder."""

SETTINGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "darwin": ("", "Library/Application Support"),
        "linux": ("XDG_CONFIG_HOME", ".config"),
        "win32": ("APPDATA", "AppData/Roaming"),
    }
)
"""By platform: the variable that moves the folder of programs' settings, and where it is otherwise."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one agent.

    folders: below the home folder, on every platform.
    moved_by: variables, the strongest first, and what of theirs takes the place of `folders`.
    further: below the home folder too, whatever the variables say.
    storage: a folder in the storage of editors' extensions.
    """

    folders: tuple[str, ...] = ()
    moved_by: tuple[tuple[str, tuple[str, ...]], ...] = ()
    further: tuple[str, ...] = ()
    storage: str = ""


PLACES: Mapping[str, Place] = MappingProxyType(
    {
        "claude-code": Place((".claude/projects",), (("CLAUDE_CONFIG_DIR", ("projects",)),)),
        "cline": Place(
            (".cline/data/sessions",),
            (
                ("CLINE_SESSION_DATA_DIR", ("",)),
                ("CLINE_DATA_DIR", ("sessions",)),
                ("CLINE_DIR", ("data/sessions",)),
            ),
            storage="saoudrizwan.claude-dev/tasks",
        ),
        "codex": Place(
            (".codex/sessions", ".codex/archived_sessions"),
            (("CODEX_HOME", ("sessions", "archived_sessions")),),
        ),
        "copilot-cli": Place(
            (".copilot/session-state", ".copilot/history-session-state"),
            (("COPILOT_HOME", ("session-state", "history-session-state")),),
        ),
        "cursor": Place((".cursor/projects",), (("CURSOR_CONFIG_DIR", ("projects",)),)),
        "gemini": Place(
            (".gemini/tmp",),
            (("GEMINI_CLI_HOME", (".gemini/tmp",)),),
            further=(".cache/.gemini/tmp",),  # in the sandbox of macOS
        ),
        "openclaw": Place(
            (".openclaw/agents",),
            (("OPENCLAW_STATE_DIR", ("agents",)),),
            further=(".clawdbot/agents", ".kimi_openclaw/agents", ".qclaw/agents"),  # older names, and relatives
        ),
        "pi": Place(
            (".pi/agent/sessions",),
            (("PI_CODING_AGENT_SESSION_DIR", ("",)), ("PI_CODING_AGENT_DIR", ("sessions",))),
            further=(".omp/agent/sessions",),  # Oh-My-Pi writes the same format
        ),
        "qwen": Place(
            (".qwen/projects", ".qwen/tmp"),
            (("QWEN_RUNTIME_DIR", ("projects", "tmp")), ("QWEN_HOME", ("projects", "tmp"))),
        ),
        "roo": Place(storage="rooveterinaryinc.roo-cline/tasks"),
    }
)
"""By agent.  Aider has none, as it writes into each repository, and neither have formats that belong to no agent."""


def roots(agent: str, environ: Mapping[str, str], platform: str = sys.platform) -> tuple[Path, ...]:
    """The folders of an agent in this environment, whether they exist or not.

    Never the home folder or one above it, whatever a variable says: it would be watched as a whole.
    """
    home = paths.user_home(environ)
    place = PLACES.get(agent, Place())
    found = dict.fromkeys(_all(place, environ, home, platform))
    return tuple(root for root in found if root != home and root not in home.parents)


def _all(place: Place, environ: Mapping[str, str], home: Path, platform: str) -> Iterator[Path]:
    moved = next(((value, inside) for name, inside in place.moved_by if (value := environ.get(name, "").strip())), None)
    if moved is None:
        yield from (home / folder for folder in place.folders)
    else:
        base = folder_from(moved[0], home)
        yield from (base / inside for inside in moved[1])
    yield from (home / folder for folder in place.further)
    if place.storage:
        yield from (folder / "User" / "globalStorage" / place.storage for folder in _editors(environ, home, platform))


def _editors(environ: Mapping[str, str], home: Path, platform: str) -> Iterator[Path]:
    variable, default = SETTINGS.get(platform, SETTINGS["linux"])
    value = environ.get(variable, "").strip() if variable else ""
    settings = folder_from(value, home) if value else home / default
    yield from (settings / editor for editor in EDITORS)
    yield from (home / server for server in EDITOR_SERVERS)


def folder_from(value: str, home: Path) -> Path:
    """The folder that a variable names, with `~` as the given home."""
    if value == "~" or value.startswith("~/"):
        return home / value[2:]
    return Path(value).absolute()

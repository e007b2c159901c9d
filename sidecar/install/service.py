"""The daemon as a service of the user: units for systemd, an agent for launchd."""

from __future__ import annotations

import plistlib
import sys
from collections.abc import Mapping
from pathlib import Path

from sidecar.errors import classes
from sidecar.install.edits import WholeFile
from sidecar.install.hardening import CLOSED, LIMITS, SPACED, has_user_namespaces
from sidecar.install.program import Program
from sidecar.install.targets import Target
from sidecar.paths import user_home

_LABEL = "io.github.memory-sidecar"
_MARK = "sidecar: a local memory for AI agents"

_UNIT = """\
# Written by `sidecar install --service`; `sidecar uninstall --service` takes it away.

[Unit]
Description=sidecar: a local memory for AI agents
StartLimitIntervalSec=10min
StartLimitBurst=10

[Service]
Type=exec
ExecStart=@PROGRAM@ up --yes
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5s
RestartPreventExitStatus=@LASTING@
TimeoutStopSec=30s
KillMode=mixed

@HARDENING@
[Install]
WantedBy=default.target
"""


def targets(environ: Mapping[str, str], program: Program, platform: str = sys.platform) -> list[Target]:
    """The files of the service on this system."""
    if platform == "darwin":
        path = user_home(environ) / "Library" / "LaunchAgents" / f"{_LABEL}.plist"
        return [Target(path, WholeFile(_plist(program), _LABEL), "the service")]
    named = environ.get("XDG_CONFIG_HOME")
    folder = (Path(named) if named else user_home(environ) / ".config") / "systemd" / "user"
    lasting = sorted({error.exit_code for error in classes() if error.lasting})
    unit = _UNIT.replace("@PROGRAM@", " ".join(_systemd_quoted(word) for word in program.words))
    unit = unit.replace("@HARDENING@\n", f"{LIMITS}{CLOSED}{SPACED if has_user_namespaces() else ''}")
    unit = unit.replace("@LASTING@", " ".join(map(str, lasting)))
    return [Target(folder / "sidecar.service", WholeFile(unit, _MARK), "the service")]


def after(platform: str = sys.platform) -> str:
    """The command that starts it now."""
    if platform == "darwin":
        return f"launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/{_LABEL}.plist"
    return "systemctl --user daemon-reload && systemctl --user enable --now sidecar.service"


def before_removal(platform: str = sys.platform) -> str:
    """The command that stops it."""
    if platform == "darwin":
        return f"launchctl bootout gui/$(id -u)/{_LABEL}"
    return "systemctl --user disable --now sidecar.service"


def _systemd_quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(character in word for character in " \t\"'\\;") else escaped


def _plist(program: Program) -> str:
    content = {
        "Label": _LABEL,
        "ProgramArguments": [*program.words, "up", "--yes"],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ProcessType": "Background",
        "Umask": 0o077,
    }
    return plistlib.dumps(content).decode()

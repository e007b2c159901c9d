"""How ssh is run for a remote: as the user runs it, but it asks nothing, leaves nothing behind, and works in a sandbox.

In the service for systemd a user namespace hides who owns the system's files: root's seem to belong to nobody, and ssh
ends with "Bad owner or permissions" at the first one that `/etc/ssh/ssh_config` includes.  There it is told to read the
user's own settings alone.
"""

from __future__ import annotations

import os
import pwd
import shlex
from pathlib import Path
from typing import Final

_ROOT: Final = 0
_SYSTEM: Final = Path("/etc/ssh/ssh_config")

_OURS: Final = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=20", "-o", "ControlMaster=no")
"""A connection that is kept for others would outlive the exchange, with its pipes, and begins with a socket that is
made in `~/.ssh`, where the service must not write.  One that is there already is used all the same."""


def ssh_command(own: str, system: Path = _SYSTEM, home: Path | None = None) -> str:
    """The command line for `GIT_SSH_COMMAND`: the user's own (empty: `ssh`), with options of ours if it is OpenSSH's.

    `system`: the settings of the whole machine.  `home`: the user's folder, by default as the system knows it, for so
    does ssh.
    """
    command = own.strip() or "ssh"
    words = command.split()
    if Path(words[0]).name != "ssh":
        return command
    options = [*_OURS]
    if _owner_is_hidden(system) and not any(word.startswith("-F") for word in words):
        settings = (home or _home()) / ".ssh" / "config"
        options += ["-F", str(settings) if settings.is_file() else "none"]
    return f"{command} {shlex.join(options)}"


def _owner_is_hidden(file: Path) -> bool:
    """Whether the file seems to be neither root's nor the user's, so that ssh would refuse its like."""
    try:
        return file.stat().st_uid not in (_ROOT, os.geteuid())
    except OSError:
        return False


def _home() -> Path:
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        return Path.home()

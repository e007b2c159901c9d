"""What the unit for systemd takes away from the daemon; `systemd/sidecar.service` has the same lines, as a test checks.

In two parts: what any user's service manager can do, and what it can do inside a user namespace alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

LIMITS: Final = """\
# It works beside the agents, never before them.
Nice=10
CPUWeight=20
IOWeight=20
IOSchedulingClass=idle
MemoryHigh=1G
MemoryMax=2G
TasksMax=128
OOMPolicy=continue
OOMScoreAdjust=500

"""

CLOSED: Final = """\
# What it never needs is taken away.
NoNewPrivileges=yes
UMask=0077
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
# The socket; a model server on loopback; remotes of shared profiles that the user named.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6

"""

SPACED: Final = """\
# The rest a user's own service manager can only do inside a user namespace, which PrivateUsers makes.  Where the
# kernel forbids those, the service ends with 217/USER or 226/NAMESPACE: then take away all from here on.
PrivateUsers=yes
CapabilityBoundingSet=
RemoveIPC=yes
PrivateDevices=yes
DevicePolicy=closed
PrivateTmp=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
ProtectProc=invisible
# The system is read-only.  The home stays writable, for stores, agents' folders and the `.memory/` of projects lie
# wherever the user has them; but for what would let it come back after it was ended, or open other doors.
ProtectSystem=full
ReadOnlyPaths=-%h/.ssh -%h/.bashrc -%h/.bash_profile -%h/.profile -%h/.zshrc -%h/.zshenv -%h/.config/fish
ReadOnlyPaths=-%h/.config/systemd -%h/.config/autostart -%h/.gitconfig -%h/.config/git -%h/.local/bin
InaccessiblePaths=-%h/.gnupg -%h/.password-store -%h/.local/share/keyrings -%h/.aws -%h/.kube -%h/.config/gcloud
InaccessiblePaths=-%h/.mozilla -%h/.config/google-chrome -%h/.config/chromium

"""

_FORBIDDING: Final = {
    "sys/kernel/unprivileged_userns_clone": "0",
    "sys/kernel/apparmor_restrict_unprivileged_userns": "1",
    "sys/user/max_user_namespaces": "0",
}
"""Files below /proc, and what stands in them where the kernel makes no user namespaces for everybody."""


def has_user_namespaces(proc: Path = Path("/proc")) -> bool:
    """Whether this kernel lets a user's own service manager make user namespaces, as far as it says."""
    return not any(_said(proc / name) == word for name, word in _FORBIDDING.items())


def _said(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip()
    except OSError:
        return None

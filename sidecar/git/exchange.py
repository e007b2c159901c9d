"""Fetching from and pushing to a remote: never followed blindly, never without bounds.

What comes is received in a quarantine, a repository of its own inside `.git` that borrows our objects.  Whoever wants
it looks at it there, and admits it or lets it go; nothing that was refused is ever part of the profile's repository.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sidecar.descriptors import remove_tree
from sidecar.errors import BadRemote, GitFailed, RemoteRefused, RemoteTooLarge, RemoteUnreachable
from sidecar.expressions import regex
from sidecar.git.credentials import lent, shown_address, without_secrets
from sidecar.git.repository import BRANCH
from sidecar.git.runner import OBJECT, PROTOCOLS, Limits, exchange, run, user_setting
from sidecar.git.ssh import ssh_command
from sidecar.git.trees import Trees

INCOMING: Final = "refs/sidecar/incoming"
"""The remote's branch, in the quarantine."""

_QUARANTINE: Final = "sidecar-incoming"
_TIP: Final = f"refs/heads/{BRANCH}"
_QUICK_SECONDS: Final = 60.0
"""For asking a remote where its branch is."""

_TRANSPORT = regex(r"[A-Za-z0-9+.-]+::")
_SCHEME = regex(r"([A-Za-z][A-Za-z0-9+.-]*)://(?:[^/@]*@)?([^/]*)")
_SCP = regex(r"(?:[^/@:]+@)?([^/:@]+):(?!//).+")
_TOO_LARGE = regex(r"File too large|[Oo]ut of memory|[Cc]annot allocate|exceeds|died of signal (?:24|25|9)\b")
_FAULTY = regex(r"fsck|index-pack failed|bad object|malformed|refusing|bad tree|invalid path", re.IGNORECASE)
_REJECTED = regex(rf"^!\t[^\t]*:{re.escape(_TIP)}\t\[(?:remote )?rejected\](.*)$", re.MULTILINE)
_RACED = regex(r"fetch first|non-fast-forward|failed to update ref|cannot lock ref|incorrect old value|stale info")


def remote_address(text: str) -> str:
    """The address of a remote as a person gave it.  Raises `BadRemote` for what git must never be handed."""
    address = text.strip()
    if not address or not address.isprintable():
        raise BadRemote(remote=text.encode("unicode_escape").decode(), why="it is empty or has control characters")
    if address.startswith("-") or _TRANSPORT.match(address):
        raise BadRemote(remote=shown_address(address), why="it is an option or names a program, not a place")
    scheme = _SCHEME.match(address)
    if scheme:
        if scheme[1].lower() not in PROTOCOLS:
            raise BadRemote(remote=shown_address(address), why=f"only {', '.join(PROTOCOLS)} and paths are spoken")
        if scheme[2].startswith("-") or (not scheme[2] and scheme[1].lower() != "file"):
            raise BadRemote(remote=shown_address(address), why="it names no host")
        return address
    scp = _SCP.fullmatch(address)
    if scp and not address.startswith("/"):
        if scp[1].startswith("-"):
            raise BadRemote(remote=shown_address(address), why="it names no host")
        return address
    if not address.startswith("/"):
        raise BadRemote(remote=shown_address(address), why="a path must be absolute")
    return address


def is_local(address: str) -> bool:
    """Whether it is a place on this machine, which means nothing to any other."""
    return address.startswith(("/", "file://"))


class Exchange:
    """One remote of one repository of ours.  `stopped` ends what is under way."""

    def __init__(
        self, folder: Path, address: str, limits: Limits | None = None, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self.folder, self.address = folder, remote_address(address)
        self._plain = without_secrets(self.address)
        self._limits, self._stopped = limits or Limits(), stopped
        self._quarantine = folder / ".git" / _QUARANTINE

    def tip(self) -> str | None:
        """The commit of the remote's branch; None if it has none.  Raises `RemoteUnreachable`."""
        output = self._exchange(["ls-remote", "--quiet", "--end-of-options", self._plain, _TIP], _QUICK_SECONDS)
        for line in output.decode("utf-8", "replace").splitlines():
            name, _, ref = line.partition("\t")
            if ref == _TIP and OBJECT.fullmatch(name):
                return name
        return None

    def fetch(self) -> Trees:
        """Receive the remote's branch into the quarantine, where it is `INCOMING`.

        Raises `RemoteTooLarge`, `RemoteRefused` for objects that are not as they should be, `RemoteUnreachable`.
        """
        self.discard()
        self._quarantine.parent.mkdir(parents=True, exist_ok=True)
        run(self._quarantine.parent, ["init", "--quiet", "--bare", "--template=", str(self._quarantine)])
        alternates = self._quarantine / "objects" / "info" / "alternates"
        alternates.parent.mkdir(exist_ok=True)
        alternates.write_bytes(os.fsencode(self.folder.resolve() / ".git" / "objects") + b"\n")
        arguments = [
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            "--no-auto-maintenance", "--refmap=", "--end-of-options", self._plain, f"+{_TIP}:{INCOMING}",
        ]  # fmt: skip
        self._exchange(arguments, self._limits.seconds, folder=self._quarantine, limits=self._limits)
        return Trees(self._quarantine)

    def admit(self) -> None:
        """Take what is in the quarantine over into our repository."""
        source, target = (folder / "objects" / "pack" for folder in (self._quarantine, self.folder / ".git"))
        target.mkdir(parents=True, exist_ok=True)
        packs = sorted(source.iterdir()) if source.is_dir() else []
        for path in sorted(packs, key=lambda path: path.suffix == ".idx"):  # a pack without its index is not seen
            path.replace(target / path.name)
        self.discard()

    def discard(self) -> None:
        """Let go of what is in the quarantine."""
        remove_tree(self._quarantine)

    def push(self, commit: str, *, replacing: str | None = None) -> bool:
        """Let the remote's branch go on to a commit; False if somebody else was faster.

        Never forces: a remote that does not take it as a continuation keeps what it has.  But for `replacing`, the very
        commit that is to go: whatever else is there by then stays.
        """
        lease = [] if replacing is None else [f"--force-with-lease={_TIP}:{replacing}"]
        arguments = [
            "push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no",
            *lease, "--end-of-options", self._plain, f"{commit}:{_TIP}",
        ]  # fmt: skip
        code, output, said = self._run(arguments, self._limits.seconds, self.folder, None)
        if code == 0:
            return True
        text = f"{output.decode('utf-8', 'replace')}\n{said}"
        if _RACED.search(text) and not (replacing is not None and "denying" in text):
            return False
        rejected = _REJECTED.search(text)
        if rejected:
            raise RemoteUnreachable(
                remote=self.shown, why=f"it takes no push: {rejected[1].strip(' ()') or 'rejected'}"
            )
        raise RemoteUnreachable(remote=self.shown, why=self._told(said))

    @property
    def shown(self) -> str:
        """The address as it may be told."""
        return shown_address(self.address)

    def _exchange(
        self, arguments: list[str], timeout: float, *, folder: Path | None = None, limits: Limits | None = None
    ) -> bytes:
        code, output, said = self._run(arguments, timeout, folder or self.folder, limits)
        if code == 0:
            return output
        if limits is not None and (code < 0 or _TOO_LARGE.search(said)):
            raise RemoteTooLarge(remote=self.shown, limit=limits.file_bytes >> 20)
        if limits is not None and _FAULTY.search(said):
            raise RemoteRefused(remote=self.shown, why=self._told(said))
        raise RemoteUnreachable(remote=self.shown, why=self._told(said))

    def _run(self, arguments: list[str], timeout: float, folder: Path, limits: Limits | None) -> tuple[int, bytes, str]:
        own = os.environ.get("GIT_SSH_COMMAND") or user_setting(self.folder, "core.sshCommand")
        ssh = ssh_command(own)
        try:
            with lent(self.address, self.folder) as include:
                return exchange(
                    folder, arguments, limits=limits, stopped=self._stopped, ssh=ssh, timeout=timeout, include=include
                )
        except GitFailed as error:
            raise RemoteUnreachable(remote=self.shown, why=str(error.fields["stderr"])) from error

    def _told(self, said: str) -> str:
        """What git said, on one line, without what the address may hold."""
        lines = [line.removeprefix("fatal: ").removeprefix("error: ") for line in said.splitlines() if line.strip()]
        return shown_address("; ".join(lines[:3]).replace(self.address, self.shown)) or "no reason was given"

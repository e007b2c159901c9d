"""What this machine knows of a shared profile: kept in its repository's own settings and refs, which nobody pulls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from sidecar.files import read_file, remove_durably, write_durably
from sidecar.git import Git, Trees, shown_address
from sidecar.store import ProjectIdentity

REMOTE: Final = "refs/sidecar/remote"
"""The remote's branch when it was last seen, or pushed: its history may only ever go on from there."""

TAKING: Final = "refs/sidecar/taking/"
FROM: Final = f"{TAKING}from"
TO: Final = f"{TAKING}to"
"""While the work tree is brought from one commit to another: an interruption can then be completed."""

MERGED: Final = "refs/sidecar/merged"
"""The latest commit that a merge has made."""

INCOMING: Final = "refs/sidecar/incoming"
"""The latest commit that was admitted, so that nothing cleans it away before it is merged."""

CARRIED: Final = "refs/sidecar/carried"
"""The commit whose files the folder had, in which a project carries the profile, when both were last the same."""

FORMER: Final = "refs/tags/before-share-"
"""Begins the tags of what a profile was before it was shared, which is nobody else's."""

RESCUE: Final = "refs/sidecar/rescue"
"""Below it: our history at the moment when a remote's was found to be rewritten."""

_ADDRESS: Final = "sidecar.remote"
_WHOLE: Final = "sidecar-remote"
_MOST_BYTES: Final = 64 * 1024
_PROJECT: Final = "sidecar.project"
_IDENTITY: Final = "sidecar.identity"
_CARRIED: Final = "sidecar.carried"
_DECLINED: Final = "sidecar.purgeDeclined"


class Record:
    """One profile's record."""

    def __init__(self, folder: Path, machine: str) -> None:
        self.git = Git(folder, machine)
        self.trees = Trees(folder)

    @property
    def address(self) -> str | None:
        """Where the profile is shared; None if it is not.  Never what a file says that anybody can change."""
        told = self.git.setting(_ADDRESS)
        whole = read_file(self._whole, _MOST_BYTES, root=self.git.folder)
        if whole is None or told is None or shown_address(whole.decode()) != told:
            return told
        return whole.decode()

    @property
    def project(self) -> str | None:
        """The root commit of the project that a shared profile belongs to on this machine."""
        return self.git.setting(_PROJECT)

    def share(self, address: str, project: str | None) -> None:
        """From now on the profile is shared with that remote; the address comes last, as it says that all is said."""
        if project is not None:
            self.git.set_setting(_PROJECT, project)
        told = shown_address(address)
        if told == address or not address.lower().startswith("https:"):
            remove_durably(self._whole, root=self.git.folder)
            told = address
        else:  # git would be given it on its command line, which every user of the machine can read
            write_durably(self._whole, address.encode(), root=self.git.folder)
        self.git.set_setting(_ADDRESS, told)

    @property
    def _whole(self) -> Path:
        """The file that holds an address with a name and password in it."""
        return self.git.folder / ".git" / _WHOLE

    @property
    def seen(self) -> str | None:
        """The remote's commit that was seen last."""
        return self.trees.resolve(REMOTE)

    def see(self, commit: str) -> None:
        """The remote is here now."""
        self.trees.set_ref(REMOTE, commit)

    @property
    def carried(self) -> str | None:
        """The folder in the project's work tree that holds the profile's files too; None if there is none."""
        return self.git.setting(_CARRIED)

    def identity(self, told: ProjectIdentity) -> ProjectIdentity:
        """The project that the profile belongs to on this machine.

        `told`: what its file says, which counts as long as nobody else could write there.
        """
        if self.address is not None:
            return ProjectIdentity(self.project)
        held = self.git.setting(_IDENTITY)
        if held is None:
            return told
        found = json.loads(held)
        return ProjectIdentity(found["root_commit"], tuple(found["remotes"]))

    def keep_identity(self, project: ProjectIdentity) -> None:
        """Others can write into the profile's file from now on; that is the project all the same."""
        held = {"root_commit": project.root_commit, "remotes": list(project.remotes)}
        self.git.set_setting(_IDENTITY, json.dumps(held))

    def carry(self, folder: str | None) -> None:
        """From now on that folder, or (None) none."""
        self.git.set_setting(_CARRIED, folder or "")

    @property
    def agreed(self) -> str | None:
        """The commit whose files that folder had when both were last the same."""
        return self.trees.resolve(CARRIED)

    def agree(self, commit: str | None) -> None:
        """Both are the same now; or (None) nothing is known of the folder."""
        if commit is not None or self.agreed is not None:
            self.trees.set_ref(CARRIED, commit)

    @property
    def declined(self) -> str | None:
        """The remote's commit after a purge that this machine's user does not want to follow."""
        return self.git.setting(_DECLINED)

    def decline(self, commit: str) -> None:
        """The user does not follow the purge that led there."""
        self.git.set_setting(_DECLINED, commit)

    def rescue(self, head: str) -> str:
        """Keep our history under a ref of its own; returns the ref."""
        ref = f"{RESCUE}/{head[:12]}"
        self.trees.set_ref(ref, head)
        return ref

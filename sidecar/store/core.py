"""The state of one open profile, owned by the writer thread and shared by the modules that work on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from pathlib import Path

from sidecar.model import BadFile, Memory, ProfileRef
from sidecar.records import dataclass
from sidecar.store.arrivals import Arrivals
from sidecar.store.catalog import Catalog
from sidecar.store.disk import Disk
from sidecar.store.history import History
from sidecar.store.layout import PROFILE_FILE
from sidecar.store.scan import Signature


@dataclass(slots=True)
class Core:
    """One profile as its writer knows it.

    `hand_gone`: memories whose files a person removed, by path, until their tombstones stand.
    `hand_removed`: the ids of those memories, by path, until git knows.
    `leftovers`: temporary files of interrupted writes.
    `uncommittable`: files that are no memories, and that git is spared.
    `vanished`: (gone, known) while the alarm of a sudden emptiness stands; `accepted`: the user has confirmed.
    `head`: what git's HEAD named at the last look; `tip`: the commit to which it led.
    `changed`: paths that may differ from the last commit; None: any may, and git is asked.
    `unseen`: files that had changed again when the last commit was made, and so are not in it.
    `marks`: memories that a person has corrected and that do not say so yet; see `store.marking`.
    `marks_noted`: whether the journal says that there are some.
    `adopted`: hashes of files that a person wrote and git has, while they wait for the keys that they lack.
    `unfit`: signatures of files to which these keys cannot be given, as they are.
    `adopting`: whether there are files that could be given their keys at once.
    """

    ref: ProfileRef
    folder: Path
    machine: str
    clock: Callable[[], datetime]
    catalog: Catalog
    history: History
    disk: Disk
    arrivals: Arrivals
    hand_gone: dict[str, Memory] = field(default_factory=dict)
    hand_removed: dict[str, str] = field(default_factory=dict)
    leftovers: list[str] = field(default_factory=list)
    uncommittable: dict[str, BadFile] = field(default_factory=dict)
    vanished: tuple[int, int] | None = None
    accepted: bool = False
    loaded: bool = False
    head: str = ""
    tip: str = ""
    changed: set[str] | None = None
    unseen: list[str] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    marks_noted: bool = False
    adopted: dict[str, str] = field(default_factory=dict)
    unfit: dict[str, Signature | None] = field(default_factory=dict)
    adopting: bool = False

    def now(self) -> datetime:
        """The present moment as files state it."""
        return self.clock().replace(microsecond=0)

    @property
    def intact(self) -> bool:
        """Whether the folder is a profile's: with its `profile.yaml` and its repository, and no link to elsewhere."""
        folder = os.fspath(self.folder)  # as text: this is asked before each write
        whole = os.path.isfile(f"{folder}/{PROFILE_FILE}") and os.path.exists(f"{folder}/.git")  # noqa: PTH110, PTH113
        return whole and not os.path.islink(folder)  # noqa: PTH114

    def drop_returned(self) -> None:
        """What is there again was not removed after all."""
        chosen = self.catalog.chosen
        self.hand_gone = {path: memory for path, memory in self.hand_gone.items() if chosen(memory.id) is None}
        self.hand_removed = {path: known for path, known in self.hand_removed.items() if chosen(known) is None}

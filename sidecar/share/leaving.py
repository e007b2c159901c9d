"""What goes out of a profile, and the moment from which it does."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from sidecar.expressions import regex
from sidecar.frontmatter import dump_mapping
from sidecar.git import shown_address
from sidecar.git.exchange import is_local
from sidecar.model import Status, Stored
from sidecar.share.planning import names
from sidecar.share.records import FORMER, MERGED, Record
from sidecar.share.words import Outgoing, OutgoingFile
from sidecar.store import Profile, ProjectIdentity
from sidecar.store.layout import PROFILE_FILE, is_tombstone_path

_PROJECT_LINE = regex(rb"^project:[^\n]*\n?", re.MULTILINE)
_SHARE_LINE = regex(rb"^share:[^\n]*\n?", re.MULTILINE)
_TAG: Final = f"{FORMER.removeprefix('refs/tags/')}%Y%m%dT%H%M%SZ"


def outgoing(profile: Profile, record: Record, remote: str) -> Outgoing:
    """What a first push makes public."""
    head = record.git.head()
    files = {} if head is None else names(record.trees, head)
    memories = {stored.path: stored for stored in profile.memories(statuses=None)}
    shared = record.address is not None
    forgotten = {path for path, stored in memories.items() if stored.memory.status is Status.FORGOTTEN}
    held = set() if shared else {path for path in files if path in forgotten or is_tombstone_path(path)}
    return Outgoing(
        remote,
        tuple(_file(path, memories.get(path)) for path in sorted(files.keys() - held)),
        forgotten=0 if shared else len(profile.tombstones()),
        private=len(profile.private_files()),
        commits=0 if head is None or shared else record.trees.count(head, None),
    )


def publish(profile: Profile, record: Record, address: str, project: ProjectIdentity | None, when: datetime) -> None:
    """From the writer thread: a new beginning, the former history under a tag of its own, and the remote's address.

    In this order: at no moment does a profile with an address have the former history on its branch.
    """
    _state(profile, address, project)
    begin_anew(profile, record, when)
    root = record.identity(profile.info.project).root_commit
    record.share(address, root if root is not None or project is None else project.root_commit)


def begin_anew(profile: Profile, record: Record, when: datetime) -> None:
    """From the writer thread: the present files in a commit without a past; what was, and was forgotten, stays here."""
    git = record.git
    profile.withhold_forgotten()
    profile.commit()
    former = git.head()
    assert former is not None  # noqa: S101 - whoever asks has looked
    root = record.trees.compose(
        MERGED,
        {**names(record.trees, former)},
        f"Share profile {profile.ref.name}\n\nWhy: it is shared from here on; what was before stays on its machine\n",
        parents=[],
        author=git.user_identity(),
        committer=git.machine_identity,
        when=when,
    )
    if root != former:  # else it has just begun anew, and was interrupted
        git.tag(when.strftime(_TAG), former)
        git.move_branch(root, former)


def _state(profile: Profile, address: str, project: ProjectIdentity | None) -> None:
    """`profile.yaml` says what the profile is about, and where it is shared unless that is a place on this machine."""
    before = after = (profile.folder / PROFILE_FILE).read_bytes()
    if project is not None and project.root_commit is not None and profile.info.project.root_commit is None:
        about = {"root_commit": project.root_commit, "remotes": list(project.remotes)}
        after = _with_line(after, _PROJECT_LINE, {"project": about})
    if not is_local(address):
        after = _with_line(after, _SHARE_LINE, {"share": {"remote": shown_address(address)}})
    if after != before:
        profile.write_info(after)


def _with_line(data: bytes, pattern: re.Pattern[bytes], value: dict[str, object]) -> bytes:
    line = dump_mapping(value)
    return pattern.sub(lambda _: line, data, count=1) if pattern.search(data) else data + line


def _file(path: str, stored: Stored | None) -> OutgoingFile:
    if stored is None:
        return OutgoingFile(path)
    memory = stored.memory
    return OutgoingFile(path, memory.id, memory.type, memory.status, memory.summary)

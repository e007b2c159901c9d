"""Taking a commit over into the work tree, so that an interruption anywhere can be completed or is as if not begun."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Final

from sidecar.errors import ChangedOnDisk, SidecarError, StoreVanished
from sidecar.frontmatter import Document, parse
from sidecar.identity import content_hash
from sidecar.model import Status
from sidecar.share.planning import forward
from sidecar.share.provenance import note_arrivals
from sidecar.share.records import FROM, TAKING, TO, Record
from sidecar.share.words import Plan
from sidecar.store import Profile, WriteContext

ALARM_ABOVE: Final = 10
"""As for files that vanish here: so many memories, and more than half of all, gone at once are an alarm."""

EMPTY_REMOTE: Final = "Restore them in the remote, or take it over with `sidecar sync {} --accept`."
EMPTY_FOLDER: Final = "Restore them there, or take it over with `sidecar profiles carry --accept` in the project."

_AGAIN: Final = WriteContext("it was forgotten here before the profile was shared")


def take(
    profile: Profile, record: Record, plan: Plan, alarm: str | None, others: Collection[str] | None = None
) -> None:
    """From the writer thread: bring work tree, branch and index to the plan's commit.

    `alarm`: what to do about a sudden emptiness; None if it is meant.  `others`: see `note_arrivals`.
    Raises `ChangedOnDisk` if the profile has gone on since the plan was made, `StoreVanished` for a sudden emptiness.
    """
    git = record.git
    profile.commit()
    if git.head() != plan.head:
        raise ChangedOnDisk(path=str(profile.ref))
    if alarm is not None:
        _refuse_emptiness(profile, plan, alarm)
    note_arrivals(profile.arrivals, plan.files, others)  # first: at no moment is given what is to be held
    if plan.head is not None:
        record.trees.set_ref(FROM, plan.head)
        record.trees.set_ref(TO, plan.target)
    try:
        profile.take(plan.files, lambda: git.move_branch(plan.target, plan.head))
    except SidecarError:  # then all of it was put back; after anything else the next run completes it
        _done(record)
        raise
    _done(record)


def resume(profile: Profile, record: Record) -> None:
    """From the writer thread: complete what was interrupted between two commits.

    If a person has edited one of the files meanwhile, what was written stays as the machine's own change: the next sync
    merges again.
    """
    known = record.trees.refs(TAKING)
    origin, target = known.get(FROM), known.get(TO)
    if origin is not None and target is not None and record.git.head() == origin:
        plan = forward(record.trees, origin, target)
        with contextlib.suppress(ChangedOnDisk):
            profile.take(plan.files, lambda: record.git.move_branch(target, origin), resuming=True)
    for ref in known:
        record.trees.set_ref(ref, None)


def forget_again(profile: Profile, plan: Plan) -> None:
    """What was forgotten here before the profile was shared does not come back from others, who never heard of it."""
    buried = profile.private_tombstones()
    if not buried:
        return
    hashes = set(buried.values())
    for _, (before, after) in sorted(plan.files.items()):
        document = parse(after) if before is None and after is not None else None
        if not isinstance(document, Document) or document.missing:
            continue
        memory = document.memory()
        present = profile.get(memory.id)
        known = memory.id in buried or content_hash(memory.type, memory.content) in hashes
        if known and present is not None and present.memory.status is not Status.FORGOTTEN and not memory.read_only:
            profile.forget(memory.id, None, _AGAIN)


def _done(record: Record) -> None:
    for ref in record.trees.refs(TAKING):
        record.trees.set_ref(ref, None)


def _refuse_emptiness(profile: Profile, plan: Plan, hint: str) -> None:
    known = {stored.memory.id for stored in profile.memories(statuses=None) if not stored.private}
    gone = {one.memory.id for one in profile.memories(statuses=None) if plan.files.get(one.path, _STAYS)[1] is None}
    for _, after in plan.files.values():
        document = None if after is None else parse(after)
        if isinstance(document, Document):
            gone.discard(str(document.fields.get("id")))
    if len(gone) > ALARM_ABOVE and len(gone) * 2 > len(known):
        raise StoreVanished(gone=len(gone), known=len(known), profile=profile.ref, hint=hint)


_STAYS: Final = (None, b"")

"""What waits for a person's review, and what becomes of it: accepted, as it is or corrected, or rejected.

Accepting is a person's act: the file says `edited`, so that the memory ranks as a human's word from that moment on.
Rejecting is forgetting: archived, with a tombstone that refuses the same words, and the same source in other words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sidecar import curate
from sidecar.daemon.parts import Parts
from sidecar.daemon.protocol import Proposal, Review
from sidecar.daemon.takein import first_line, later_than_versions
from sidecar.errors import ChangedOnDisk, NotProposed, Refused, UnknownMemory
from sidecar.files import inside, present_sha256
from sidecar.follow import Follow
from sidecar.model import Change, Memory, MemoryType, Revise, Source, Status, Stored, Supersede
from sidecar.redact import redact
from sidecar.statements import concrete_values
from sidecar.store import Profile, WriteContext

_AGAIN = 3
"""How often a decision is tried anew when the file changes between reading and writing, before the person is told."""

_NEIGHBOURS = 8
"""Nearest active memories among which a twin of an accepted one is looked for."""


class Reviewing:
    """Lists proposals, from any thread, and carries out decisions about them, in the writer thread."""

    def __init__(self, parts: Parts, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._parts, self._clock = parts, clock

    def proposals(self, profile: Profile, before: str | None, count: int) -> list[Proposal]:
        """Up to `count` memories that wait, by descending id, all with an id below `before`."""
        waiting = reversed(profile.offered(statuses=(Status.PROPOSED,)))
        found = [stored for stored in waiting if before is None or stored.memory.id < before][:count]
        return [_proposal(profile.arrivals.marked(stored), profile) for stored in found]

    def decide(self, profile: Profile, identifier: str, review: Review) -> Stored:
        """Accept or reject a proposal; returns it as it is now, with the index in agreement.

        Raises UnknownMemory, NotProposed, ChangedOnDisk if the file is not the one that was seen, and Refused where it
        or the memory whose place it would take says `read_only`.
        """
        run = self._accept if review.decision == "accept" else self._reject
        for attempt in range(_AGAIN):
            stored = _waiting(self._parts.follow, profile, identifier, review.expected_sha256)
            try:
                decided = run(profile, stored, review)
                break
            except ChangedOnDisk:
                if attempt + 1 == _AGAIN:
                    raise
                self._parts.follow.look_at(profile)
        self._parts.follow.note_change(profile.ref)
        self._parts.follow.catch_up([profile.ref], rescan=False)
        return decided

    def _reject(self, profile: Profile, stored: Stored, review: Review) -> Stored:
        reason = _told(review.reason) or "rejected in review"
        return profile.forget(stored.memory.id, reason, WriteContext(why=reason))

    def _accept(self, profile: Profile, stored: Stored, review: Review) -> Stored:
        memory = stored.memory
        fields: dict[str, object] = {"status": Status.ACTIVE, "reason": None}
        content = None if review.content is None else redact(review.content, spoken=True).text.strip()
        if content is not None and content != memory.content:
            fields |= _retold(memory, content)
        changes = self._changes(profile, stored, fields)
        profile.apply(changes, WriteContext(why=_told(review.reason) or "accepted in review"))
        profile.release(memory)
        return profile.get(memory.id) or stored

    def _changes(self, profile: Profile, stored: Stored, fields: dict[str, object]) -> list[Change]:
        """The acceptance itself, and what it does to other versions and to a memory that says the same."""
        others: list[Change] = []
        twin = self._twin(profile, stored.memory.replace(**fields))
        if twin is not None:
            fields = {**fields, **_joined(stored.memory, twin.memory)}
        accepted = self._dated(profile, stored.memory.replace(**fields))
        fields = {**fields, "edited": accepted.edited}
        if twin is not None and (accepted.key is None or twin.memory.key != accepted.key):
            until = max(twin.memory.effective, accepted.effective)
            others.append(Supersede(twin, accepted.id, until, "a person has accepted the same in other words"))
            fields["supersedes"] = twin.memory.id
        for change in _settled(profile, replace(stored, memory=accepted)):
            if change.target.memory.id == accepted.id:
                fields |= change.fields
            else:
                others.append(change)
        return [Revise(stored, fields, "accepted in review"), *others]

    def _dated(self, profile: Profile, memory: Memory) -> Memory:
        """The memory as what a person says now, after everything that is known under its key."""
        now = self._clock().replace(microsecond=0)
        return memory.replace(edited=later_than_versions(now, profile, memory.key) if memory.key else now)

    def _twin(self, profile: Profile, accepted: Memory) -> Stored | None:
        """An active memory that says neither more nor less than the accepted one."""
        for identifier, score in self._parts.index.neighbours(profile.ref, accepted.content, _NEIGHBOURS):
            stored = profile.get(identifier)
            if stored is None or stored.memory.read_only or not _comparable(stored.memory, accepted):
                continue
            told, known = accepted.content, stored.memory.content
            if curate.same_statement(told, known, score) and curate.same_statement(known, told, score):
                return stored
        return None


def _waiting(follow: Follow, profile: Profile, identifier: str, expected: str | None) -> Stored:
    """The proposal as its file is now."""
    stored = profile.get(identifier)
    if stored is not None and present_sha256(inside(profile.folder, stored.path)) != stored.sha256:
        follow.look_at(profile)
        stored = profile.get(identifier)
    if stored is None:
        raise UnknownMemory(id=identifier, profile=profile.ref)
    if any(bad.path == stored.path for bad in profile.bad_files()):
        raise ChangedOnDisk(path=stored.path, hint="Mend the file first; `sidecar doctor` says what is wrong with it.")
    if expected not in (None, stored.sha256):
        raise ChangedOnDisk(path=stored.path)
    if profile.view(stored).memory.status is not Status.PROPOSED:
        raise NotProposed(id=identifier, status=stored.memory.status.value)
    return stored


def _settled(profile: Profile, accepted: Stored) -> list[Revise | Supersede]:
    """What leaves the accepted memory as the one that counts under its key."""
    memory = accepted.memory
    if not memory.key or memory.type not in curate.KEYED_TYPES:
        return []
    rivals = [stored for stored in profile.versions(memory.key, curate.KEYED_TYPES) if stored.memory.id != memory.id]
    fixed = next((stored for stored in rivals if _in_force(stored) and stored.memory.read_only), None)
    if fixed is not None:
        raise Refused(
            detail=f"{fixed.path} says read_only: true, and {memory.id} would take its place.",
            hint="Remove that line from the file first, or reject the proposal.",
        )
    return [change for change in curate.settle([accepted, *rivals]) if isinstance(change, Revise | Supersede)]


def _retold(memory: Memory, content: str) -> dict[str, object]:
    """A content with what changes with it: what was derived from words that are not there any more goes."""
    values, words = concrete_values(content), content.casefold()
    return {
        "content": content,
        "summary": first_line(content),
        "queries": tuple(query for query in memory.queries if concrete_values(query) <= values),
        "keywords": tuple(keyword for keyword in memory.keywords if keyword.casefold() in words),
    }


def _joined(accepted: Memory, twin: Memory) -> dict[str, object]:
    """What the accepted memory takes over from one that says the same."""
    messages = tuple(dict.fromkeys((*accepted.source.messages, *_same_origin(twin.source, accepted.source))))
    return {
        "key": accepted.key or twin.key,
        "source": replace(accepted.source, messages=messages),
        "pinned": accepted.pinned or twin.pinned,
        "tags": tuple(dict.fromkeys((*accepted.tags, *twin.tags))),
    }


def _same_origin(source: Source, other: Source) -> tuple[str, ...]:
    """The messages of a source, if their ids mean the same as in the other."""
    return source.messages if (source.origin, source.agent) == (other.origin, other.agent) else ()


def _comparable(known: Memory, accepted: Memory) -> bool:
    """Whether one can take the other's place."""
    keyed = known.type in curate.KEYED_TYPES and accepted.type in curate.KEYED_TYPES
    same_day = known.type is not MemoryType.EVENT or known.occurred == accepted.occurred
    return (
        known.id != accepted.id
        and known.status is Status.ACTIVE
        and (keyed or known.type is accepted.type)
        and same_day
    )


def _proposal(stored: Stored, profile: Profile) -> Proposal:
    memory = stored.memory
    versions: Sequence[Stored] = []
    if memory.key and memory.type in curate.KEYED_TYPES:
        versions = profile.versions(memory.key, curate.KEYED_TYPES)
    current = next((version for version in versions if _in_force(version)), None)
    return Proposal(stored, _why(memory), current)


def _why(memory: Memory) -> str:
    """Why a memory waits: what its file says, else what can be told from it."""
    if memory.reason:
        return memory.reason
    if memory.source.speaker == "tool":
        return "it comes from the output of a tool"
    if memory.source.speaker == "assistant":
        return "an agent said it, and nobody has confirmed it"
    return "it was kept for review"


def _in_force(stored: Stored) -> bool:
    return stored.memory.status is Status.ACTIVE


def _told(reason: str | None) -> str | None:
    """A person's reason without secrets, on one line as front matter and commit messages have it."""
    return " ".join(redact(reason, spoken=True).text.split()) or None if reason else None

"""Curation: what a new statement changes in a profile, decided on values alone.

`plan` is pure: it sees the candidate and what the profile already holds about it, and returns changes.  Nothing here
reads a file, asks a model or looks at the clock, so the same view always gives the same plan, and planning again after
an interrupted run repeats only what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sidecar.identity import memory_id, normalized, normalized_key
from sidecar.model import (
    Add,
    Candidate,
    Change,
    Memory,
    MemoryType,
    Revise,
    Skip,
    Source,
    Status,
    Stored,
    Supersede,
    Verdict,
)
from sidecar.statements import concrete_values, content_words, first_content_word, negated

KEYED_TYPES = frozenset({MemoryType.FACT, MemoryType.INSTRUCTION})
"""Types that hold until something newer is said about their key; events and tasks do not supersede each other."""

_SAME_WORDS = 0.8
"""Share of the known statement's words that a retelling must have, to be one."""

_SAME_MEANING = 0.86
_SAME_HALF = 0.5
"""Cosine of static embeddings with which half of the words are enough."""

_SAME_TOPIC = 0.5
"""Cosine from which one shared word is enough to tie "not 4400" to the statement about 4400; below it takes two."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An active memory near the candidate.

    `score` is the cosine of their embeddings, from -1 to 1.  `dismisses` are the old values that the memory's own words
    declare outdated.
    """

    stored: Stored
    score: float
    dismisses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """What a profile holds about one candidate.

    `versions` are all memories, of any status, under the candidate's key and under those of its neighbours; `forgotten`
    says that a tombstone names the candidate's id or content.  `verdicts` are what a model said of neighbours, by
    their ids.
    """

    now: datetime
    same: Stored | None = None
    versions: tuple[Stored, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    forgotten: bool = False
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)


def plan(candidate: Candidate, view: View) -> list[Change]:
    """The changes that take the candidate in: added, revised, superseding, or skipped with the reason."""
    if view.forgotten:
        return [Skip(candidate, "it was forgotten; a tombstone refuses it", forgotten=True)]
    if view.same is not None:
        return _seen_before(candidate, view.same, view)
    if not candidate.proposed:
        twin = _twin(candidate, view)
        if twin is not None:
            return _merge(candidate, twin, view)
    linked = _linked(candidate, view)
    key = candidate.key if linked is None else _shared_key(candidate, linked)
    memory = _memory(candidate, key, view)
    if memory.key is None or memory.status is Status.PROPOSED:
        return [Add(memory, "new")]
    versions = _versions_for(memory.key, view)
    if linked is None or linked.memory.key is not None:
        return _add_version(memory, versions)
    return _with_key(linked, memory.key, _add_version(memory, [*versions, linked]))


def settle(versions: Sequence[Stored]) -> list[Change]:
    """The changes that leave one active memory under a key, the others chained behind it (section 3's rule)."""
    return _chain_changes(_chain([version.memory for version in versions]), versions)


def _seen_before(candidate: Candidate, same: Stored, view: View) -> list[Change]:
    if same.memory.status not in (Status.ACTIVE, Status.SUPERSEDED):
        gone = same.memory.status is Status.FORGOTTEN
        return [Skip(candidate, f"it is {same.memory.status.value} already", same.memory.id, forgotten=gone)]
    return _merge(candidate, same, view)


def _merge(candidate: Candidate, existing: Stored, view: View) -> list[Change]:
    """Another telling of what is known adds its source messages, and its weight if a person confirms a claim.

    The chain of the key is settled as well: an interrupted run may have written a version without retiring another.
    """
    memory = existing.memory
    if memory.read_only:
        return [Skip(candidate, "it is known already, and read-only", memory.id)]
    source = _joined(memory.source, candidate.source)
    told = memory.replace(source=source)
    versions = _versions_for(memory.key, view) if memory.key is not None and memory.type in KEYED_TYPES else []
    others = [version for version in versions if version.memory.id != memory.id]
    links = _chain([told, *(version.memory for version in others)]) if others else {}
    fields: dict[str, object] = {} if source == memory.source else {"source": source}
    if memory.id in links:
        fields |= _different(memory, links[memory.id])
    changes: list[Change] = [Revise(existing, fields, "said again")] if fields else []
    changes += _chain_changes(links, others)
    return changes or [Skip(candidate, "it is known already", memory.id)]


def _joined(known: Source, told: Source) -> Source:
    added = tuple(message for message in told.messages if message not in known.messages)
    confirmed = told.speaker == "user" and known.speaker != "user" and known.origin == told.origin
    return replace(known, messages=(*known.messages, *added), speaker="user" if confirmed else known.speaker)


def _twin(candidate: Candidate, view: View) -> Stored | None:
    """The stored memory that says the same, if there is one."""
    if candidate.type is MemoryType.EVENT and candidate.occurred is not None:
        pool = [near for near in view.neighbours if near.stored.memory.occurred in (None, candidate.occurred)]
    else:
        pool = list(view.neighbours)
    scored = [(near.stored, near.score) for near in pool]
    scored += [(version, 0.0) for version in view.versions if version.memory.status is Status.ACTIVE]
    for stored, score in sorted(scored, key=lambda pair: (-pair[1], pair[0].memory.id)):
        if _comparable(candidate, stored.memory) and same_statement(candidate.content, stored.memory.content, score):
            return stored
    return None


def _comparable(candidate: Candidate, memory: Memory) -> bool:
    if memory.status is not Status.ACTIVE:
        return False
    return (candidate.type in KEYED_TYPES) == (memory.type in KEYED_TYPES) and (
        candidate.type in KEYED_TYPES or candidate.type is memory.type
    )


def same_statement(told: str, known: str, cosine: float = 0.0) -> bool:
    """Whether a text tells nothing that the known one does not state: then, and only then, it may be merged into it.

    All its words that carry meaning must stand in the known text, with the same concrete values and the same negation.
    One word of its own, such as another product's name, makes it another statement, however alike the two are.
    """
    if normalized(told).casefold() == normalized(known).casefold():
        return True
    if concrete_values(told) != concrete_values(known) or negated(told) != negated(known):
        return False
    ours, theirs = content_words(told), content_words(known)
    if not ours or not ours <= theirs:
        return False
    share = len(ours) / len(theirs)
    return share >= _SAME_WORDS or (cosine >= _SAME_MEANING and share >= _SAME_HALF)


_KEY_WORDS = 32
"""Characters of shared words in a key that two versions get because one names the other's value."""


def _memory(candidate: Candidate, key: str | None, view: View) -> Memory:
    return Memory(
        id=_identity(candidate),
        type=candidate.type,
        content=candidate.content,
        summary=candidate.summary,
        created=view.now,
        observed=candidate.observed,
        source=candidate.source,
        key=key if candidate.type in KEYED_TYPES else None,
        status=Status.PROPOSED if candidate.proposed else Status.ACTIVE,
        occurred=candidate.occurred,
        extractor=candidate.extractor,
        queries=candidate.queries,
        keywords=candidate.keywords,
        pinned=candidate.pinned,
        tags=candidate.tags,
    )


def _identity(candidate: Candidate) -> str:
    return memory_id(candidate.type, candidate.content, candidate.observed)


def _linked(candidate: Candidate, view: View) -> Stored | None:
    """The memory that the candidate's words declare outdated, or the one whose words declare the candidate outdated.

    Either by naming the old value ("4400, not 4310"), or by saying in nearly the same words that something is
    different now.  Both directions, because old sessions are read after new ones.
    """
    known = any(version.memory.key == candidate.key for version in view.versions)
    if candidate.proposed or candidate.type not in KEYED_TYPES or (known and candidate.key is not None):
        return None
    for near in sorted(view.neighbours, key=lambda near: (-near.score, near.stored.memory.id)):
        memory = near.stored.memory
        if memory.type not in KEYED_TYPES or memory.status is not Status.ACTIVE or memory.read_only:
            continue
        newer = candidate.observed >= memory.observed
        old, values = (memory.content, candidate.replaces_hint) if newer else (candidate.content, near.dismisses)
        if values and all(_states(old, value) for value in values) and _same_topic(candidate, near, values):
            return near.stored
        earlier, later = (memory.content, candidate.content) if newer else (candidate.content, memory.content)
        if _changes(earlier, later):
            return near.stored
    return None


_CHANGE = re.compile(
    r"\b(?:now|no longer|any ?more|instead|changed|moved|switched|replaced|renamed|from now on|these days)\b",
    re.IGNORECASE,
)
_FRAME_WORDS = 3
_FRAME_SHARE = 0.6
_OWN_WORDS = 3
"""Two statements have one frame if they share their first word of meaning, at least three such words and three fifths
of the shorter one, and neither has more than three of its own: "tickets are (now) sent through A" and "… through B"."""


def _changes(earlier: str, later: str) -> bool:
    """Whether the later text says of the same thing that it is different now."""
    if not _CHANGE.search(later) or first_content_word(earlier) != first_content_word(later):
        return False
    old, new = content_words(earlier), content_words(later)
    shared = old & new
    own = max(len(old - new), len(new - old))
    framed = len(shared) >= _FRAME_WORDS and len(shared) >= _FRAME_SHARE * min(len(old), len(new))
    return framed and 0 < own <= _OWN_WORDS and bool(old - new)


def _states(content: str, value: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(value)}(?!\w)", content, re.IGNORECASE) is not None


def _same_topic(candidate: Candidate, near: Neighbour, values: Sequence[str]) -> bool:
    ours, theirs = content_words(candidate.content), content_words(near.stored.memory.content)
    shared = (ours & theirs) - {value.casefold() for value in values}
    return len(shared) >= 2 or (len(shared) == 1 and near.score >= _SAME_TOPIC)


def _shared_key(candidate: Candidate, linked: Stored) -> str:
    """The key under which two versions stand from now on; one of their own if neither has any."""
    if linked.memory.key or candidate.key:
        return linked.memory.key or candidate.key or ""
    shared = sorted(content_words(candidate.content) & content_words(linked.memory.content))
    older = min(_identity(candidate), linked.memory.id)
    return normalized_key(f"{'-'.join(shared)[:_KEY_WORDS]}-{older[-6:]}")


def _versions_for(key: str, view: View) -> list[Stored]:
    """Every memory known under the key, once: those given as versions, and neighbours that carry the key."""
    found = {stored.memory.id: stored for stored in view.versions if stored.memory.key == key}
    for near in view.neighbours:
        if near.stored.memory.key == key and near.stored.memory.type in KEYED_TYPES:
            found.setdefault(near.stored.memory.id, near.stored)
    return [found[identifier] for identifier in sorted(found)]


def _with_key(target: Stored, key: str, changes: Sequence[Change]) -> list[Change]:
    """The changes, where those of the target also give it the key."""
    found: list[Change] = []
    for change in changes:
        if isinstance(change, Revise | Supersede) and change.target.memory.id == target.memory.id:
            found.append(replace(change, fields={**change.fields, "key": key}))
        else:
            found.append(change)
    if not any(isinstance(change, Revise | Supersede) and change.target is target for change in found):
        found.append(Revise(target, {"key": key}, "it is a version of the same thing"))
    return found


@dataclass(frozen=True, slots=True)
class _Link:
    """What the chain of versions wants of one memory."""

    status: Status
    supersedes: str | None
    superseded_by: str | None
    valid_until: datetime | None
    memory: Memory = field(compare=False)


def _chain(memories: Iterable[Memory]) -> Mapping[str, _Link]:
    """The versions of one key from the weakest to the strongest claim, each superseded by the next."""
    alive = [memory for memory in memories if memory.status in (Status.ACTIVE, Status.SUPERSEDED)]
    ordered = sorted(alive, key=lambda memory: memory.rank)
    links: dict[str, _Link] = {}
    for index, memory in enumerate(ordered):
        later = ordered[index + 1] if index + 1 < len(ordered) else None
        earlier = ordered[index - 1].id if index else None
        if later is None:
            links[memory.id] = _Link(Status.ACTIVE, earlier, None, None, memory)
        else:
            until = max(memory.effective, later.effective)
            links[memory.id] = _Link(Status.SUPERSEDED, earlier, later.id, until, memory)
    return links


def _add_version(memory: Memory, versions: Sequence[Stored]) -> list[Change]:
    fixed = [v.memory for v in versions if v.memory.read_only and v.memory.status is Status.ACTIVE]
    if any(memory.rank > other.rank for other in fixed):
        return [Add(memory.replace(status=Status.PROPOSED), "it contradicts a read-only memory")]
    links = _chain([memory, *(version.memory for version in versions)])
    mine = links[memory.id]
    placed = memory.replace(
        status=mine.status, supersedes=mine.supersedes, superseded_by=mine.superseded_by, valid_until=mine.valid_until
    )
    why = "new" if not versions else "a newer version" if mine.status is Status.ACTIVE else "an older version"
    return [Add(placed, why), *_chain_changes(links, versions)]


def _chain_changes(links: Mapping[str, _Link], versions: Sequence[Stored]) -> list[Change]:
    changes: list[Change] = []
    for stored in sorted(versions, key=lambda version: version.memory.id):
        memory, link = stored.memory, links.get(stored.memory.id)
        if link is None or memory.read_only:
            continue
        fields = _different(memory, link)
        if memory.status is Status.ACTIVE and link.superseded_by is not None and link.valid_until is not None:
            rest = {name: value for name, value in fields.items() if name == "supersedes"}
            changes.append(Supersede(stored, link.superseded_by, link.valid_until, "a newer version is known", rest))
        elif fields:
            changes.append(Revise(stored, fields, "its place in the chain of versions changed"))
    return changes


def _different(memory: Memory, link: _Link) -> dict[str, object]:
    wanted: dict[str, object] = {
        "status": link.status,
        "supersedes": link.supersedes,
        "superseded_by": link.superseded_by,
        "valid_until": link.valid_until,
    }
    return {name: value for name, value in wanted.items() if getattr(memory, name) != value}


def human_source(origin: str, *, session: str | None, by: str) -> Source:
    """The source of what a person told sidecar directly."""
    return Source(origin=origin, session=session, speaker="user", by=by)

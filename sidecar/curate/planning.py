"""The plan for one candidate: added, merged into what is known, superseding it, or skipped with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sidecar.curate.chain import add_version, chain, chain_changes, different, outranks_fixed
from sidecar.curate.linking import linked
from sidecar.curate.recognition import recognized, taken_over
from sidecar.curate.view import KEYED_TYPES, View
from sidecar.identity import memory_id, normalized_key
from sidecar.model import Add, Candidate, Change, Memory, Revise, Skip, Source, Status, Stored, Supersede
from sidecar.statements import content_words

_KEY_WORDS = 32
"""Characters of shared words in a key that two versions get because one names the other's value."""


def plan(candidate: Candidate, view: View) -> list[Change]:
    """The changes that take the candidate in: added, revised, superseding, or skipped with the reason."""
    if view.forgotten:
        return [Skip(candidate, "it was forgotten; a tombstone refuses it", forgotten=True)]
    known = view.same or recognized(candidate, view)
    if known is not None:
        return _known_already(candidate, known, view)
    if view.buried:
        return [Skip(candidate, "all that was learned from its messages was forgotten", forgotten=True)]
    other = linked(candidate, view)
    key = candidate.key if other is None else _shared_key(candidate, other, view)
    memory = _memory(candidate, key, view)
    if memory.key is None or memory.status is Status.PROPOSED:
        return [Add(memory, "new")]
    versions = _versions_for(memory.key, view)
    if other is None or other.memory.key is not None:
        return add_version(memory, versions)
    return _with_key(other, memory.key, add_version(memory, [*versions, other]))


def _known_already(candidate: Candidate, known: Stored, view: View) -> list[Change]:
    status, identifier = known.memory.status, known.memory.id
    if status not in (Status.ACTIVE, Status.SUPERSEDED):
        return [Skip(candidate, f"it is {status.value} already", identifier, forgotten=status is Status.FORGOTTEN)]
    if candidate.proposed and status is Status.ACTIVE:
        return [Skip(candidate, "it is known already", identifier)]  # what is quarantined adds no weight to it
    return _merge(candidate, known, view)


def _merge(candidate: Candidate, existing: Stored, view: View) -> list[Change]:
    """Another telling of what is known adds its source messages, and its weight if a person confirms a claim.

    A model's telling of what rules have found may word it anew.  The chain of the key is settled as well: an
    interrupted run may have written a version without retiring another.
    """
    memory = existing.memory
    if memory.read_only:
        return [Skip(candidate, "it is known already, and read-only", memory.id)]
    source = _joined(memory.source, candidate.source)
    better = taken_over(candidate, existing, view)
    why = "worded by a model" if better else "said again"
    given = better.pop("key", None)
    key, others, other = memory.key, list[Stored](), None
    if memory.type in KEYED_TYPES:
        if "content" in better:  # clearer words may show what it is a version of
            other = linked(candidate, view, apart_from=memory.id)
        key, others = _placed(memory, given if isinstance(given, str) else None, other, view)
    fields = (
        better | ({} if source == memory.source else {"source": source}) | ({} if key == memory.key else {"key": key})
    )
    changes = _revised(existing, fields, others, other if other in others else None, why)
    return changes or [Skip(candidate, "it is known already", memory.id)]


def _placed(memory: Memory, given: str | None, other: Stored | None, view: View) -> tuple[str | None, list[Stored]]:
    """The key of a known memory from now on, and the other versions under it.

    The key is its own, else that of what it is a version of, else the one that a model gives it; but it takes no key
    under which it would retire a memory that says `read_only`.
    """
    key = memory.key or given
    if other is not None:
        lone = memory.key is None or len(_versions_for(memory.key, view)) <= 1
        key = (other.memory.key if lone else None) or key or _made_key(memory.content, memory.id, other.memory)
    others = _others_for(key, memory, other, view)
    if key != memory.key and outranks_fixed(memory, others):
        return memory.key, _others_for(memory.key, memory, None, view)
    return key, others


def _others_for(key: str | None, memory: Memory, other: Stored | None, view: View) -> list[Stored]:
    found = [] if key is None else [stored for stored in _versions_for(key, view) if stored.memory.id != memory.id]
    if other is not None and all(stored.memory.id != other.memory.id for stored in found):
        found.append(other)
    return found


def _revised(
    existing: Stored, fields: dict[str, object], others: Sequence[Stored], other: Stored | None, why: str
) -> list[Change]:
    """The changes that give a memory the fields and its place among the versions of its key, `other` one of them."""
    told = existing.memory.replace(**fields)
    links = chain([told, *(version.memory for version in others)]) if others else {}
    if told.id in links:
        fields = {**fields, **different(existing.memory, links[told.id])}
    changes: list[Change] = [Revise(existing, fields, why)] if fields else []
    rest = chain_changes(links, others)
    if other is not None and told.key is not None and other.memory.key != told.key:
        rest = _with_key(other, told.key, rest)
    return changes + rest


def _joined(known: Source, told: Source) -> Source:
    added = tuple(message for message in told.messages if message not in known.messages)
    # What an agent asked to be remembered is confirmed by whatever way the person's own words come in.
    an_agents = known.origin == "remember" and known.speaker == "assistant"
    confirmed = told.speaker == "user" and known.speaker != "user" and (known.origin == told.origin or an_agents)
    return replace(known, messages=(*known.messages, *added), speaker="user" if confirmed else known.speaker)


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
        reason=candidate.reason if candidate.proposed else None,
        occurred=candidate.occurred,
        extractor=candidate.extractor,
        queries=candidate.queries,
        keywords=candidate.keywords,
        pinned=candidate.pinned,
        tags=candidate.tags,
    )


def _identity(candidate: Candidate) -> str:
    return memory_id(candidate.type, candidate.content, candidate.observed)


def _shared_key(candidate: Candidate, other: Stored, view: View) -> str:
    """The key under which two versions stand from now on; one of their own if neither has any."""
    if candidate.key and any(version.memory.key == candidate.key for version in view.versions):
        return candidate.key
    return other.memory.key or candidate.key or _made_key(candidate.content, _identity(candidate), other.memory)


def _made_key(content: str, identifier: str, other: Memory) -> str:
    shared = sorted(content_words(content) & content_words(other.content))
    older = min(identifier, other.id)
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

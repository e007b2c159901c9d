"""From the words of `model.py` to the shapes of the API."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sidecar.model import Hit, Memory, Message, Source, Stored
from sidecar.wire.recalled import CandidateShape
from sidecar.wire.shapes import (
    History,
    ListedMemory,
    MemoryDetail,
    MemoryShape,
    ProposedShape,
    RelatedShape,
    Replaced,
    RevisionShape,
    SourceMessage,
    SourceShape,
    VersionShape,
    iso,
    utf8,
)


def listed(stored: Stored) -> ListedMemory:
    """A memory without its content."""
    return ListedMemory(**_common(stored))


def memory(stored: Stored) -> MemoryShape:
    """A memory with its content."""
    return MemoryShape(content=stored.memory.content, **_common(stored))


def detail(
    stored: Stored,
    versions: Iterable[Stored],
    messages: Iterable[Message],
    revisions: Iterable[RevisionShape] = (),
    related: Iterable[tuple[Stored, str]] = (),
) -> MemoryDetail:
    """A memory with its history."""
    history = History(
        versions=[version(one) for one in versions],
        messages=[source_message(one) for one in messages],
        revisions=list(revisions),
    )
    return MemoryDetail(content=stored.memory.content, history=history, **_ties(related), **_common(stored))


def shown(stored: Stored, related: Iterable[tuple[Stored, str]]) -> MemoryDetail:
    """A memory without its history, and what it is tied to."""
    return MemoryDetail(content=stored.memory.content, **_ties(related), **_common(stored))


def _ties(related: Iterable[tuple[Stored, str]]) -> dict[str, Any]:
    """The field that is there only if there is something in it."""
    found = _related(related)
    return {"related": found} if found else {}


def _related(related: Iterable[tuple[Stored, str]]) -> list[RelatedShape]:
    return [
        RelatedShape(id=one.memory.id, summary=one.memory.summary, path=one.path, link="to" if link == "to" else "from")
        for one, link in related
    ]


def proposed(stored: Stored, why: str, replaces: Stored | None) -> ProposedShape:
    """A memory that waits for review."""
    current = None if replaces is None else Replaced(id=replaces.memory.id, summary=replaces.memory.summary)
    memory = stored.memory
    return ProposedShape(content=memory.content, observed=memory.observed, why=why, replaces=current, **_common(stored))


def version(stored: Stored) -> VersionShape:
    """A memory as one of a chain of versions."""
    one = stored.memory
    return VersionShape(
        content=one.content,
        observed=one.observed,
        valid_until=one.valid_until,
        supersedes=one.supersedes,
        superseded_by=one.superseded_by,
        reason=one.reason,
        **_common(stored),
    )


def source_message(one: Message) -> SourceMessage:
    """A message from which a memory was learned."""
    return SourceMessage(
        id=one.id,
        role=one.role,
        speaker=one.speaker,
        content=one.text,
        time=one.time,
        session=one.session,
        agent=one.agent,
    )


def candidate(hit: Hit, *, now: datetime, explain: bool) -> CandidateShape:
    """A hit of recall or search; its age counts from `now`."""
    return CandidateShape.model_validate(candidate_plain(hit, now=now, explain=explain))


def candidate_plain(hit: Hit, *, now: datetime, explain: bool) -> dict[str, Any]:
    """The same as JSON values, put together by hand: to check ten of them takes longer than to make the answer."""
    observed = hit.observed
    found: dict[str, Any] = {
        "id": hit.id,
        "summary": hit.summary,
        "sessionId": hit.session,
        "score": hit.score,
        "kind": hit.kind,
        "type": hit.type,
        "content": hit.content,
        "profile": hit.profile.name,
        "path": utf8(hit.path),
        "observed": None if observed is None else iso(observed),
        "speaker": hit.speaker,
        "age_days": None if observed is None else max(0, (now - observed).days),
        "truncated": hit.truncated,
    }
    if hit.arrived:
        found |= {"arrived": True, "shared_by": hit.shared_by}
    if explain:
        found["channels"] = {
            name: {"rank": said.rank, "score": said.score, "weight": said.weight}
            for name, said in sorted(hit.channels.items())
        }
    if hit.related:
        found["related"] = [one.plain() for one in _related((one, "to") for one in hit.related)]
    return found


def _common(stored: Stored) -> dict[str, Any]:
    one = stored.memory
    return {
        "id": one.id,
        "type": one.type.value,
        "summary": one.summary,
        "session_id": one.source.session,
        "created_at": one.created,
        "updated_at": _updated(one),
        "key": one.key,
        "status": one.status.value,
        "profile": stored.profile.name,
        "path": stored.path,
        "source": _source(one.source),
        "sha256": stored.sha256,
        "tags": list(one.tags),
        "pinned": one.pinned,
        **({"arrived": True} if stored.arrived else {}),
    }


def _updated(one: Memory) -> datetime:
    """The last change of the content: a hand's, or the writing itself (what supersedes has a file of its own)."""
    return max(one.created, one.edited) if one.edited else one.created


def _source(source: Source) -> SourceShape:
    return SourceShape(
        origin=source.origin,
        agent=source.agent,
        session=source.session,
        speaker=source.speaker,
        messages=list(source.messages),
        by=source.by,
    )

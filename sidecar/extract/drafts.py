"""A statement on its way to a candidate, and how it becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sidecar.extract import Slice, keys
from sidecar.extract.dates import absolutise
from sidecar.extract.events import when
from sidecar.extract.words import keywords
from sidecar.model import Candidate, MemoryType, Message, Source
from sidecar.records import dataclass

EXTRACTOR = "rules-2"
"""Name and version as they stand in each memory; the number grows when the rules change what they find."""

_SUMMARY_LENGTH = 120
_KEYED = (MemoryType.FACT, MemoryType.INSTRUCTION)


@dataclass(frozen=True, slots=True)
class Draft:
    """What was said, by which message, and whether it was said of all projects."""

    type: MemoryType
    text: str
    message: Message
    personal: bool = False


def candidate(draft: Draft, session: Slice, last: datetime) -> Candidate:
    """The candidate: dates made absolute, with key, questions, keywords and source.

    `last` is the moment for a message without a time.
    """
    observed = (draft.message.time or last).astimezone(UTC).replace(microsecond=0)
    dated = (when if draft.type is MemoryType.EVENT else absolutise)(draft.text, observed)
    content = dated.text[:1].upper() + dated.text[1:] if draft.text[:1].islower() and " " in draft.text else dated.text
    keyed = draft.type in _KEYED
    key = keys.derive(draft.text) if keyed else None
    return Candidate(
        type=draft.type,
        content=content,
        summary=summarised(content),
        observed=observed,
        source=Source(
            origin="ingest" if draft.message.agent == "http" else "transcript",
            agent=draft.message.agent,
            session=session.ref.session,
            speaker=draft.message.speaker,
            messages=(draft.message.id,),
            by=session.by or None,
        ),
        key=key,
        occurred=dated.occurred if draft.type is MemoryType.EVENT else None,
        queries=keys.questions(key),
        keywords=keywords(draft.text),
        scope="personal" if draft.personal and draft.message.speaker == "user" else "project",
        extractor=EXTRACTOR,
        replaces_hint=keys.dropped_values(draft.text) if keyed else (),
    )


def summarised(content: str) -> str:
    """One line of at most 120 characters: the beginning, cut between words."""
    line = " ".join(content.split())
    if len(line) <= _SUMMARY_LENGTH:
        return line
    cut = line[: _SUMMARY_LENGTH - 1].rsplit(" ", 1)[0].rstrip(" ,;:–-")
    return f"{cut}…"


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The same words once, with every message that said them."""
    found: dict[tuple[MemoryType, str], Candidate] = {}
    for candidate in candidates:
        name = (candidate.type, " ".join(candidate.content.lower().split()).rstrip("."))
        first = found.get(name)
        if first is None:
            found[name] = candidate
        else:
            messages = tuple(dict.fromkeys((*first.source.messages, *candidate.source.messages)))
            found[name] = replace(first, source=replace(first.source, messages=messages))
    return list(found.values())

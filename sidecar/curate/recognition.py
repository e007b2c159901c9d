"""Which stored memory a candidate says again, and what of a memory by rules a model's wording of it takes over."""

from __future__ import annotations

from sidecar.curate.retelling import MODEL, OVERHEARD, RULES
from sidecar.curate.sameness import contained, covers, richer, same_statement, same_words
from sidecar.curate.view import KEYED_TYPES, View, comparable
from sidecar.identity import content_part, memory_id
from sidecar.model import Candidate, Memory, Status, Stored


def recognized(candidate: Candidate, view: View) -> Stored | None:
    """The stored memory that says what the candidate says, if there is one; of any status but proposed."""
    return _twin(candidate, view) or _retold(candidate, view) or _judged_same(candidate, view)


def taken_over(candidate: Candidate, stored: Stored, view: View) -> dict[str, object]:
    """The fields of a memory by rules that become the model's, by name; none if it is not the model's to word.

    The body (`content`) only if the model's statement has every value of it and says more.
    """
    memory = stored.memory
    if not _rewordable(candidate, memory) or memory.id in view.foreign:
        return {}
    fields: dict[str, object] = {"extractor": candidate.extractor}
    fields |= {name: value for name in ("queries", "keywords") if (value := getattr(candidate, name))}
    if covers(candidate.content, memory.content, view.names):
        fields["summary"] = candidate.summary
        if richer(candidate.content, memory.content):
            fields["content"] = candidate.content
    if memory.key is None and candidate.key is not None and {memory.type, candidate.type} <= KEYED_TYPES:
        fields["key"] = candidate.key
    return {name: value for name, value in fields.items() if getattr(memory, name) != value}


def _rewordable(candidate: Candidate, memory: Memory) -> bool:
    if not (candidate.extractor or "").startswith(MODEL) or not (memory.extractor or "").startswith(RULES):
        return False
    if memory.status is not Status.ACTIVE or memory.edited is not None or memory.read_only:
        return False
    # A person's words may be put better by a model, from the person's words alone.
    return memory.source.origin in OVERHEARD and (not memory.human or candidate.source.speaker == "user")


def _twin(candidate: Candidate, view: View) -> Stored | None:
    """The active memory to which the candidate adds nothing."""
    scored = [(near.stored, near.score) for near in view.neighbours]
    scored += [(version, 0.0) for version in view.versions if version.memory.status is Status.ACTIVE]
    for stored, score in sorted(scored, key=lambda pair: (-pair[1], pair[0].memory.id)):
        memory = stored.memory
        if comparable(candidate, memory) and (
            _first_words(candidate, memory) or same_statement(candidate.content, memory.content, score, view.names)
        ):
            return stored
    return None


def _first_words(candidate: Candidate, memory: Memory) -> bool:
    """Whether the memory was first made of the candidate's words: its id says so, though it may be reworded since."""
    if not memory.id.endswith(content_part(memory.type, candidate.content)):
        return False  # nearly always, and quickly seen
    return memory.id == memory_id(memory.type, candidate.content, memory.observed)


def _retold(candidate: Candidate, view: View) -> Stored | None:
    """The memory of the same messages that says the same, whatever has become of it and whatever its type.

    Two extractors read one message differently; what rules found in it, and a model words anew, is one statement.  One
    that was forgotten, or that has been superseded since, does not come back in other words.
    """
    exact = [stored for stored in view.told if same_words(candidate.content, stored.memory.content)]
    model = (candidate.extractor or "").startswith(MODEL)
    reworded = [
        stored
        for stored in view.told
        if model and (stored.memory.extractor or "").startswith(RULES) and _rewords(candidate, stored.memory, view)
    ]
    found = [stored for stored in (*exact, *reworded) if _counts(candidate, stored.memory)]
    order = {Status.ACTIVE: 0, Status.SUPERSEDED: 1, Status.FORGOTTEN: 2}
    found.sort(key=lambda stored: (order[stored.memory.status], stored.memory.id))
    return found[0] if found else None


def _counts(candidate: Candidate, memory: Memory) -> bool:
    if memory.status is Status.SUPERSEDED:  # said again later, it would be a newer version of its key
        return candidate.observed <= memory.observed or {*candidate.source.messages} <= {*memory.source.messages}
    return memory.status is not Status.PROPOSED


def _rewords(candidate: Candidate, memory: Memory, view: View) -> bool:
    told, known = candidate.content, memory.content
    return covers(told, known, view.names) or same_statement(told, known, 0.0, view.names)


def _judged_same(candidate: Candidate, view: View) -> Stored | None:
    """The neighbour of which a model says that it says the same, as far as its values do not deny it."""
    for near in view.nearest():
        memory = near.stored.memory
        if view.verdicts.get(memory.id) != "same" or not comparable(candidate, memory):
            continue
        fuller = covers(candidate.content, memory.content, view.names) and (
            "content" in taken_over(candidate, near.stored, view)
        )
        if fuller or contained(candidate.content, memory.content, view.names):
            return near.stored
    return None

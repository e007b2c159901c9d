"""Which stored memory is another version of what a candidate says, and which neighbours a model has to be asked about.

Both directions count, the candidate as the newer and as the older one, because old sessions are read after new ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidecar.curate.changes import Evidence, evidence
from sidecar.curate.recognition import recognized
from sidecar.curate.sameness import contained
from sidecar.curate.slots import stem
from sidecar.curate.view import KEYED_TYPES, Neighbour, View, comparable
from sidecar.model import Candidate, Memory, Status, Stored
from sidecar.statements import content_words

_SAME_TOPIC = 0.5
"""Cosine from which one shared word is enough to tie "not 4400" to the statement about 4400; below it takes two.

Also the cosine from which a model's word that two statements are versions of one thing counts without a shared word.
"""

_MOST_QUESTIONS = 4
"""Neighbours that a model is asked about for one candidate; each costs seconds on a small machine."""

_NEAR_WORDS = 2
_NEAR_SHARE = 0.34
"""Shared words, and their share of the shorter statement, from which a neighbour may be about the same thing."""


def linked(candidate: Candidate, view: View, *, apart_from: str | None = None) -> Stored | None:
    """The memory that the candidate replaces, or by which it is replaced; `apart_from` is the candidate's own memory.

    A model's "changed" counts if the two have anything in common; its "different" outweighs all but certain evidence.
    """
    if candidate.proposed or candidate.type not in KEYED_TYPES:
        return None
    settled = candidate.key is not None and any(version.memory.key == candidate.key for version in view.versions)
    pool = [near for near in view.nearest() if near.stored.memory.id != apart_from and _linkable(near.stored.memory)]
    if settled:  # the key decides; what has no key yet may still join it, on a word that leaves no doubt
        pool = [near for near in pool if near.stored.memory.key is None]
    for near in pool:
        if view.verdicts.get(near.stored.memory.id) == "changed" and _akin(candidate, near):
            return near.stored
    for near in pool:
        found = _evidence(candidate, near, view)
        doubted = settled or view.verdicts.get(near.stored.memory.id) == "different"
        if found is Evidence.CERTAIN or (found is Evidence.CUE and not doubted):
            return near.stored
    return None


def unsettled(candidate: Candidate, view: View) -> tuple[Memory, ...]:
    """The neighbours of which code alone cannot tell how the candidate relates to them; usually none, at most four."""
    if view.forgotten or view.buried or candidate.proposed or view.same is not None or recognized(candidate, view):
        return ()
    if any(_evidence(candidate, near, view) is Evidence.CERTAIN for near in view.neighbours):
        return ()
    found = [near.stored.memory for near in view.nearest() if _open_question(candidate, near, view)]
    return tuple(found[:_MOST_QUESTIONS])


def _open_question(candidate: Candidate, near: Neighbour, view: View) -> bool:
    memory = near.stored.memory
    if memory.read_only or not comparable(candidate, memory):
        return False
    if candidate.key is not None and memory.key == candidate.key:
        # Another value under one key is a newer version; the same values may be the same statement in other words.
        return contained(candidate.content, memory.content, view.names)
    ours, theirs = _stems(candidate.content), _stems(memory.content)
    shared = len(ours & theirs)
    worded = shared >= _NEAR_WORDS and shared >= _NEAR_SHARE * min(len(ours), len(theirs))
    return worded or near.score >= _SAME_TOPIC


def _linkable(memory: Memory) -> bool:
    return memory.type in KEYED_TYPES and memory.status is Status.ACTIVE and not memory.read_only


def _akin(candidate: Candidate, near: Neighbour) -> bool:
    shared = _stems(candidate.content) & _stems(near.stored.memory.content)
    return bool(shared) or near.score >= _SAME_TOPIC


def _evidence(candidate: Candidate, near: Neighbour, view: View) -> Evidence:
    memory = near.stored.memory
    if candidate.type not in KEYED_TYPES or not _linkable(memory):
        return Evidence.NONE
    newer = candidate.observed >= memory.observed
    old, values = (memory.content, candidate.replaces_hint) if newer else (candidate.content, near.dismisses)
    if values and all(_states(old, value) for value in values) and _same_topic(candidate, near, values):
        return Evidence.CERTAIN
    earlier, later = (memory.content, candidate.content) if newer else (candidate.content, memory.content)
    return evidence(earlier, later, view.names)


def _states(content: str, value: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(value)}(?!\w)", content, re.IGNORECASE) is not None


def _same_topic(candidate: Candidate, near: Neighbour, values: Sequence[str]) -> bool:
    ours, theirs = content_words(candidate.content), content_words(near.stored.memory.content)
    shared = (ours & theirs) - {value.casefold() for value in values}
    return len(shared) >= 2 or (len(shared) == 1 and near.score >= _SAME_TOPIC)


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in content_words(text))

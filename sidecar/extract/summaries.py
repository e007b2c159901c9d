"""The summaries that agents write at a compaction: decisions, findings and open work, no retelling.

Such a summary retells the whole session, and most of it was said before in better words.  Only its headed lists of
decisions, causes and pending work are read, and in free text the sentences that say what is not done yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.extract.patterns import Kind
from sidecar.extract.segments import Part, parts
from sidecar.extract.sentences import sentences
from sidecar.extract.words import content_words
from sidecar.model import MemoryType

_OPEN_WORK = regex(
    r"\b(?:pending|remaining|open|to-?dos?|todo list|outstanding|follow-?ups?|unfinished|left to do)\b", re.IGNORECASE
)
_DECIDED = regex(
    r"\b(?:decisions?|decided|conventions?|constraints?|user preferences|preferences|learned|learnings)\b",
    re.IGNORECASE,
)
_DONE = regex(r"\b(?:done|completed|finished|none|no pending|nothing)\b", re.IGNORECASE)
_NOT_DONE = regex(
    r"\b(?:not (?:yet )?(?:started|done|finished|tested|implemented|migrated)|in progress|still (?:open|to do"
    r"|missing|failing)|remains? to)\b",
    re.IGNORECASE,
)
_SESSION_ONLY = regex(
    r"^(?:last command|current(?:ly)? (?:file|work)|the user (?:asked|said|requested)|continue|please continue)\b",
    re.IGNORECASE,
)
_MOST_TASKS = 5
_MOST_DECISIONS = 5


def summary_parts(text: str) -> Iterator[tuple[MemoryType, str]]:
    """The statements of a summary with their types."""
    tasks, decisions = 0, 0
    for part in parts(sentences(text)):
        if part.noise is not None and not _OPEN_WORK.search(part.heading):
            continue
        kind = _kind(part)
        if kind is MemoryType.TASK and tasks < _MOST_TASKS:
            tasks += 1
            yield kind, part.text
        elif kind is MemoryType.FACT and decisions < _MOST_DECISIONS:
            decisions += 1
            yield kind, part.text


def _kind(part: Part) -> MemoryType | None:
    if len(content_words(part.text)) < 2 or _SESSION_ONLY.search(part.text):
        return None
    if _OPEN_WORK.search(part.heading):
        return None if _DONE.search(part.text) else MemoryType.TASK
    if part.heading and _DECIDED.search(part.heading):
        return MemoryType.FACT if len(content_words(part.text)) >= 3 else None
    if not part.heading and _NOT_DONE.search(part.text):
        return MemoryType.TASK
    if not part.heading and part.cues.get(Kind.DECISION, 0) >= 3 and part.cues.get(Kind.AGAINST, 0) == 0:
        return MemoryType.FACT
    return None

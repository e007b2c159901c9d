"""Messages that describe a piece of work: briefs, specifications, reports of a bug, reviews.

What such a message states is mostly context of the task at hand: how the thing to build shall behave, what is wrong
with it now.  Only what is put as lasting (an order, a decision, "for the record") outlives the task.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidecar.expressions import regex
from sidecar.extract import keys
from sidecar.extract.noise import Noise
from sidecar.extract.patterns import Kind
from sidecar.extract.segments import Part, Statement

_LONG = 200
"""Characters from which a message with a request in it is about that request; a shorter one says things in passing."""

_SENTENCES = 4

_WORK_ASKED = regex(
    r"\b(?:i (?:want|need|would like) you to|i'?d like (?:you )?to|your (?:task|job) is|please|can you|could you"
    r"|the following (?:plan|spec\w*|task|issue|feature|changes)|help me|i'?m (?:working on|building|trying to)"
    r"|we need an?)\b",
    re.IGNORECASE,
)
_BUG = regex(
    r"\bthere(?:'s| is) (?:a|some|another|this) (?:\w+ )?(?:bug|problem|issue|regression|error)\b"
    r"|\bsteps to reproduce\b|^\W*(?:expected|actual)(?: \w+)?\s*:|\bbut (?:it|this|that|they) should\b"
    r"|\bshould (?:be|have been|return|show)\b[^.]{1,40}\bbut\b|\bthe console (?:shows|says|logs)\b"
    r"|\bwhen i (?:open|click|run|call|press|type|load|try)\b",
    re.IGNORECASE | re.MULTILINE,
)
_REVIEW = regex(
    r"\b(?:review|pr) (?:comments|feedback|notes)\b|^\W*(?:\d+[.)]\s*)?(?:nit|nitpick|blocking|suggestion)\s*:"
    r"|\baddress (?:them|these|the (?:comments|feedback|review))\b",
    re.IGNORECASE | re.MULTILINE,
)
_STORY = regex(
    r"^\W*as an? [\w ]{2,30}?,? i (?:want|need|can)\b|^\W*given\b.{3,120}\bwhen\b.{3,120}\bthen\b",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_SPECIFIED = regex(
    r"\b(?:requirements?|acceptance|criteria|specs?|specification|scope|features?|user stor(?:y|ies)|scenarios?|steps"
    r"|phase \d+|milestone|deliverables?|expected|actual|behaviou?r|goals?|objectives?|tasks?|plan|implementation"
    r"|test (?:cases|plan)|overview|background|problem|description)\b",
    re.IGNORECASE,
)
_ORDER = regex(
    r"^(?:please )?(?:never|always|do not|don'?t|avoid|prefer|from now on|no |for (?:this|all|every)"
    r"|in (?:this|all|every)|as a rule|rule)",
    re.IGNORECASE,
)
_OURS = regex(r"\b(?:our|we|us)\b", re.IGNORECASE)
_LASTING = frozenset({Kind.EVENT, Kind.DECISION, Kind.CORRECTION, Kind.CHANGE})
_FIRM = 3


def is_brief(text: str, judged: Sequence[Part]) -> bool:
    """Whether a message is mostly about one piece of work that it describes."""
    if _BUG.search(text) or _REVIEW.search(text) or _STORY.search(text):
        return True
    if any(_SPECIFIED.search(part.heading) for part in judged):
        return True
    if len(text) < _LONG or len(judged) < _SENTENCES:
        return False
    return any(part.noise is Noise.REQUEST for part in judged) or _WORK_ASKED.search(text) is not None


def outlives(statement: Statement) -> bool:
    """Whether a statement of a brief holds beyond the work that the brief describes."""
    cues, first = statement.cues, statement.parts[0]
    if Kind.REMEMBER in cues or Kind.EVERYWHERE in cues or any(cues.get(kind, 0) >= _FIRM for kind in _LASTING):
        return True
    if keys.chosen_tool(statement.text) is not None:
        return True
    if Kind.STANDING in cues:
        # "rows are never imported twice" says how the thing shall behave, "never log rows" how to work.
        specified = _SPECIFIED.search(first.heading) is not None
        return not specified or any(_ORDER.search(part.text) for part in statement.parts)
    if Kind.TASK in cues or _OURS.search(statement.text):
        return statement.score > _FIRM
    return False

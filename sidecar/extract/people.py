"""What a person says: standing orders, corrections, decisions, facts in passing, events and open work."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sidecar.expressions import regex
from sidecar.extract import keys
from sidecar.extract.briefs import is_brief, outlives
from sidecar.extract.drafts import Draft
from sidecar.extract.events import is_over, when
from sidecar.extract.noise import Noise
from sidecar.extract.patterns import Kind
from sidecar.extract.segments import Part, Statement, is_dependent, parts, statements, trimmed
from sidecar.extract.sentences import sentences
from sidecar.extract.words import content_words, names_slot, tools, values
from sidecar.model import MemoryType, Message

THRESHOLD = 3
"""Weight from which a statement is kept: a declarative sentence with a clear value, or one plain cue."""

_PASTE_THRESHOLD = 5
"""The same in a long message, which mostly describes the task at hand."""

_NO_TIME = datetime.fromtimestamp(0, UTC)
_LONG_MESSAGE = 1_500
"""Characters from which a message is a brief or a paste rather than something said."""


def from_person(message: Message, earlier: Sequence[Message]) -> Iterator[Draft]:
    """The statements in a person's message; `earlier` is what came before it, the last one last."""
    judged = parts(sentences(message.text, person=True))
    if _all_withdrawn(judged):
        return
    threshold = _PASTE_THRESHOLD if len(message.text) > _LONG_MESSAGE else THRESHOLD
    brief = is_brief(message.text, judged)
    answered = _question_before(earlier)
    for number, found in enumerate(statements(judged)):
        answers = number == 0 and answered is not None and judged[0].noise is None
        statement = trimmed(found, threshold)
        cues = statement.cues
        if brief and not answers and not outlives(statement):
            continue
        if statement.score + answers < threshold or not _says_something(statement.text, cues):
            continue
        text = _understandable(statement, answered if answers else None)
        if text is not None:
            kind = _kind(statement, text, message.time or _NO_TIME)
            yield Draft(kind, text, message, personal=Kind.EVERYWHERE in cues)
            if kind is MemoryType.EVENT and Kind.CHANGE in cues and keys.derive(text):
                # "moved the api to port 80 today" is both: what happened, and the value that holds from then on.
                yield Draft(MemoryType.FACT, text, message)


_BY_ITSELF = frozenset(
    {Kind.STANDING, Kind.DIRECTIVE, Kind.CHOICE, Kind.CHANGE, Kind.DECISION, Kind.TASK, Kind.EVERYWHERE, Kind.EVENT}
)


def _says_something(text: str, cues: dict[Kind, int]) -> bool:
    """Whether there is a statement at all: "writing it down before i forget" has the cue and no content."""
    if cues.keys() & _BY_ITSELF:
        return bool(content_words(text) or values(text).strong or values(text).weak)
    weight = values(text).weight
    needed = 1 if weight >= 2 else 2 if weight and names_slot(text) else 3
    return bool(cues.get(Kind.STATED) or weight) and len(content_words(text)) >= needed


_FACTUAL = frozenset("port host version deadline retention schedule interval limit owner path channel".split())
"""Attributes whose value is a fact, even where the sentence says should or must."""


def _kind(statement: Statement, text: str, observed: datetime) -> MemoryType:
    """What kind of statement it is; the more particular kind first."""
    cues = statement.cues
    firm = max(cues.get(Kind.STANDING, 0), cues.get(Kind.DECISION, 0), cues.get(Kind.CHANGE, 0)) >= 3
    if Kind.TASK in cues and (not firm or Kind.TASK in statement.parts[0].cues):
        return MemoryType.TASK
    if Kind.EVENT in cues and Kind.STANDING not in cues and when(text, observed).occurred is not None:
        return MemoryType.EVENT
    first = statement.parts[0].cues
    settled = max(cues.get(Kind.STANDING, 0), cues.get(Kind.DECISION, 0), first.get(Kind.CHANGE, 0)) >= 3
    settled = settled or Kind.EVERYWHERE in cues
    if not settled and Kind.DIRECTIVE not in first and _happened(statement.parts[0], observed):
        return MemoryType.EVENT
    key = keys.derive(text)
    if key is not None and key.rpartition("/")[2] in _FACTUAL:
        return MemoryType.FACT
    orders = cues.get(Kind.STANDING, 0) + cues.get(Kind.DIRECTIVE, 0)
    if Kind.EVERYWHERE in cues and Kind.TOPIC in cues:
        return MemoryType.INSTRUCTION
    if Kind.STANDING in cues or (orders >= 2 and not firm) or (_USE.search(text) and Kind.CHANGE not in cues):
        return MemoryType.INSTRUCTION
    return MemoryType.FACT


def _happened(part: Part, observed: datetime) -> bool:
    """Whether a sentence tells of something that happened on a day that is over."""
    return Kind.HAPPENED in part.cues and is_over(part.text, observed)


_USE = regex(r"(?:^|[.,:;]\s*)(?:please )?(?:use|prefer|stick to|avoid|skip|leave)\s", re.IGNORECASE)


def _question_before(earlier: Sequence[Message]) -> str | None:
    """What the agent asked last, if the person's message is its answer."""
    for message in reversed(earlier):
        if message.sidechain or message.kind == "tool" or message.role == "system":
            continue
        if message.speaker != "assistant":
            return None
        asked = [one.text for one in sentences(message.text)]
        return asked[-1] if asked and asked[-1].endswith("?") else None
    return None


def _all_withdrawn(judged: Sequence[Part]) -> bool:
    """Whether the message ends by taking back what it said."""
    return any(part.noise is Noise.TAKEN_BACK for part in judged[-2:])


_THE_THING = regex(r"\b(?:the|our|my|this) ((?:[a-z][\w./-]*\s){0,1}[a-z][\w./-]*)\b", re.IGNORECASE)


def _understandable(statement: Statement, question: str | None) -> str | None:
    """The statement so that it is understood alone, or None if it cannot be."""
    text = statement.text
    if _is_bare(text):
        return f"{text} (asked: {question})" if question else None
    if not is_dependent(text):
        return text
    if not statement.before:
        return text if len(content_words(text)) >= 4 or len(values(text).all) >= 2 else None
    thing = _THE_THING.search(statement.before)
    named = " ".join(content_words(thing.group(1))) if thing else ""
    if named:
        return f"{named}: {text}"
    return f"{statement.before} {text}" if len(statement.before) < 200 else text


def _is_bare(text: str) -> bool:
    """Values without a subject: "4480, not 4400"."""
    found = {value.lower() for value in values(text).all}
    return not tools(text) and all(word in found for word in content_words(text))

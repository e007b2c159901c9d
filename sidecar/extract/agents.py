"""What an agent found out and stated (causes, measured values), and what it released, deployed or saw break."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sidecar.expressions import regex
from sidecar.extract.drafts import Draft
from sidecar.extract.events import tells_event
from sidecar.extract.patterns import Kind
from sidecar.extract.segments import Part, is_dependent, parts
from sidecar.extract.sentences import sentences
from sidecar.extract.words import content_words, values
from sidecar.model import MemoryType, Message

_SHORT_ANSWER = 700
"""Characters of a message in which a measured value counts without a word that it was found out."""


def from_agent(message: Message) -> Iterator[Draft]:
    """What an agent found out, a cause or a measured value stated of a thing, and events with their time."""
    judged = parts(sentences(message.text))
    short = len(message.text) <= _SHORT_ANSWER
    found: list[list[Part]] = []
    previous: Part | None = None
    for part in judged:
        if part.noise is None and Kind.EVENT in part.cues and tells_event(part.text, strict=True):
            yield Draft(MemoryType.EVENT, part.text, message)
        elif part.noise is None and _is_finding(part, short):
            found.append([part])
        elif found and previous is found[-1][-1] and part.noise is None and _explains(part, found[-1]):
            found[-1].append(part)
        previous = part
    for group in found:
        text = " ".join(part.text for part in group)
        yield Draft(MemoryType.FACT, text, message)


_AGENTS_OWN = regex(
    r"^(?:i|i'm|i'll|i've|i'd|let me|let's|now|next|then|here|this|that|these|it|its|it's|they|you|your|we|all|both"
    r"|done|"
    r"committed|created|added|updated|fixed|removed|changed|implemented|applied|running|checking|reading|looking|"
    r"first|finally|also|so|the (?:test|tests|build|file|files|change|changes|diff|commit|suite|output|command|plan"
    r"|code)|"
    r"to|if|once|before|after|when|should|would|could|please|note|great|perfect|good|sure|understood|ok|okay|yes|no)\b",
    re.IGNORECASE,
)
_OUTCOME_OF_WORK = regex(
    r"\b(?:\d+ (?:tests?|passed|failed|files?|lines?|places|errors?|warnings?|commits?|todos?|issues?)"
    r"|tests? pass\w*|passing|lint\w*|"
    r"type ?checks?|exit code|line \d+|would|should|could|might|may|will|can be|probably|likely|seems?|appears?)\b",
    re.IGNORECASE,
)
_MEASURED = regex(
    r"\d[\d.,]*\s?(?:%|[µunm]?[asvw]\b|ms\b|s\b|[kmgt]i?b\b|[kmg]?hz\b|points?\b|percent\b|°|fps\b|rps\b|dbm?\b"
    r"|seconds?\b|minutes?\b)"
    r"|\b\d+\.\d+\b|\b0x[0-9a-f]+\b|\b\d{1,3}(?:,\d{3})+\b|\b\d+ of (?:the )?(?:\d[\d,]*|them|all)\b",
    re.IGNORECASE,
)
_VERB = regex(
    r"\b(?:is|are|was|were|has|have|had|takes?|took|peaks?|loses?|lost|needs?|uses?|used|drops?|rises?|fails?|returns?|"
    r"exits?|runs?|ran|costs?|reaches|gains?|holds?|finds?|found|answers?|remains?|comes?|expects?|rolls?|starts?"
    r"|stops?)\b",
    re.IGNORECASE,
)


def _is_finding(part: Part, short: bool) -> bool:
    text = part.text
    concrete = values(text)
    unsure = part.cues.get(Kind.AGAINST, 0) <= -3
    if unsure or len(content_words(text)) < 3:
        return False
    if Kind.FINDING in part.cues:
        return concrete.weight > 0 or Kind.REASON in part.cues
    if not short or _AGENTS_OWN.search(text) or _OUTCOME_OF_WORK.search(text):
        return False
    return bool(_MEASURED.search(text) and _VERB.search(text))


def _explains(part: Part, group: Sequence[Part]) -> bool:
    if len(group) >= 3 or part.block != group[-1].block:
        return False
    text = part.text
    return bool(
        is_dependent(text) or Kind.REASON in part.cues or text.lower().startswith(("the ", "on ", "so "))
    ) and not (_OUTCOME_OF_WORK.search(text))

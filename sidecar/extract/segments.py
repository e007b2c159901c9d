"""Sentences grouped into statements: what belongs together is kept together, and understood alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sidecar.expressions import regex
from sidecar.extract.cues import combined, weights
from sidecar.extract.events import tells_event
from sidecar.extract.noise import LEADING_FILLER, Noise, is_request, noise
from sidecar.extract.patterns import Kind
from sidecar.extract.sentences import Sentence
from sidecar.extract.words import content_words, names_slot, values
from sidecar.records import dataclass

LONGEST_STATEMENT = 480
"""Characters of one statement; more than that is several."""

MOST_SENTENCES = 5
"""Sentences of one statement, the reasons with it."""


@dataclass(frozen=True, slots=True)
class Part:
    """One sentence, cleaned, with what speaks for it and why it may be noise."""

    text: str
    block: int
    heading: str
    cues: dict[Kind, int]
    noise: Noise | None
    shifts: bool

    @property
    def score(self) -> int:
        """What the sentence weighs by itself."""
        return score(self.cues, self.text)


@dataclass(frozen=True, slots=True)
class Statement:
    """Sentences that belong together; `text` is what is kept, `before` the sentence that it may refer to."""

    parts: tuple[Part, ...]
    before: str = ""

    @property
    def text(self) -> str:
        """The sentences in the speaker's words."""
        return " ".join(part.text for part in self.parts)

    @property
    def cues(self) -> dict[Kind, int]:
        """The cues of all sentences together."""
        return combined(part.cues for part in self.parts)

    @property
    def score(self) -> int:
        """What the whole statement weighs."""
        return score(self.cues, self.text)


_EVENT_WEIGHT = 5
"""A dated event is kept even where a long message describes a task."""

_MARKERS = regex(
    r"^(?:(?:for the (?:record|notes)|just so you know|so you know|fyi|btw|by the way|heads[- ]up|other thing"
    r"|another thing|"
    r"one more(?: thing)?(?= [,:]|[,:])|quick (?:one|note)|side ?note|note to self|note(?: that)?|remember that"
    r"|remember(?=\s*:)|"
    r"reminder(?: for (?:me|you))?|important|psa|while (?:you'?re|i'?m|we'?re) at it|like i said|as i said"
    r"|in case you(?:'re)? wonder\w*|"
    r"oh and|and|also|so|but|then|\+|&)(?:\s*[,:–—-]\s*|\s+))+",
    re.IGNORECASE,
)
_SHIFT = regex(
    r"^\W*(?:(?:ok|so|oh|and|right|yes)\W+)*(?:also|btw|by the way|other thing|another thing|one more|separately"
    r"|unrelated|"
    r"different topic|on another note|fyi|for the record|oh and|apart from that|besides|next thing|\+|and for"
    r"|and remember)\b",
    re.IGNORECASE,
)
_WITHDRAWN_START = regex(
    r"(?:\.{2,}|…|,|–|—|-)?\s*(?:no wait|wait no|no,? sorry|sorry,? no|i mean)\b[\s,:]*", re.IGNORECASE
)
_TOPIC_HEAD = regex(r"^[^:.]{2,40}:\s")
_DEPENDENT = regex(
    r"^(?:it|its|it's|that|that's|thats|this|these|those|they|he|she|there|the same|which|same)\b", re.IGNORECASE
)
_REASONED = regex(
    r"^(?:because|bc|otherwise|since|so that|the reason|reason|that's why|thats why|it|they|that|this)\b", re.IGNORECASE
)


def score(cues: dict[Kind, int], text: str) -> int:
    """How much speaks for keeping a text: its cues, what is concrete in it, and a subject that projects have."""
    found = values(text)
    # What happened is an event only on a day that is named; "the run died, look at it" is a request.
    undated = Kind.DATED not in cues
    total = sum(weight for kind, weight in cues.items() if kind is not Kind.HAPPENED or not undated)
    if Kind.FINDING in cues and cues.get(Kind.AGAINST) == -2:
        # "the error was caused by …" speaks of the moment and explains it for good.
        total += 2
    if cues.get(Kind.STATED) or cues.get(Kind.TOPIC):
        total += found.weight
        # A bare number or name says little unless the sentence is about something that a project has.
        total += 1 if found.weight and names_slot(text) else 0
    elif found.weight:
        total += 1
    return total


def parts(sentences: Sequence[Sentence]) -> list[Part]:
    """Each sentence cleaned and judged by itself; one that corrects the sentence before takes its place."""
    found: list[Part] = []
    topic = ""
    for number, written in enumerate(sentences):
        sentence = written
        previous = sentences[number - 1] if number else None
        correction = _WITHDRAWN_START.match(sentence.text)
        if correction and previous and previous.block == sentence.block and len(sentence.text) - correction.end() > 6:
            found.pop()
            sentence = replace(sentence, text=topic + sentence.text[correction.end() :])
        found.append(_part(sentence))
        head = _TOPIC_HEAD.match(sentence.text)
        topic = head.group() if head else ""
    return found


def _part(sentence: Sentence) -> Part:
    raw = _corrected(sentence.text)
    kept = raw
    for _ in range(3):
        shorter = LEADING_FILLER.sub("", kept, count=1) or kept
        shorter = _MARKERS.sub("", shorter, count=1) or shorter
        if shorter == kept:
            break
        kept = shorter
    kept = _ordered(kept)
    reason = noise(kept, quoted=sentence.quoted)
    if reason is not None:
        return Part(kept.strip(), sentence.block, sentence.heading, {}, reason, shifts=False)
    # Markers such as "for the record" are cues and then cut; a standing order may only show without its filler.
    cues = weights(raw) if kept == raw else combined([weights(raw), weights(kept)])
    if tells_event(kept):
        cues[Kind.EVENT] = _EVENT_WEIGHT
    reason = Noise.REQUEST if is_request(kept, cues) else None
    return Part(kept.strip(), sentence.block, sentence.heading, cues, reason, shifts=bool(_SHIFT.match(raw)))


_POLITE = regex(
    r"^(?:could|can|would|will) you (?:please |kindly |maybe |just )*(?P<order>.+?)(?:,? (?:please|thanks))?\s*[?!.]+$"
    r"|^would you mind (?:please )?(?P<doing>(?:always|never|not) .+?)\s*[?!.]+$",
    re.IGNORECASE,
)


def _ordered(text: str) -> str:
    """A standing order that is put as a question, as an order: "could you always sort them?"."""
    polite = _POLITE.match(text)
    order = "" if polite is None else polite["order"] or polite["doing"]
    return f"{order}." if order and weights(order).get(Kind.STANDING, 0) >= _FIRM else text


_FIRM = 3
"""Weight of what makes an order of a question."""


def _corrected(text: str) -> str:
    """What somebody corrects while writing is left out: "naming: size first.. no wait, date first" keeps the latter."""
    match = _WITHDRAWN_START.search(text)
    if match is None or match.start() < 3 or len(text) - match.end() < 6:
        return text
    topic = _TOPIC_HEAD.match(text[: match.start()])
    return f"{topic.group() if topic else ''}{text[match.end() :]}"


def statements(judged: Sequence[Part]) -> list[Statement]:
    """Neighbouring sentences of one paragraph that are no noise, cut where the topic shifts or it grows too long."""
    found: list[Statement] = []
    run: list[Part] = []
    before = ""

    def close() -> None:
        nonlocal before
        if run:
            found.extend(_cut(run, before))
            before = run[-1].text
            run.clear()

    for number, part in enumerate(judged):
        previous = judged[number - 1] if number else None
        if part.noise is not None:
            close()
            # A question is no subject: "is it slow? it takes 12 seconds" is about the moment.
            before = "" if part.noise is Noise.QUESTION else part.text
            continue
        if previous is not None and (part.block != previous.block or part.shifts or _parts_ways(run, part)):
            close()
        run.append(part)
    close()
    return found


_ORDERS = frozenset({Kind.STANDING, Kind.DIRECTIVE, Kind.CHOICE, Kind.DECISION, Kind.TASK})


def _parts_ways(run: Sequence[Part], part: Part) -> bool:
    """Whether an event would run into an order, or an order into an event: each is a statement of its own."""
    if not run or (Kind.EVENT in part.cues and Kind.EVENT in run[-1].cues):
        return False
    if Kind.EVENT in part.cues:
        return any(one.cues.keys() & _ORDERS for one in run)
    return any(Kind.EVENT in one.cues for one in run) and bool(part.cues.keys() & _ORDERS)


def _cut(run: Sequence[Part], before: str) -> list[Statement]:
    """One statement from a short run; from a long one, one for each sentence that stands by itself."""
    text = sum(len(part.text) + 1 for part in run)
    if len(run) <= MOST_SENTENCES and text <= LONGEST_STATEMENT:
        return [Statement(tuple(run), before)]
    found: list[Statement] = []
    current: list[Part] = []
    for part in run:
        size = sum(len(one.text) + 1 for one in current) + len(part.text)
        leans = _REASONED.match(part.text) is not None
        if current and (not leans or len(current) >= MOST_SENTENCES or size > LONGEST_STATEMENT):
            found.append(Statement(tuple(current), before))
            before = current[-1].text
            current = []
        current.append(part)
    found.append(Statement(tuple(current), before))
    return found


def trimmed(statement: Statement, threshold: int) -> Statement:
    """Without the sentences at both ends that carry nothing; one short fragment before stays, it names the topic."""
    kept = list(statement.parts)
    while len(kept) > 1 and not (_carries(kept[-1], threshold) or _elaborates(kept[-1])):
        kept.pop()
    while len(kept) > 1 and not _carries(kept[0], threshold) and not _introduces(kept[0], kept[1]):
        kept.pop(0)
    before = (
        statement.before if kept[0] is statement.parts[0] else statement.parts[statement.parts.index(kept[0]) - 1].text
    )
    return Statement(tuple(kept), before)


def _carries(part: Part, threshold: int) -> bool:
    helps = {kind for kind in part.cues if kind not in (Kind.AGAINST, Kind.STATED, Kind.HAPPENED)}
    return part.score >= threshold or bool(helps) or values(part.text).weight > 0


def _elaborates(part: Part) -> bool:
    """Whether a sentence without a cue of its own still gives the reason of the one before."""
    if _REASONED.match(part.text):
        return True
    return Kind.AGAINST not in part.cues and len(content_words(part.text)) >= 3


def _introduces(part: Part, following: Part) -> bool:
    words = content_words(part.text)
    return 0 < len(words) <= 3 or bool(_DEPENDENT.match(following.text))


def is_dependent(text: str) -> bool:
    """Whether a text begins with a word that points to something said before."""
    return bool(_DEPENDENT.match(text))

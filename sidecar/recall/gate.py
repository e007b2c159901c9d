"""Whether there is anything to say: nothing relevant must give nothing, since what is given interrupts.

The evidence is a sum: how near the nearest document is in meaning and how much of the query's weight one document
covers, then how the prompt is put.  Whoever asks `we` or about what has happened asks about this work; whoever asks
what a thing is, asks about the world, and so does whoever names what nobody here has ever mentioned.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.recall.channels import Findings
from sidecar.recall.query import Query
from sidecar.recall.weights import Gate


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate is open, why, and on what evidence.

    `nearest`: cosine of the nearest document; `coverage`: best share of the query's weight in one document; `manner`:
    what the way in which the prompt is put adds or takes away; their sum `evidence` is compared with `needed`.
    """

    open: bool
    why: str
    nearest: float = 0.0
    coverage: float = 0.0
    manner: float = 0.0
    evidence: float = 0.0
    needed: float = 0.0


def judge(query: Query, findings: Findings) -> Verdict:
    """The verdict on what the channels found."""
    if not query.weights:
        return Verdict(open=False, why="the query has no words with a topic")
    if not query.content and not _asks_of_everyday_things(query):
        return Verdict(open=False, why="the query has only everyday words")
    if not any(findings.votes.values()):
        return Verdict(open=False, why="nothing was found")
    return _weighed(query, findings)


def _asks_of_everyday_things(query: Query) -> bool:
    enough = 1 if query.manner.ours else Gate.EVERYDAY_TERMS
    return query.manner.form == "question" and len(query.everyday) >= enough


def _weighed(query: Query, findings: Findings) -> Verdict:
    nearest = _nearest(findings)
    memories = {has for place, has in findings.has.items() if place.kind == "memory"} or set(findings.has.values())
    coverage = max((query.covered_tellingly(has) for has in memories), default=0.0)
    manner = _manner(query)
    evidence = nearest + Gate.COVERAGE * coverage + manner
    needed = Gate.NEEDED[query.manner.form]
    opened, why = _decided(query, findings, _Evidence(evidence >= needed, coverage, nearest))
    return Verdict(opened, why, nearest, coverage, manner, evidence, needed)


def _manner(query: Query) -> float:
    """What the way in which the prompt is put says for and against its being about this work."""
    manner = query.manner
    unknown = len(query.content) - len(query.known)
    found = Gate.KNOWN * min(len(query.known), Gate.NAMED_AT_MOST) + Gate.UNKNOWN * min(unknown, Gate.NAMED_AT_MOST)
    found += Gate.OURS * manner.ours + Gate.SITUATED * manner.situated
    found -= Gate.ONLY_EVERYDAY * (not query.content)
    found -= Gate.GENERAL * manner.general + Gate.ADDRESSED * manner.addressed
    return found - Gate.STRANGER * min(query.strangers, Gate.STRANGERS_AT_MOST)


@dataclass(frozen=True, slots=True)
class _Evidence:
    suffices: bool
    coverage: float
    nearest: float


def _decided(query: Query, findings: Findings, found: _Evidence) -> tuple[bool, str]:
    """Whether the gate opens, and why: the evidence decides, but for the forms of query in which it cannot."""
    if query.foreign:
        shared = found.coverage >= Gate.COVERED_FOREIGN
        return shared, "one document has much of the words" if shared else "no document has enough of the words"
    if not query.manner.asks and not _of_its_own(query, findings):
        return False, "no question, and too few of its words were said together"
    if not query.content and not query.manner.ours and found.coverage < Gate.COVERED:
        return False, "everyday words, which no document has together"
    if not query.manner.asks and _goes_on(query, findings):
        return True, "it has many words that were said here, some of them together"
    if query.manner.form != "command" and found.coverage >= Gate.COVERED and found.nearest >= Gate.COVERED_NEAR:
        return True, "one document has most of the words"
    return found.suffices, "the evidence suffices" if found.suffices else "nothing is near enough"


def _of_its_own(query: Query, findings: Findings) -> bool:
    """Whether one document has so many words of what is no question that it is no chance."""
    if query.manner.form == "command":
        return any(len(query.content & has) >= Gate.ORDER_TERMS for has in findings.has.values())
    needed = min(Gate.ORDER_TERMS, len(query.weights))
    return any(len(has) >= needed and query.content & has for has in findings.has.values())


def _goes_on(query: Query, findings: Findings) -> bool:
    """Whether what is no question speaks at length of what was spoken of here.

    A long prompt is like no single document, neither in words nor in meaning, and of its words the sum counts few.
    """
    together = max((len(query.content & has) for has in findings.has.values()), default=0)
    return len(query.known) >= Gate.GOING_ON and together >= Gate.GOING_ON_TOGETHER


def _nearest(findings: Findings) -> float:
    """The cosines of the nearest memory and message, weighed; of one kind alone if the other has nothing."""
    memory, message = (
        votes[0].score if (votes := findings.votes.get(channel, ())) else None for channel in ("vector", "raw_vector")
    )
    if memory is None or message is None:
        return memory or message or 0.0
    return Gate.MEMORY * memory + (1 - Gate.MEMORY) * message

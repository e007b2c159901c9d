"""Whether there is anything to say: nothing relevant must give nothing, since what is given interrupts.

The evidence is a sum: what the best memory is worth and how near the nearest message is, then how the prompt is put.
Whoever asks `we` or about what has happened asks about this work; whoever asks what a thing is, asks about the world,
and so does whoever names what nobody here has ever mentioned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sidecar.recall.channels import Findings
from sidecar.recall.query import Query
from sidecar.recall.weights import Gate
from sidecar.records import dataclass


class Reason(NamedTuple):
    """One thing that speaks for an answer or against it, in words, and how much."""

    why: str
    evidence: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate is open, why, and on what evidence.

    `nearest`: how near the best documents are, on the scale of a cosine; `coverage`: best share of the query's weight
    in one document; `manner`: what the way in which the prompt is put adds or takes away; the sum `evidence` is
    compared with `needed`.  `reasons`: the same sum, item by item.  `weighed`: whether it decided, and not a rule that
    needs no sum.
    """

    open: bool
    why: str
    nearest: float = 0.0
    coverage: float = 0.0
    manner: float = 0.0
    evidence: float = 0.0
    needed: float = 0.0
    reasons: tuple[Reason, ...] = ()
    weighed: bool = False


def beforehand(query: Query) -> Verdict | None:
    """The verdict on a query for which nothing need be looked for; None if that depends on what is found."""
    if not query.weights:
        return Verdict(open=False, why="the query has no words with a topic")
    if not query.content and not _asks_of_everyday_things(query):
        return Verdict(open=False, why="the query has only everyday words")
    return None


def judge(query: Query, findings: Findings, *, thorough: bool = False) -> Verdict:
    """The verdict on what the channels found; `thorough`: with all figures, also with those that change nothing."""
    if verdict := beforehand(query):
        return verdict
    if not any(findings.rankings.values()):
        return Verdict(open=False, why="nothing was found")
    return _weighed(query, findings, thorough=thorough)


def _asks_of_everyday_things(query: Query) -> bool:
    enough = 1 if query.manner.ours else Gate.EVERYDAY_TERMS
    return query.manner.form == "question" and len(query.everyday) >= enough


def _weighed(query: Query, findings: Findings, *, thorough: bool) -> Verdict:
    nearest, needed = _nearest(findings), Gate.NEEDED[query.manner.form]
    manner = [reason for reason in _manner(query) if reason.evidence]
    by_evidence = query.manner.asks and query.content and not query.foreign
    enough = by_evidence and nearest + sum(reason.evidence for reason in manner) >= needed
    coverage = 0.0 if enough and not thorough else _coverage(query, findings)
    talk_alone = not any(place.kind == "memory" for place in findings.worth)
    reasons = (*_found(nearest, coverage if talk_alone else 0.0), *manner)
    evidence = sum(reason.evidence for reason in reasons)
    opened, why, weighed = _decided(query, findings, _Evidence(evidence >= needed, coverage, nearest))
    of_manner = sum(reason.evidence for reason in manner)
    return Verdict(opened, why, nearest, coverage, of_manner, evidence, needed, reasons, weighed)


def _coverage(query: Query, findings: Findings) -> float:
    """The most of what the query's words weigh that one document has.

    Where words alone decide, those of messages count too: nearness speaks for messages elsewhere, and cannot there.
    """
    looked_at = findings.had.memories
    if query.foreign or not looked_at:
        looked_at = findings.had.everything
    return max((query.covered_tellingly(has) for has in looked_at), default=0.0)


def _found(nearest: float, coverage: float) -> tuple[Reason, ...]:
    """What the documents say for it; a memory's words are in its worth already."""
    near = Reason("how near the best are, by words and meaning", nearest)
    covered = Reason(f"a message has {coverage:.0%} of what the words weigh", Gate.COVERAGE * coverage)
    return (near, covered) if coverage else (near,)


def _manner(query: Query) -> Iterator[Reason]:
    """What the way in which the prompt is put says for and against its being about this work."""
    manner, most = query.manner, Gate.NAMED_AT_MOST
    known, unknown = len(query.known), len(query.content) - len(query.known)
    strangers = min(query.strangers, Gate.STRANGERS_AT_MOST)
    yield Reason(f"telling words that were said here: {known}", Gate.KNOWN * min(known, most))
    yield Reason(f"telling words that were not: {unknown}", Gate.UNKNOWN * min(unknown, most))
    yield Reason("it speaks of us", Gate.OURS * manner.ours)
    yield Reason("it asks what happened, is so now or is allowed", Gate.SITUATED * manner.situated)
    yield Reason("it has everyday words alone", -Gate.ONLY_EVERYDAY * (not query.content))
    yield Reason("it asks as one asks about the world", -Gate.GENERAL * manner.general)
    yield Reason("it asks the agent about itself or its last words", -Gate.ADDRESSED * manner.addressed)
    yield Reason(f"names that nobody mentioned: {query.strangers}", -Gate.STRANGER * strangers)


@dataclass(frozen=True, slots=True)
class _Evidence:
    suffices: bool
    coverage: float
    nearest: float


def _decided(query: Query, findings: Findings, found: _Evidence) -> tuple[bool, str, bool]:
    """Whether the gate opens, why, and whether by the evidence, which decides but where it cannot."""
    if query.foreign:
        shared = found.coverage >= Gate.COVERED_FOREIGN
        return shared, "one document has much of the words" if shared else "no document has enough of the words", False
    if not query.manner.asks and not _of_its_own(query, findings):
        return False, "no question, and too few of its words were said together", False
    if not query.content and not query.manner.ours and found.coverage < Gate.COVERED:
        return False, "everyday words, which no document has together", False
    if not query.manner.asks and _goes_on(query, findings):
        return True, "it has many words that were said here, some of them together", False
    if query.manner.form != "command" and found.coverage >= Gate.COVERED and found.nearest >= Gate.COVERED_NEAR:
        return True, "one document has most of the words", False
    return found.suffices, "the evidence suffices" if found.suffices else "nothing is near enough", True


def _of_its_own(query: Query, findings: Findings) -> bool:
    """Whether one document has so many words of what is no question that it is no chance."""
    if query.manner.form == "command":
        return any(len(query.content & has) >= Gate.ORDER_TERMS for has in findings.had.everything)
    needed = min(Gate.ORDER_TERMS, len(query.weights))
    return any(len(has) >= needed and query.content & has for has in findings.had.everything)


def _goes_on(query: Query, findings: Findings) -> bool:
    """Whether what is no question speaks at length of what was spoken of here.

    A long prompt is like no single document, neither in words nor in meaning, and of its words the sum counts few.
    """
    together = max((len(query.content & has) for has in findings.had.everything), default=0)
    return len(query.known) >= Gate.GOING_ON and together >= Gate.GOING_ON_TOGETHER


def _nearest(findings: Findings) -> float:
    """How near the best memory and the nearest message are, weighed; of one kind alone if the other has nothing.

    A memory's worth counts and not its cosine alone: it is as telling that it has other words for what is asked, or
    came from a message that is near.
    """
    worth = max((worth for place, worth in findings.worth.items() if place.kind == "memory"), default=None)
    message = ranking[0][1] if (ranking := findings.rankings.get("raw_vector", ())) else None
    if worth is None:
        return message or 0.0
    memory = Gate.WORTH * max(0.0, worth)
    return memory if message is None else Gate.MEMORY * memory + (1 - Gate.MEMORY) * message

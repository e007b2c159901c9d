"""Whether there is anything to say: nothing relevant must give nothing, since what is given interrupts.

The evidence is how near the nearest documents are in meaning, in absolute terms, with a supplement for the share of
the query's weight that one document covers and a deduction for telling words that nobody ever said.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.recall.channels import Findings
from sidecar.recall.query import Query
from sidecar.recall.weights import Gate


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the gate is open, why, and on what evidence.

    `nearest`: cosine of the nearest document; `neighbourhood`: mean of the nearest ones; `coverage`: best share of
    the query's weight in one document; `unknown`: share of the telling words that no document found has; `evidence`
    is compared with `needed`.
    """

    open: bool
    why: str
    nearest: float = 0.0
    neighbourhood: float = 0.0
    coverage: float = 0.0
    unknown: float = 0.0
    evidence: float = 0.0
    needed: float = 0.0


def judge(query: Query, findings: Findings) -> Verdict:
    """The verdict on what the channels found."""
    if not query.weights:
        return Verdict(open=False, why="the query has no words with a topic")
    if not query.content and (query.form != "question" or len(query.everyday) < Gate.EVERYDAY_TERMS):
        return Verdict(open=False, why="the query has only everyday words")
    if not any(findings.votes.values()):
        return Verdict(open=False, why="nothing was found")
    return _weighed(query, findings)


def _weighed(query: Query, findings: Findings) -> Verdict:
    nearest, neighbourhood = _nearness(findings)
    coverage = max((query.covered_tellingly(has) for has in set(findings.has.values())), default=0.0)
    said = frozenset[str]().union(*findings.has.values())
    unknown = len(query.content - said) / (len(query.content) or 1)
    evidence = (nearest + neighbourhood) / 2 + Gate.COVERAGE * coverage - Gate.UNKNOWN * unknown
    needed = Gate.NEEDED[query.form]
    opened, why = _decided(query, findings, _Evidence(evidence >= needed, coverage, nearest))
    return Verdict(opened, why, nearest, neighbourhood, coverage, unknown, evidence, needed)


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
    if query.form == "command" and found.suffices and not _of_its_own(query, findings):
        return False, "an order, of whose telling words too few were said together"
    if not query.content and found.coverage < Gate.COVERED:
        return False, "everyday words, which no document has together"
    if query.form != "command" and found.coverage >= Gate.COVERED and found.nearest >= Gate.COVERED_NEAR:
        return True, "one document has most of the words"
    return found.suffices, "the evidence suffices" if found.suffices else "nothing is near enough"


def _of_its_own(query: Query, findings: Findings) -> bool:
    return any(len(query.content & has) >= Gate.ORDER_TERMS for has in findings.has.values())


def _nearness(findings: Findings) -> tuple[float, float]:
    """The nearest document's cosine, and the mean of the nearest few, of the kind that knows more of the matter."""
    kinds = (("vector", 1.0), ("raw_vector", Gate.MESSAGE))
    cosines = [
        [vote.score * share for vote in findings.votes.get(channel, ())[: Gate.NEIGHBOURHOOD]]
        for channel, share in kinds
    ]
    known = [found for found in cosines if found]
    return (
        max((found[0] for found in known), default=0.0),
        max((sum(found) / len(found) for found in known), default=0.0),
    )

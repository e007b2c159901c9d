"""How a recall came to its answer, as plain values: for `explain`, which nobody pays for who does not ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidecar.model import Hit
from sidecar.recall.channels import Findings
from sidecar.recall.gate import Verdict
from sidecar.recall.period import Period
from sidecar.recall.query import Query
from sidecar.recall.stopwatch import Stopwatch
from sidecar.recall.weights import CHANNELS
from sidecar.records import dataclass

WITHHELD = 5
"""Candidates that are shown although the gate is shut: enough to see whether it should have been open."""

_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Account:
    """What an explanation is made of.  `withheld`: what an open gate would have let through first."""

    query: Query
    period: Period | None
    verdict: Verdict
    findings: Findings
    withheld: Sequence[Hit]
    watch: Stopwatch


def explanation(account: Account) -> Mapping[str, object]:
    """The fields of the API's `Explanation`."""
    query, rankings, period = account.query, account.findings.rankings, account.period
    return {
        "form": query.manner.form,
        "terms": {term: _rounded(weight) for term, weight in query.weights.items()},
        "everyday": sorted(query.weights.keys() - query.content),
        "period": {"start": f"{period.start}", "end": f"{period.end}"} if period else None,
        "gate": _gate(account.verdict),
        "reasons": [{"why": one.why, "evidence": _rounded(one.evidence)} for one in account.verdict.reasons],
        "channels": {name: {"weight": CHANNELS[name], "found": len(found)} for name, found in sorted(rankings.items())},
        "withheld": [_withheld(hit) for hit in account.withheld],
        "milliseconds": account.watch.milliseconds,
    }


def _gate(verdict: Verdict) -> Mapping[str, object]:
    figures = {name: getattr(verdict, name) for name in ("nearest", "coverage", "manner", "evidence", "needed")}
    rounded = {name: _rounded(value) for name, value in figures.items()}
    return {"open": verdict.open, "why": verdict.why, "weighed": verdict.weighed, **rounded}


def _withheld(hit: Hit) -> Mapping[str, object]:
    channels = {
        name: {"rank": one.rank, "score": one.score, "weight": one.weight} for name, one in hit.channels.items()
    }
    return {
        "id": hit.id,
        "kind": hit.kind,
        "profile": hit.profile.name,
        "score": hit.score,
        "summary": hit.summary,
        "content": hit.content,
        "channels": channels,
    }


def _rounded(value: float) -> float:
    return round(value, _DIGITS)

"""Each claim against its source once more, by a model: passed, corrected or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sidecar.extract.llm import prompts
from sidecar.extract.llm.answers import MOST_STATEMENTS, Check, Verification
from sidecar.extract.llm.chunks import Chunk
from sidecar.extract.llm.evidence import Claim, Evidence, Finding
from sidecar.extract.llm.passes import MOST_TOKENS
from sidecar.extract.model import Model


def verified(model: Model, chunk: Chunk, claims: Sequence[Claim], evidence: Evidence) -> list[Finding]:
    """What became of each claim, in their order.

    What the model says nothing of stays: these claims have passed the evidence check.  A correction must pass it too;
    one that does not is the model's own invention, and drops the claim.  Raises one of the ModelFailed family.
    """
    found: list[Finding] = []
    for start in range(0, len(claims), MOST_STATEMENTS):
        part = claims[start : start + MOST_STATEMENTS]
        checks = _asked(model, chunk, part)
        found += [_finding(claim, checks.get(number), evidence) for number, claim in enumerate(part, 1)]
    return found


def _asked(model: Model, chunk: Chunk, claims: Sequence[Claim]) -> dict[int, Check]:
    listed = "\n".join(f"{number}. {listing(claim)}" for number, claim in enumerate(claims, 1))
    question = prompts.about(chunk.text, prompts.text(prompts.VERIFY), f"Statements:\n{listed}")
    answer = model.ask(question, Verification, system=prompts.text(prompts.SYSTEM), most_tokens=MOST_TOKENS)
    checks: dict[int, Check] = {}
    for check in answer.checks:
        checks.setdefault(check.number, check)
    return checks


def listing(claim: Claim) -> str:
    """A claim as a question shows it: its text and the lines that it cites."""
    return f"{claim.content} (lines {', '.join(str(number) for number in claim.lines)})"


def _finding(claim: Claim, check: Check | None, evidence: Evidence) -> Finding:
    if check is None or check.verdict == "passed":
        return Finding("passed", claim)
    if check.verdict == "dropped":
        return Finding("dropped", claim, "the verification found it wrong or not worth keeping")
    if not check.content.strip():
        return Finding("passed", claim, "a correction without a text")
    finding = evidence.check(replace(claim, content=check.content))
    return replace(finding, why=f"as corrected: {finding.why}" if finding.why else "corrected")

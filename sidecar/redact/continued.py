"""Keys that go on: wrapped by a terminal or an editor, or put together from quoted parts."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact import crowds, values
from sidecar.redact.findings import Finding

_WHOLE = regex(r"[A-Za-z0-9_+/=.~:-]+")
_GLUE = regex(
    r"[\"'`]?[ \t|]{0,4}(?:[+.&\\,]|\\\\)?[ \t]{0,4}\r?\n[ \t>|+]{0,40}[\"'`]?"  # over a line's end
    r"|[\"'`][ \t]{0,4}[+.&]?[ \t]{0,4}[\"'`]"  # within a line
)
_MORE = regex(r"[A-Za-z0-9_+/.~-]{12,}={0,2}(?=[\"'`\\|,;)]|[ \t]*(?:[|+.\\]|\r?\n|$))")
_DIGEST = regex(r"(?i)[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LEAST = 20
"""A shorter part is no part of a key that was too long for a line."""
_PARTS = 40
_OTHER = frozenset(("private", "private-key", "password-hash", crowds.KIND))


def extended(text: str, findings: list[Finding]) -> Iterator[Finding]:
    """The findings, those of keys with what goes on behind them."""
    behind: dict[int, int | None] = {}
    for finding in findings:
        end = _end(text, finding, behind) if _may_go_on(text, finding) else finding.end
        yield Finding(finding.kind, finding.start, end)


def _may_go_on(text: str, finding: Finding) -> bool:
    if finding.kind in _OTHER or not _LEAST <= finding.end - finding.start <= 512:
        return False
    value = text[finding.start : finding.end].rstrip("\\")
    return bool(_WHOLE.fullmatch(value)) and values.looks_random(value)


def _end(text: str, finding: Finding, behind: dict[int, int | None]) -> int:
    """Where the last part ends; `behind`: what is known already of where parts end, of one text."""
    end = finding.end - (text[finding.end - 1] == "\\")  # it belongs to the line's end
    for _ in range(_PARTS):
        if end not in behind:
            behind[end] = _next(text, end)
        further = behind[end]
        if further is None:
            break
        end = further
    return max(end, finding.end)


def _next(text: str, end: int) -> int | None:
    """Where the part ends that goes on behind `end`; None if none does."""
    glue = _GLUE.match(text, end)
    more = _MORE.match(text, glue.end()) if glue else None
    if not more or not values.looks_random(more.group(), 12) or _DIGEST.fullmatch(more.group()):
        return None
    return more.end()

"""What a recall found, in lines for people."""

from __future__ import annotations

from sidecar.cli.output import dim, dotted, duration, rows_of, shortened, strong, width, wrapped

TYPE_CHECKING = False  # as in `output`: this is to be there at once
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_DAY = 86_400


def lines(result: Mapping[str, Any], most: int | None = None) -> Iterator[str]:
    """The answer, then the candidates it came from (the first `most` of them); with marks for a terminal."""
    candidates = rows_of(result, "candidates")
    if not candidates:
        yield "Nothing that is known answers this."
        return
    if result.get("answer"):
        yield f"{strong(wrapped(result['answer']))}\n"
    for number, candidate in enumerate(candidates[:most], start=1):
        text = candidate.get("summary") or candidate.get("content", "")
        yield f"{number:>3}. {shortened(text, width() - 5)}"
        yield dim(f"     {_details(candidate)}")
        for related in rows_of(candidate, "related"):
            yield dim(f"     see also {shortened(related.get('summary', ''), width() - 42)} {related.get('id', '')}")


def _details(candidate: Mapping[str, Any]) -> str:
    days = candidate.get("age_days")
    score = candidate.get("score")
    return dotted(
        candidate.get("type") if candidate.get("kind") != "message" else "message",
        _ago(days) if isinstance(days, int) else None,
        _whose(candidate),
        f"score {score:.3f}" if isinstance(score, int | float) else None,
        candidate.get("profile"),
        candidate.get("id"),
    )


def _whose(candidate: Mapping[str, Any]) -> str | None:
    if candidate.get("arrived"):
        return f"shared by {shortened(candidate.get('shared_by') or 'others', 60)}, not checked here"
    return f"said by {candidate['speaker']}" if candidate.get("speaker") else None


def _ago(days: int) -> str:
    return f"{duration(days * _DAY)} ago" if days else "today"

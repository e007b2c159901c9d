"""Figures as a table, as JSON, and on the documentation page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.drive import Answer, Run
from benchmarks.metrics import NAMES, mean, percentile, score
from benchmarks.sets import DataSet, Unit

FORMAT = 1
"""Of the JSON."""

_HEADLINE = "headline"
_WIDTH = 26


def figures(data: DataSet, run: Run) -> dict[str, Any]:
    """A set's figures: by unit and category, and what they cost."""
    times = [answer.milliseconds for answer in run.answers]
    return {
        "headline": sorted({a.question.category for a in run.answers if data.known.counts(a.question.category)}),
        "units": {unit: _by_category(data, run.answers, unit) for unit in data.known.units},
        "messages": run.messages,
        "queries": len(times),
        "query_p50_ms": round(percentile(times, 0.5), 2),
        "query_p95_ms": round(percentile(times, 0.95), 2),
        "load_seconds": round(run.load_seconds, 2),
        "index_seconds": round(run.index_seconds, 2),
        "index_bytes": run.index_bytes,
    }


def _by_category(data: DataSet, answers: Sequence[Answer], unit: Unit) -> dict[str, dict[str, float]]:
    """The headline first, then each category.

    `n`: questions with a gold document; `none`: share of all questions, also those without one, that got no candidate.
    """
    counted = [answer for answer in answers if data.known.counts(answer.question.category)]
    rows = {_HEADLINE: counted}
    for category in sorted({answer.question.category for answer in answers}):
        rows[category] = [answer for answer in answers if answer.question.category == category]
    return {name: _row(held, unit) for name, held in rows.items()}


def _row(answers: Sequence[Answer], unit: Unit) -> dict[str, float]:
    scores = [score(answer.ranked[unit], gold) for answer in answers if (gold := answer.question.gold[unit])]
    none = sum(not answer.ranked[unit] for answer in answers) / (len(answers) or 1)
    return {"n": len(scores), **{name: round(value, 4) for name, value in mean(scores).items()}, "none": round(none, 4)}


def table(name: str, found: Mapping[str, Any]) -> str:
    """A set's figures for people."""
    lines = []
    for unit, rows in found["units"].items():
        title = f"{name}, {unit}"
        lines += ["", title.ljust(_WIDTH) + "    n " + " ".join(f"{column:>7}" for column in (*NAMES, "none"))]
        lines += [_line(category, row) for category, row in rows.items()]
    lines.append(
        f"{found['messages']} messages, {found['queries']} queries: p50 {found['query_p50_ms']:.1f} ms, "
        f"p95 {found['query_p95_ms']:.1f} ms; taken in within {found['load_seconds']:.1f} s, "
        f"index made anew within {found['index_seconds']:.1f} s, {found['index_bytes'] / 1e6:.1f} MB"
    )
    return "\n".join(lines[1:])


def _line(category: str, row: Mapping[str, float]) -> str:
    cells = " ".join(f"{row[name]:7.3f}" if name in row else f"{'-':>7}" for name in (*NAMES, "none"))
    return f"{category[:_WIDTH]:<{_WIDTH}}{row['n']:>5} {cells}"


def write_page(page: Path, name: str, content: str, *, fenced: bool = True) -> None:
    """Put a table, or Markdown as it is, between a section's marks.  Raises ValueError if the page has none."""
    text = page.read_text(encoding="utf-8")
    section = re.compile(rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    if not section.search(text):
        raise ValueError(f"{page} has no section {name}")
    told = f"```\n{content}\n```" if fenced else content
    page.write_text(section.sub(lambda m: f"{m[1]}{told}\n{m[2]}", text), encoding="utf-8")

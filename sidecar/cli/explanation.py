"""What `sidecar recall --explain` prints: the channels of each candidate, the gate in words, the time of each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sidecar.cli.output import counted, dotted, line, rows_of, shortened, strong, table, width

_NONE = "-"


def explained(result: Mapping[str, Any]) -> str:
    """The explanation of a recall's result, from its own empty line on."""
    explanation = result.get("explanation") or {}
    parts = [
        _channels(rows_of(result, "candidates"), explanation),
        _gate(explanation),
        _withheld(rows_of(explanation, "withheld")),
        _looked_for(explanation),
        _time(explanation),
    ]
    return "\n" + "\n\n".join(part for part in parts if part)


def _channels(candidates: Sequence[Mapping[str, Any]], explanation: Mapping[str, Any]) -> str:
    """One line for each candidate, one column for each channel: rank and score; below it weight and number found."""
    totals = explanation.get("channels") or {}
    names = sorted({name for one in candidates for name in one.get("channels") or {}} | set(totals))
    if not names:
        return ""
    rows: list[tuple[object, ...]] = [
        (number, one.get("id", ""), _number(one.get("score")), *_cells(one, names))
        for number, one in enumerate(candidates, start=1)
    ]
    if totals:
        told = [totals.get(name) or {} for name in names]
        rows.append(("", "weight", "", *(_number(one.get("weight")) for one in told)))
        rows.append(("", "found", "", *(str(one.get("found", _NONE)) for one in told)))
    head = ("#", "id", "score", *names)
    return f"{strong('Channels')} (rank and score)\n{table(rows, head=head, right=(0, *range(2, len(head))))}"


def _cells(candidate: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    said = candidate.get("channels") or {}
    for name in names:
        one = said.get(name)
        yield f"{one.get('rank', '?')} ({_number(one.get('score'))})" if isinstance(one, Mapping) else _NONE


def _gate(explanation: Mapping[str, Any]) -> str:
    """Why anything or nothing is given, and what the evidence adds up from."""
    gate = explanation.get("gate") or {}
    if not gate:
        return ""
    state = "open" if gate.get("open") else "shut"
    reasons = rows_of(explanation, "reasons")
    rows = [(_signed(one.get("evidence")), one.get("why", "")) for one in reasons]
    if rows:
        form = explanation.get("form")
        rows.append((_number(gate.get("evidence")), f"together; {_needed(form)} needs {_number(gate.get('needed'))}"))
    title = f"{strong('Gate')} {state}: {line(gate.get('why', ''))}"
    return f"{title}\n{table(rows, right=(0,))}" if rows else title


def _needed(form: object) -> str:
    return f"a {line(form)}" if form else "it"


def _withheld(candidates: Sequence[Mapping[str, Any]]) -> str:
    """What an open gate would have let through."""
    if not candidates:
        return ""
    rows = [(_number(one.get("score")), shortened(one.get("summary", ""), width() - 10)) for one in candidates]
    found = counted(len(candidates), "candidate")
    return f"{strong('Withheld')} ({found} that an open gate would have let through first)\n{table(rows, right=(0,))}"


def _looked_for(explanation: Mapping[str, Any]) -> str:
    terms, everyday, period = (explanation.get(name) or {} for name in ("terms", "everyday", "period"))
    days = f"{period.get('start')} to {period.get('end')}" if period else ""
    lines = {
        "terms": dotted(*(f"{name} {_number(weight)}" for name, weight in terms.items())),
        "everyday": dotted(*everyday),
        "days": days,
    }
    rows = [(name, text) for name, text in lines.items() if text]
    return f"{strong('Looked for')}\n{table(rows)}" if rows else ""


def _time(explanation: Mapping[str, Any]) -> str:
    stages = explanation.get("milliseconds") or {}
    return f"{strong('Time')} {dotted(*(f'{name} {value:.1f} ms' for name, value in stages.items()))}" if stages else ""


def _number(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else _NONE


def _signed(value: object) -> str:
    return f"{value:+.2f}" if isinstance(value, int | float) else _NONE

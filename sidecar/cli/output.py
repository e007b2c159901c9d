"""How results look: JSON for programs; for people short plain lines, with colour only on a terminal."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

_BAR = 24
"""Characters of a progress bar; with its figures it fits a narrow terminal."""

_WIDEST = 110
"""Characters a line of prose has at most: longer ones are hard to read."""


def print_json(result: object) -> None:
    """The result alone, for programs."""
    click.echo(json.dumps(result, ensure_ascii=False, indent=2))


def safe(text: object) -> str:
    """Text without control characters: what is stored must not steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def line(text: object) -> str:
    """Text on one line."""
    return " ".join(safe(text).split())


def width() -> int:
    """Characters to a line: the terminal's, within reason."""
    return min(shutil.get_terminal_size((100, 24)).columns, _WIDEST)


def shortened(text: object, room: int) -> str:
    """Text on one line, cut with an ellipsis if it is longer than `room`."""
    found = line(text)
    return found if len(found) <= room else f"{found[: max(room - 1, 1)].rstrip()}…"


def wrapped(text: object, indent: str = "") -> str:
    """Text folded to the terminal's width; its own line breaks stay."""
    lines = safe(text).splitlines() or [""]
    return "\n".join(textwrap.fill(entry, width(), initial_indent=indent, subsequent_indent=indent) for entry in lines)


def dim(text: str) -> str:
    """Less important text."""
    return click.style(text, dim=True)


def strong(text: str) -> str:
    """Important text."""
    return click.style(text, bold=True)


def dotted(*parts: object) -> str:
    """Some details in a row, the empty ones left out."""
    return " · ".join(line(part) for part in parts if part not in (None, "", [], ()))


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 session, 2 sessions."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def age(when: object, now: datetime | None = None) -> str:
    """How long ago an ISO time was, in the largest unit that fits; nothing if it is no time."""
    try:
        moment = datetime.fromisoformat(str(when))
    except ValueError:
        return ""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{duration(((now or datetime.now(UTC)) - moment).total_seconds())} ago"


def duration(seconds: float) -> str:
    """A length of time in its largest unit."""
    for name, length in (("y", 31_557_600), ("mo", 2_629_800), ("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {name}"
    return f"{max(int(seconds), 0)} s"


def bar(done: int, total: int) -> str:
    """A progress bar with its figures."""
    share = 1.0 if total <= 0 else min(max(done / total, 0.0), 1.0)
    filled = int(share * _BAR)
    return f"{'█' * filled}{'░' * (_BAR - filled)} {done:,} of {total:,}"


def table(rows: Sequence[Sequence[object]], head: Sequence[str] = (), right: Iterable[int] = ()) -> str:
    """Columns of even width; those numbered in `right` are set flush right."""
    lines = [[line(cell) for cell in row] for row in ([head, *rows] if head else rows)]
    if not lines:
        return ""
    widths = [max(len(row[column]) for row in lines) for column in range(len(lines[0]))]
    flush = set(right)
    return "\n".join(
        "  ".join(
            cell.rjust(size) if column in flush else cell.ljust(size)
            for column, (cell, size) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in lines
    )


def rows_of(result: object, *keys: str) -> list[Mapping[str, Any]]:
    """The list in a result: the result itself, or what stands under the first of some keys."""
    found = result
    if isinstance(result, Mapping):
        found = next((result[key] for key in keys if isinstance(result.get(key), list)), [])
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def print_notes(messages: Sequence[object]) -> None:
    """What the daemon wants to be said beside the result, on stderr."""
    for message in messages:
        text = message.get("message", message) if isinstance(message, Mapping) else message
        click.echo(dim(f"note: {line(text)}"), err=True)

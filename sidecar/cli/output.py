"""How results look: JSON for programs; for people short plain lines, with colour only on a terminal.

`sidecar recall` is to answer in little more time than Python takes to start, so what is not loaded by then is imported
where it is needed.
"""

from __future__ import annotations

import os
from _collections_abc import Mapping  # of `collections.abc`, which would bring all of `collections` along

TYPE_CHECKING = False  # checkers take it for the one of `typing`, which takes half as long as Python's start
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from typing import Any

DIM, STRONG, RESET = "\x1b[2m", "\x1b[1m", "\x1b[0m"
"""What a terminal understands; whoever prints leaves it out elsewhere, as `click.echo` does."""

_BAR = 24
"""Characters of a progress bar; with its figures it fits a narrow terminal."""

_COLUMNS = 100
"""The width where there is no terminal."""

_WIDEST = 110
"""Characters a line of prose has at most: longer ones are hard to read."""


def print_json(result: object) -> None:
    """The result alone, for programs."""
    import json

    import click

    click.echo(json.dumps(result, ensure_ascii=False, indent=2))


def safe(text: object) -> str:
    """Text without control characters: what is stored must not steer a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in str(text))


def line(text: object) -> str:
    """Text on one line."""
    return " ".join(safe(text).split())


def width() -> int:
    """Characters to a line: the terminal's, within reason."""
    return min(_columns() or _COLUMNS, _WIDEST)


def _columns() -> int:
    """What COLUMNS says, else the terminal; 0 if neither tells."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and len(given) <= 4 and int(given):
        return int(given)
    try:
        return os.get_terminal_size(1).columns
    except OSError:
        return 0


def shortened(text: object, room: int) -> str:
    """Text on one line, cut with an ellipsis if it is longer than `room`."""
    found = line(text)
    return found if len(found) <= room else f"{found[: max(room - 1, 1)].rstrip()}…"


def wrapped(text: object, indent: str = "") -> str:
    """Text folded to the terminal's width; its own line breaks stay."""
    room = width() - len(indent)
    return "\n".join(_folded(entry, room, indent) for entry in safe(text).splitlines() or [""])


def _folded(text: str, room: int, indent: str) -> str:
    """One line as lines of at most `room` characters, and of one word where that is longer."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\n".join(indent + entry if entry else "" for entry in lines)


def dim(text: str) -> str:
    """Less important text."""
    return f"{DIM}{text}{RESET}"


def strong(text: str) -> str:
    """Important text."""
    return f"{STRONG}{text}{RESET}"


def dotted(*parts: object) -> str:
    """Some details in a row, the empty ones left out."""
    return " · ".join(line(part) for part in parts if part not in (None, "", [], ()))


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 session, 2 sessions."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def age(when: object, now: datetime | None = None) -> str:
    """How long ago an ISO time was, in the largest unit that fits; nothing if it is no time."""
    from datetime import UTC, datetime

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
    import click

    for message in messages:
        text = message.get("message", message) if isinstance(message, Mapping) else message
        click.echo(dim(f"note: {line(text)}"), err=True)

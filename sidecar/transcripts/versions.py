"""Which version of its agent wrote a file, and whether the readers were ever checked against that version.

Formats change without notice.  A newer version is no fault, but it is the first thing to know when a session is not
understood.  The databases say nothing of the kind: what they hold is told by their tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from sidecar.expressions import regex
from sidecar.records import dataclass
from sidecar.transcripts.base import Record
from sidecar.transcripts.parsing import parsed
from sidecar.transcripts.streams import opened
from sidecar.transcripts.values import identifier, obj

_HEAD = 256 * 1024
"""Bytes in which a header is sought: Codex writes some 20 KB of instructions into it."""

_TAIL = 64 * 1024
"""Bytes in which the last record that says its version is sought."""

_NUMBERS = regex(r"\d{1,9}(?:\.\d{1,9})*")
"""Of so many digits only: Python takes a number of more than some thousand for an attack."""

_VERSION = regex(r"[\w ./()+~-]{1,64}")
"""What can be a version: it is kept and shown, so it is not just anything that a file has in its place."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an agent says its version, and the newest one whose files the readers were checked against.

    `first`: only in the first records, by what began the file; else in every record, by what wrote it.
    """

    told: Callable[[Record], object]
    newest: str
    first: bool = True


def _of_pi(record: Record) -> object:
    return record.get("version") if record.get("type") == "session" else None


_PLACES: Mapping[str, _Place] = MappingProxyType(
    {
        "claude-code": _Place(lambda record: record.get("version"), "2.1.240", first=False),
        "codex": _Place(lambda record: obj(record.get("payload")).get("cli_version"), "0.154"),
        "copilot-cli": _Place(lambda record: obj(record.get("data")).get("copilotVersion"), "1.0.64"),
        "openclaw": _Place(_of_pi, "3"),
        "pi": _Place(_of_pi, "3"),
        "qwen": _Place(lambda record: record.get("version"), "0.21.13", first=False),
    }
)


def newest_known(agent: str) -> str | None:
    """The newest version of an agent whose files the readers were checked against; None if its files name none."""
    place = _PLACES.get(agent)
    return None if place is None else place.newest


def is_known(agent: str, version: str) -> bool:
    """Whether a version is not newer than those that the readers were checked against.

    What is no number, such as a development build's name, is not known.
    """
    place = _PLACES.get(agent)
    numbers = _numbers(version)
    return place is not None and bool(numbers) and numbers <= _numbers(place.newest, len(numbers))


def version_of(agent: str, path: Path) -> str | None:
    """The version of the agent that wrote a file, or that wrote its last record; None if the file does not say.

    Raises:
        TranscriptUnreadable: the file is gone, or cannot be opened or decompressed.
    """
    place = _PLACES.get(agent)
    if place is None:
        return None
    records: Iterable[Record] = _head(path) if place.first else _tail(path)
    told = (identifier(place.told(record)) for record in records)
    return next((version for version in told if version and _VERSION.fullmatch(version)), None)


def _head(path: Path) -> Iterator[Record]:
    with opened(path) as source:
        lines = source.stream.read(_HEAD).split(b"\n")[:-1]
    for line in lines:
        yield from (record for _, record in parsed(line)[0])


def _tail(path: Path) -> Iterator[Record]:
    """The records at the end, the last first; those of a compressed file from its head, as it has no end to jump to."""
    with opened(path) as source:
        start = 0 if source.compressed else max(0, source.stat.st_size - _TAIL)
        source.skip(start)
        lines = source.stream.read(_TAIL).split(b"\n")[1 if start else 0 : -1]
    for line in reversed(lines):
        yield from (record for _, record in parsed(line)[0])


def _numbers(version: str, at_least: int = 0) -> tuple[int, ...]:
    """The leading numbers of a version, for comparing; where it has fewer, any number is within it."""
    found = _NUMBERS.match(version)
    numbers = [int(number) for number in found[0].split(".")] if found else []
    return (*numbers, *[_ANY] * (at_least - len(numbers)))


_ANY = 1 << 62
"""Stands for the numbers that are not said: 0.154 holds every 0.154.n."""

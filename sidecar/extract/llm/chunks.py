"""Lines in portions that a small model can keep in view."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.extract.llm.lines import Line, shown
from sidecar.records import dataclass

CHUNK_CHARACTERS = 10_000
"""Characters of a chunk: about 2,500 tokens, of which a model with 4B parameters still overlooks little."""

OVERLAP_MESSAGES = 2
"""Messages that a chunk repeats of the one before it, so that a question and its answer are never torn apart."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that are read together; `text` is the same for every question about them."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """The lines as a model reads them."""
        return shown(self.lines)

    @property
    def spoken(self) -> bool:
        """Whether a person or an agent says something new here."""
        return any(not line.context and line.speaker != "tool" for line in self.lines)


def chunks(lines: Sequence[Line], most: int = CHUNK_CHARACTERS) -> list[Chunk]:
    """The lines in chunks of about `most` characters, cut between messages; each has something new in it."""
    found: list[Chunk] = []
    current: list[Line] = []
    repeated = 0
    for message in _by_message(lines):
        if len(current) > repeated and _length([*current, *message]) > most:
            found.append(Chunk(tuple(current)))
            current = _last_messages(current)
            repeated = len(current)
        current += message
    if len(current) > repeated:
        found.append(Chunk(tuple(current)))
    return [chunk for chunk in found if chunk.spoken]


def _by_message(lines: Sequence[Line]) -> list[list[Line]]:
    groups: list[list[Line]] = []
    for line in lines:
        if groups and groups[-1][-1].message is line.message:
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _last_messages(lines: Sequence[Line]) -> list[Line]:
    """The lines of the last messages, unless they would fill half a chunk by themselves."""
    kept: list[Line] = []
    for message in reversed(_by_message(lines)[-OVERLAP_MESSAGES:]):
        if _length([*message, *kept]) > CHUNK_CHARACTERS // 2:
            break
        kept = [*message, *kept]
    return kept


def _length(lines: Sequence[Line]) -> int:
    return sum(len(line.shown) + 1 for line in lines)

"""`[[links]]` in the bodies of memories, as Obsidian writes them, and which memories they lead to.

The rules stand in docs/memory-format.md.  Nothing is ever written: a link is part of a body and kept as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final, Literal

from sidecar.expressions import regex
from sidecar.identity import ID_LENGTH
from sidecar.model import Status, Stored

Direction = Literal["to", "from"]
"""`to`: a memory's own link leads there; `from`: only the other one's leads here."""

_LINK: Final = regex(r"\[\[([^\[\]\n]+)\]\]")
_FENCED: Final = regex(r"^[ \t]*+(`{3,}+|~{3,}+)[^\n]*+\n.*?(?:^[ \t]*+\1[`~]*+[ \t]*+$|\Z)", re.MULTILINE | re.DOTALL)
_TICKS_OR_LINE: Final = regex(r"`+|\n")
_BLANKS: Final = regex(r"[\s_-]+")
_TAIL: Final = 6
"""Characters of the id that end a file's name."""


def targets(content: str) -> list[str]:
    """What a text links to, in its order, each once; not what stands in code."""
    if "[[" not in content:
        return []
    text = _without_spans(_FENCED.sub(" ", content))
    found = (match[1].split("|", 1)[0].split("#", 1)[0].strip() for match in _LINK.finditer(text))
    return list(dict.fromkeys(target for target in found if target))


def _without_spans(text: str) -> str:
    """The text without code in a line: from a run of backticks to the next one there of the same length.

    In one pass, whatever the text: a pattern that looks for the closing run tries every run against every other.
    """
    kept: list[str] = []
    start = 0
    line: list[re.Match[str]] = []
    for mark in [*_TICKS_OR_LINE.finditer(text), None]:
        if mark is not None and mark[0] != "\n":
            line.append(mark)
            continue
        for first, last in _spans(line):
            kept += [text[start:first], " "]
            start = last
        line = []
    return "".join([*kept, text[start:]])


def _spans(runs: Sequence[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """Where the code in a line begins and ends, given its runs of backticks."""
    later: dict[int, int] = {}
    closing: list[int | None] = []
    for number in reversed(range(len(runs))):
        closing.append(later.get(len(runs[number][0])))
        later[len(runs[number][0])] = number
    closing.reverse()
    number = 0
    while number < len(runs):
        end = closing[number]
        if end is not None:
            yield runs[number].start(), runs[end].end()
        number = (number if end is None else end) + 1


class Links:
    """The names by which the memories of one snapshot can be linked to."""

    def __init__(self, memories: Sequence[Stored]) -> None:
        self._memories = memories
        self._ways: list[dict[str, list[Stored]]] = [{} for _ in range(5)]
        for stored in memories:
            for way, name in zip(self._ways, _names(stored), strict=True):
                if name:
                    way.setdefault(name, []).append(stored)
        self._tails: dict[str, list[Stored]] = {}
        for stored in memories:
            self._tails.setdefault(stored.memory.id[-_TAIL:].lower(), []).append(stored)

    def resolve(self, target: str) -> list[Stored]:
        """The memories that a target means, sorted by id; none for a link that leads nowhere."""
        wanted = _plain(target.removesuffix(".md"))
        for way in self._ways:
            if wanted in way:
                return _preferred(way[wanted])
        _, dash, tail = wanted.rpartition("-")
        return _preferred(self._tails.get(tail, [])) if dash and len(tail) == _TAIL else []

    def meant(self, named: Iterable[str]) -> list[Stored]:
        """The memories that some targets mean, in their order, each once."""
        return list({one.memory.id: one for target in named for one in self.resolve(target)}.values())

    def of(self, stored: Stored) -> list[Stored]:
        """The memories that one links to, in the order of its links."""
        found = self.meant(targets(stored.memory.content))
        return [one for one in found if one.memory.id != stored.memory.id]

    def to(self, stored: Stored) -> list[Stored]:
        """The memories that link to one, sorted by id."""
        return self._linking.get(stored.memory.id, [])

    @cached_property
    def _linking(self) -> Mapping[str, list[Stored]]:
        """Which memories link to one, by its id: all bodies are read once for a snapshot, not at each question."""
        found: dict[str, list[Stored]] = {}
        for one in self._memories:
            for two in self.of(one):
                found.setdefault(two.memory.id, []).append(one)
        return found


def _names(stored: Stored) -> Iterator[str]:
    """The names of one memory, the surest first: id, path, file, slug, key."""
    path = PurePosixPath(stored.path.removesuffix(".md"))
    stem = path.name
    tail = f"-{stored.memory.id[-_TAIL:].lower()}"
    yield _plain(stored.memory.id) if len(stored.memory.id) == ID_LENGTH else ""
    yield _plain(str(path))
    yield _plain(stem)
    yield _plain(stem.lower().removesuffix(tail))
    yield _plain(stored.memory.key or "")


def _plain(name: str) -> str:
    """A name as it is compared: letters small, without accents, blanks as `-`."""
    text = unicodedata.normalize("NFKD", name.strip()).lower()
    text = "".join(character for character in text if not unicodedata.combining(character))
    return _BLANKS.sub("-", text).strip("-")


def _preferred(found: Sequence[Stored]) -> list[Stored]:
    active = [one for one in found if one.memory.status is Status.ACTIVE]
    return sorted(active or found, key=lambda one: one.memory.id)


def related(links: Links, stored: Stored) -> Mapping[str, tuple[Stored, Direction]]:
    """What is tied to a memory by links, by id, and whose the link is."""
    own = {one.memory.id: one for one in links.of(stored)}
    others = {one.memory.id: one for one in links.to(stored) if one.memory.id not in own}
    return {name: (one, "to") for name, one in own.items()} | {name: (one, "from") for name, one in others.items()}

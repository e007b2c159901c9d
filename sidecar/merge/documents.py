"""One memory's file of three trees, as one: lines that one side alone changed are kept byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Final

from sidecar.errors import BadMemoryFile
from sidecar.frontmatter import Document, edit, parse
from sidecar.frontmatter.document import KINDS
from sidecar.merge.values import resolved, three_way
from sidecar.records import dataclass

_RANK: Final = {name: rank for rank, name in enumerate(KINDS)}
Key = tuple[str, int]
"""A key and how many of the same name stand before it: unknown keys may stand twice."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Front matter in pieces; joined they are the text again.

    `lines`: each key with its value.  `behind`: the comments and blank lines that follow it.
    """

    head: str = ""
    order: tuple[Key, ...] = ()
    lines: Mapping[Key, str] = field(default_factory=dict)
    behind: Mapping[Key, str] = field(default_factory=dict)
    closing: str = ""


def merged(base: Document | None, one: Document, other: Document, body: str) -> bytes:
    """The front matter of both sides, above a body that is decided already."""
    fields = merged_fields(base, one, other)
    text = _assembled(_laid_out(base), _laid_out(one), _laid_out(other), fields, one, other)
    for candidate in (f"{text}{body}", *_simpler(one, other, body)):
        found = parse(candidate.encode())
        if isinstance(found, Document):
            changes = {name: fields.get(name) for name in KINDS if found.fields.get(name) != fields.get(name)}
            try:
                return edit(found, changes) if changes else found.data
            except BadMemoryFile:
                continue
    return max(one.data, other.data)  # both are laid out so oddly that no line of them can be changed


def merged_fields(base: Document | None, one: Document, other: Document) -> dict[str, object]:
    """The value of each key that is set in the end."""
    old: Mapping[str, object] = base.fields if base is not None else {}
    found: dict[str, object] = {}
    for name in KINDS:
        before = old.get(name)
        both = partial(resolved, name, before)
        value = three_way(before, one.fields.get(name), other.fields.get(name), both)
        if value is not None:
            found[name] = value
    return found


def _simpler(one: Document, other: Document, body: str) -> list[str]:
    """The front matter of one side alone: for a layout of which no other can be made."""
    return sorted((side.text[: side.body_start] + body for side in (one, other)), reverse=True)


def _laid_out(document: Document | None) -> _Layout:
    if document is None or document.front is None or not document.entries:
        return _Layout() if document is None else _Layout(head=document.text[: document.body_start])
    text, end = document.text, document.front[1]
    places = [text.rfind("\n", 0, key.start) + 1 for _, key, _ in document.entries]
    lines, behind, counts = dict[Key, str](), dict[Key, str](), dict[str, int]()
    for (name, key, _), place, following in zip(document.entries, places, [*places[1:], end], strict=True):
        number = counts[name] = counts.get(name, -1) + 1
        indent = key.start - place
        lines[name, number], behind[name, number] = _split(text[place:following], indent)
    return _Layout(text[: places[0]], tuple(lines), lines, behind, text[end : document.body_start])


def _split(unit: str, indent: int) -> tuple[str, str]:
    """A key's lines, and the comments and blank lines behind them."""
    lines = unit.splitlines(keepends=True)
    last = len(lines)
    while last > 1 and _is_aside(lines[last - 1], indent):
        last -= 1
    return "".join(lines[:last]), "".join(lines[last:])


def _is_aside(line: str, indent: int) -> bool:
    text = line.strip()
    return not text or (text.startswith("#") and len(line) - len(line.lstrip(" ")) <= indent)


def _assembled(
    base: _Layout, one: _Layout, other: _Layout, fields: Mapping[str, object], first: Document, second: Document
) -> str:
    pieces = [three_way(base.head, one.head, other.head, max)]
    for key in _order(base, one, other):
        line = _line(key, base, one, other, fields, first, second)
        if line is not None:
            asides = base.behind.get(key, ""), one.behind.get(key, ""), other.behind.get(key, "")
            pieces += [line, three_way(*asides, max)]
    return "".join([*pieces, three_way(base.closing, one.closing, other.closing, max)])


def _line(
    key: Key,
    base: _Layout,
    one: _Layout,
    other: _Layout,
    fields: Mapping[str, object],
    first: Document,
    second: Document,
) -> str | None:
    """The lines of a key; of those of a known key that both sides changed, the ones with the value that is wanted."""
    name = key[0]

    def both(mine: str | None, yours: str | None) -> str | None:
        if name in KINDS:
            fitting = [
                line
                for line, side in ((mine, first), (yours, second))
                if line is not None and side.fields.get(name) == fields.get(name)
            ]
            return max(fitting, default=max(filter(None, (mine, yours)), default=None))
        return max(filter(None, (mine, yours)), default=None)

    line = three_way(base.lines.get(key), one.lines.get(key), other.lines.get(key), both)
    return None if name in KINDS and name not in fields else line


def _order(base: _Layout, one: _Layout, other: _Layout) -> list[Key]:
    """The keys in their order: that of the side which changed it, with the other side's new keys put in."""
    common = set(base.order) & set(one.order) & set(other.order)
    plain = [[key for key in side.order if key in common] for side in (base, one, other)]
    if plain[1] == plain[2]:
        carrier, guest = sorted((one.order, other.order), reverse=True)
    elif plain[1] == plain[0] or (plain[2] != plain[0] and other.order > one.order):
        carrier, guest = other.order, one.order
    else:
        carrier, guest = one.order, other.order
    order = list(carrier)
    for place, key in enumerate(guest):
        if key not in order:
            order.insert(_place(order, key, guest[:place]), key)
    return order


def _place(order: Sequence[Key], key: Key, before: Iterable[Key]) -> int:
    """Known keys go behind the last one that precedes them in canonical order, others behind their neighbour."""
    if key[0] in _RANK:
        earlier = [i for i, known in enumerate(order) if known[0] in _RANK and _RANK[known[0]] < _RANK[key[0]]]
        return earlier[-1] + 1 if earlier else 0
    neighbours = [order.index(known) for known in before if known in order]
    return neighbours[-1] + 1 if neighbours else len(order)

"""YAML text as nodes with their places: the only user of the yaml library in the memory format.

No value is constructed, so an alias cannot grow, a tag does nothing, and `no` or `007` stay what was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml

from sidecar.records import dataclass

_MAX_DEPTH: Final = 32
"""Nesting that no person writes; it bounds the recursion over a hostile file."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class Bad(Exception):
    """What is wrong, and at which place of the text; never leaves this package, whose face turns it into a value."""

    def __init__(self, index: int, reason: str) -> None:
        self.index, self.reason = index, reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML node with its place in the text; `pairs` of a mapping, `items` of a sequence, `text` of a scalar."""

    kind: str
    start: int
    end: int
    text: str = ""
    plain: bool = False
    block: bool = False
    items: tuple[Node, ...] = ()
    pairs: tuple[tuple[Node, Node], ...] = ()

    @property
    def last(self) -> Node:
        """The node of the subtree that ends last; block collections have no end mark of their own that can be used."""
        if self.kind in ("map", "list") and self.block:
            return (self.pairs[-1][1] if self.pairs else self.items[-1]).last
        return self


def read_mapping(text: str, start: int, end: int) -> Node | None:
    """The mapping between two places of the text; None if there are only comments."""
    try:
        reader = _Reader(text, start, end)
        root = reader.root()
    except yaml.YAMLError as error:
        place = start + _error_index(error, text[start:end])
        raise Bad(place, f"it is not valid YAML: {_error_text(error)}") from error
    if root is None:
        return None
    if root.kind != "map" or not root.block:
        raise Bad(root.start, "the front matter must be `key: value` lines")
    indents = {text[text.rfind("\n", 0, key.start) + 1 : key.start].removeprefix("\ufeff") for key, _ in root.pairs}
    if len(indents) > 1 or any(indent.strip() for indent in indents):
        raise Bad(root.start, "the front matter must be `key: value` lines")
    for key, _ in root.pairs:
        if key.kind != "scalar":
            raise Bad(key.start, "a key must be a word")
    return root


class _Reader:
    """Builds nodes from the event stream: no value is constructed, so aliases cannot grow and tags do nothing."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text[start:end], Loader=yaml.CSafeLoader))
        self._offset = start

    def root(self) -> Node | None:
        """The only document's node; None for an empty stream."""
        next(self._events)
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return None
        node = self._node(next(self._events), 0)
        next(self._events)
        if not isinstance(next(self._events), yaml.StreamEndEvent):
            raise Bad(node.last.end, "the front matter must be one YAML document")
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        start, end = self._place(event)
        if depth > _MAX_DEPTH:
            raise Bad(start, f"values are nested more than {_MAX_DEPTH} deep")
        if isinstance(event, yaml.ScalarEvent):
            return Node("scalar", start, end, event.value, plain=not event.style, block=event.style in ("|", ">"))
        if isinstance(event, yaml.AliasEvent):
            return Node("alias", start, end)
        nodes: list[Node] = []
        closing: type[yaml.Event] = yaml.SequenceEndEvent
        if isinstance(event, yaml.MappingStartEvent):
            closing = yaml.MappingEndEvent
        inner = next(self._events)
        while not isinstance(inner, closing):
            nodes.append(self._node(inner, depth + 1))
            inner = next(self._events)
        end = self._place(inner)[1]
        block = not getattr(event, "flow_style", True)
        if isinstance(event, yaml.MappingStartEvent):
            return Node("map", start, end, block=block, pairs=tuple(zip(nodes[::2], nodes[1::2], strict=True)))
        return Node("list", start, end, block=block, items=tuple(nodes))

    def _place(self, event: yaml.Event) -> tuple[int, int]:
        assert event.start_mark is not None  # noqa: S101 - events of a parser always have marks
        assert event.end_mark is not None  # noqa: S101
        return self._offset + event.start_mark.index, self._offset + event.end_mark.index


def _error_index(error: yaml.YAMLError, part: str) -> int:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return int(mark.index)
    position = getattr(error, "position", None)  # of a character that YAML does not allow, in bytes
    return 0 if position is None else len(part.encode()[:position].decode("utf-8", "ignore"))


def _error_text(error: yaml.YAMLError) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).splitlines()[0]


def is_null(node: Node) -> bool:
    """Whether the node is an unquoted null, or nothing at all."""
    return node.kind == "scalar" and node.plain and node.text in _NULLS


def reads_as_string(text: str) -> bool:
    """Whether YAML readers that guess types take the unquoted text for a string; not so `no`, `007` or a date."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    return not any(pattern.match(text) for _, pattern in resolvers)


def plain_value(node: Node) -> object:
    """The node as strings, lists, mappings and None, nothing guessed."""
    if node.kind == "map":
        return {key.text: plain_value(value) for key, value in node.pairs}
    if node.kind == "list":
        return [plain_value(item) for item in node.items]
    return None if is_null(node) else node.text

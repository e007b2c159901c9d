"""JSON with comments as text with places: where each value stands, so that one can be put in or taken out.

Nothing is ever written anew: comments, order, indentation, line ends and trailing commas of the rest stay as they are.
"""

from __future__ import annotations

import json
import re
from dataclasses import field
from typing import Any

from sidecar.errors import SettingsUnclear
from sidecar.records import dataclass

_DEPTH = 200
"""Nesting beyond which a file is no settings file, and a recursion of ours would end badly."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_WORD = re.compile(r"[-+.\w]+")
_REMARK = re.compile(r"(?:[ \t]*(?://[^\r\n]*|/\*[^\r\n]*?\*/))?")
_INDENT = re.compile(r"\n([ \t]+)\S")


@dataclass(slots=True)
class Node:
    """A value and its place in the text: `start` to `end`.

    `members` of an object, by key with the place where the key begins; `items` of an array.
    """

    kind: str
    start: int
    end: int = 0
    members: list[tuple[str, int, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    def entries(self) -> list[tuple[int, int]]:
        """Where each member or item begins and ends."""
        if self.kind == "array":
            return [(item.start, item.end) for item in self.items]
        return [(start, node.end) for _, start, node in self.members]

    def get(self, key: str) -> Node | None:
        """The value of a key; of one that stands several times the last, as readers take it."""
        return next((node for name, _, node in reversed(self.members) if name == key), None)


class Document:
    """A text with its outermost value; None for one that is empty but for blanks and comments."""

    def __init__(self, text: str) -> None:
        """Raises SettingsUnclear if it is not JSON, comments and trailing commas allowed."""
        self.text = text
        at = self._blank(1 if text.startswith("\ufeff") else 0)
        self.root: Node | None = None
        if at < len(text):
            self.root = self._value(at, 0)
            if self._blank(self.root.end) != len(text):
                raise self._unclear(self.root.end, "something follows the end")

    def value(self, node: Node) -> Any:  # noqa: ANN401 - JSON
        """What a node says."""
        if node.kind == "object":
            return {key: self.value(child) for key, _, child in node.members}
        if node.kind == "array":
            return [self.value(item) for item in node.items]
        return json.loads(self.text[node.start : node.end])

    def _value(self, at: int, depth: int) -> Node:
        if depth > _DEPTH:
            raise self._unclear(at, "it is nested too deeply")
        first = self.text[at : at + 1]
        if first in ("{", "["):
            return self._container(at, depth)
        found = (_STRING if first == '"' else _WORD).match(self.text, at)
        if found is None:
            raise self._unclear(at, "a value is missing" if first else "it ends too early")
        try:
            json.loads(found.group())
        except ValueError:
            raise self._unclear(at, "a value is not JSON") from None
        return Node("scalar", at, found.end())

    def _container(self, at: int, depth: int) -> Node:
        closing = "}" if self.text[at] == "{" else "]"
        node = Node("object" if closing == "}" else "array", at)
        at = self._blank(at + 1)
        while self.text[at : at + 1] != closing:
            at = self._entry(node, at, depth)
            if self.text[at : at + 1] == ",":
                at = self._blank(at + 1)
            elif self.text[at : at + 1] != closing:
                raise self._unclear(at, f"a comma or {closing} is missing")
        node.end = at + 1
        return node

    def _entry(self, node: Node, at: int, depth: int) -> int:
        """Read a member or item; returns where the blanks after it end."""
        if node.kind == "array":
            item = self._value(at, depth + 1)
            node.items.append(item)
            return self._blank(item.end)
        key = _STRING.match(self.text, at)
        colon = self._blank(key.end()) if key else at
        if key is None or self.text[colon : colon + 1] != ":":
            raise self._unclear(at, "a key in quotes with a colon is missing")
        value = self._value(self._blank(colon + 1), depth + 1)
        try:
            name = json.loads(key.group())
        except ValueError:
            raise self._unclear(at, "a key is not JSON") from None
        node.members.append((name, at, value))
        return self._blank(value.end)

    def _blank(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def _unclear(self, at: int, why: str) -> SettingsUnclear:
        return SettingsUnclear(line=self.text.count("\n", 0, at) + 1, why=why)

    # editing: each returns the new text

    def inserted(self, node: Node, value: object, key: str | None = None) -> str:
        """The text with a member or an item more, behind the last one of a container."""
        entries = node.entries()
        broken = "\n" in self.text[node.start : node.end] or not entries
        inner = self._indent_inside(node)
        shown = self._dumped(value, inner if broken else None)
        entry = shown if key is None else f"{json.dumps(key, ensure_ascii=False)}: {shown}"
        gap = f"{self._newline}{inner}" if broken else " "
        if not entries:
            return self._filled(node, gap, entry)
        end = entries[-1][1]
        comma = self._blank(end)
        if self.text[comma] == ",":
            at = self._line_end(comma + 1)
            return f"{self.text[:at]}{gap}{entry},{self.text[at:]}"
        at = self._line_end(end)
        return f"{self.text[:end]},{self.text[end:at]}{gap}{entry}{self.text[at:]}"

    def _line_end(self, at: int) -> int:
        """Behind a comment that belongs to what stands before it in the same line."""
        found = _REMARK.match(self.text, at)
        return found.end() if found else at

    def _filled(self, node: Node, gap: str, entry: str) -> str:
        """The first entry of an empty container, which may hold a comment."""
        inside = self.text[node.start + 1 : node.end - 1]
        kept = inside.rstrip() if inside.strip() else ""
        closing = f"{self._newline}{self._indent_of(node)}"
        return f"{self.text[: node.start + 1]}{kept}{gap}{entry}{closing}{self.text[node.end - 1 :]}"

    def removed(self, node: Node, number: int) -> str:
        """The text without the entry of this number: the inverse of `inserted`, wherever the entry stands now."""
        entries = node.entries()
        start, end = entries[number]
        before, after = _backwards_over_space(self.text, start), self._blank(end)
        if self.text[after] == ",":  # a comment between value and comma stays
            text = self.text[:before] + self.text[end:after] + self.text[after + 1 :]
        elif number:
            comma = self._blank(entries[number - 1][1])
            # What is said between the comma and the entry belongs to the entry before, or to nobody: it stays.
            text = self.text[:comma] + self.text[comma + 1 : max(before, comma + 1)] + self.text[end:]
        else:
            text = self.text[:before] + self.text[end:]
        return self._tidied(text, node) if len(entries) == 1 else text

    @staticmethod
    def _tidied(text: str, node: Node) -> str:
        """A container that holds nothing but blanks is written closed."""
        found = _SPACE.match(text, node.start + 1)
        end = found.end() if found else node.start + 1
        return text[: node.start + 1] + text[end:] if text[end : end + 1] in ("}", "]") else text

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def _unit(self) -> str:
        found = _INDENT.search(self.text)
        return found.group(1) if found else "  "

    def _indent_of(self, node: Node) -> str:
        """The indentation of the line in which a container opens."""
        line = self.text[self.text.rfind("\n", 0, node.start) + 1 : node.start]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _indent_inside(self, node: Node) -> str:
        """The indentation of a container's entries, by the last one that begins a line."""
        for start, _ in reversed(node.entries()):
            line = self.text[self.text.rfind("\n", 0, start) + 1 : start]
            if not line.strip(" \t") and "\n" in self.text[node.start : start]:
                return line
        return self._indent_of(node) + self._unit

    def _dumped(self, value: object, indent: str | None) -> str:
        """A value in the style of the file; on one line where its neighbours are."""
        if indent is None:
            return json.dumps(value, ensure_ascii=False)
        unit = self._unit
        shown = json.dumps(value, ensure_ascii=False, indent="\t" if "\t" in unit else len(unit))
        return shown.replace("\n", f"{self._newline}{indent}")


def _backwards_over_space(text: str, at: int) -> int:
    while at and text[at - 1] in " \t\r\n":
        at -= 1
    return at

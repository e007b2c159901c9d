"""Markdown as other programs and people write it: front matter, and a body as blocks that can stand alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from sidecar.expressions import regex
from sidecar.frontmatter import Problem, load_mapping, parse_time
from sidecar.records import dataclass

_FRONT: Final = regex(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_HEADING: Final = regex(r"(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_ITEM: Final = regex(r"(?P<indent>[ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+(?P<text>\S.*)")
_FENCE: Final = regex(r"[ \t]*(`{3,}|~{3,})")
_RULE: Final = regex(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_COMMENT: Final = regex(r"<!--.*?-->", re.DOTALL)
_INTRODUCED: Final = 600
"""Characters up to which a list stays with the sentence that introduces it; longer ones are taken item by item."""


_MILLISECONDS: Final = 10**11
"""Larger numbers are no seconds: they would be the year 5138."""

NO_TIME: Final = "it is no time that is understood"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list item with what hangs on it, or a block of code, and the headings above it."""

    line: int
    text: str
    headings: tuple[str, ...]
    item: bool = False
    code: bool = False


def split(text: str) -> tuple[Mapping[str, object] | Problem, str, int]:
    """Front matter (empty if there is none), the body, and the line at which the body begins."""
    found = _FRONT.match(text)
    if found is None:
        return {}, text.removeprefix("\ufeff"), 1
    front = load_mapping(found[1].encode())
    if isinstance(front, Problem) and front.line is not None:
        front = replace(front, line=front.line + 1)
    return front, text[found.end() :], text.count("\n", 0, found.end()) + 1


def words_of(value: object) -> tuple[str, ...]:
    """A list of words as front matter has it: in brackets, or divided by commas."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return ()
    return tuple(word for one in value if isinstance(one, str) and (word := one.strip().removeprefix("#")))


def moment_of(*values: object) -> datetime | None:
    """The first of some values that is a time: in ISO form, or a number of seconds or milliseconds since 1970."""
    for value in values:
        try:
            if isinstance(value, str):
                return parse_time(value)
            if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
                return datetime.fromtimestamp(int(value if value < _MILLISECONDS else value / 1000), UTC)
        except (ValueError, OverflowError):
            continue
    return None


def written_at(seconds: float) -> datetime:
    """The moment of a file's last change, in whole seconds; 1970 for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


def without_comments(text: str) -> str:
    """The text with comments blanked out, every line still in its place."""
    return _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)


def lines_outside_code(text: str) -> Iterator[tuple[int, str, bool]]:
    """Every line with its number from 0, and whether it belongs to a block of code (the fences do)."""
    fence = ""
    for number, line in enumerate(text.split("\n")):
        mark = _FENCE.match(line)
        inside = bool(fence)
        if fence and mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        elif not fence and mark:
            fence, inside = mark[1], True
        yield number, line.removesuffix("\r"), inside or bool(fence)


class _Blocks:
    """Collects lines into blocks."""

    def __init__(self, first: int) -> None:
        self.found: list[Block] = []
        self._first = first
        self._headings: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._start, self._indent = 0, -1
        self._code = self._after_code = False

    def take(self, number: int, line: str, *, code: bool) -> None:
        """The next line; `code` if it belongs to a block of code."""
        self._take(number, line, code=code)
        self._after_code = code

    def _take(self, number: int, line: str, *, code: bool) -> None:
        heading = None if code else _HEADING.fullmatch(line)
        item = None if code else _ITEM.fullmatch(line)
        if heading:
            self.end()
            level = len(heading[1])
            self._headings = [one for one in self._headings if one[0] < level] + [(level, heading[2])]
        elif not code and _RULE.fullmatch(line):
            self.end()
        elif not line.strip() and not code:
            self._blank()
        elif item and not self._nested(item):
            self.end()
            self._begin(number, item["text"], len(item["indent"].expandtabs(4)))
        elif self._lines and self._hangs_on(line, code=code):
            self._lines.append(line)
        else:
            self.end()
            self._begin(number, line, -1)
            self._code = code

    def end(self) -> None:
        """The block is complete."""
        text = "\n".join(_dedented(self._lines)).strip("\n").rstrip()
        if text:
            headings = tuple(text for _, text in self._headings)
            self.found.append(Block(self._first + self._start, text, headings, self._indent >= 0, self._code))
        self._lines, self._indent, self._code = [], -1, False

    def _begin(self, number: int, line: str, indent: int) -> None:
        self._start, self._lines, self._indent = number, [line], indent

    def _nested(self, item: re.Match[str]) -> bool:
        return self._indent >= 0 and len(item["indent"].expandtabs(4)) > self._indent + 1

    def _blank(self) -> None:
        if self._indent >= 0:
            self._lines.append("")  # an item may go on after it
        else:
            self.end()

    def _hangs_on(self, line: str, *, code: bool) -> bool:
        """Whether a line goes on with the block that is being collected."""
        if code and self._after_code:
            return True
        after_blank = not self._lines[-1].strip()
        if self._indent >= 0:
            return line[:1] in (" ", "\t") or not after_blank
        return not self._code and not after_blank


def _dedented(lines: list[str]) -> list[str]:
    """The lines below the first with the blanks taken off that all of them have."""
    below = [line for line in lines[1:] if line.strip()]
    margin = min((len(line) - len(line.lstrip(" \t")) for line in below), default=0)
    return [*lines[:1], *(line[margin:] for line in lines[1:])]


def blocks(body: str, first: int) -> list[Block]:
    """The blocks of a body that begins at line `first`; what introduces a short list or code stays with it."""
    collected = _Blocks(first)
    for number, line, code in lines_outside_code(without_comments(body)):
        collected.take(number, line, code=code)
    collected.end()
    return list(_joined(collected.found))


def _joined(found: list[Block]) -> Iterator[Block]:
    position = 0
    while position < len(found):
        block, hanging = found[position], _introduced(found, position)
        together = "\n".join([block.text, *map(_as_written, hanging)])
        joined = bool(hanging) and (len(hanging) == 1 or len(together) <= _INTRODUCED)
        yield replace(block, text=together) if joined else block
        position += 1 + (len(hanging) if joined else 0)


def _introduced(found: list[Block], position: int) -> list[Block]:
    """The items or the code right after a sentence that ends with a colon, under the same heading."""
    block = found[position]
    if block.item or block.code or not block.text.endswith(":"):
        return []
    after = found[position + 1 :]
    return list(takewhile(lambda one: (one.item or one.code) and one.headings == block.headings, after))


def _as_written(block: Block) -> str:
    return "- " + block.text.replace("\n", "\n  ") if block.item else block.text

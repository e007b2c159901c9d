"""Notes of basic-memory: front matter, observations (`- [category] text #tag`), relations (`- kind [[Note]]`), prose.

The form is that of basic-memory's own documentation ("Knowledge Format") and of its parser.  Each observation becomes
a memory; what is left of the note (prose, relations, tasks) becomes one under the note's own key, so that `[[links]]`
to it go on leading there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Final

from sidecar.exchange.prose import NO_TIME, lines_outside_code, moment_of, split, words_of, written_at
from sidecar.exchange.words import Found, LeftOut, Statement, digest, shortened
from sidecar.expressions import regex
from sidecar.frontmatter import Problem
from sidecar.identity import normalized_key
from sidecar.model import MemoryType

AGENT: Final = "basic-memory"

_OBSERVATION = regex(r"[ \t]*[-*+][ \t]+\[(?P<category>[^\[\]()]+)\][ \t]+(?P<text>\S.*)")
_CLOCK = regex(r"\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?(?:\s+-\s+\S+)?")
_TAG = regex(r"(?<!\S)#([\w/-]+)")
_SECTION = regex(r"#{1,6}[ \t]+(?:observations|relations)[ \t]*", re.IGNORECASE)
_TAKEN = ("title", "type", "tags", "permalink", "created", "modified", "created_at", "updated_at", "date")
_TIMES = ("modified", "updated_at", "created", "created_at", "date")
_INSTRUCTIONS = frozenset("convention guideline instruction preference principle rule standard".split())
_TASKS = frozenset("action task todo".split())
_EVENTS = frozenset("event incident milestone".split())


def recognizes(front: Mapping[str, object]) -> bool:
    """Whether front matter looks like a note's: it has a permalink, or a title with a type."""
    return "permalink" in front or {"title", "type"} <= front.keys()


def read(path: str, text: str, modified: float) -> Found:
    """The statements of a note."""
    front, body, first = split(text)
    if isinstance(front, Problem):
        hint = "Mend the front matter and import the note again."
        return Found(path, "basic-memory", left=(LeftOut(path, front.line, "the note", front.reason, hint),))
    note = _Note(path, front, modified)
    rest: list[str] = []
    statements: list[Statement] = []
    for number, line, code in lines_outside_code(body):
        found = None if code else _OBSERVATION.fullmatch(line)
        if found is None or not _is_category(found["category"].strip()):
            rest.append(line)
            continue
        statements.append(note.observation(found["category"].strip(), found["text"].strip(), first + number))
    whole = note.rest(rest, first)
    statements += [] if whole is None else [whole]
    return Found(path, "basic-memory", tuple(statements), left=tuple(note.left_out(empty=not statements)))


class _Note:
    """What the front matter of a note says, and what follows from it for its parts."""

    def __init__(self, path: str, front: Mapping[str, object], modified: float) -> None:
        self._path, self._front = path, front
        self.title = _text(front.get("title")) or PurePath(path).stem
        self.permalink = _text(front.get("permalink")) or self.title
        self._tags = words_of(front.get("tags"))
        told = (front.get(name) for name in _TIMES)
        self._observed: datetime = moment_of(*told) or written_at(modified)

    def observation(self, category: str, text: str, line: int) -> Statement:
        """One observation, as it stands behind its category."""
        return Statement(
            path=self._path,
            line=line,
            record=f"{self.permalink}#{digest(category, text)}",
            agent=AGENT,
            content=text,
            observed=self._observed,
            speaker="assistant",
            type=_type_of(category),
            tags=tuple(dict.fromkeys((*self._tags, *_TAG.findall(text)))),
            keywords=tuple(dict.fromkeys((self.title, category))),
        )

    def rest(self, lines: Sequence[str], first: int) -> Statement | None:
        """What a note says beside its observations, as one statement; None if that is no more than its title."""
        kept = _without_empty_sections(lines)
        told = "\n".join(kept).strip("\n").rstrip()
        if not any(line.strip() and not line.startswith("#") for line in kept):
            return None
        key = normalized_key(self.permalink)
        kind = _text(self._front.get("type")).lower()
        return Statement(
            path=self._path,
            line=first,
            record=f"{self.permalink}#{digest(told)}",
            agent=AGENT,
            content=told,
            observed=self._observed,
            speaker="assistant",
            type=MemoryType.TASK if kind in _TASKS else MemoryType.FACT,
            summary=self.title,
            key=(key if "/" in key else f"notes/{key}") if key else None,
            tags=self._tags,
        )

    def left_out(self, *, empty: bool) -> Iterator[LeftOut]:
        """Keys of the front matter that a memory has no place for, and a note without a word."""
        for name, value in self._front.items():
            if name not in _TAKEN and value not in (None, "", []):
                why = "a memory has no such key"
                yield LeftOut(self._path, None, shortened(f"{name}: {value}"), why, "Say it in the note's text.")
            elif name in _TIMES and value and moment_of(value) is None:
                hint = "Write it as 2026-11-20T16:02:11Z."
                yield LeftOut(self._path, None, shortened(f"{name}: {value}"), NO_TIME, hint)
        if empty:
            yield LeftOut(self._path, None, self.title, "the note says nothing beside its title", "Nothing is lost.")


def _without_empty_sections(lines: Sequence[str]) -> list[str]:
    """The lines without the headings under which only observations stood."""
    kept: list[str] = []
    for index, line in enumerate(lines):
        after = next((one for one in lines[index + 1 :] if one.strip()), "#")
        if not (_SECTION.fullmatch(line) and after.startswith("#")):
            kept.append(line)
    return kept


def _is_category(text: str) -> bool:
    """Not a box of a task list, nor the time code of a transcript."""
    marker = len(text) == 1 and (text in "xX" or not text.isalnum())
    return bool(text) and not marker and _CLOCK.fullmatch(text) is None


def _type_of(category: str) -> MemoryType:
    word = category.lower()
    for known, kind in (
        (_INSTRUCTIONS, MemoryType.INSTRUCTION),
        (_TASKS, MemoryType.TASK),
        (_EVENTS, MemoryType.EVENT),
    ):
        if word in known or word.removesuffix("s") in known:
            return kind
    return MemoryType.FACT


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""

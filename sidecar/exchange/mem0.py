"""Memories of mem0 as JSON.

What `get_all()` returns (a list, or one under `results`), OpenMemory's backup (under `memories`), or a memory a line.
An export by a schema of one's own cannot be read: only whoever made the schema knows which of its fields are memories.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sidecar.exchange.prose import NO_TIME, moment_of, written_at
from sidecar.exchange.words import Found, LeftOut, Statement, digest, shortened
from sidecar.model import MemoryType, Speaker

AGENT: Final = "mem0"

_LISTS = ("results", "memories")
_PAGING = frozenset({"count", "next", "previous"})
_WORDS = ("memory", "data", "content", "text")
_TIMES = ("updated_at", "created_at", "updatedAt", "createdAt")
_OWNERS = ("user_id", "agent_id", "app_id", "actor_id", "app")
_TAKEN = frozenset({
    *_WORDS, *_TIMES, *_OWNERS, "id", "hash", "run_id", "role", "categories", "category_ids", "metadata", "state",
    "attributed_to", "expiration_date", "score", "owner", "organization", "type", "structured_attributes",
    "archived_at", "deleted_at", "text_lemmatized", "embedding", "vector",
})  # fmt: skip
_METADATA = frozenset({"category", "categories", "tags", "type", "role"})
_SPEAKERS: Mapping[str, Speaker] = {"user": "user", "human": "user"}


def read(path: str, text: str, modified: float) -> Found:
    """The statements of an export."""
    statements: list[Statement] = []
    left: list[LeftOut] = []
    for item, line, where in _items(path, text, left):
        memory = _Item(path, item, line, where, written_at(modified))
        try:
            statement = memory.statement()
        except RecursionError:
            left.append(LeftOut(path, line, where, "it is nested too deeply", "Mend it, and import it again."))
            continue
        left += memory.left
        if statement is not None:
            statements.append(statement)
    return Found(path, "mem0", tuple(statements), left=tuple(left))


def _items(path: str, text: str, left: list[LeftOut]) -> Iterator[tuple[Mapping[str, Any], int | None, str]]:
    """Every memory, with its line or its number."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        yield from _lines(path, text, left)
        return
    if isinstance(found, dict):
        holder = next((name for name in _LISTS if isinstance(found.get(name), list)), None)
        if holder is not None:
            left += _beside(path, found, holder)
            found = found[holder]
        elif any(name in found for name in _WORDS):
            found = [found]
    if not isinstance(found, list):
        why = "it is no list of memories; an export by a schema of its own cannot be read"
        left.append(LeftOut(path, None, "the file", why, "Save what `get_all()` returns instead."))
        return
    for number, item in enumerate(found, 1):
        if isinstance(item, dict):
            yield item, None, f"memory {number}"
        else:
            left.append(LeftOut(path, None, f"memory {number}", "it is no object", "Nothing can be done about it."))


def _beside(path: str, found: Mapping[str, Any], holder: str) -> Iterator[LeftOut]:
    """What stands beside the list of memories, such as the relations of a graph, and pages that are not there."""
    for name, value in found.items():
        if name == "next" and value:
            yield LeftOut(
                path, None, shortened(f"{name}: {value}"), "there are more memories", "Import that page, too."
            )
        elif name not in _PAGING and name != holder and value not in (None, "", [], {}):
            why = "it is no memory"
            for item in value if isinstance(value, list) else [value]:
                yield LeftOut(path, None, shortened(f"{name}: {item}"), why, "Say it in a memory's text.")


def _lines(path: str, text: str, left: list[LeftOut]) -> Iterator[tuple[Mapping[str, Any], int | None, str]]:
    if not text.strip():
        left.append(LeftOut(path, None, "the file", "it is empty", "Export again."))
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError):
            item = None
        if isinstance(item, dict):
            yield item, number, ""
        else:
            left.append(LeftOut(path, number, shortened(line), "it is no JSON object", "Export again."))


class _Item:
    """One memory, and what of it has no place here."""

    def __init__(self, path: str, item: Mapping[str, Any], line: int | None, where: str, written: datetime) -> None:
        self._path, self._item, self._line, self._where, self._written = path, item, line, where, written
        metadata = item.get("metadata")
        self._metadata: Mapping[str, Any] = metadata if isinstance(metadata, dict) else {}
        self.left: list[LeftOut] = []

    def statement(self) -> Statement | None:
        """What it says; None if that is nothing, or nothing that still holds."""
        content = next((one.strip() for name in _WORDS if isinstance(one := self._item.get(name), str)), "")
        if not content:
            self._leave("", "it has no text", "Nothing can be done about it.")
            return None
        if (state := self._item.get("state")) not in (None, "active"):
            self._leave(content, f"its state is {state}", "Make it active in mem0, and export again.")
            return None
        self._leave_rest()
        session = self._item.get("run_id")
        identifier = self._item.get("id")
        return Statement(
            path=self._path,
            line=self._line,
            record=str(identifier) if identifier else digest(content),
            agent=AGENT,
            content=content,
            observed=moment_of(*(self._item.get(name) for name in _TIMES)) or self._written,
            speaker=_SPEAKERS.get(str(self._item.get("role") or self._metadata.get("role")), "assistant"),
            type=_type(self._metadata.get("type")),
            session=session if isinstance(session, str) and session else None,
            tags=tuple(dict.fromkeys(self._tags())),
        )

    def _tags(self) -> Iterator[str]:
        for value in (
            self._item.get("categories"),
            *(self._metadata.get(name) for name in _METADATA - {"role", "type"}),
        ):
            yield from [value] if isinstance(value, str) and value else []
            yield from (one for one in value if isinstance(one, str) and one) if isinstance(value, list) else ()

    def _leave_rest(self) -> None:
        """What a memory of ours has no place for."""
        if expires := self._item.get("expiration_date"):
            self._leave(f"expiration_date: {expires}", "memories here do not expire", "Forget it when it is over.")
        for name in _TIMES:
            if (told := self._item.get(name)) and moment_of(told) is None:
                self._leave(f"{name}: {told}", NO_TIME, "Write it as 2026-11-20T16:02:11Z.")
        rest = {name: value for name, value in self._item.items() if name not in _TAKEN}
        if not isinstance(told := self._item.get("metadata"), dict):
            rest["metadata"] = told
        rest |= {f"metadata.{name}": value for name, value in self._metadata.items() if name not in _METADATA}
        for name, value in sorted(rest.items()):
            if value not in (None, "", [], {}):
                self._leave(f"{name}: {value}", "a memory has no such key", "Say it in the memory's text.")

    def _leave(self, what: str, why: str, hint: str) -> None:
        told = f"{self._where}: {what}" if self._where and what else self._where or what
        self.left.append(LeftOut(self._path, self._line, shortened(told), why, hint))


def _type(value: object) -> MemoryType | None:
    try:
        return MemoryType(str(value).lower())
    except ValueError:
        return None

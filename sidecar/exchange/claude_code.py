"""What Claude Code remembers: CLAUDE.md, which people write, and its own auto memory (MEMORY.md and topic files).

A topic file with front matter (`name`, `description`, `type` or `metadata.type`) is one memory under its name.  One
without, MEMORY.md, CLAUDE.md and rules are taken apart, block by block: each has to stand alone when it is recalled.
MEMORY.md is mostly an index of the topic files; its pointers are not memories.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Final

from sidecar.exchange.prose import Block, blocks, moment_of, split, written_at
from sidecar.exchange.words import Found, LeftOut, Statement, digest, shortened
from sidecar.expressions import regex
from sidecar.frontmatter import Problem
from sidecar.identity import normalized_key
from sidecar.model import MemoryType, Speaker

AGENT: Final = "claude-code"
INDEX: Final = "MEMORY.md"
PEOPLES: Final = frozenset({"CLAUDE.md", "CLAUDE.local.md", "AGENTS.md", "GEMINI.md"})
"""Files in which people write for agents; the others are the same to Claude Code's."""

_KINDS: Final[Mapping[str, MemoryType]] = {
    "user": MemoryType.FACT,
    "feedback": MemoryType.INSTRUCTION,
    "project": MemoryType.FACT,
    "reference": MemoryType.FACT,
}
_WHOLE: Final = 32_768
"""Bytes up to which a topic file is one memory: what one statement may have."""

_POINTER: Final = regex(r"\[[^\]]*\]\(([^)\s]+\.md)\)")
_IMPORT: Final = regex(r"@(?:~|\.{0,2})?/?[\w~./-]+")
_TAKEN: Final = frozenset(
    {"name", "description", "type", "metadata", "originSessionId", "modified", "created", "paths"}
)
_TAKEN_BELOW: Final = frozenset({"type", "node_type", "originSessionId", "modified", "created"})


def recognizes(name: str, front: Mapping[str, object], *, in_memory: bool) -> bool:
    """Whether a Markdown file is Claude Code's: by its name, its place, or its front matter."""
    told = {"name", "description"} <= front.keys() and _kind(front) in _KINDS
    return name in PEOPLES or name == INDEX or told or in_memory


def read(path: str, text: str, modified: float, *, in_memory: bool, everywhere: bool) -> Found:
    """The statements of a file.  `everywhere`: it is the person's own, for all projects."""
    front, body, first = split(text)
    if isinstance(front, Problem):
        hint = "Mend the front matter and import the file again."
        return Found(path, "claude", left=(LeftOut(path, front.line, "the file", front.reason, hint),))
    name = PurePath(path).name
    speaker: Speaker = "user" if name in PEOPLES or not in_memory else "assistant"
    file = _File(path, front, written_at(modified), speaker, everywhere=everywhere)
    topic = file.topic(body, first)
    if topic is not None:
        return Found(path, "claude", (topic,), left=tuple(file.left))
    for block in blocks(body, first):
        file.take(block, index=name == INDEX)
    if not file.statements and not file.left:
        file.left.append(LeftOut(path, None, name, "it says nothing", "Nothing is lost."))
    return Found(path, "claude", tuple(file.statements), left=tuple(file.left))


class _File:
    """Collects what a file says and what of it is left out."""

    def __init__(
        self, path: str, front: Mapping[str, object], written: datetime, speaker: Speaker, *, everywhere: bool
    ) -> None:
        self._path, self._front, self._speaker, self._everywhere = path, front, speaker, everywhere
        below = _below(front)
        self._observed = moment_of(below.get("modified"), front.get("modified"), below.get("created")) or written
        session = below.get("originSessionId") or front.get("originSessionId")
        self._session = session if isinstance(session, str) else None
        self.statements: list[Statement] = []
        self.left: list[LeftOut] = []
        unknown = {**{k: v for k, v in front.items() if k not in _TAKEN}}
        unknown |= {f"metadata.{k}": v for k, v in below.items() if k not in _TAKEN_BELOW}
        for key, value in unknown.items():
            self._leave(None, f"{key}: {value}", "a memory has no such key", "Say it in the file's text.")

    def topic(self, body: str, first: int) -> Statement | None:
        """A topic file as one memory, if it has the front matter of one and is not too long."""
        name, told = self._front.get("name"), self._front.get("description")
        content = body.strip("\r\n").rstrip()
        if not isinstance(name, str) or not content or len(content.encode("utf-8", "replace")) > _WHOLE:
            return None
        key = normalized_key(name.replace("/", "-"))
        kind = _KINDS.get(_kind(self._front), MemoryType.FACT)
        summary = told.strip() if isinstance(told, str) and told.strip() else name
        return self._statement(first, content, kind, (), summary=summary, key=f"claude/{key}" if key else None)

    def take(self, block: Block, *, index: bool) -> None:
        """One block of a file that is taken apart."""
        target = _POINTER.search(block.text) if index and block.item else None
        if target is not None:
            hint = "Import that file, or the folder, as well; pointers are not needed then."
            self._leave(block.line, block.text, f"it only points to {target[1]}", hint)
        elif _IMPORT.fullmatch(block.text.strip()):
            self._leave(block.line, block.text, "it stands for another file", "Import that file as well.")
        else:
            kind = MemoryType.INSTRUCTION if self._speaker == "user" else None
            self.statements.append(self._statement(block.line, block.text, kind, block.headings))

    def _statement(
        self,
        line: int,
        content: str,
        kind: MemoryType | None,
        headings: tuple[str, ...],
        *,
        summary: str | None = None,
        key: str | None = None,
    ) -> Statement:
        name = PurePath(self._path).name
        return Statement(
            path=self._path,
            line=line,
            record=f"{name}#{digest(content)}",
            agent=AGENT,
            content=content,
            observed=self._observed,
            speaker=self._speaker,
            type=kind,
            summary=summary,
            key=key,
            session=self._session,
            keywords=tuple(dict.fromkeys(headings)),
            everywhere=self._everywhere,
        )

    def _leave(self, line: int | None, what: str, why: str, hint: str) -> None:
        self.left.append(LeftOut(self._path, line, shortened(what), why, hint))


def _below(front: Mapping[str, object]) -> Mapping[str, object]:
    found = front.get("metadata")
    return found if isinstance(found, dict) else {}


def _kind(front: Mapping[str, object]) -> str:
    found = front.get("type") or _below(front).get("type")
    return found.strip().lower() if isinstance(found, str) else ""

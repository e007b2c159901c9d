"""Markdown transcripts: SpecStory's exports, and any text whose turns begin with a heading or bold name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from sidecar.expressions import regex
from sidecar.model import Message
from sidecar.transcripts.base import Record
from sidecar.transcripts.claude_users import typed
from sidecar.transcripts.conversation import Said
from sidecar.transcripts.text import Block, clean
from sidecar.transcripts.textual import Block as Lines
from sidecar.transcripts.textual import TextConversation, TextReader
from sidecar.transcripts.values import count, digest, moment, obj, text

PEOPLE = "human me prompt user you".split()
MODELS = "agent ai assistant chatgpt claude codex copilot cursor deepseek gemini gpt grok model qwen".split()
OTHERS = "developer function system tool".split()
"""Names that begin a turn; those of others end one, and say nothing."""

_KINDS = dict.fromkeys(PEOPLE, "user") | dict.fromkeys(MODELS, "assistant") | dict.fromkeys(OTHERS, "other")
_NAME = rf"(?P<name>{'|'.join(_KINDS)})"
_EXPORTED = regex(r"_\*\*(?P<name>User|Agent|Assistant)(?P<side> - sidechain)?(?: \((?P<told>[^)]*)\))?\*\*_\s*")
_HEADING = regex(rf"(?P<level>#{{1,6}})\s+(?:[^\w\s]+\s*)?{_NAME}\b\s*(?:\((?P<told>[^)]*)\))?\s*:?\s*", re.IGNORECASE)
_BOLD = regex(rf"\*\*(?:[^\w\s]+\s*)?{_NAME}(?:\s*\((?P<told>[^)]*)\))?\s*:?\*\*\s*:?(?P<rest>.*)", re.IGNORECASE)
_BEGINNINGS = ("_**", "#", "**")
_SESSION = regex(r"<!-- .{1,80} Session (?P<id>\S{1,100}) \((?P<started>[^)]{1,40})\) -->\s*")
_TIME = regex(r"(?:^|\s)(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?\S*)\s*$")
_FENCE = regex(r"\s*(`{3,}|~{3,})")
_RULE = regex(r"-{3,}\s*")

_ASIDE = Block("tool-use", "think", "thinking", "details")
"""What exports fold away: calls of tools, and thoughts."""


class MarkdownConversation(TextConversation):
    """Turns the turns of a text into messages.

    The form of the first turn is that of all: a heading of another level, or a bold name in a text with headings, is
    part of what was said.
    """

    agent = "markdown"

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """See `Conversation`."""
        super().__init__(path, state, written)
        saved = obj(state.get("markdown"))
        self._form, self._fence = text(saved.get("form")), text(saved.get("fence"))
        self._turns = count(saved.get("turns"))
        self._seen: tuple[str, tuple[str, re.Match[str]] | None] = ("", None)

    def state(self) -> Record:
        """For the cursor."""
        return super().state() | {"markdown": {"form": self._form, "fence": self._fence, "turns": self._turns}}

    def opens(self, line: str) -> str | None:
        """Whose turn a line begins: user, assistant or other."""
        if not line.startswith(_BEGINNINGS):
            return None
        found = self._turn(line)
        if found is None or (self._form and found[0] != self._form):
            return None
        if self._fence and found[0] != "exported":  # an export's marks are unlike anything in a block of code
            return None
        return _KINDS[found[1]["name"].lower()]

    def take(self, line: str, kind: str | None) -> None:
        """Follow the form, the fences, and the comments in which exports name their sessions."""
        if kind:
            found = self._turn(line)
            self._form, self._fence = found[0] if found else "", ""
            self._turns += 1
            if "session" not in self.facts:
                self.note(session=f"{self.path.stem}-{digest(self.path.stem, line)[:8]}")
            return
        session = _SESSION.fullmatch(line) if line.startswith("<!--") else None
        if session and not self._turns:
            self.note(session=session["id"], started=session["started"])
        fence = _FENCE.match(line) if "```" in line or "~~~" in line else None
        if fence and not self._fence:
            self._fence = fence[1]
        elif fence and line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
            self._fence = ""

    def said(self, block: Lines) -> Iterator[Message]:
        """The words of a turn, without what the export folded away."""
        if block.kind not in ("user", "assistant"):
            return
        found = None if block.piece else _turn(block.lines[0])
        told = found[1].groupdict() if found else {}
        lines = [told.get("rest") or "", *block.lines[1:]] if found else block.lines
        end = len(lines)
        while end and (not lines[end - 1].strip() or _RULE.fullmatch(lines[end - 1])):
            end -= 1
        words = clean(_ASIDE.removed("\n".join(lines[:end]))) if end > 1 or (end and lines[0]) else ""
        if not words:
            return
        time, model = self._told(told.get("told") or "")
        sidechain = bool(told.get("side"))
        said = Said(block.position, time or self.started or self.written, model, sidechain)
        made = f"{self.session}:{self._turns}" + (f"+{block.position}" if block.piece else "")
        if block.kind == "user":
            yield from self.message(said, made, "user", "assistant" if sidechain else "user", typed(words))
        else:
            yield from self.message(said, made, "assistant", "assistant", words)

    def _turn(self, line: str) -> tuple[str, re.Match[str]] | None:
        """As the function of this name; `opens` and `take` ask for the same line."""
        if self._seen[0] != line:
            self._seen = line, _turn(line)
        return self._seen[1]

    def _told(self, told: str) -> tuple[datetime | None, str | None]:
        """The time and the model in the brackets after a name."""
        found = _TIME.search(told)
        time = moment(found[1], self.written) if found else None
        model = told[: found.start()].strip() if found else ""
        return time, model or None


def _turn(line: str) -> tuple[str, re.Match[str]] | None:
    """The form in which a line begins a turn, with its parts; None for all other lines."""
    if not line.startswith(_BEGINNINGS):
        return None
    if found := _EXPORTED.fullmatch(line):
        return "exported", found
    if found := _HEADING.fullmatch(line):
        return found["level"], found
    found = _BOLD.fullmatch(line)
    return ("bold", found) if found else None


def looks_like(head: str) -> bool:
    """Whether a text is a transcript: people and models take turns in it, in one form."""
    forms: dict[str, set[str]] = {}
    for line in head.splitlines():
        if found := _turn(line):
            forms.setdefault(found[0], set()).add(_KINDS[found[1]["name"].lower()])
    return any({"user", "assistant"} <= kinds for kinds in forms.values())


class Markdown(TextReader):
    """Reads Markdown transcripts; there is no folder of them, they are named by the person or by a setting."""

    conversation = MarkdownConversation

    def is_transcript(self, path: Path) -> bool:
        """Any Markdown file: it lies where the person has said."""
        return path.suffix in (".md", ".markdown") and not path.name.startswith(".")

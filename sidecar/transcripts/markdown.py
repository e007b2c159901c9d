"""Markdown transcripts: SpecStory's exports, and any text whose turns begin with a heading or bold name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

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
    blanks_count = False
    marks = tuple(beginning.encode() for beginning in _BEGINNINGS)

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """See `Conversation`."""
        super().__init__(path, state, written)
        saved = obj(state.get("markdown"))
        self._form, self._fence = text(saved.get("form")), text(saved.get("fence"))
        self._turns = count(saved.get("turns"))
        self._found = ""
        """The form of the line that `opens` has found to begin a turn, for `take`."""

    def state(self) -> Record:
        """For the cursor."""
        own = {"form": self._form, "fence": self._fence, "turns": self._turns}
        return {"calls": {}, "facts": dict(self.facts), "markdown": own}  # a text's tools are part of its words

    def opens(self, line: str) -> str | None:
        """Whose turn a line begins: user, assistant or other."""
        if not line.startswith(_BEGINNINGS):
            return None
        found = _turn(line)
        if found is None or (self._form and found.form != self._form):
            return None
        if self._fence and found.form != "exported":  # an export's marks are unlike anything in a block of code
            return None
        self._found = found.form
        return found.kind

    def take(self, line: str, kind: str | None) -> None:
        """Follow the form, the fences, and the comments in which exports name their sessions."""
        if kind:
            self._form, self._fence = self._found, ""
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

    def said(self, block: Lines) -> Iterable[Message]:
        """The words of a turn, without what the export folded away."""
        if block.kind not in ("user", "assistant"):
            return ()
        lines = block.lines
        found = None if block.piece else _turn(lines[0])
        rest = found.rest if found else ""
        if found and not rest and (len(lines) == 1 or not any(map(str.strip, islice(lines, 1, None)))):
            return ()  # the usual case in a file of millions of turns
        if found:
            lines = [rest, *lines[1:]]
        end = len(lines)
        while end and (not lines[end - 1].strip() or _RULE.fullmatch(lines[end - 1])):
            end -= 1
        words = clean(_ASIDE.removed("\n".join(lines[:end])))
        if not words:
            return ()
        time, model = self._told(found.told) if found and found.told else (None, None)
        sidechain = found is not None and found.side
        said = Said(block.position, time or self.started or self.written, model, sidechain)
        made = f"{self.session}:{self._turns}" + (f"+{block.position}" if block.piece else "")
        if block.kind == "user":
            return self.message(said, made, "user", "assistant" if sidechain else "user", typed(words))
        return self.message(said, made, "assistant", "assistant", words)

    def _told(self, told: str) -> tuple[datetime | None, str | None]:
        """The time and the model in the brackets after a name."""
        found = _TIME.search(told)
        time = moment(found[1], self.written) if found else None
        model = told[: found.start()].strip() if found else ""
        return time, model or None


class _Turn(NamedTuple):
    """How a line begins a turn: the form of the line, whose turn it is, and what else stands in it."""

    form: str
    kind: str
    told: str
    """What stands in brackets after the name."""
    side: bool
    """Whether it is the turn of a subagent."""
    rest: str
    """What is said in the line itself."""


def _turn(line: str) -> _Turn | None:
    """How a line begins a turn; None for all other lines."""
    return _known_turn(line) if len(line) <= _SHORT else _found_turn(line)


def _found_turn(line: str) -> _Turn | None:
    if not line.startswith(_BEGINNINGS):
        return None
    if found := _EXPORTED.fullmatch(line):
        form = "exported"
    elif found := _HEADING.fullmatch(line):
        form = found["level"]
    elif found := _BOLD.fullmatch(line):
        form = "bold"
    else:
        return None
    parts = found.groupdict()
    kind = _KINDS[parts["name"].lower()]
    return _Turn(form, kind, parts["told"] or "", bool(parts.get("side")), parts.get("rest") or "")


_known_turn = lru_cache(maxsize=64)(_found_turn)
"""Every line that begins a turn is asked for four times, and in most texts all of them are the same two."""

_SHORT = 100
"""Characters of a line that is worth remembering."""


def looks_like(head: str) -> bool:
    """Whether a text is a transcript: people and models take turns in it, in one form."""
    forms: dict[str, set[str]] = {}
    for line in head.splitlines():
        if found := _turn(line):
            forms.setdefault(found.form, set()).add(found.kind)
    return any({"user", "assistant"} <= kinds for kinds in forms.values())


class Markdown(TextReader):
    """Reads Markdown transcripts; there is no folder of them, they are named by the person or by a setting."""

    conversation = MarkdownConversation

    def is_transcript(self, path: Path) -> bool:
        """Any Markdown file: it lies where the person has said."""
        return path.suffix in (".md", ".markdown") and not path.name.startswith(".")

"""Aider: one Markdown file in each repository, `.aider.chat.history.md`, with every launch in it.

Aider ends the lines that it writes for prompts and for its own output with two blanks, which models hardly ever do: in
a file whose first prompt has them, a line that only looks like a prompt or like output belongs to the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sidecar.expressions import regex
from sidecar.model import Message
from sidecar.transcripts.base import Record
from sidecar.transcripts.conversation import Said
from sidecar.transcripts.text import clean
from sidecar.transcripts.textual import Block, TextConversation, TextReader
from sidecar.transcripts.values import count, digest, obj, text

HISTORY_NAME = "aider.chat.history"
"""Part of the file's name; people put such files aside under longer ones."""

COMMANDS = frozenset(
    "add chat-mode clear commit copy copy-context diff drop edit editor editor-model exit git lint load ls map "
    "map-refresh model models multiline-mode ok paste quit read-only reasoning-effort report reset run save settings "
    "test think-tokens tokens undo voice weak-model web".split()
)
"""Commands whose arguments are files, values and commands of a shell; those of the others are words."""

_LAUNCH = regex(r"# aider chat started at (.+?)\s*")
_COMMAND = regex(r"[/!]([a-z][a-z-]*)(?:\s+|\Z)")
_FENCE = regex(r"\s*(`{3,}|~{3,})")
_THOUGHT, _THOUGHT_ENDS = "► **THINKING**", "► **ANSWER**"
_BLANK_PROMPT = "<blank>"


class AiderConversation(TextConversation):
    """Turns the blocks of a history into messages; a launch of Aider is a session."""

    agent = "aider"

    def __init__(self, path: Path, state: Mapping[str, object], written: datetime) -> None:
        """See `Conversation`."""
        super().__init__(path, state, written)
        folder = path.absolute().parent
        self.note(cwd=str(folder))
        self._repository = folder.name
        saved = obj(state.get("aider"))
        self._launch, self._nth = text(saved.get("launch")), count(saved.get("nth"))
        self._messages = count(saved.get("messages"))
        self._kind, self._fence = text(saved.get("kind")), text(saved.get("fence"))
        self._blank = saved.get("blank") is not False
        self._marked = saved.get("marked") is True
        self._prompted = saved.get("prompted") is True

    def state(self) -> Record:
        """For the cursor."""
        return super().state() | {
            "aider": {
                "launch": self._launch,
                "nth": self._nth,
                "messages": self._messages,
                "kind": self._kind,
                "fence": self._fence,
                "blank": self._blank,
                "marked": self._marked,
                "prompted": self._prompted,
            }
        }

    def opens(self, line: str) -> str | None:
        """The kind by the line's beginning: launch, prompt, output, or else an answer."""
        kind = self._looks_like(line)
        if kind in ("prompt", "output") and self._marked and not line.endswith("  "):
            kind = "answer"
        if self._fence and kind != "answer" and not (self._marked and self._blank):
            kind = "answer"
        if kind == "launch" or (kind == "prompt" and self._blank):
            return kind
        return kind if kind not in ("", self._kind) else None

    def take(self, line: str, kind: str | None) -> None:
        """Follow launches, fences and blank lines."""
        if kind == "launch":
            launch = _LAUNCH.fullmatch(line)
            started = launch[1] if launch else ""
            self._nth = self._nth + 1 if started == self._launch else 0
            self._launch, self._messages = started, 0
            self.note(session=self._session_id())
            self.facts["started"] = _utc(started)
        elif kind == "prompt" and not self._prompted:
            self._prompted, self._marked = True, line.endswith("  ")
        if kind:
            self._kind, self._fence = kind, ""
            self._messages += kind != "launch"
        if self._kind == "answer" and ("```" in line or "~~~" in line):
            self._follow_fence(line)
        self._blank = not line.strip()

    def said(self, block: Block) -> Iterator[Message]:
        """A prompt or an answer; Aider's own output is not kept."""
        said = Said(block.position, self.started or self.written)
        made = f"{self.session}:{self._messages}" + (f"+{block.position}" if block.piece else "")
        if block.kind == "prompt":
            yield from self.message(said, made, "user", "user", _prompt(block.lines))
        elif block.kind == "answer":
            words = clean(_without_thoughts("\n".join(block.lines)))
            yield from self.message(said, made, "assistant", "assistant", words)

    def fallback_session(self) -> str:
        """Of what stands before the first launch, as in a file that was cut."""
        return self._session_id()

    def _looks_like(self, line: str) -> str:
        if line.startswith("# ") and _LAUNCH.fullmatch(line):
            return "launch"
        if line.startswith("#### ") or line == "####":
            return "prompt"
        if line.startswith("> ") or line == ">":
            return "output"
        return "answer" if line.strip() else ""

    def _follow_fence(self, line: str) -> None:
        """A fence ends at the next line of nothing but as many of its characters or more."""
        found = _FENCE.match(line)
        if found and not self._fence:
            self._fence = found[1]
        elif found and line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
            self._fence = ""

    def _session_id(self) -> str:
        """By the launch's time and the repository's name: a repository may be moved, but hardly renamed too."""
        time = re.sub(r"\D", "", self._launch)
        return f"{time or 'before'}-{digest(self._repository, self._launch, self._nth)[:8]}"


def _prompt(lines: list[str]) -> str:
    """What was typed, without the prefix of each line; a command only as far as it is words."""
    words = "\n".join(line[5:].rstrip() for line in lines if line.startswith("####"))
    words = "" if words == _BLANK_PROMPT else clean(words)
    command = _COMMAND.match(words)
    if not command:
        return words
    return "" if words.startswith("!") or command[1] in COMMANDS else words[command.end() :].strip()


def _without_thoughts(words: str) -> str:
    """An answer without the model's thoughts, which Aider puts between two marks, each below a rule."""
    if _THOUGHT not in words:
        return words
    spoken = [part.partition(_THOUGHT)[0].rstrip().rstrip("-") for part in words.split(_THOUGHT_ENDS)]
    return "\n".join(spoken)


def _utc(local: str) -> str:
    """A launch's time, which Aider writes in this machine's zone without naming it."""
    try:
        return datetime.fromisoformat(local).astimezone(UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


class Aider(TextReader):
    """Reads Aider's histories."""

    conversation = AiderConversation
    unfinished = False

    def is_transcript(self, path: Path) -> bool:
        """A chat history; inputs and the log of the model's raw text lie beside it under other names."""
        return HISTORY_NAME in path.name and path.suffix == ".md"

"""A slice of a session as numbered lines: what a model reads, and what its statements cite.

    [12] 2026-11-20 Fri 15:58 user: use pnpm here

A message is one line, or several if it is long.  Of tool calls only what was run and how it ended is shown; what they
printed is not, because it is nobody's word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sidecar.expressions import regex
from sidecar.extract import Slice
from sidecar.extract.noise import Noise, noise
from sidecar.extract.outcomes import harmless
from sidecar.extract.pastes import seen
from sidecar.model import Message, Speaker
from sidecar.records import dataclass

LONGEST_LINE = 700
"""Characters of one line; a longer message is split, so that a citation says where in it something stands."""

LONGEST_MESSAGE = 6_000
"""Characters of a message that are shown; more is a paste, of which the beginning and the end say what it is about."""

LEFT_OUT = "[… left out …]"
"""Stands where the middle of a very long message was; it holds no figure that could pass for evidence."""

_TAIL = 2_000
_LONGEST_COMMAND = 160
_LONGEST_ERROR = 200

_OURS = regex(
    r"<sidecar-context\b(?:(?!<sidecar-context\b).)*?</sidecar-context\s*>|</?sidecar-context\b[^<>]*>",
    re.DOTALL | re.IGNORECASE,
)
_FENCE = regex(r"<(/?)transcript", re.IGNORECASE)
_ERROR = regex(
    r"\b(?:error|fatal|exception|failed|failure|denied|not found|no such|cannot|unable|refused|timed? ?out|panic)\b"
    r"|\w(?:Error|Exception)\b",
    re.IGNORECASE,
)
_READERS = frozenset("read grep glob ls cat find search view list_directory read_file todowrite websearch".split())
"""Tools that look at something and change nothing: that they were called says nothing worth remembering."""

_SENTENCE_END = regex(r"(?<=[.!?])\s+")
_PARAGRAPH_END = regex(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One numbered line.

    `context` says that it is older than what is to be learned: it helps to understand, and is no source by itself.
    `said` is when, as far as it is known: the message's own time or that of the message before it.
    """

    number: int
    text: str
    message: Message
    said: datetime | None
    context: bool = False

    @property
    def speaker(self) -> Speaker:
        """Who said it."""
        return "tool" if self.message.kind == "tool" else self.message.speaker

    @property
    def shown(self) -> str:
        """The line as a model reads it."""
        when = f"{self.said:%Y-%m-%d %a %H:%M} " if self.said else ""
        marks = f"{' (subagent)' if self.message.sidechain else ''}{' (earlier)' if self.context else ''}"
        return f"[{self.number}] {when}{self.speaker}{marks}: {self.text}"


def numbered(session: Slice) -> tuple[Line, ...]:
    """The lines of a slice, the context first, numbered from 1."""
    found: list[Line] = []
    said: datetime | None = None
    passed_over = _no_reports((*session.context, *session.messages))
    for context, messages in ((True, session.context), (False, session.messages)):
        for message in messages:
            if message.id in passed_over:
                continue
            said = message.time.astimezone(UTC) if message.time is not None else said
            for text in texts(message):
                found.append(Line(len(found) + 1, text, message, said, context))
    return tuple(found)


def _no_reports(messages: Sequence[Message]) -> frozenset[str]:
    """The messages of subagents that are not what one of them reported at last, or that repeat a text.

    A subagent is given its prompt, works, and ends with its report; what it says while it works is no result.
    """
    told = {" ".join(message.text.split()) for message in messages if not message.sidechain and message.kind == "text"}
    passed_over: set[str] = set()
    later = True
    for message in reversed([message for message in messages if message.sidechain]):
        text = " ".join(message.text.split())
        report = later and message.role == "assistant" and message.kind == "text" and text not in told
        if not report:
            passed_over.add(message.id)
        told.add(text)
        later = message.role == "user" and message.kind == "text"
    return frozenset(passed_over)


def shown(lines: Sequence[Line]) -> str:
    """Lines below each other, as a model reads them."""
    return "\n".join(line.shown for line in lines)


def texts(message: Message) -> list[str]:
    """The texts of a message's lines; none for what is nobody's word, and for an agent's own summary.

    Of a subagent nothing but what it says itself: its prompt is another agent's, its tools concern its own work.
    """
    if message.role == "system" or message.kind == "summary":
        return []
    if message.sidechain and (message.role != "assistant" or message.kind != "text"):
        return []
    if message.kind == "tool":
        called = _called(message)
        return [called] if called else []
    if message.speaker == "tool":
        return []
    spoken = _FENCE.sub(r"<\1 transcript", _OURS.sub(" ", seen(message.text))).strip()
    if len(spoken) <= LONGEST_MESSAGE:
        return _split(spoken)
    head, tail = spoken[: LONGEST_MESSAGE - _TAIL], spoken[-_TAIL:]
    return [*_split(head), LEFT_OUT, *_split(tail)]


def _called(message: Message) -> str:
    """What was run and how it ended; empty for what only looked at something, and succeeded."""
    call = message.tool
    if call is None:
        return ""
    command = _one_line(call.command or call.name)
    if not call.failed and (call.name.lower() in _READERS or harmless(command)):
        return ""
    if noise(command.lower()) in (Noise.RELAYED, Noise.CREDENTIAL):
        command = call.name
    ended = "failed" if call.failed else "ok"
    error = _first_error(message.text) if call.failed else ""
    return f"{_cut(command, _LONGEST_COMMAND)} -> {ended}{f': {error}' if error else ''}"


def _first_error(output: str) -> str:
    """The first line that tells of an error; none that speaks to agents, whose place is not here."""
    for line in output.split("\n")[1:]:
        plain = _FENCE.sub(r"<\1 transcript", _one_line(line))
        if _ERROR.search(plain) and noise(plain) not in (Noise.RELAYED, Noise.CREDENTIAL):
            return _cut(plain, _LONGEST_ERROR)
    return ""


def _split(text: str) -> list[str]:
    """The text in pieces of at most LONGEST_LINE characters, cut between paragraphs, sentences or words."""
    whole = _one_line(text)
    if len(whole) <= LONGEST_LINE:
        return [whole] if whole else []
    found: list[str] = []
    for piece in _pieces(text):
        if found and len(found[-1]) + 1 + len(piece) <= LONGEST_LINE:
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found


def _pieces(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPH_END.split(text):
        whole = _one_line(paragraph)
        if len(whole) <= LONGEST_LINE:
            if whole:
                yield whole
            continue
        for sentence in _SENTENCE_END.split(whole):
            rest = sentence
            while len(rest) > LONGEST_LINE:
                at = rest.rfind(" ", 1, LONGEST_LINE)
                at = at if at > 0 else LONGEST_LINE
                yield rest[:at]
                rest = rest[at:].lstrip()
            if rest:
                yield rest


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

"""Cleaning of transcript text: unsafe characters, base64, what hooks and harnesses injected, excess length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

IMAGE_MARK = "[image]"
"""Stands where a picture was."""

TOOL_OUTPUT_LIMIT = 16 * 1024
"""Bytes kept of one tool output, half from its start and half from its end, where outcomes stand."""

_DATA_URL = re.compile(  # in one run, or broken into lines of some length: words after it are words
    r"data:[a-zA-Z0-9.+-]+/[a-zA-Z0-9.+-]+(?:;[a-zA-Z0-9=._-]+)*;base64,"
    r"[A-Za-z0-9+/]*(?:\s+[A-Za-z0-9+/]{40,})*(?:\s+[A-Za-z0-9+/]+(?==))?={0,2}"
)

BASE64_RUN = 400
"""Longer than any hash or token (a SHA-512 in base64 has 88 characters), shorter than the smallest real image."""

_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{{BASE64_RUN},}}={{0,2}}")

_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")

# An angle bracket as it stands, or as it looks in a transcript that was itself printed by a tool.
_LESS, _GREATER, _NOT_GREATER = r"(?:<|\\u003c|&lt;)", r"(?:>|\\u003e|&gt;)", r"(?:(?!&gt;|\\u003e)[^<>]){0,400}"

_CASELESS = re.IGNORECASE | re.ASCII  # without ASCII a Kelvin sign would pass for a k


@dataclass(frozen=True, slots=True)
class Found:
    """A block in a text: its tag in small letters, where it begins and ends, and what stands in it."""

    tag: str
    start: int
    end: int
    inner: str


class Block:
    """Tagged blocks of text, found in linear time whatever the text holds."""

    def __init__(self, *tags: str) -> None:
        """`tags`: names without brackets; attributes and letter case do not matter."""
        names = "|".join(map(re.escape, tags))
        self._tags = tuple(tag.lower() for tag in tags)
        self._opening = re.compile(rf"{_LESS}({names})(?![\w-]){_NOT_GREATER}{_GREATER}", _CASELESS)
        self._closing = {tag: re.compile(rf"{_LESS}/{re.escape(tag)}\s*{_GREATER}", _CASELESS) for tag in self._tags}

    def removed(self, text: str, *, to_end: bool = False) -> str:
        """The text without these blocks; with `to_end` one that never closes reaches to the end of the text."""
        kept: list[str] = []
        at = 0
        for found in self.found(text, to_end=to_end):
            kept.append(text[at : found.start])
            at = found.end
        return "".join(kept) + text[at:] if kept else text

    def inner(self, text: str) -> list[str]:
        """What stands in these blocks, in order; one that never closes holds nothing yet."""
        return [found.inner for found in self.found(text)]

    def found(self, text: str, *, to_end: bool = False) -> Iterator[Found]:
        """The blocks in order, each after the end of the one before."""
        at = 0 if self.occur(text) else len(text)
        open_ended: set[str] = set()  # one search tells that no later block of this tag closes either
        while start := self._opening.search(text, at):
            tag = start[1].lower()
            end = None if tag in open_ended else self._closing[tag].search(text, start.end())
            at = start.end()
            if end is not None:
                yield Found(tag, start.start(), end.end(), text[start.end() : end.start()])
                at = end.end()
            elif to_end:
                yield Found(tag, start.start(), len(text), text[start.end() :])
                at = len(text)
            else:
                open_ended.add(tag)

    def occur(self, text: str) -> bool:
        """Whether a tag's name is anywhere in the text: quicker than the pattern, and mostly it is not."""
        if "<" not in text and "&lt;" not in text and "\\u003c" not in text:
            return False
        lowered = text.lower()
        return any(tag in lowered for tag in self._tags)


_OUR_TAG = "sidecar-context"
_INJECTED_TAGS = (
    "system-reminder",
    "system_reminder",
    "hook_context",
    "user-prompt-submit-hook",
    "qwen:user-prompt-submit-context",
    # Further memory tools, each with the tag in which it hands its memory to an agent.
    "claude-mem-context",
    "supermemory-context",
    "relevant-memories",
    "relevant_memories",
    "memory-context",
    "hindsight_memories",
    "letta_context",
)
_OURS = Block(_OUR_TAG)
_INJECTED = Block(*_INJECTED_TAGS)
_ANY = Block(_OUR_TAG, *_INJECTED_TAGS)
_STRAY_FENCE = re.compile(rf"{_LESS}/sidecar-context\s*{_GREATER}", re.IGNORECASE)


def safe(text: str) -> str:
    """The text without NULs and lone surrogates, which neither UTF-8 nor SQLite take; real pairs are joined."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "�") if "\0" in text else text


def without_base64(text: str) -> str:
    """The text with data URLs and long base64 runs replaced by a short mark."""
    if len(text) < 80:  # nothing that short holds a picture
        return text
    if ";base64," in text:
        text = _DATA_URL.sub(IMAGE_MARK, text)
    if not _may_run_on(text) or max(map(len, text.split()), default=0) < BASE64_RUN:
        return text
    return _BASE64.sub(lambda found: f"[base64, {len(found.group())} characters]", text)


def _may_run_on(text: str) -> bool:
    """Whether a word may have `BASE64_RUN` characters: it would fill a part of half that size, without a blank."""
    half = BASE64_RUN // 2
    return any(
        " " not in (part := text[at : at + half]) and "\n" not in part for at in range(0, len(text) - half + 1, half)
    )


def without_injected(text: str) -> str:
    """The text without what hooks and harnesses put into it, our own memory first of all.

    Closed blocks go first, so that an unclosed one of ours, which reaches to the end, cannot swallow what follows a
    reminder around it.
    """
    if not _ANY.occur(text):
        return text
    text = _INJECTED.removed(_OURS.removed(text))
    return _STRAY_FENCE.sub("", _OURS.removed(text, to_end=True))


def clean(text: str) -> str:
    """Text fit to keep: safe, without base64 and injected blocks, with plain line ends and no blank rim."""
    text = without_base64(safe(text))
    if "<" in text or "&lt;" in text or "\\u003c" in text:
        text = without_injected(text)
    return (text.replace("\r\n", "\n") if "\r" in text else text).strip()


def without_terminal_codes(text: str) -> str:
    """The text without colours and cursor movements."""
    return _TERMINAL.sub("", text) if "\x1b" in text else text


def capped(text: str, limit: int = TOOL_OUTPUT_LIMIT) -> str:
    """Head and tail of a text of more than `limit` bytes of UTF-8, and between them how much was left out."""
    if len(text) * 4 <= limit:
        return text
    data = text.encode()
    if len(data) <= limit:
        return text
    half = limit // 2
    head, tail = data[:half].decode(errors="ignore"), data[-half:].decode(errors="ignore")
    left_out = len(data) - len(head.encode()) - len(tail.encode())
    return f"{head}\n[… {left_out} bytes left out …]\n{tail}"


def begins_with(text: str, prefixes: Sequence[str]) -> bool:
    """Whether the text begins with one of the prefixes, blanks aside."""
    return text.lstrip().startswith(tuple(prefixes))

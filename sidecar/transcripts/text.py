"""Cleaning of transcript text: unsafe characters, base64, what hooks and harnesses injected, excess length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sidecar.expressions import regex

IMAGE_MARK = "[image]"
"""Stands where a picture was."""

TOOL_OUTPUT_LIMIT = 16 * 1024
"""Bytes kept of one tool output, half from its start and half from its end, where outcomes stand."""

_DATA_URL = regex(  # in one run, or broken into lines of some length: words after it are words
    r"data:[a-zA-Z0-9.+-]+/[a-zA-Z0-9.+-]+(?:;[a-zA-Z0-9=._-]+)*;base64,"
    r"[A-Za-z0-9+/]*(?:\s+[A-Za-z0-9+/]{40,})*(?:\s+[A-Za-z0-9+/]+(?==))?={0,2}"
)

BASE64_RUN = 400
"""Longer than any hash or token (a SHA-512 in base64 has 88 characters), shorter than the smallest real image."""

SHORTEST_RUN = 80
"""Characters of the shortest text that may hold a picture."""

_BASE64 = regex(rf"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{{BASE64_RUN},}}={{0,2}}")

_TERMINAL = regex(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")

# An angle bracket as it stands, or as it looks in a transcript that was itself printed by a tool.
_LESS, _GREATER, _NOT_GREATER = r"(?:<|\\u003c|&lt;)", r"(?:>|\\u003e|&gt;)", r"(?:(?!&gt;|\\u003e)[^<>]){0,400}"

_CASELESS = re.IGNORECASE | re.ASCII  # without ASCII a Kelvin sign would pass for a k


def may_hold_tags(text: str) -> bool:
    """Whether an angle bracket opens anywhere in the text: without one there is no block, and no pattern to try."""
    return "<" in text or "&lt;" in text or "\\u003c" in text


@dataclass(frozen=True, slots=True)
class Found:
    """A block in a text: its tag in small letters, where it begins and ends, and what stands in it."""

    tag: str
    start: int
    end: int
    inner: str


class Block:
    """Tagged blocks of text, found in linear time whatever the text holds."""

    def __init__(self, *tags: str, nearest: bool = False) -> None:
        """`tags`: names without brackets; attributes and letter case do not matter.

        `nearest`: what stands in a block never holds its tag, so that an end belongs to the opening next before it,
        and an opening without an end swallows nothing that follows.
        """
        self._nearest = nearest
        names = "|".join(map(re.escape, tags))
        self._tags = tuple(tag.lower() for tag in tags)
        self._opening = regex(rf"{_LESS}({names})(?![\w-]){_NOT_GREATER}{_GREATER}", _CASELESS)
        self._closing = {tag: regex(rf"{_LESS}/{re.escape(tag)}\s*{_GREATER}", _CASELESS) for tag in self._tags}

    def removed(self, text: str) -> str:
        """The text without these blocks; one that never closes stays."""
        if not may_hold_tags(text):
            return text
        kept: list[str] = []
        at = 0
        for found in self.found(text):
            kept.append(text[at : found.start])
            at = found.end
        return "".join(kept) + text[at:] if kept else text

    def inner(self, text: str) -> list[str]:
        """What stands in these blocks, in order; one that never closes holds nothing yet."""
        return [found.inner for found in self.found(text)]

    def found(self, text: str) -> Iterator[Found]:
        """The blocks in order, each after the end of the one before."""
        at = 0 if self.occur(text) else len(text)
        open_ended: set[str] = set()  # one search tells that no later block of this tag closes either
        while start := self._opening.search(text, at):
            tag = start[1].lower()
            end = None if tag in open_ended else self._closing[tag].search(text, start.end())
            at = start.end()
            if end is None:
                open_ended.add(tag)
            else:
                start = self._last_opening(text, start, end.start())
                yield Found(tag, start.start(), end.end(), text[start.end() : end.start()])
                at = end.end()

    def _last_opening(self, text: str, start: re.Match[str], end: int) -> re.Match[str]:
        """The opening that an end belongs to: the first, but for what only names the tag in the middle of a line."""
        if not self._nearest and _begins_line(text, start.start()):
            return start
        for found in self._opening.finditer(text, start.end(), end):
            if found[1].lower() == start[1].lower() and (self._nearest or _begins_line(text, found.start())):
                start = found
                if not self._nearest:
                    break
        return start

    def occur(self, text: str) -> bool:
        """Whether a tag's name is anywhere in the text: quicker than the pattern, and mostly it is not."""
        if not may_hold_tags(text):
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
_OURS = Block(_OUR_TAG, nearest=True)
_INJECTED = Block(*_INJECTED_TAGS)
_ANY = Block(_OUR_TAG, *_INJECTED_TAGS)
_STRAY_FENCE = regex(rf"{_LESS}(/?)sidecar-context(?![\w-]){_NOT_GREATER}{_GREATER}", _CASELESS)
_OWN_HEAD = regex(r"(?:\s|\\n)*(?:Notes that|What) sidecar kept from earlier sessions\.")
_OWN_END = regex(r"\n[ \t]*\r?\n|\Z")


def _begins_line(text: str, at: int) -> bool:
    """Whether nothing but blanks stands before a place on its line: there, harnesses put what they add."""
    return not text[max(text.rfind("\n", 0, at) + 1, at - _INDENT) : at].strip()


_INDENT = 200
"""Characters before a tag that are looked at; no harness indents more."""


def _without_stray_fences(text: str) -> str:
    """The text without single ends of our fence, and without what was cut off before its end.

    Such a fence reaches to the next empty line, as none of its own lines is empty, and only if it begins as ours do:
    whoever names or forges its tag takes away no word that follows.
    """
    kept: list[str] = []
    at = 0
    for found in _STRAY_FENCE.finditer(text):
        if found.start() < at:
            continue
        kept.append(text[at : found.start()])
        at = found.end()
        head = None if found[1] else _OWN_HEAD.match(text, at)
        if head is not None:
            ended = _OWN_END.search(text, head.end())
            at = ended.start() if ended else len(text)
    return "".join(kept) + text[at:] if kept else text


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
    if len(text) < SHORTEST_RUN:
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

    Closed blocks go first, so that one of ours that was cut off cannot swallow what follows a reminder around it.
    """
    if not _ANY.occur(text):
        return text
    return _without_stray_fences(_INJECTED.removed(_OURS.removed(text)))


def clean(text: str) -> str:
    """Text fit to keep: safe, without base64 and injected blocks, with plain line ends and no blank rim."""
    if not text.isascii() or "\0" in text:
        text = safe(text)
    if len(text) >= SHORTEST_RUN:
        text = without_base64(text)
    if "<" in text or "&lt;" in text or "\\u003c" in text:  # as `may_hold_tags`, which every message would call
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

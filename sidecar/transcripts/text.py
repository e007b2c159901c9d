"""Cleaning of transcript text: unsafe characters, base64, what hooks and harnesses injected, excess length."""

from __future__ import annotations

import re
from collections.abc import Sequence

IMAGE_MARK = "[image]"
"""Stands where a picture was."""

TOOL_OUTPUT_LIMIT = 16 * 1024
"""Bytes kept of one tool output, half from its start and half from its end, where outcomes stand."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_DATA_URL = re.compile(r"data:[a-zA-Z0-9.+-]+/[a-zA-Z0-9.+-]+(?:;[a-zA-Z0-9=._-]+)*;base64,[A-Za-z0-9+/=\s]*")

# Longer than any hash or token in use (a SHA-512 in base64 has 88 characters), shorter than the smallest real image.
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{400,}={0,2}")

_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")

# An angle bracket as it stands, or as it looks in a transcript that was itself printed by a tool.
_LESS, _GREATER, _NOT_GREATER = r"(?:<|\\u003c|&lt;)", r"(?:>|\\u003e|&gt;)", r"(?:(?!&gt;|\\u003e)[^<>]){0,400}"


class Block:
    """A tagged block of text, found in linear time whatever the text holds."""

    def __init__(self, *tags: str) -> None:
        """`tags`: names without brackets; attributes and letter case do not matter."""
        self._pairs = [
            (
                re.compile(rf"{_LESS}{re.escape(tag)}(?![\w-]){_NOT_GREATER}{_GREATER}", re.IGNORECASE),
                re.compile(rf"{_LESS}/{re.escape(tag)}\s*{_GREATER}", re.IGNORECASE),
            )
            for tag in tags
        ]

    def removed(self, text: str, *, to_end: bool = False) -> str:
        """The text without these blocks; with `to_end` one that never closes reaches to the end of the text."""
        for opening, closing in self._pairs:
            text = _cut(text, opening, closing, to_end)
        return text


def _cut(text: str, opening: re.Pattern[str], closing: re.Pattern[str], to_end: bool) -> str:
    kept: list[str] = []
    at = 0
    while start := opening.search(text, at):
        end = closing.search(text, start.end())
        if end is None and not to_end:
            break
        kept.append(text[at : start.start()])
        at = end.end() if end else len(text)
    return "".join(kept) + text[at:] if kept else text


_OURS = Block("sidecar-context")
_INJECTED = Block("system-reminder", "hook_context", "user-prompt-submit-hook")
_STRAY_FENCE = re.compile(rf"{_LESS}/sidecar-context\s*{_GREATER}", re.IGNORECASE)


def safe(text: str) -> str:
    """The text without NULs and lone surrogates, which neither UTF-8 nor SQLite take; real pairs are joined."""
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "�") if "\0" in text else text


def without_base64(text: str) -> str:
    """The text with data URLs and long base64 runs replaced by a short mark."""
    if len(text) < 80:  # nothing that short holds a picture
        return text
    if ";base64," in text:
        text = _DATA_URL.sub(IMAGE_MARK, text)
    return _BASE64.sub(lambda found: f"[base64, {len(found.group())} characters]", text)


def without_injected(text: str) -> str:
    """The text without what hooks and harnesses put into it, our own memory first of all.

    Closed blocks go first, so that an unclosed one of ours, which reaches to the end, cannot swallow what follows a
    reminder around it.
    """
    if "<" not in text and "&lt;" not in text and "\\u003c" not in text:
        return text
    text = _INJECTED.removed(_OURS.removed(text))
    return _STRAY_FENCE.sub("", _OURS.removed(text, to_end=True))


def clean(text: str) -> str:
    """Text fit to keep: safe, without base64 and injected blocks, with plain line ends and no blank rim."""
    text = without_injected(without_base64(safe(text)))
    return text.replace("\r\n", "\n").strip()


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

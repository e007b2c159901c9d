"""The public face: run every detector, join what they found, put marks in place of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sidecar.model import Message
from sidecar.redact import blocks, commands, dumps, formats, shell, urls, words
from sidecar.redact.findings import Finding, lowered, merged

MARK = "[redacted:{kind}]"
"""What stands in place of a secret; a text with marks in it is not redacted again."""

_ROUNDS = 4
"""A mark can bring a further secret to light (it ends a value that hid the next one), so detection is repeated until
nothing is found.  Real text needs one round and one that confirms it; the limit keeps hostile text linear."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """A text without its secrets, and how many were found of each kind."""

    text: str
    found: Mapping[str, int] = field(default_factory=dict)


def redact(text: str, *, command: str | None = None) -> Redaction:
    """Replace every secret in `text` by a mark.

    `command` is the shell command (or tool call) whose output `text` is, when known: of the output of `cat .env` every
    value is replaced, secret-like or not.  Redacting twice gives the same text as redacting once.
    """
    found: dict[str, int] = {}
    for _ in range(_ROUNDS):
        findings = _detect(text, command)
        if not findings:
            break
        for finding in findings:
            found[finding.kind] = found.get(finding.kind, 0) + 1
        text = _replace(text, findings)
    return Redaction(text, dict(sorted(found.items())))


def redact_message(message: Message) -> Message:
    """The same message with the secrets of its text and of its tool's command replaced."""
    if message.tool is None:
        return _changed(message, text=redact(message.text).text)
    context = commands.of_tool(message.tool.name, message.tool.command)
    text = redact(message.text, command=context).text
    tool = dataclasses.replace(message.tool, command=redact(message.tool.command).text)
    return _changed(message, text=text, tool=tool)


def audit(text: str) -> list[Finding]:
    """The secrets in `text` in order, without overlap; an empty list for a text that `redact` would leave alone."""
    return _detect(text, None)


def _changed(message: Message, **fields: object) -> Message:
    """A copy with `fields`, or the very same message when they change nothing."""
    changed: Message = dataclasses.replace(message, **fields)  # type: ignore[arg-type]
    return message if changed == message else changed


def _detect(text: str, command: str | None) -> list[Finding]:
    return merged(text, _all(text, command)) if text else []


def _all(text: str, command: str | None) -> Iterator[Finding]:
    lower = lowered(text)
    yield from blocks.find(text, lower)
    yield from formats.find(text)
    yield from urls.find(text, lower)
    yield from shell.find(text, lower)
    yield from words.find(text, lower)
    yield from dumps.find(text, command)


def _replace(text: str, findings: list[Finding]) -> str:
    parts: list[str] = []
    position = 0
    for kind, start, end in findings:
        parts += (text[position:start], MARK.format(kind=kind))
        position = end
    parts.append(text[position:])
    return "".join(parts)

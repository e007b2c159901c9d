"""The public face: run every detector, join what they found, put marks in place of it."""

from __future__ import annotations

import bisect
import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from sidecar.records import dataclass
from sidecar.redact import (
    blocks,
    codes,
    continued,
    crowds,
    dumps,
    encoded,
    formats,
    lone,
    memo,
    nearby,
    pieces,
    plain,
    shell,
    urls,
    words,
)
from sidecar.redact.findings import Finding, lowered, merged
from sidecar.redact.repeats import Repeats
from sidecar.redact.sight import Needles, Sight

MARK = "[redacted:{kind}]"
"""What stands in place of a secret; a text with marks in it is not redacted again."""

_ROUNDS = 4
"""A mark can bring a further secret to light (it ends a value that hid the next one), so detection is repeated until
nothing is found.  Real text needs one round and one that confirms it; the limit keeps hostile text linear."""
_HELD = 2_000
_LONG = 32_000
_ROUNDS_OF_LONG = 2
"""A text of more characters than `_LONG` gets the second round, but is not confirmed again and again."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """A text without its secrets, and how many were found of each kind."""

    text: str
    found: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a text beside its characters.

    `command`: the shell command (or tool call) whose output it is.  `spoken`: a person typed it.  `asked`: the message
    before it spoke of a password.  `long`: so long that crowds of words are not looked into.
    """

    command: str | None = None
    spoken: bool = False
    asked: bool = False
    long: bool = False


def redact(text: str, *, command: str | None = None, spoken: bool = False) -> Redaction:
    """Replace every secret in `text` by a mark.

    `command` is the shell command (or tool call) whose output `text` is, when known: of the output of `cat .env` every
    value is replaced, secret-like or not.  `spoken` says that a person typed the text: then a line that is nothing but
    a password-like token is one.  Redacting twice gives the same text as redacting once.
    """
    return redact_in(text, Context(command, spoken), None)


def redact_in(text: str, context: Context, values: Repeats | None) -> Redaction:
    """Replace every secret in `text`, and take those that could stand elsewhere too into `values`, if given."""
    found: dict[str, int] = {}
    if len(text) > _LONG:
        context = dataclasses.replace(context, long=True)
    if len(text) > pieces.LONG:
        context = dataclasses.replace(context, asked=False)
        text = _replace(text, _counted(blocks.marked_private(text), found))
    for _ in range(_ROUNDS if len(text) <= _LONG else _ROUNDS_OF_LONG):
        before = sum(found.values())
        secrets = _findings(text, context)
        secrets = values.noting(secrets, text) if values is not None else secrets
        text = _replace(text, _counted(secrets, found))
        if sum(found.values()) == before:
            break
    memo.forget()
    return Redaction(text, dict(sorted(found.items())))


def redact_repeated(text: str, values: Repeats) -> str:
    """Replace what stands in `text` of the secrets that were found elsewhere."""
    return _replace(text, merged(text, values.find(text)))


def audit(text: str, *, command: str | None = None, spoken: bool = False) -> list[Finding]:
    """The secrets in `text` in order, without overlap; an empty list for a text that `redact` would leave alone."""
    context = Context(command, spoken, long=len(text) > _LONG)
    private = blocks.marked_private(text) if len(text) > pieces.LONG else ()
    found = merged(text, [*private, *_findings(text, context)])
    memo.forget()
    return found


def _findings(text: str, context: Context) -> Iterable[Finding]:
    """The secrets in `text` in order; of a very long text piece by piece, so that they need not all be held."""
    if len(text) <= pieces.LONG:
        return _detect(text, context)
    return pieces.find(text, functools.partial(_detect, context=context))


def _counted(findings: Iterable[Finding], found: dict[str, int]) -> Iterator[Finding]:
    for finding in findings:
        found[finding.kind] = found.get(finding.kind, 0) + 1
        yield finding


def _detect(text: str, context: Context) -> list[Finding]:
    if not text:
        return []
    found = _detect_plain(text, context)
    disguised = [view.back(finding) for view in plain.views(text) for finding in _detect_plain(view.text, context)]
    disguised += encoded.find(text, lambda inside: _detect_plain(inside, Context()))
    found = merged(text, [*found, *disguised]) if disguised else found
    return merged(text, continued.extended(text, found)) if found else found


def _detect_plain(text: str, context: Context) -> list[Finding]:
    sight = Sight(text, lowered(text), _needles())
    crowded = crowds.find(sight) if context.long else []
    rest = sight
    if crowded:
        outside = crowds.without(text, crowded)
        rest = Sight(outside, lowered(outside), _needles())
    exact = merged(text, [*crowded, *_exact(sight, rest, context)])
    starts = [finding.start for finding in exact]
    near = [finding for finding in _near(rest, context) if not _overlaps(finding, exact, starts)]
    return merged(text, [*exact, *near]) if near else exact


@functools.cache
def _needles() -> Needles:
    detectors = (blocks, formats, urls, shell, words, codes, dumps, nearby, crowds)
    return Needles(needle for detector in detectors for needle in detector.NEEDLES)


def _overlaps(finding: Finding, exact: list[Finding], starts: list[int]) -> bool:
    """Whether part of it is known more exactly: `admin:s3cret9`, of which the user's name shall stay."""
    index = bisect.bisect_right(starts, finding.start)
    return (index > 0 and exact[index - 1].end > finding.start) or (
        index < len(exact) and exact[index].start < finding.end
    )


def _exact(sight: Sight, rest: Sight, context: Context) -> Iterator[Finding]:
    """What stands in a place or has a form that says where the secret begins and ends.

    `rest`: the text without the inside of crowds, in which words for secrets are looked at.
    """
    yield from blocks.find(sight)
    yield from formats.find(sight)
    yield from urls.find(sight)
    yield from shell.find(sight)
    yield from words.find(rest)
    yield from codes.find(rest)
    yield from dumps.find(sight, context.command)


def _near(sight: Sight, context: Context) -> Iterator[Finding]:
    """Tokens that are taken for their looks, where something near or nothing else at all stands beside them."""
    yield from nearby.find(sight, asked=context.asked)
    if context.spoken:
        yield from lone.find(sight.text, asked=context.asked)


def _replace(text: str, findings: Iterable[Finding]) -> str:
    parts: list[str] = []
    done: list[str] = []
    position = 0
    for kind, start, end in findings:
        parts += (text[position:start], MARK.format(kind=kind))
        position = end
        if len(parts) > _HELD:  # many small strings take several times what they hold
            done.append("".join(parts))
            parts.clear()
    if not position:
        return text
    return "".join([*done, *parts, text[position:]])

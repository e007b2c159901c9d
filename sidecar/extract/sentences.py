"""From a message to clean sentences: what a person or an agent said, without what they pasted.

Code blocks, block quotes, logs, stack traces, tables and markup are not speech; they are cut out before anything looks
for statements (see `pastes`).  Longer quotations inside a sentence mark it: they are somebody else's words.
"""

from __future__ import annotations

import re

from sidecar.expressions import regex
from sidecar.extract.pastes import own_words
from sidecar.records import dataclass

LONGEST_MESSAGE = 20_000
"""Characters of a message that are read; what is longer is a paste, and its beginning tells what it is about."""

LONGEST_SENTENCE = 600
"""Characters; prose has no longer sentences, and what looks like one is a paste without punctuation."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it was written.

    `block` counts the paragraphs and list items of the message; `heading` is the heading above; `quoted` says that it
    holds a longer quotation, which has been cut out.
    """

    text: str
    block: int
    heading: str = ""
    quoted: bool = False


_BULLET = regex(r"^\s*(?:[-*•–+]|\d{1,2}[.)]|[a-z]\))\s+(?:\[[ xX]\]\s+)?")
_HEADING = regex(r"^\s*(?:#{1,6}\s+(.{1,120}?)#*|\*\*([^*]{1,100}?):?\*\*:?|((?:\w[\w ]{2,40})):)\s*$")
_NUMBERED_HEADING = regex(r"^\s*\d{1,2}\.\s+(?:\*\*)?([A-Z][\w /&-]{2,60}):?(?:\*\*)?:?\s*$")

_EMPHASIS = regex(r"\*\*|__(?=\w)|(?<=\w)__")
_QUOTATION = regex(r"[\"“”]([^\"“”\n]{1,400})[\"“”]|«([^»\n]{1,400})»")
_QUOTED = '"(quotation)"'
_QUOTED_WORDS = 4
"""Words from which a quotation is a statement of its own, and no longer a term that the speaker puts in quotes."""

_ABBREVIATIONS = (
    "e.g i.e etc incl excl dr prof mr mrs ms vs approx ca cf fig sec eq no nr st max min resp al vol pp ed est dept "
    "inc "
    "z.b d.h"
).split()
_ENDS_ABBREVIATED = regex(rf"(?:^|[\s(])(?:{'|'.join(re.escape(word) for word in _ABBREVIATIONS)})\.$", re.IGNORECASE)
_BREAK = regex(r"(?<=[。！？])\s*(?=\S)|(?<=[.!?…])[\"')\]”]?\s+(?=\S)|(?<=;)\s+(?=(?:and|but|also|then|so|please)\s)")


def sentences(text: str, *, person: bool = False) -> list[Sentence]:
    """The sentences of a message, in order, pasted matter left out; `person` as `pastes.own_words` has it."""
    found: list[Sentence] = []
    for number, (block, heading) in enumerate(_blocks(own_words(text[:LONGEST_MESSAGE], person=person))):
        shown, quoted = _unquoted(_EMPHASIS.sub("", block))
        found.extend(
            Sentence(sentence, number, heading, quoted and _QUOTED in sentence)
            for sentence in _split(shown)
            if len(sentence) <= LONGEST_SENTENCE and any(character.isalpha() for character in sentence)
        )
    return found


def _blocks(text: str) -> list[tuple[str, str]]:
    """Paragraphs and list items, with the heading above each."""
    blocks: list[tuple[str, str]] = []
    current: list[str] = []
    heading = ""

    def close() -> None:
        if current:
            blocks.append((_joined(current), heading))
            current.clear()

    for line in text.split("\n"):
        title = _NUMBERED_HEADING.match(line) or _HEADING.match(line)
        if title:
            close()
            heading = next(group for group in title.groups() if group).strip()
        elif not line.strip():
            close()
        elif _BULLET.match(line):
            close()
            current.append(_BULLET.sub("", line).strip())
        else:
            current.append(line.strip())
    close()
    return blocks


def _joined(lines: list[str]) -> str:
    """Hard-wrapped lines become one; a short line without a full stop was meant to end there."""
    joined = ""
    for line in lines:
        if joined and len(lines[0]) < 50 and joined[-1] not in ".!?…,:;":
            joined += "."
        joined += f" {line}" if joined else line
    return joined


def _unquoted(block: str) -> tuple[str, bool]:
    quoted = False

    def shorten(match: re.Match[str]) -> str:
        nonlocal quoted
        inner = match.group(1) or match.group(2)
        if len(inner.split()) < _QUOTED_WORDS and not inner.lstrip().startswith(">"):
            return match.group()
        quoted = True
        return _QUOTED

    return _QUOTATION.sub(shorten, block), quoted


def _split(block: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for match in _BREAK.finditer(block):
        piece = block[start : match.end()].strip()
        # " ... " between words is an omission, not an end; an abbreviation's dot neither.
        if _ENDS_ABBREVIATED.search(piece) or piece.endswith((" ...", " …")):
            continue
        parts.append(piece)
        start = match.end()
    parts.append(block[start:].strip())
    return [part for part in parts if part]

"""From a message to clean sentences: what a person or an agent said, without what they pasted.

Code blocks, block quotes, logs, stack traces, tables and markup are not speech; they are cut out before anything looks
for statements.  Longer quotations inside a sentence mark it: somebody else's words are not the speaker's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_MESSAGE = 20_000
"""Characters of a message that are read; what is longer is a paste, and its beginning tells what it is about."""

_CUT = "\0"
"""Stands for a line that was pasted until its paragraph is judged; control characters are gone by then."""

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


_FENCE = re.compile(r"^[ \t]*(?:```|~~~)")
_MARKUP_BLOCK = re.compile(r"<([a-zA-Z][\w-]{2,40})(?:\s[^<>]{0,200})?>.{0,20000}?</\1>", re.DOTALL)
_COMMENT = re.compile(r"<!--.{0,20000}?(?:-->|\Z)", re.DOTALL)
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")

_PASTED = re.compile(
    r"""^\s*(?:
        >                                              # a block quote
      | \|.*\|\s*$ | [+|│├└┌─═╔║]{2,}                  # tables and trees
      | \[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d                # log lines
      | \d\d:\d\d:\d\d[.,\s]
      | \[?(?:DEBUG|INFO|WARN|WARNING|ERROR|FATAL|TRACE|CRITICAL)\b[\]:]
      | (?:npm|yarn|pnpm)\s(?:ERR!|WARN)
      | (?:[Ff]atal|[Ee]rror|ERR|[Ww]arning|[Hh]int|[Rr]emote|[Uu]sage|[Dd]etected
         |[Dd]ownloading|[Ii]nstalling|[Rr]unning|[Cc]loning)\b[^.]{0,60}:\s
      | Traceback\s\(most | File\s".+",\sline\s\d | at\s\S+\s?\(.*:\d+(?::\d+)?\)
      | (?:\w+\.)*\w*(?:Error|Exception)(?::\s|$)
      | diff\s--git | @@\s | index\s[0-9a-f]{7,} | (?:---|\+\+\+)\s[ab]/
      | \d+\s*(?:[:|→]|\t)\s*\S                         # numbered source
      | [$%#❯➜]\s+[a-z./~]\S*(?:\s|$)(?![^\n]*[.!?]$)   # a shell prompt
      | (?:import|from|def|class|return|const|let|var|function|public|private|func|fn|\#include|SELECT|INSERT)\s
        [^.!?]*[;{}():=][^.!?]*$
      | [}\])];?,?\s*$
    )""",
    re.VERBOSE,
)
_CODE_END = re.compile(r"(?:[;{}]|=>|\\|\)\s*:|/>)\s*$")
_BULLET = re.compile(r"^\s*(?:[-*•–+]|\d{1,2}[.)]|[a-z]\))\s+(?:\[[ xX]\]\s+)?")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+(.{1,120}?)#*|\*\*([^*]{1,100}?):?\*\*:?|((?:\w[\w ]{2,40})):)\s*$")
_NUMBERED_HEADING = re.compile(r"^\s*\d{1,2}\.\s+(?:\*\*)?([A-Z][\w /&-]{2,60}):?(?:\*\*)?:?\s*$")

_EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__")
_QUOTATION = re.compile(r"[\"“”]([^\"“”\n]{1,400})[\"“”]|«([^»\n]{1,400})»")
_QUOTED = '"(quotation)"'
_QUOTED_WORDS = 4
"""Words from which a quotation is a statement of its own, and no longer a term that the speaker puts in quotes."""

_ABBREVIATIONS = (
    "e.g i.e etc incl excl dr prof mr mrs ms vs approx ca cf fig sec eq no nr st max min resp al vol pp ed est dept "
    "inc "
    "z.b d.h"
).split()
_ENDS_ABBREVIATED = re.compile(
    rf"(?:^|[\s(])(?:{'|'.join(re.escape(word) for word in _ABBREVIATIONS)})\.$", re.IGNORECASE
)
_BREAK = re.compile(r"(?<=[.!?…])[\"')\]”]?\s+(?=\S)|(?<=;)\s+(?=(?:and|but|also|then|so|please)\s)")


def sentences(text: str) -> list[Sentence]:
    """The sentences of a message, in order, pasted matter left out."""
    found: list[Sentence] = []
    for number, (block, heading) in enumerate(_blocks(_without_pastes(text[:LONGEST_MESSAGE]))):
        shown, quoted = _unquoted(_EMPHASIS.sub("", block))
        found.extend(
            Sentence(sentence, number, heading, quoted and _QUOTED in sentence)
            for sentence in _split(shown)
            if len(sentence) <= LONGEST_SENTENCE and any(character.isalpha() for character in sentence)
        )
    return found


def _without_pastes(text: str) -> str:
    text = _CONTROL.sub(" ", text.replace("\r\n", "\n").replace("’", "'").replace("‘", "'"))
    text = _COMMENT.sub("\n\n", text)
    if "</" in text:
        text = _MARKUP_BLOCK.sub("\n\n", text)
    kept: list[str] = []
    fenced = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
            kept.append("")
        else:
            kept.append(_CUT if fenced or _is_pasted(line) else line)
    paragraphs = "\n".join(kept).split("\n\n")
    return "\n\n".join(_without_cuts(paragraph) for paragraph in paragraphs)


def _without_cuts(paragraph: str) -> str:
    """A paragraph without its pasted lines; where they are many, the lines between them were pasted with them."""
    lines = paragraph.split("\n")
    cuts = lines.count(_CUT)
    if cuts >= 2 and cuts * 3 >= len(lines):
        return ""
    return "\n".join("" if line == _CUT else line for line in lines)


def _is_pasted(line: str) -> bool:
    if not line.strip():
        return False
    if line.startswith(("    ", "\t")) and not _BULLET.match(line):
        return True
    bare = line.strip()
    if _PASTED.match(line) or (_CODE_END.search(bare) and " " in bare):
        return True
    if len(bare) <= 40:
        return False
    # Prose is nearly all letters and spaces; numbers in columns, hashes and code are not.
    return sum(character.isalpha() or character == " " for character in bare) / len(bare) < 0.55


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

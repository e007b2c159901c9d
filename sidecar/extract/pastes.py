"""What in a message is the speaker's own, and what was pasted into it: pages, mails, logs, chats, code.

Pasted matter is nobody's word here.  It is known by its marks (code fences, block quotes, tags, log lines, rules above
and below, headers of mails and chats), or by what announces it: "here is the mail:" speaks of the text that follows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sidecar.expressions import regex

_CUT = "\0"
"""Stands for a line that was pasted until its paragraph is judged; control characters are gone by then."""

_FENCE = regex(r"^[ \t]*(?:```|~~~)")
_MARKUP_BLOCK = regex(r"<([a-zA-Z][\w-]{2,40})(?:\s[^<>]{0,200})?>.{0,20000}?</\1>", re.DOTALL)
_COMMENT = regex(r"<!--.{0,20000}?(?:-->|\Z)", re.DOTALL)
_CONTROL = regex(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_UNSEEN = regex("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]")
"""Marks that no reader sees.  The joiners U+200C and U+200D are none of them: Persian and emoji are written with them.
"""

_PASTED = regex(
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
_CODE_END = regex(r"(?:[;{}]|=>|\\|\)\s*:|/>)\s*$")
_BULLET = regex(r"^\s*(?:[-*•–+]|\d{1,2}[.)]|[a-z]\))\s+(?:\[[ xX]\]\s+)?")

_RULE = regex(r"^\s*(?:-{3,}|={3,}|\*{3,}|_{3,}|~{3,}|\"{3}|'{3})\s*$")
_TALK = regex(
    r"""^\s*(?:
        [\w.@-]+(?:\s[\w.@-]+){0,2}\s[\[(]?\d{1,2}:\d\d(?::\d\d)?(?:\s?[AaPp]\.?[Mm]\.?)?[\])]?:?\s*$   # Name [10:02]
      | [\[(]\d{1,2}:\d\d(?::\d\d)?(?:\s?[AaPp]\.?[Mm]\.?)?[\])]\s+[^\s:][^:\n]{0,40}:\s                # [10:02] Name:
      | <[\w.@-]{1,32}>\s                                                                               # <name>
      | <\|[\w-]{1,32}\|> | \[/?INST\] | <</?SYS>>                                                      # of a model
    )""",
    re.VERBOSE,
)
_MAIL = regex(r"^\s*(?:from|to|cc|subject|date|sent|reply-to|von|an|betreff|gesendet)\s*:\s\S", re.IGNORECASE)
_PART = regex(r"^\s*(?:user|human|assistant|ai|system|developer|tool)\s*:\s", re.IGNORECASE)
_LABEL = regex(r"^\s*(\[[^\]\n]{1,40}\]|[\w.-]{1,30}\s*\|)\s")

_FOREIGN = (
    r"(?:logs?|outputs?|(?:stack ?)?traces?|e-?mails?|mail|messages?|tickets?|issues?|threads?|chats?|conversations?"
    r"|posts?|pages?|web ?sites?|articles?|documents?|docs?|documentation|readme|texts?|reviews?|comments?|diffs?"
    r"|patch|snippets?|transcripts?|letters?|responses?|repl(?:y|ies)|errors?|warnings?|polic(?:y|ies)|guides?"
    r"|changelog|release notes|announcements?|descriptions?|ci|terminal|console|slack|discord|teams|wiki)"
)
_ANNOUNCED = regex(
    rf"""\b(?:the|this|that|these|an?|his|her|their|its|from|following|what|here(?:'s|\sis|\sare)?)\b
         [^.!?\n]{{0,60}}\b{_FOREIGN}\b(?:\s(?:says?|said|reads?|prints?|printed|shows?|reports?|asks?|writes?|wrote
         |gives?|from|by|of|about|below|in|was|is|are|i|we)\b[^.!?\n]{{0,40}})?\s*:\s*$
       | ^\W*(?:this|that|here|below|the\sfollowing)\b[^.!?\n]{{0,12}}\s(?:what|is|are|'s)\b[^.!?\n]{{0,30}}
         \b(?:{_FOREIGN}|\w+)\s(?:prints?|printed|says?|said|shows?|reports?|wrote|writes|gives?|outputs?|returns?)\b
         [^\n]{{0,60}}$
       | ^\W*(?:here(?:'s|\sis|\sare)|this\sis|below\sis)\s[^.!?\n]{{0,40}}\b{_FOREIGN}\b[^.!\n]{{0,60}}$""",
    re.VERBOSE | re.IGNORECASE,
)


def seen(text: str) -> str:
    """The text as a person sees it, without marks that are not seen: words may hide in them, or be hidden by them."""
    return text if text.isascii() else _UNSEEN.sub("", text)


def own_words(text: str, *, person: bool = True) -> str:
    """A message without what was pasted into it.

    `person`: a person wrote it.  Agents announce their own words ("here is the cause of the error:"), and part their
    sections by rules, so that only what bears marks of its own counts as pasted there.
    """
    text = _CONTROL.sub(" ", seen(text).replace("\r\n", "\n").replace("’", "'").replace("‘", "'"))
    text = _COMMENT.sub("\n\n", text)
    if "</" in text:
        text = _MARKUP_BLOCK.sub("\n\n", text)
    lines = _marked(text.split("\n"))
    if person:
        lines = _unannounced(_unruled(lines))
    paragraphs = "\n".join(lines).split("\n\n")
    parted = (paragraph.split("\n") for paragraph in paragraphs)
    return "\n\n".join(_without_cuts(_untalked(paragraph) if person else paragraph) for paragraph in parted)


def _marked(lines: Sequence[str]) -> list[str]:
    """The lines, cut where they bear the marks of code, quotes, logs and tables."""
    kept: list[str] = []
    fenced = False
    for line in lines:
        if _FENCE.match(line):
            fenced = not fenced
            kept.append("")
        else:
            kept.append(_CUT if fenced or _is_pasted(line) else line)
    return kept


def _unruled(lines: Sequence[str]) -> list[str]:
    """Without what stands between two rules below a line that announces something, or asks about it."""
    rules = [number for number, line in enumerate(lines) if _RULE.match(line)]
    kept = list(lines)
    for first, last in zip(rules[::2], rules[1::2], strict=False):
        before = next((line.rstrip() for line in reversed(lines[:first]) if line.strip()), "")
        if before.endswith((":", "?")) or _ANNOUNCED.search(before):
            kept[first : last + 1] = ["", *[_CUT] * (last - first - 1), ""]
    return kept


def _unannounced(lines: Sequence[str]) -> list[str]:
    """Without what an announcement introduces: up to the end, unless marks of its own say where it ends."""
    for number, line in enumerate(lines):
        if not _ANNOUNCED.search(line):
            continue
        following = next((at for at in range(number + 1, len(lines)) if lines[at].strip()), None)
        if following is None:
            break
        if lines[following] != _CUT and not _RULE.match(lines[following]):
            return [*lines[:following], *[one if not one.strip() else _CUT for one in lines[following:]]]
    return list(lines)


def _untalked(lines: list[str]) -> list[str]:
    """A paragraph without what others say in it: from the header of a chat or mail on, and lines under one label."""
    parts = [number for number, line in enumerate(lines) if _PART.match(line)]
    mail = [number for number, line in enumerate(lines) if _MAIL.match(line)]
    talk = [number for number, line in enumerate(lines) if _TALK.match(line)]
    starts = [*talk[:1], *(parts[:1] if len(parts) > 1 else ()), *(mail[:1] if len(mail) > 1 else ())]
    if starts:
        lines = [*lines[: min(starts)], *[_CUT] * (len(lines) - min(starts))]
    labels = [found[1] if (found := _LABEL.match(line)) else "" for line in lines]
    return [_CUT if label and labels.count(label) > 1 else line for line, label in zip(lines, labels, strict=True)]


def _without_cuts(lines: list[str]) -> str:
    """A paragraph without its pasted lines; where they are many, the lines between them were pasted with them."""
    cuts = lines.count(_CUT)
    if cuts >= 2 and cuts * 3 >= len(lines) and not _ANNOUNCED.search(lines[0]):
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

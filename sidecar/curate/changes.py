"""Whether one statement declares another one outdated, on the evidence of their words alone.

A wrong answer hides a memory that is still true, so all evidence is about the same slot (see `slots`), and what could
as well be an addition, an exception or a thought is none.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

from sidecar.curate.slots import Slot, fillings, labels, slots, stem, tokens
from sidecar.expressions import regex
from sidecar.statements import content_words, lately


class Evidence(enum.IntEnum):
    """How sure the words alone make it that the later statement replaces the earlier one."""

    NONE = 0
    CUE = 1
    """The same slot or nearly the same words, and a word such as "now" or "actually"."""
    CERTAIN = 2
    """The old value is named as the old one, or everything but the value is the same."""


_CHANGED = (
    "changed moved switched switching swapped replaced renamed migrated bumped raised lowered upgraded extended "
    "postponed shortened reduced increased doubled halved"
)
_CUE = regex(
    rf"\b(?:{'|'.join(_CHANGED.split())}|now|no longer|any ?more|instead|cut (?:down )?to|these days|actually"
    r"|correction|i meant|as of|from (?:now|today|\w+day|next \w+) on|starting (?:\w+day|today|tomorrow|next|in|from)"
    r"|effective|turns out|new(?:ly)?|(?:have|has|had|'ve) (?:gone|moved|settled))\b"
    r"|\b(?:after all|in the end|change of plans?|make (?:it|that)|scrap that|my mistake|i was wrong|settled on"
    r"|went with|decided on|put off|pushed (?:back|out)|brought forward"
    r"|since (?:\w+day|yesterday|today|this|last)|grew|grown|shrunk|down to|up to)\b"
    r"|^\W*(?:no|nope|wrong|wait|sorry)\b[,:\s]",
    re.IGNORECASE,
)
_NO_CHANGE = regex(
    r"\b(?:also|too|as well|additional(?:ly)?|another|second(?:ary)?|both|besides|in addition|next to|alongside"
    r"|alternative(?:ly)?|optional(?:ly)?|maybe|perhaps|might|could|would|should we|consider\w*|plan(?:ning|s|ned)? to"
    r"|think(?:ing)? (?:of|about)|tr(?:y|ies|ied|ying)|experiment\w*|temporar\w+|for (?:the moment|testing|a test)"
    r"|if|unless|suppose\w*|imagine|example|e\.g\.|used to|till now|until now"
    rf"|(?:was|were)(?! (?:just |recently |now )?(?:{'|'.join(_CHANGED.split())})))\b|\?\s*$",
    re.IGNORECASE,
)
_ASIDE = regex(
    r"(?:,|\(|\band|—|–|-)\s*(?:and )?(?:not|never|no more|no longer|no|instead of|rather than|was|formerly|previously)"
    r"\s+[^,.;)]*|,\s*\S*\d\S* was [^,.;)]*"
    r"|\b(?:instead of|rather than|no longer|not)\s+(?:the |on |in |at |by )?[\w./:@#+-]+",
    re.IGNORECASE,
)
_SENTENCE = regex(r"(?<=[.;!?])\s+|\n+")
_FROM_TO = regex(r"\bfrom (?:the |port |version )?(?P<v>[\w][\w./:@#+-]*)(?: \w+)? (?:over )?to\b", re.IGNORECASE)

_V = r"[`'\"]?(?P<v>[\w][\w./:@#+-]*)[`'\"]?"
_DISMISSED = tuple(
    regex(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:instead of|rather than|no longer(?: \w+)?(?: on| in| at| through| via| with| by)?|not)"
        rf" (?:the |on |in |at |by )?{_V}",
        rf"\b(?:replac(?:es|ed|ing)|dropp(?:ed|ing)|ditch(?:ed|ing)|retir(?:ed|ing)|left|abandon(?:ed|ing)"
        rf"|(?:moved|moving|migrated|switched) (?:away from|off)) (?:the |our )?{_V}",
        rf"\b{_V} (?:is|was|are|has been|got|gets) (?:\w+ )?(?:out|gone|dead|history|dropped|removed|replaced|retired"
        r"|closed|decommissioned|shut down|switched off|deprecated|phased out|cancelled|canceled)\b",
        rf"\b{_V} (?:any ?more|was (?:always |just |far )?(?:too|not))\b",
        rf"\b(?:replaced|swapped|exchanged) (?:the |our )?{_V} (?:with|by|for)\b",
    )
)

_NO_VALUE = frozenset("the a an it that this them yet so more one all any sure old new".split())
_FRAME_WORDS = 3
_FRAME_SHARE = 0.6
_OWN_WORDS = 3
"""Two statements have one frame if they share their subject, at least three words that carry meaning and three fifths
of the shorter one, and neither has more than three of its own: "tickets are (now) sent through A" and "… through B"."""

_FIGURES = frozenset({"number", "time", "date", "weekday"})


def evidence(earlier: str, later: str, names: frozenset[str] = frozenset()) -> Evidence:
    """Whether the later text replaces the earlier one; `names` are lower-cased names of products in either."""
    if labels(earlier) != labels(later):
        return Evidence.NONE
    if _names_old_value(earlier, later, names):
        return Evidence.CERTAIN
    if only_value_differs(earlier, later, names):
        return Evidence.CERTAIN
    if not _tells_change(later):
        return Evidence.NONE
    later = _earnest(later)
    old, new = slots(asserted(earlier), names), slots(asserted(later), names)
    alike = _same_slot(old, new) if _kinds(old) & _kinds(new) else _same_frame(earlier, later)
    return Evidence.CUE if alike else Evidence.NONE


@lately
def _tells_change(text: str) -> bool:
    """Whether something in what a text states is said as news."""
    return _CUE.search(_earnest(text)) is not None


@lately
def _earnest(text: str) -> str:
    """The sentences of a text that state something: no additions, exceptions, questions or thoughts."""
    sentences = (one for one in _SENTENCE.split(text) if one.strip())
    return " ".join(one.strip() for one in sentences if not _NO_CHANGE.search(_ASIDE.sub(" ", one).strip()))


@lately
def asserted(text: str) -> str:
    """The text without what it only sets itself off from: "pnpm, not npm" asserts pnpm alone."""
    return " ".join(_FROM_TO.sub("to", _ASIDE.sub(" ", text)).split())


@lately
def dismissed(text: str) -> frozenset[str]:
    """The words that a text names as old or wrong, as stems; not all of them need be values."""
    found = {match.group("v") for pattern in (*_DISMISSED, _FROM_TO) for match in pattern.finditer(text)}
    plain = {word.casefold().strip(".:,'`") for word in found}
    return frozenset(stem(word) for word in plain if word not in _NO_VALUE)


def only_value_differs(one: str, other: str, names: frozenset[str] = frozenset()) -> bool:
    """Whether two texts have the same words in the same order but for one figure that a verb ties to its topic."""
    first, second = tokens(one), tokens(other)
    ours, theirs = ([w.plain for w in words if w.plain not in ("the", "a", "an")] for words in (first, second))
    if len(ours) != len(theirs):
        return False
    apart = [index for index, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    if len(apart) != 1:
        return False
    left, right = (_slot_of(text, words[apart[0]], names) for text, words in ((one, ours), (other, theirs)))
    return (
        left is not None
        and right is not None
        and left.kind == right.kind
        and left.tied
        and right.tied
        and left.kind[0] in _FIGURES
        and bool(left.topic)
        and left.topic == right.topic
    )


def _slot_of(text: str, value: str, names: frozenset[str]) -> Slot | None:
    found = [slot for slot in slots(text, names) if value in slot.value.split()]
    return found[0] if len(found) == 1 else None


def _names_old_value(earlier: str, later: str, names: frozenset[str]) -> bool:
    """Whether the later text calls a value of the earlier one gone, and is about the same topic."""
    later = _earnest(later)
    old = dismissed(later)
    if not old:
        return False
    stated = fillings(asserted(earlier), names)
    shared = {stem(word) for word in content_words(earlier)} & {stem(word) for word in content_words(later)}
    about = [(topic, topic & (shared - {word})) for word, topic in stated.items() if word in old]
    return any(common and 2 * len(common) >= len(topic) for topic, common in about)


def _kinds(found: Sequence[Slot]) -> set[tuple[str, str]]:
    """The kinds of values by which two statements can be told apart: not of a name that may be the subject."""
    return {slot.kind for slot in found if slot.kind != ("name", "") and slot.kind[0] != "code"}


def _same_slot(old: Sequence[Slot], new: Sequence[Slot]) -> bool:
    """Whether one slot, and only one, is filled anew."""
    for fresh in new:
        rivals = [slot for slot in old if _rivals(slot, fresh)]
        siblings = [slot for slot in new if _rivals(slot, fresh)]
        if len(rivals) == 1 and not siblings and rivals[0].value not in {slot.value for slot in new}:
            return True
    return False


def _rivals(old: Slot, new: Slot) -> bool:
    """Whether two values fill one slot: of the same topic, and nothing narrows one alone."""
    if old.value == new.value or old.kind != new.kind or not old.topic or not _kinds([old]):
        return False
    named_apart = old.attributes and new.attributes and old.attributes != new.attributes
    return old.topic == new.topic and old.scope == new.scope and not named_apart


def _same_frame(earlier: str, later: str) -> bool:
    """Whether the two say something of the same subject in nearly the same words."""
    old, new = _frame(earlier), _frame(later)
    if not old or not new or old[0] != new[0]:
        return False
    shared = set(old) & set(new)
    own = max(len(set(old) - shared), len(set(new) - shared))
    framed = len(shared) >= _FRAME_WORDS and len(shared) >= _FRAME_SHARE * min(len(set(old)), len(set(new)))
    return framed and 0 < own <= _OWN_WORDS and bool(set(old) - shared)


def _frame(text: str) -> Sequence[str]:
    """The words that carry meaning, in order, without what only introduces a correction."""
    meant = content_words(text)
    return [
        stem(word.plain)
        for word in tokens(_CUE.sub(" ", text))
        if word.plain in meant or word.plain.removesuffix("s") in meant
    ]

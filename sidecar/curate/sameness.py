"""Whether two statements say the same, and whether a text may be given up for another one without a loss."""

from __future__ import annotations

from collections.abc import Sequence

from sidecar.curate.changes import asserted, dismissed
from sidecar.curate.slots import GENERIC_VERBS, fillers, stem, tokens, values
from sidecar.identity import normalized
from sidecar.statements import STOP_WORDS, concrete_values, content_words, negated

_SAME_WORDS = 0.8
"""Share of the known statement's words that a retelling must have, to be one."""

_SAME_MEANING = 0.86
_SAME_HALF = 0.5
"""Cosine of static embeddings with which half of the words are enough."""

_COVERED = 0.6
"""Share of a statement's words that another wording must have, to be taken for the fuller one of the same message."""

_LONGEST_EXCHANGE = 3
"""Words in a row that differ between two sentences that are the same before and behind them: another value there."""

_SUBJECT_CONTEXT = 2

_ENDINGS = frozenset({"ed", "d", "ing", "er", "ly", "ion", "n", "es"})

_CHATTER = frozenset(
    "we us they it he she one thing way fyi please remember btw ok okay well hey lol tbh really just pls thx".split()
)


def same_statement(told: str, known: str, cosine: float = 0.0, names: frozenset[str] = frozenset()) -> bool:
    """Whether a text tells nothing that the known one does not state: then, and only then, it may be merged into it.

    All its words that carry meaning must stand in the known text, with the same concrete values in the same order, the
    same negation, and nothing dismissed by one that the other asserts.  One word of its own, such as another product's
    name, makes it another statement, however alike the two are.
    """
    if same_words(told, known):
        return True
    if concrete_values(told) != concrete_values(known) or negated(told) != negated(known):
        return False
    if _opposed(told, known) or not _in_order(told, known, names):
        return False
    ours, theirs = content_words(told), content_words(known)
    if not ours or not ours <= theirs:
        return False
    share = len(ours) / len(theirs)
    return share >= _SAME_WORDS or (cosine >= _SAME_MEANING and share >= _SAME_HALF)


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in case and white space at most."""
    return normalized(one).casefold() == normalized(other).casefold()


def contained(told: str, known: str, names: frozenset[str] = frozenset()) -> bool:
    """Whether giving up a text for the known one, which is said to mean the same, loses no value and turns no sense.

    Every value of the text stands in the known one, in the same order; both have the same polarity; neither dismisses
    what the other asserts, and nowhere does another word stand where a value would.
    """
    present = {stem(word.plain) for word in tokens(known)}
    if any(stem(value) not in present for value in values(told, names)) or not concrete_values(told) <= _written(known):
        return False
    if negated(asserted(told)) != negated(asserted(known)) or _opposed(told, known):
        return False
    return _in_order(told, known, names) and not _exchanged(told, known)


def covers(told: str, known: str, names: frozenset[str] = frozenset()) -> bool:
    """Whether a text states all that the known one states, and may stand in its place: the reverse of `contained`.

    Most of the known words must be in it as well; those that are not may only be the chatter around a statement.
    """
    if not contained(known, told, names):
        return False
    ours = {stem(word) for word in content_words(told)}
    theirs = meant(known)
    return bool(theirs) and len(theirs & ours) >= _COVERED * len(theirs)


def richer(told: str, known: str) -> bool:
    """Whether a text has words of meaning beyond those of the known one."""
    return bool(meant(told) - meant(known))


def meant(text: str) -> set[str]:
    """The stems of the words in which a statement's meaning lies, without the chatter around it."""
    plain = {word.plain for word in tokens(text)}
    kept = {word for word in content_words(text) if word in plain or f"{word}s" in plain}
    return {stem(word) for word in kept if word not in _CHATTER and word not in GENERIC_VERBS}


def _written(text: str) -> frozenset[str]:
    return frozenset(word.text.casefold() for word in tokens(text))


def _opposed(one: str, other: str) -> bool:
    """Whether one asserts what the other only names as old or wrong."""
    gone, gone_there = dismissed(one), dismissed(other)
    ours, theirs = ({stem(word.plain) for word in tokens(asserted(text))} for text in (one, other))
    return bool(gone & (theirs - gone_there) or gone_there & (ours - gone))


def _in_order(one: str, other: str, names: frozenset[str]) -> bool:
    """Whether the values that both have come in the same order: "from A to B" is not "from B to A"."""
    ours, theirs = (list(dict.fromkeys(values(text, names))) for text in (one, other))
    shared = set(ours) & set(theirs)
    return [value for value in ours if value in shared] == [value for value in theirs if value in shared]


def _exchanged(one: str, other: str) -> bool:
    """Whether the two have different words where a value would stand."""
    ours, theirs = ({stem(word.plain) for word in tokens(text)} for text in (one, other))
    if fillers(one) - theirs and fillers(other) - ours:
        return True
    first, second = ([w.plain for w in tokens(t) if w.plain not in ("the", "a", "an")] for t in (one, other))
    head = _common(first, second)
    tail = _common(first[head:][::-1], second[head:][::-1])
    apart = (len(first) - head - tail, len(second) - head - tail)
    if not min(apart) > 0 or max(apart) > _LONGEST_EXCHANGE:
        return False
    before = first[head - 1] if head else ""
    if head and before not in GENERIC_VERBS:
        return False
    left, right = first[head : len(first) - tail], second[head : len(second) - tail]
    return (head > 0 or tail >= _SUBJECT_CONTEXT) and bool(_beyond(left, right) and _beyond(right, left))


def _beyond(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether one of the words, verbs that say little aside, is not a form of one of the others."""
    return any(
        word not in GENERIC_VERBS and word not in STOP_WORDS and not any(_inflected(word, other) for other in others)
        for word in words
    )


def _inflected(one: str, other: str) -> bool:
    short, long = sorted((stem(one), stem(other)), key=len)
    return short == long or (long.startswith(short) and long[len(short) :] in _ENDINGS)


def _common(one: list[str], other: list[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count

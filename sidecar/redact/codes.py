"""Lists of recovery codes: each is a password, and together they stand behind one word for all of them."""

from __future__ import annotations

from collections.abc import Iterator

from sidecar.expressions import regex
from sidecar.redact.findings import Finding
from sidecar.redact.sight import Sight

_WORD = regex(
    r"(?:recovery|backup|scratch|emergency|rescue|one[- ]time|single[- ]use|2fa|mfa|otp|totp)"
    r"[ _-](?:\w{2,14}[ _-])?codes?|wiederherstellungs-?codes?"
    r"|codes? de (?:secours|r[ée]cup[ée]ration|sauvegarde)|c[óo]digos? de (?:recupera|respaldo)\w*"
)
_CODE = r"(?:(?=[A-Za-z-]{0,30}\d)[A-Za-z0-9]{4,16}(?:-[A-Za-z0-9]{3,12}){0,5}|[a-z]{4,6}-[a-z]{4,6})(?![\w:-])"
_BETWEEN = r"[\s,;|\"'`*•–-]{1,12}(?:\[[ x]?\][ ])?(?:\d{1,2}[.):][ \t]{1,4})?"
_LIST = regex(rf"(?<![\w-]){_CODE}(?:{_BETWEEN}{_CODE}){{2,}}")
_FIRST = regex(rf"(?<![\w-]){_CODE}(?:{_BETWEEN}{_CODE}){{2}}")
_FIRST_LONGEST = 400
"""Longer than any three codes with what stands between."""
_REACH = 240
"""So far behind the word the list begins."""
_MOST = 2_000
"""Longer than any list of codes."""

NEEDLES = ("code", "codi", "códi")
"""What `find` asks the sight for: a part of all the words."""
_BEFORE = 40


def find(sight: Sight) -> Iterator[Finding]:
    """Every list of at least three codes behind a word for recovery codes, as one finding."""
    text, lower, reached, clear = sight.text, sight.lower, 0, 0
    for hit in sight.any_of(frozenset(NEEDLES)):
        if hit < reached:
            continue
        word = _last_word(lower, max(reached, hit - _BEFORE), hit)
        if not word:
            continue
        first = _FIRST.search(text, max(word, clear), min(len(text), word + _REACH + _FIRST_LONGEST))
        clear = first.start() if first else max(clear, word + _REACH)
        found = _LIST.match(text, clear, min(len(text), word + _MOST)) if first and clear - word <= _REACH else None
        if found:
            yield Finding("password", *found.span())
            reached = found.end()


def _last_word(lower: str, start: int, hit: int) -> int:
    """Where the word for codes ends that is around `hit`; 0 if there is none."""
    match = next((match for match in _WORD.finditer(lower, start, hit + _BEFORE) if match.end() > hit), None)
    return match.end() if match else 0

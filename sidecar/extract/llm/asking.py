"""Whether a text does nothing but ask, or play with an idea: told only where it is sure, a model judges the rest."""

from __future__ import annotations

import re

from sidecar.expressions import regex
from sidecar.extract.noise import LEADING_FILLER
from sidecar.extract.sentences import sentences

_CLAUSE = regex(r"\s*[,;:–—()]\s+|\s+-\s+|\s+(?:but|because|since|so that|as otherwise|otherwise)\s+", re.IGNORECASE)
_SENTENCE = regex(r"(?<=[.!?])\s+")

_SUBJECTS = r"(?:you|we|i|it|this|that|the|there|they|he|she|an?|any|all|our|my|your|someone|somebody)"
_ASKS = regex(
    r"^(?:(?:and|so|but|or|also)\s+)*(?:"
    r"(?:do(?! (?:not|it|that|this|so)\b)|does|did|is|are|was|were|can|could|would|will|shall|should|may|might|must"
    rf"|have|has|had|isn'?t|aren'?t|don'?t (?:you|we|they|i)|doesn'?t|didn'?t|won'?t|wouldn'?t|can'?t) {_SUBJECTS}\b"
    r"|am i\b|(?:why|how|who|whom|whose|where|when|what|which)\b|(?:any|no) (?:idea|chance|thoughts?)\b|how come\b)",
    re.IGNORECASE,
)
_IMAGINES = regex(
    r"\b(?:"
    r"what if|how about|what about|imagine|suppose|let'?s say|say we|hypothetically|in theory"
    r"|thinking (?:aloud|out loud)|just thinking|brainstorm\w*|(?:wild|crazy) idea|in an ideal world"
    r"|daydream\w*|maybe|perhaps|one day|some ?day|could be (?:nice|cool|fun|worth)"
    r"|would be (?:nice|cool|fun|great|worth)|i wish|wish we|dream of|tempted to|toying with"
    r"|not (?:decided|sure) yet|haven'?t decided|undecided|still thinking|thinking (?:about|of)|considering"
    r"|wondering|i wonder|should we|could we|we (?:could|might)|i (?:could|might)"
    r"|if (?:we|i|you|they|it|he|she|the \w+) (?:ever|were|had|could|would)"
    r")\b",
    re.IGNORECASE,
)
_REQUESTS = regex(
    r"\b(?:"
    r"please|pls|kindly|may i (?:ask|remind|tell|inform|request)"
    r"|(?:can|could|would|will) (?:you|we|i) (?:\w+ )?(?:not|stop|avoid|agree|stick|ask you|remind you)"
    r"|(?:can|could|would|will) (?:you|we) (?:\w+ )?(?:make sure|remember|keep in mind)"
    r"|(?:can|could|would) (?:you|we) (?:use|keep|put|write|name|call|leave|stay|format|prefix)"
    r"|(?:can|could|would) (?:you|we) (?:store|treat|answer|only)|would you mind|(?:be so|so) (?:kind|good) as"
    r"|i(?:'d| would) (?:ask|like) you|if you (?:always|never|would|could)"
    r"|(?:nice|great|good|lovely|grateful|glad|kind|appreciate\w*) (?:it )?if you"
    r"|(?:do|did) you (?:know|remember|see|notice|reali[sz]e)|don'?t you (?:know|remember|ever)|from now on"
    r"|always|never"
    r")\b",
    re.IGNORECASE,
)
"""What makes an order, or a statement, of what has the form of a question."""

_TAG = regex(
    r"(?:,|\s)\s*(?:right|ok(?:ay)?|yes|no|correct|yeah|huh|eh|oder|gell|agreed|deal|clear|fine"
    r"|(?:is|are|do|does|did|was|were|has|have|can|will|would|should)(?:n'?t| not)?"
    r" (?:it|they|we|you|he|she|i|there))\?\W*$",
    re.IGNORECASE,
)
_LONGEST_UNMARKED = 14
"""Words of a question without a question mark; what is dictated without marks runs on from it into statements."""

_LONGEST_IDEA = 40
_FEWEST_WORDS = 4
"""Words of a clause that can state something beside a question."""


def only_asks(text: str) -> bool:
    """Whether every sentence of a text surely asks or imagines, and states nothing beside that."""
    said = [one.text for sentence in sentences(text) for one in [sentence] if one.text.strip()]
    told = [part for one in said for part in _SENTENCE.split(one) if re.search(r"\w", part)]
    return bool(told) and all(_asks(sentence) or _imagines(sentence) for sentence in told)


def _asks(sentence: str) -> bool:
    plain = LEADING_FILLER.sub("", sentence, count=1) or sentence
    if _REQUESTS.search(plain) or _TAG.search(plain):
        return False
    marked = plain.rstrip("\"')]! ").endswith("?")
    if not marked:
        return _ASKS.match(plain) is not None and len(plain.split()) <= _LONGEST_UNMARKED and not _CLAUSE.search(plain)
    clauses = [clause for clause in _CLAUSE.split(plain) if len(clause.split()) >= _FEWEST_WORDS]
    return all(_ASKS.match(clause) or _IMAGINES.search(clause) for clause in clauses) or len(clauses) <= 1


def _imagines(sentence: str) -> bool:
    plain = LEADING_FILLER.sub("", sentence, count=1) or sentence
    if _REQUESTS.search(plain) or len(plain.split()) > _LONGEST_IDEA:
        return False
    clauses = [clause for clause in _CLAUSE.split(plain) if len(clause.split()) >= _FEWEST_WORDS] or [plain]
    return _IMAGINES.search(clauses[0]) is not None

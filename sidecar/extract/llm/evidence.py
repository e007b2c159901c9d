"""Whether a statement may be believed on its cited lines: decided by code, never by a model's word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from sidecar.expressions import regex
from sidecar.extract.llm.asking import only_asks
from sidecar.extract.llm.figures import squashed, stems, weight, word_forms
from sidecar.extract.llm.ground import Ground
from sidecar.extract.llm.lines import Line
from sidecar.extract.llm.negation import flips
from sidecar.extract.llm.values import Value, values
from sidecar.extract.noise import Noise, noise
from sidecar.model import MemoryType
from sidecar.records import dataclass

SHORTEST, LONGEST = 12, 480
"""Characters of a statement; less says nothing by itself, more is several statements or a copy of its source."""

MOST_LINES = 6
"""Lines that one statement may cite."""

_IDENTIFIER = regex(r"(?<![\w.@-])[A-Za-z]+[A-Za-z@-]*\d[\w@-]*")
"""Names with figures in them: "NDCG@10", "ESP32-C3", "node2"."""

_FEWEST_WORDS = 2
_SHORTEST_WORDS = 4
"""Words from which a text of fewer characters is a statement: a Chinese one may have eight."""

_LEAST_SHARED = 2
"""Words of meaning that a statement shares with its source, where no value ties the two."""

_NEAR = 3
"""Lines before or after a cited one in which a value may stand that the model did not cite."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of a model with the numbers of the lines that it cites; `type` is what the model called it."""

    content: str
    lines: tuple[int, ...]
    type: MemoryType = MemoryType.FACT


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a claim; `why` names the repair or the reason, for people."""

    outcome: Literal["passed", "repaired", "dropped"]
    claim: Claim
    why: str = ""

    @property
    def kept(self) -> bool:
        """Whether the claim goes on."""
        return self.outcome != "dropped"


class Evidence:
    """Checks claims against the lines that a model was shown."""

    def __init__(self, lines: Sequence[Line], names: Iterable[str] = ()) -> None:
        """`names`: texts whose words may be named without a source: the project, the user, what is known of both."""
        names = list(names)
        self._lines = list(lines)
        self._at = {line.number: index for index, line in enumerate(self._lines)}
        self._names = frozenset(word for text in names for word in word_forms(text) if not word.isdigit())
        self._identifiers = frozenset(squashed(token) for text in names for token in _IDENTIFIER.findall(text))
        self._grounds: dict[tuple[int, ...], Ground] = {}

    def check(self, claim: Claim) -> Finding:
        """Passed, with repaired citations, or dropped with the reason."""
        content = " ".join(claim.content.split())
        cited = tuple(sorted({number for number in claim.lines if number in self._at}))[:MOST_LINES]
        claim = replace(claim, content=content, lines=cited)
        unfit = _unfit(content)
        if unfit:
            return Finding("dropped", claim, unfit)
        finding = self._grounded(claim)
        if not finding.kept:
            return finding
        unsound = self._unsound(finding.claim)
        return Finding("dropped", finding.claim, unsound) if unsound else finding

    def lines_of(self, claim: Claim) -> list[Line]:
        """The lines that a claim cites, in order."""
        return [self._lines[self._at[number]] for number in claim.lines]

    def _grounded(self, claim: Claim) -> Finding:
        """The claim with lines that have its values; without any value, with lines that speak of the same."""
        wanted = values(claim.content)
        missing = self._missing(claim.lines, wanted) if claim.lines else wanted
        if not missing:
            return self._related(claim, tied=len(wanted))
        strict = [value for value in wanted if not value.name]
        if claim.lines and len(missing) < len(wanted):
            extended = self._extended(claim, missing)
            if extended is not None:
                return Finding("repaired", extended, "a value stands in a line near the cited ones")
        found = self._elsewhere(claim, wanted) or (self._elsewhere(claim, strict) if strict else None)
        if found is not None:
            rest = self._ground(found.lines).missing(wanted)
            extended = self._extended(found, rest) if rest else found
            if extended is not None:
                return Finding("repaired", extended, "the values stand in another line")
        named = ", ".join(sorted({value.text for value in missing}))
        return Finding("dropped", claim, f"not in the cited lines: {named}")

    def _missing(self, numbers: tuple[int, ...], wanted: Sequence[Value]) -> list[Value]:
        """The values that lines do not have, but for what is only named: things that are known already.

        "The gate" of which a line tells a new figure may be called by its known name, "NDCG@10", figures and all; not
        where no value of the claim stands in the line, or where the line has another one of its kind.
        """
        ground = self._ground(numbers)
        missing = ground.missing(wanted)
        if not missing or all(value.name or value in missing for value in wanted):
            return missing
        said = " ".join(self._lines[self._at[number]].text for number in numbers)
        return [value for value in missing if not self._is_known_thing(value, said)]

    def _is_known_thing(self, value: Value, said: str) -> bool:
        if squashed(value.text) not in self._identifiers:
            return False
        letters = re.split(r"[\W\d]", value.text, maxsplit=1)[0]
        return not re.search(rf"(?<!\w){re.escape(letters)}[\W_]?\d", said, re.IGNORECASE)

    def _related(self, claim: Claim, *, tied: int) -> Finding:
        """A claim whose values, `tied` of them, are all there, if the lines speak of the same."""
        if not claim.lines:
            return Finding("dropped", claim, "it cites no line")
        about = stems(claim.content)
        # Several values tie a claim even to lines in another language; one alone may be there by chance.
        needed = max(_LEAST_SHARED - tied, 0) if tied else min(_LEAST_SHARED, len(about) - 1)
        if len(about & self._around(claim.lines)) < needed:
            return Finding("dropped", claim, "the cited lines speak of something else")
        return Finding("passed", claim)

    def _extended(self, claim: Claim, missing: Iterable[Value]) -> Claim | None:
        """The claim with the nearest lines that have what is missing: names from anywhere, figures from close by."""
        added: set[int] = set()
        first, last = self._at[claim.lines[0]], self._at[claim.lines[-1]]
        for value in missing:
            if added and self._ground(tuple(sorted(added))).has(value):
                continue
            reach = len(self._lines) if value.name else _NEAR
            # What came before explains a "she" or "there" sooner than what comes after.
            before = range(last, max(first - reach, 0) - 1, -1)
            after = range(last + 1, min(last + reach, len(self._lines) - 1) + 1)
            places = (self._lines[index].number for index in (*before, *after))
            place = next((number for number in places if self._ground((number,)).has(value)), None)
            if place is None:
                return None
            added.add(place)
        together = tuple(sorted(added | set(claim.lines)))
        return replace(claim, lines=together) if len(together) <= MOST_LINES else None

    def _elsewhere(self, claim: Claim, wanted: Sequence[Value]) -> Claim | None:
        """The claim with the one line, or two neighbouring ones, that have all values; None if there is a doubt."""
        numbers = [line.number for line in self._lines]
        for length in (1, 2):
            windows = [tuple(numbers[at : at + length]) for at in range(len(numbers) - length + 1)]
            fitting = [window for window in windows if not self._ground(window).missing(wanted)]
            if not fitting:
                continue
            about = stems(claim.content)
            scored = sorted(((len(about & self._stems(one)), one) for one in fitting), reverse=True)
            unique = len(scored) == 1 or scored[0][0] > scored[1][0]
            # Where the cited lines speak of it and have no such value, the value is the model's own.
            nearer = scored[0][0] >= max(_LEAST_SHARED, len(about & self._stems(claim.lines)))
            return replace(claim, lines=scored[0][1]) if unique and nearer else None
        return None

    def _unsound(self, claim: Claim) -> str:
        """Why lines that have the values do not carry the claim all the same; empty if they do."""
        lines = self.lines_of(claim)
        if all(line.context for line in lines):
            return "it rests on earlier messages alone"
        if all(only_asks(line.text) for line in lines if not line.context):
            return "the cited lines only ask, or play with an idea"
        if flips(claim.content, "\n".join(line.text for line in lines)):
            return "the cited lines say the opposite"
        return ""

    def _ground(self, numbers: tuple[int, ...]) -> Ground:
        known = self._grounds.get(numbers)
        if known is None:
            lines = [self._lines[self._at[number]] for number in numbers]
            known = Ground([(line.text, line.said) for line in lines], self._names)
            self._grounds[numbers] = known
        return known

    def _stems(self, numbers: Iterable[int]) -> frozenset[str]:
        return frozenset(stem for number in numbers for stem in stems(self._lines[self._at[number]].text))

    def _around(self, numbers: Sequence[int]) -> frozenset[str]:
        """The words of the cited lines and of those beside them, which they may answer."""
        first, last = self._at[numbers[0]], self._at[numbers[-1]]
        near = self._lines[max(first - _NEAR, 0) : last + 2]
        return self._stems(line.number for line in near)


_REFUSAL = regex(
    r"\b(?:i'?m sorry|i am sorry|i apologi[sz]e|as an ai|as a language model|i can(?:no|')?t (?:assist|help"
    r"|provide|comply)"
    r"|unable to (?:assist|help)|cannot assist)\b|^(?:n/?a|none|unknown|null|no (?:new |relevant |durable |lasting )*"
    r"(?:facts?|information|statements?|details?|memor(?:y|ies))\b.*)\.?$",
    re.IGNORECASE,
)
_ABOUT_THE_TALK = regex(
    r"^(?:the )?(?:user|assistant|agent|developer|human|speaker|ai)(?: (?:then|also|just))? (?:is "
    r"|was )?(?:ask(?:s|ed|ing)"
    r"|request(?:s|ed|ing)|inquir\w+|thank(?:s|ed)|greet\w*|said (?:hello|hi|thanks|ok|yes|no)\b"
    r"|acknowledg\w+|repl(?:y|ies|ied)"
    r"|respond(?:s|ed)|wants? (?:to know|me to|the assistant)|offer(?:s|ed)|apologi[sz]\w+|ran|read"
    r"|look(?:s|ed) (?:at|into)"
    r"|will (?:look|check|run|read|try))\b"
    r"|^(?:this|the) (?:transcript|conversation|chat|discussion|message|line)s?\b",
    re.IGNORECASE,
)


def _unfit(content: str) -> str:
    """Why a text is no statement at all; empty if it is one."""
    if len(content) > LONGEST or (len(content) < SHORTEST and weight(content) < _SHORTEST_WORDS):
        return "it is too short or too long"
    if weight(content) < _FEWEST_WORDS or not stems(content):
        return "it says nothing"
    if content.endswith("?"):
        return "it is a question"
    if _REFUSAL.search(content) or _ABOUT_THE_TALK.search(content):
        return "it speaks of the conversation"
    if noise(content.lower()) is Noise.CREDENTIAL:
        return "it speaks of a secret's value"
    return ""

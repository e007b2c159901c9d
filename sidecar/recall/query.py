"""What is asked: its terms, what they weigh, and whether it asks at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from sidecar.index import MAX_COVERAGE_TERMS, View, idf, stems
from sidecar.model import ProfileRef
from sidecar.recall.weights import Gate

Form = Literal["question", "telling", "topic", "command"]

_ORDERS = """
    add adjust apply build bump change check clean commit compile complete continue convert copy create debug delete
    deploy design download draft draw edit export extend extract finish fix format generate go implement import
    improve increase inline insert install investigate keep lint load look make merge migrate modify move open
    optimise optimize paste plan play polish print proceed profile push put read rebase rebuild redo refactor reformat
    remove rename replace reply reset respond restart retry return revert review rewrite run save scaffold send set
    setup simplify sort split squash start stop swap test tidy translate try turn undo uninstall update upgrade upload
    use validate verify wait wrap write
"""
"""Verbs that open an order to do something."""

_TELLING = (
    "compare count describe explain find give list recall recommend remind show suggest summarise summarize tell trace"
)
"""Verbs that open an order to say something, which is a question."""

_CHATTER = """
    absolutely ah alright amazing awesome bug bye case cheers class code command cool correct diff difference docs done
    error exactly excellent example fail failing file fine folder following function good goodbye great haha happy hello
    hey hi hmm idea issue job joke lgtm like line lol lovely message method module morning need nice ok okay people
    perfect please problem right script ship something stuff sure thank thanks think time today tomorrow tonight typo
    variable version want way welcome well word work works wow wrong yeah yep yesterday
"""
_EVERYDAY = f"{_ORDERS} {_TELLING} {_CHATTER}"
"""Words of any talk with an agent, whatever the project."""

_ASKING = re.compile(
    r"^(?:(?:and|so|but|hey|hi|ok|okay|well|also|again|from [^,:]{1,40})[,:]? )*"
    r"(?:what|when|where|which|who|whom|whose|why|how|is|are|was|were|do|does|did|has|have|had|can|may|should|shall|"
    r"must|any|am|whats|whos|remind|recall|wer|wie|wo|wann|warum|welche[rsnm]?)\b"
)
_POLITE = re.compile(
    r"^(?:(?:please|pls|now|then|next|ok(?:ay)?|great|so|and|also|just|let's|lets|go ahead and|"
    r"(?:can|could|would|will) you(?: please)?|i(?:'d| would)? (?:want|need|like)(?: you)? to|"
    r"we (?:need|want) to|help me)[,:]?\s+)+"
)
_SMALL_NUMBER = re.compile(r"\d{1,3}")
"""A line number or a quantity; a port or a year tells more."""

_LETTER = re.compile(r"[^\W\d_]")
_LAST_LATIN = "\u024f"
_FIRST_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the channels take it.

    `weights`: idf of each term over the profiles asked, the weightiest first; `telling`: the same terms as the gate
    weighs them, everyday words at a discount; `content`: those that are not everyday; `foreign`: not in Latin letters.
    """

    text: str
    form: Form
    weights: dict[str, float]
    telling: dict[str, float]
    content: frozenset[str]
    foreign: bool

    @property
    def everyday(self) -> frozenset[str]:
        """Everyday words that name a thing, not those of telling, and no numbers."""
        named = frozenset(term for term in self.weights if not _SMALL_NUMBER.fullmatch(term))
        return named - self.content - _stemmed(_TELLING)

    def covered(self, has: Collection[str]) -> float:
        """The share of the query's weight that some of its terms make up."""
        return _share(self.weights, has)

    def covered_tellingly(self, has: Collection[str]) -> float:
        """The same as the gate weighs it."""
        return _share(self.telling, has)


def _share(weights: Mapping[str, float], has: Collection[str]) -> float:
    whole = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in has) / whole if whole else 0.0


def analyse(text: str, view: View, profiles: Sequence[ProfileRef]) -> Query:
    """The query for the profiles that are asked; of many terms the weightiest count."""
    terms = list(dict.fromkeys(stems(text)))
    counts, size = dict.fromkeys(terms, 0), 0
    for profile in profiles:
        found, documents = view.frequencies(profile, terms)
        size += documents
        for term, count in found.items():
            counts[term] += count
    weighed = sorted(((term, idf(size, counts[term])) for term in terms), key=lambda item: (-item[1], item[0]))
    weights = dict(weighed[:MAX_COVERAGE_TERMS])
    everyday = {term for term in weights if term in _stemmed(_EVERYDAY) or _SMALL_NUMBER.fullmatch(term)}
    telling = {term: weight * (Gate.EVERYDAY if term in everyday else 1.0) for term, weight in weights.items()}
    content = frozenset(weights) - everyday
    return Query(text, form_of(text), weights, telling, content, _is_foreign(text))


def _is_foreign(text: str) -> bool:
    """Whether most letters are of a script other than Latin."""
    letters = _LETTER.findall(text)
    other = [letter for letter in letters if letter > _LAST_LATIN]
    return 2 * len(other) > len(letters)


def form_of(text: str) -> Form:
    """Whether a prompt asks, wants to be told, states or names something, or orders something to be done."""
    start = " ".join(text.casefold().split())
    bare = _POLITE.sub("", start)
    word = _FIRST_WORD.match(bare)
    if word and word.group() in _words(_ORDERS):
        return "command"
    if word and word.group() in _words(_TELLING):
        return "telling"
    return "question" if _ASKING.match(start) or start.endswith(("?", "？")) else "topic"


@cache
def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


@cache
def _stemmed(listed: str) -> frozenset[str]:
    return frozenset(stems(listed))

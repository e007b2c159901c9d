"""What is asked: its terms, what they weigh, and whether it asks at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from sidecar.expressions import regex
from sidecar.index import MAX_COVERAGE_TERMS, View, idf, name_number, stems, term_shares, traits
from sidecar.model import ProfileRef
from sidecar.recall.prompt import EVERYDAY, TELLING, Manner, manner_of
from sidecar.recall.synonyms import synonyms
from sidecar.recall.weights import Gate

_SMALL_NUMBER = regex(r"\d{1,3}")
"""A line number or a quantity; a port or a year tells more."""

_WORD = regex(r"[\w+#'’]+")
_NAME = regex(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LETTER = regex(r"[^\W\d_]")
_LAST_LATIN = "\u024f"


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the channels take it.

    `words`: what each word weighs in the query's vector; `weights`: idf of each term over the profiles asked, of a
    word's parts each its share, the weightiest first; `synonyms`: other terms for them; `telling`: the same terms as
    the gate weighs them, everyday words at a discount; `content`: those that are not everyday; `known`: those of them
    that some document has; `strangers`: how many names no document has; `foreign`: not in Latin letters; `voices`: the
    numbers of its words as names of speakers.
    """

    text: str
    manner: Manner
    words: dict[str, float]
    weights: dict[str, float]
    synonyms: dict[str, float]
    telling: dict[str, float]
    content: frozenset[str]
    known: frozenset[str]
    strangers: int
    foreign: bool
    voices: frozenset[int]

    @property
    def everyday(self) -> frozenset[str]:
        """Everyday words that name a thing, not those of telling, and no numbers."""
        named = frozenset(term for term in self.weights if not _SMALL_NUMBER.fullmatch(term))
        return named - self.content - _stemmed(TELLING)

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
    shares = term_shares(text)
    counts, size = _counted(view, profiles, list(shares))
    idfs = {term: idf(size, counts[term]) for term in shares}
    weighed = sorted(((term, idfs[term] * share) for term, share in shares.items()), key=_weightiest)
    weights = dict(weighed[:MAX_COVERAGE_TERMS])
    everyday = {term for term in weights if term in _stemmed(EVERYDAY) or _SMALL_NUMBER.fullmatch(term)}
    telling = {term: weight * (Gate.EVERYDAY if term in everyday else 1.0) for term, weight in weights.items()}
    content = frozenset(weights) - everyday
    manner = manner_of(text)
    return Query(
        text=text,
        manner=manner,
        words=_words_weighed(text, idfs),
        weights=weights,
        synonyms=_synonyms(weights, view, profiles),
        telling=telling,
        content=content,
        known=frozenset(term for term in content if counts[term]),
        strangers=sum(not any(counts.get(term) for term in stems(name)) for name in manner.names),
        foreign=_is_foreign(text),
        voices=frozenset(name_number(word) for word in _NAME.findall(text)) - {traits.NO_VOICE},
    )


def _counted(view: View, profiles: Sequence[ProfileRef], terms: Sequence[str]) -> tuple[dict[str, int], int]:
    """In how many documents of the profiles each term is, and how many there are."""
    counts, size = dict.fromkeys(terms, 0), 0
    for profile in profiles:
        found, documents = view.frequencies(profile, terms)
        size += documents
        for term, count in found.items():
            counts[term] += count
    return counts, size


def _synonyms(weights: Mapping[str, float], view: View, profiles: Sequence[ProfileRef]) -> dict[str, float]:
    """Other terms for those of the query that some document has, the weightiest first.

    Each weighs what it does itself, and not more than the term for which it stands.
    """
    standing: dict[str, float] = {}
    for term, weight in weights.items():
        for other in sorted(synonyms(term) - weights.keys()):
            standing[other] = max(standing.get(other, 0.0), weight)
    counts, size = _counted(view, profiles, list(standing))
    weighed = [(term, min(weight, idf(size, counts[term]))) for term, weight in standing.items() if counts[term]]
    return dict(sorted(weighed, key=_weightiest))


def _weightiest(item: tuple[str, float]) -> tuple[float, str]:
    term, weight = item
    return -weight, term


@lru_cache(maxsize=4096)
def _terms(word: str) -> tuple[str, ...]:
    """The terms of a word, each once, remembered: people ask in the same words."""
    return tuple(term_shares(word))


def _words_weighed(text: str, weights: Mapping[str, float]) -> dict[str, float]:
    """The words as the vectors take them, each with the root of its weightiest term's idf; stop words have none."""
    found: dict[str, float] = {}
    for word in _WORD.findall(text):
        best = max([weights.get(term, 0.0) for term in _terms(word)], default=0.0)
        if best:
            found[word] = best**0.5
    return found


def _is_foreign(text: str) -> bool:
    """Whether most letters are of a script other than Latin."""
    letters = _LETTER.findall(text)
    other = [letter for letter in letters if letter > _LAST_LATIN]
    return 2 * len(other) > len(letters)


@cache
def _stemmed(listed: str) -> frozenset[str]:
    return frozenset(stems(listed))

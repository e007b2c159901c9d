"""An answer from the best hits' own sentences: quoted, dated, never invented."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.expressions import regex
from sidecar.index import Embedder, IndexedMemory, stems
from sidecar.recall.fuse import Candidate, sentences
from sidecar.recall.query import Query
from sidecar.recall.reckon import Dated, asked, reckon
from sidecar.recall.weights import (
    ANSWER_ASKING,
    ANSWER_CHARACTERS,
    ANSWER_FURTHER,
    ANSWER_HITS,
    ANSWER_SENTENCE_CHARACTERS,
    ANSWER_SENTENCES_A_HIT,
    ANSWER_WHOLE,
)
from sidecar.records import dataclass

_MARKUP = regex(r"^(?:[-*+>]|#{1,6}|\d+[.)])\s+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many statements an answer may have, and the moment of asking."""

    most: int
    reference: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: what was reckoned, and what is quoted; either may be empty."""

    reckoned: str = ""
    quoted: str = ""

    @property
    def text(self) -> str:
        """Both, the sum first."""
        return "\n".join(filter(None, (self.reckoned, self.quoted)))


class _Sentence(NamedTuple):
    text: str
    hit: int
    place: int
    terms: tuple[str, ...]


def extract(
    query: Query, vector: NDArray[np.float32], candidates: Sequence[Candidate], embedder: Embedder, wanted: Wanted
) -> Answered:
    """At most so many statements that best cover the query, in the order of the hits they come from.

    Nothing outdated is quoted, and no task beside something better.  Each hit's sentences follow its date.  What the
    question wants reckoned stands before them.
    """
    usable = [candidate for candidate in candidates if not candidate.outdated][:ANSWER_HITS]
    pieces = [
        _Sentence(text, hit, place, tuple(stems(text)))
        for hit, candidate in enumerate(usable)
        for place, text in enumerate(_readable(candidate, whole=wanted.most > 1)[:ANSWER_SENTENCES_A_HIT])
    ]
    if not pieces:
        return Answered()
    scores = _scores(query, vector, usable, pieces, embedder)
    best = _chosen(pieces, scores, wanted.most)
    sums = _reckoned(query, [Dated(piece.text, usable[piece.hit].time) for piece in best], embedder, wanted.reference)
    chosen = sorted(best, key=lambda piece: (piece.hit, piece.place))
    parts = []
    for hit in dict.fromkeys(piece.hit for piece in chosen):
        said = " ".join(_ended(piece.text) for piece in chosen if piece.hit == hit)
        time = usable[hit].time
        parts.append(f"{time:%Y-%m-%d}: {said}" if time else said)
    return Answered(sums, "\n".join(parts))


def _reckoned(query: Query, texts: Sequence[Dated], embedder: Embedder, reference: datetime) -> str:
    wanted = asked(query.text)
    if wanted is None:
        return ""

    def nearest(phrase: str, among: Sequence[str]) -> int:
        vector = embedder.weighted({word: weight for word, weight in query.words.items() if word.casefold() in phrase})
        return int(np.argmax(embedder.encode(among) @ vector))

    return reckon(wanted, texts, reference, nearest)


def _readable(candidate: Candidate, *, whole: bool) -> list[str]:
    """What can be quoted of a hit: all of a short one, whose sentences lean on each other, else its sentences.

    List marks and headings' marks are left out.
    """
    content = candidate.document.content
    found = [_MARKUP.sub("", sentence) for sentence in sentences(content[:ANSWER_CHARACTERS])]
    if whole and len(content) <= ANSWER_WHOLE and not any(text.endswith(("?", "？")) for text in found):
        found = [" ".join(_ended(text) for text in found)]
    return [
        sentence[:ANSWER_SENTENCE_CHARACTERS]
        for sentence in found
        if any(character.isalnum() for character in sentence)
    ]


def _scores(
    query: Query,
    vector: NDArray[np.float32],
    usable: Sequence[Candidate],
    pieces: Sequence[_Sentence],
    embedder: Embedder,
) -> list[float]:
    """Of each sentence: how much of the query it covers and how near it is, in the light of its hit's own score."""
    cosines = embedder.encode([piece.text for piece in pieces]) @ vector
    best = usable[0].score or 1.0
    found = []
    for piece, cosine in zip(pieces, cosines, strict=True):
        near = max(0.0, float(cosine)) + query.covered(set(piece.terms))
        standing = min(1.0, usable[piece.hit].score / best)
        told = isinstance(usable[piece.hit].document, IndexedMemory)
        asks = not told and piece.text.rstrip().endswith(("?", "？"))
        found.append(near * standing * (ANSWER_ASKING if asks else 1.0))
    return found


def _chosen(pieces: Sequence[_Sentence], scores: Sequence[float], most: int) -> list[_Sentence]:
    """The best sentences, each once, as long as they come near the best one."""
    ranked = sorted(range(len(pieces)), key=lambda number: (-scores[number], number))
    chosen: dict[str, _Sentence] = {}
    for number in ranked:
        if len(chosen) == most or scores[number] < ANSWER_FURTHER * scores[ranked[0]]:
            break
        chosen.setdefault(" ".join(pieces[number].terms), pieces[number])
    return list(chosen.values())


def _ended(sentence: str) -> str:
    if len(sentence) == ANSWER_SENTENCE_CHARACTERS:
        return sentence[:-1].rstrip() + "…"
    return sentence if sentence.endswith((".", "!", "?", "…", ":", ";", "。", "！", "？")) else sentence + "."

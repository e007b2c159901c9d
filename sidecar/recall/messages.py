"""Verbatim messages in one order: what they say, what stands around them, who said it, and what kind of thing is asked.

A message is seldom a whole statement.  Its words and its meaning are judged together with those of the answer that
follows, of the question before it, and of the best that its session has; the sum is fitted on conversations (see
`weights.Talk`).  Everything is arithmetic over arrays: no text is read here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sidecar.index import Block, Filters, View, traits, wanted
from sidecar.model import ProfileRef
from sidecar.recall.arrays import distinct, foremost
from sidecar.recall.query import Query
from sidecar.recall.weights import LOOKED_AT, Talk
from sidecar.records import dataclass

_FIELDS = {"text": 1.0}

Places = NDArray[np.intp]
Scores = NDArray[np.float32]
Matrix = NDArray[np.float32]


class Spoken(NamedTuple):
    """A message that may be given: its row, its score by words, its cosine, and what it is worth in all.

    The score by words is a share of what the query's words weigh together.
    """

    row: int
    words: float
    cosine: float
    worth: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of one profile's messages, and for how many of them."""

    query: Query
    vector: NDArray[np.float32]
    filters: Filters
    most: int


def spoken(view: View, profile: ProfileRef, asked: Asked) -> list[Spoken]:
    """The messages of most worth, and with them the best by words and by meaning alone; in no order."""
    block = view.messages_of(profile)
    if block is None:
        return []
    query = asked.query
    rows_found, scores = view.worded("message", profile, query.weights, _FIELDS, asked.filters, Talk.POOL)
    places = block.places(rows_found)
    # One more than there are messages: the place -1, which is nobody's, then reads as nothing.
    words = np.zeros(block.size + 1, np.float32)
    words[places] = scores
    allowed = wanted(block, asked.filters)
    near, _ = block.nearest(asked.vector, allowed, Talk.POOL_NEAR)
    pool = _pool(block, places, near, allowed)
    if not len(pool):
        return []
    cosines = block.cosines(asked.vector, pool)
    words[places] /= np.float32(sum(query.weights.values()) or 1.0)
    worth = _worth(block, query, pool, words, cosines)
    if query.manner.resumes:
        worth = _with_kindred(block, pool, worth)
    worded = words[pool]
    ranked = [foremost(worth, asked.most), foremost(worded, LOOKED_AT), foremost(cosines, LOOKED_AT)]
    best = distinct(np.concatenate(ranked))
    columns = (block.column("row")[pool[best]], worded[best], cosines[best], worth[best])
    return [Spoken(*each) for each in zip(*(column.tolist() for column in columns), strict=True)]


def _pool(block: Block, worded: Places, near: Places, allowed: NDArray[np.bool_]) -> Places:
    """The places that are compared: what was found, and what stands beside what was found by words."""
    beside = (block.threads.before[worded], block.threads.after[worded])
    places: Places = distinct(np.concatenate([worded, near, *beside]))
    there = places[places >= 0]
    return there[allowed[there]]


def _worth(block: Block, query: Query, pool: Places, words: Scores, cosines: Scores) -> Scores:
    """What each place of the pool is worth.

    `words`: of every place, as shares of what the query's words weigh together; `cosines`: of those of the pool.
    """
    threads, kinds = block.threads, block.column("traits")
    before, after, session = threads.before[pool], threads.after[pool], threads.session[pool]
    mine = kinds[pool]
    asked = words[before] * (kinds[before] & traits.ASKING > 0)
    worth = Talk.WORDS * words[pool] + Talk.AFTER * words[after] + Talk.ANSWERING * asked
    worth += Talk.MEANING * cosines + Talk.SESSION_WORDS * _best_of_session(session, words[pool])
    worth -= Talk.BY_AGENT * (mine & traits.BY_AGENT > 0)
    if query.manner.dated:
        worth += Talk.DATED * (mine & traits.DATED > 0)
    if query.manner.resumes:
        worth -= Talk.LATER * np.log1p(threads.later[pool])
    if voices := query.voices & threads.voices:
        worth += Talk.VOICE * np.isin(block.column("voice")[pool], sorted(voices))
    found: Scores = worth.astype(np.float32)
    return found


def _best_of_session(session: NDArray[np.int32], scores: Scores) -> Scores:
    """For each place the best score of its session."""
    return _best(session, scores, np.float32(0))[session]


def _with_kindred(block: Block, pool: Places, worth: Scores) -> Scores:
    """The worth of messages, each with what the sessions lend it that are most like its own.

    Work on one thing is spread over sessions, and a prompt that goes on with it shares words with some of them: they
    speak for the others.  Only the best sessions are compared, so that the cost has an end: each is the mean of what
    is here of it, seen from the mean of all.  The best message is worth as much as before: beside memories nothing
    changes.
    """
    _, number = np.unique(block.threads.session[pool], return_inverse=True)
    best = _best(number, worth, np.float32(-np.inf))
    if len(best) < Talk.KINDRED_LEAST or worth.max() <= 0:
        return worth
    good = np.argsort(-best, kind="stable")[: Talk.KINDRED_AMONG]
    lent = np.zeros(len(best), np.float32)
    lent[good] = _alike(block, pool, number, good) @ (best[good] - best[good].min())
    found: Scores = (worth + Talk.KINDRED * lent[number]).astype(np.float32)
    return found * np.float32(worth.max() / found.max())


def _alike(block: Block, pool: Places, number: Places, good: Places) -> Matrix:
    """How much each of some sessions is like each other one, as shares that add up to 1.

    `number`: of each place of the pool the session; `good`: the numbers of those that are compared.
    """
    rank = np.full(number.max() + 1, len(good), np.intp)
    rank[good] = np.arange(len(good))
    ranks = rank[number]
    order = np.argsort(ranks, kind="stable")[: np.count_nonzero(ranks < len(good))]
    starts = np.flatnonzero(np.diff(ranks[order], prepend=-1))
    means = _directions(np.add.reduceat(block.vectors(pool[order]), starts, axis=0))
    away = _directions(means - means.mean(axis=0))
    alike = np.exp(Talk.KINDRED_NARROW * np.einsum("ik,jk->ij", away, away))
    np.fill_diagonal(alike, 0.0)
    shares: Matrix = alike / alike.sum(axis=1, keepdims=True)
    return shares


def _best(number: NDArray[np.signedinteger[Any]], scores: Scores, least: np.float32) -> Scores:
    """The best score of each session, by its number from 0; `least` for one that is not among them."""
    best = np.full(number.max() + 1, least, np.float32)
    np.maximum.at(best, number, scores)
    return best


def _directions(vectors: Matrix) -> Matrix:
    """Vectors of length 1; what has no direction stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Matrix = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return found

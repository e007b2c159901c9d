"""Verbatim messages in one order: what they say, what stands around them, who said it, and what kind of thing is asked.

A message is seldom a whole statement.  Its words and its meaning are judged together with those of the answer that
follows, of the question before it, and of the best that its session has; the sum is fitted on conversations (see
`weights.Talk`).  Everything is arithmetic over arrays: no text is read here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sidecar.index import SLACK, Block, Filters, View, candidates, distinct, foremost, traits, wanted
from sidecar.model import ProfileRef
from sidecar.recall.query import Query
from sidecar.recall.weights import LOOKED_AT, Talk

PARTS = ("raw", "raw_vector")
"""The channels of messages: their scores by words, as shares of what the query's words weigh together, and by meaning.
"""

_FIELDS = {"text": 1.0}

_TRAITS = np.arange(256)
_ANSWERING = np.where(_TRAITS & traits.ASKING, Talk.ANSWERING, 0).astype(np.float32)
"""By the traits of a message what the words of it count for the one that follows."""

_BY_AGENT = -Talk.BY_AGENT * (_TRAITS & traits.BY_AGENT > 0)
_OWN = {
    False: _BY_AGENT.astype(np.float32),
    True: (_BY_AGENT + Talk.DATED * (_TRAITS & traits.DATED > 0)).astype(np.float32),
}
"""By the traits of a message what they are worth themselves; True: where a time is asked for."""

Places = NDArray[np.intp]
Scores = NDArray[np.float32]
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranked:
    """What may be given of one profile, the later row first: its row, its score by channel, what it is worth in all."""

    rows: Sequence[int]
    scores: Mapping[str, Sequence[float]]
    worth: Sequence[float]


NOTHING = Ranked((), {}, ())


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of one profile's messages, and for how many of them."""

    query: Query
    vector: NDArray[np.float32]
    filters: Filters
    most: int


def spoken(view: View, profile: ProfileRef, asked: Asked) -> Ranked:
    """The messages of most worth, and with them the best by words and by meaning alone."""
    block = view.messages_of(profile)
    if block is None:
        return NOTHING
    query = asked.query
    places, scores = view.worded("message", profile, query.weights, _FIELDS, asked.filters, Talk.POOL)
    scores /= np.float32(sum(query.weights.values()) or 1.0)
    # One more than there are messages: the place -1, which is nobody's, then reads as nothing.
    words = np.zeros(block.size + 1, np.float32)
    words[places] = scores
    allowed = wanted(block, asked.filters)
    near, cosines = block.nearly_nearest(asked.vector, allowed, Talk.POOL_NEAR)
    pool = distinct(np.concatenate([near, _around(block, places, allowed)]))
    if not len(pool):
        return NOTHING
    pool, worded, cosines, worth = _decided(block, asked, pool, words, cosines.take(pool))
    ranked = [foremost(worth, asked.most), foremost(worded, LOOKED_AT), foremost(cosines, LOOKED_AT)]
    best = distinct(np.concatenate(ranked))[::-1]
    channels = dict(zip(PARTS, (worded[best].tolist(), cosines[best].tolist()), strict=True))
    return Ranked(block.column("row")[pool[best]].tolist(), channels, worth[best].tolist())


def _decided(
    block: Block, asked: Asked, pool: Places, words: Scores, nearly: Scores
) -> tuple[Places, Scores, Scores, Scores]:
    """Those of the pool that may be among the best, with their scores by words, their cosines and their worth.

    `nearly`: the cosines of the pool by bytes.  They tell of most that it cannot be; what is left is compared exactly.
    """
    query, worded = asked.query, words.take(pool)
    if query.manner.resumes:  # then all of the pool speaks for each other
        cosines = block.cosines(asked.vector, pool)
        return pool, worded, cosines, _with_kindred(block, pool, _worth(block, query, pool, words, cosines))
    rest = _worth(block, query, pool, words, np.zeros_like(nearly))
    worth = rest + Talk.MEANING * nearly
    near, best = candidates(nearly, LOOKED_AT), candidates(worth, asked.most, Talk.MEANING * SLACK)
    kept = distinct(np.concatenate([near, best, foremost(worded, LOOKED_AT)]))
    pool = pool[kept]
    cosines = block.cosines(asked.vector, pool)
    return pool, worded[kept], cosines, rest[kept] + Talk.MEANING * cosines


def _around(block: Block, worded: Places, allowed: NDArray[np.bool_]) -> Places:
    """The places that were found by words, and what stands beside them."""
    threads = block.threads
    places: Places = np.concatenate([worded, threads.before.take(worded), threads.after.take(worded)])
    there = places[places >= 0]
    return there[allowed.take(there)]


def _worth(block: Block, query: Query, pool: Places, words: Scores, cosines: Scores) -> Scores:
    """What each place of the pool is worth.

    `words`: of every place, as shares of what the query's words weigh together; `cosines`: of those of the pool.
    """
    threads, kinds = block.threads, block.column("traits")
    before, worded = threads.before.take(pool), words.take(pool)
    worth = Talk.MEANING * cosines + Talk.WORDS * worded
    worth += Talk.AFTER * words.take(threads.after.take(pool))
    worth += words.take(before) * _ANSWERING.take(kinds.take(before))
    worth += Talk.SESSION_WORDS * _best_of_session(threads.session.take(pool), worded)
    worth += _OWN[query.manner.dated].take(kinds.take(pool))
    if query.manner.resumes:
        worth -= Talk.LATER * np.log1p(threads.later[pool])
    if voices := query.voices & threads.voices:
        worth += Talk.VOICE * np.isin(block.column("voice")[pool], sorted(voices))
    found: Scores = worth.astype(np.float32, copy=False)
    return found


def _best_of_session(session: NDArray[np.int32], scores: Scores) -> Scores:
    """For each place the best score of its session."""
    return _best(session, scores, np.float32(0)).take(session)


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

"""Searching what the engine does not have yet: a few documents in memory, beside the engine's last commit.

A commit of the engine syncs a dozen files and starts threads that merge, however little it brings.  So a few documents
are found from memory until there are more, or there is nothing else to do (see `shelf`).  What is given is what the
engine would give after a commit, but for this: the average length of a field, with which its scores are reckoned, is
that of its last commit, and its numbers have 32 bits.

Documents are only added so.  One that is gone must not come back with a kill, and is committed at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sidecar.index.arrays import foremost
from sidecar.index.documents import Cut, Filters, Found, labels_of
from sidecar.index.lexical import MAX_COVERAGE_TERMS, LexicalReader
from sidecar.index.scores import idf, kept_length, saturated, shares_of


class Fresh:
    """A document as it is searched in memory."""

    __slots__ = ("counts", "cut", "labels", "lengths", "profile", "row")

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.row, self.profile = cut.entry.row, cut.entry.profile
        self.counts: Mapping[str, Mapping[str, int]] = {field: Counter(terms) for field, terms in cut.terms.items()}
        self.lengths = {field: kept_length(len(terms)) for field, terms in cut.terms.items()}
        self.labels = frozenset(cut.entry.labels)

    def passes(self, wanted: Filters, groups: Iterable[Sequence[str]]) -> bool:
        """Whether it is what filters want; `groups`: of each of these labels it has one."""
        time, until = self.cut.entry.time, self.cut.entry.until
        if (wanted.since is not None or wanted.before is not None) and time < max(0, wanted.since or 0):
            return False
        if wanted.before is not None and time > wanted.before:
            return False
        if wanted.until is not None and not (0 <= time <= wanted.until < until):
            return False
        return not any(self.labels.isdisjoint(group) for group in groups)


_Documents = tuple[Fresh, ...]
_Having = Mapping[tuple[int, str], Mapping[str, _Documents]]


class Pool:
    """Some documents in memory, and which of them has a term; unchanged for whoever holds it."""

    def __init__(self, documents: _Documents = (), having: _Having | None = None) -> None:
        """`having`: by profile and field the terms, and the documents that have each of them there."""
        self.documents, self._having = documents, having or {}

    def joined(self, more: Sequence[Fresh]) -> Pool:
        """These and some more."""
        having = {key: dict(terms) for key, terms in self._having.items()}
        for one in more:
            for field, counts in one.counts.items():
                terms = having.setdefault((one.profile, field), {})
                for term in counts:
                    terms[term] = (*terms.get(term, ()), one)
        return Pool((*self.documents, *more), having)

    def having(self, profile: int, field: str) -> Mapping[str, _Documents]:
        """The terms of a field in a profile, and which documents have each."""
        return self._having.get((profile, field), {})

    @cached_property
    def by_row(self) -> Mapping[int, Fresh]:
        """The documents by their rows."""
        return {one.row: one for one in self.documents}


class FreshReader:
    """Searches on the engine's last commit as if some documents were added to it.

    It is used like a `LexicalReader`, and as safe to use from several threads.
    """

    def __init__(self, base: LexicalReader, pool: Pool) -> None:
        self._base, self._pool = base, pool

    def documents(self) -> int:
        """As `LexicalReader.documents`."""
        return self._base.documents() + len(self._pool.documents)

    def frequencies(self, profile: int, field: str, terms: Iterable[str]) -> dict[str, int]:
        """As `LexicalReader.frequencies`."""
        found = self._base.frequencies(profile, field, terms)
        having = self._pool.having(profile, field)
        if having:
            for term in found:
                found[term] += len(having.get(term, ()))
        return found

    def search(
        self,
        profile: int,
        weights: Mapping[str, float],
        fields: Mapping[str, float],
        wanted: Filters,
        limit: int,
        others: float,
        always: Sequence[str] = (),
    ) -> list[Found]:
        """As `LexicalReader.search`."""
        known = self._base.search(profile, weights, fields, wanted, limit, others, always)
        return self._ranked(known, self._scored(profile, weights, fields, wanted, others, always), limit)

    def scores(
        self,
        profile: int,
        weights: Mapping[str, float],
        fields: Mapping[str, float],
        wanted: Filters,
        limit: int,
        others: float,
        always: Sequence[str] = (),
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        """As `LexicalReader.scores`."""
        rows, scores = self._base.scores(profile, weights, fields, wanted, limit, others, always)
        fresh = self._scored(profile, weights, fields, wanted, others, always) if limit > 0 else []
        if not fresh:
            return rows, scores
        rows = np.concatenate([rows, np.array([found.row for found in fresh], np.uint64)])
        scores = np.concatenate([scores, np.array([found.score for found in fresh], np.float32)])
        best = foremost(scores, limit)
        return rows[best], scores[best]

    def counted(
        self,
        profile: int,
        weights: Mapping[str, float],
        field: str,
        wanted: Filters,
        limit: int,
        always: Sequence[str] = (),
    ) -> list[Found]:
        """As `LexicalReader.counted`."""
        known = self._base.counted(profile, weights, field, wanted, limit, always)
        having, groups, found = self._pool.having(profile, field), labels_of(wanted, always), dict[Fresh, float]()
        for term, share in shares_of(weights).items():
            for one in having.get(term, ()):
                found[one] = found.get(one, 0.0) + 1 + share
        fresh = [Found(one.row, score) for one, score in found.items() if one.passes(wanted, groups)]
        return self._ranked(known, fresh, limit)

    def coverage(
        self, profile: int, terms: Sequence[str], fields: Sequence[str], rows: Sequence[int]
    ) -> dict[int, int]:
        """As `LexicalReader.coverage`."""
        if not rows or not terms:
            return {}
        known, fresh = self._apart(rows)
        found = self._base.coverage(profile, terms, fields, known)
        for one in fresh:
            counts = [one.counts[field] for field in fields if one.profile == profile and field in one.counts]
            has = (1 << bit for bit, term in enumerate(terms[:MAX_COVERAGE_TERMS]) if any(term in c for c in counts))
            found[one.row] = sum(has)
        return found

    def fetch(self, rows: Sequence[int]) -> dict[int, bytes]:
        """As `LexicalReader.fetch`."""
        known, fresh = self._apart(rows)
        return {**self._base.fetch(known), **{one.row: one.cut.entry.payload for one in fresh}}

    def rows_of(self, idents: Sequence[str]) -> list[int]:
        """As `LexicalReader.rows_of`."""
        wanted = frozenset(idents)
        fresh = (one.row for one in self._pool.documents if one.cut.entry.ident in wanted)
        return sorted([*self._base.rows_of(idents), *fresh])

    def tagged(self, profile: int, tags: Sequence[str]) -> list[int]:
        """As `LexicalReader.tagged`."""
        groups = labels_of(Filters(tags=tuple(tags)))
        mine = (one for one in self._pool.documents if one.profile == profile)
        fresh = [one.row for one in mine if one.passes(Filters(), groups)]
        return self._base.tagged(profile, tags) + fresh

    def _apart(self, rows: Sequence[int]) -> tuple[list[int], list[Fresh]]:
        """Which of some rows are not in memory, and what those are that are."""
        held = self._pool.by_row
        return [row for row in rows if row not in held], [held[row] for row in rows if row in held]

    def _ranked(self, known: Sequence[Found], fresh: Sequence[Found], limit: int) -> list[Found]:
        """The best of both, best first; equal scores by row, the later first."""
        return sorted([*known, *fresh], key=lambda one: (one.score, one.row), reverse=True)[: max(0, limit)]

    def _scored(
        self,
        profile: int,
        weights: Mapping[str, float],
        fields: Mapping[str, float],
        wanted: Filters,
        others: float,
        always: Sequence[str],
    ) -> list[Found]:
        """The documents in memory that have any of the terms in any of the fields, as the engine would score them."""
        groups, parts = labels_of(wanted, always), dict[Fresh, dict[str, list[float]]]()
        for field, share in fields.items():
            for one, term, score in self._parts(profile, field, weights):
                parts.setdefault(one, {}).setdefault(term, []).append(share * score)
        return [
            Found(one.row, sum(_joined(scores, others) for scores in terms.values()))
            for one, terms in parts.items()
            if one.passes(wanted, groups)
        ]

    def _parts(self, profile: int, field: str, weights: Mapping[str, float]) -> Iterator[tuple[Fresh, str, float]]:
        """What each of the terms that a document in memory has in a field scores there."""
        having = self._pool.having(profile, field)
        held = [term for term in weights if term in having]
        if not held:
            return
        counts, known = self._base.frequencies(profile, field, held), self._base.documents() + 1
        figures = self._base.figures(field)
        for term in held:
            # The engine's idf is divided out as that of the living documents, but it reckons with the deleted ones.
            containing = max(1, counts[term])
            weight = weights[term] * idf(figures.documents, containing) / idf(known, containing)
            for one in having[term]:
                yield one, term, weight * saturated(one.counts[field][term], one.lengths[field], figures.average)


def _joined(scores: Sequence[float], others: float) -> float:
    """The score of a term in several fields: the best one, and of the others their share."""
    if len(scores) == 1:
        return scores[0]
    best = max(scores)
    return best + others * (sum(scores) - best)


Words = LexicalReader | FreshReader
"""Whatever searches by words."""

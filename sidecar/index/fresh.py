"""Searching what the engine does not have yet: a few documents in memory, beside the engine's last commit.

A commit of the engine syncs a dozen files and starts threads that merge, however little it brings.  So what few
documents a sync brings is found from memory until there is more or nothing else to do (see `shelf`).  What is given is
what the engine would give after a commit, but for this: the average length of a field, with which its scores are
reckoned, is that of its last commit, and its numbers have 32 bits.

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
from sidecar.index.scores import Figures, idf, kept_length, saturated, shares_of


class Fresh:
    """A document as it is searched in memory."""

    __slots__ = ("counts", "cut", "labels", "lengths", "row", "terms")

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self.row = cut.entry.row
        self.counts: Mapping[str, Mapping[str, int]] = {field: Counter(terms) for field, terms in cut.terms.items()}
        self.lengths = {field: kept_length(len(terms)) for field, terms in cut.terms.items()}
        self.labels = frozenset(cut.entry.labels)
        self.terms = frozenset(term for counts in self.counts.values() for term in counts)

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


class FreshReader:
    """Searches on the engine's last commit as if some documents were added to it.

    It is used like a `LexicalReader`, and as safe to use from several threads.
    """

    def __init__(self, base: LexicalReader, fresh: Sequence[Fresh]) -> None:
        self._base, self._fresh = base, fresh
        self._own: dict[str, Figures] = {}

    def documents(self) -> int:
        """As `LexicalReader.documents`."""
        return self._base.documents() + len(self._fresh)

    def frequencies(self, profile: int, field: str, terms: Iterable[str]) -> dict[str, int]:
        """As `LexicalReader.frequencies`."""
        found = self._base.frequencies(profile, field, terms)
        for one in self._of(profile):
            for term in found.keys() & one.counts.get(field, {}).keys():
                found[term] += 1
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
        shares = shares_of(weights)
        fresh = []
        for one in self._passing(profile, weights, wanted, always):
            held = [term for term in weights if term in one.counts.get(field, ())]
            fresh += [Found(one.row, sum(1 + shares[term] for term in held))] if held else []
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
            mine = one.cut.entry.profile == profile
            counts = [one.counts[field] for field in fields if mine and field in one.counts]
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
        fresh = (one.row for one in self._fresh if one.cut.entry.ident in wanted)
        return sorted([*self._base.rows_of(idents), *fresh])

    def tagged(self, profile: int, tags: Sequence[str]) -> list[int]:
        """As `LexicalReader.tagged`."""
        groups = labels_of(Filters(tags=tuple(tags)))
        fresh = [one.row for one in self._of(profile) if one.passes(Filters(), groups)]
        return self._base.tagged(profile, tags) + fresh

    @cached_property
    def _by_row(self) -> Mapping[int, Fresh]:
        return {one.row: one for one in self._fresh}

    def _of(self, profile: int) -> list[Fresh]:
        return [one for one in self._fresh if one.cut.entry.profile == profile]

    def _apart(self, rows: Sequence[int]) -> tuple[list[int], list[Fresh]]:
        """Which of some rows are not in memory, and what those are that are."""
        held = self._by_row
        return [row for row in rows if row not in held], [held[row] for row in rows if row in held]

    def _ranked(self, known: Sequence[Found], fresh: Sequence[Found], limit: int) -> list[Found]:
        """The best of both, best first; equal scores by row, the later first."""
        return sorted([*known, *fresh], key=lambda one: (one.score, one.row), reverse=True)[: max(0, limit)]

    def _passing(
        self, profile: int, weights: Mapping[str, float], wanted: Filters, always: Sequence[str]
    ) -> Iterator[Fresh]:
        """The documents in memory that have one of the terms somewhere and pass the filters."""
        groups = labels_of(wanted, always)
        for one in self._of(profile):
            if not one.terms.isdisjoint(weights) and one.passes(wanted, groups):
                yield one

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
        found = []
        for one in self._passing(profile, weights, wanted, always):
            parts = []
            for term in (term for term in weights if term in one.terms):
                scores = [
                    share * weights[term] * self._part(one, field, term)
                    for field, share in fields.items()
                    if term in one.counts.get(field, ())
                ]
                if scores:
                    best = max(scores)
                    parts.append(best + others * (sum(scores) - best))
            if parts:
                found.append(Found(one.row, sum(parts)))
        return found

    def _part(self, one: Fresh, field: str, term: str) -> float:
        """What a term's weight is multiplied with for a field that has it."""
        profile, times = one.cut.entry.profile, one.counts[field][term]
        figures = self._figures(one, field)
        # The engine's idf is divided out by the number of living documents, though it reckons with the deleted ones.
        containing = max(1, self._base.frequencies(profile, field, (term,))[term])
        own = idf(figures.documents, containing) / idf(self._base.documents() + 1, containing)
        return own * saturated(times, one.lengths[field], figures.average)

    def _figures(self, one: Fresh, field: str) -> Figures:
        """The engine's figures of a field, or if it has none of its terms those that it would come to have."""
        figures = self._own.get(field) or self._base.figures(one.cut.entry.profile, field, self._known(one, field))
        if figures is None:
            known = self._base.documents() + 1  # the state's is one too
            terms = sum(len(held.cut.terms.get(field, ())) for held in self._fresh)
            figures = self._own[field] = Figures(terms / (known + len(self._fresh)), known)
        return figures

    def _known(self, one: Fresh, field: str) -> Iterator[str]:
        """The terms of a field that the engine has there too, the rarest first: looked up when the first is wanted."""
        counts = self._base.frequencies(one.cut.entry.profile, field, one.counts[field])
        yield from (term for _, term in sorted((count, term) for term, count in counts.items() if count))


Words = LexicalReader | FreshReader
"""Whatever searches by words."""

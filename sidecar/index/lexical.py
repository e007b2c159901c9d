"""Words to rows: the only module that knows tantivy.

One `Lexicon` is one tantivy index of one kind of document.  Two things are not as usual:

- Terms are scoped: the profile's number stands before each token, so that the number of documents that have a term
  is that of the profile, is had without a scan, and one project's words do not make another's rare.
- A document carries the state of the index (`State`), so that it is committed with what it speaks of.  Of each text
  field it has one term, unlike any other, by which the engine tells what it reckons the field's scores with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import tantivy
from numpy.typing import NDArray

from sidecar.errors import IndexUnusable
from sidecar.index.documents import Cut, Entry, Filters, Found, State, labels_of
from sidecar.index.remembered import Remembered
from sidecar.index.scores import Figures, figures_in, idf, shares_of
from sidecar.index.tokens import LONGEST, pieces, runs

_ANALYZER = "scoped"
_constant = tantivy.Query.const_score_query
_HEAP_BYTES = 32_000_000
"""For one writer thread, of which one is enough: a sync is seldom more than a few documents."""

_KNOWN_RUNS = 1 << 15
"""Words of which the terms are remembered: some 10 MB."""

_KNOWN_WORDS = 1 << 12
"""The same of questions, of which each is cut into its words apart."""

_STATE_ROW = 0
_STATE_LABEL = "state"
_NOT_BEFORE_1970 = 0
_KEPT_COUNTS = 65_536
"""Terms of fields whose number of documents is remembered until the next commit."""

_KEPT_QUERIES = 4_096
"""Terms whose part of a query is remembered until the next commit; each takes some hundred bytes a field."""

_UNKNOWN = -1
"""In the place of a number of documents that has not been looked up."""

_FEW_ROWS = 256

_Clause = tuple[float, tuple[tantivy.Occur, tantivy.Query] | None]
"""A term's weight, and that it may be in any of some fields, as a part of a query; None if no document has it."""

MAX_COVERAGE_TERMS = 24
"""Terms whose presence fits exactly into the mantissa of the 32-bit score (see `coverage`)."""


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Tantivy's errors as ours; a panic of the engine arrives as a BaseException of its own."""
    try:
        yield
    except (ValueError, OSError, RuntimeError) as error:
        raise IndexUnusable(path=folder, why=error) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise IndexUnusable(path=folder, why=f"the engine failed: {error}") from error


@cache
def _stemmer() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(tantivy.Filter.stemmer("english")).build()


def stems(text: str) -> list[str]:
    """The terms of a text as the index knows them, in order, with repetitions."""
    return [term for run in runs(text) for term in (_known(run) if len(run) <= LONGEST else _terms(run))]


def _terms(run: str) -> tuple[str, ...]:
    return tuple(_stemmer().analyze(" ".join(token for word in pieces(run) for token in word)))


@lru_cache(maxsize=_KNOWN_RUNS)
def _known(run: str) -> tuple[str, ...]:
    """The same, remembered: most words of a text have been seen before, and to take one apart takes long."""
    return _terms(run)


def term_shares(text: str) -> dict[str, float]:
    """The terms of a text in order, each with its share of a word: a word with joints is several terms, yet one word.

    A term of several words has its greatest share.
    """
    found: dict[str, float] = {}
    for run in runs(text):
        for terms in _known_words(run) if len(run) <= LONGEST else _words(run):
            share = 1 / len(terms)
            for term in terms:
                found[term] = max(found.get(term, 0.0), share)
    return found


def _words(run: str) -> tuple[tuple[str, ...], ...]:
    """The terms of each word of a run, each once."""
    return tuple(tuple(dict.fromkeys(_stemmer().analyze(" ".join(word)))) for word in pieces(run))


@lru_cache(maxsize=_KNOWN_WORDS)
def _known_words(run: str) -> tuple[tuple[str, ...], ...]:
    """The same, remembered: people ask in the same words."""
    return _words(run)


class Lexicon:
    """The tantivy index of one kind of document, with the given text fields.  One writer, many readers."""

    def __init__(self, folder: Path, fields: Sequence[str]) -> None:
        """Opens or creates it; raises IndexUnusable for a folder that is broken or of another shape."""
        self._folder = folder
        self._schema, self._fields = _schema(fields), tuple(fields)
        with _translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._index = self._opened()
        self._writer: tantivy.IndexWriter | None = None

    def _opened(self) -> tantivy.Index:
        with _translated(self._folder):
            return _to_be_read(tantivy.Index(self._schema, path=str(self._folder)))

    def reader(self) -> LexicalReader:
        """An immutable view of the last commit."""
        with _translated(self._folder):
            return LexicalReader(self._folder, self._schema, self._index.searcher())

    def commit(self, add: Iterable[Cut], remove: Sequence[int], state: State) -> None:
        """Replace rows and state at once; on an error nothing has changed."""
        with _translated(self._folder):
            writer = self._writer or self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
            self._writer = None  # one in which something went wrong is not used again
            try:
                # By query: deletion by term does nothing for a number, and does not say so.
                gone = tantivy.Query.term_set_query(self._schema, "row", [*remove, _STATE_ROW])
                writer.delete_documents_by_query(gone)
                writer.add_document(_state_document(state, self._fields))
                for cut in add:
                    writer.add_document(_document(cut))
                writer.commit()
            except BaseException:
                writer.wait_merging_threads()  # which lets go of the folder
                raise
            self._writer = writer  # its threads merge segments while others go on: nobody waits for that
            self._index.reload()

    def rest(self) -> None:
        """Let go of the writer with its threads, and of the pages of the files that were looked at.

        Later readers look at them anew; the pages go once nobody holds an earlier one.
        """
        self.close()
        self._index = self._opened()

    def close(self) -> None:
        """Let go of the folder: nothing is written there any more, by no thread."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with _translated(self._folder):
                writer.wait_merging_threads()


def reader_beside(folder: Path, fields: Sequence[str]) -> LexicalReader:
    """A view of the last commit in a folder that another process writes.  Raises IndexUnusable if there is none."""
    with _translated(folder):
        return LexicalReader(folder, _schema(fields), _to_be_read(tantivy.Index.open(str(folder))).searcher())


def _to_be_read(index: tantivy.Index) -> tantivy.Index:
    index.register_tokenizer(_ANALYZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    index.config_reader("manual")
    index.reload()
    return index


def _schema(fields: Sequence[str]) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("row", indexed=True, fast=True)
    builder.add_integer_field("time", fast=True)  # ranges of it are looked up there
    builder.add_integer_field("until", fast=True)
    builder.add_text_field("ident", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("labels", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("payload", stored=True)
    for field in fields:
        builder.add_text_field(field, tokenizer_name=_ANALYZER, index_option="freq")
    return builder.build()


def cut(entry: Entry) -> Cut:
    """A document with its texts taken apart."""
    known: dict[str, list[str]] = {}
    for texts in entry.texts.values():
        for text in texts:
            if text not in known:
                known[text] = stems(text)
    fields = {field: [term for text in texts for term in known[text]] for field, texts in entry.texts.items()}
    return Cut(entry, {field: terms for field, terms in fields.items() if terms})


def _document(cut: Cut) -> tantivy.Document:
    entry, document, scope = cut.entry, tantivy.Document(), _scope(cut.entry.profile)
    document.add_unsigned("row", entry.row)
    document.add_integer("time", entry.time)
    document.add_integer("until", entry.until)
    document.add_text("ident", entry.ident)
    document.add_bytes("payload", entry.payload)
    for label in entry.labels:
        document.add_text("labels", f"{scope}{label}")
    for field, terms in cut.terms.items():
        document.add_text(field, scope + f" {scope}".join(terms))
    return document


def _state_document(state: State, fields: Sequence[str]) -> tantivy.Document:
    document = tantivy.Document()
    document.add_unsigned("row", _STATE_ROW)
    document.add_text("labels", _STATE_LABEL)
    document.add_bytes("payload", json.dumps(asdict(state)).encode())
    for field in fields:
        document.add_text(field, _STATE_LABEL)
    return document


def _scope(profile: int) -> str:
    return f"{profile:016x}|"


class LexicalReader:
    """Searches on one commit.  Safe to use from several threads."""

    def __init__(self, folder: Path, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self._folder = folder
        self._schema = schema
        self._searcher = searcher
        self._counts = Remembered[int](_KEPT_COUNTS)
        self._clauses = Remembered[_Clause](_KEPT_QUERIES)
        self._figures: dict[str, Figures] = {}

    def state(self) -> State:
        """What was committed; the empty state for an index without a commit."""
        with _translated(self._folder):
            found = self._searcher.search(self._label(_STATE_LABEL), 1, count=False).hits
            if not found:
                return State()
            payload = self._searcher.doc(found[0][1]).get_first("payload")
            return State(**json.loads(payload or b"{}"))

    def documents(self) -> int:
        """How many documents there are, the state's aside."""
        return max(0, int(self._searcher.num_docs) - 1)

    def frequencies(self, profile: int, field: str, terms: Iterable[str]) -> dict[str, int]:
        """In how many documents of a profile each term is in a field; deleted ones count until they are merged away."""
        known = self._counts.of(profile, field)
        found = {term: known.get(term, _UNKNOWN) for term in terms}
        missing = [term for term, count in found.items() if count == _UNKNOWN]
        if missing:
            scope = _scope(profile)
            with _translated(self._folder):
                fresh = {term: int(self._searcher.doc_freq(field, scope + term)) for term in missing}
            self._counts.add(profile, field, fresh)
            found |= fresh
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
        """The best rows by BM25 for any of the terms, best first; equal scores by row, the later first.

        `weights`: of each term, in place of the idf that the engine would take from the whole index; `fields`: of
        each field; `others`: of a term that several fields have, the best field counts wholly and the others by this
        share (1 adds them up); `always`: labels that a document must have, besides what the filters ask for.
        """
        query = self._any(profile, weights, fields, others)
        if query is None or limit < 1:
            return []
        return self._run(self._narrowed(profile, query, wanted, always), limit)

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
        """As `search`: the rows and their scores as arrays, best first; equal scores in no order."""
        query = self._any(profile, weights, fields, others)
        if query is None or limit < 1:
            return np.zeros(0, np.uint64), np.zeros(0, np.float32)
        rows, found = self._hits(self._narrowed(profile, query, wanted, always), limit)
        return np.array(rows, np.uint64), np.array(found, np.float32)

    def counted(
        self,
        profile: int,
        weights: Mapping[str, float],
        field: str,
        wanted: Filters,
        limit: int,
        always: Sequence[str] = (),
    ) -> list[Found]:
        """The rows of which a field has the most of the terms, among them of the weightiest; best first.

        A term scores 1, and of one half its share of all weights, which is never as much as another term.
        """
        held = self.frequencies(profile, field, weights)
        shares = shares_of(weights)
        parts = [
            (tantivy.Occur.Should, _constant(self._exact(field, _scope(profile) + term), 1 + shares[term]))
            for term in weights
            if held[term]
        ]
        if not parts or limit < 1:
            return []
        return self._run(self._narrowed(profile, tantivy.Query.boolean_query(parts), wanted, always), limit)

    def coverage(
        self, profile: int, terms: Sequence[str], fields: Sequence[str], rows: Sequence[int]
    ) -> dict[int, int]:
        """Which terms each of some rows has in any of the fields: bit i of the value stands for terms[i].

        One search answers for all: term i scores 2^i, and a sum of distinct powers below 2^24 is exact in 32 bits.
        """
        if not rows or not terms:
            return {}
        occur = tantivy.Occur
        parts = [(occur.Must, _constant(self._rows(rows), 0.0))]
        for bit, term in enumerate(terms[:MAX_COVERAGE_TERMS]):
            anywhere = [(occur.Should, self._exact(field, _scope(profile) + term)) for field in fields]
            parts.append((occur.Should, _constant(tantivy.Query.boolean_query(anywhere), float(1 << bit))))
        return {found.row: int(found.score) for found in self._run(tantivy.Query.boolean_query(parts), len(rows))}

    def figures(self, field: str) -> Figures:
        """What scores of a field are reckoned with, whatever the profile.  Raises IndexUnusable without a commit."""
        if field not in self._figures:
            query = self._exact(field, _STATE_LABEL)
            with _translated(self._folder):
                hits = self._searcher.search(query, 1, count=False).hits
                if not hits:
                    raise IndexUnusable(path=self._folder, why=f"it has no state in the field {field}")
                self._figures[field] = figures_in(query.explain(self._searcher, hits[0][1]).to_json())
        return self._figures[field]

    def fetch(self, rows: Sequence[int]) -> dict[int, bytes]:
        """The payloads of rows; a row that is gone is left out."""
        if not rows:
            return {}
        with _translated(self._folder):
            query = self._rows(rows)
            addresses = [address for _, address in self._searcher.search(query, len(rows), count=False).hits]
            numbers = self._searcher.fast_field_values("row", addresses)
            return {
                int(number): bytes(self._searcher.doc(address).get_first("payload") or b"")
                for number, address in zip(numbers, addresses, strict=True)
                if number is not None
            }

    def rows_of(self, idents: Sequence[str]) -> list[int]:
        """The rows of documents by their own names, of which each has one."""
        if not idents:
            return []
        query = tantivy.Query.term_set_query(self._schema, "ident", list(idents))
        return sorted(found.row for found in self._run(query, len(idents)))

    def _filters(self, profile: int, wanted: Filters, always: Sequence[str]) -> list[tantivy.Query]:
        """The conditions of a search as queries.  `always`: labels that a document must have."""
        scope, integer = _scope(profile), tantivy.FieldType.Integer
        queries = []
        for group in labels_of(wanted, always):
            scoped = [f"{scope}{label}" for label in group]
            one_of = tantivy.Query.term_set_query
            queries.append(self._label(scoped[0]) if len(group) == 1 else one_of(self._schema, "labels", scoped))
        if wanted.since is not None or wanted.before is not None:
            queries.append(
                tantivy.Query.range_query(
                    self._schema, "time", integer, max(_NOT_BEFORE_1970, wanted.since or 0), wanted.before
                )
            )
        if wanted.until is not None:
            time = tantivy.Query.range_query(self._schema, "time", integer, _NOT_BEFORE_1970, wanted.until)
            until = tantivy.Query.range_query(self._schema, "until", integer, wanted.until, None, include_lower=False)
            queries += [time, until]
        return queries

    def tagged(self, profile: int, tags: Sequence[str]) -> list[int]:
        """The rows that have all of some tags."""
        must = [(tantivy.Occur.Must, self._label(f"{_scope(profile)}tag:{tag}")) for tag in tags]
        return [found.row for found in self._run(tantivy.Query.boolean_query(must), max(1, self.documents()))]

    def _run(self, query: tantivy.Query, limit: int) -> list[Found]:
        rows, scores = self._hits(query, limit)
        ranked = sorted(zip(scores, rows, strict=True), reverse=True)
        return [Found(row, score) for score, row in ranked]

    def _hits(self, query: tantivy.Query, limit: int) -> tuple[Sequence[int], Sequence[float]]:
        """The rows of the best documents and their scores; at equal scores in no order."""
        with _translated(self._folder):
            hits = self._searcher.search(query, limit, count=False).hits
            if not hits:
                return (), ()
            scores, addresses = zip(*hits, strict=True)
            rows = self._searcher.fast_field_values("row", list(addresses))
        return cast("list[int]", rows), scores  # every document has a row

    def _any(
        self, profile: int, weights: Mapping[str, float], fields: Mapping[str, float], others: float
    ) -> tantivy.Query | None:
        """Any of the terms, each boosted so that its weight takes the place of the engine's idf; None if none is there.

        A term scores its best field, and of the others their share.
        """
        way = (others, *fields.items())
        known = self._clauses.of(profile, way)
        found = {term: clause for term in weights if (clause := known.get(term)) and clause[0] == weights[term]}
        if len(found) < len(weights):
            missing = {term: weight for term, weight in weights.items() if term not in found}
            with _translated(self._folder):
                fresh = self._clauses_of(profile, missing, fields, others)
            self._clauses.add(profile, way, fresh)
            found |= fresh
        scored = [part for term in weights if (part := found[term][1]) is not None]
        return tantivy.Query.boolean_query(scored) if scored else None

    def _clauses_of(
        self, profile: int, weights: Mapping[str, float], fields: Mapping[str, float], others: float
    ) -> dict[str, _Clause]:
        """That a term may be in any of the fields, boosted so that its weight takes the place of the engine's own."""
        scope, whole, boosted = _scope(profile), int(self._searcher.num_docs), tantivy.Query.boost_query
        found: dict[str, _Clause] = {}
        for term, weight in weights.items():
            value = scope + term
            queries = [
                boosted(self._exact(field, value), share * weight / idf(whole, containing))
                for field, share in fields.items()
                if (containing := self._containing(profile, field, term, value))
            ]
            found[term] = weight, None
            if queries:
                # A term that one field has scores that field, whatever the others' share.
                best = queries[0] if len(queries) == 1 else tantivy.Query.disjunction_max_query(queries, others)
                found[term] = weight, (tantivy.Occur.Should, best)
        return found

    def _containing(self, profile: int, field: str, term: str, value: str) -> int:
        known = self._counts.of(profile, field).get(term)
        return int(self._searcher.doc_freq(field, value)) if known is None else known

    def _rows(self, rows: Sequence[int]) -> tantivy.Query:
        """The documents with these numbers.

        A set of terms walks through all numbers that there are: for a few it takes ten times what asking for each does.
        """
        if len(rows) > _FEW_ROWS:
            return tantivy.Query.term_set_query(self._schema, "row", list(rows))
        each = [tantivy.Query.term_query(self._schema, "row", row) for row in rows]
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in each])

    def _exact(self, field: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value, "freq")

    def _label(self, label: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, "labels", label, "basic")

    def _narrowed(self, profile: int, query: tantivy.Query, wanted: Filters, always: Sequence[str]) -> tantivy.Query:
        filters = self._filters(profile, wanted, always)
        if not filters:
            return query
        must: list[tuple[Any, tantivy.Query]] = [(tantivy.Occur.Must, _constant(each, 0.0)) for each in filters]
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *must])

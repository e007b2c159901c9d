"""What waits for the index's folder is found as if it were there, and a kill takes nothing of it for good."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import tantivy
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from index_builders import WEB, Held, at, found, memory, message, status

from sidecar.errors import IndexUnusable
from sidecar.index import Embedder, Filters, Index, Kind, MessageGone, stems
from sidecar.index.documents import Entry, State, digest, profile_number
from sidecar.index.fresh import Fresh, FreshReader, Pool
from sidecar.index.lexical import LexicalReader, Lexicon, cut
from sidecar.index.scores import kept_length
from sidecar.model import Status, Stored

WORDS = (
    "lamp pier wick foghorn bell keeper gull storm rope anchor tide chart lantern harbor beacon ledger oil glass stair"
    " tower signal boat net sail mast hull deck reef cove"
).split()
BEGUN = 80
TOLERANCE = 0.3
"""Of a score, in so small an index: the engine counts documents that are gone until it merges them away, at moments of
its own, and one in ten changes what a frequent word weighs.  How near the scores themselves are is tested apart."""


def text_of(number: int, length: int) -> str:
    """Words of which the first ones are more frequent; none is in nearly all documents."""
    likely = 1 / np.arange(6.0, 6.0 + len(WORDS))
    return " ".join(np.random.default_rng(number).choice(WORDS, length, p=likely / likely.sum()))


def some(number: int, length: int = 9, **fields: object) -> Stored:
    tags = ("sea",) if number % 3 == 0 else ()
    key = f"{WORDS[number % 5]}-{WORDS[number % 7]}" if number % 2 else None
    return (
        memory(
            f"M{number}",
            text_of(number, length),
            tags=tags,
            key=key,
            observed=at(number),
            keywords=(WORDS[number % 11],),
        )
        if not fields
        else memory(f"M{number}", text_of(number, length), **fields)
    )


def begun() -> Held:
    return Held(
        [some(number, 4 + number % 13) for number in range(BEGUN)],
        [message(number, text_of(-number % 997, 5 + number % 11)) for number in range(1, BEGUN)],
    )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    folder = tmp_path_factory.mktemp("begun") / "index"
    index = Index.open(folder, embedder)
    index.sync(begun())
    index.close()
    return folder


@pytest.fixture
def filled(base: Path, folder: Path, embedder: Embedder) -> Index:
    shutil.copytree(base, folder)
    return Index.open(folder, embedder)


def sources(index: Index) -> set[str]:
    """The names of the files of the columns, of which each commit leaves one."""
    return {path.name for path in (index.folder / "memories" / "columns").iterdir()}


def add(source: Held, identifier: str, content: str, **fields: object) -> None:
    source.stored.append(memory(identifier, content, **fields))


def test_it_is_found_at_once_and_written_later(filled: Index, embedder: Embedder) -> None:
    source, before = begun(), sources(filled)
    add(source, "new", "The zeppelin lands at noon.")
    source.changes.append(message(500, "the zeppelin is late"))
    generation = filled.generation
    assert filled.sync(source, later=True).memories_written == 1
    assert filled.generation == generation + 2
    assert filled.waiting is not None
    assert found(filled, "zeppelin") == ["new"]
    assert found(filled, "zeppelin", "message") == ["m500"]
    assert sources(filled) == before

    filled.write()
    assert filled.waiting is None
    assert len(sources(filled) - before) == 1
    assert found(filled, "zeppelin") == ["new"]
    filled.close()
    again = Index.open(filled.folder, embedder)
    assert found(again, "zeppelin") == ["new"]
    assert found(again, "zeppelin", "message") == ["m500"]
    assert again.generation == filled.generation
    assert not again.sync(source).changed


def test_closing_and_resting_write_it(filled: Index, embedder: Embedder) -> None:
    source = begun()
    add(source, "one", "The zeppelin lands.")
    filled.sync(source, later=True)
    filled.rest()
    assert filled.waiting is None
    add(source, "two", "The zeppelin starts.")
    filled.sync(source, later=True)
    filled.close()
    again = Index.open(filled.folder, embedder)
    assert sorted(found(again, "zeppelin")) == ["one", "two"]
    assert not again.sync(source).changed


def test_more_than_a_few_are_written_with_all_that_waits(filled: Index) -> None:
    source = begun()
    add(source, "one", "The zeppelin lands.")
    filled.sync(source, later=True)
    for number in range(BEGUN):
        add(source, f"more{number}", f"The zeppelin number {number} lands.")
    filled.sync(source, later=True)
    assert filled.waiting is None
    assert len(found(filled, "zeppelin")) == 20


def test_what_waits_is_bounded(filled: Index) -> None:
    source, written = begun(), 0
    for number in range(BEGUN):
        files = sources(filled)
        add(source, f"more{number}", f"The zeppelin number {number} lands.")
        filled.sync(source, later=True)
        written += sources(filled) != files
    assert 3 < written < BEGUN / 5
    add(source, "long", "A long zeppelin. " * 20_000)
    filled.sync(source, later=True)
    assert filled.waiting is None, "nor are long texts held"


def test_whoever_writes_is_told_once(filled: Index) -> None:
    told: list[bool] = []
    filled.on_waiting = lambda: told.append(filled.waiting is not None)
    source = begun()
    for number in range(3):
        add(source, f"more{number}", f"The zeppelin number {number} lands.")
        filled.sync(source, later=True)
    assert told == [True]
    first, last = filled.waiting or (0.0, 0.0)
    assert first < last


def test_a_deleted_folder_is_not_written_to(filled: Index) -> None:
    source = begun()
    add(source, "new", "The zeppelin lands.")
    filled.sync(source, later=True)
    shutil.rmtree(filled.folder)
    filled.write()
    filled.close()
    assert not filled.folder.exists()
    assert found(filled, "zeppelin") == ["new"]


def test_what_cannot_be_written_is_made_anew(filled: Index) -> None:
    source = begun()
    add(source, "new", "The zeppelin lands.")
    filled.sync(source, later=True)
    shutil.rmtree(filled.folder / "memories" / "columns")
    (filled.folder / "memories" / "columns").write_text("in the way")
    with pytest.raises(IndexUnusable):
        filled.write()
    assert not filled.intact()
    assert found(filled, "zeppelin") == ["new"]
    assert filled.sync(source, later=True).rebuilt
    assert found(filled, "zeppelin") == ["new"]
    assert filled.waiting is None


def test_a_kill_takes_back_what_waits_and_the_next_sync_heals_it(
    filled: Index, embedder: Embedder, tmp_path: Path
) -> None:
    source = begun()
    add(source, "new", "The zeppelin lands.")
    add(source, "other", "The zeppelin is silver.")
    source.changes.append(message(500, "the zeppelin is late"))
    filled.sync(source, later=True)
    assert filled.waiting is not None
    killed = tmp_path / "killed"
    shutil.copytree(filled.folder, killed)
    again = Index.open(killed, embedder)
    assert found(again, "zeppelin") == []
    report = again.sync(source, later=True)
    assert (report.memories_written, report.memories_removed, report.messages_written) == (2, 0, 1)
    assert not report.rebuilt
    Pair(filled, again, source).agree()


@pytest.mark.parametrize("how", ["forgotten", "superseded", "said otherwise", "forgotten while it waits"])
def test_what_is_gone_does_not_come_back_with_a_kill(
    filled: Index, embedder: Embedder, tmp_path: Path, how: str
) -> None:
    source = begun()
    add(source, "old", "The zeppelin is brown.")
    filled.sync(source, later=how == "forgotten while it waits")
    old = source.stored.pop()
    if how == "superseded":
        source.stored.append(status(old, Status.SUPERSEDED, valid_until=at(50)))
    elif how == "said otherwise":
        add(source, "old", "The balloon is brown.")
    filled.sync(source, later=True)
    assert found(filled, "zeppelin") == []
    killed = tmp_path / "killed"
    shutil.copytree(filled.folder, killed)
    assert found(Index.open(killed, embedder), "zeppelin") == []


def test_readers_go_on_while_it_is_written(filled: Index) -> None:
    source = begun()
    add(source, "new", "The zeppelin lands.")
    filled.sync(source, later=True)
    stop, wrong = threading.Event(), list[list[str]]()

    def ask() -> None:
        while not stop.is_set():
            if (answer := found(filled, "zeppelin")) != ["new"]:
                wrong.append(answer)

    asker = threading.Thread(target=ask)
    asker.start()
    for number in range(20):
        add(source, f"more{number}", f"The airship number {number} lands.")
        filled.sync(source, later=True)
        if number % 3 == 2:
            filled.write()
    stop.set()
    asker.join()
    assert wrong == []


@dataclass
class Pair:
    """An index in which little waits, and one that commits everything at once, of the same source."""

    late: Index
    prompt: Index
    source: Held
    ever: set[str] = field(default_factory=set)

    def agree(self) -> None:
        """Every way to look is the same on both."""
        for kind, number in (("memory", 0), ("message", 1)):
            self._words_agree(kind, number)
        self._numbers_agree()
        late, prompt = (dict(index.neighbours(WEB, "storm rope at the pier", 8)) for index in (self.late, self.prompt))
        assert late == pytest.approx(prompt, rel=TOLERANCE, abs=1e-5)

    def _words_agree(self, kind: Kind, number: int) -> None:
        terms = [*stems(" ".join(WORDS[number::4])), *stems("zeppelin")]
        weights = {term: 1.0 + place % 5 for place, term in enumerate(terms)}
        fields = {"content": 1.0, "summary": 0.7, "key": 1.0, "keywords": 0.5} if kind == "memory" else {"text": 1.0}
        for filters in FILTERS[kind]:
            late, prompt = (
                {self._name(index, kind, hit.row): hit.score for hit in hits}
                for index in (self.late, self.prompt)
                for hits in [index.view.words(kind, WEB, weights, fields, filters, 1_000)]
            )
            assert late == pytest.approx(prompt, rel=TOLERANCE)
            best = [hit.score for hit in self.late.view.words(kind, WEB, weights, fields, filters, 5)]
            assert best == sorted(late.values(), reverse=True)[:5]
            near = [self._nearest(index, kind, filters) for index in (self.late, self.prompt)]
            assert near[0] == near[1]
        covered = [self._covered(index, kind, terms) for index in (self.late, self.prompt)]
        assert covered[0] == covered[1]
        counts, size = self.late.view.frequencies(WEB, terms)
        others, same = self.prompt.view.frequencies(WEB, terms)
        assert size == same
        assert all((counts[term] > 0) >= (any(term in has for has in covered[0].values())) for term in terms)
        assert sum(abs(counts[term] - others[term]) for term in terms) <= 40 * len(self.ever), "gone ones may count"

    def _numbers_agree(self) -> None:
        number, weights = profile_number(WEB), dict.fromkeys(stems("lamp pier wick bell"), 2.0)
        for filters in FILTERS["memory"]:
            late, prompt = (
                {
                    self._name(index, "memory", index.view.memories.blocks[number].column("row")[place]): share
                    for place, share in index.view.keys(WEB, weights, filters, 1_000).items()
                }
                for index in (self.late, self.prompt)
            )
            assert late == prompt
        idents = [f"{WEB}/M{place}" for place in range(2_000)]
        for shelf in ("memories", "messages"):
            views = [getattr(index.view, shelf) for index in (self.late, self.prompt)]
            assert views[0].reader.documents() == views[1].reader.documents() == views[0].state.documents
            assert views[0].state.cursor == views[1].state.cursor
            held = [sorted(view.reader.fetch(view.reader.rows_of(idents)).values()) for view in views]
            assert held[0] == held[1]
            tagged = [sorted(view.reader.fetch(view.reader.tagged(number, ["sea"])).values()) for view in views]
            assert tagged[0] == tagged[1]

    def _nearest(self, index: Index, kind: Kind, filters: Filters) -> list[tuple[str, float]]:
        vector = index.embedder.encode_one("storm rope at the pier")
        found = index.view.nearest(kind, WEB, vector, filters, 1_000)
        cosines = index.view.cosines(kind, WEB, vector, [one.row for one in found])
        assert {one.row: one.score for one in found} == pytest.approx(cosines, abs=1e-6)
        return sorted((self._name(index, kind, one.row), round(one.score, 5)) for one in found)

    def _covered(self, index: Index, kind: Kind, terms: Sequence[str]) -> dict[str, frozenset[str]]:
        rows = list(range(1, index.view._shelf(kind).state.next_row))
        found = index.view.coverage(kind, WEB, terms[:24], rows)
        return {self._name(index, kind, row): has for row, has in found.items()}

    def _name(self, index: Index, kind: Kind, row: int) -> str:
        fetch = index.view.fetch_memories if kind == "memory" else index.view.fetch_messages
        return fetch([int(row)])[int(row)].id


FILTERS: dict[Kind, list[Filters]] = {
    "memory": [
        Filters(),
        Filters(tags=("sea",)),
        Filters(types=("fact",), session="s1"),
        Filters(until=int(at(40).timestamp())),
        Filters(since=int(at(20).timestamp()), before=int(at(1_020).timestamp())),
    ],
    "message": [Filters(), Filters(session="s1", before=int(at(1_005).timestamp())), Filters(since=0)],
}

_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(BEGUN, 1_050), st.integers(1, 30)),
        st.tuples(st.just("replace"), st.integers(0, 60), st.integers(1, 30)),
        st.tuples(st.sampled_from(["remove", "retire", "say", "unsay"]), st.integers(0, 60), st.just(0)),
        st.tuples(st.sampled_from(["write", "rest", "reopen", "kill"]), st.just(0), st.just(0)),
    ),
    min_size=2,
    max_size=10,
)


@settings(max_examples=6, deadline=None, phases=[Phase.generate])
@given(steps=_STEPS)
def test_it_is_as_if_everything_were_committed_at_once(
    base: Path, embedder: Embedder, steps: list[tuple[str, int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / name for name in ("late", "prompt")]
        for folder in folders:
            shutil.copytree(base, folder)
        pair = Pair(Index.open(folders[0], embedder), Index.open(folders[1], embedder), begun())
        for count, (what, number, length) in enumerate(steps):
            _take(pair, what, number, length, Path(place) / str(count))
            pair.late.sync(pair.source, later=True)
            pair.prompt.sync(pair.source)
            pair.agree()
        pair.late.close()
        pair.prompt.close()


def _take(pair: Pair, what: str, number: int, length: int, fresh: Path) -> None:
    """One step; `fresh`: a folder that is not there."""
    stored, changes = pair.source.stored, pair.source.changes
    at_place, change = number % max(1, len(stored)), 1_000 + len(changes)
    if what == "add":
        stored[:] = [*(one for one in stored if one.memory.id != f"M{number}"), some(number, length)]
        pair.ever.add(f"M{number}")
    elif what == "replace":
        old = stored[at_place]
        content = text_of(length, length)
        stored[at_place] = replace(old, memory=old.memory.replace(content=content), sha256=f"{content}{number}")
        pair.ever.add(old.memory.id)
    elif what == "remove":
        pair.ever.add(stored.pop(at_place).memory.id)
    elif what == "retire":
        stored[at_place] = status(stored[at_place], Status.SUPERSEDED, valid_until=at(50))
        pair.ever.add(stored[at_place].memory.id)
    elif what == "say":
        changes.append(message(change, text_of(number, 12)))
    elif what == "unsay":
        changes.append(MessageGone(change, "claude-code", f"m{number}"))
        pair.ever.add(f"m{number}")
    elif what == "write":
        pair.late.write()
    elif what == "rest":
        pair.late.rest()
    elif what == "reopen":
        pair.late.close()
        pair.late = Index.open(pair.late.folder, pair.late.embedder)
    else:
        shutil.copytree(pair.late.folder, fresh)
        pair.late = Index.open(fresh, pair.late.embedder)


FIELDS = ("text", "other")
BESIDE = 1_000
"""To the row of a document that the engine has, that of the same one in memory."""


def _entry(row: int, words: Sequence[str], profile: int = 5) -> Entry:
    return Entry(row, f"d{row}", profile, {"text": (" ".join(words),), "other": (" ".join(words[::2]),)}, (), 0, 1, b"")


def _committed(folder: Path, entries: Sequence[Entry]) -> LexicalReader:
    lexicon = Lexicon(folder, FIELDS)
    lexicon.commit(map(cut, entries), (), State(1, 0, 1, len(entries)))
    reader = lexicon.reader()
    lexicon.close()
    return reader


@settings(max_examples=12, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 700), min_size=3, max_size=12),
    others=st.sampled_from([0.0, 0.2, 1.0]),
    seed=st.integers(0, 99),
)
def test_scores_are_the_engines_own(lengths: list[int], others: float, seed: int) -> None:
    """Each in memory scores as the same document does that the engine has."""
    random = np.random.default_rng(seed)
    texts = [[WORDS[place] for place in random.zipf(1.3, length) % len(WORDS)] for length in lengths]
    weights = {term: 0.5 + digest(term) % 7 for word in WORDS[:9] for term in stems(word)}
    with tempfile.TemporaryDirectory() as place:
        engine = _committed(Path(place), [_entry(row, words) for row, words in enumerate(texts, 1)])
        again = [Fresh(cut(_entry(row, words))) for row, words in enumerate(texts, BESIDE + 1)]
        both = FreshReader(engine, Pool().joined(again))
        asked = 5, weights, {"text": 1.0, "other": 0.6}, Filters(), 100, others
        known = {hit.row: hit.score for hit in engine.search(*asked)}
        expected = known | {row + BESIDE: score for row, score in known.items()}
        assert {hit.row: hit.score for hit in both.search(*asked)} == pytest.approx(expected, rel=1e-4)
        rows, scores = both.scores(*asked)
        assert dict(zip(rows.tolist(), scores.tolist(), strict=True)) == pytest.approx(expected, rel=1e-4)
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)


def test_the_first_of_a_profile_scores_as_it_will_when_it_is_written(tmp_path: Path) -> None:
    """Also where the engine has none of its terms, as it has them by profile, but documents of others."""
    first = [_entry(row, text_of(row, 3 + row * 7 % 40).split()) for row in range(1, 520)]
    fresh = _entry(600, text_of(600, 12).split(), profile=6)
    weights = {term: 0.5 + digest(term) % 7 for word in WORDS for term in stems(word)}
    asked = weights, {"text": 1.0, "other": 0.6}, Filters(), 1_000, 0.2
    beside = FreshReader(_committed(tmp_path / "first", first), Pool().joined([Fresh(cut(fresh))]))
    written = _committed(tmp_path / "all", [*first, fresh])
    for profile in (6, 5):
        found, expected = ({hit.row: hit.score for hit in one.search(profile, *asked)} for one in (beside, written))
        assert found == pytest.approx(expected, rel=0.01)


def test_scores_beside_many_documents_are_nearly_those_after_a_commit(tmp_path: Path) -> None:
    entries = [_entry(row, text_of(row, 3 + row * 7 % 40).split()) for row in range(1, 520)]
    first, last = entries[:500], entries[500:]
    weights = {term: 0.5 + digest(term) % 7 for word in WORDS[2:20] for term in stems(word)}
    asked = 5, weights, {"text": 1.0, "other": 0.6}, Filters(), 1_000, 0.2
    beside = FreshReader(_committed(tmp_path / "first", first), Pool().joined([Fresh(cut(entry)) for entry in last]))
    found, expected = beside.search(*asked), _committed(tmp_path / "all", entries).search(*asked)
    assert {hit.row: hit.score for hit in found} == pytest.approx({hit.row: hit.score for hit in expected}, rel=0.01)
    assert len({hit.row for hit in found[:50]} & {hit.row for hit in expected[:50]}) >= 48
    order = [[hit.row for hit in hits if hit.row > 500] for hits in (found, expected)]
    assert sum(one != other for one, other in zip(*order, strict=True)) <= 2


def test_lengths_are_kept_as_the_engine_keeps_them(tmp_path: Path) -> None:
    """By the scores of documents that differ in nothing else."""
    lengths = [*range(1, 60), 95, 96, 97, 111, 112, 500, 503, 504, 505, 2_329, 5_000]
    schema = tantivy.SchemaBuilder().add_text_field("text", tokenizer_name="whitespace", index_option="freq").build()
    index = tantivy.Index(schema, path=str(tmp_path))
    writer = index.writer(heap_size=15_000_000, num_threads=1)
    for length in lengths:
        document = tantivy.Document()
        document.add_text("text", " ".join(["lamp", *["other"] * (length - 1)]))
        writer.add_document(document)
    writer.commit()
    index.reload()
    searcher, query = index.searcher(), tantivy.Query.term_query(schema, "text", "lamp", "freq")
    hits = searcher.search(query, len(lengths), count=False).hits
    told = {lengths[address.doc]: query.explain(searcher, address).to_json() for _, address in hits}
    for length, account in told.items():
        assert f'"value": {float(kept_length(length))},\n          "description": "dl, length of field"' in account

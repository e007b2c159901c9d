"""What a search finds: code words, other scripts, filters; and that no text is taken for query syntax."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_builders import API, WEB, Held, at, found, memory, message, status

from sidecar.errors import IndexUnusable
from sidecar.index import Embedder, Filters, Index
from sidecar.index.lexical import Lexicon
from sidecar.model import MemoryType, Source, Status

CODE = {
    "price": "Amounts are stored in the column price_minor, in cents.",
    "chapter": "The proofs are in ch01, the rest is open.",
    "version": "Release v0.4.2 broke the importer.",
    "ship": "Run `make ship-stage` to publish a preview.",
    "file": "The entry point is src/app.ts.",
    "camel": "The helper fetchUserData caches for a minute.",
    "port": "The gateway listens on localhost:8443.",
}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Index]:
    index = Index.open(tmp_path_factory.mktemp("code") / "index", embedder)
    index.sync(Held([memory(name, text) for name, text in CODE.items()]))
    yield index
    index.close()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("price_minor", "price"),
        ("the minor price", "price"),
        ("what is in ch01", "chapter"),
        ("v0.4.2", "version"),
        ("0.4.2", "version"),
        ("make ship-stage", "ship"),
        ("how to ship to stage", "ship"),
        ("src/app.ts", "file"),
        ("app.ts", "file"),
        ("fetchUserData", "camel"),
        ("fetching the user's data", "camel"),
        ("8443", "port"),
        (":8443", "port"),
        ("localhost:8443", "port"),
    ],
)
def test_code_words_are_found_whole_and_in_parts(code: Index, query: str, expected: str) -> None:
    assert found(code, query)[0] == expected


@pytest.mark.parametrize(
    "query",
    [
        "AND",
        "OR NOT",
        "pnpm AND",
        '"unclosed price_minor',
        "content:price_minor",
        "price_minor*",
        "price\\_minor \\",
        "+price_minor -cents",
        "(price_minor",
        "[a TO z} price_minor^9 price_minor~2",
        "/regex(/ price_minor",
        "{!}",
        "* : ? \x00",
    ],
)
def test_query_syntax_is_only_text(code: Index, query: str) -> None:
    expected = ["price"] if "price" in query else []
    assert found(code, query)[:1] == expected


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_any_query_is_answered(code: Index, query: str) -> None:
    assert set(found(code, query)) <= set(CODE)
    assert len(code.neighbours(WEB, query, 3)) <= 3


def test_other_scripts(index: Index) -> None:
    index.sync(
        Held(
            [
                memory("de", "Die Datenbank läuft auf Port 5433, Straßennamen werden gefaltet."),
                memory("ja", "ウェブのワークスペースではpnpmを使う。"),
                memory("zh", "数据库在端口5433上监听。"),
                memory("ko", "배포는 목요일에 한다."),
                memory("ru", "Резервные копии хранятся тридцать дней."),
            ]
        )
    )
    assert found(index, "Welche Datenbank laeuft, und DATENBANK?")[0] == "de"
    assert found(index, "strassennamen") == ["de"]
    assert found(index, "ワークスペース")[0] == "ja"
    assert found(index, "数据库端口")[0] == "zh"
    assert found(index, "목요일 배포")[0] == "ko"
    assert found(index, "сколько дней хранятся копии")[0] == "ru"


def test_a_words_weight_is_that_of_the_profile(index: Index) -> None:
    """A word that every memory of one project has is nothing there, however rare it is elsewhere."""
    index.sync(
        Held(
            [memory(f"w{n}", f"atlas note {n}") for n in range(20)]
            + [memory("hit", "atlas uses kafka")]
            + [memory(f"a{n}", f"kafka topic {n}", profile=API) for n in range(50)]
        )
    )
    counts, size = index.view.frequencies(WEB, ["atlas", "kafka"])
    assert (counts, size) == ({"atlas": 21, "kafka": 1}, 21)
    assert found(index, "atlas kafka")[0] == "hit"


def test_filters(index: Index) -> None:
    other = Source("transcript", "codex", "s2", "user")
    index.sync(
        Held(
            [
                memory("fact", "backups run nightly"),
                memory("event", "backups failed", type=MemoryType.EVENT),
                memory("elsewhere", "backups moved", source=other),
                memory("later", "backups doubled", observed=at(500)),
            ],
            [
                message(1, "backups?"),
                message(2, "backups done", session="s2"),
                message(3, "backups, undated", time=None),
            ],
        )
    )
    assert found(index, "backups", filters=Filters(types=("event",))) == ["event"]
    assert set(found(index, "backups", filters=Filters(types=("event", "fact")))) == {
        "fact",
        "event",
        "elsewhere",
        "later",
    }
    assert found(index, "backups", filters=Filters(session="s2")) == ["elsewhere"]
    assert set(found(index, "backups", filters=Filters(until=int(at(10).timestamp())))) == {
        "fact",
        "event",
        "elsewhere",
    }
    assert found(index, "backups", "message", filters=Filters(session="s2")) == ["m2"]
    assert set(found(index, "backups", "message", filters=Filters(until=int(at(9).timestamp())))) == {"m1", "m2"}
    vector = index.embedder.encode(["backups"])[0]
    near = index.view.nearest("memory", WEB, vector, Filters(types=("event",)), 9)
    assert [index.view.fetch_memories([hit.row])[hit.row].id for hit in near] == ["event"]
    assert len(index.view.nearest("message", WEB, vector, Filters(session="s2"), 9)) == 1
    assert len(index.view.nearest("message", WEB, vector, Filters(until=int(at(9).timestamp())), 9)) == 2
    assert index.view.nearest("memory", WEB, vector, Filters(types=("no such type",)), 9) == []


def test_coverage_names_the_words_that_a_document_has(index: Index) -> None:
    index.sync(Held([memory("A", "the gateway uses tls"), memory("B", "tls certificates", tags=("gateway",))]))
    rows = index.view.memories.reader.rows_of([f"{WEB}/A", f"{WEB}/B"])
    terms = [f"filler{number}" for number in range(22)] + ["gateway", "tls", "beyond"]
    assert set(index.view.coverage("memory", WEB, terms, rows).values()) == {frozenset({"gateway", "tls"})}


def test_neighbours_come_with_the_nearest_first(index: Index) -> None:
    index.sync(
        Held(
            [
                memory("same", "The staging server listens on port 8443."),
                memory("near", "The production server listens on port 443."),
                memory("far", "Ines prefers short commit subjects."),
                memory("other", "The staging server listens on port 9000.", profile=API),
            ]
        )
    )
    names, scores = zip(*index.neighbours(WEB, "Staging listens on port 8443", 3), strict=True)
    assert names[:2] == ("same", "near")
    assert list(scores) == sorted(scores, reverse=True)
    assert "other" not in names
    assert index.neighbours(WEB, "", 3) == []
    assert index.neighbours(API, "anything", 0) == []


def test_what_has_no_vector_is_a_neighbour_by_its_share_of_the_words(index: Index) -> None:
    """Few of them are looked at before a search for words, many only by it; more like the text or less, beside others
    or alone."""
    facts = [memory(f"F{number}", f"The lamp at pier {number} is red.") for number in range(3)]
    tasks = [
        memory("T", "Paint the harbour wall on monday", type=MemoryType.TASK),
        *(memory(f"U{number}", f"Order paint {number}", type=MemoryType.TASK) for number in range(90)),
    ]
    for held in (facts, [*facts, *tasks[:3]], [*facts, *tasks], tasks):
        index.sync(Held(held))
        near = dict(index.neighbours(WEB, "The lamp at the pier is red", 3))
        assert set(near) == {one.memory.id for one in held if one in facts}
        best = index.neighbours(WEB, "Paint the harbour wall on monday", 3)
        assert ("T", 1.0) in [(name, round(score, 4)) for name, score in best] or held == facts
        assert [score for _, score in best] == sorted([score for _, score in best], reverse=True)


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert found(index, "anything") == []
    assert index.neighbours(WEB, "anything", 5) == []
    assert index.view.size(WEB) == 0


def test_searches_go_on_while_a_sync_writes(index: Index) -> None:
    source = Held([memory("A", "the anchor stays")])
    index.sync(source)
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            if found(index, "anchor") != ["A"] or index.neighbours(WEB, "anchor", 1)[0][0] != "A":
                wrong.append(index.generation)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(15):
        source.stored.append(memory(f"N{number}", f"filler {number}"))
        index.sync(source)
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_what_the_engine_says_comes_as_ours(tmp_path: Path) -> None:
    Lexicon(tmp_path, ("one",))
    with pytest.raises(IndexUnusable):
        Lexicon(tmp_path, ("two",))


def test_a_key_is_told_by_the_share_of_its_words(index: Index) -> None:
    index.sync(
        Held([memory("A", "pnpm", key="web/package-manager"), memory("B", "Kafka", key="web"), memory("C", "no")])
    )
    block = index.view.memories_of(WEB)
    assert block is not None
    rows = block.column("row").tolist()
    names = index.view.fetch_memories(rows)
    shares = index.view.keys(WEB, {"packag": 2.0, "manag": 1.0, "package-manag": 1.0}, Filters(), 9)
    assert {names[rows[place]].id: share for place, share in shares.items()} == {"A": pytest.approx(2 / 3)}
    found = index.view.keys(WEB, {"web": 1.0}, Filters(), 9)
    assert {names[rows[place]].id for place in found} == {"A", "B"}
    assert index.view.keys(WEB, {"web": 1.0}, Filters(types=("task",)), 9) == {}


def test_what_was_read_is_read_anew_once_it_has_changed(index: Index) -> None:
    held = Held([memory("A", "pnpm is used"), memory("B", "npm breaks the lockfile")])
    index.sync(held)
    rows = _all_rows(index)
    first, again = (index.view.fetch_memories(rows) for _ in range(2))
    assert first == again == {**index.view.fetch_memories(rows[:1]), **index.view.fetch_memories(rows[1:])}
    held.stored[0] = memory("A", "yarn is used")
    index.sync(held)
    changed = index.view.fetch_memories(_all_rows(index))
    assert {one.id: one.content for one in changed.values()} == {"A": "yarn is used", "B": "npm breaks the lockfile"}
    gone = {row for row in rows if first[row].id == "A"}
    assert index.view.fetch_memories(sorted(gone)) == {}


def test_a_word_that_comes_later_is_found_though_it_was_asked_before(index: Index) -> None:
    held = Held([memory("A", "pnpm is used")])
    index.sync(held)
    assert found(index, "yarn") == []
    held.stored.append(memory("B", "yarn is not"))
    index.sync(held)
    assert found(index, "yarn") == ["B"]


def test_many_rows_are_fetched_as_few_are(index: Index) -> None:
    index.sync(Held([memory(f"M{number}", f"Shelf {number}.") for number in range(300)]))
    rows = _all_rows(index)
    many = index.view.fetch_memories(rows)
    assert sorted(one.id for one in many.values()) == sorted(f"M{number}" for number in range(300))
    assert {
        row: one for half in (rows[:150], rows[150:]) for row, one in index.view.fetch_memories(half).items()
    } == many


def _all_rows(index: Index) -> list[int]:
    block = index.view.memories_of(WEB)
    assert block is not None
    return [int(row) for row in block.column("row")]


def test_what_is_no_longer_so_takes_nobodys_place(index: Index) -> None:
    """Whether its rows are shut out by their label, being many, or left out afterwards, being few."""
    held = [memory(f"M{number}", "Shelf " * (9 - number)) for number in range(9)]
    index.sync(Held([status(one, Status.SUPERSEDED) if number % 3 else one for number, one in enumerate(held)]))

    def best(limit: int) -> list[int]:
        return [hit.row for hit in index.view.words("memory", WEB, {"shelf": 1.0}, {"content": 1.0}, Filters(), limit)]

    assert len(best(9)) == len(best(6)) == 3
    assert [best(limit) for limit in (1, 2, 3)] == [best(9)[:limit] for limit in (1, 2, 3)]

"""The texts of messages lie in the archive alone: they are had from there, and what has left it is not given."""

from __future__ import annotations

from pathlib import Path

from index_builders import WEB, Held, Texts, found, message

from sidecar.index import Embedder, Index
from sidecar.index.entries import CONTENT_BYTES


def _taken_in(folder: Path, embedder: Embedder, archive: Texts) -> Index:
    index = Index.open(folder, embedder, archive=archive)
    index.sync(Held(changes=[message(number, text, number=number) for number, text in sorted(archive.held.items())]))
    return index


def test_what_is_found_has_the_archives_words_and_the_index_none(folder: Path, embedder: Embedder) -> None:
    archive = Texts({1: "the heron nests by the old pump house", 2: "deploys leave at noon"})
    index = _taken_in(folder, embedder, archive)
    assert found(index, "heron", "message") == ["m1"]
    assert archive.asked == [1]
    [held] = index.view.fetch_messages([1]).values()
    assert (held.content, held.truncated) == (archive.held[1], False)
    index.close()
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"pump house" not in kept


def test_a_message_whose_text_is_gone_is_not_given(folder: Path, embedder: Embedder) -> None:
    archive = Texts({1: "the heron nests here", 2: "a heron again"})
    index = _taken_in(folder, embedder, archive)
    del archive.held[1]
    assert [held.id for held in index.view.fetch_messages([1, 2]).values()] == ["m2"]


def test_a_number_that_stands_for_another_message_gives_nothing(folder: Path, embedder: Embedder) -> None:
    archive = Texts({1: "the heron nests here"})
    index = _taken_in(folder, embedder, archive)
    archive.held[1], archive.ids[1] = "words of somebody else", "another"
    assert index.view.fetch_messages([1]) == {}


def test_a_long_text_is_cut_and_said_to_be(folder: Path, embedder: Embedder) -> None:
    index = _taken_in(folder, embedder, Texts({1: "h" * CONTENT_BYTES, 2: "h" * (CONTENT_BYTES + 1), 3: "ä" * 20_000}))
    held = index.view.fetch_messages([1, 2, 3])
    assert [(len(one.content.encode()), one.truncated) for _, one in sorted(held.items())] == [
        (CONTENT_BYTES, False),
        (CONTENT_BYTES, True),
        (CONTENT_BYTES, True),
    ]


def test_without_an_archive_the_index_keeps_the_words_itself(folder: Path, embedder: Embedder) -> None:
    index = Index.open(folder, embedder)
    index.sync(Held(changes=[message(1, "the heron nests here", number=7)]))
    assert index.view.fetch_messages([1])[1].content == "the heron nests here"


def test_another_archive_starts_anew(folder: Path, embedder: Embedder) -> None:
    archive = Texts({1: "the heron nests here"})
    _taken_in(folder, embedder, archive).close()
    assert Index.open(folder, embedder, archive=archive).view.size(WEB) == 1
    archive.identity = "two"
    assert Index.open(folder, embedder, archive=archive).view.size(WEB) == 0

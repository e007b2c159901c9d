"""At rest the index lets go of what it can take again, and answers and learns as before."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from index_builders import Held, found, memory, message

from sidecar.errors import IndexUnusable
from sidecar.index import Embedder, Index
from sidecar.model import ProfileRef, Stored


@pytest.fixture
def source() -> Held:
    return Held(
        [memory(str(number), f"Lamp {number} burns on pier {number % 7}.") for number in range(500)],
        [message(number, f"we trim the wick of lamp {number}") for number in range(1, 500)],
    )


def looked_at(folder: Path) -> int:
    """Kilobytes of the engine's files that count as this process's."""
    held, mine = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if line.startswith("Rss:") and mine:
            held += int(line.split()[1])
        elif "-" in line.split()[0]:
            mine = str(folder) in line and "/words/" in line
    return held


def engine_threads() -> int:
    names = (path.read_text() for path in Path("/proc/self/task").glob("*/comm"))
    return sum("tantivy" in name for name in names)


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_rest_lets_go_of_pages_and_threads(index: Index, folder: Path) -> None:
    said = [" ".join(f"lamp{number}of{pier}" for pier in range(300)) for number in range(100)]
    index.sync(Held([], [message(number, text) for number, text in enumerate(said, 1)]))
    before = [found(index, text, "message") for text in said]
    pages, threads = looked_at(folder), engine_threads()
    index.rest()
    assert looked_at(folder) < pages  # opening looks at some again
    until = time.monotonic() + 30
    while engine_threads() >= threads:  # those that watched for the earlier one see within a moment that it is gone
        assert time.monotonic() < until
        time.sleep(0.1)
    assert [found(index, text, "message") for text in said] == before
    assert all(before)


def test_a_view_from_before_can_still_be_read(index: Index, source: Held) -> None:
    index.sync(source)
    view, generation = index.view, index.generation
    index.rest()
    assert index.generation == generation
    assert view.memories.reader.documents() == index.view.memories.reader.documents() == 500


def test_what_comes_after_a_rest_is_taken_in_and_lasts(
    index: Index, source: Held, folder: Path, embedder: Embedder
) -> None:
    index.sync(source)
    for number in (1, 2):
        index.rest()
        source.stored.append(memory(f"new{number}", f"The foghorn {number} sounds."))
        index.sync(source)
    assert sorted(found(index, "foghorn")) == ["new1", "new2"]
    index.close()
    assert sorted(found(Index.open(folder, embedder), "foghorn")) == ["new1", "new2"]


def test_an_index_that_was_deleted_is_left_to_the_next_sync(index: Index, source: Held, folder: Path) -> None:
    index.sync(source)
    shutil.rmtree(folder)
    index.rest()
    assert not folder.exists()
    assert found(index, "foghorn lamp") != []
    index.sync(source)
    assert found(index, "lamp") != []


def test_files_that_were_put_back_from_elsewhere_are_not_taken_for_the_same(
    index: Index, source: Held, folder: Path, tmp_path: Path
) -> None:
    index.sync(source)
    words = folder / "memories" / "words"
    shutil.copytree(words, tmp_path / "copy")
    source.stored.append(memory("late", "The foghorn sounds."))
    index.sync(source)
    for path in words.iterdir():
        path.unlink()
    shutil.copytree(tmp_path / "copy", words, dirs_exist_ok=True)
    with pytest.raises(IndexUnusable):
        index.rest()
    assert found(index, "foghorn") == ["late"]


def test_readers_go_on_while_it_rests(index: Index, source: Held) -> None:
    index.sync(source)
    stop, wrong = threading.Event(), list[list[str]]()
    expected = found(index, "lamp 7")

    def ask() -> None:
        while not stop.is_set():
            if (answer := found(index, "lamp 7")) != expected:
                wrong.append(answer)

    asker = threading.Thread(target=ask)
    asker.start()
    for _ in range(10):
        index.rest()
    stop.set()
    asker.join()
    assert wrong == []


def test_what_a_rest_finds_in_doubt_is_made_anew_before_anything_is_added_to_it(
    index: Index, source: Held, folder: Path, tmp_path: Path
) -> None:
    index.sync(source)
    words = folder / "memories" / "words"
    shutil.copytree(words, tmp_path / "copy")
    source.stored.append(memory("late", "The foghorn sounds."))
    index.sync(source)
    shutil.rmtree(words)
    shutil.copytree(tmp_path / "copy", words)
    with pytest.raises(IndexUnusable):
        index.rest()
    assert not index.intact()
    index.rest()  # nothing more to be done about it
    source.stored.append(memory("later", "The bell rings."))
    assert index.sync(source).rebuilt
    assert index.intact()
    assert sorted(found(index, "foghorn bell")) == ["late", "later"]


def test_an_index_without_the_engines_list_of_files_is_not_taken_for_an_empty_one(
    index: Index, source: Held, folder: Path
) -> None:
    index.sync(source)
    (folder / "memories" / "words" / "meta.json").write_text("{")
    with pytest.raises(IndexUnusable):
        index.rest()
    assert len(found(index, "lamp 7")) > 1
    index.sync(source)
    assert index.intact()
    assert len(found(index, "lamp 7")) > 1


def test_what_a_refill_that_broke_off_has_is_not_given_out(index: Index, source: Held) -> None:
    class Broken(Held):
        """Its memories cannot be read."""

        def memories(self) -> Mapping[ProfileRef, Sequence[Stored]]:
            raise EOFError

    index.sync(source)
    before = found(index, "lamp 7")
    with pytest.raises(EOFError):
        index.sync(Broken(source.stored, source.changes), anew=True)
    index.rest()
    index.write()
    assert found(index, "lamp 7") == before
    assert len(before) > 1
    assert index.sync(source).rebuilt
    assert found(index, "lamp 7") == before

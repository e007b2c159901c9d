"""Who reads the folder beside its writer finds what that finds, says of which state, and changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from index_builders import WEB, Held, Texts, found, memory, message, status

from sidecar.errors import IndexUnusable
from sidecar.index import Embedder, Filters, Index, Lasting, Replica
from sidecar.model import Status

ALL = Filters()
FEW = 16
"""So many more are written before one may wait."""


@pytest.fixture
def archive() -> Texts:
    return Texts({1: "the heron nests by the pump house", 2: "deploys leave at noon", 3: "the pump was mended"})


@pytest.fixture
def source(archive: Texts) -> Held:
    others = [memory(f"other{number}", f"Boat {number} is blue.") for number in range(FEW)]
    return Held(
        [memory("one", "The pump house key hangs by the door."), memory("two", "Deploys leave at noon."), *others],
        [message(number, text, number=number) for number, text in sorted(archive.held.items())],
    )


@pytest.fixture
def index(folder: Path, embedder: Embedder, archive: Texts, source: Held) -> Index:
    opened = Index.open(folder, embedder, archive=archive)
    opened.sync(source)
    return opened


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file, but for the engine's locks, which it makes whoever reads."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(".lock")]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def test_it_finds_what_the_index_finds(folder: Path, embedder: Embedder, archive: Texts, index: Index) -> None:
    before = _state(folder)
    replica = Replica(folder, embedder, archive)
    assert replica.lasting == index.lasting is not None
    for text in ("pump house", "noon", "heron", "nothing of the kind"):
        for kind in ("memory", "message"):
            assert found(replica, text, kind) == found(index, text, kind)
    vector = embedder.encode_one("where is the key?")
    assert replica.view.nearest("memory", WEB, vector, ALL, 5) == index.view.nearest("memory", WEB, vector, ALL, 5)
    assert _state(folder) == before


def test_it_stays_as_it_was_and_a_new_one_has_what_came(
    folder: Path, embedder: Embedder, archive: Texts, index: Index, source: Held
) -> None:
    replica = Replica(folder, embedder, archive)
    source.stored[0] = status(source.stored[0], Status.FORGOTTEN)
    source.stored.append(memory("three", "The pump runs on diesel."))
    index.sync(source)
    assert replica.lasting != index.lasting
    assert found(replica, "pump") == ["one"]
    renewed = Replica(folder, embedder, archive)
    assert renewed.lasting == index.lasting
    assert found(renewed, "pump") == found(index, "pump") == ["three"]


def test_what_waits_in_memory_is_in_no_replica(
    folder: Path, embedder: Embedder, archive: Texts, index: Index, source: Held
) -> None:
    source.stored.append(memory("three", "The pump runs on diesel."))
    index.sync(source, later=True)
    assert found(index, "diesel") == ["three"]
    assert index.lasting is None
    assert found(Replica(folder, embedder, archive), "diesel") == []
    index.write()
    assert Replica(folder, embedder, archive).lasting == index.lasting is not None


def test_an_index_made_anew_is_another(
    folder: Path, embedder: Embedder, archive: Texts, index: Index, source: Held
) -> None:
    before = index.lasting
    index.sync(source, anew=True)
    assert before is not None
    assert index.lasting is not None
    assert before.folder != index.lasting.folder
    assert Replica(folder, embedder, archive).lasting == index.lasting


def test_an_index_that_is_opened_again_is_the_same(
    folder: Path, embedder: Embedder, archive: Texts, index: Index
) -> None:
    before = index.lasting
    index.close()
    assert Index.open(folder, embedder, archive=archive).lasting == before


def test_an_empty_index_has_one_too(folder: Path, embedder: Embedder, archive: Texts) -> None:
    index = Index.open(folder, embedder, archive=archive)
    replica = Replica(folder, embedder, archive)
    assert replica.lasting == index.lasting
    assert isinstance(replica.lasting, Lasting)
    assert found(replica, "pump") == []


def test_while_it_is_made_anew_there_is_none(
    folder: Path, embedder: Embedder, archive: Texts, index: Index, source: Held
) -> None:
    seen: list[Lasting | None] = []

    class Looking(Held):
        def memories(self):
            seen.append(index.lasting)
            return super().memories()

    index.sync(Looking(source.stored, source.changes), anew=True)
    assert seen == [None]


@pytest.mark.parametrize("harm", ["no folder", "no marker", "no meta", "no rows", "cut rows", "another model", "list"])
def test_what_cannot_be_read_is_said_and_left_alone(
    harm: str, folder: Path, embedder: Embedder, archive: Texts, index: Index
) -> None:
    index.close()
    rows = next((folder / "memories" / "columns").glob("*.rows"))
    marker = folder / "format.json"
    if harm == "no folder":
        shutil.rmtree(folder)
    elif harm == "no marker":
        marker.unlink()
    elif harm == "no meta":
        (folder / "messages" / "words" / "meta.json").unlink()
    elif harm == "no rows":
        rows.unlink()
    elif harm == "cut rows":
        rows.write_bytes(rows.read_bytes()[:-1])
    elif harm == "another model":
        marker.write_text(json.dumps({**json.loads(marker.read_text()), "embedder": "another"}))
    else:
        marker.write_text("[]")
    before = _state(folder)
    with pytest.raises(IndexUnusable):
        Replica(folder, embedder, archive)
    assert _state(folder) == before


def test_rows_of_another_state_than_the_words_are_refused(
    folder: Path, embedder: Embedder, archive: Texts, index: Index, source: Held, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    shutil.copytree(folder / "memories" / "words", old)
    source.stored.append(memory("three", "The pump runs on diesel."))
    index.sync(source)
    for number in range(60):  # until the rows of the old state have been put together with others
        source.stored.append(memory(f"more{number}", f"Pump number {number} runs."))
        index.sync(source)
    index.close()
    shutil.rmtree(folder / "memories" / "words")
    shutil.copytree(old, folder / "memories" / "words")
    with pytest.raises(IndexUnusable):
        Replica(folder, embedder, archive)

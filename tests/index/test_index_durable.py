"""The index is a cache: deleted, damaged, foreign or half written, the next sync makes it right, once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from index_builders import WEB, Held, found, memory, message, tiny_model

from sidecar.errors import IndexUnusable
from sidecar.index import Embedder, Filters, Index, MessageDoc, MessageGone
from sidecar.index.marker import FORMAT


@pytest.fixture
def source() -> Held:
    return Held(
        [memory("A", "The web workspace uses pnpm."), memory("B", "The database listens on port 5433.")],
        [message(1, "we deploy to staging first"), message(2, "staging it is", role="assistant")],
    )


@pytest.fixture
def filled(index: Index, source: Held) -> Index:
    index.sync(source)
    return index


def _complete(index: Index) -> bool:
    return (
        found(index, "pnpm") == ["A"]
        and found(index, "port 5433") == ["B"]
        and sorted(found(index, "staging", "message")) == ["m1", "m2"]
        and len(index.neighbours(WEB, "pnpm workspace database", 9)) == 2
    )


def _rows(folder: Path, kind: str = "memories") -> list[Path]:
    return sorted((folder / kind / "columns").iterdir())


def test_what_was_synced_is_there_after_a_restart(
    filled: Index, folder: Path, embedder: Embedder, source: Held
) -> None:
    again = Index.open(folder, embedder)
    assert _complete(again)
    assert again.generation == filled.generation
    assert not again.sync(source).changed


def test_the_folder_is_private(filled: Index, folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0


def test_deleted_while_closed(filled: Index, folder: Path, embedder: Embedder, source: Held) -> None:
    shutil.rmtree(folder)
    again = Index.open(folder, embedder)
    assert found(again, "pnpm") == []
    again.sync(source)
    assert _complete(again)


def test_deleted_while_open(filled: Index, folder: Path, source: Held) -> None:
    shutil.rmtree(folder.parent)
    assert not filled.intact()
    assert _complete(filled), "searches go on from what was read before"
    before = filled.generation
    report = filled.sync(source)
    assert report.rebuilt
    assert report.generation == filled.generation > before
    assert filled.intact()
    assert _complete(filled)
    assert not filled.sync(source).changed


def test_deleted_while_open_and_changed_meanwhile(filled: Index, folder: Path, source: Held) -> None:
    shutil.rmtree(folder)
    source.stored.pop()
    filled.sync(source)
    assert found(filled, "port 5433") == []
    assert found(filled, "pnpm") == ["A"]


def test_deleted_and_made_anew_by_someone_else(filled: Index, folder: Path, embedder: Embedder, source: Held) -> None:
    shutil.rmtree(folder)
    Index.open(folder, embedder)
    assert not filled.intact()
    assert filled.sync(source).rebuilt
    assert _complete(filled)


def test_sync_anew_on_request(filled: Index, source: Held) -> None:
    before = filled.generation
    assert filled.sync(source, anew=True).rebuilt
    assert filled.generation > before
    assert _complete(filled)


def test_while_it_is_made_anew_it_answers_and_counts_as_intact(filled: Index, source: Held) -> None:
    """Who asks meanwhile must not take the emptied folder for a deleted one, and wait until all is done."""
    seen: list[tuple[bool, bool, list[str]]] = []

    class Slow(Held):
        def message_changes(self, after: int) -> list[MessageDoc | MessageGone]:
            seen.append((filled.refilling, filled.intact(), found(filled, "pnpm")))
            return list(super().message_changes(after))

    filled.sync(Slow(source.stored, source.changes), anew=True)
    assert seen == [(True, True, ["A"])]
    assert not filled.refilling
    assert _complete(filled)


def test_another_model_starts_anew_and_dimensions_are_never_mixed(
    filled: Index, folder: Path, tmp_path: Path, source: Held
) -> None:
    small = Embedder.load(str(tiny_model(tmp_path / "model")))
    other = Index.open(folder, small)
    assert found(other, "pnpm") == []
    other.sync(source)
    assert _complete(other)
    assert {block.dimensions for block in other.view.memories.blocks.values()} == {8}
    assert other.view.nearest("memory", WEB, filled.embedder.encode(["pnpm"])[0], Filters(), 5) == []


def test_the_same_name_with_other_weights_is_another_model(folder: Path, tmp_path: Path, source: Held) -> None:
    model = tiny_model(tmp_path / "model")
    Index.open(folder, Embedder.load(str(model))).sync(source)
    tiny_model(model, seed=8)
    assert Index.open(folder, Embedder.load(str(model))).view.size(WEB) == 0


@pytest.mark.parametrize("number", [0, 1, 2, 3, FORMAT + 1, "x", None])
def test_another_format_starts_anew(
    filled: Index, folder: Path, embedder: Embedder, source: Held, number: object
) -> None:
    marker = folder / "format.json"
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "format": number}))
    again = Index.open(folder, embedder)
    assert again.view.size(WEB) == 0
    again.sync(source)
    assert _complete(Index.open(folder, embedder))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no marker": lambda folder: (folder / "format.json").unlink(),
    "marker is no JSON": lambda folder: (folder / "format.json").write_text("{"),
    "marker is a list": lambda folder: (folder / "format.json").write_text("[]"),
    "rows absent": lambda folder: _rows(folder)[0].unlink(),
    "rows cut off": lambda folder: _cut(_rows(folder)[0]),
    "rows empty": lambda folder: _rows(folder)[0].write_bytes(b""),
    "one bit of the rows": lambda folder: _flip(_rows(folder)[0]),
    "rows are noise": lambda folder: _rows(folder)[0].write_bytes(b"\x00\xff\n" * 99),
    "columns absent": lambda folder: shutil.rmtree(folder / "messages" / "columns"),
    "words absent": lambda folder: shutil.rmtree(folder / "messages" / "words"),
    "words' meta absent": lambda folder: (folder / "memories" / "words" / "meta.json").unlink(),
    "words' meta is noise": lambda folder: (folder / "memories" / "words" / "meta.json").write_text("noise"),
    "a segment's store absent": lambda folder: next((folder / "memories" / "words").glob("*.store")).unlink(),
    "a segment's terms cut off": lambda folder: _cut(next((folder / "messages" / "words").glob("*.term"))),
    "a file in the folder's place": lambda folder: (shutil.rmtree(folder), folder.write_text("file")),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_index_is_filled_anew_and_then_stays(
    filled: Index, folder: Path, embedder: Embedder, source: Held, damage: Callable[[Path], object]
) -> None:
    filled.close()
    damage(folder)
    again = Index.open(folder, embedder)
    assert again.sync(source).changed
    assert _complete(again)
    settled = Index.open(folder, embedder)
    assert not settled.sync(source).changed, "no rebuild loop"
    assert _complete(settled)


def test_killed_between_the_vectors_and_the_words(
    filled: Index, folder: Path, embedder: Embedder, source: Held, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    shutil.copytree(folder / "memories" / "words", before)
    source.stored.append(memory("C", "Releases are tagged by hand."))
    filled.sync(source)
    assert len(_rows(folder)) == 2
    shutil.rmtree(folder / "memories" / "words")
    shutil.move(before, folder / "memories" / "words")

    again = Index.open(folder, embedder)
    assert _complete(again), "the state before the commit"
    assert found(again, "tagged") == []
    assert len(_rows(folder)) == 1, "the leaving is gone"
    assert again.sync(source).memories_written == 1
    assert found(again, "tagged") == ["C"]


def test_killed_while_the_vectors_were_written(filled: Index, folder: Path, embedder: Embedder, source: Held) -> None:
    (folder / "memories" / "columns" / "000000000002.rows").write_bytes(b'{"format": 1, "who')
    again = Index.open(folder, embedder)
    assert _complete(again)
    assert not again.sync(source).changed


def test_many_small_syncs_leave_few_files(index: Index, folder: Path, embedder: Embedder) -> None:
    source = Held()
    for number in range(60):
        source.stored = [*source.stored[-9:], memory(f"N{number}", f"note number n{number}")]
        index.sync(source)
    assert len(_rows(folder)) < 50
    again = Index.open(folder, embedder)
    assert again.view.size(WEB) == 10
    assert found(again, "n59") == ["N59"]
    assert found(again, "n3") == []
    assert again.generation == index.generation


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, embedder: Embedder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IndexUnusable):
        Index.open(tmp_path / "file" / "index", embedder)


_SYNCER = """
import sys
sys.path[:0] = sys.argv[2:4]
from pathlib import Path
from index_builders import Held, memory, message
from sidecar.index import Embedder, Index

index, source = Index.open(Path(sys.argv[1]), Embedder.load()), Held()
kept, later = int(sys.argv[4]), sys.argv[5] == "later"
print("ready", flush=True)
for number in range(1, 1000):
    source.stored = [*source.stored[-kept:], memory(f"N{number}", f"note n{number}")]
    source.changes.append(message(number, f"said n{number}"))
    index.sync(source, later=later)
"""


@pytest.mark.parametrize(("kept", "later"), [("4", "at once"), ("1000", "later")])
def test_killed_at_any_moment(folder: Path, embedder: Embedder, kept: str, later: str) -> None:
    here, root = str(Path(__file__).parent), str(Path(__file__).parents[2])
    final = Held([memory("Z", "the last note")], [message(2000, "the last word")])
    for number in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", _SYNCER, str(folder), here, root, kept, later],
            stdout=subprocess.PIPE,
            env={**os.environ},
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.05 + 0.11 * number)
            process.send_signal(signal.SIGKILL)
        index = Index.open(folder, embedder)
        view = index.view
        assert view.memories.reader.documents() == view.memories.state.live
        assert view.messages.reader.documents() == view.messages.state.cursor, "each message once"
    index.sync(final)
    assert found(index, "last note") == ["Z"]
    assert index.view.memories.reader.documents() == 1
    assert found(index, "last word", "message") == ["m2000"]

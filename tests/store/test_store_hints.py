"""A look at the paths that are told of finds what a look at everything finds; what nobody tells of is not lost."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from store_kit import Kit

from sidecar.store.committing import commit_paths
from sidecar.store.scan import look_at, scan

FOLDERS = ("facts/a", "facts/b", "facts/a/deep", ".hidden", "tombstones", "archive/facts/a")
NAMES = ("one.md", "two.md", "three.txt", ".four.md", "five.yaml")
places = st.builds(lambda folder, name: f"{folder}/{name}", st.sampled_from(FOLDERS), st.sampled_from(NAMES))
folders = st.sampled_from(FOLDERS)
moves = st.one_of(st.tuples(places, places), st.tuples(folders, st.sampled_from(["facts/c", "facts/a/e", ".away"])))


def _write(root: Path, place: str) -> list[str]:
    """A file is written, with the folders that it takes."""
    above = [one for one in (root / place).parents if one.is_relative_to(root) and not one.exists()]
    new = [str(one.relative_to(root)) for one in above]
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text("Words.\n")
    return [place, *new]


def _move(root: Path, place: str, target: str) -> list[str]:
    (root / place).rename(root / target)
    return [place, target]


def _remove(root: Path, place: str) -> list[str]:
    shutil.rmtree(root / place) if (root / place).is_dir() else (root / place).unlink()
    return [place]


def _link(root: Path, place: str) -> list[str]:
    """A symlink comes in the place of whatever is there."""
    _remove(root, place)
    (root / place).symlink_to("/tmp")
    return [place]


def _folder(root: Path, place: str) -> list[str]:
    """A folder comes in the place of whatever is there, with a file in it."""
    _remove(root, place)
    return [place, *_write(root, f"{place}/inner.md")]


steps = st.one_of(
    st.builds(lambda place: (_write, place), places),
    st.builds(lambda pair: (_move, *pair), moves),
    st.builds(lambda do, place: (do, place), st.sampled_from([_remove, _link, _folder]), st.one_of(places, folders)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(steps, min_size=1, max_size=3), min_size=1, max_size=8))
def test_a_look_at_what_is_told_of_finds_what_a_look_at_everything_finds(batches: list[list[Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        memories: dict[str, object] = {}
        tombstones: dict[str, object] = {}
        for batch in batches:
            told: set[str] = set()
            for do, *arguments in batch:
                with suppress(OSError):  # there is nothing, or something else is in the way
                    told.update(do(root, *arguments))
            look = look_at(root, told, (memories, tombstones))
            found = look.memories | look.misplaced(memories)
            for known, seen in ((memories, found), (tombstones, look.tombstones)):
                for path in look.missing(known, seen):
                    del known[path]
                known.update(seen)
            everything = scan(root)
            assert memories.keys() == (everything.memories | everything.misplaced(memories)).keys()
            assert tombstones.keys() == everything.tombstones.keys()


def _grown(tmp_path: Path) -> Kit:
    kit = Kit(tmp_path)
    for number in range(40):
        kit.write(f"facts/rest/{number}.md", f"Rest {number}.\n")
    kit.cycle()
    kit.profile.refresh([])
    return kit


def test_a_moved_file_of_which_only_the_old_place_is_told_of_is_not_forgotten(tmp_path: Path) -> None:
    kit = _grown(tmp_path)
    before = kit.profile.memories()
    (kit.folder / "facts/moved").mkdir()
    (kit.folder / "facts/rest/7.md").rename(kit.folder / "facts/moved/7.md")
    assert kit.profile.refresh(["facts/rest/7.md"]).gone == ()
    kit.profile.settle()
    kit.profile.commit(everything=False)
    assert not kit.profile.tombstones()
    assert {one.memory.id for one in kit.profile.memories()} == {one.memory.id for one in before}
    assert kit.git("status", "--porcelain") == ""


def test_a_moved_file_of_which_only_the_new_place_is_told_of_has_moved(tmp_path: Path) -> None:
    kit = _grown(tmp_path)
    (kit.folder / "facts/rest/7.md").rename(kit.folder / "facts/rest/seven.md")
    kit.profile.refresh(["facts/rest/seven.md"])
    assert "facts/rest/seven.md" in {one.path for one in kit.profile.memories()}
    assert not kit.profile.bad_files()
    kit.profile.commit(everything=False)
    assert kit.git("status", "--porcelain") == ""


def test_another_branch_is_no_removal_whichever_of_its_files_are_told_of(tmp_path: Path) -> None:
    kit = _grown(tmp_path)
    kit.git("branch", "earlier")
    for number in range(5):
        kit.write(f"facts/later/{number}.md", f"Later {number}.\n")
    kit.cycle()
    kit.profile.refresh([])
    kit.git("checkout", "-q", "earlier")
    for path in ("facts/later/0.md", "facts/later/1.md"):  # told of one after the other, as events come
        kit.profile.refresh([path])
    kit.profile.settle()
    assert not kit.profile.tombstones()
    assert not any(one.path.startswith("facts/later") for one in kit.profile.memories())
    kit.git("checkout", "-q", "main")
    kit.profile.refresh(["facts/later/3.md"])
    assert sum(one.path.startswith("facts/later") for one in kit.profile.memories()) == 5


def test_a_removal_of_most_is_an_alarm_also_when_it_is_told_of_in_pieces(tmp_path: Path) -> None:
    kit = _grown(tmp_path)
    paths = sorted(one.path for one in kit.profile.memories())
    for path in paths[:30]:
        (kit.folder / path).unlink()
    kit.profile.refresh(paths[:1])
    assert kit.profile.vanished == (30, 40)
    kit.profile.refresh(paths[1:2])
    assert kit.profile.vanished == (30, 40)
    assert (kit.profile.settle(), kit.profile.commit(everything=False)) == ([], [])
    assert len(kit.profile.memories()) == 40
    kit.profile.accept()
    kit.profile.settle()
    kit.profile.commit(everything=False)
    assert (len(kit.profile.memories()), len(kit.profile.tombstones())) == (10, 30)


def test_a_commit_of_what_is_known_leaves_the_rest_until_somebody_doubts(tmp_path: Path) -> None:
    kit = _grown(tmp_path)
    kit.write("facts/rest/1.md", (kit.folder / "facts/rest/1.md").read_text() + "More.\n")
    kit.write("notes.txt", "Nobody has told of this.\n")
    kit.write("picture.png", b"\x89PNG")
    kit.profile.refresh(["facts/rest/1.md", "picture.png"])
    kit.profile.commit(everything=False)
    assert kit.git("status", "--porcelain") == "?? notes.txt\n"
    assert kit.profile.uncommitted()
    kit.profile.doubt()
    kit.profile.commit(everything=False)
    assert kit.git("status", "--porcelain") == ""


def test_what_changes_unseen_in_the_moment_after_a_look_is_found_by_the_next_one(tmp_path: Path) -> None:
    kit = _grown(tmp_path)
    path = kit.write("facts/new.md", "It is 1.\n")
    kit.profile.refresh(["facts/new.md"])
    assert "facts/new.md" in kit.profile.differing(racy=True)
    assert kit.profile.differing() == []
    path.unlink()
    assert kit.profile.differing() == ["facts/new.md"]


def test_a_file_that_changes_again_before_the_commit_waits_for_the_next_look_and_is_then_marked(tmp_path: Path) -> None:
    kit = _grown(tmp_path)
    path = kit.folder / "facts/rest/1.md"
    first, second = path.read_text() + "More.\n", path.read_text() + "Even more.\n"
    path.write_text(first)
    kit.profile.refresh(["facts/rest/1.md"])
    kit.write("facts/rest/2.md", second)
    path.write_text(second)
    commit_paths(kit.profile._core, ["facts/rest/1.md", "facts/rest/2.md"])
    assert kit.profile._core.unseen == ["facts/rest/1.md", "facts/rest/2.md"]
    assert kit.git("show", "HEAD:facts/rest/1.md") != second, "nobody knows yet what it says"
    kit.profile.refresh(["facts/rest/1.md"])
    kit.profile.commit(everything=False)
    kit.profile.commit(everything=False)
    assert "edited:" in path.read_text()
    assert "Even more." in kit.git("show", "HEAD:facts/rest/1.md")

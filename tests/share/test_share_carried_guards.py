"""A carried profile where something is odd in its project: other clones, conflicts, broken files, no folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from share_kit import FOLDER, REF, Machine, carried, commit, git, step

from sidecar.errors import CannotCarry, StoreVanished
from sidecar.model import Status
from sidecar.store import purges


def test_a_second_clone_forgets_nothing_that_the_first_has_not_committed(
    ada: Machine, project: Path, tmp_path: Path
) -> None:
    ada.learn("The port is 8080.")
    ada.sharing.carry(REF, project / FOLDER)
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project), str(clone))
    ada.sharing.carry(REF, clone / FOLDER)
    step(ada)
    assert [one.memory.content for one in ada.memories(Status.ACTIVE)] == ["The port is 8080."]
    assert dict(ada.profile.tombstones()) == {}
    assert carried(clone) == ada.tree()


def test_a_folder_that_is_refused_leaves_the_agreement_with_the_former_one(
    carrier: Machine, project: Path, tmp_path: Path
) -> None:
    (stored,) = carrier.memories()
    other = tmp_path / "other" / FOLDER
    other.mkdir(parents=True)
    (other / "x.md").symlink_to(project / "code.py")
    with pytest.raises(CannotCarry):
        carrier.sharing.carry(REF, other)
    (project / FOLDER / stored.path).unlink()
    step(carrier)
    assert list(carrier.profile.tombstones()) == [stored.memory.id]


@pytest.mark.parametrize("text", ["<<<<<<< HEAD\nformat: 1\n=======\n", "format: 99\nname: web\n", "format: [1\n"])
@pytest.mark.parametrize("name", ["profile.yaml", "purges.yaml"])
def test_what_a_profile_says_of_itself_is_not_taken_over_broken(
    carrier: Machine, project: Path, name: str, text: str
) -> None:
    (project / FOLDER / name).write_text(text)
    commit(project)
    with pytest.raises(CannotCarry, match=name):
        step(carrier)
    assert "<<<" not in (carrier.folder / "profile.yaml").read_text()
    assert not (carrier.folder / "purges.yaml").exists()
    carrier.restart()
    assert carrier.contents() == {"The port is 8080."}
    git(project, "revert", "--no-edit", "HEAD")
    step(carrier)
    assert carried(project) == carrier.tree()


def test_what_a_profile_says_of_itself_is_put_back_where_it_was_removed(carrier: Machine, project: Path) -> None:
    before = (carrier.folder / "profile.yaml").read_bytes()
    (project / FOLDER / "profile.yaml").unlink()
    step(carrier)
    carrier.restart()
    assert (carrier.folder / "profile.yaml").read_bytes() == before
    assert carried(project) == carrier.tree()


def test_a_commit_there_does_not_decide_which_project_the_profile_belongs_to(
    carrier: Machine, project: Path, remote: Path
) -> None:
    before = carrier.sharing.identity(carrier.profile)
    path = project / FOLDER / "profile.yaml"
    other = f'project: {{root_commit: {"a" * 40}, remotes: ["github.com/victim/secret"]}}'
    path.write_text(re.sub("project:.*", other, path.read_text()))
    commit(project)
    step(carrier)
    carrier.restart()
    assert carrier.profile.info.project.root_commit == "a" * 40
    assert carrier.sharing.identity(carrier.profile) == before
    carrier.sharing.carry(REF, None)
    assert carrier.sharing.identity(carrier.profile) == before
    carrier.sharing.share(REF, str(remote))
    assert carrier.sharing.project(carrier.profile) == before.root_commit


def conflict(project: Path, path: Path) -> None:
    """Two branches change the words of a file, and are merged: git leaves both between markers."""
    git(project, "switch", "-q", "-c", "side")
    path.write_text(path.read_text().replace("\nThe port is 8080.", "\nThe port is 1."))
    commit(project)
    git(project, "switch", "-q", "main")
    path.write_text(path.read_text().replace("\nThe port is 8080.", "\nThe port is 2."))
    commit(project)
    subprocess.run(["git", "merge", "-q", "side"], cwd=project, capture_output=True, check=False)
    assert "<<<<<<<" in path.read_text()


def test_a_project_that_is_merging_is_left_alone_until_its_user_has_chosen(carrier: Machine, project: Path) -> None:
    (stored,) = carrier.memories()
    path = project / FOLDER / stored.path
    conflict(project, path)
    torn = path.read_bytes()
    carrier.learn("Learned meanwhile.")
    with pytest.raises(CannotCarry, match="merge") as caught:
        step(carrier)
    assert "Finish" in caught.value.hint
    assert path.read_bytes() == torn
    assert carrier.contents() == {"The port is 8080.", "Learned meanwhile."}
    git(project, "checkout", "-q", "--theirs", f"{FOLDER}/{stored.path}")
    commit(project)
    step(carrier)
    assert carrier.contents() == {"The port is 1.", "Learned meanwhile."}
    assert carried(project) == carrier.tree()


def test_conflict_markers_are_nobodys_words_even_when_they_are_committed(carrier: Machine, project: Path) -> None:
    (stored,) = carrier.memories()
    path = project / FOLDER / stored.path
    conflict(project, path)
    commit(project)
    torn = path.read_bytes()
    (carrier.folder / stored.path).write_text(
        (carrier.folder / stored.path).read_text().replace("\nThe port is 8080.", "\nThe port is 9090.")
    )
    carrier.learn("Learned meanwhile.")
    for _ in range(3):
        step(carrier)
    head = carrier.git("rev-parse", "HEAD")
    step(carrier)
    assert carrier.git("rev-parse", "HEAD") == head
    assert path.read_bytes() == torn
    assert carrier.contents() == {"The port is 9090.", "Learned meanwhile."}
    text = re.sub("<<<<<<<.*?>>>>>>> [^\n]*", "The port is 3.", path.read_text(), flags=re.DOTALL)
    path.write_text(text)
    for _ in range(2):
        step(carrier)
    assert {"The port is 3.", "The port is 9090.", "Learned meanwhile."} == carrier.contents()
    assert carried(project) == carrier.tree()


BROKEN = "<<<<<<< HEAD\nformat: 1\n=======\n"


def test_a_broken_list_of_purges_lets_nothing_back_and_stands_in_no_ones_way(ada: Machine, project: Path) -> None:
    stored = ada.learn("The vault opens with heron-4711.")
    ada.learn("Something else.")
    ada.sharing.carry(REF, project / FOLDER)
    commit(project)
    step(ada)
    ada.purge(stored.memory.id)
    step(ada)
    ada.write("purges.yaml", BROKEN)  # in the store itself, by a hand
    ada.commit()
    git(project, "checkout", "-q", "HEAD", "--", f"{FOLDER}/facts")
    for _ in range(2):
        step(ada)
    assert ada.contents() == {"Something else."}
    ada.learn("Taken back again.")
    ada.commit()
    ada.profile.undo(None)
    assert [one.memory.content for one in ada.memories(Status.ACTIVE)] == ["Something else."]
    assert stored.memory.id in ada.profile.tombstones()
    (other,) = ada.memories(Status.ACTIVE)
    ada.purge(other.memory.id)
    assert ada.profile.unfinished_purge() is None
    named = {one for purge in purges.read(REF, (ada.folder / "purges.yaml").read_bytes()) for one in purge.ids}
    assert named == {stored.memory.id, other.memory.id}


def test_a_listed_id_that_is_alive_keeps_taking_hand_edits(carrier: Machine, project: Path) -> None:
    (stored,) = carrier.memories()
    entry = f"{{time: 2026-01-01T00:00:00Z, old: {'a' * 40}, new: {'b' * 40}, ids: [{stored.memory.id}]}}"
    (project / FOLDER / "purges.yaml").write_text(f"format: 1\npurges:\n  - {entry}\n")
    commit(project)
    step(carrier)
    path = project / FOLDER / stored.path
    path.write_text(path.read_text().replace("\nThe port is 8080.", "\nMy own words."))
    step(carrier)
    assert carrier.contents() == {"My own words."}
    assert "My own words." in path.read_text()


def test_a_folder_that_was_meant_to_be_emptied_is_accepted(carrier: Machine, project: Path) -> None:
    for number in range(12):
        carrier.learn(f"Fact {number}.")
    step(carrier)
    shutil.rmtree(project / FOLDER / "facts")
    with pytest.raises(StoreVanished):
        carrier.sharing.carry(REF, project / FOLDER)
    carrier.sharing.carry(REF, project / FOLDER, accept=True)
    assert carrier.memories(Status.ACTIVE) == []
    assert carried(project) == carrier.tree()


@pytest.mark.parametrize("what", ["file", "dangling", "no project"])
def test_a_place_that_can_be_no_folder_is_named(ada: Machine, project: Path, what: str) -> None:
    ada.learn("Mine.")
    folder = project / FOLDER
    if what == "file":
        folder.write_text("x")
    elif what == "dangling":
        folder.symlink_to(project / "nowhere")
    else:
        folder = project / "gone" / FOLDER
    with pytest.raises(CannotCarry, match="memory"):
        ada.sharing.carry(REF, folder)
    assert ada.sharing.carried(REF) is None
    assert what != "file" or folder.read_text() == "x"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_project_that_cannot_be_written_to_is_named(ada: Machine, project: Path) -> None:
    project.chmod(0o555)
    try:
        with pytest.raises(CannotCarry, match="denied"):
            ada.sharing.carry(REF, project / FOLDER)
    finally:
        project.chmod(0o755)


def test_a_folder_that_is_gone_is_made_again_with_everything(carrier: Machine, project: Path) -> None:
    shutil.rmtree(project / FOLDER)
    carrier.sharing.carry(REF, project / FOLDER)
    assert len(carrier.memories(Status.ACTIVE)) == 1
    assert carried(project) == carrier.tree()

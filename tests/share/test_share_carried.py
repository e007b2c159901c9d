"""A profile that its project carries in `.memory/`: kept in step, committed by nobody but the user."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from share_kit import CONTEXT, FOLDER, REF, Machine, carried, commit, git, step

from sidecar.errors import CannotCarry, StoreVanished
from sidecar.model import Source, Status


def test_nothing_is_written_into_a_repository_unless_its_user_asked(ada: Machine, project: Path) -> None:
    (project / FOLDER).mkdir()
    (project / FOLDER / "theirs.md").write_text("From a stranger.\n")
    ada.learn("Mine.")
    step(ada)
    assert carried(project) == {"theirs.md": b"From a stranger.\n"}
    assert ada.contents() == {"Mine."}


def test_what_is_learned_is_written_there_and_left_for_the_user_to_commit(carrier: Machine, project: Path) -> None:
    head = git(project, "rev-parse", "HEAD")
    assert carried(project) == carrier.tree()
    carrier.learn("The day is Thursday.")
    step(carrier)
    assert carried(project) == carrier.tree()
    assert (git(project, "rev-parse", "HEAD"), git(project, "diff", "--cached")) == (head, "")
    checkout = carrier.sharing.carried(REF)
    assert checkout is not None
    assert checkout.waiting == 1
    commit(project)
    assert checkout.waiting == 0
    before = carried(project)
    step(carrier)
    assert carried(project) == before


def test_hand_edits_there_are_taken_in_and_beat_the_machine(carrier: Machine, project: Path) -> None:
    (stored,) = carrier.memories()
    path = project / FOLDER / stored.path
    path.write_text(path.read_text().replace("\nThe port is 8080.", "\nThe port is 9090, really."))
    (project / FOLDER / "notes").mkdir()
    (project / FOLDER / "notes" / "メモ.md").write_text("Written by hand.\n")
    step(carrier)
    step(carrier)
    found = carrier.profile.get(stored.memory.id)
    assert found is not None
    assert found.memory.content == "The port is 9090, really."
    assert found.memory.edited is not None
    assert "Written by hand." in carrier.contents()
    assert carried(project) == carrier.tree()
    assert b"id: " in carried(project)["notes/メモ.md"]  # adopted, there too
    carrier.learn("The port is 7070.", key="api/port")
    assert "api/port" in {s.memory.key for s in carrier.memories(Status.ACTIVE)}


def test_both_sides_changed_is_merged_and_nothing_is_lost(carrier: Machine, project: Path) -> None:
    (stored,) = carrier.memories()
    for folder, words in ((project / FOLDER, "In the project."), (carrier.folder, "In the store.")):
        path = folder / stored.path
        path.write_text(path.read_text().replace("\nThe port is 8080.", f"\n{words}"))
    for _ in range(2):
        step(carrier)
    assert {"In the project.", "In the store."} <= carrier.contents()
    assert carried(project) == carrier.tree()
    assert not any(b"<<<<" in data for data in carried(project).values())


def test_a_file_removed_there_by_hand_is_forgotten_and_brought_back_is_back(carrier: Machine, project: Path) -> None:
    (stored,) = carrier.memories()
    (project / FOLDER / stored.path).unlink()
    step(carrier)
    assert list(carrier.profile.tombstones()) == [stored.memory.id]
    assert carrier.memories(Status.ACTIVE) == []
    git(project, "checkout", "-q", "--", f"{FOLDER}/{stored.path}")
    step(carrier)
    assert [one.memory.id for one in carrier.memories(Status.ACTIVE)] == [stored.memory.id]
    assert dict(carrier.profile.tombstones()) == {}
    assert carried(project) == carrier.tree()


def test_forgetting_here_takes_the_file_from_there(carrier: Machine, project: Path) -> None:
    (stored,) = carrier.memories()
    carrier.profile.forget(stored.memory.id, "no", CONTEXT)
    step(carrier)
    assert stored.path not in carried(project)
    assert carried(project) == carrier.tree()
    step(carrier)
    assert carrier.memories(Status.ACTIVE) == []


def test_a_switched_branch_forgets_nothing_and_git_can_switch_back(carrier: Machine, project: Path) -> None:
    git(project, "branch", "old")
    later = carrier.learn("Learned later.")
    step(carrier)
    commit(project)
    step(carrier)
    git(project, "switch", "-q", "old")
    before = carried(project)
    step(carrier)
    assert carried(project) == before  # nothing is written over what the branch has
    assert "Learned later." in carrier.contents()
    assert dict(carrier.profile.tombstones()) == {}
    there = carrier.learn("Learned on the old branch.")
    step(carrier)
    assert there.path in carried(project)
    assert later.path not in carried(project)
    commit(project)
    step(carrier)
    git(project, "switch", "-q", "main")
    step(carrier)
    assert carrier.contents() == {"The port is 8080.", "Learned later.", "Learned on the old branch."}
    git(project, "merge", "-q", "-m", "both", "old")
    step(carrier)
    assert carried(project) == carrier.tree()
    assert git(project, "status", "--porcelain") == ""


def test_what_a_colleague_committed_comes_with_a_pull(carrier: Machine, project: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project), str(clone))
    bo = Machine(tmp_path / "bo", "bo")
    bo.learn("What Bo knew.")
    bo.sharing.carry(REF, clone / FOLDER)
    step(bo)
    assert bo.contents() == {"The port is 8080.", "What Bo knew."}
    (stored,) = [one for one in bo.memories() if one.memory.key]
    bo.profile.forget(stored.memory.id, "closed", CONTEXT)
    step(bo)
    commit(clone, "Bo's")
    git(project, "pull", "-q", str(clone), "main")
    step(carrier)
    assert {one.memory.content for one in carrier.memories(Status.ACTIVE)} == {"What Bo knew."}
    assert carrier.tree() == bo.tree() == carried(project)
    assert git(project, "status", "--porcelain") == ""
    moved = [one for one in carrier.memories() if one.memory.edited is not None]
    assert moved == []  # a pull is nobody's correction


def test_what_a_colleague_deleted_is_gone_with_a_pull_and_stays_so(
    carrier: Machine, project: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(project), str(clone))
    bo = Machine(tmp_path / "bo", "bo")
    bo.learn("Bo's own.")
    bo.sharing.carry(REF, clone / FOLDER)
    (stored,) = [one for one in bo.memories() if one.memory.key]
    bo.profile.delete(stored.memory.id, CONTEXT)
    step(bo)
    commit(clone, "Bo's")
    git(project, "pull", "-q", str(clone), "main")
    for _ in range(2):
        step(carrier)
    assert carrier.contents() == {"Bo's own."}
    assert carrier.tree() == bo.tree() == carried(project)
    assert git(project, "status", "--porcelain") == ""


def test_what_was_purged_leaves_the_folder_and_no_old_commit_brings_it_back(ada: Machine, project: Path) -> None:
    source = Source("transcript", "claude-code", "s-1", "assistant", ("m-1",), "ines@ada")
    stored = ada.learn("The vault opens with heron-4711.", source=source)
    ada.learn("Something else.")
    ada.sharing.carry(REF, project / FOLDER)
    commit(project)
    step(ada)
    ada.purge(stored.memory.id)
    step(ada)
    assert not any(b"heron-4711" in data for data in carried(project).values())
    git(project, "checkout", "-q", "HEAD", "--", FOLDER)  # the project's own history still has it
    for _ in range(2):
        step(ada)
    assert "The vault opens with heron-4711." not in ada.contents()
    assert "heron-4711" not in git(ada.folder, "log", "--all", "-p")
    assert not any(b"heron-4711" in data for data in carried(project).values())


@pytest.mark.parametrize("what", ["symlink", "folder", "large", "private", "case", "itself"])
def test_what_a_clone_of_a_stranger_must_not_bring_in(
    carrier: Machine, project: Path, tmp_path: Path, what: str
) -> None:
    folder = project / FOLDER
    outside = tmp_path / "ssh"
    outside.mkdir()
    (outside / "id.md").write_text("A key.\n")
    if what == "symlink":
        (folder / "key.md").symlink_to(outside / "id.md")
    elif what == "folder":
        shutil.rmtree(folder / "facts")
        (folder / "facts").symlink_to(outside)
    elif what == "large":
        (folder / "x.md").write_bytes(b"x" * (256 * 1024 + 1))
    elif what == "private":
        (folder / "private").mkdir()
        (folder / "private" / "x.md").write_text("x")
    elif what == "case":
        (folder / "A.md").write_text("x")
        (folder / "a.md").write_text("y")
    else:
        folder.rename(tmp_path / "aside")
        folder.symlink_to(tmp_path / "aside")
    carrier.learn("Learned meanwhile.")
    before = carrier.contents()
    with pytest.raises(CannotCarry):
        step(carrier)
    assert carrier.contents() == before
    assert [path.name for path in outside.iterdir()] == ["id.md"]


def test_a_folder_that_was_emptied_by_hand_raises_the_alarm(carrier: Machine, project: Path) -> None:
    for number in range(12):
        carrier.learn(f"Fact {number}.")
    step(carrier)
    commit(project)
    step(carrier)
    shutil.rmtree(project / FOLDER / "facts")
    with pytest.raises(StoreVanished) as caught:
        step(carrier)
    assert "profiles carry --accept" in caught.value.hint
    assert len(carrier.memories(Status.ACTIVE)) == 13
    git(project, "checkout", "-q", "--", FOLDER)
    step(carrier)
    assert carried(project) == carrier.tree()


def test_a_folder_that_is_gone_is_named_and_nothing_is_forgotten(carrier: Machine, project: Path) -> None:
    shutil.rmtree(project / FOLDER)
    with pytest.raises(CannotCarry, match="not there"):
        step(carrier)
    assert len(carrier.memories(Status.ACTIVE)) == 1


def test_what_was_forgotten_before_and_what_is_private_stay_here(ada: Machine, project: Path) -> None:
    gone = ada.learn("Long forgotten.")
    ada.profile.forget(gone.memory.id, "no", CONTEXT)
    ada.write("private/mine.md", "Nobody's business.\n")
    ada.learn("Known.")
    ada.commit()
    ada.sharing.carry(REF, project / FOLDER)
    everything = b"\n".join(carried(project).values())
    assert b"Known." in everything
    assert b"forgotten" not in everything
    assert b"business" not in everything
    assert gone.memory.id.encode() not in everything
    assert [name for name in carried(project) if name.startswith(("private", "tombstones", "archive"))] == []


def test_it_can_be_left_again_and_the_files_stay(carrier: Machine, project: Path) -> None:
    before = carried(project)
    carrier.sharing.carry(REF, None)
    carrier.learn("For itself again.")
    step(carrier)
    assert carrier.sharing.carried(REF) is None
    assert carried(project) == before
    carrier.sharing.carry(REF, project / FOLDER)
    step(carrier)
    assert carried(project) == carrier.tree()


def test_an_interruption_between_the_two_sides_is_made_up_for(carrier: Machine, project: Path) -> None:
    class Killed(BaseException):
        pass

    (stored,) = carrier.memories()
    path = project / FOLDER / stored.path
    path.write_text(path.read_text().replace("\nThe port is 8080.", "\nThe port is 9090."))
    steps = []
    carrier.step = steps.append
    carrier.learn("Meanwhile.")

    def stop(name: str) -> None:
        if name.startswith("written facts"):
            raise Killed

    carrier.commit()
    carrier.step = stop
    with pytest.raises(Killed):
        step(carrier)
    carrier.step = lambda _name: None
    carrier.restart()
    step(carrier)
    step(carrier)
    assert {"The port is 9090.", "Meanwhile."} == carrier.contents()
    assert carried(project) == carrier.tree()


def test_a_repository_without_a_commit_will_do(ada: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    ada.learn("First.")
    ada.sharing.carry(REF, folder / FOLDER)
    assert carried(folder) == ada.tree()
    (stored,) = ada.memories()
    (folder / FOLDER / stored.path).unlink()
    step(ada)
    assert ada.memories(Status.ACTIVE) == []

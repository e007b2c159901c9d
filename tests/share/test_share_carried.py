"""A profile that its project carries in `.memory/`: kept in step, committed by nobody but the user."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from share_kit import CONTEXT, REF, Machine, git

from sidecar.errors import CannotCarry, StoreVanished
from sidecar.model import Source, Status
from sidecar.store import purges

FOLDER = ".memory"


def commit(project: Path, message: str = "by the user") -> None:
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", message)


def step(machine: Machine) -> None:
    machine.look()
    machine.sharing.keep_in_step(REF)
    machine.look()


def carried(project: Path) -> dict[str, bytes]:
    folder = project / FOLDER
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "code.py").write_text("print()\n")
    commit(folder, "begin")
    return folder


@pytest.fixture
def carrier(ada: Machine, project: Path) -> Machine:
    """A machine whose profile the project carries, with one memory that the user has committed."""
    ada.learn("The port is 8080.", key="api/port")
    ada.sharing.carry(REF, project / FOLDER)
    commit(project)
    step(ada)
    return ada


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

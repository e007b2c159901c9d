"""What a person does with git in a profile, and what becomes of it."""

import shutil

import pytest
from store_kit import REF, Kit

from sidecar.errors import GitFailed, Refused
from sidecar.frontmatter import render
from sidecar.model import Status

IDENTITY = ("-c", "user.name=Ines Example", "-c", "user.email=ines@example.org")


def _two_branches(kit: Kit):
    """`main` has two memories, `trial` only the first."""
    first = kit.add("one")
    kit.cycle()
    kit.git("branch", "trial")
    second = kit.add("two", 1)
    kit.cycle()
    return first, second


def test_what_another_branch_lacks_is_not_forgotten_and_is_back_with_its_branch(kit) -> None:
    first, second = _two_branches(kit)
    kit.git("switch", "-q", "trial")
    kit.cycle()
    assert kit.profile.memories() == [first]
    assert kit.profile.tombstones() == {}
    assert kit.profile.aside == "trial"
    kit.git("switch", "-q", "main")
    kit.cycle()
    assert kit.profile.memories() == sorted([first, second], key=lambda one: one.memory.id)
    assert kit.profile.aside is None
    assert kit.git("status", "--porcelain") == ""


def test_commits_go_to_the_branch_that_is_checked_out(kit) -> None:
    _two_branches(kit)
    before = kit.git("rev-parse", "main")
    kit.git("switch", "-q", "trial")
    kit.add("three", 3)
    assert kit.cycle()
    assert kit.git("rev-parse", "main") == before
    assert "three" in kit.git("log", "-1", "-p", "trial")


def test_a_removal_on_another_branch_is_a_removal(kit) -> None:
    first, _ = _two_branches(kit)
    kit.git("switch", "-q", "trial")
    kit.cycle()
    (kit.folder / first.path).unlink()
    kit.cycle()
    assert list(kit.profile.tombstones()) == [first.memory.id]


def test_a_removal_that_a_person_commits_themself_is_a_removal(kit) -> None:
    first, second = _two_branches(kit)
    kit.git("rm", "-q", second.path)
    kit.git(*IDENTITY, "commit", "-q", "-m", "not true")
    kit.cycle()
    assert kit.profile.memories() == [first]
    assert list(kit.profile.tombstones()) == [second.memory.id]


def test_an_old_commit_can_be_looked_at_and_left_again(kit) -> None:
    first, second = _two_branches(kit)
    kit.git("checkout", "-q", "--detach", "trial")
    kit.cycle()
    assert kit.profile.memories() == [first]
    kit.add("learned meanwhile", 5)
    with pytest.raises(GitFailed, match="detached"):
        kit.profile.commit()
    kit.git("switch", "-q", "main")
    assert kit.cycle()
    assert {one.memory.content for one in kit.profile.memories()} == {"one", "two", "learned meanwhile"}
    assert second in kit.profile.memories()
    assert kit.profile.tombstones() == {}


def test_both_sides_of_a_conflict_are_no_memory_until_a_person_has_chosen(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    kit.git("branch", "trial")
    kit.write(stored.path, render(stored.memory.replace(content="one in main")))
    kit.cycle()
    good = kit.profile.get(stored.memory.id)
    kit.git("switch", "-q", "trial")
    kit.write(stored.path, render(stored.memory.replace(content="one in trial")))
    kit.cycle()
    kit.git("switch", "-q", "main")
    kit.cycle()
    with pytest.raises(Exception, match="merge"):
        kit.git(*IDENTITY, "merge", "-q", "trial")
    kit.profile.refresh()
    (bad,) = kit.profile.bad_files()
    assert (bad.path, "conflict" in bad.reason or "YAML" in bad.reason) == (stored.path, True)
    assert kit.profile.get(stored.memory.id).memory.content == good.memory.content
    assert "<<<<<<<" in (kit.folder / stored.path).read_text()
    kit.write(stored.path, render(good.memory.replace(content="one in both")))
    kit.git("add", stored.path)
    kit.git(*IDENTITY, "commit", "-q", "-m", "merged")
    kit.cycle()
    assert kit.profile.bad_files() == []
    assert kit.profile.get(stored.memory.id).memory.content == "one in both"
    assert kit.git("status", "--porcelain") == ""


def test_a_conflict_in_the_body_alone_is_told_by_its_marks(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    (kit.folder / ".git" / "MERGE_HEAD").write_text(kit.git("rev-parse", "HEAD"))
    text = render(stored.memory).decode()
    kit.write(stored.path, text.replace("\none\n", "\n<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> trial\n"))
    kit.profile.refresh()
    assert ["conflict markers" in bad.reason for bad in kit.profile.bad_files()] == [True]
    assert kit.profile.memories() == [stored]
    kit.add("two", 1)
    with pytest.raises(GitFailed, match="MERGE_HEAD"):
        kit.profile.commit()


def test_a_folder_that_is_a_symlink_is_refused_by_name_and_taken_up_when_it_is_one_again(kit, tmp_path) -> None:
    stored = kit.add("one")
    kit.cycle()
    elsewhere = tmp_path / "elsewhere"
    shutil.move(kit.folder, elsewhere)
    kit.folder.symlink_to(elsewhere)
    with pytest.raises(Refused, match="symlink"):
        kit.store.open(REF, create=True)
    assert kit.store.profiles() == []
    assert list(kit.store.broken()) == [REF]
    with pytest.raises(Refused, match="symlink"):
        kit.restart()
    kit.folder.unlink()
    shutil.move(elsewhere, kit.folder)
    assert kit.store.open(REF).memories() == [stored]
    assert dict(kit.store.broken()) == {}


def test_stashing_and_popping_leaves_everything_as_it_was(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    changed = render(stored.memory.replace(content="one, corrected"))
    kit.write(stored.path, changed)
    kit.git(*IDENTITY, "stash", "-q")
    kit.cycle()
    assert kit.profile.memories() == [stored]
    kit.git("stash", "pop", "-q")
    kit.cycle()
    assert kit.profile.get(stored.memory.id).memory.content == "one, corrected"
    assert kit.git("status", "--porcelain") == ""


# A copy of a memory, and forgetting.


@pytest.mark.parametrize("committed", [True, False])
def test_a_copy_of_a_forgotten_memory_does_not_revive_it_after_a_restart(kit, committed) -> None:
    stored = kit.add("The jetty opens at nine.")
    kit.cycle()
    kit.write("facts/a.md", (kit.folder / stored.path).read_text())
    kit.profile.refresh()
    kit.profile.forget(stored.memory.id, "closed", kit.context)
    if committed:
        kit.cycle()
    for _ in range(2):
        kit.restart()
        kit.cycle()
        assert kit.profile.memories() == []
        assert stored.memory.id in kit.profile.tombstones()
        assert [bad.path for bad in kit.profile.bad_files()] == ["facts/a.md"]


def test_a_forgotten_memory_that_was_brought_back_while_nobody_looked_is_back(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    kit.profile.forget(stored.memory.id, "wrong", kit.context)
    kit.cycle()
    kit.git("checkout", "HEAD~1", "--", stored.path)
    kit.restart()
    kit.cycle()
    assert kit.profile.memories() == [stored]
    assert kit.profile.tombstones() == {}


def test_a_private_copy_of_a_forgotten_memory_does_not_revive_it_either(kit) -> None:
    kit.write("private/mine.md", "secret")
    kit.cycle()
    (stored,) = kit.profile.memories()
    kit.write("private/copy.md", (kit.folder / stored.path).read_text())
    kit.cycle()
    kit.profile.forget(stored.memory.id, None, kit.context)
    kit.cycle()
    kit.restart()
    kit.cycle()
    assert kit.profile.memories() == []


def test_deleting_a_memory_takes_its_copies_too_and_history_keeps_them(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    text = (kit.folder / stored.path).read_text().replace("\none\n", "\none, as I copied it\n")
    kit.write("facts/a.md", text)
    kit.cycle()
    kit.profile.delete(stored.memory.id, kit.context)
    kit.cycle()
    assert kit.files() == [f"tombstones/{stored.memory.id}.yaml"]
    assert "+one, as I copied it" in kit.git("log", "-p", "--", "facts/a.md")
    kit.restart()
    kit.cycle()
    assert kit.profile.memories(statuses=None) == []


def test_the_original_goes_on_answering_after_a_restart_whatever_the_name_of_the_copy(kit) -> None:
    stored = kit.add("The jetty opens at nine.")
    kit.cycle()
    kit.write("a.md", (kit.folder / stored.path).read_text().replace("nine", "ten"))
    kit.cycle()
    kit.restart()
    assert kit.profile.get(stored.memory.id).memory.content == "The jetty opens at nine."
    assert [bad.path for bad in kit.profile.bad_files()] == ["a.md"]


def test_a_file_moved_to_another_profile_is_forgotten_here_and_taken_in_there(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    other = kit.store.open(REF.__class__("local", "api"), create=True)
    target = other.folder / stored.path
    target.parent.mkdir(parents=True)
    (kit.folder / stored.path).rename(target)
    kit.cycle()
    other.refresh()
    other.settle()
    other.commit()
    assert kit.profile.memories(statuses=None) == []
    assert list(kit.profile.tombstones()) == [stored.memory.id]
    assert [(one.memory.id, one.memory.status) for one in other.memories()] == [(stored.memory.id, Status.ACTIVE)]
    assert other.tombstones() == {}


def test_the_copy_of_a_removed_file_takes_its_place(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    kit.write("facts/a.md", (kit.folder / stored.path).read_text())
    kit.cycle()
    (kit.folder / stored.path).unlink()
    kit.cycle()
    assert [one.path for one in kit.profile.memories()] == ["facts/a.md"]
    assert (kit.profile.bad_files(), kit.profile.tombstones()) == ([], {})

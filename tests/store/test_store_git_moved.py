"""A branch that a person moves with git, and conflicts of which no merge tells."""

import os
import subprocess

import pytest
from store_kit import Kit

from sidecar.frontmatter import render

IDENTITY = ("-c", "user.name=Ines Example", "-c", "user.email=ines@example.org")


def _three_commits(kit: Kit):
    """A memory in each of three commits, the earliest first."""
    found = []
    for minutes, content in enumerate(("one", "two", "three")):
        found.append(kit.add(content, minutes))
        kit.cycle()
    return found


def test_a_branch_that_is_moved_back_forgets_nothing(kit) -> None:
    one, two, three = _three_commits(kit)
    kit.git("reset", "-q", "--hard", "HEAD~2")
    kit.cycle()
    assert (kit.profile.memories(), kit.profile.tombstones()) == ([one], {})
    assert kit.git("status", "--porcelain") == ""
    kit.git("reset", "-q", "--hard", "ORIG_HEAD")
    kit.cycle()
    assert kit.profile.memories() == sorted([one, two, three], key=lambda stored: stored.memory.id)
    assert kit.profile.tombstones() == {}


def test_a_branch_is_moved_back_right_after_a_commit_and_its_refs_are_packed(kit) -> None:
    one, two, _ = _three_commits(kit)
    kit.git("pack-refs", "--all")
    kit.profile.refresh()
    kit.git("reset", "-q", "--hard", "HEAD~1")
    kit.cycle()
    assert (kit.profile.memories(), kit.profile.tombstones()) == ([one, two], {})


def test_an_emptied_branch_that_is_accepted_forgets_nothing_either(kit) -> None:
    kit.add("one")
    kit.cycle()
    for number in range(12):
        kit.add(f"more {number}", number + 1)
    kit.cycle()
    kit.git("reset", "-q", "--hard", "HEAD~1")
    kit.cycle()
    assert kit.profile.vanished == (12, 13)
    kit.profile.accept()
    kit.cycle()
    assert ([one.memory.content for one in kit.profile.memories()], kit.profile.tombstones()) == (["one"], {})


def test_a_file_that_is_removed_after_the_branch_was_moved_is_forgotten(kit) -> None:
    one, two, _ = _three_commits(kit)
    kit.git("reset", "-q", "--hard", "HEAD~1")
    (kit.folder / one.path).unlink()  # both before anybody has looked
    kit.cycle()
    assert (kit.profile.memories(), list(kit.profile.tombstones())) == ([two], [one.memory.id])


def test_a_removal_in_an_amended_commit_is_a_removal(kit) -> None:
    one, two, three = _three_commits(kit)
    kit.git("rm", "-q", one.path)
    kit.git(*IDENTITY, "commit", "-q", "--amend", "-m", "not true")
    kit.cycle()
    assert kit.profile.memories() == [two, three]
    assert list(kit.profile.tombstones()) == [one.memory.id]


def test_a_commit_that_a_rebase_drops_forgets_nothing(kit) -> None:
    one, _, three = _three_commits(kit)
    editor = {**os.environ, "GIT_SEQUENCE_EDITOR": "sed -i.bak -e 1s/^pick/drop/"}
    command = ["git", *IDENTITY, "rebase", "-q", "-i", "HEAD~2"]
    subprocess.run(command, cwd=kit.folder, env=editor, check=True, capture_output=True)
    kit.cycle()
    assert (kit.profile.memories(), kit.profile.tombstones()) == ([one, three], {})


@pytest.mark.parametrize("how", ["stash", "squash"])
def test_both_sides_of_a_conflict_that_no_merge_tells_of_are_no_memory(kit, how) -> None:
    stored = kit.add("one")
    kit.cycle()
    kit.git("branch", "trial")
    here, there = (render(stored.memory.replace(content=f"one {where}")) for where in ("here", "there"))
    if how == "squash":
        kit.git("switch", "-q", "trial")
        kit.write(stored.path, there)
        kit.git(*IDENTITY, "commit", "-q", "-a", "-m", "there")
        kit.git("switch", "-q", "main")
    else:
        kit.write(stored.path, there)
        kit.git(*IDENTITY, "stash", "-q")
    kit.write(stored.path, here)
    kit.git(*IDENTITY, "commit", "-q", "-a", "-m", "here")
    kit.cycle()
    good = kit.profile.get(stored.memory.id)
    subprocess.run(
        ["git", *IDENTITY, *(("stash", "pop") if how == "stash" else ("merge", "--squash", "trial"))],
        cwd=kit.folder, check=False, capture_output=True,
    )  # fmt: skip
    both = (kit.folder / stored.path).read_bytes()
    assert b"<<<<<<<" in both
    kit.add("two", 1)
    kit.cycle()
    assert [bad.reason for bad in kit.profile.bad_files()] == ["a merge has left conflict markers in it"]
    assert kit.profile.get(stored.memory.id).memory.content == good.memory.content
    assert (kit.folder / stored.path).read_bytes() == both
    assert "<<<<<<<" not in kit.git("log", "-p")
    kit.write(stored.path, render(good.memory.replace(content="one in both")))
    kit.cycle()
    assert kit.profile.bad_files() == []
    assert kit.profile.get(stored.memory.id).memory.content == "one in both"
    assert kit.git("status", "--porcelain") == ""


def test_a_memory_about_conflict_markers_is_a_memory(kit) -> None:
    content = "A conflict looks so:\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> trial"
    kit.write("facts/git.md", f"{content}\n")
    kit.cycle()
    assert [one.memory.content for one in kit.profile.memories()] == [content]
    assert kit.git("status", "--porcelain") == ""

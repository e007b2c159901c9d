"""What follows from many edits at once is done in portions, between which others may write."""

import pytest

from sidecar.errors import ChangedOnDisk
from sidecar.model import Revise

FILES = 130
"""More than one portion takes, fewer than two."""


def laid(kit) -> list[str]:
    paths = [f"facts/by-hand-{number:03}.md" for number in range(FILES)]
    for number, path in enumerate(paths):
        kit.write(path, f"---\ntype: fact\n---\nShelf {number} holds screws.\n")
    return paths


def corrected(kit, paths: list[str]) -> None:
    for path in paths:
        kit.write(path, (kit.folder / path).read_text().replace("screws", "nails"))


def known(kit, path: str):
    return next(stored for stored in kit.profile.memories() if stored.path == path)


def edited(kit) -> list[str]:
    return sorted(stored.path for stored in kit.profile.memories() if stored.memory.edited)


def test_many_new_files_are_adopted_in_portions_between_which_others_write(kit) -> None:
    paths = laid(kit)
    kit.profile.refresh()
    kit.profile.settle(portion=True)
    assert kit.profile.adopting
    assert 0 < len(kit.profile.memories()) < FILES
    between = kit.add("said in between")
    kit.write("facts/late.md", "The ladder is green.\n")
    kit.profile.refresh(["facts/late.md"])
    kit.profile.settle(portion=True)
    assert not kit.profile.adopting
    kit.profile.commit(portion=True)
    assert {stored.path for stored in kit.profile.memories()} == {*paths, between.path, "facts/late.md"}
    authors = kit.git("log", "--format=%an", "--", paths[-1]).split("\n")
    assert authors == ["sidecar", "Ines Example", ""]
    assert kit.git("status", "--porcelain") == ""
    assert kit.cycle() == []


def test_a_file_that_cannot_be_adopted_keeps_nobody_waiting(kit) -> None:
    kit.write("facts/odd.md", "--- \n{type: fact}\n---\nOne line for all keys.\n")
    kit.profile.refresh()
    kit.profile.settle(portion=True)
    assert not kit.profile.adopting
    kit.write("facts/odd.md", "---\ntype: fact\n---\nOne line for each key.\n")
    kit.cycle()
    assert [stored.path for stored in kit.profile.memories()] == ["facts/odd.md"]


def test_many_corrections_are_marked_in_portions_between_which_others_write(kit) -> None:
    paths = laid(kit)
    kit.cycle()
    corrected(kit, paths)
    kit.profile.refresh()
    kit.profile.settle()
    assert len(kit.profile.commit(portion=True)) == 1
    assert kit.profile.marking
    waiting = sorted(set(paths) - set(edited(kit)))
    assert 0 < len(waiting) < FILES
    again, taken = waiting[0], waiting[1]
    kit.write(again, (kit.folder / again).read_text().replace("nails", "hooks"))
    kit.profile.refresh([again])
    with pytest.raises(ChangedOnDisk):  # a correction is known as one before anything is written over it
        kit.profile.apply([Revise(known(kit, taken), {"keywords": ("shelf",)}, "said again")], kit.context)
    assert known(kit, taken).memory.edited == kit.now
    kit.profile.apply([Revise(known(kit, taken), {"keywords": ("shelf",)}, "said again")], kit.context)
    kit.restart()  # what is left is known to the next start
    while kit.profile.marking:
        kit.profile.commit(portion=True)
    kit.cycle()
    assert edited(kit) == paths
    assert kit.git("log", "-1", "--format=%an", "-G", "hooks", "--", again) == "Ines Example\n"
    assert kit.git("status", "--porcelain") == ""
    assert kit.cycle() == []

"""Killed between any two steps of a sync, and run again: as if nothing had happened."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path

import pytest
from share_kit import CONTEXT, REF, Machine, bare, git, settle_all

from sidecar.errors import RemoteUnreachable
from sidecar.model import Status


class Killed(BaseException):
    """The process ends here."""


def prepared(folder: Path) -> tuple[Machine, Machine]:
    """Two machines that have both gone on: changed, moved, removed, superseded and added files on each side."""
    remote = bare(folder / "remote.git")
    ada, bo = Machine(folder / "ada", "ada"), Machine(folder / "bo", "bo")
    for number in range(3):
        ada.learn(f"Fact {number}.", key=f"k/{number}")
    ada.sharing.share(REF, str(remote))
    bo.sharing.join("local", str(remote))
    first, second, third = ada.memories()
    ada.learn("Fact 1, newer.", key="k/1")
    ada.write(first.path, (ada.folder / first.path).read_text().replace("Fact 0.", "Fact 0 of Ada."))
    bo.write(first.path, (bo.folder / first.path).read_text().replace("Fact 0.", "Fact 0 of Bo."))
    bo.profile.delete(third.memory.id, CONTEXT)
    (bo.folder / "moved").mkdir()
    (bo.folder / second.path).rename(bo.folder / "moved/b.md")
    bo.learn("Bo's own.")
    ada.sync()
    bo.commit()
    return ada, bo


def again(folder: Path, saved: Path, like: tuple[Machine, Machine]) -> tuple[Machine, Machine]:
    """The two machines as they were when they were saved, at the same places."""
    shutil.rmtree(folder)
    shutil.copytree(saved, folder, symlinks=True)
    ada, bo = (Machine(one.root, one.name, now=one.now, writes=deepcopy(one.writes)) for one in like)
    return ada, bo


def test_killed_anywhere_and_run_again(tmp_path: Path) -> None:
    folder, saved = tmp_path / "now", tmp_path / "saved"
    ada, bo = like = prepared(folder)
    shutil.copytree(folder, saved, symlinks=True)
    written = deepcopy(like[0].writes), deepcopy(like[1].writes)
    settle_all([bo, ada])
    wanted = {stored.memory.content: stored.memory.status for stored in bo.memories()}
    assert list(wanted.values()).count(Status.PROPOSED) == 1
    for one, writes in zip(like, written, strict=True):
        one.writes = writes
    for after in range(40):
        ada, bo = again(folder, saved, like)
        finished = killed_after(bo, after)
        bo.restart()
        bo.sharing.resume()
        assert bo.git("for-each-ref", "refs/sidecar/taking") == ""
        settle_all([bo, ada])
        assert ada.tree() == bo.tree()
        assert {stored.memory.content: stored.memory.status for stored in bo.memories()} == wanted, after
        assert bo.profile.bad_files() == []
        if finished:
            return
    raise AssertionError("it has more steps than are tested")


def killed_after(machine: Machine, steps: int) -> bool:
    """A sync that is killed after so many steps; whether it had ended before."""
    left = steps

    def step(_name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    machine.step = step
    try:
        machine.sync()
    except Killed:
        return False
    finally:
        machine.step = lambda _name: None
    return True


def test_an_edit_in_the_middle_of_taking_over_is_kept(tmp_path: Path) -> None:
    ada, bo = prepared(tmp_path)
    edited = []

    def step(name: str) -> None:
        if name.startswith("write facts") and not edited:
            edited.append(name)  # the plan is made, and its first file is about to be written
            target = next(stored for stored in bo.memories() if stored.memory.content == "Fact 0 of Bo.")
            path = bo.folder / target.path
            bo.write(target.path, path.read_text().replace("Fact 0 of Bo.", "Edited in between."))

    bo.step = step
    bo.sync()
    assert edited
    settle_all([bo, ada])
    assert ada.tree() == bo.tree()
    assert "Edited in between." in ada.contents()
    assert "Fact 0 of Ada." in ada.contents()


def test_a_push_that_fails_is_made_up_for(tmp_path: Path) -> None:
    ada, bo = prepared(tmp_path)
    remote = tmp_path / "remote.git"
    away = remote.rename(tmp_path / "away.git")
    for _ in range(2):
        with pytest.raises(RemoteUnreachable):
            bo.sync()
    away.rename(remote)
    settle_all([bo, ada])
    assert ada.tree() == bo.tree()


def test_a_share_that_was_interrupted_is_shared_again(tmp_path: Path) -> None:
    """At no moment does the former history have an address to go to."""
    ada, remote = Machine(tmp_path / "ada", "ada"), bare(tmp_path / "remote.git")
    ada.learn("Words.")
    gone = ada.learn("Forgotten words.")
    ada.commit()
    ada.profile.forget(gone.memory.id, None, CONTEXT)
    for after in range(12):
        left = after

        def step(_name: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        ada.step = step
        try:
            ada.sharing.share(REF, str(remote))
        except Killed:
            ada.step = lambda _name: None
            ada.restart()
        else:
            break
    ada.step = lambda _name: None
    ada.sharing.share(REF, str(remote))
    assert git(remote, "rev-list", "--count", "main") == "1"
    assert "Forgotten words." not in git(remote, "log", "-p", "main")
    assert ada.profile.tombstones().keys() == {gone.memory.id}


def test_several_common_ancestors(tmp_path: Path) -> None:
    """Two who also merge with plain git, crosswise: the merge begins with what both beginnings have in common."""
    ada, bo = prepared(tmp_path)
    settle_all([bo, ada])
    remote = tmp_path / "remote.git"
    base = git(remote, "rev-parse", "main")
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(remote), str(other))

    def commit(*parents: str, **files: str) -> str:
        git(other, "checkout", "-q", "-f", parents[0])
        for name, text in files.items():
            (other / f"{name}.txt").write_text(text)
        git(other, "add", ".")
        tree = git(other, "write-tree")
        links = [part for parent in parents for part in ("-p", parent)]
        return git(other, "commit-tree", tree, *links, "-m", "by hand")

    left, right = commit(base, left="1\n"), commit(base, right="1\n")
    cross = commit(left, right, left="1\n", right="1\n", both="1\n"), commit(right, left, left="1\n", right="1\n")
    mine, yours = commit(cross[0], mine="m\n", right="2\n"), commit(cross[1], yours="y\n", left="2\n")
    git(other, "push", "-q", "-f", "origin", f"{mine}:refs/heads/main")
    ada.sync()
    git(ada.folder, "fetch", "-q", str(other), yours)
    git(bo.folder, "fetch", "-q", str(other), yours)
    git(bo.folder, "reset", "-q", "--hard", yours)
    bo.restart()
    bo.sync()
    settle_all([ada, bo])
    found = {name: data for name, data in ada.tree().items() if name.endswith(".txt")}
    assert found == {
        "left.txt": b"2\n",
        "right.txt": b"2\n",
        "mine.txt": b"m\n",
        "yours.txt": b"y\n",
        "both.txt": b"1\n",
    }

"""What a person does with git in a shared profile, and what a sync makes of it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from share_kit import REF, Machine, git

from sidecar.errors import GitFailed, ProfileAside

Pair = tuple[Machine, Machine]


def by_hand(machine: Machine, *arguments: str) -> None:
    machine.git("-c", "user.name=Ines", "-c", "user.email=ines@example.org", *arguments)


def in_step(pair: Pair) -> None:
    ada, bo = pair
    for machine in (ada, bo, ada):
        machine.sync()
    assert ada.tree() == bo.tree()
    assert ada.git("status", "--porcelain") == ""


def test_another_branch_is_neither_pushed_nor_moved(pair: Pair, remote: Path) -> None:
    ada, bo = pair
    ada.git("switch", "-q", "-c", "trial")
    ada.learn("Only a trial.")
    ada.commit()
    trial, main, tip = ada.git("rev-parse", "trial"), ada.git("rev-parse", "main"), git(remote, "rev-parse", "main")
    bo.learn("Bo goes on.")
    bo.sync()
    with pytest.raises(ProfileAside, match="trial"):
        ada.sync()
    assert (ada.git("rev-parse", "trial"), ada.git("rev-parse", "main")) == (trial, main)
    assert git(remote, "rev-list", "--count", f"{tip}..main") == "1"
    assert "Only a trial." not in git(remote, "log", "-p", "--all")
    ada.git("switch", "-q", "main")
    in_step(pair)
    assert ada.contents() == {"The port is 8080.", "Bo goes on."}


def test_an_old_commit_that_is_looked_at_stays_looked_at(pair: Pair, remote: Path) -> None:
    ada, bo = pair
    ada.learn("Later.")
    ada.sync()
    bo.learn("Bo goes on.")
    bo.sync()
    ada.git("checkout", "-q", "--detach", "HEAD~1")
    before = ada.tree()
    with pytest.raises(ProfileAside):
        ada.sync()
    assert ada.tree() == before
    ada.git("switch", "-q", "main")
    in_step(pair)
    assert ada.contents() == {"The port is 8080.", "Later.", "Bo goes on."}


def test_an_unfinished_merge_is_left_to_the_person_who_began_it(pair: Pair, remote: Path) -> None:
    ada, bo = pair
    (stored,) = ada.memories()
    ada.commit()
    ada.git("branch", "trial")
    for branch, words in (("main", "In main."), ("trial", "In trial.")):
        ada.git("switch", "-q", branch)
        ada.write(stored.path, (ada.folder / stored.path).read_text().replace("The port is 8080.", words))
        by_hand(ada, "commit", "-q", "-a", "-m", words)
    ada.git("switch", "-q", "main")
    with pytest.raises(subprocess.CalledProcessError):
        by_hand(ada, "merge", "-q", "trial")
    bo.learn("Bo goes on.")
    bo.sync()
    before = (ada.folder / stored.path).read_bytes()
    tip = git(remote, "rev-parse", "main")
    with pytest.raises(ProfileAside, match="merge"):
        ada.sync()
    assert (ada.folder / stored.path).read_bytes() == before
    assert (git(remote, "rev-parse", "main"), (ada.folder / ".git" / "MERGE_HEAD").exists()) == (tip, True)
    by_hand(ada, "checkout", "-q", "--ours", stored.path)
    by_hand(ada, "commit", "-q", "-a", "-m", "merged")
    in_step(pair)
    assert {"In main.", "Bo goes on."} <= bo.contents()
    assert not any(b"<<<<<<<" in data for data in bo.tree().values())


def test_a_lock_of_another_git_is_respected_and_a_stale_one_is_not(pair: Pair, remote: Path) -> None:
    ada, bo = pair
    bo.learn("Bo goes on.")
    bo.sync()
    lock = ada.folder / ".git" / "index.lock"
    lock.write_bytes(b"")
    ada.learn("Ada goes on.")
    with pytest.raises(GitFailed, match=r"index\.lock"):
        ada.sync()
    assert lock.exists()
    assert {"The port is 8080.", "Ada goes on."} <= ada.contents()
    old = time.time() - 3_600
    os.utime(lock, (old, old))
    in_step(pair)
    assert not lock.exists()
    assert ada.contents() == {"The port is 8080.", "Bo goes on.", "Ada goes on."}


def test_commits_and_resets_by_hand_go_out_as_they_are(pair: Pair) -> None:
    ada, bo = pair
    ada.write("notes/日本.md", "手で書いた。\n")
    by_hand(ada, "add", "-A")
    by_hand(ada, "commit", "-q", "-m", "by hand")
    in_step(pair)
    assert "手で書いた。" in bo.contents()
    ada.learn("Learned, then reset away.")
    ada.commit()
    ada.git("reset", "-q", "--hard", "HEAD~1")
    ada.look()
    in_step(pair)
    assert REF in ada.store.profiles()

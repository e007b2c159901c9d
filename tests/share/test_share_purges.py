"""A purge on one of several machines: who is asked, what a yes and a no do, and that nothing brings it back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from share_kit import REF, Machine, git, purge

from sidecar.errors import (
    CannotShare,
    NoPurgeMet,
    PurgeDeclined,
    RemoteHoldsPurged,
    RemotePurged,
    RemoteRewritten,
    RemoteUnreachable,
    StoreVanished,
)
from sidecar.model import Source, Stored

SECRET = "The vault opens with heron-4711."
SOURCE = Source("transcript", "claude-code", "s-1", "assistant", ("m-1",), "ines@ada")


def held(folder: Path) -> str:
    """Every object of a repository as text, reachable or not."""
    names = git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
    return "\n".join(
        git(folder, "cat-file", "-p", name) for name, kind in (line.split() for line in names) if kind != "tree"
    )


def refs_hold(folder: Path) -> bool:
    return "heron-4711" in git(folder, "log", "--all", "-p", "-m", "--format=%B")


@pytest.fixture
def secret(pair: tuple[Machine, Machine]) -> Stored:
    """Both machines and the remote have it."""
    ada, bo = pair
    found = ada.learn(SECRET, source=SOURCE, key="vault/code")
    ada.sync()
    bo.sync()
    assert SECRET in bo.contents()
    return found


def everywhere(*machines: Machine) -> None:
    for machine in machines:
        assert SECRET not in machine.contents()
        assert "heron-4711" not in held(machine.folder)
        assert not any(b"heron-4711" in data for data in machine.tree().values())


def test_the_remote_is_not_synced_with_until_its_history_may_be_replaced(
    pair: tuple[Machine, Machine], remote: Path, secret: Stored
) -> None:
    ada, _ = pair
    former = git(remote, "rev-parse", "main")
    ada.purge(secret.memory.id)
    ada.learn("Unrelated.")
    for _ in range(2):
        with pytest.raises(RemoteHoldsPurged, match=secret.memory.id):
            ada.sync()
    assert git(remote, "rev-parse", "main") == former
    assert "heron-4711" not in held(ada.folder)
    ada.follow_purge()
    assert not refs_hold(remote)
    assert "Unrelated." in git(remote, "log", "-p", "main")
    ada.sync()
    assert ada.git("rev-parse", "HEAD") == git(remote, "rev-parse", "main")
    with pytest.raises(NoPurgeMet):
        ada.follow_purge()


def test_a_clone_that_meets_a_purge_asks_and_follows_with_its_users_yes(
    pair: tuple[Machine, Machine], remote: Path, secret: Stored
) -> None:
    ada, bo = pair
    ada.purge(secret.memory.id)
    ada.follow_purge()
    bo.learn("What Bo learned meanwhile.")
    before = bo.tree()
    for _ in range(2):
        with pytest.raises(RemotePurged, match=secret.memory.id):
            bo.sync()
    assert bo.tree() == before
    assert not refs_hold(remote)
    bo.follow_purge()
    for _ in range(2):
        ada.sync()
        bo.sync()
    assert ada.tree() == bo.tree()
    assert "What Bo learned meanwhile." in ada.contents()
    everywhere(ada, bo)
    assert not refs_hold(remote)
    assert bo.git("fsck", "--full") == ""


def test_a_clone_whose_user_says_no_keeps_it_and_never_pushes_it_back(
    pair: tuple[Machine, Machine], remote: Path, secret: Stored, tmp_path: Path
) -> None:
    ada, bo = pair
    ada.purge(secret.memory.id)
    ada.follow_purge()
    tip = git(remote, "rev-parse", "main")
    with pytest.raises(RemotePurged):
        bo.sync()
    bo.sharing.decline_purge(REF)
    bo.learn("More of Bo's.")
    for _ in range(2):
        with pytest.raises(PurgeDeclined):
            bo.sync()
        bo.restart()
    assert SECRET in bo.contents()
    assert git(remote, "rev-parse", "main") == tip
    # Nor by filling the remote after it was emptied, by joining again what was left, or when the remote goes on.
    git(remote, "update-ref", "-d", "refs/heads/main")
    with pytest.raises(RemoteRewritten):
        bo.sharing.share(REF, str(remote))
    git(remote, "update-ref", "refs/heads/main", tip)
    with pytest.raises(RemotePurged):
        bo.sharing.join("local", str(remote), name="web")
    ada.learn("Ada goes on.")
    ada.sync()
    with pytest.raises(RemotePurged):
        bo.sync()
    assert not refs_hold(remote)
    bo.follow_purge()
    ada.sync()
    everywhere(ada, bo)


def test_what_others_pushed_before_they_knew_is_kept_without_what_was_purged(
    pair: tuple[Machine, Machine], remote: Path, secret: Stored
) -> None:
    ada, bo = pair
    ada.purge(secret.memory.id)
    bo.learn("Bo was faster.")
    bo.write("README.md", "# Ours\n")
    bo.sync()
    with pytest.raises(RemoteHoldsPurged):
        ada.sync()
    ada.follow_purge()
    assert "Bo was faster." in ada.contents()
    assert not refs_hold(remote)
    with pytest.raises(RemotePurged):
        bo.sync()
    bo.follow_purge()
    ada.sync()
    bo.sync()
    assert ada.tree() == bo.tree()
    everywhere(ada, bo)


def test_a_third_clone_that_was_away_for_long_is_asked_too(
    pair: tuple[Machine, Machine], remote: Path, tmp_path: Path
) -> None:
    ada, bo = pair
    cy = Machine(tmp_path / "cy", "cy")
    early = ada.learn("An early heron-4711.", source=SOURCE)
    ada.sync()
    cy.sharing.join("local", str(remote))
    late = bo.learn(SECRET, source=SOURCE)
    bo.sync()
    ada.sync()
    ada.purge(early.memory.id, late.memory.id)
    ada.follow_purge()
    cy.learn("Cy, offline.")
    with pytest.raises((RemotePurged, RemoteRewritten)):
        cy.sync()
    assert not refs_hold(remote)
    cy.follow_purge()
    bo.follow_purge()
    for machine in (ada, bo, cy, ada):
        machine.sync()
    bo.sync()
    assert ada.tree() == bo.tree() == cy.tree()
    assert "Cy, offline." in ada.contents()
    everywhere(ada, bo, cy)


def test_a_machine_that_learned_it_by_itself_is_asked_before_it_may_join(
    pair: tuple[Machine, Machine], remote: Path, secret: Stored, tmp_path: Path
) -> None:
    ada, _ = pair
    cy = Machine(tmp_path / "cy", "cy", now=secret.memory.observed)
    twin = cy.learn(SECRET, source=SOURCE, key="vault/code")
    assert twin.memory.id == secret.memory.id
    ada.purge(secret.memory.id)
    ada.follow_purge()
    with pytest.raises(RemotePurged):
        cy.sharing.join("local", str(remote), name="web")
    cy.purge(twin.memory.id)
    cy.sharing.join("local", str(remote), name="web")
    ada.sync()
    everywhere(ada, cy)
    assert not refs_hold(remote)


def test_a_memory_that_only_came_up_here_is_purged_and_synced_without_a_question(
    pair: tuple[Machine, Machine], remote: Path
) -> None:
    ada, bo = pair
    stored = ada.learn(SECRET, source=SOURCE)
    ada.commit()
    ada.purge(stored.memory.id)
    ada.sync()
    bo.sync()
    everywhere(ada, bo)
    assert not refs_hold(remote)


def test_what_was_purged_does_not_go_out_in_any_commit(pair: tuple[Machine, Machine], secret: Stored) -> None:
    ada, _ = pair
    text = (ada.folder / secret.path).read_bytes()
    ada.purge(secret.memory.id)
    ada.follow_purge()
    ada.write(secret.path, text)  # from a backup, by hand
    with pytest.raises(CannotShare, match="purged"):
        ada.sync()
    (ada.folder / secret.path).unlink()
    with pytest.raises(CannotShare, match="purged"):  # it is still in a commit
        ada.sync()
    ada.purge(secret.memory.id)
    ada.sync()


def test_a_rewrite_that_names_a_purge_of_another_history_is_not_followed(
    pair: tuple[Machine, Machine], remote: Path, secret: Stored
) -> None:
    _, bo = pair
    tip = git(remote, "rev-parse", "main")
    fields = f"time: 2026-11-20T16:00:00Z, old: {'1' * 40}, new: {tip}, ids: [{secret.memory.id}]"
    lie = f"format: 1\npurges:\n  - {{{fields}}}\n"
    blob = git(remote, "hash-object", "-w", "--stdin", given=lie.encode())
    lines = [*git(remote, "ls-tree", "main").splitlines(), f"100644 blob {blob}\tpurges.yaml"]
    tree = git(remote, "mktree", given="".join(f"{line}\n" for line in lines).encode())
    made = git(remote, "-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", tree, "-m", "rewritten")
    git(remote, "update-ref", "refs/heads/main", made)
    with pytest.raises(RemoteRewritten):
        bo.sync()
    with pytest.raises(NoPurgeMet):
        bo.follow_purge()
    assert SECRET in bo.contents()


def test_a_remote_that_lets_nobody_replace_history_says_so_and_the_purge_stands(
    pair: tuple[Machine, Machine], remote: Path, secret: Stored
) -> None:
    ada, _ = pair
    git(remote, "config", "receive.denyNonFastForwards", "true")
    ada.purge(secret.memory.id)
    with pytest.raises(RemoteUnreachable, match="takes no push"):
        ada.follow_purge()
    assert "heron-4711" not in held(ada.folder)
    with pytest.raises(RemoteHoldsPurged):
        ada.sync()
    git(remote, "config", "receive.denyNonFastForwards", "false")
    ada.follow_purge()
    assert not refs_hold(remote)


def test_following_a_purge_that_was_interrupted_is_asked_for_again(
    pair: tuple[Machine, Machine], remote: Path, secret: Stored
) -> None:
    ada, bo = pair
    ada.purge(secret.memory.id)
    ada.follow_purge()

    class Killed(BaseException):
        pass

    for name in ("rewrite", "move", "moved", "bury", "end"):

        def step(present: str, wanted: str = name) -> None:
            if present == wanted:
                raise Killed

        bo.step = step
        with pytest.raises((Killed, RemotePurged)) as told:
            bo.follow_purge()
        if told.type is Killed:
            bo.step = lambda _name: None
            bo.restart()
            if bo.profile.unfinished_purge() is not None:  # the daemon's first step
                bo.profile.finish_purge()
                bo.profile.end_purge()
            break
    bo.step = lambda _name: None
    try:
        bo.sync()
    except RemotePurged:
        bo.follow_purge()
    ada.sync()
    everywhere(ada, bo)
    assert ada.tree() == bo.tree()


def test_a_purge_that_names_most_of_a_profile_needs_a_second_word(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, bo = pair
    ids = [ada.learn(f"Fact {number}.", source=SOURCE).memory.id for number in range(12)]
    ada.sync()
    bo.sync()
    ada.purge(*ids)
    ada.follow_purge()
    with pytest.raises(StoreVanished, match="12 of 13"):
        bo.follow_purge()
    assert len(bo.memories()) == 13
    bo.sharing.follow_purge(REF, purge, accept=True)
    assert bo.contents() == {"The port is 8080."}


def test_a_broken_list_of_purges_is_not_pushed_as_the_others_would_refuse_it(
    pair: tuple[Machine, Machine], remote: Path
) -> None:
    ada, _ = pair
    before = git(remote, "rev-parse", "main")
    ada.write("purges.yaml", "format: [1\n")
    with pytest.raises(CannotShare, match=r"purges\.yaml"):
        ada.sync()
    assert git(remote, "rev-parse", "main") == before


def test_looking_through_what_goes_out_takes_no_git_for_each_file(
    pair: tuple[Machine, Machine], secret: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, _ = pair
    ada.purge(secret.memory.id)
    ada.follow_purge()
    log, command = tmp_path / "log", tmp_path / "bin" / "git"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\necho x >> "{log}"\nexec "{shutil.which("git")}" "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")

    def starts(memories: int) -> int:
        for number in range(memories):
            ada.learn(f"Fact {number} of {memories}.")
        ada.commit()
        log.write_text("")
        ada.sync()
        return len(log.read_text().splitlines())

    assert starts(20) == starts(2) > 0

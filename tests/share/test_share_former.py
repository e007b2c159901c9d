"""What was before a share stays here: by no road does the former history, or what was forgotten in it, get out."""

from __future__ import annotations

from pathlib import Path

import pytest
from share_kit import CONTEXT, FOLDER, REF, Machine, commit, git, step

from sidecar.errors import CannotCarry, CannotShare, RemoteUnreachable

AGREED = "refs/sidecar/carried"
SECRET = "The plan is heron-4711."


def forget(machine: Machine) -> str:
    stored = machine.learn(SECRET)
    machine.profile.forget(stored.memory.id, None, CONTEXT)
    machine.commit()
    return stored.memory.id


def everything(remote: Path) -> str:
    """Every object that a remote holds."""
    listed = git(remote, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)")
    kinds = [line.split(" ") for line in listed.splitlines()]
    return "".join(git(remote, "cat-file", kind, name) for name, kind in kinds if kind != "tree")


def share_while_it_is_away(ada: Machine, project: Path, remote: Path) -> None:
    """The profile is carried, forgets something, and is shared while a commit without the folder is checked out."""
    ada.learn("The port is 8080.", key="api/port")
    ada.sharing.carry(REF, project / FOLDER)
    forget(ada)
    step(ada)
    commit(project)
    step(ada)
    git(project, "checkout", "-q", "--detach", "HEAD~1")
    with pytest.raises(CannotCarry):
        step(ada)
    ada.sharing.share(REF, str(remote))
    git(project, "checkout", "-q", "main")


def test_a_folder_that_comes_back_after_a_share_brings_no_former_history(
    ada: Machine, bo: Machine, project: Path, remote: Path
) -> None:
    share_while_it_is_away(ada, project, remote)
    (stored,) = [one for one in ada.memories() if not one.private]
    path = project / FOLDER / stored.path
    path.write_text(path.read_text().replace("\nThe port is 8080.", "\nThe port is 9090, really."))
    (project / FOLDER / "note.md").write_text("A teammate wrote this.\n")
    for _ in range(2):
        step(ada)
    ada.sync()
    bo.sharing.join("local", str(remote))
    assert bo.contents() == {"The port is 9090, really.", "A teammate wrote this."}
    assert "heron-4711" not in everything(remote)
    assert len(git(remote, "rev-list", "--max-parents=0", "main").split()) == 1
    carried = [file.read_text() for file in (project / FOLDER).rglob("*") if file.is_file()]
    assert "heron-4711" not in "".join(carried)  # it is this machine's alone from the share on
    assert ada.git("merge-base", AGREED, "main") == ada.git("rev-parse", AGREED)


def test_a_removal_by_hand_after_a_share_forgets_there_too(ada: Machine, project: Path, remote: Path) -> None:
    share_while_it_is_away(ada, project, remote)
    (stored,) = [one for one in ada.memories() if not one.private]
    (project / FOLDER / stored.path).unlink()
    step(ada)
    assert stored.memory.id in ada.profile.tombstones()
    assert "heron-4711" not in ada.git("log", "-p", "main")


def test_no_commit_from_before_the_share_is_ever_pushed(ada: Machine, remote: Path) -> None:
    ada.learn("The port is 8080.")
    forget(ada)
    ada.sharing.share(REF, str(remote))
    tag = ada.git("tag", "--list", "before-share-*")
    ada.git("merge", "-q", "--allow-unrelated-histories", "-s", "ours", "-m", "by hand", tag)
    with pytest.raises(CannotShare, match="before the share") as caught:
        ada.sync()
    assert "before-share-" in caught.value.hint
    assert "heron-4711" not in everything(remote)


def test_a_join_into_a_profile_that_is_here_publishes_its_present_files_alone(
    ada: Machine, bo: Machine, remote: Path
) -> None:
    ada.learn("From Ada.")
    gone = forget(ada)
    former = ada.git("rev-parse", "main")
    bo.learn("From Bo.")
    bo.sharing.share(REF, str(remote))
    assert ada.sharing.join("local", str(remote), name="web").merged
    assert "heron-4711" not in everything(remote)
    assert ada.git("tag", "--contains", former).startswith("before-share-")
    assert gone in ada.profile.private_tombstones()
    bo.sync()
    assert bo.contents() == {"From Ada.", "From Bo."}
    assert gone not in "".join(bo.tree())


def test_a_join_that_is_repeated_after_a_failure_keeps_every_former_commit(
    ada: Machine, bo: Machine, remote: Path, tmp_path: Path
) -> None:
    ada.learn("From Ada.")
    former = ada.git("rev-parse", "main")
    bo.learn("From Bo.")
    bo.sharing.share(REF, str(remote))
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    for _ in range(2):
        ada.look()
        with pytest.raises(RemoteUnreachable):
            ada.sharing.join("local", str(remote), name="web")
    hook.unlink()
    ada.look()
    ada.sharing.join("local", str(remote), name="web")
    assert ada.git("tag", "--contains", former).startswith("before-share-")
    assert ada.contents() == {"From Ada.", "From Bo."}

"""Publishing, joining and keeping in step, over real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest
from share_kit import CONTEXT, REF, Machine, bare, git, settle_all

from sidecar.errors import (
    AlreadyShared,
    CannotShare,
    NotShared,
    RemoteEmpty,
    RemoteNotEmpty,
    RemoteUnreachable,
    StoreVanished,
)
from sidecar.model import ProfileRef, Status
from sidecar.share import Folder
from sidecar.store import ProjectIdentity


def everything_in(remote: Path) -> str:
    """Every word of every object that the remote holds."""
    names = git(remote, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    return "".join(git(remote, "cat-file", "-p", name) for name in names)


def test_a_share_publishes_from_that_moment_on(ada: Machine, remote: Path) -> None:
    kept = ada.learn("The port is 8080.")
    gone = ada.learn("The old secret is out.")
    ada.commit()
    ada.profile.forget(gone.memory.id, "no longer", CONTEXT)
    deleted = ada.learn("Also gone.")
    ada.commit()
    ada.profile.delete(deleted.memory.id, CONTEXT)
    ada.write("private/mine.md", "For me alone.\n")
    ada.commit()
    preview = ada.sharing.share(REF, str(remote), dry_run=True)
    assert git(remote, "for-each-ref") == ""
    assert [file.path for file in preview.files] == [kept.path, "profile.yaml"]
    assert (preview.forgotten, preview.private, preview.files[0].summary) == (2, 1, "The port is 8080.")
    former = ada.git("rev-parse", "HEAD")
    assert ada.sharing.share(REF, str(remote)).files == preview.files
    assert git(remote, "rev-list", "--count", "main") == "1"
    text = everything_in(remote)
    assert "8080" in text
    for words in ("old secret", "Also gone", "For me alone", gone.memory.id, deleted.memory.id, str(remote)):
        assert words not in text
    assert ada.git("tag", "--contains", former).startswith("before-share-")
    # What was forgotten is still forgotten here, and can still be taken back here.
    assert set(ada.profile.tombstones()) == {gone.memory.id, deleted.memory.id}
    assert [s.memory.id for s in ada.memories(Status.FORGOTTEN)] == [gone.memory.id]
    ada.sync()
    assert "old secret" not in everything_in(remote)


def test_the_author_of_what_is_pushed_is_the_person(pair: tuple[Machine, Machine], remote: Path) -> None:
    assert git(remote, "log", "-1", "--format=%an <%ae> %cn") == "Ines Example <ines@example.org> sidecar"


def test_a_joined_profile_is_the_same_and_stays_so(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    assert bo.tree() == ada.tree()
    bo.learn("Learned by Bo.")
    ada.learn("Learned by Ada.")
    settle_all([ada, bo])
    assert ada.contents() == {"The port is 8080.", "Learned by Bo.", "Learned by Ada."}
    assert ada.tree() == bo.tree()
    by = {stored.memory.content: stored.memory.source.by for stored in bo.memories()}
    assert (by["Learned by Ada."], by["Learned by Bo."]) == ("ines@ada", "ines@bo")


def test_undo_takes_back_ones_own_last_change_and_not_what_others_shared_since(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    ada.learn("Ada's own.")
    ada.commit()
    bo.learn("Bo's.")
    bo.sync()
    ada.sync()
    merge = ada.git("rev-parse", "HEAD")
    assert len(ada.git("log", "-1", "--format=%P").split()) == 2
    ada.profile.undo(None)
    ada.look()
    assert {one.memory.content for one in ada.memories(Status.ACTIVE)} == {"The port is 8080.", "Bo's."}
    ada.profile.undo(merge)  # who names it means it
    ada.look()
    assert {one.memory.content for one in ada.memories(Status.ACTIVE)} == {"The port is 8080."}


def test_a_hand_edit_that_is_not_committed_is_kept(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    (stored,) = ada.memories()
    ada.write(stored.path, (ada.folder / stored.path).read_text().replace("8080.", "9090."))
    bo.learn("Else.")
    bo.sync()
    ada.sync()
    assert ada.contents() == {"The port is 9090.", "Else."}
    assert ada.git("log", "-3", "--format=%s").count("by hand") == 1 or "Change" in ada.git("log", "--format=%s")
    settle_all([ada, bo])
    assert ada.tree() == bo.tree()


def test_two_edits_of_one_memory_are_a_memory_and_a_proposal(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    for machine, words in ((ada, "Ada says 1."), (bo, "Bo says 2.")):
        (stored,) = machine.memories()
        machine.write(stored.path, (machine.folder / stored.path).read_text().replace("The port is 8080.", words))
        machine.look()
    settle_all([ada, bo])
    assert ada.tree() == bo.tree()
    statuses = {stored.memory.content: stored.memory.status for stored in ada.memories()}
    assert sorted(statuses.values()) == [Status.ACTIVE, Status.PROPOSED]
    assert set(statuses) == {"Ada says 1.", "Bo says 2."}


def test_what_is_forgotten_stays_forgotten_on_both_sides(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    (stored,) = ada.memories()
    ada.profile.delete(stored.memory.id, CONTEXT)
    bo.learn("Else.")
    settle_all([ada, bo])
    assert ada.contents() == bo.contents() == {"Else."}
    assert stored.memory.id in bo.profile.tombstones()
    for _ in range(3):
        settle_all([bo, ada])
        assert stored.memory.id in bo.profile.tombstones()


def test_what_was_forgotten_before_the_share_does_not_come_back_from_others(
    ada: Machine, bo: Machine, remote: Path
) -> None:
    same = ada.learn("Both know this.")
    other = ada.learn("Same words, other moment.")
    ada.learn("Stays.")
    for one in (same, other):
        ada.profile.forget(one.memory.id, None, CONTEXT)
    ada.sharing.share(REF, str(remote))
    bo.sharing.join("local", str(remote))
    bo.now = same.memory.observed
    assert bo.learn("Both know this.").memory.id == same.memory.id
    bo.learn("Same words, other moment.")
    settle_all([bo, ada])
    assert {s.memory.content for s in ada.memories(Status.ACTIVE)} == {"Stays."}
    assert {s.memory.content for s in bo.memories(Status.ACTIVE)} == {"Stays."}


def test_a_profile_of_the_same_project_is_merged_by_ids(tmp_path: Path, remote: Path) -> None:
    project = ProjectIdentity("f" * 40)
    ada, bo = Machine(tmp_path / "ada", "ada"), Machine(tmp_path / "bo", "bo")
    for machine in (ada, bo):
        machine.store.open(REF, create=True, project=project)
        machine.commit()
    ada.learn("Known to both.")
    bo.now = ada.memories()[0].memory.observed
    bo.learn("Known to both.")
    ada.learn("Ada's.")
    bo.learn("Bo's.")
    ada.sharing.share(REF, str(remote))
    joined = bo.sharing.join("local", str(remote))
    assert (joined.ref, joined.merged, joined.project) == (REF, True, "f" * 40)
    settle_all([ada, bo])
    assert ada.tree() == bo.tree()
    assert sorted(s.memory.content for s in ada.memories()) == ["Ada's.", "Bo's.", "Known to both."]


def test_names_of_joined_profiles(ada: Machine, bo: Machine, remote: Path) -> None:
    ada.learn("x")
    ada.sharing.share(REF, str(remote))
    bo.store.open(REF, create=True).commit()  # another project's profile of the same name
    joined = bo.sharing.join("local", str(remote))
    assert joined.ref.name.startswith("web-")
    assert not joined.merged
    again = bo.sharing.join("local", str(remote))
    assert (again.ref, again.merged) == (joined.ref, True)
    named = bo.sharing.join("local", str(remote), name="mine")
    assert (named.ref, named.merged) == (ProfileRef("local", "mine"), False)
    assert bo.contents() == set()
    assert not [path for path in (bo.root / "local").iterdir() if path.name.startswith(".")]


def test_which_project_a_profile_belongs_to_is_decided_here(ada: Machine, bo: Machine, remote: Path) -> None:
    ada.write(
        "profile.yaml",
        (ada.folder / "profile.yaml").read_text().replace("root_commit: null", f"root_commit: {'e' * 40}"),
    )
    ada.commit()
    ada.restart()
    ada.learn("x")
    ada.sharing.share(REF, str(remote))
    assert bo.sharing.join("local", str(remote)).project is None
    assert bo.sharing.project(bo.profile) is None
    assert bo.sharing.join("local", str(remote), name="here", folder=Folder("e" * 40, None)).project == "e" * 40
    ada.write("profile.yaml", (ada.folder / "profile.yaml").read_text().replace("e" * 40, "d" * 40))
    ada.sync()
    here = bo.store.open(ProfileRef("local", "here"))
    bo.sharing.sync(here.ref)
    assert here.info.project.root_commit == "d" * 40
    assert bo.sharing.project(here) == "e" * 40
    assert ada.sharing.project(ada.profile) == "e" * 40


def test_what_cannot_be(ada: Machine, bo: Machine, remote: Path, tmp_path: Path) -> None:
    with pytest.raises(NotShared):
        ada.sync()
    with pytest.raises(RemoteEmpty):
        bo.sharing.join("local", str(remote))
    with pytest.raises(RemoteUnreachable):
        ada.sharing.share(REF, str(tmp_path / "nowhere.git"))
    ada.learn("x")
    ada.sharing.share(REF, str(remote))
    ada.sharing.share(REF, str(remote))  # again: a sync
    with pytest.raises(AlreadyShared):
        ada.sharing.share(REF, str(bare(tmp_path / "other.git")))
    bo.profile.commit()
    with pytest.raises(RemoteNotEmpty):
        bo.sharing.share(REF, str(remote))


def test_a_file_that_others_would_refuse_is_named_and_not_pushed(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, _ = pair
    ada.write("notes/a:b.md", "words\n")
    with pytest.raises(CannotShare, match=r"a:b\.md"):
        ada.sync()
    (ada.folder / "notes" / "a:b.md").rename(ada.folder / "notes" / "ab.md")
    ada.sync()
    assert "notes/ab.md" in git(remote, "ls-tree", "-r", "--name-only", "main")


def test_names_in_any_script_are_shared(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    for name in (
        "café.md",
        "日本語のメモ.md",
        "Ünïcode/żółć/メモ.md",
        "emoji-🦊.md",
        "with space.md",
        "-dash.md",
        "'quote\".md",
    ):
        ada.write(f"notes/{name}", f"words of {name}\n")
    settle_all([ada, bo])
    assert ada.tree() == bo.tree()
    assert "notes/日本語のメモ.md" in bo.tree()
    assert len(bo.memories()) == 8


def test_a_sudden_emptiness_from_a_remote_is_an_alarm(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    for number in range(12):
        ada.learn(f"Fact {number}.")
    settle_all([ada, bo])
    for stored in bo.memories():
        bo.profile.delete(stored.memory.id, CONTEXT)
    bo.learn("Left.")
    bo.sync()
    before = ada.tree()
    with pytest.raises(StoreVanished, match="13 of 13"):
        ada.sync()
    assert ada.tree() == before
    ada.sharing.sync(REF, accept=True)
    assert ada.contents() == {"Left."}


def test_a_bad_file_here_is_left_alone_and_stops_nothing(pair: tuple[Machine, Machine]) -> None:
    ada, bo = pair
    (stored,) = ada.memories()
    ada.write(stored.path, "---\nid: [\n---\nhalf done\n")
    bo.write(stored.path, (bo.folder / stored.path).read_text().replace("8080", "9090"))
    bo.learn("Else.")
    bo.sync()
    ada.sync()
    assert (ada.folder / stored.path).read_text() == "---\nid: [\n---\nhalf done\n"
    assert "Else." in ada.contents()
    bo.sync()
    assert "The port is 9090." in bo.contents()


def test_somebody_pushes_in_the_middle(pair: tuple[Machine, Machine], tmp_path: Path, remote: Path) -> None:
    """The remote goes on between a fetch and the push: the sync begins again."""
    ada, bo = pair
    bo.learn("Else.")
    bo.commit()
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nrm '{hook}'\necho raced >&2; exit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RemoteUnreachable, match="no push"):
        bo.sync()
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(remote), str(other))
    (other / "n.md").write_text("By plain git.\n")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "x")
    git(other, "push", "-q")
    settle_all([bo, ada])
    assert "By plain git." in ada.contents() & bo.contents()
    assert ada.tree() == bo.tree()

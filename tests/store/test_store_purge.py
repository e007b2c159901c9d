"""Forgetting for good: no file, no commit, no ref, no object holds the words any more, and nothing else is lost."""

import contextlib
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from store_kit import CONTEXT, Kit

from sidecar.errors import Conflict, PurgeImpossible, Refused, UnknownMemory
from sidecar.frontmatter import render
from sidecar.git import Git
from sidecar.model import Add, MemoryType
from sidecar.store import purges
from sidecar.store.purge import purge_folder

SECRET = "The vault opens with heron-4711."
IDENTITY = ("-c", "user.name=Ines Example", "-c", "user.email=ines@example.org")


def everything(folder: Path) -> bytes:
    """All that is anywhere in a profile's folder: names, files, and every object that git still has."""
    names = "\n".join(map(str, folder.rglob("*"))).encode()
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    listed = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"], cwd=folder, capture_output=True, check=True
    ).stdout
    local = b"".join(
        path.read_bytes() for path in (folder / ".git").rglob("*") if path.is_file() and "objects" not in path.parts
    )
    return names + files + listed + local


def purge(kit: Kit, *ids: str):
    kit.profile.begin_purge(kit.profile.purge_plan(ids))
    purged = kit.profile.finish_purge()
    kit.profile.end_purge()
    return purged


@pytest.fixture
def filled(kit: Kit):
    """A memory that was learned, edited by hand, renamed and superseded by other words of its own, among others."""
    kit.add("something before", 1)
    kit.cycle()
    stored = kit.add(SECRET, 2, key="vault/opens-with-heron")
    kit.add("learned together with it", 3)
    kit.cycle()
    kit.git(*IDENTITY, "tag", "-a", "-m", "as it was", "with")
    kit.git("tag", "light")
    kit.git("branch", "side")
    kit.write(stored.path, (kit.folder / stored.path).read_text().replace("heron-4711", "heron-4712"))
    kit.cycle()
    (kit.folder / stored.path).rename(kit.folder / "facts/mine.md")
    kit.cycle()
    kit.add("something after", 4)
    kit.cycle()
    return stored


def test_a_purge_leaves_no_trace_of_the_words_and_everything_else(kit, filled) -> None:
    before = {path for path in kit.files() if path != "facts/mine.md"}
    dates = kit.git("log", "--format=%an %at").splitlines()
    old = kit.git("rev-parse", "HEAD").strip()
    plan = kit.profile.purge_plan([filled.memory.id])
    assert (plan.ids, plan.refs) == (
        (filled.memory.id,),
        ("refs/heads/main", "refs/heads/side", "refs/tags/light", "refs/tags/with"),
    )
    assert plan.paths == tuple(sorted([filled.path, "facts/mine.md"]))
    assert kit.git("rev-parse", "HEAD").strip() == old
    assert (kit.folder / "facts/mine.md").exists()
    purged = purge(kit, filled.memory.id)
    held = everything(kit.folder)
    for words in (b"heron", b"vault opens"):
        assert words not in held
    assert purged.remaining == ()
    assert set(kit.files()) == before | {"purges.yaml", f"tombstones/{filled.memory.id}.yaml"}
    assert kit.git("status", "--porcelain") == ""
    assert kit.git("fsck", "--full", "--strict") == ""
    assert kit.git("log", "--format=%an %at").splitlines()[-len(dates) :] == dates
    for name in ("with", "light", "side"):
        assert kit.git("log", "-1", "--format=%s", name) == "A change whose words were purged\n"
    assert {one.memory.content for one in kit.profile.memories()} == {
        "something before",
        "learned together with it",
        "something after",
    }
    assert kit.cycle() == []


def test_a_purge_is_recorded_for_clones(kit, filled) -> None:
    kit.cycle()
    purged = purge(kit, filled.memory.id)
    (record,) = purges.read(kit.profile.ref, (kit.folder / "purges.yaml").read_bytes())
    assert (record.old, record.new, record.ids, record.time) == (purged.old, purged.new, (filled.memory.id,), kit.now)
    assert kit.git("rev-parse", "HEAD~1").strip() == purged.new
    assert "purges.yaml" in kit.git("ls-files")
    other = kit.add("another one", 7)
    kit.cycle()
    kit.now += timedelta(days=1)
    purge(kit, other.memory.id)
    assert len(purges.read(kit.profile.ref, (kit.folder / "purges.yaml").read_bytes())) == 2


def test_commits_before_the_memory_keep_their_names(kit, filled) -> None:
    first = kit.git("rev-list", "--reverse", "HEAD").split()[:2]
    purge(kit, filled.memory.id)
    assert kit.git("rev-list", "--reverse", "HEAD").split()[:2] == first


def test_what_was_purged_is_refused_after_a_restart_too(kit, filled) -> None:
    purge(kit, filled.memory.id)
    for _ in range(2):
        assert kit.profile.apply([Add(filled.memory, "again")], CONTEXT) == []
        assert kit.profile.is_forgotten("", "", filled.memory.source.messages)
        kit.restart()
        kit.cycle()
    assert b"heron" not in everything(kit.folder)


def test_copies_other_ids_with_the_same_words_and_unadopted_versions_go_too(kit) -> None:
    kit.write("facts/mine.md", f"{SECRET}\n")
    kit.cycle()
    (stored,) = kit.profile.memories()
    kit.write("facts/copy.md", (kit.folder / "facts/mine.md").read_text())
    kit.write("notes/again.md", f"---\ntype: fact\n---\n{SECRET}\n")
    kit.write("private/mine.md", f"{SECRET}\n")
    kit.cycle()
    plan = kit.profile.purge_plan([stored.memory.id])
    assert len(plan.ids) == 3
    purge(kit, stored.memory.id)
    assert b"heron" not in everything(kit.folder)
    assert kit.profile.memories(statuses=None) == []


def test_a_memory_that_was_deleted_before_can_still_be_purged(kit, filled) -> None:
    kit.profile.delete(filled.memory.id, CONTEXT)
    kit.cycle()
    assert b"heron" in everything(kit.folder)
    purge(kit, filled.memory.id)
    assert b"heron" not in everything(kit.folder)


def test_merges_odd_names_and_messages_survive(kit) -> None:
    stored = kit.add(SECRET)
    kit.cycle()
    kit.git("switch", "-q", "-c", "side")
    kit.write('facts/odd "name"\tø日本.md', render(kit.memory("odd", 5)))
    kit.cycle()
    kit.git("switch", "-q", "main")
    kit.cycle()
    kit.add("two", 1)
    kit.cycle()
    kit.git(*IDENTITY, "merge", "-q", "-m", "join them\n\nfrom ines\n", "side")
    kit.cycle()
    purge(kit, stored.memory.id)
    assert kit.git("log", "--merges", "--format=%B").strip() == "join them\n\nfrom ines"
    assert len(kit.git("rev-list", "--merges", "HEAD").split()) == 1
    assert {one.memory.content for one in kit.profile.memories()} == {"odd", "two"}
    assert kit.git("fsck", "--full") == ""
    assert b"heron" not in everything(kit.folder)


def test_stashes_of_the_user_survive_without_the_words(kit, filled) -> None:
    kit.write("README.md", "kept aside")
    kit.git("add", "README.md")
    kit.git(*IDENTITY, "stash", "push", "-q", "-m", "first")
    kit.write("facts/mine.md", (kit.folder / "facts/mine.md").read_text() + "heron again\n")
    kit.git(*IDENTITY, "stash", "push", "-q", "-m", "second")
    purge(kit, filled.memory.id)
    assert b"heron" not in everything(kit.folder)
    assert len(kit.git("stash", "list").splitlines()) == 2
    kit.git("stash", "pop", "-q", "stash@{1}")
    assert (kit.folder / "README.md").read_text() == "kept aside"


def test_what_a_remote_still_holds_is_told_and_its_ref_goes(kit, filled, tmp_path) -> None:
    kit.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
    kit.git("remote", "add", "origin", str(tmp_path / "remote.git"))
    kit.git("push", "-q", "origin", "main")
    first = kit.git("rev-list", "--max-parents=0", "main").strip()
    kit.git("push", "-q", "origin", f"{first}:refs/heads/old")
    pushed = kit.git("rev-parse", "origin/main").strip()
    kit.add("not pushed", 9)
    assert kit.profile.purge_plan([filled.memory.id]).remotes == ("origin/main",)
    purged = purge(kit, filled.memory.id)
    assert purged.remotes == ("origin/main",)
    assert kit.git("branch", "-r").split() == ["origin/old"]
    assert b"heron" not in everything(kit.folder)
    records = purges.read(kit.profile.ref, (kit.folder / "purges.yaml").read_bytes())
    assert [one.old for one in records] == [purged.old, pushed]
    assert (
        "heron"
        in subprocess.run(
            ["git", "log", "-p", pushed], cwd=tmp_path / "remote.git", capture_output=True, text=True
        ).stdout
    )


def test_what_cannot_be_purged_is_told_and_nothing_happens(kit, filled, tmp_path) -> None:
    with pytest.raises(UnknownMemory):
        kit.profile.purge_plan(["01M7WTWTW08H7W2R5T6Y5XK2QC"])
    kit.git("worktree", "add", "-q", str(tmp_path / "beside"), "side")
    with pytest.raises(PurgeImpossible, match="work tree"):
        kit.profile.purge_plan([filled.memory.id])
    kit.git("worktree", "remove", "--force", str(tmp_path / "beside"))
    kit.git("switch", "-q", "--detach")
    with pytest.raises(PurgeImpossible, match="branch"):
        kit.profile.purge_plan([filled.memory.id])
    kit.git("switch", "-q", "main")
    stored = kit.profile.get(filled.memory.id)
    kit.write(stored.path, render(stored.memory.replace(read_only=True)))
    kit.profile.refresh()
    with pytest.raises(Refused, match="read_only"):
        kit.profile.purge_plan([filled.memory.id])


class Killed(BaseException):
    pass


@pytest.mark.parametrize("steps", range(24))
def test_a_purge_that_is_killed_at_any_step_is_finished_by_the_next_run(kit, filled, steps) -> None:
    others = {one.memory.content for one in kit.profile.memories() if one.memory.id != filled.memory.id}
    kit.profile.begin_purge(kit.profile.purge_plan([filled.memory.id]))
    left = steps

    def step(_name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    kit.step = step
    try:
        kit.profile.finish_purge()
        kit.profile.end_purge()
    except Killed:
        pass
    finally:
        kit.step = lambda _name: None
    kit.restart()
    assert left >= 0 or steps < 23, "there are more steps than are tried"
    if steps % 2:  # a person who works on meanwhile
        kit.write("notes/meanwhile.md", "written meanwhile\n")
        others.add("written meanwhile")
        kit.cycle()
    if kit.profile.unfinished_purge() is not None:
        kit.profile.finish_purge()
        kit.profile.end_purge()
    kit.cycle()
    assert kit.profile.unfinished_purge() is None
    assert b"heron" not in everything(kit.folder)
    assert {one.memory.content for one in kit.profile.memories()} == others
    assert kit.git("status", "--porcelain") == ""
    assert kit.git("fsck", "--full") == ""
    for record in purges.read(kit.profile.ref, (kit.folder / "purges.yaml").read_bytes()):
        assert record.ids == (filled.memory.id,)
        kit.git("merge-base", "--is-ancestor", record.new, "HEAD")


def test_a_profile_in_the_trash_is_purged_too(kit, filled, tmp_path) -> None:
    kit.cycle()
    trashed = kit.store.delete_profile(kit.profile.ref, tmp_path / "trash")
    assert purge_folder(trashed, [filled.memory.id])
    assert b"heron" not in everything(trashed)
    assert not purge_folder(trashed, [filled.memory.id])
    assert Git(trashed, "laptop").status() == []
    assert not purge_folder(tmp_path, [filled.memory.id])


def test_undo_brings_nothing_back_and_lifts_no_tombstone_of_a_purge(kit, filled) -> None:
    purge(kit, filled.memory.id)
    for back in range(len(kit.git("rev-list", "HEAD").split())):
        with contextlib.suppress(Conflict, Refused):  # whatever stands in the way of an undo
            kit.profile.undo(f"HEAD~{back}")
    kit.cycle()
    assert b"heron" not in everything(kit.folder)
    assert kit.profile.is_forgotten(filled.memory.id, "")


def test_the_same_words_as_another_type_go_too(kit) -> None:
    one = kit.add(SECRET)
    other = kit.add(SECRET, 1, type=MemoryType.INSTRUCTION)
    kit.cycle()
    assert kit.profile.purge_plan([one.memory.id]).ids == tuple(sorted([one.memory.id, other.memory.id]))

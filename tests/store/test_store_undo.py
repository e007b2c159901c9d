"""Every commit can be taken back by a new one; every past state can be looked at."""

from datetime import timedelta

import pytest
from store_kit import CONTEXT, START, Kit

from sidecar.errors import GitFailed, NothingToUndo, NotUndoable, SnapshotExists, UndoConflict, UnknownRevision
from sidecar.frontmatter import render
from sidecar.git import Git
from sidecar.model import Add, Revise, Status, Supersede


def contents(kit: Kit, statuses=(Status.ACTIVE,)) -> list[str]:
    return sorted(stored.memory.content for stored in kit.profile.memories(statuses=statuses))


def tree(kit: Kit) -> dict[str, bytes]:
    return {path: (kit.folder / path).read_bytes() for path in kit.files()}


def head(kit: Kit, back: int = 0) -> str:
    return kit.git("rev-parse", f"HEAD~{back}").strip()


def forget(kit, stored):
    kit.profile.forget(stored.memory.id, "no longer", CONTEXT)


def delete(kit, stored):
    kit.profile.delete(stored.memory.id, CONTEXT)


def revise(kit, stored):
    kit.profile.apply([Revise(stored, {"content": "other words", "key": "a/b"}, "better")], CONTEXT)


def supersede(kit, stored):
    memory = kit.memory("a newer value", 9, key="k", supersedes=stored.memory.id)
    kit.profile.apply([Add(memory, "newer"), Supersede(stored, memory.id, memory.observed, "newer")], CONTEXT)


def edit(kit, stored):
    kit.write(stored.path, render(stored.memory.replace(content="a person's words")))


def rename(kit, stored):
    (kit.folder / "notes").mkdir()
    (kit.folder / stored.path).rename(kit.folder / "notes/mine.md")


def remove(kit, stored):
    (kit.folder / stored.path).unlink()


def write(kit, stored):
    kit.write("notes/new.md", "A file with a body only.\n")


@pytest.mark.parametrize("action", [forget, delete, revise, supersede, edit, rename, remove, write])
def test_undoing_anything_is_one_commit_after_which_all_is_as_before_and_can_be_done_again(kit, action) -> None:
    stored = kit.add("first words", key="k")
    kit.add("something else", 1)
    kit.cycle()
    before, known = tree(kit), contents(kit)
    kit.now += timedelta(hours=1)
    action(kit, stored)
    kit.cycle()
    kit.cycle()
    after = tree(kit)
    assert after != before
    undone = kit.profile.undo(None)
    buried = {path for path in tree(kit) if path.startswith("tombstones/")}
    assert {path: data for path, data in tree(kit).items() if path not in buried} == before
    assert contents(kit) == known
    assert undone.commit in (head(kit), head(kit, 1))  # lifting a tombstone that stood before it follows
    assert kit.git("log", "-1", "--format=%s", undone.commit).startswith(f"Undo {undone.undone[0][:10]}: ")
    assert kit.cycle() == []
    assert kit.git("status", "--porcelain") == ""
    kit.restart()
    assert (contents(kit), kit.profile.bad_files()) == (known, [])
    kit.profile.undo(None)
    kit.cycle()
    assert tree(kit) == after


def test_what_an_undo_takes_out_is_not_learned_again(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    kit.profile.undo(None)
    assert kit.profile.memories(statuses=None) == []
    assert kit.profile.is_forgotten(stored.memory.id, "")
    assert kit.profile.apply([Add(stored.memory, "again")], CONTEXT) == []


def test_an_earlier_commit_is_undone_beneath_later_ones(kit) -> None:
    first = kit.add("one")
    kit.cycle()
    forget(kit, first)
    kit.cycle()
    forgetting = head(kit)
    kit.add("two", 1)
    kit.cycle()
    kit.add("three", 2)
    kit.cycle()
    kit.profile.undo(forgetting)
    assert contents(kit) == ["one", "three", "two"]
    assert kit.profile.tombstones() == {}


def test_what_was_changed_since_in_other_lines_is_kept(kit) -> None:
    stored = kit.add("one", key="k")
    kit.cycle()
    edit(kit, stored)
    kit.cycle()
    editing = head(kit, 1)
    now = kit.profile.get(stored.memory.id)
    kit.write(now.path, (kit.folder / now.path).read_text().replace("key: k\n", "key: k\nmood: good\n"))
    kit.cycle()
    kit.profile.undo(editing)
    text = (kit.folder / stored.path).read_text()
    assert "mood: good\n" in text
    assert text.endswith("---\none\n")


def test_a_memory_is_undone_where_it_lies_by_now(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    kit.profile.apply([Revise(stored, {"content": "two"}, "better")], CONTEXT)
    kit.cycle()
    revising = head(kit)
    rename(kit, stored)
    kit.cycle()
    kit.profile.undo(revising)
    assert (kit.folder / "notes/mine.md").read_text().endswith("---\none\n")
    assert contents(kit) == ["one"]


def test_an_undo_that_later_changes_stand_on_is_refused_whole_and_names_them(kit) -> None:
    stored, other = kit.add("one"), kit.add("two", 1)
    kit.cycle()
    kit.profile.apply([Revise(s, {"content": f"{s.memory.content} more"}, "better") for s in (stored, other)], CONTEXT)
    kit.cycle()
    revising = head(kit)
    kit.write(stored.path, (kit.folder / stored.path).read_text().replace("one more", "one, and mine"))
    kit.cycle()
    before, commit = tree(kit), head(kit)
    with pytest.raises(UndoConflict, match=stored.path) as error:
        kit.profile.undo(revising)
    assert head(kit, 1)[:10] in str(error.value)
    assert other.path not in str(error.value)
    assert (tree(kit), head(kit)) == (before, commit)


def test_what_cannot_be_undone_is_told(kit) -> None:
    with pytest.raises(NotUndoable, match="began"):
        kit.profile.undo(None)
    stored = kit.add("one")
    kit.cycle()
    with pytest.raises(UnknownRevision):
        kit.profile.undo("no-such-name")
    with pytest.raises(UnknownRevision):
        kit.profile.undo("--all")
    forget(kit, stored)
    kit.cycle()
    forgetting = head(kit)
    kit.profile.undo(forgetting)
    with pytest.raises(NothingToUndo):
        kit.profile.undo(forgetting)
    kit.git("switch", "-q", "--detach")
    with pytest.raises(GitFailed):
        kit.profile.undo(None)
    kit.git("switch", "-q", "main")
    kit.git("switch", "-q", "-c", "side", "HEAD~2")
    kit.profile.refresh()
    with pytest.raises(NotUndoable, match="not part"):
        kit.profile.undo(forgetting)


@pytest.mark.parametrize("steps", range(14))
@pytest.mark.parametrize("action", [forget, supersede])
def test_a_kill_at_any_step_leaves_the_old_state_or_a_whole_undo(kit, action, steps) -> None:
    stored = kit.add("first words", key="k")
    kit.cycle()
    before = contents(kit, None)
    action(kit, stored)
    kit.cycle()
    after, left = contents(kit), steps

    class Killed(BaseException):
        pass

    def step(_name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed

    kit.step = step
    try:
        kit.profile.undo(None)
    except Killed:
        pass
    finally:
        kit.step = lambda _name: None
    kit.restart()
    kit.cycle()
    kit.cycle()
    assert contents(kit) in (after, before)
    assert kit.git("status", "--porcelain") == ""
    assert kit.profile.bad_files() == []


# Looking at the past.


def test_the_memories_of_any_commit_can_be_read(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    first = head(kit)
    edit(kit, stored)
    kit.cycle()
    kit.add("two", 1)
    kit.cycle()
    forget(kit, stored)
    kit.cycle()
    assert kit.profile.past.memories(first) == [stored]
    assert [one.memory.content for one in kit.profile.past.memories(head(kit, 1))] == ["a person's words", "two"]
    statuses = {one.memory.content: one.memory.status for one in kit.profile.past.memories("HEAD")}
    assert statuses == {"a person's words": Status.FORGOTTEN, "two": Status.ACTIVE}


def test_commits_are_found_by_tag_branch_hash_and_moment(kit) -> None:
    kit.add("one")
    kit.now = START + timedelta(days=1)
    kit.cycle()
    first = head(kit)
    tag = kit.profile.past.snapshot("before-the-move", kit.now, "as it was")
    assert (tag.name, tag.commit) == ("before-the-move", first)
    kit.add("two", 1)
    kit.now = START + timedelta(days=2)
    kit.cycle()
    past = kit.profile.past
    for name in ("before-the-move", first, first[:8], "main~1", "HEAD^"):
        assert past.commit(name) == first
    assert past.commit(START + timedelta(days=1, hours=5)) == first
    for name in ("-x", "main..HEAD", "@{-1}", ":/one", "HEAD:facts", "", "0" * 40, START - timedelta(days=9)):
        with pytest.raises(UnknownRevision):
            past.commit(name)
    assert past.snapshots() == [tag]
    with pytest.raises(SnapshotExists):
        past.snapshot("before-the-move", kit.now, "again")
    assert "Ines Example" in kit.git("cat-file", "-p", "before-the-move")


def test_two_commits_are_compared_memory_by_memory(kit) -> None:
    gone, changed = kit.add("one"), kit.add("two", 1)
    kit.cycle()
    before = head(kit)
    forget(kit, gone)
    new = kit.add("three", 2)
    edit(kit, changed)
    kit.cycle()
    found = {one.identifier: one for one in kit.profile.past.differences(before, "HEAD")}
    assert found[gone.memory.id].paths == (gone.path, f"archive/{gone.path}")
    assert found[new.memory.id].before is None
    assert found[changed.memory.id].after.content == "a person's words"
    assert [one.paths for name, one in found.items() if name is None] == [(None, f"tombstones/{gone.memory.id}.yaml")]
    assert "+a person's words" in kit.profile.past.patch(before, "HEAD")
    assert len(kit.profile.past.differences(None, before)) == 3


def test_the_words_that_a_memory_had_are_its_revisions(kit) -> None:
    stored = kit.add("one")
    kit.cycle()
    kit.now += timedelta(hours=1)
    edit(kit, stored)
    kit.cycle()
    kit.now += timedelta(hours=1)
    forget(kit, kit.profile.get(stored.memory.id))
    kit.cycle()
    found = kit.profile.past.revisions(stored.memory.id, kit.profile.log(stored.memory.id))
    assert [(one.memory.content, one.author) for one in found] == [
        ("one", "sidecar"),
        ("a person's words", "Ines Example"),
    ]
    assert found[0].why == "learned from claude-code"
    assert Git(kit.folder, "laptop").show(found[0].commit, stored.path) == render(stored.memory)

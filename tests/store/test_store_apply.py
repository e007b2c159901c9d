"""Plans of curation become files: each in its place, guarded, and repeated without effect."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.errors import ChangedOnDisk, FieldError, Refused, UnknownMemory
from sidecar.frontmatter import render
from sidecar.identity import content_hash
from sidecar.model import Add, Candidate, MemoryType, Revise, Skip, Source, Status, Supersede
from sidecar.store import path_for


def test_a_new_memory_lies_where_type_key_and_id_say(kit) -> None:
    stored = kit.add("The web workspace uses pnpm.", key="web/package-manager")
    suffix = stored.memory.id[-6:].lower()
    assert stored.path == f"facts/web/package-manager-{suffix}.md"
    assert (kit.folder / stored.path).read_bytes() == render(stored.memory)
    assert stat.S_IMODE((kit.folder / stored.path).stat().st_mode) == 0o600
    assert stat.S_IMODE((kit.folder / "facts").stat().st_mode) == 0o700
    assert kit.profile.memories() == [stored]
    assert kit.profile.get(stored.memory.id) == stored


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "facts/general/uber-alles-x.md"),
        ({"summary": "日本語"}, "facts/general/memory-x.md"),
        ({"key": "deploy"}, "facts/deploy/uber-alles-x.md"),
        ({"key": "a/b/c-d"}, "facts/a/b-c-d-x.md"),
        ({"summary": "w" * 39 + " x"}, "facts/general/" + "w" * 39 + "-x.md"),
        ({"type": MemoryType.EVENT}, "events/2026-11/uber-alles-x.md"),
        ({"type": MemoryType.EVENT, "occurred": "2025-03-02"}, "events/2025-03/uber-alles-x.md"),
        ({"type": MemoryType.EVENT, "occurred": "last spring"}, "events/2026-11/uber-alles-x.md"),
        ({"type": MemoryType.TASK, "key": "ci/flaky"}, "tasks/ci/flaky-x.md"),
        ({"status": Status.SUPERSEDED}, "archive/facts/general/uber-alles-x.md"),
        ({"status": Status.PROPOSED}, "facts/general/uber-alles-x.md"),
    ],
)
def test_paths(kit, fields, path) -> None:
    memory = kit.memory("anything", **{"summary": "Über alles", **fields})
    assert path_for(memory) == path.replace("-x.md", f"-{memory.id[-6:].lower()}.md")


def test_the_same_plan_again_changes_nothing(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    assert kit.profile.apply([Add(stored.memory, "again")], kit.context) == []
    assert kit.cycle() == []


def test_superseding_archives_the_old_version(kit) -> None:
    old = kit.add("npm", key="web/pm")
    new = kit.memory("pnpm", 5, key="web/pm", supersedes=old.memory.id)
    until = new.observed
    added, retired = kit.profile.apply([Supersede(old, new.id, until, "newer"), Add(new, "newer")], kit.context)
    assert added.memory == new
    assert retired.path == f"archive/{old.path}"
    assert retired.memory.status is Status.SUPERSEDED
    assert (retired.memory.superseded_by, retired.memory.valid_until) == (new.id, until)
    assert not (kit.folder / old.path).exists()
    assert [s.memory.id for s in kit.profile.memories()] == [new.id]
    assert [s.memory.id for s in kit.profile.versions("web/pm")] == sorted([old.memory.id, new.id])
    assert kit.profile.versions("web/pm", [MemoryType.TASK]) == []


def test_three_versions_of_a_key_in_one_minute_are_three_files(kit) -> None:
    last = None
    for second, word in enumerate(("npm", "yarn", "pnpm")):
        memory = kit.memory(word, key="web/pm", supersedes=last.memory.id if last else None)
        memory = memory.replace(observed=memory.observed + timedelta(seconds=second))
        plan = [Add(memory, "new")]
        if last:
            plan.append(Supersede(last, memory.id, memory.observed, "newer"))
        last = kit.profile.apply(plan, kit.context)[0]
    files = kit.files()
    assert [path.startswith("archive/") for path in files] == [True, True, False]
    assert len({path[-9:] for path in files}) == 3


def test_revising_keeps_the_body_and_a_persons_own_lines(kit) -> None:
    stored = kit.add("one")
    text = (kit.folder / stored.path).read_text().replace("type: fact\n", "type: fact  # mine\nmood: good\n")
    kit.write(stored.path, text)
    kit.cycle()
    current = kit.profile.get(stored.memory.id)
    source = Source("transcript", messages=("a", "b"))
    (revised,) = kit.profile.apply([Revise(current, {"source": source, "pinned": True}, "said again")], kit.context)
    assert revised.memory.source == source
    changed = (kit.folder / stored.path).read_text()
    assert "type: fact  # mine\nmood: good\n" in changed
    assert changed.endswith("pinned: true\n---\none\n")


def test_a_revision_of_the_body_keeps_id_place_and_a_persons_own_lines(kit) -> None:
    stored = kit.add("one")
    text = (kit.folder / stored.path).read_text().replace("type: fact\n", "type: fact  # mine\nmood: good\n")
    kit.write(stored.path, text)
    kit.cycle()
    current = kit.profile.get(stored.memory.id)
    plan = [Revise(current, {"content": "one, in better words", "summary": "better"}, "worded by a model")]
    (revised,) = kit.profile.apply(plan, kit.context)
    assert (revised.path, revised.memory.id, revised.memory.edited) == (stored.path, stored.memory.id, None)
    after = (kit.folder / stored.path).read_text()
    assert after == text.replace("summary: one\n", "summary: better\n").replace(
        "---\none\n", "---\none, in better words\n"
    )
    kit.cycle()
    assert kit.profile.get(stored.memory.id).memory.edited is None, "it was no person's edit"
    assert "worded by a model" in kit.git("log", "-1", "--format=%B", "--", stored.path)


def test_a_body_is_revised_only_in_the_file_that_the_plan_saw(kit) -> None:
    stored = kit.add("one")
    path = kit.folder / stored.path
    path.write_text(path.read_text().replace("\none\n", "\ntwo\n"))
    with pytest.raises(ChangedOnDisk):
        kit.profile.apply([Revise(stored, {"content": "three"}, "why")], kit.context)
    assert path.read_text().endswith("\ntwo\n")


def test_reviving_an_archived_version_moves_it_back(kit) -> None:
    stored = kit.add("one", status=Status.SUPERSEDED, superseded_by="01M4AAAAAAAAAAAAAAAAAAAAAA")
    plan = [Revise(stored, {"status": Status.ACTIVE, "superseded_by": None}, "its place in the chain changed")]
    (revived,) = kit.profile.apply(plan, kit.context)
    assert revived.path == stored.path.removeprefix("archive/")
    assert not (kit.folder / "archive").exists()


def test_a_plan_for_a_file_that_has_changed_writes_nothing(kit) -> None:
    stored = kit.add("one")
    path = kit.folder / stored.path
    path.write_text(path.read_text() + "more\n")
    new = kit.memory("two", 1)
    with pytest.raises(ChangedOnDisk, match="facts/general/one"):
        kit.profile.apply([Add(new, "new"), Supersede(stored, new.id, new.observed, "newer")], kit.context)
    assert kit.files() == [stored.path]
    assert path.read_text().endswith("more\n")


def test_a_plan_that_meets_an_uncommitted_hand_edit_is_refused_once_and_the_edit_is_marked(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    kit.write(stored.path, render(stored.memory).replace(b"\none\n", b"\ntwo\n"))
    kit.profile.refresh()
    seen = kit.profile.get(stored.memory.id)
    with pytest.raises(ChangedOnDisk):
        kit.profile.apply([Revise(seen, {"pinned": True}, "why")], kit.context)
    now = kit.profile.get(stored.memory.id)
    assert now.memory.edited == kit.now
    kit.profile.apply([Revise(now, {"pinned": True}, "why")], kit.context)
    kit.profile.commit()
    assert [author for author, _ in kit.commits()][-3:] == ["Ines Example", "sidecar", "sidecar"]


def test_read_only_files_are_refused(kit) -> None:
    stored = kit.add("one", read_only=True)
    with pytest.raises(Refused, match="read_only"):
        kit.profile.apply([Revise(stored, {"pinned": True}, "why")], kit.context)
    with pytest.raises(Refused, match="read_only"):
        kit.profile.forget(stored.memory.id, None, kit.context)


def test_a_bad_file_is_left_as_it_is_by_a_plan(kit) -> None:
    stored = kit.add("one")
    kit.write(stored.path, "---\nbroken: [\n---\none\n")
    kit.profile.refresh()
    new = kit.memory("two", 1)
    plan = [Add(new, "new"), Supersede(stored, new.id, new.observed, "newer")]
    assert [s.memory.id for s in kit.profile.apply(plan, kit.context)] == [new.id]
    assert (kit.folder / stored.path).read_text() == "---\nbroken: [\n---\none\n"


def test_skips_and_empty_plans_do_nothing(kit) -> None:
    memory = kit.memory("one")
    candidate = Candidate(memory.type, memory.content, memory.summary, memory.observed, memory.source)
    assert kit.profile.apply([Skip(candidate, "known")], kit.context) == []
    assert kit.profile.apply([], kit.context) == []
    assert kit.files() == []


def test_a_memory_too_large_for_a_file_is_refused(kit) -> None:
    with pytest.raises(FieldError, match="larger"):
        kit.add("word " * 60_000)
    assert kit.files() == []


def test_forget_archives_with_reason_and_tombstone_and_is_repeatable(kit) -> None:
    stored = kit.add("one")
    forgotten = kit.profile.forget(stored.memory.id, "no longer true", kit.context)
    assert forgotten.path == f"archive/{stored.path}"
    assert (forgotten.memory.status, forgotten.memory.reason) == (Status.FORGOTTEN, "no longer true")
    assert kit.profile.forget(stored.memory.id, "again", kit.context) == forgotten
    tombstone = kit.profile.tombstones()[stored.memory.id]
    assert tombstone.content_hash == content_hash(MemoryType.FACT, "one")
    assert "one" not in (kit.folder / f"tombstones/{stored.memory.id}.yaml").read_text().replace("m-one", "")
    assert kit.profile.is_forgotten(stored.memory.id, "", ())
    assert kit.profile.is_forgotten("", content_hash(MemoryType.FACT, " one\n"), ())
    assert kit.profile.is_forgotten("", "", ["m-one"])
    assert not kit.profile.is_forgotten("", "", ["m-one", "m-other"])
    assert not kit.profile.is_forgotten("", "", ())


def test_what_was_forgotten_is_not_added_again(kit) -> None:
    stored = kit.add("one")
    kit.profile.delete(stored.memory.id, kit.context)
    again = kit.memory("one", 30)
    assert kit.profile.apply([Add(stored.memory, "again"), Add(again, "again")], kit.context) == []


def test_delete_takes_the_file_away(kit) -> None:
    stored = kit.add("one")
    assert kit.profile.delete(stored.memory.id, kit.context) == stored
    assert kit.files() == [f"tombstones/{stored.memory.id}.yaml"]
    assert kit.profile.get(stored.memory.id) is None
    with pytest.raises(UnknownMemory):
        kit.profile.delete(stored.memory.id, kit.context)
    kit.cycle()
    assert kit.git("status", "--porcelain") == ""


def test_restore_brings_a_forgotten_memory_back(kit) -> None:
    stored = kit.add("one")
    kit.profile.forget(stored.memory.id, "mistake", kit.context)
    assert kit.profile.restore(stored.memory.id, kit.context) == stored
    assert kit.files() == [stored.path]
    assert kit.profile.tombstones() == {}


def test_lifting_a_tombstone_lets_the_same_words_in_again(kit) -> None:
    stored = kit.add("one")
    kit.profile.delete(stored.memory.id, kit.context)
    lifted = kit.profile.lift_tombstones("", content_hash(MemoryType.FACT, "one"), kit.context)
    assert lifted == [stored.memory.id]
    assert kit.add("one").memory.id == stored.memory.id


def test_lifting_the_tombstone_of_an_archived_memory_restores_it(kit) -> None:
    stored = kit.add("one")
    kit.profile.forget(stored.memory.id, None, kit.context)
    kit.profile.lift_tombstones(stored.memory.id, "", kit.context)
    kit.cycle()
    assert kit.profile.memories() == [stored]
    assert kit.profile.tombstones() == {}


def test_a_taken_name_gets_a_number(kit) -> None:
    memory = kit.memory("one")
    kit.write(path_for(memory), "a note of my own\n")
    stored = kit.add("one")
    assert stored.path == path_for(memory).replace(".md", "-2.md")
    kit.cycle()
    assert {s.memory.content for s in kit.profile.memories()} == {"one", "a note of my own"}


def test_a_symlinked_folder_is_never_written_through(kit, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (kit.folder / "facts").symlink_to(outside)
    with pytest.raises(Exception, match="symlink"):
        kit.add("one")
    assert list(outside.iterdir()) == []


def test_an_index_that_a_kill_left_behind_is_brought_along(kit) -> None:
    """Between the commit and git's index a kill leaves an index that would take the memory out again."""
    kit.cycle()
    before = kit.git("rev-parse", "HEAD").strip()
    kit.add("The api listens on port 4310.")
    kit.cycle()
    kit.git("read-tree", before)
    assert kit.git("diff", "--cached", "--name-only")
    kit.cycle()
    assert kit.git("diff", "--cached", "--name-only") == ""
    assert kit.git("status", "--porcelain") == ""

"""What a person does to the files: every edit is taken over, kept, and told apart from ours."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from store_kit import Kit

from sidecar.errors import StoreVanished
from sidecar.frontmatter import render
from sidecar.identity import content_hash, is_memory_id
from sidecar.model import MemoryType, Revise, Status

USER, MACHINE = "Ines Example", "sidecar"


def test_an_edit_is_taken_over_committed_apart_and_marked(kit) -> None:
    stored = kit.add("npm is used")
    kit.profile.commit()
    kit.now += timedelta(hours=1)
    text = (
        render(stored.memory)
        .decode()
        .replace("npm is used\n", "pnpm is used\n")
        .replace("type: fact", "type: fact # mine")
    )
    kit.write(stored.path, text.replace("summary: npm is used", "summary: pnpm is used"))
    refresh = kit.profile.refresh()
    assert refresh.changed == (stored.path,)
    assert kit.profile.get(stored.memory.id).memory.content == "pnpm is used"
    kit.profile.settle()
    assert len(kit.profile.commit()) == 2
    now = kit.profile.get(stored.memory.id).memory
    assert (now.edited, now.human, now.content) == (kit.now, True, "pnpm is used")
    assert [author for author, _ in kit.commits()][-2:] == [USER, MACHINE]
    assert kit.git("show", f"HEAD~1:{stored.path}") == text.replace("summary: npm is used", "summary: pnpm is used")
    assert "type: fact # mine\n" in (kit.folder / stored.path).read_text()
    assert kit.git("status", "--porcelain") == ""
    assert kit.cycle() == []


def test_an_edit_of_keys_alone_is_no_correction(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    kit.write(stored.path, render(stored.memory.replace(pinned=True)))
    assert len(kit.cycle()) == 1
    assert kit.profile.get(stored.memory.id).memory.edited is None


def test_taking_out_that_it_is_proposed_is_a_persons_word(kit) -> None:
    stored = kit.add("one", status=Status.PROPOSED, reason="it speaks to agents")
    kit.profile.commit()
    kit.write(stored.path, render(stored.memory.replace(status=Status.ACTIVE)))
    kit.cycle()
    assert kit.profile.get(stored.memory.id).memory.edited == kit.now
    kit.write(stored.path, render(kit.profile.get(stored.memory.id).memory.replace(pinned=True)))
    kit.now += timedelta(hours=1)
    kit.cycle()
    assert kit.profile.get(stored.memory.id).memory.edited == kit.now - timedelta(hours=1)


def test_an_edit_before_the_first_commit_loses_neither_version(kit) -> None:
    stored = kit.add("machine words")
    kit.write(stored.path, render(stored.memory.replace(content="my words")))
    kit.cycle()
    history = kit.git("log", "-p", "--", stored.path)
    assert "+machine words" in history
    assert "+my words" in history
    assert [author for author, _ in kit.commits()] == [MACHINE, MACHINE, USER, MACHINE]


def test_an_edit_while_the_daemon_is_down_is_marked_too(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    kit.write(stored.path, render(stored.memory.replace(content="two")))
    kit.restart()
    kit.cycle()
    assert kit.profile.get(stored.memory.id).memory.edited == kit.now


@pytest.mark.parametrize(
    ("path", "text", "memory_type"),
    [
        ("instructions/mine.md", "# Always *this*\n\nmore\n", MemoryType.INSTRUCTION),
        ("notes/deep/er/mine.md", "- just words", MemoryType.FACT),
        ("mine.md", "---\ntype: task\nmood: good\n---\nDo it.\n", MemoryType.TASK),
        ("private/events/mine.md", "---\r\ntags: [a]\r\n---\r\nIt happened.\r\n", MemoryType.EVENT),
        ("日本/メモ.md", "覚え書き\n", MemoryType.FACT),
    ],
)
def test_a_file_with_only_a_body_is_adopted(kit, path, text, memory_type) -> None:
    kit.write(path, text)
    kit.profile.refresh()
    assert kit.profile.memories() == []
    assert kit.profile.settle()[0] == path
    (stored,) = kit.profile.memories()
    memory = stored.memory
    assert (stored.path, memory.type, is_memory_id(memory.id)) == (path, memory_type, True)
    assert (memory.source.origin, memory.source.speaker, memory.human) == ("hand", "user", True)
    assert memory.source.by.endswith("@laptop")
    changed = (kit.folder / path).read_bytes().decode()
    body = text.split("---")[-1].lstrip("\r\n")
    assert changed.endswith(body)
    kit.profile.commit()
    authors = [author for author, _ in kit.commits()]
    assert authors == ([MACHINE] if stored.private else [MACHINE, USER, MACHINE])
    assert kit.git("status", "--porcelain") == ""
    assert kit.profile.settle() == []


def test_a_file_of_a_time_that_no_calendar_has_is_adopted_as_of_now() -> None:
    memory = Path("/dev/shm")  # few other disks keep such a time
    if not memory.is_dir():
        pytest.skip("there is no disk here that keeps such a time")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        kit = Kit(Path(folder) / "store")
        os.utime(kit.write("facts/far.md", "Out of time.\n"), (10**12, 10**12))
        kit.cycle()
        assert [(one.memory.content, one.memory.observed) for one in kit.profile.memories()] == [
            ("Out of time.", kit.now)
        ]


def test_what_is_saved_between_the_look_and_the_adoption_is_the_users(kit) -> None:
    path = "facts/hand/n.md"
    target = kit.write(path, "The port is 8080.\n")
    kit.profile.refresh([path])  # the look
    kit.write(path, "The port is 9090, and the host is tern.\n")  # the editor saves once more
    kit.profile.settle()
    assert target.read_text() == "The port is 9090, and the host is tern.\n", (
        "nothing is added that nobody has looked at"
    )
    kit.cycle()
    kit.cycle()
    assert "id: " in target.read_text()
    told = kit.git("blame", "--line-porcelain", path).split("\n")
    author = next(line for line in reversed(told) if line.startswith("author "))  # of the last line, its words
    assert author == f"author {USER}"


def test_private_files_are_indexed_and_never_committed(kit) -> None:
    kit.write("private/mine.md", "secret")
    kit.cycle()
    (stored,) = kit.profile.memories()
    assert stored.private
    kit.profile.forget(stored.memory.id, None, kit.context)
    kit.cycle()
    assert kit.files() == ["private/archive/mine.md", f"private/tombstones/{stored.memory.id}.yaml"]
    assert kit.git("log", "--name-only", "--format=").split() == ["profile.yaml"]


def test_git_is_told_nothing_of_private_memories_not_even_their_names(kit) -> None:
    kit.write("private/plans/heron.md", "The heron moves in spring.\n")
    kit.write("facts/open.md", "The gull stays.\n")
    kit.cycle()
    private, public = sorted(kit.profile.memories(), key=lambda stored: not stored.private)
    for stored in (private, public):
        kit.profile.forget(stored.memory.id, "over", kit.context)
    kit.cycle()
    for stored in (private, public):
        kit.profile.restore(stored.memory.id, kit.context)
    kit.cycle()
    current = [kit.profile.get(stored.memory.id) for stored in (private, public)]
    kit.profile.apply([Revise(stored, {"pinned": True}, "wanted") for stored in current], kit.context)
    kit.cycle()
    for stored in current:
        (kit.folder / stored.path).unlink()
    kit.cycle()
    history = kit.git("log", "-p", "--format=%B")
    assert "gull" in history
    for word in ("heron", private.memory.id):
        assert word not in history


def test_removing_a_file_forgets_it(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    (kit.folder / stored.path).unlink()
    refresh = kit.profile.refresh()
    assert refresh.gone == (stored.memory.id,)
    assert kit.profile.get(stored.memory.id) is None
    kit.profile.settle()
    assert kit.profile.is_forgotten(stored.memory.id, "")
    kit.profile.commit()
    assert [author for author, _ in kit.commits()][-2:] == [MACHINE, USER]
    assert kit.git("status", "--porcelain") == ""


def test_removing_a_file_while_the_daemon_is_down_forgets_it_before_anything_is_learned(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    (kit.folder / stored.path).unlink()
    kit.restart()
    kit.profile.settle()
    assert kit.profile.is_forgotten("", content_hash(MemoryType.FACT, "one"))
    kit.profile.commit()
    assert (USER, f"Remove {stored.path} by hand") in kit.commits()


def test_checking_a_removed_file_out_again_lifts_its_tombstone(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    (kit.folder / stored.path).unlink()
    kit.cycle()
    kit.git("checkout", "HEAD~2", "--", stored.path)
    kit.cycle()
    assert kit.profile.memories() == [stored]
    assert kit.profile.tombstones() == {}
    assert kit.git("status", "--porcelain") == ""


def test_bringing_a_forgotten_file_back_leaves_one_file(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    kit.profile.forget(stored.memory.id, "wrong", kit.context)
    kit.profile.commit()
    kit.git("checkout", "HEAD~1", "--", stored.path)
    kit.cycle()
    assert kit.files() == [stored.path]
    assert kit.profile.memories() == [stored]
    assert kit.profile.bad_files() == []


def test_writing_the_words_of_a_forgotten_memory_anew_lifts_its_tombstone(kit) -> None:
    stored = kit.add("one")
    kit.profile.delete(stored.memory.id, kit.context)
    kit.write("facts/again.md", "one\n")
    kit.cycle()
    assert [s.path for s in kit.profile.memories()] == ["facts/again.md"]
    assert kit.profile.tombstones() == {}


def test_a_rename_keeps_the_id(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    (kit.folder / "notes").mkdir()
    (kit.folder / stored.path).rename(kit.folder / "notes/renamed.md")
    refresh = kit.profile.refresh()
    assert refresh.gone == ()
    assert kit.profile.get(stored.memory.id).path == "notes/renamed.md"
    assert kit.profile.settle() == []
    assert len(kit.profile.commit()) == 1
    assert kit.commits()[-1][0] == USER
    assert kit.profile.tombstones() == {}


def test_a_status_written_by_hand_moves_the_file(kit) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    kit.write(stored.path, render(stored.memory.replace(status=Status.FORGOTTEN)))
    kit.cycle()
    assert kit.files() == [f"archive/{stored.path}", f"tombstones/{stored.memory.id}.yaml"]
    kit.write(f"archive/{stored.path}", render(stored.memory))
    kit.cycle()
    assert kit.files() == [stored.path]
    assert kit.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"---\ntype: fact\nbroken: [\n---\none\n", 4, "YAML"),
        (b"\xff\xfe\x00", 1, "UTF-8"),
        (b"", 1, "no text"),
        (b"x" * (256 * 1024 + 1), None, "256 KiB"),
    ],
)
def test_a_bad_file_is_left_alone_and_its_last_good_version_answers(kit, data, line, reason) -> None:
    stored = kit.add("one")
    kit.profile.commit()
    kit.write(stored.path, data)
    for _ in range(2):
        kit.cycle()
        (bad,) = kit.profile.bad_files()
        assert (bad.path, bad.line) == (stored.path, line)
        assert reason in bad.reason
        assert kit.profile.memories() == [stored]
        assert (kit.folder / stored.path).read_bytes() == data
        kit.restart()
    kit.write(stored.path, render(stored.memory))
    kit.cycle()
    assert kit.profile.bad_files() == []
    assert kit.profile.memories() == [stored]


def test_a_symlink_and_a_folder_in_a_files_place_are_bad_files(kit, tmp_path) -> None:
    first, second = kit.add("one"), kit.add("two", 1)
    kit.profile.commit()
    (tmp_path / "elsewhere.md").write_text("other words")
    (kit.folder / first.path).unlink()
    (kit.folder / first.path).symlink_to(tmp_path / "elsewhere.md")
    (kit.folder / second.path).unlink()
    (kit.folder / second.path).mkdir()
    kit.cycle()
    assert [bad.path for bad in kit.profile.bad_files()] == sorted([first.path, second.path])
    for _ in range(2):
        assert {s.memory.content for s in kit.profile.memories()} == {"one", "two"}
        assert kit.profile.tombstones() == {}
        assert not kit.profile.differs()
        kit.restart()
        kit.cycle()


def test_a_folder_may_be_called_as_a_memory_is(kit) -> None:
    kit.write("notes.md/x.md", "Kept in a folder of notes.\n")
    for _ in range(2):
        kit.cycle()
        assert [(one.path, one.memory.content) for one in kit.profile.memories()] == [
            ("notes.md/x.md", "Kept in a folder of notes.")
        ]
        assert not kit.profile.differs()
        assert (kit.profile.bad_files(), dict(kit.profile.tombstones())) == ([], {})
        kit.restart()


def test_a_copied_file_is_named_and_the_original_counts(kit) -> None:
    stored = kit.add("one")
    copy = stored.path.replace(".md", " copy.md")
    kit.write(copy, render(stored.memory.replace(content="changed copy")))
    kit.cycle()
    (bad,) = kit.profile.bad_files()
    assert (bad.path, stored.path in bad.reason) == (copy, True)
    assert kit.profile.memories() == [stored]
    text = (kit.folder / copy).read_text()
    kit.write(copy, text.replace(f"id: {stored.memory.id}\n", ""))
    kit.cycle()
    assert kit.profile.bad_files() == []
    assert len(kit.profile.memories()) == 2


def test_taking_the_id_line_out_gives_the_same_id_back(kit) -> None:
    stored = kit.add("one")
    kit.write(stored.path, render(stored.memory).replace(f"id: {stored.memory.id}\n".encode(), b""))
    kit.cycle()
    assert [s.memory.id for s in kit.profile.memories()] == [stored.memory.id]


def test_over_half_gone_at_once_is_an_alarm(kit) -> None:
    stored = [kit.add(f"word {number}", number) for number in range(20)]
    kit.profile.commit()
    for victim in stored[:12]:
        (kit.folder / victim.path).unlink()
    for profile in (kit.profile, kit.restart()):
        refresh = profile.refresh()
        assert refresh.vanished == profile.vanished == (12, 20)
        assert profile.memories() == sorted(stored, key=lambda s: s.memory.id)
        assert (profile.settle(), profile.commit()) == ([], [])
        with pytest.raises(StoreVanished, match="12 of 20"):
            profile.forget(stored[15].memory.id, None, kit.context)
    assert len(kit.git("status", "--porcelain").splitlines()) == 12
    refresh = kit.profile.accept()
    assert refresh.vanished is None
    assert len(refresh.gone) == 12
    kit.profile.settle()
    kit.profile.commit()
    assert len(kit.profile.tombstones()) == 12
    assert len(kit.profile.memories()) == 8


def test_files_that_come_back_end_the_alarm(kit) -> None:
    stored = [kit.add(f"word {number}", number) for number in range(20)]
    kit.profile.commit()
    for victim in stored:
        (kit.folder / victim.path).unlink()
    assert kit.profile.refresh().vanished == (20, 20)
    kit.git("checkout", "--", ".")
    assert kit.profile.refresh().vanished is None
    assert kit.cycle() == []
    assert len(kit.profile.memories()) == 20


def test_ten_of_ten_gone_is_no_alarm(kit) -> None:
    for number in range(10):
        path = kit.folder / kit.add(f"word {number}", number).path
        path.unlink()
    assert kit.profile.refresh().vanished is None


def test_foreign_files_are_committed_as_the_users_and_large_ones_named(kit) -> None:
    kit.write("README.md", "about")
    kit.write("pictures/a.bin", b"\x00" * 300_000)
    kit.write(".DS_Store", "x")
    kit.cycle()
    assert kit.commits()[-1] == (USER, "Change README.md by hand")
    assert [bad.path for bad in kit.profile.bad_files()] == ["pictures/a.bin"]
    assert kit.profile.memories() == []


def test_a_file_whose_name_is_not_utf8_is_named_and_left_alone(kit) -> None:
    stored = kit.add("one")
    for name in (b"caf\xe9.md", b"caf\xe9.txt"):
        (kit.folder / os.fsdecode(name)).write_text("The caf\u00e9 opens at nine.\n")
    kit.cycle()
    assert kit.profile.memories() == [stored]
    assert [(bad.path, bad.reason) for bad in kit.profile.bad_files()] == [
        ("caf\\xe9.md", "its name is not UTF-8"),
        ("caf\\xe9.txt", "not committed: its name is not UTF-8"),
    ]
    assert "caf" not in kit.git("ls-files")
    (kit.folder / os.fsdecode(b"caf\xe9.md")).rename(kit.folder / "caf\u00e9.md")
    (kit.folder / os.fsdecode(b"caf\xe9.txt")).unlink()
    kit.cycle()
    assert kit.profile.bad_files() == []
    assert {one.memory.content for one in kit.profile.memories()} == {"one", "The caf\u00e9 opens at nine."}


def test_a_quiet_look_reports_nothing(kit) -> None:
    kit.add("one")
    kit.cycle()
    assert kit.profile.refresh() == type(kit.profile.refresh())()


def test_a_copy_is_the_bad_file_whatever_its_name_and_the_first_goes_on_answering(kit) -> None:
    stored = kit.add("The jetty opens at nine.")
    kit.cycle()
    original = (kit.folder / stored.path).read_text()
    kit.write("facts/a.md", original.replace("nine", "ten"))
    kit.cycle()
    assert kit.profile.get(stored.memory.id).memory.content == "The jetty opens at nine."
    assert [bad.path for bad in kit.profile.bad_files()] == ["facts/a.md"]


def test_forgetting_a_memory_of_which_a_copy_lies_beside_it_is_not_undone(kit) -> None:
    stored = kit.add("The jetty opens at nine.")
    kit.cycle()
    kit.write("facts/a.md", (kit.folder / stored.path).read_text())
    kit.cycle()
    kit.profile.forget(stored.memory.id, "closed", kit.context)
    for _ in range(3):
        kit.cycle()
    assert kit.profile.memories() == []
    assert stored.memory.id in kit.profile.tombstones()
    assert [bad.path for bad in kit.profile.bad_files()] == ["facts/a.md"]


@pytest.mark.parametrize("known", [True, False], ids=["our writes are known", "after a new journal"])
@pytest.mark.parametrize("copy", ["facts/a.md", "facts/hand/z-copy.md"], ids=["shorter", "longer"])
def test_which_of_two_copies_counts_is_the_same_after_a_restart(kit, copy, known) -> None:
    original = "facts/hand/n.md"
    kit.write(original, "Use pnpm.\n")
    kit.cycle()
    kit.write(copy, (kit.folder / original).read_text())
    kit.cycle()
    kit.write(original, (kit.folder / original).read_text().replace("Use pnpm.\n", "Use yarn.\n"))
    kit.cycle()
    if not known:
        kit.writes.known.clear()
    for _ in range(3):
        assert [(one.path, one.memory.content) for one in kit.profile.memories()] == [(original, "Use yarn.")]
        assert [bad.path for bad in kit.profile.bad_files()] == [copy]
        assert not kit.profile.differs()
        kit.restart()
        kit.cycle()


def test_a_private_original_counts_before_its_copy_that_is_committed(kit) -> None:
    kit.write("private/facts/n.md", "Use pnpm.\n")
    kit.cycle()
    kit.write("facts/n.md", (kit.folder / "private/facts/n.md").read_text())
    kit.cycle()
    for _ in range(2):
        assert [one.path for one in kit.profile.memories()] == ["private/facts/n.md"]
        kit.restart()
        kit.cycle()


def test_of_many_copies_the_first_that_was_committed_counts(kit) -> None:
    """More than fit on a command line."""
    stored = kit.add("Use pnpm.")
    kit.cycle()
    first = "facts/zz.md"
    (kit.folder / stored.path).rename(kit.folder / first)
    kit.cycle()
    text = (kit.folder / first).read_text()
    for number in range(501):
        kit.write(f"facts/{number}.md", text)
    kit.cycle()
    kit.writes.known.clear()
    kit.restart()
    kit.cycle()
    assert [one.path for one in kit.profile.memories()] == [first]

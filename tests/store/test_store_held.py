"""Files of new memories that wait for each other: nothing is on the disk before, and all of it durably after."""

from pathlib import Path

import pytest
from store_kit import CONTEXT, START, Kit

from sidecar.errors import ChangedOnDisk, FileSystemFailed
from sidecar.model import Add, Revise, Stored, Supersede
from sidecar.store import path_for


class Killed(BaseException):
    """The process ends here."""


def held(kit: Kit, *contents: str) -> list[Stored]:
    kit.profile.hold()
    return [kit.add(content, number) for number, content in enumerate(contents)]


def test_what_waits_is_known_and_lies_on_the_disk_when_it_is_put_down(kit: Kit) -> None:
    told = held(kit, "The boiler is green.", "The boiler room is locked.", "The roof leaks.")
    assert kit.files() == []
    assert [kit.profile.get(one.memory.id) for one in told] == told
    assert kit.profile.put_down() == {}
    assert kit.files() == sorted(one.path for one in told)
    assert not kit.profile.differs()
    assert kit.profile.commit()
    assert kit.git("status", "--porcelain") == ""
    assert kit.git("ls-files", "facts").split() == sorted(one.path for one in told)
    assert {one.path: kit.writes.last_write("local/web", one.path) for one in told} == {
        one.path: one.sha256 for one in told
    }


def test_two_whose_names_are_the_same_get_two_files(kit: Kit) -> None:
    first = kit.memory("The boiler is green.")
    second = kit.memory("The boiler is blue.").replace(summary=first.summary)
    second = second.replace(id=f"{second.id[:-6]}{first.id[-6:]}")
    assert path_for(first) == path_for(second)
    kit.profile.hold()
    told = [*kit.profile.apply([Add(first, "new")], CONTEXT), *kit.profile.apply([Add(second, "new")], CONTEXT)]
    assert kit.profile.put_down() == {}
    assert len({one.path for one in told}) == 2
    assert kit.files() == sorted(one.path for one in told)


def test_whatever_changes_a_file_that_waits_puts_it_down_first(kit: Kit) -> None:
    first, second = held(kit, "The boiler is green.", "The roof leaks.")
    (revised,) = kit.profile.apply([Revise(first, {"tags": ("heating",)}, "test")], CONTEXT)
    assert "heating" in (kit.folder / revised.path).read_text()
    assert (kit.folder / second.path).exists()
    later = kit.add("The cellar is dry.", 5)
    assert not (kit.folder / later.path).exists()
    assert kit.profile.put_down() == {}
    assert kit.files() == sorted(one.path for one in (revised, second, later))


def test_a_look_at_the_disk_does_not_take_what_waits_for_removed(kit: Kit) -> None:
    (only,) = held(kit, "The boiler is green.")
    kit.profile.refresh()
    assert kit.profile.get(only.memory.id) == only
    assert kit.profile.tombstones() == {}
    assert kit.files() == [only.path]
    kit.profile.put_down()


def test_a_file_that_a_person_was_quicker_to_make_stays_theirs_and_stops_no_other(kit: Kit) -> None:
    taken, other = held(kit, "The boiler is green.", "The roof leaks.")
    theirs = kit.write(taken.path, "Mine.\n")
    failed = kit.profile.put_down()
    assert {path: type(error) for path, error in failed.items()} == {taken.path: ChangedOnDisk}
    assert theirs.read_text() == "Mine.\n"
    assert kit.profile.get(taken.memory.id) is None
    assert other.path in kit.files()
    kit.cycle()
    assert {one.memory.content.strip() for one in kit.profile.memories()} == {"The roof leaks.", "Mine."}
    assert kit.profile.tombstones() == {}
    assert kit.add("The boiler is green.").memory.id == taken.memory.id  # told again, it is kept


def test_where_no_folder_can_be_made_nothing_is_known_and_no_draft_is_left(kit: Kit) -> None:
    kit.write("facts/boiler", "in the way")
    kit.profile.hold()
    barred = kit.add("The boiler is green.", key="boiler/colour")
    free = kit.add("The roof leaks.", 1, key="roof/state")
    failed = kit.profile.put_down()
    assert {path: type(error) for path, error in failed.items()} == {barred.path: FileSystemFailed}
    assert [one.memory.id for one in kit.profile.memories()] == [free.memory.id]
    assert not list(kit.folder.rglob("*.tmp"))


@pytest.mark.parametrize("last", ["write 3 new files", "noted the new files", "written the new files"])
def test_an_end_at_any_step_leaves_whole_files_that_the_next_start_takes_in(kit: Kit, last: str) -> None:
    def step(name: str) -> None:
        if name == last:
            raise Killed

    told = held(kit, "The boiler is green.", "The roof leaks.", "The cellar is dry.")
    kit.step = step
    with pytest.raises(Killed):
        kit.profile.put_down()
    kit.step = lambda _name: None
    kit.restart()
    written = last == "written the new files"
    assert kit.files() == (sorted(one.path for one in told) if written else [])
    kit.cycle()
    assert {one.memory.id for one in kit.profile.memories()} == ({one.memory.id for one in told} if written else set())
    assert kit.git("status", "--porcelain") == ""
    assert {author for author, _ in kit.commits()} == {"sidecar"}


def test_what_is_held_in_one_folder_is_given_back_to_it_alone(kit: Kit, tmp_path: Path) -> None:
    (only,) = held(kit, "The boiler is green.")
    (tmp_path / "elsewhere").mkdir()
    (kit.folder / "facts").symlink_to(tmp_path / "elsewhere")
    failed = kit.profile.put_down()
    assert {path: type(error) for path, error in failed.items()} == {only.path: FileSystemFailed}
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_nothing_retires_for_a_version_that_cannot_be_written(kit: Kit) -> None:
    """A person takes the new one's name at the last moment: the old one stands, and the change is told as failed."""
    old = kit.add("The boiler is green.", key="boiler/colour")
    new = kit.memory("The boiler is blue.", 1, key="boiler/colour", supersedes=old.memory.id)

    def step(name: str) -> None:
        if name.startswith("write ") and not (kit.folder / path_for(new)).exists():
            kit.write(path_for(new), "Mine.\n")

    kit.profile.hold()
    kit.step = step
    with pytest.raises(ChangedOnDisk):
        kit.profile.apply([Add(new, "new"), Supersede(old, new.id, START, "newer")], CONTEXT)
    kit.step = lambda _name: None
    assert kit.profile.put_down() == {}
    assert kit.profile.get(old.memory.id) == old
    assert kit.profile.get(new.id) is None
    kit.cycle()
    assert kit.profile.get(old.memory.id) == old


def test_what_is_told_again_after_a_failure_is_not_taken_for_what_failed(kit: Kit) -> None:
    first, other = held(kit, "The boiler is green.", "The roof leaks.")
    kit.write(first.path, "Mine.\n")
    kit.profile.refresh()  # puts down what waits
    (kit.folder / first.path).unlink()
    again = kit.add("The boiler is green.")
    failed = kit.profile.put_down()
    assert set(failed) == {first.path}
    assert again.path not in failed
    assert kit.files() == sorted((again.path, other.path))


def test_git_is_told_of_what_was_written_alone(kit: Kit) -> None:
    taken, other = held(kit, "The boiler is green.", "The roof leaks.")
    kit.write(taken.path, "Mine.\n")
    kit.profile.put_down()
    kit.cycle()
    message = next(entry for entry in kit.profile.log() if other.memory.id in entry.memories)
    assert taken.memory.id not in message.memories
    assert "boiler" not in message.subject + message.body

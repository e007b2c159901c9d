"""Durable, guarded changes of single files."""

import errno
import os
import signal
import stat
import time

import pytest

from sidecar.errors import ChangedOnDisk, FileSystemFailed
from sidecar.files import (
    ABSENT,
    create_durably,
    ensure_folder,
    inside,
    is_temporary,
    move_durably,
    present_sha256,
    read_file,
    remove_durably,
    remove_empty_folders,
    replace_durably,
    sha256_of,
    write_durably,
)


def names(folder) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_write_makes_private_files_and_folders_and_leaves_nothing_else(tmp_path) -> None:
    path = tmp_path / "a" / "b" / "x.md"
    assert write_durably(path, b"one", expected_sha256=ABSENT) is True
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)] == [0o700, 0o700]
    assert names(path.parent) == ["x.md"]


def test_identical_bytes_are_not_written_again(tmp_path) -> None:
    path = tmp_path / "x"
    write_durably(path, b"one")
    before = path.stat()
    assert write_durably(path, b"one", expected_sha256=ABSENT) is False
    assert path.stat().st_ino == before.st_ino


@pytest.mark.parametrize("expected", [ABSENT, sha256_of(b"other"), ""])
def test_a_write_over_something_unexpected_is_refused(tmp_path, expected) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"mine")
    with pytest.raises(ChangedOnDisk, match="x has changed"):
        write_durably(path, b"ours", expected_sha256=expected)
    assert (path.read_bytes(), names(tmp_path)) == (b"mine", ["x"])


def test_a_write_over_what_was_expected_succeeds(tmp_path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"mine")
    assert write_durably(path, b"ours", expected_sha256=sha256_of(b"mine")) is True
    assert write_durably(path, b"again") is True
    with pytest.raises(ChangedOnDisk):
        write_durably(tmp_path / "gone", b"ours", expected_sha256=sha256_of(b"mine"))


def test_a_symlink_is_never_what_was_expected(tmp_path) -> None:
    (tmp_path / "target").write_bytes(b"mine")
    (tmp_path / "x").symlink_to(tmp_path / "target")
    with pytest.raises(ChangedOnDisk):
        write_durably(tmp_path / "x", b"ours", expected_sha256=sha256_of(b"mine"))
    with pytest.raises(FileSystemFailed):
        read_file(tmp_path / "x", 100)
    assert (tmp_path / "target").read_bytes() == b"mine"


def test_moves_are_guarded_and_never_run_over_a_file(tmp_path) -> None:
    (tmp_path / "x").write_bytes(b"one")
    with pytest.raises(ChangedOnDisk):
        move_durably(tmp_path / "x", tmp_path / "a" / "y", expected_sha256=sha256_of(b"two"))
    move_durably(tmp_path / "x", tmp_path / "a" / "y", expected_sha256=sha256_of(b"one"))
    (tmp_path / "x").write_bytes(b"three")
    with pytest.raises(ChangedOnDisk):
        move_durably(tmp_path / "x", tmp_path / "a" / "y")
    assert (tmp_path / "a" / "y").read_bytes() == b"one"


def test_removal_is_guarded_and_repeatable(tmp_path) -> None:
    (tmp_path / "x").write_bytes(b"one")
    with pytest.raises(ChangedOnDisk):
        remove_durably(tmp_path / "x", expected_sha256=sha256_of(b"two"))
    assert remove_durably(tmp_path / "x", expected_sha256=sha256_of(b"one")) is True
    assert remove_durably(tmp_path / "x", expected_sha256=sha256_of(b"one")) is False
    assert remove_durably(tmp_path / "x") is False


def test_reading_is_bounded_and_takes_only_regular_files(tmp_path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_file(tmp_path / "x", 5) == b"12345"
    assert read_file(tmp_path / "no", 5) is None
    assert read_file(tmp_path / "x" / "y", 5) is None
    with pytest.raises(FileSystemFailed, match="larger than 4"):
        read_file(tmp_path / "x", 4)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileSystemFailed, match="regular"):
        read_file(tmp_path / "pipe", 5)
    assert present_sha256(tmp_path / "no") is ABSENT
    assert present_sha256(tmp_path / "pipe") == "not a regular file"
    assert present_sha256(tmp_path / "x") == sha256_of(b"12345")


@pytest.mark.parametrize("relative", ["", "/etc/passwd", "../x", "a/../../x", "a\0b", "link/x"])
def test_paths_that_lead_out_are_refused(tmp_path, relative) -> None:
    (tmp_path / "link").symlink_to("/tmp")
    with pytest.raises(FileSystemFailed):
        inside(tmp_path, relative)


def test_paths_inside_are_joined(tmp_path) -> None:
    assert inside(tmp_path, "a/日本.md") == tmp_path / "a" / "日本.md"


def test_failures_of_the_disk_name_path_and_cause(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileSystemFailed, match=r"file.*cannot be created"):
        ensure_folder(tmp_path / "file" / "below")
    with pytest.raises(FileSystemFailed, match="cannot be moved"):
        move_durably(tmp_path / "no", tmp_path / "other")


def test_empty_folders_are_tidied_up_to_the_root_only(tmp_path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "x").write_bytes(b"")
    remove_empty_folders(tmp_path / "a" / "b", tmp_path)
    remove_empty_folders(tmp_path / "c", tmp_path)
    remove_empty_folders(tmp_path, tmp_path)
    assert names(tmp_path) == ["c"]


def test_leftovers_are_told_by_their_name() -> None:
    assert is_temporary(".sidecar-0f.tmp")
    assert not is_temporary("sidecar-0f.tmp")
    assert not is_temporary(".other.tmp")


def test_several_files_are_replaced_together_and_what_has_changed_meanwhile_is_left_alone(tmp_path) -> None:
    folder = tmp_path / "facts"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text(f"old {name}")
    wanted = {name: (f"new {name}".encode(), sha256_of(f"old {name}".encode())) for name in "abcd"}
    (folder / "b").write_text("by hand")
    assert replace_durably(folder, wanted, root=tmp_path) == ["a", "c"]
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a": "new a", "b": "by hand", "c": "new c"}


def test_nothing_is_replaced_in_a_folder_that_is_gone_or_behind_a_link(tmp_path) -> None:
    wanted = {"a": (b"new", sha256_of(b"old"))}
    assert replace_durably(tmp_path / "gone", wanted, root=tmp_path) == []
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a").write_bytes(b"old")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(elsewhere)
    with pytest.raises(FileSystemFailed):
        replace_durably(tmp_path / "root" / "link", wanted, root=tmp_path / "root")
    assert (elsewhere / "a").read_bytes() == b"old"


class _ClosedMeanwhile(dict[str, bytes]):
    """Files of which the folder can no longer be written in once the second one's bytes are asked for."""

    def __init__(self, folder, files) -> None:
        super().__init__(files)
        self._folder = folder

    def __getitem__(self, path: str) -> bytes:
        if path == "folder/b":
            self._folder.chmod(0o500)
        return super().__getitem__(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_takes_and_lets_go_of_nothing_fails_each_file_by_itself(tmp_path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    files = _ClosedMeanwhile(folder, {"folder/a": b"1", "folder/b": b"2", "other/c": b"3"})
    try:
        failed = create_durably(tmp_path, files)
    finally:
        folder.chmod(0o700)
    assert {path: type(error) for path, error in failed.items()} == dict.fromkeys(
        ("folder/a", "folder/b"), FileSystemFailed
    )
    assert (tmp_path / "other" / "c").read_bytes() == b"3"
    assert all(map(is_temporary, names(folder)))


def test_new_files_run_over_nothing_and_say_which_name_was_taken(tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(b"theirs")
    failed = create_durably(tmp_path, {"folder/a": b"1", "folder/b": b"2"})
    assert {path: str(error) for path, error in failed.items()} == {
        "folder/a": str(ChangedOnDisk(path="folder/a")),
    }
    assert (tmp_path / "folder" / "a").read_bytes() == b"theirs"
    assert names(tmp_path / "folder") in (["a", "b"], ["b", "a"])


def test_a_child_process_writes_several_files_too_after_its_parent_has(tmp_path) -> None:
    """The threads that sync are the parent's: a child that counted on them would wait for ever."""
    assert create_durably(tmp_path, {"a": b"1", "b": b"2"}) == {}
    child = os.fork()
    if not child:
        os._exit(len(create_durably(tmp_path, {"c": b"3", "d": b"4"})))
    deadline = time.monotonic() + 60
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if ended == (0, 0):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert ended == (child, 0)
    assert sorted(names(tmp_path)) == ["a", "b", "c", "d"]


def test_without_hard_links_new_files_run_over_nothing_either(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on FAT: the system refuses each link, and a rename would take the place of what a hand has just put there."""

    def refuse(*_places, **_folders) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_bytes(b"theirs")
    assert {path: type(error) for path, error in create_durably(tmp_path, {"a": b"1", "b": b"2"}).items()} == {
        "a": ChangedOnDisk
    }
    assert (tmp_path / "a").read_bytes() == b"theirs"
    assert (tmp_path / "b").read_bytes() == b"2"
    assert sorted(names(tmp_path)) == ["a", "b"]

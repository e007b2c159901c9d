"""Trees read within bounds, commits made of parts, and addresses as they may be told."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sidecar.errors import BadRemote, GitFailed
from sidecar.git import Git, Identity, Trees, remote_address, shown_address

NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
ME = Identity("Ines", "ines@example.org")


@pytest.fixture
def git(tmp_path: Path) -> Git:
    git = Git(tmp_path, "laptop")
    git.init()
    return git


def compose(trees: Trees, files: dict[str, bytes | str | None], *parents: str) -> str:
    return trees.compose(
        "refs/sidecar/x", files, "why\n", parents=parents, author=ME, committer=ME, when=NOW
    )  # fmt: skip


def test_commits_of_parts(git: Git) -> None:
    trees = Trees(git.folder)
    first = compose(trees, {"a": b"1\n", "b/c.md": b"2\n", "日本": b"3\n"})
    (entry,) = [entry for entry in trees.entries(first, 10) or () if entry.path == b"a"]
    second = compose(trees, {"a": None, "a/b": entry.name, "b": b"now a file\n"}, first)
    other = compose(trees, {"z": b"z\n"}, first)
    both = compose(trees, {"z": b"z\n"}, second, other)
    found = trees.entries(both, 10) or []
    assert [(e.path.decode(), e.mode, e.size) for e in found] == [
        ("a/b", "100644", 2), ("b", "100644", 11), ("z", "100644", 2), ("日本", "100644", 2),
    ]  # fmt: skip
    assert trees.blobs([entry.name, entry.name]) == {entry.name: b"1\n"}
    assert trees.bases(second, other) == [first]
    assert trees.contains(both, first)
    assert trees.contains(both, both)
    assert not trees.contains(first, both)
    assert (trees.count(both, None), trees.count(both, second), trees.count(both, both)) == (4, 2, 0)
    assert compose(trees, {"x": b""}) != both
    assert trees.bases(compose(trees, {"y": b"y"}), both) == []


def test_too_much_is_told_apart_from_nothing(git: Git) -> None:
    trees = Trees(git.folder)
    commit = compose(trees, {f"{n}.md": b"x" for n in range(50)})
    assert len(trees.entries(commit, 50) or ()) == 50
    assert trees.entries(commit, 49) is None
    assert trees.entries(compose(trees, {f"{'x' * 250}{n}": b"" for n in range(50)}), 50) is None  # by its bytes
    with pytest.raises(GitFailed):
        trees.entries("1" * 40, 10)


def test_refs(git: Git) -> None:
    trees = Trees(git.folder)
    one, two = compose(trees, {"a": b"1"}), compose(trees, {"a": b"2"})
    trees.set_ref("refs/sidecar/y", one)
    with pytest.raises(GitFailed):
        trees.set_ref("refs/sidecar/y", two, expected=two)
    trees.set_ref("refs/sidecar/y", two, expected=one)
    assert trees.refs("refs/sidecar/y") == {"refs/sidecar/y": two}
    assert trees.resolve("refs/sidecar/y") == two
    trees.set_ref("refs/sidecar/y", None)
    assert trees.resolve("refs/sidecar/y") is None
    assert trees.resolve("--all") is None
    with pytest.raises(ValueError, match="--all"):
        trees.bases("--all", one)


def test_the_branch_moves_only_from_where_it_is_expected(git: Git) -> None:
    trees = Trees(git.folder)
    one, two = compose(trees, {"a": b"1"}), compose(trees, {"a": b"2"})
    git.move_branch(one, None)
    with pytest.raises(GitFailed):
        git.move_branch(two, None)
    with pytest.raises(GitFailed):
        git.move_branch(two, two)
    git.move_branch(two, one)
    assert git.head() == two
    git.tag("mine", one)
    git.tag("mine", one)
    with pytest.raises(GitFailed):
        git.tag("mine", two)


def test_settings_are_the_repositorys_own(git: Git) -> None:
    assert git.setting("sidecar.remote") is None
    git.set_setting("sidecar.remote", "a b\n#c")
    git.set_setting("sidecar.remote", "-x 日本")
    assert git.setting("sidecar.remote") == "-x 日本"


@pytest.mark.parametrize(
    "address",
    ["git@example.org:team/web.git", "example.org:web.git", "ssh://git@example.org:2222/web.git", "/srv/web.git",
     "https://example.org/web.git", "file:///srv/web.git", "/srv/with space:and-colon.git"],
)  # fmt: skip
def test_addresses_that_are_spoken(address: str) -> None:
    assert remote_address(f" {address}\n") == address


def test_a_password_is_never_shown() -> None:
    address = remote_address("https://ines:token@example.org/web.git")
    assert shown_address(address) == "https://example.org/web.git"
    assert shown_address("git@example.org:web.git") == "git@example.org:web.git"
    with pytest.raises(BadRemote) as raised:
        remote_address("http://ines:token@example.org/web.git")
    assert "token" not in str(raised.value)


def test_a_lock_that_a_killed_git_left_on_a_ref_of_ours_keeps_nobody_from_syncing(git: Git) -> None:
    trees = Trees(git.folder)
    made = compose(trees, {"a.md": b"a\n"})
    lock = git.folder / ".git" / "refs" / "sidecar" / "remote.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_bytes(b"")
    with pytest.raises(GitFailed, match=r"remote\.lock"):
        trees.set_ref("refs/sidecar/remote", made)
    assert lock.exists()  # it is fresh: somebody may be at work
    os.utime(lock, (time.time() - 61,) * 2)
    trees.set_ref("refs/sidecar/remote", made)
    assert (trees.resolve("refs/sidecar/remote"), lock.exists()) == (made, False)


def test_what_a_git_left_that_was_killed_while_it_packed_the_refs_keeps_nobody_from_packing_them(git: Git) -> None:
    trees = Trees(git.folder)
    trees.set_ref("refs/sidecar/remote", compose(trees, {"a.md": b"a\n"}))
    left = [git.folder / ".git" / name for name in ("packed-refs.lock", "packed-refs.new")]
    for path in left:
        path.write_bytes(b"")
        os.utime(path, (time.time() - 61,) * 2)
    git.run("pack-refs", "--all")
    assert b"refs/sidecar/remote" in (git.folder / ".git" / "packed-refs").read_bytes()
    assert not any(path.exists() for path in left)

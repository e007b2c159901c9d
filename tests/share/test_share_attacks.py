"""What a remote can try: each is refused before anything reaches the disk, and nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from share_kit import REF, Machine, git

from sidecar.errors import BadRemote, RemoteRefused, RemoteRewritten, RemoteTooLarge, RemoteUnreachable
from sidecar.git import Limits
from sidecar.model import ProfileRef


def tree(folder: Path, *lines: str) -> str:
    """A tree object of these entries, without git's own checks of names."""
    return git(folder, "mktree", "--missing", given="".join(f"{line}\n" for line in lines).encode())


def raw_tree(folder: Path, *entries: tuple[str, bytes, str]) -> str:
    """A tree object of names that `mktree` would refuse."""
    data = b"".join(mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    return git(folder, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=data)


def blob(folder: Path, data: bytes) -> str:
    return git(folder, "hash-object", "-w", "--stdin", given=data)


def advance(remote: Path, tree_name: str) -> None:
    """A new commit in the remote, whatever is in it."""
    made = git(remote, "-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", tree_name, "-p", "main", "-m", "x")
    git(remote, "update-ref", "refs/heads/main", made)


def top(remote: Path) -> list[str]:
    return git(remote, "ls-tree", "main").splitlines()


def symlink(remote: Path) -> str:
    return tree(remote, *top(remote), f"120000 blob {blob(remote, b'/home/ines/.ssh/id_rsa')}\tkey.md")


def symlinked_folder(remote: Path) -> str:
    return tree(remote, *top(remote), f"120000 blob {blob(remote, b'/home/ines/.ssh')}\tnotes")


def submodule(remote: Path) -> str:
    return tree(remote, *top(remote), f"160000 commit {'1' * 40}\tsub")


def upwards(remote: Path) -> str:
    inner = raw_tree(remote, ("100644", b"authorized_keys", blob(remote, b"x")))
    return raw_tree(remote, ("40000", b"..", inner), ("100644", b"profile.yaml", profile_of(remote)))


def slashed(remote: Path) -> str:
    return raw_tree(
        remote, ("100644", b"../../x.md", blob(remote, b"x")), ("100644", b"profile.yaml", profile_of(remote))
    )


def profile_of(remote: Path) -> str:
    return git(remote, "rev-parse", "main:profile.yaml")


def attributes(remote: Path) -> str:
    return tree(remote, *top(remote), f"100644 blob {blob(remote, b'* filter=evil')}\t.gitattributes")


def hooks(remote: Path) -> str:
    inner = raw_tree(remote, ("100755", b"post-checkout", blob(remote, b"#!/bin/sh\ntouch /tmp/owned\n")))
    git_folder = raw_tree(remote, ("40000", b"hooks", inner))
    return raw_tree(remote, ("40000", b".GIT", git_folder), ("100644", b"profile.yaml", profile_of(remote)))


def agent_settings(remote: Path) -> str:
    inner = tree(remote, f"100644 blob {blob(remote, b'{}')}\tsettings.json")
    return tree(remote, *top(remote), f"040000 tree {inner}\t.claude")


def private(remote: Path) -> str:
    inner = tree(remote, f"100644 blob {blob(remote, b'mine')}\tx.md")
    return tree(remote, *top(remote), f"040000 tree {inner}\tPrivate")


def executable(remote: Path) -> str:
    return tree(remote, *top(remote), f"100755 blob {blob(remote, b'x')}\tx.md")


def cases(remote: Path) -> str:
    one = blob(remote, b"x")
    return tree(remote, *top(remote), f"100644 blob {one}\tREAD.md", f"100644 blob {one}\tread.md")


def unicode_forms(remote: Path) -> str:
    one = blob(remote, b"x")
    return tree(remote, *top(remote), f"100644 blob {one}\tcaf\u00e9.md", f"100644 blob {one}\tcafe\u0301.md")


def file_and_folder(remote: Path) -> str:
    inner = tree(remote, f"100644 blob {blob(remote, b'x')}\tx.md")
    return tree(remote, *top(remote), f"100644 blob {blob(remote, b'x')}\tA", f"040000 tree {inner}\ta")


def large(remote: Path) -> str:
    return tree(remote, *top(remote), f"100644 blob {blob(remote, b'x' * (256 * 1024 + 1))}\tx.md")


def control(remote: Path) -> str:
    return raw_tree(
        remote, ("100644", b"a\x1b[2Jb.md", blob(remote, b"x")), ("100644", b"profile.yaml", profile_of(remote))
    )


def not_utf8(remote: Path) -> str:
    return raw_tree(
        remote, ("100644", b"a\xff.md", blob(remote, b"x")), ("100644", b"profile.yaml", profile_of(remote))
    )


def long_name(remote: Path) -> str:
    return tree(remote, *top(remote), f"100644 blob {blob(remote, b'x')}\t{'x' * 300}.md")


def many(remote: Path) -> str:
    one = blob(remote, b"x")
    return tree(remote, *top(remote), *(f"100644 blob {one}\tf{number:05}.md" for number in range(1_200)))


def tree_bomb(remote: Path) -> str:
    """Ten to the tenth files of a handful of objects."""
    inner = tree(remote, *(f"100644 blob {blob(remote, b'x')}\tf{n}.md" for n in range(10)))
    for _ in range(9):
        inner = tree(remote, *(f"040000 tree {inner}\td{n}" for n in range(10)))
    return tree(remote, *top(remote), f"040000 tree {inner}\tbomb")


def no_profile(remote: Path) -> str:
    return tree(remote, f"100644 blob {blob(remote, b'x')}\tx.md")


def broken_purges(remote: Path) -> str:
    return tree(remote, *top(remote), f"100644 blob {blob(remote, b'format: [1')}\tpurges.yaml")


def newer_format(remote: Path) -> str:
    return tree(remote, f"100644 blob {blob(remote, b'format: 99')}\tprofile.yaml")


ATTACKS: list[tuple[Callable[[Path], str], str]] = [
    (symlink, "symlink"),
    (symlinked_folder, "symlink"),
    (submodule, "submodule"),
    (upwards, "remote"),
    (slashed, "remote"),
    (attributes, "hidden"),
    (hooks, "remote"),
    (agent_settings, "hidden"),
    (private, "one machine alone"),
    (executable, "executable"),
    (cases, "cannot tell"),
    (unicode_forms, "cannot tell"),
    (file_and_folder, "cannot tell"),
    (large, "larger"),
    (control, "invisible"),
    (not_utf8, "UTF-8"),
    (long_name, "too long"),
    (many, "more than 1000 files"),
    (tree_bomb, "more than 1000 files"),
    (no_profile, "no profile"),
    (newer_format, "newer"),
    (broken_purges, "purges.yaml"),
]


@pytest.mark.parametrize(("attack", "why"), ATTACKS, ids=[attack.__name__ for attack, _ in ATTACKS])
def test_a_tree_that_must_not_reach_a_disk(
    pair: tuple[Machine, Machine], remote: Path, tmp_path: Path, attack: Callable[[Path], str], why: str
) -> None:
    ada, _ = pair
    ada.learn("Mine.")
    ada.commit()
    before, head = ada.tree(), ada.git("rev-parse", "HEAD")
    advance(remote, attack(remote))
    evil = git(remote, "rev-parse", "main")
    with pytest.raises(RemoteRefused, match=why):
        ada.sync()
    assert (ada.tree(), ada.git("rev-parse", "HEAD")) == (before, head)
    assert not (ada.folder / ".git" / "sidecar-incoming").exists()
    assert git(remote, "rev-parse", "main") == evil  # nothing of ours went there
    known = git(ada.folder, "cat-file", "--batch-check", given=f"{evil}\n".encode())
    assert known == f"{evil} missing"  # and nothing of it came into our repository
    cleo = Machine(tmp_path / "cleo", "cleo")
    with pytest.raises(RemoteRefused, match=why):
        cleo.sharing.join("local", str(remote))
    assert list((tmp_path / "cleo" / "local").iterdir()) == []


def test_a_file_of_a_gigabyte_is_not_received(pair: tuple[Machine, Machine], remote: Path) -> None:
    """The limit is a small one here; that it holds for the fetch itself is what is tested."""
    ada, _ = pair
    noise = blob(remote, os.urandom(6 << 20))
    advance(remote, tree(remote, *top(remote), f"100644 blob {noise}\tx.bin"))
    ada.limits = Limits(file_bytes=1 << 20)
    ada.restart()
    with pytest.raises(RemoteTooLarge, match="1 MiB"):
        ada.sync()
    size = sum(path.stat().st_size for path in (ada.folder / ".git").rglob("*") if path.is_file())
    assert size < 1 << 20


@pytest.mark.slow
def test_a_gigabyte_that_packs_small_is_refused_and_takes_no_memory(
    pair: tuple[Machine, Machine], remote: Path, tmp_path: Path
) -> None:
    ada, _ = pair
    with (tmp_path / "zeros").open("wb") as file:
        file.truncate(1 << 30)
    name = git(remote, "hash-object", "-w", "--no-filters", str(tmp_path / "zeros"))
    advance(remote, tree(remote, *top(remote), f"100644 blob {name}\tx.bin"))
    ada.limits = Limits(memory_bytes=512 << 20)
    ada.restart()
    with pytest.raises(RemoteRefused):
        ada.sync()


@pytest.mark.slow
def test_a_million_tiny_files_are_refused(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, _ = pair
    one = blob(remote, b"x")
    folder = tree(remote, *(f"100644 blob {one}\tf{n}.md" for n in range(1_000)))
    lines = [f"040000 tree {folder}\td{number}" for number in range(1_000)]
    advance(remote, tree(remote, *top(remote), *lines))
    ada.most_files = 250_000
    ada.restart()
    with pytest.raises(RemoteRefused, match="250000"):
        ada.sync()


def test_a_commit_of_a_time_that_no_calendar_has_hides_no_history(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, _ = pair
    text = "tree {}\nparent {}\nauthor x <x@x> {} +0000\ncommitter x <x@x> {} +0000\n\nfar away\n".format(
        *(git(remote, "rev-parse", name) for name in ("main^{tree}", "main")), 10**12, 10**12
    )
    made = git(remote, "hash-object", "-t", "commit", "-w", "--stdin", given=text.encode())
    git(remote, "update-ref", "refs/heads/main", made)
    ada.sync()
    assert [(one.subject, one.time.year) for one in ada.profile.log(limit=1)] == [("far away", 9999)]
    (stored,) = ada.memories()
    assert ada.profile.pushed_by(stored.memory.id) is not None


def test_a_yaml_bomb_is_a_bad_file_and_nothing_else(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, _ = pair
    levels = "\n".join(f"{chr(97 + n)}: &{chr(97 + n)} [{', '.join([f'*{chr(96 + n)}'] * 9)}]" for n in range(1, 20))
    bomb = f"---\na: &a [x, x]\n{levels}\n---\nbody\n".encode()
    deep = b"---\nx: " + b"[" * 50_000 + b"]" * 50_000 + b"\n---\nbody\n"
    lines = [f"100644 blob {blob(remote, data)}\t{name}.md" for name, data in (("bomb", bomb), ("deep", deep))]
    advance(remote, tree(remote, *top(remote), *lines))
    ada.sync()
    assert "deep.md" in {bad.path for bad in ada.profile.bad_files()}
    assert "The port is 8080." in ada.contents()


def test_a_profile_file_that_is_a_bomb_is_refused(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, _ = pair
    deep = blob(remote, b"format: 1\nx: " + b"[" * 50_000)
    advance(remote, tree(remote, f"100644 blob {deep}\tprofile.yaml"))
    with pytest.raises(RemoteRefused, match=r"profile\.yaml"):
        ada.sync()


def test_an_id_of_another_profile_changes_nothing_there(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, bo = pair
    other = ProfileRef("local", "other")
    mine = bo.store.open(other, create=True)
    theirs = ada.learn("Evil twin.")
    text = (ada.folder / theirs.path).read_bytes().replace(b"Evil twin.", b"What I know myself.")
    (mine.folder / theirs.path).parent.mkdir(parents=True)
    (mine.folder / theirs.path).write_bytes(text)
    bo.follow.catch_up([other])
    ada.sync()
    bo.sync()
    bo.follow.catch_up()
    found = bo.store.open(other).get(theirs.memory.id)
    assert found is not None
    assert found.memory.content == "What I know myself."
    assert (mine.folder / theirs.path).read_bytes() == text
    twin = bo.profile.get(theirs.memory.id)
    assert twin is not None
    assert twin.memory.content == "Evil twin."


def test_a_rewritten_history_is_not_followed(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, bo = pair
    ada.learn("More.")
    ada.sync()
    bo.sync()
    former = git(remote, "rev-parse", "main")
    made = git(remote, "-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", "main^{tree}", "-m", "rewritten")
    git(remote, "update-ref", "refs/heads/main", made)
    bo.learn("Not lost.")
    before = bo.tree()
    for _ in range(2):
        with pytest.raises(RemoteRewritten):
            bo.sync()
    assert bo.tree() == before
    assert git(remote, "rev-parse", "main") == made
    assert bo.git("for-each-ref", "--format=%(objectname)", "refs/sidecar/rescue") == bo.git("rev-parse", "HEAD")
    # Put back, it goes on; and whoever asks for the new history gets both.
    git(remote, "update-ref", "refs/heads/main", former)
    bo.sync()
    git(remote, "update-ref", "refs/heads/main", made)
    with pytest.raises(RemoteRewritten):
        ada.sync()
    ada.sharing.join("local", str(remote), name="web")
    ada.sync()
    assert git(remote, "merge-base", made, "main") == made


def test_a_remote_that_was_emptied_is_not_filled_again(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, _ = pair
    git(remote, "update-ref", "-d", "refs/heads/main")
    before = ada.tree()
    with pytest.raises(RemoteRewritten):
        ada.sync()
    assert ada.tree() == before
    assert git(remote, "for-each-ref") == ""


def test_a_remote_that_was_emptied_is_filled_by_a_person_who_shares_again(
    pair: tuple[Machine, Machine], remote: Path
) -> None:
    ada, bo = pair
    ada.learn("Before it was emptied.")
    ada.sync()
    git(remote, "update-ref", "-d", "refs/heads/main")
    ada.sharing.share(REF, str(remote))
    bo.sync()
    assert bo.tree() == ada.tree()
    assert git(remote, "rev-parse", "main") == ada.git("rev-parse", "HEAD")


def test_a_forced_push_of_nothing_is_not_followed(pair: tuple[Machine, Machine], remote: Path) -> None:
    ada, bo = pair
    profile = next(line for line in top(remote) if line.endswith("profile.yaml"))
    for content in ((), (profile,)):
        evil = tree(remote, *content)
        made = git(remote, "-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", evil, "-m", "nothing")
        git(remote, "update-ref", "refs/heads/main", made)
        for machine in (ada, bo):
            before = machine.tree()
            with pytest.raises((RemoteRefused, RemoteRewritten)):
                machine.sync()
            assert machine.tree() == before
        assert git(remote, "rev-parse", "main") == made


def test_a_branch_named_like_an_option_is_only_a_name(
    pair: tuple[Machine, Machine], remote: Path, tmp_path: Path
) -> None:
    ada, bo = pair
    evil = f"--upload-pack=touch {tmp_path}/owned"
    packed = remote / "packed-refs"
    tip = git(remote, "rev-parse", "main")
    packed.write_text(f"# pack-refs with: peeled fully-peeled sorted \n{tip} refs/heads/--upload-pack=x\n")
    (remote / "HEAD").write_text("ref: refs/heads/--upload-pack=x\n")
    ada.learn("More.")
    ada.sync()
    bo.sync()
    assert bo.tree() == ada.tree()
    with pytest.raises(BadRemote):
        bo.sharing.join("local", evil)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "address",
    ["ext::sh -c touch% /tmp/owned", "-oProxyCommand=x", "ssh://-oProxyCommand=x/y", "git://example.org/x", "x", "",
     "a\nb", "http://example.org/x.git", "git@-oProxyCommand=x:y", "fd::17"],
)  # fmt: skip
def test_an_address_that_is_none(ada: Machine, address: str) -> None:
    with pytest.raises(BadRemote):
        ada.sharing.share(REF, address)


def test_the_users_own_settings_cannot_open_what_is_closed(ada: Machine, home: Path, tmp_path: Path) -> None:
    with (home / ".gitconfig").open("a") as file:
        file.write(
            f'[protocol "ext"]\n\tallow = always\n[url "ext::sh -c touch% {tmp_path}/owned #"]\n\tinsteadOf = /evil/\n'
        )
    with pytest.raises(RemoteUnreachable, match="not allowed"):
        ada.sharing.share(REF, "/evil/x.git")
    assert not (tmp_path / "owned").exists()


def test_hooks_of_the_user_do_not_run(pair: tuple[Machine, Machine], home: Path, tmp_path: Path) -> None:
    ada, bo = pair
    ada.learn("x")
    ada.sync()
    hooks = home / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction", "post-merge", "post-checkout", "pre-commit", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        (hooks / name).chmod(0o755)
    with (home / ".gitconfig").open("a") as file:
        file.write(f"[core]\n\thooksPath = {hooks}\n")
    bo.sync()
    assert "x" in bo.contents()
    assert not (tmp_path / "ran").exists()

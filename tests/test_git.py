"""The one runner of git, over real repositories."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from sidecar.errors import GitFailed, GitMissing
from sidecar.git import Git, Identity, login, root_commit

NOW = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
ME = Identity("Ines <x>\n", "ines@example.org")


def run(folder, *arguments: str, date: str = "2026-01-01T00:00:00Z") -> str:
    environment = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def git(tmp_path) -> Git:
    folder = tmp_path / "work"
    folder.mkdir()
    git = Git(folder, "laptop")
    git.init()
    return git


def commit(git: Git, message: str = "why", author: Identity = ME, **files: bytes | None) -> str | None:
    for path, data in files.items():
        if data is not None:
            (git.folder / path).write_bytes(data)
    return git.commit(files, message, author, NOW)


def test_init_is_repeatable_and_starts_empty_on_main(git) -> None:
    git.init()
    assert git.is_repo()
    assert (git.head(), git.status(), git.log(), git.files(), git.root_commits()) == (None, [], [], {}, [])
    assert git.show("HEAD", "x") is None
    assert run(git.folder, "symbolic-ref", "HEAD") == "refs/heads/main"
    exclude = (git.folder / ".git/info/exclude").read_text().splitlines()
    assert len(exclude) == len(set(exclude))


def test_a_commit_holds_the_given_bytes_even_if_the_file_has_moved_on(git) -> None:
    (git.folder / "x.md").write_bytes(b"newer")
    made = git.commit(
        {"x.md": b"older"}, "Subject\n\nBody\n\nMemory-Id: A\nMemory-Id: B\nSession: s\nAgent: a\n", ME, NOW
    )
    assert git.show("HEAD", "x.md") == b"older"
    assert [(entry.path, entry.untracked) for entry in git.status()] == [("x.md", False)]
    (entry,) = git.log()
    assert (entry.commit, entry.parents, entry.time, entry.subject) == (made, (), NOW, "Subject")
    assert entry.author == Identity("Ines x", "ines@example.org")
    assert (entry.memories, entry.sessions, entry.agents) == (("A", "B"), ("s",), ("a",))
    assert run(git.folder, "log", "-1", "--format=%cn <%ce>") == "sidecar <sidecar@laptop>"
    assert git.root_commits() == [made]


def test_never_an_empty_commit(git) -> None:
    assert commit(git, x=b"one")
    assert commit(git, x=b"one") is None
    assert git.commit({"never-there": None}, "why", ME, NOW) is None
    assert git.commit({}, "why", ME, NOW) is None
    assert len(git.log()) == 1


def test_additions_changes_and_removals_leave_a_clean_tree(git) -> None:
    commit(git, x=b"one", y=b"two")
    (git.folder / "y").unlink()
    commit(git, x=b"three", y=None)
    assert (git.status(), sorted(git.files())) == ([], ["x"])
    assert git.read("HEAD~1", ["x", "y", "z"]) == {"x": b"one", "y": b"two"}
    assert [entry.commit for entry in git.log(["y"])] == [entry.commit for entry in git.log()]
    assert len(git.log(["x"], limit=1)) == 1
    assert len(git.log(mentions="why")) == 2
    assert git.log(mentions="w.y") == []
    assert git.log(mentions="wh") == []  # a whole line


def test_the_commits_of_a_memory_are_found_where_memory_that_is_written_may_not_be_run(git) -> None:
    """As in the service for systemd (`MemoryDenyWriteExecute`), and on systems that are closed like that as a whole."""
    commit(git, x=b"one")
    program = (
        "import ctypes, sys, pathlib\n"
        "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)\n"  # PR_SET_MDWE, since Linux 6.3
        "from sidecar.git import Git\n"
        "print(len(Git(pathlib.Path(sys.argv[1]), 'laptop').log(mentions='why')))\n"
    )
    command = [sys.executable, "-c", program, str(git.folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    if done.returncode == 77:
        pytest.skip("needs a kernel that can forbid it")
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.parametrize("path", [".", "", "bin", "./node_modules/.bin", "bin:"])
def test_a_git_that_a_repository_brings_along_is_never_run(tmp_path: Path, monkeypatch, path: str) -> None:
    """A PATH with `./node_modules/.bin` in it is common; git is run in folders of repositories."""
    project, ran = tmp_path / "project", tmp_path / "ran"
    project.mkdir()
    run(project, "init", "-q")
    run(project, "commit", "-q", "--allow-empty", "-m", "x")
    for place in (".", "bin", "node_modules/.bin"):
        (project / place).mkdir(parents=True, exist_ok=True)
        (project / place / "git").write_text(f"#!/bin/sh\ntouch {ran}\n")
        (project / place / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")
    found = root_commit(project)
    assert found is not None
    assert found.root_commit is not None
    assert not ran.exists()


@pytest.mark.parametrize(
    "name", ["é日本.md", 'quo"te\\.md', "a b.md", "-n.md", ":(top)x.md", "tab\t.md", "*.md", "line\nend.md"]
)
def test_odd_names_are_only_names(git, name) -> None:
    commit(git, **{"other.md": b"x"})
    (git.folder / name).write_bytes(b"one")
    assert [entry.path for entry in git.status()] == [name]
    assert git.commit({name: b"one"}, "why", ME, NOW)
    assert git.status() == []
    assert git.show("HEAD", name) == b"one"
    assert len(git.log([name])) == 1


def test_nothing_of_the_users_settings_reaches_our_repository(git, tmp_path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("pre-commit", "commit-msg", "post-commit", "reference-transaction", "post-index-change"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
        (hooks / hook).chmod(0o755)
    for key, value in {
        "core.hooksPath": str(hooks), "commit.gpgsign": "true", "core.autocrlf": "true", "core.excludesFile": "/x",
        "core.fsmonitor": f"touch {tmp_path}/ran", "status.short": "true", "core.quotepath": "true",
    }.items():  # fmt: skip
        run(git.folder, "config", key, value)
        run(git.folder, "config", "--global", key, value)
    (git.folder / ".gitattributes").write_bytes(b"* text eol=crlf filter=evil\n")
    run(git.folder, "config", "filter.evil.clean", f"touch {tmp_path}/ran; cat")
    assert commit(git, x=b"a\r\nb\n", **{".gitattributes": b"* text eol=crlf filter=evil\n"})
    assert git.status() == []
    assert git.show("HEAD", "x") == b"a\r\nb\n"
    assert not (tmp_path / "ran").exists()


def test_a_git_environment_from_outside_is_ignored(git, tmp_path) -> None:
    os.environ["GIT_DIR"] = str(tmp_path / "elsewhere")
    os.environ["GIT_INDEX_FILE"] = str(tmp_path / "index")
    commit(git, x=b"one")
    assert git.status() == []
    assert not (tmp_path / "index").exists()


def test_private_and_generated_files_are_never_reported(git) -> None:
    for path in (
        "private/x.md", "PROFILE.md", ".sidecar-0f.tmp", ".x.md.swp", "x.md~", ".#x.md", "#x.md#", "4913", "x.md.bak",
        "x.md.orig", "x.md.rej", "x.md.save", "x.md.swp", "x.md.tmp", "x.md___jb_tmp___", "x.md___jb_old___",
    ):  # fmt: skip
        (git.folder / path).parent.mkdir(exist_ok=True)
        (git.folder / path).write_bytes(b"")
    assert git.status() == []


def test_the_mode_of_a_file_is_no_change(git) -> None:
    commit(git, x=b"one")
    (git.folder / "x").chmod(0o755)
    assert git.status() == []
    git.refresh_index(["x"])
    (git.folder / "x").chmod(0o644)
    assert run(git.folder, "status", "--porcelain") == ""


def test_a_stale_index_lock_is_removed_and_a_fresh_one_respected(git) -> None:
    lock = git.folder / ".git" / "index.lock"
    lock.write_bytes(b"")
    with pytest.raises(GitFailed, match=r"index\.lock"):
        commit(git, x=b"one")
    assert lock.exists()
    old = time.time() - 120
    os.utime(lock, (old, old))
    assert commit(git, x=b"one") is None  # the commit itself had been made; now the index follows
    assert (lock.exists(), git.status(), len(git.log())) == (False, [], 1)


def test_a_detached_head_and_a_merge_are_left_alone(git) -> None:
    first = commit(git, x=b"one")
    commit(git, x=b"two")
    (git.folder / ".git" / "MERGE_HEAD").write_text(f"{first}\n")
    with pytest.raises(GitFailed, match="merge"):
        commit(git, x=b"three")
    (git.folder / ".git" / "MERGE_HEAD").unlink()
    run(git.folder, "checkout", "--quiet", "--force", first)
    with pytest.raises(GitFailed, match="detached"):
        commit(git, x=b"three")


def test_the_users_identity_is_gits_own_else_the_login(git) -> None:
    run(git.folder, "config", "--global", "user.name", "Somebody")
    run(git.folder, "config", "--global", "--unset", "user.email")
    assert git.user_identity() == Identity("Somebody", f"{login()}@laptop")


def test_failures_are_ours(git, tmp_path) -> None:
    with pytest.raises(GitFailed, match="is not there"):
        Git(tmp_path / "no", "laptop").status()
    with pytest.raises(GitFailed, match="git ls-tree failed"):
        git.files("no-such-revision")
    os.environ["PATH"] = str(tmp_path)
    with pytest.raises(GitMissing):
        git.status()


@pytest.mark.parametrize("many", [3, 250])
def test_a_status_of_some_paths_tells_of_them_and_of_what_lies_below(git, many) -> None:
    names = [f"{number}.txt" for number in range(many)]
    (git.folder / "deep").mkdir()
    for name in (*names, "other.txt", "deep/one.txt"):
        (git.folder / name).write_text("new")
    assert [entry.path for entry in git.status([*names, "deep", "gone.txt"])] == sorted([*names, "deep/one.txt"])
    assert git.status([]) == []


def test_collecting_garbage_keeps_everything(git) -> None:
    for text in (b"one", b"two", b"three", b"four"):
        commit(git, x=text)
    packs = git.folder / ".git" / "objects" / "pack"
    unreachable = git.run("hash-object", "-w", "--stdin", given=b"nothing refers to this").decode().strip()
    assert len(list(packs.glob("*.pack"))) > 2
    git.collect_garbage()
    assert len(list(packs.glob("*.pack"))) <= 2, "small packs are put together"
    assert git.run("cat-file", "blob", unreachable) == b"nothing refers to this", "and nothing young goes"
    assert [git.show(f"HEAD~{back}", "x") for back in range(4)] == [b"four", b"three", b"two", b"one"]


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    run(folder, "init", "--quiet")
    run(folder, "commit", "--quiet", "--allow-empty", "-m", "root")
    run(folder, "commit", "--quiet", "--allow-empty", "-m", "next", date="2026-02-01T00:00:00Z")
    return folder


def test_a_repository_is_known_by_its_root_from_anywhere_inside(project) -> None:
    (project / "deep" / "er").mkdir(parents=True)
    run(project, "remote", "add", "origin", "https://example.org/x.git")
    found = root_commit(project / "deep" / "er")
    assert found.root_commit == run(project, "rev-list", "--max-parents=0", "HEAD")
    assert (found.top, found.common, found.remotes) == (project, project / ".git", ("https://example.org/x.git",))


def test_worktrees_share_the_identity_of_the_main_one(project, tmp_path) -> None:
    run(project, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert root_commit(tmp_path / "linked") == root_commit(project)


def test_a_worktree_of_a_bare_repository_is_its_own_top(project, tmp_path) -> None:
    run(tmp_path, "clone", "--quiet", "--bare", str(project), "bare.git")
    run(tmp_path / "bare.git", "worktree", "add", "--quiet", str(tmp_path / "linked"))
    found = root_commit(tmp_path / "linked")
    assert (found.top, found.root_commit) == (tmp_path / "linked", root_commit(project).root_commit)
    assert root_commit(tmp_path / "bare.git") is None


def test_of_several_roots_the_oldest_counts_on_any_branch(project) -> None:
    first = root_commit(project).root_commit
    run(project, "checkout", "--quiet", "--orphan", "pages")
    run(project, "commit", "--quiet", "--allow-empty", "-m", "pages", date="2026-03-01T00:00:00Z")
    assert root_commit(project).root_commit == first


def test_the_boundary_of_a_shallow_clone_is_no_root(project, tmp_path) -> None:
    run(tmp_path, "clone", "--quiet", "--depth=1", project.as_uri(), "shallow")
    found = root_commit(tmp_path / "shallow")
    assert (found.root_commit, found.remotes) == (None, (project.as_uri(),))


def test_what_cannot_be_told_is_none(tmp_path) -> None:
    assert root_commit(tmp_path) is None
    assert root_commit(tmp_path / "no") is None
    run(tmp_path, "init", "--quiet", "fresh")
    assert root_commit(tmp_path / "fresh").root_commit is None


def test_a_repository_around_ours_is_never_touched(tmp_path) -> None:
    """A home folder may be a repository of dotfiles; with our own gone, git must not find that one."""
    run(tmp_path, "init", "-q", "-b", "main")
    run(tmp_path, "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "--allow-empty", "-m", "mine")
    folder = tmp_path / "store" / "web"
    folder.mkdir(parents=True)
    git = Git(folder, "laptop")
    git.init()
    before = run(tmp_path, "rev-parse", "main")
    shutil.rmtree(folder / ".git")
    with pytest.raises(GitFailed):
        commit(git, **{"a.md": b"a\n"})
    with pytest.raises(GitFailed):
        git.status()
    assert run(tmp_path, "rev-parse", "main") == before
    assert run(tmp_path, "diff", "--cached", "--name-only") == ""


def test_whoever_wants_to_be_alone_waits_for_a_command_that_outlives_its_process(git, tmp_path) -> None:
    """As a `gc` does that a killed daemon had begun."""
    program = (
        "import os, sys; from pathlib import Path; from sidecar.git import Git\n"
        f"git = Git(Path({str(git.folder)!r}), 'laptop')\n"
        "with git.alone(1):\n"
        "    git.run('-c', 'alias.slow=!sleep 30', 'slow')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    while not (alone := slow_children(process.pid)):
        time.sleep(0.01)
    process.kill()
    process.wait()
    with pytest.raises(GitFailed, match="does not end"), git.alone(0.1):
        pass
    for one in alone:
        os.kill(one, signal.SIGKILL)
    with git.alone(10):
        assert git.head() is None


def slow_children(pid: int) -> list[int]:
    """The commands that a process has begun, with all that these have begun, once the last of them runs."""
    found = psutil.Process(pid).children(recursive=True) if psutil.pid_exists(pid) else []
    return [one.pid for one in found] if any(one.name() == "sleep" for one in found) else []


@pytest.mark.parametrize("name", ["HEAD.lock", "refs/heads/main.lock", "config.lock"])
def test_a_stale_lock_of_any_kind_is_removed(git, name: str) -> None:
    """What a git leaves that is killed while it commits, or while it makes the repository."""
    lock = git.folder / ".git" / name
    lock.write_bytes(b"")
    old = time.time() - 61
    os.utime(lock, (old, old))
    git.commit({"b.md": b"b\n"}, "two", git.machine_identity, NOW)
    git.run("config", "sidecar.test", "yes")
    assert git.show("HEAD", "b.md") == b"b\n"
    assert name != "config.lock" or not lock.exists()


@pytest.mark.parametrize("torn", ["HEAD", "config", None])
@pytest.mark.parametrize("kept", [(), ("HEAD",), ("HEAD", "refs"), ("HEAD", "refs", "config", "objects")])
def test_a_repository_whose_making_was_cut_off_is_made_whole(git, kept: tuple[str, ...], torn: str | None) -> None:
    own = git.folder / ".git"
    for path in own.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if torn in kept:
        (own / torn).write_bytes((own / torn).read_bytes()[:12])
    git.init()
    assert git.commit({"b.md": b"b\n"}, "two", git.machine_identity, NOW)
    assert git.show("HEAD", "b.md") == b"b\n"

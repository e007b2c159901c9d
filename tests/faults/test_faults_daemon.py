"""What is broken beside a running daemon: recall answers, `status` says what is wrong, and it mends when it can."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from running import HANG_S, Daemon, git, wait_until
from world import memory_files

from sidecar.errors import AlreadyRunning, GitMissing, JournalUnusable, SidecarError

HTTP = "/v1/namespaces/local/profiles"
BACKUP = "The nightly backup runs at 02:10."


def tell(daemon: Daemon, content: str, profile: str = "web") -> dict[str, Any]:
    found: dict[str, Any] = daemon.client.request("POST", f"{HTTP}/{profile}/remember", {"content": content})
    return found


def recalled(daemon: Daemon, query: str = "when does the backup run?", profile: str = "web") -> list[str]:
    found = daemon.client.request("POST", f"{HTTP}/{profile}/recall", {"query": query})
    return [one["content"] for one in found["candidates"]]


def degraded(daemon: Daemon) -> str:
    return " ".join(daemon.status()["index"]["degraded"])


class Harness:
    """A daemon whose `git` can be taken away."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = home / "bin"
        self.bin.mkdir()
        self.real = shutil.which("git") or ""
        tools = ":".join(str(Path(found).parent) for name in ("sh", "sleep") if (found := shutil.which(name)))
        (home / ".gitconfig").write_text("[user]\n\tname = Ines Example\n\temail = ines@example.org\n")
        hidden = self._without_git(tools)
        self.daemon = Daemon(home, {"PATH": f"{self.bin}:{hidden}", "GIT_CONFIG_NOSYSTEM": "1"})
        self.git('exec {real} "$@"')

    def _without_git(self, tools: str) -> str:
        """A folder with what the stand-in needs, and no git."""
        folder = self.home / "tools"
        folder.mkdir()
        for name in ("sh", "sleep"):
            (folder / name).symlink_to(shutil.which(name) or "")
        return str(folder)

    def git(self, script: str | None) -> None:
        """What `git` does from now on; None: there is none."""
        path = self.bin / "git"
        if script is None:
            path.unlink()
            return
        fresh = self.bin / "git.new"
        fresh.write_text(f"#!{shutil.which('sh')}\n{script.format(real=self.real)}\n")
        fresh.chmod(0o755)
        fresh.rename(path)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    found = Harness(tmp_path_factory.mktemp("beside"))
    found.daemon.start()
    tell(found.daemon, BACKUP)
    found.daemon.settle()
    yield found
    found.daemon.end()


@pytest.fixture
def running(harness: Harness) -> Iterator[Daemon]:
    """The daemon of all tests here, sound before and after each."""
    yield harness.daemon
    harness.git('exec {real} "$@"')
    wait_until("it is sound again", lambda: not degraded(harness.daemon))
    assert BACKUP in recalled(harness.daemon)


def test_git_that_is_missing_delays_the_commit_alone(harness: Harness, running: Daemon) -> None:
    harness.git(None)
    tell(running, "The cable is blue.")
    assert "The cable is blue." in recalled(running, "which colour has the cable?")
    wait_until("it is named", lambda: "git" in degraded(running))
    harness.git('exec {real} "$@"')
    wait_until("it is committed", lambda: git(running.store / "web", "status", "--porcelain") == "")


def test_git_that_fails_is_named_with_its_words(harness: Harness, running: Daemon) -> None:
    harness.git("echo 'fatal: the moon is in the way' >&2; exit 128")
    tell(running, "The plug is red.")
    assert "The plug is red." in recalled(running, "which colour has the plug?")
    wait_until("it is named", lambda: "the moon is in the way" in degraded(running))


def test_git_that_hangs_does_not_keep_recall_from_answering(harness: Harness, running: Daemon) -> None:
    note = harness.home / "hanging"
    harness.git(f"echo $$ > {note}; exec sleep 1000")
    tell(running, "The valve is green.")
    hanging = int(wait_until("git hangs", lambda: note.exists() and note.read_text().strip()))
    assert BACKUP in recalled(running)
    assert running.status()["settled"] is False
    harness.git('exec {real} "$@"')
    os.kill(hanging, signal.SIGKILL)
    wait_until("it is committed", lambda: git(running.store / "web", "status", "--porcelain") == "")


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock"])
def test_a_lock_that_git_left_behind_delays_the_commit_until_it_is_old(running: Daemon, name: str) -> None:
    lock = running.store / "web" / ".git" / name
    lock.write_bytes(b"")
    content = f"The gauge of {name} is called pelican."
    tell(running, content)
    assert content in recalled(running, f"what is the gauge of {name} called?")
    wait_until("it is named", lambda: name in degraded(running))
    os.utime(lock, (1_790_000_000, 1_790_000_000))
    wait_until("it is committed", lambda: content in git(running.store / "web", "log", "-p"))


def test_a_damaged_repository_is_named_and_memories_are_still_taken_in(running: Daemon) -> None:
    head = running.store / "web" / ".git" / "HEAD"
    good = head.read_bytes()
    head.write_bytes(b"\0" * 40)
    tell(running, "The lighthouse is called heron.")
    assert "The lighthouse is called heron." in recalled(running, "what is the lighthouse called?")
    wait_until("it is named", lambda: "local/web" in degraded(running))
    head.write_bytes(good)
    wait_until("it is committed", lambda: "heron" in git(running.store / "web", "log", "-p"))


def test_a_locked_database_keeps_nobody_from_recalling(running: Daemon) -> None:
    with closing(sqlite3.connect(running.sidecar_home / "state" / "journal.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert BACKUP in recalled(running)
        assert running.status()["version"]
    assert tell(running, "The lock is open again.")["content"] == "The lock is open again."


def test_after_a_suspension_it_goes_on_and_those_who_waited_are_answered(running: Daemon) -> None:
    process = running.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    asking = subprocess.Popen(
        [sys.executable, "-m", "sidecar", "recall", "--profile", "web", "when does the backup run?"],
        env=running.env(),
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.0)
    assert asking.poll() is None
    process.send_signal(signal.SIGCONT)
    said, _ = asking.communicate(timeout=HANG_S)
    assert "02:10" in said
    assert {one["state"] for one in running.status()["services"]} == {"running"}


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(running: Daemon) -> None:
    assert running.process is not None
    done = running.cli("up", "--yes")
    assert done.returncode == AlreadyRunning.exit_code
    assert str(running.process.pid) in done.stderr
    assert BACKUP in recalled(running)


def test_a_folder_of_the_index_that_is_garbage_is_made_anew_while_it_runs(running: Daemon) -> None:
    index = running.sidecar_home / "cache" / "index"
    for path in sorted(index.rglob("*")):
        if path.is_file():
            with path.open("r+b") as file:
                file.write(b"\xff" * path.stat().st_size)
    tell(running, "The index is fresh.")
    assert "The index is fresh." in recalled(running, "is the index fresh?")
    assert BACKUP in recalled(running)


def test_settings_are_read_again_at_any_moment_and_bad_ones_change_nothing(running: Daemon) -> None:
    process = running.process
    assert process is not None
    config = running.sidecar_home / "config.yaml"
    for text in ("recall: {limit: 1}\n", "recall: [\n", "nonsense: 1\n", "recall: {limit: 1}\n"):
        config.write_text(text)
        for _ in range(20):
            process.send_signal(signal.SIGHUP)
        assert BACKUP in recalled(running)
    tell(running, "The second backup runs at 05:10.")
    wait_until("the limit counts", lambda: len(recalled(running)) == 1)
    config.unlink()
    process.send_signal(signal.SIGHUP)
    wait_until("the limit is gone", lambda: len(recalled(running)) >= 2)


# Daemons of their own: what counts at a start.


def test_a_start_without_git_recalls_and_says_what_to_do(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    daemon = harness.daemon
    try:
        daemon.start()
        tell(daemon, BACKUP)
        daemon.settle()
        daemon.stop()
        harness.git(None)
        daemon.start()
        assert BACKUP in recalled(daemon)
        wait_until("it is named", lambda: "Install git" in degraded(daemon))
        with pytest.raises(GitMissing) as caught:
            tell(daemon, "The api listens on 8080.", "api")
        assert "Install git" in caught.value.hint
    finally:
        daemon.end()


@pytest.mark.parametrize("damage", ["garbage", "cut"])
def test_a_start_with_a_damaged_database_names_the_file_and_a_way_out(daemon: Daemon, damage: str) -> None:
    state = daemon.sidecar_home / "state"
    daemon.start()
    tell(daemon, BACKUP)
    daemon.settle()
    daemon.stop()
    path = state / "journal.db"
    data = path.read_bytes()
    path.write_bytes(b"garbage " * 2_000 if damage == "garbage" else data[: len(data) // 2])
    done = daemon.cli("up", "--yes")
    assert done.returncode == JournalUnusable.exit_code, done.stdout + done.stderr
    assert "journal.db" in done.stderr
    assert "Try:" in done.stderr
    path.rename(path.with_suffix(".damaged"))
    for beside in state.glob("journal.db-*"):
        beside.unlink()
    daemon.start()
    wait_until("the index follows the new archive", lambda: BACKUP in recalled(daemon))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_at_any_moment_of_the_start_ends_it_cleanly_or_not_at_all(
    daemon: Daemon, number: signal.Signals
) -> None:
    for delay in (0.2, 0.5, 0.8, 1.1):
        daemon.launch()
        assert daemon.process is not None
        time.sleep(delay)
        daemon.process.send_signal(number)
        if number == signal.SIGHUP:
            time.sleep(0.1)
            daemon.process.send_signal(signal.SIGTERM)
        code = daemon.process.wait(HANG_S)
        assert code in (0, 130, -number, -signal.SIGTERM), (code, (daemon.sidecar_home / "output.txt").read_text())
    assert "Traceback" not in (daemon.sidecar_home / "output.txt").read_text()
    daemon.start()
    tell(daemon, BACKUP)
    assert BACKUP in recalled(daemon)
    daemon.stop()


def test_with_64_open_files_it_works_and_comes_back_from_too_many_clients(daemon: Daemon) -> None:
    import resource
    import socket

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        daemon.launch()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    wait_until("it answers", daemon.answers)
    tell(daemon, BACKUP)
    daemon.settle()
    many = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(100)]
    for one in many:
        one.setblocking(False)
        one.connect_ex(str(daemon.socket))
    time.sleep(0.5)
    for one in many:
        one.close()
    wait_until("it answers again", daemon.answers)
    tell(daemon, "The cable is blue.")
    assert BACKUP in recalled(daemon)
    daemon.settle()
    assert git(daemon.store / "web", "status", "--porcelain") == ""


def test_without_inotify_watches_files_are_scanned(daemon: Daemon) -> None:
    starting = 'echo 0 > /proc/sys/user/max_inotify_watches && exec "$0" "$@"'
    probe = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", starting, "true"], capture_output=True, text=True
    )
    if probe.returncode:
        pytest.skip(f"needs a namespace of its own: {probe.stderr.strip()}")
    daemon.within = ("unshare", "--user", "--map-root-user", "sh", "-c", starting)
    daemon.start()
    tell(daemon, BACKUP)
    wait_until("it is named", lambda: "not watched" in degraded(daemon))
    (path,) = (path for path in memory_files(daemon.store / "web") if "02:10" in path.read_text())
    path.write_text(path.read_text().replace("02:10", "03:33"))
    wait_until("the edit is found", lambda: BACKUP.replace("02:10", "03:33") in recalled(daemon))


def test_no_error_is_without_a_way_out(running: Daemon) -> None:
    with pytest.raises(SidecarError) as caught:
        running.client.request("GET", f"{HTTP}/web/memories/01M7WTWTW08H7W2R5T6Y5XK2QC")
    assert caught.value.hint

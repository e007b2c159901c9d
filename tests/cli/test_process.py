"""Starting, finding and ending the daemon's process; where it matters, with the real daemon."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import Run
from test_main import CHECKOUT, sidecar

from sidecar.cli.process import holder, last_words, stop, wait_ready
from sidecar.client import Client
from sidecar.errors import NoDaemon, Unavailable
from sidecar.paths import resolve

HOLD = """
import fcntl, os, sys, time, signal
if len(sys.argv) > 2: signal.signal(signal.SIGTERM, signal.SIG_IGN)
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(descriptor, fcntl.LOCK_EX)
os.write(descriptor, f"{os.getpid()}\\n".encode())
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = resolve({"SIDECAR_HOME": str(tmp_path)}).lock
    path.parent.mkdir()
    return path


def hold(lock: Path, *stubborn: str) -> subprocess.Popen[str]:
    """A process that holds the lock as a daemon does, and never answers."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(lock), *stubborn], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def test_the_lock_tells_who_runs_and_is_not_disturbed_by_asking(lock: Path) -> None:
    assert holder(lock) is None
    process = hold(lock)
    assert holder(lock) == holder(lock) == process.pid
    process.kill()
    process.wait()
    assert holder(lock) is None
    assert lock.read_text() == f"{process.pid}\n"


def test_a_daemon_that_does_not_answer_is_ended_by_a_signal(lock: Path, tmp_path: Path) -> None:
    process = hold(lock)
    stop(resolve({"SIDECAR_HOME": str(tmp_path)}), process.pid)
    assert process.wait() == -signal.SIGTERM


def test_a_daemon_that_stays_is_told_after_a_while(lock: Path, tmp_path: Path) -> None:
    process = hold(lock, "stubborn")
    with pytest.raises(Unavailable, match=f"pid {process.pid}"):
        stop(resolve({"SIDECAR_HOME": str(tmp_path)}), process.pid, seconds=0.3)
    process.kill()
    process.wait()


def test_the_last_words_of_a_daemon_are_its_last_error(tmp_path: Path) -> None:
    output = tmp_path / "up.log"
    output.write_text("noise\nError: first\nTry: a\nError: second\nTry: b\n")
    assert last_words(output) == ("Error: second", "Try: b")
    output.write_text("noise only\n")
    assert last_words(output) is None


def test_down_without_a_daemon_is_fine(run: Run) -> None:
    assert run("down").out == "Not running.\n"
    assert json.loads(run("down", "--json").out) == {"stopped": False, "pid": None}


def test_up_with_bad_settings_says_what_is_wrong_and_starts_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIDECAR_RECALL_LIMIT", "many")
    done = run("up", "--detach")
    assert done.code == 10
    assert "recall.limit: must be a whole number" in done.err
    assert not resolve(os.environ).state.exists()


@pytest.fixture
def daemons(place: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home for a real daemon, which is ended with the test whatever happens."""
    home = tmp_path_factory.mktemp("d")
    monkeypatch.setenv("SIDECAR_HOME", str(home))
    monkeypatch.setenv("SIDECAR_EXTRACT_EXTRACTOR", "rules")
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    yield home
    pid = holder(resolve({"SIDECAR_HOME": str(home)}).lock)
    if pid:
        os.kill(pid, signal.SIGKILL)


def test_up_detach_returns_when_the_socket_answers_and_down_when_all_is_over(daemons: Path, place: Path) -> None:
    paths = resolve({"SIDECAR_HOME": str(daemons)})
    first = sidecar("up", "--detach", "--json")
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert Client(paths.socket).health()["pid"] == told["pid"] == holder(paths.lock)
    assert told["already_running"] is False
    assert os.getsid(told["pid"]) == told["pid"]
    again = sidecar("up")
    assert (again.returncode, again.stdout) == (5, "")
    assert f"pid {told['pid']}" in again.stderr
    detached = sidecar("up", "--detach")
    assert (detached.returncode, detached.stdout) == (
        0,
        f"Already running (pid {told['pid']}). See `sidecar status`.\n",
    )
    assert json.loads(sidecar("up", "-d", "--json").stdout)["already_running"] is True
    assert sidecar("status").stdout.startswith(f"sidecar 0.1.0 · pid {told['pid']} · ")
    down = sidecar("down")
    assert (down.returncode, down.stdout) == (0, f"Stopped (pid {told['pid']}).\n")
    assert holder(paths.lock) is None
    assert sidecar("status").returncode == 3


def test_up_detach_tells_why_the_daemon_did_not_start(daemons: Path) -> None:
    (daemons / "store").write_text("in the way")
    done = sidecar("up", "--detach")
    assert done.returncode == 19
    first, second = done.stderr.splitlines()
    assert first.startswith("Error: ")
    assert "store" in first
    assert second.startswith("Try: ")


def test_up_in_the_foreground_ends_cleanly_at_ctrl_c(daemons: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "sidecar", "up"], stdin=subprocess.DEVNULL)
    client = Client(resolve({"SIDECAR_HOME": str(daemons)}).socket)
    while True:
        try:
            client.health()
            break
        except (NoDaemon, Unavailable):
            assert process.poll() is None
            time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def on_terminal(answer: bytes) -> tuple[int, str]:
    """Run the first `sidecar up --detach` on a terminal and answer its question."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "sidecar", "up", "--detach"]
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    text = b""
    answered = False
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:  # how Linux says that the other end was closed
            break
        if not piece:
            break
        text += piece
        if b"Go on?" in text and not answered:
            os.write(leader, answer)
            answered = True
    os.close(leader)
    return process.wait(), text.decode()


def test_the_first_start_on_a_terminal_shows_what_was_found_and_asks_once(daemons: Path, place: Path) -> None:
    session = place / ".claude" / "projects" / "-x" / "7f3b1c0e-0000-4000-8000-000000000001.jsonl"
    session.parent.mkdir(parents=True)
    session.write_text("")
    code, text = on_terminal(b"n\n")
    assert code == 6
    assert "claude-code" in text
    assert "1 session" in text
    assert "Nothing was read" in text
    consent = daemons / "state" / "consent.json"
    assert not consent.exists()
    code, text = on_terminal(b"y\n")
    assert code == 0, text
    noted = json.loads(consent.read_text())
    assert noted["format"] == 1
    assert [(agent["name"], agent["sessions"]) for agent in noted["agents"]] == [("claude-code", 1)]
    assert sidecar("down").returncode == 0
    code, text = on_terminal(b"")
    assert code == 0
    assert "Go on?" not in text


FAILING = """
import socket, sys, time
from pathlib import Path
from sidecar.errors import Unavailable
from sidecar.wire import envelope
body = envelope.encode(envelope.failure(Unavailable(what="The daemon", why="it is stopping")))
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen()
    print("listening", flush=True)
    talk, _ = listener.accept()
    talk.recv(65536)
    head = f"HTTP/1.1 503 Unavailable\\r\\nContent-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n"
    talk.sendall(f"{head}Connection: close\\r\\n\\r\\n".encode() + body)
    talk.close()
Path(sys.argv[1]).unlink()
sys.exit(3)
"""


@pytest.fixture
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, subprocess.Popen[bytes]]]:
    """A daemon that has failed while it started: it says that it is stopping, and ends."""
    socket = tmp_path_factory.mktemp("f") / "s"
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", FAILING, str(socket)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"listening\n"
        yield Client(socket), process
        process.kill()


def test_what_fails_while_it_starts_is_waited_for_so_that_its_own_words_are_told(
    failing: tuple[Client, subprocess.Popen[bytes]],
) -> None:
    client, process = failing
    assert not wait_ready(client, process, 30)
    assert process.returncode == 3


def test_somebody_elses_daemon_that_stops_is_not_waited_for(failing: tuple[Client, subprocess.Popen[bytes]]) -> None:
    client, _ = failing
    with pytest.raises(Unavailable, match="stopping"):
        wait_ready(client, None, 30)

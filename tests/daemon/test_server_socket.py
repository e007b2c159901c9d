"""The socket: private from its first moment, taken over from the dead only, passed by systemd."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from server_fake import FakeApi, Running, UnixConnection, run, serving

from sidecar.daemon.listen import listen
from sidecar.daemon.server import Server
from sidecar.errors import AlreadyRunning, Conflict, FileSystemFailed

ROOT = Path(__file__).parents[2]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def dead_socket(path: Path) -> None:
    """What a daemon leaves behind that was killed."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(str(path))
        sock.listen()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_the_socket_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        listening = listen(tmp_path / "run" / "s.sock", {})
    finally:
        os.umask(before)
    assert mode(tmp_path / "run" / "s.sock") == 0o600
    assert mode(tmp_path / "run") & 0o077 == 0
    listening.close()
    assert not (tmp_path / "run" / "s.sock").exists()


def test_missing_folders_are_made_private(tmp_path: Path) -> None:
    listen(tmp_path / "a" / "b" / "s.sock", {}).close()
    assert (mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o700, 0o700)


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    listening = listen(tmp_path / "s.sock", {})
    assert (mode(tmp_path), mode(tmp_path / "s.sock")) == (0o755, 0o600)
    listening.close()


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    dead_socket(tmp_path / "run" / "s.sock")

    async def scenario(running: Running) -> None:
        assert (await running.ask("GET", "/v1/healthz")).status == 200

    run(tmp_path, scenario)


def test_a_living_socket_is_not(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as running:
            second = Server(FakeApi(), running.path, environ={})
            with pytest.raises(AlreadyRunning) as caught:
                await second.start()
            assert caught.value.fields["pid"] in (str(os.getpid()), "unknown")
            await second.stop()
            assert (await running.ask("GET", "/v1/healthz")).status == 200

    asyncio.run(main())


def test_a_socket_whose_queue_is_full_lives(tmp_path: Path) -> None:
    with contextlib.ExitStack() as opened:
        busy = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        busy.bind(str(tmp_path / "s.sock"))
        busy.listen(0)
        for _ in range(8):
            client = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            client.setblocking(False)
            client.connect_ex(str(tmp_path / "s.sock"))
        with pytest.raises(AlreadyRunning):
            listen(tmp_path / "s.sock", {})


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_not_a_socket_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "s.sock"
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        dead_socket(tmp_path / "other.sock")
        path.symlink_to(tmp_path / "other.sock")
    before = path.lstat()
    with pytest.raises(FileSystemFailed, match="something else is there"):
        listen(path, {})
    assert path.lstat().st_ino == before.st_ino


def test_a_path_that_is_too_long_says_how_to_shorten_it(tmp_path: Path) -> None:
    with pytest.raises(FileSystemFailed) as caught:
        listen(tmp_path / ("x" * 120), {})
    assert "SIDECAR_SOCKET" in caught.value.hint


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(FileSystemFailed, match="cannot be made"):
        listen(tmp_path / "run" / "s.sock", {})


def test_of_two_that_start_at_once_one_steps_back(tmp_path: Path) -> None:
    import fcntl

    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(Conflict, match="Another daemon is starting"):
        listen(tmp_path / "s.sock", {})
    os.close(held)
    listen(tmp_path / "s.sock", {}).close()


def test_stopping_removes_only_its_own_socket(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    first = listen(path, {})
    path.unlink()
    second = listen(path, {})
    first.close()
    assert path.exists()
    second.close()
    assert not path.exists()


def test_a_server_that_could_not_start_leaves_nothing_behind(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "s.sock").write_text("precious")
        with pytest.raises(FileSystemFailed):
            async with serving(tmp_path):
                pass
        assert (tmp_path / "run" / "s.sock").read_text() == "precious"

    asyncio.run(main())


def test_a_server_can_start_again_on_the_same_path(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("GET", "/v1/healthz")).status == 200

    run(tmp_path, scenario)
    assert not (tmp_path / "run" / "s.sock").exists()
    run(tmp_path, scenario)


ACTIVATED = """
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from server_fake import FakeApi
from sidecar.daemon.server import Server

async def main():
    os.environ["LISTEN_PID"] = str(os.getpid()) if {ours} else "1"
    server = Server(FakeApi(), Path({path!r}))
    await server.start()
    print("started", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()

asyncio.run(main())
"""


def _activated(tmp_path: Path, passed: socket.socket, *, ours: bool) -> subprocess.Popen[str]:
    """A server in a process of its own, with `passed` as its file descriptor 3, as systemd does it."""
    code = ACTIVATED.format(tests=str(Path(__file__).parent), path=str(tmp_path / "own.sock"), ours=ours)
    command = ["bash", "-c", f'exec 3<&{passed.fileno()}; exec "$0" -c "$1"', sys.executable, code]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "LISTEN_FDS": "1", "PYTHONPATH": str(ROOT)},
        pass_fds=[passed.fileno()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def systemds(tmp_path: Path) -> socket.socket:
    """A listening socket, as the socket unit makes it."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(tmp_path / "unit.sock"))
    sock.listen()
    return sock


def test_a_passed_socket_is_served_and_kept(tmp_path: Path, systemds: socket.socket) -> None:
    process = _activated(tmp_path, systemds, ours=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    connection = UnixConnection(tmp_path / "unit.sock")
    connection.request("GET", "/v1/healthz")
    assert json.loads(connection.getresponse().read())["result"]["status"] == "ok"
    connection.close()
    _, errors = process.communicate("", timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert (tmp_path / "unit.sock").exists()
    assert not (tmp_path / "own.sock").exists()
    systemds.close()


def test_a_socket_passed_to_somebody_else_is_not_touched(tmp_path: Path, systemds: socket.socket) -> None:
    process = _activated(tmp_path, systemds, ours=False)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    assert (tmp_path / "own.sock").exists()
    process.communicate("", timeout=30)
    systemds.close()


def test_a_passed_descriptor_that_does_not_listen_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        process = _activated(tmp_path, deaf, ours=True)
        _, errors = process.communicate("", timeout=30)
    assert process.returncode == 1
    assert "is not a listening Unix stream socket" in errors

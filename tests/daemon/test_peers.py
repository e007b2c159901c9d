"""Who is at the other end of the socket: the user alone is served, and the user's own daemon alone is told anything."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_fake import FakeApi, Running, run

from sidecar import log, meeting
from sidecar.client import Client
from sidecar.daemon.server import Server
from sidecar.errors import PeerRefused, ServerForeign

ROOT = Path(__file__).parents[2]
NOBODY = 65534
HANG_S = 60

others = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")

# As another user: drop what root has, then act.  Nothing of ours is imported, which that user may not be able to read.
AS_NOBODY = f"import os, socket, sys; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"

ASKING = (
    AS_NOBODY
    + """
body = b'{"query": "the words that must not be logged"}'
with socket.socket(socket.AF_UNIX) as one:
    one.connect(sys.argv[1])
    one.sendall(b"POST /v1/recall HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n"
                b"Content-Type: application/json\\r\\n"
                b"Content-Length: %d\\r\\n\\r\\n%b" % (len(body), body))
    while piece := one.recv(65536):
        sys.stdout.buffer.write(piece)
"""
)

SERVING = (
    AS_NOBODY
    + """
with socket.socket(socket.AF_UNIX) as one:
    one.bind(sys.argv[1])
    os.chmod(sys.argv[1], 0o777)
    one.listen()
    print("listening", flush=True)
    connection, _ = one.accept()
    connection.settimeout(30)
    print(len(connection.recv(65536)), flush=True)
"""
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="sidecar-peers-") as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        assert meeting.peer(one) == meeting.peer(other) == os.geteuid()
        assert meeting.is_ours(one)


def test_the_user_is_served(tmp_path: Path) -> None:
    async def scenario(running: Running) -> None:
        assert (await running.ask("GET", "/v1/status")).status == 200

    run(tmp_path, scenario)


@others
def test_another_user_is_refused_with_a_reason_and_logged_without_a_word(open_folder: Path, tmp_path: Path) -> None:
    path, api = open_folder / "s.sock", FakeApi()
    log.setup(tmp_path / "log", "debug", {})

    async def main() -> bytes:
        server = Server(api, path, environ={})
        await server.start()
        path.chmod(0o666)  # somebody has opened what was private
        try:
            command = [sys.executable, "-c", ASKING, str(path)]
            return await asyncio.to_thread(subprocess.check_output, command, timeout=HANG_S)
        finally:
            await server.stop()

    try:
        head, _, body = asyncio.run(main()).partition(b"\r\n\r\n")
    finally:
        log.close()
        logging.getLogger("sidecar").setLevel(logging.NOTSET)
    told = json.loads(body)["errors"][0]
    assert head.startswith(b"HTTP/1.1 403 ")
    assert told["code"] == PeerRefused.code
    assert str(NOBODY) in told["message"]
    assert api.calls == []
    logged = (tmp_path / "log" / log.FILE_NAME).read_text()
    assert f"refused another user peer={NOBODY}" in logged
    assert "must not be logged" not in logged


@pytest.fixture
def foreign(open_folder: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A program of another user that has taken the socket's name first, and writes down how much it was told."""
    path = open_folder / "s.sock"
    process = subprocess.Popen([sys.executable, "-c", SERVING, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "listening\n"
    yield path, process
    process.kill()
    process.communicate()


@others
def test_a_server_of_another_user_is_told_nothing(foreign: tuple[Path, subprocess.Popen[str]]) -> None:
    path, process = foreign
    with pytest.raises(ServerForeign, match=f"another user .{NOBODY}."):
        Client(path).request("POST", "/v1/remember", {"content": "a secret of mine"})
    assert process.communicate(timeout=HANG_S)[0] == "0\n"


@others
def test_a_hook_tells_it_nothing_either_and_stays_silent(foreign: tuple[Path, subprocess.Popen[str]]) -> None:
    path, process = foreign
    command = [sys.executable, "-m", "sidecar", "hook", "prompt", "--agent", "claude-code"]
    environment = {
        **os.environ,
        "SIDECAR_SOCKET": str(path),
        "SIDECAR_HOOKS_TIMEOUT_MS": "30000",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(command, input=b'{"prompt": "mine"}', env=environment, capture_output=True, timeout=HANG_S)
    assert (done.returncode, done.stdout) == (0, b"")
    assert process.communicate(timeout=HANG_S)[0] == "0\n"


@others
def test_a_recall_by_the_quick_road_tells_it_nothing_either(foreign: tuple[Path, subprocess.Popen[str]]) -> None:
    """It looks who listens itself, then leaves it to the command line, which says whose the server is."""
    path, process = foreign
    command = [sys.executable, "-m", "sidecar", "recall", "the words that are mine"]
    environment = {**os.environ, "SIDECAR_SOCKET": str(path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=HANG_S)
    assert done.returncode != 0
    assert done.stdout == b""
    assert process.communicate(timeout=HANG_S)[0] == "0\n"


def test_whoever_connects_to_the_socket_looks_who_listens_before_it_says_anything() -> None:
    """Also where nobody can be another user: every module of ours that connects, by its text."""
    connecting = {
        str(source.relative_to(ROOT)): text
        for source in sorted((ROOT / "sidecar").rglob("*.py"))
        if "AF_UNIX" in (text := source.read_text()) and ".connect(" in text
    }
    assert {"sidecar/cli/quick.py", "sidecar/client.py", "sidecar/hooks/hook.py"} <= connecting.keys()
    blind = {name: text for name, text in connecting.items() if "meeting.is_ours(" not in text}
    assert blind.keys() <= {"sidecar/daemon/listen.py"}, "which only looks whether anybody is there"
    assert not any("send" in text for text in blind.values())

"""The process that agents run: what it asks, what it prints, and that nothing whatever makes it fail or hang."""

from __future__ import annotations

import compileall
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sidecar import meeting

PROGRAM = Path(__file__).parents[2] / "bin" / "sidecar"
HANG_S = 60
"""Far above any limit of ours: who takes that long has hung."""


class Listener:
    """Takes connections on a socket and serves each with a function, in a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="sh-")  # short: a socket's path may have some 100 characters
        self.path = f"{self.folder.name}/s"
        self.asked: list[bytes] = []
        self._serve = serve
        self._over = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self.path)
        self._socket.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._serve(connection)
            except OSError:
                return  # the hook has left

    def close(self) -> None:
        self._over.set()
        self._socket.close()
        self.folder.cleanup()


@pytest.fixture
def listening() -> Iterator[Callable[[Callable[[socket.socket], None]], Listener]]:
    made: list[Listener] = []

    def make(serve: Callable[[socket.socket], None]) -> Listener:
        made.append(Listener(serve))
        return made[-1]

    yield make
    for one in made:
        one.close()


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"Content-Length: (\d+)", head)[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(text: bytes, status: bytes = b"200 OK") -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(text), text))

    return serve


def run(
    socket_path: str, *arguments: str, said: bytes = b"{}", options: tuple[str, ...] = (), **environ: str
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, *options, str(PROGRAM), "hook", *(arguments or ("Stop", "--agent", "codex"))]
    env = {**os.environ, "SIDECAR_SOCKET": socket_path, "PYTHONPATH": str(PROGRAM.parents[1]), **environ}
    return subprocess.run(command, input=said, capture_output=True, env=env, timeout=HANG_S)


def silent(done: subprocess.CompletedProcess[bytes]) -> bool:
    return (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_it_hands_on_what_the_agent_says_as_it_came_and_prints_the_answer(listening: Callable[..., Listener]) -> None:
    asked: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        asked.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + '{"é": "ü"}'.encode())

    said = '{"session_id": "s-1", "prompt": "Wo läuft\\n \\ud83d das?"}'.encode()
    done = run(listening(serve).path, "UserPromptSubmit", "--agent", "claude-code", said=said)
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"é": "ü"}'.encode(), b"")
    head, _, body = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/hook HTTP/1.1\r\n")
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {"agent": "claude-code", "event": "UserPromptSubmit", "payload": json.loads(said)}
    assert said in body


def test_a_payload_of_megabytes_goes_through(listening: Callable[..., Listener]) -> None:
    asked: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        asked.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")

    said = json.dumps({"prompt": "x" * 2_000_000}).encode()
    done = run(listening(serve).path, said=said, SIDECAR_HOOKS_TIMEOUT_MS="60000")
    assert (done.returncode, done.stdout) == (0, b"done")
    assert len(asked[0]) > 2_000_000


def test_a_payload_beyond_all_measure_is_read_and_not_sent(listening: Callable[..., Listener]) -> None:
    listener = listening(answering(b"never"))
    said = b'{"prompt": "' + b"x" * (5 << 20) + b'"}'
    assert silent(run(listener.path, said=said, SIDECAR_HOOKS_TIMEOUT_MS="60000"))


def test_without_a_daemon_it_is_silent(tmp_path: Path) -> None:
    assert silent(run(str(tmp_path / "nobody.sock")))
    (tmp_path / "file").write_text("not a socket")
    assert silent(run(str(tmp_path / "file")))
    assert silent(run("/" + "x" * 300))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut off",
        b"HTTP/1.1 200 OK\r\n\r\nwithout a length",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nfault",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nlater",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\xff\x00\xff" * 100,
    ],
)
def test_an_answer_that_is_none_is_not_printed(listening: Callable[..., Listener], answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    assert silent(run(listening(serve).path))


def test_a_hung_daemon_costs_the_limit_and_no_more(listening: Callable[..., Listener]) -> None:
    forever = threading.Event()

    def dripping(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not forever.wait(0.01):
            connection.sendall(b"x")

    assert silent(run(listening(lambda _: forever.wait() and None).path))
    assert silent(run(listening(dripping).path))
    forever.set()


def test_a_flooding_daemon_is_left(listening: Callable[..., Listener]) -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    assert silent(run(listening(flood).path))


def test_an_agent_that_never_ends_its_words_is_left() -> None:
    reading, writing = os.pipe()
    env = {**os.environ, "SIDECAR_SOCKET": "/nowhere", "PYTHONPATH": str(PROGRAM.parents[1])}
    command = [sys.executable, str(PROGRAM), "hook", "Stop", "--agent", "codex"]
    done = subprocess.run(command, stdin=reading, capture_output=True, env=env, timeout=HANG_S)
    os.close(reading)
    os.close(writing)
    assert silent(done)


def test_an_agent_that_does_not_listen_is_left(listening: Callable[..., Listener]) -> None:
    reading, writing = os.pipe()
    env = {
        **os.environ,
        "SIDECAR_SOCKET": listening(answering(b"x" * 1_000_000)).path,
        "PYTHONPATH": str(PROGRAM.parents[1]),
    }
    command = [sys.executable, str(PROGRAM), "hook", "Stop", "--agent", "codex"]
    done = subprocess.run(command, input=b"{}", stdout=writing, stderr=subprocess.PIPE, env=env, timeout=HANG_S)
    os.close(reading)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_closed_streams_do_not_matter(tmp_path: Path) -> None:
    command = f"'{sys.executable}' '{PROGRAM}' hook Stop --agent codex <&- >&- 2>&-"
    env = {**os.environ, "SIDECAR_SOCKET": str(tmp_path / "none"), "PYTHONPATH": str(PROGRAM.parents[1])}
    assert subprocess.run(["sh", "-c", command], env=env, timeout=HANG_S).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("Stop",),
        ("--agent", "codex"),
        ("Stop", "--agent"),
        ("Stop", "--agent", ""),
        ("Stop", "SessionEnd", "--agent", "codex"),
        ('St"op', "--agent", "codex"),
        ("Stop", "--agent", "co dex"),
        ("Stop", "--agent", "x" * 100),
        ("Stöp", "--agent", "codex"),
        ("--nonsense", "--agent", "codex"),
    ],
)
def test_a_wrong_call_is_silent_and_asks_nothing(
    listening: Callable[..., Listener], arguments: tuple[str, ...]
) -> None:
    asked: list[bytes] = []
    listener = listening(lambda connection: asked.append(read_request(connection)))
    assert silent(run(listener.path, *arguments))
    assert not asked


def test_an_equals_sign_will_do(listening: Callable[..., Listener]) -> None:
    assert run(listening(answering(b"yes")).path, "--agent=codex", "Stop").stdout == b"yes"


def loaded(listener: Listener, package: Path, *command: str) -> set[str]:
    """The modules that a command loads; it has to be answered with yes if it is a hook."""
    env = {**os.environ, "SIDECAR_SOCKET": listener.path, "PYTHONPATH": str(package)}
    line = [sys.executable, "-X", "importtime", *command]
    done = subprocess.run(line, input=b"{}", capture_output=True, env=env, timeout=HANG_S)
    assert done.stdout == (b"" if command[0] == "-c" else b"yes"), done.stderr
    names = [line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines() if "|" in line]
    return set(names) - {"imported package"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with what a hook needs of the package, compiled as an installation compiles it."""
    for name in ("__init__.py", "__main__.py", "meeting.py", "hooks/__init__.py", "hooks/hook.py"):
        (tmp_path / "sidecar" / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROGRAM.parents[1] / "sidecar" / name, tmp_path / "sidecar" / name)
    assert compileall.compile_dir(tmp_path / "sidecar", quiet=1)
    return tmp_path


HOOK = (str(PROGRAM), "hook", "Stop", "--agent", "codex")
USUAL = {"sidecar", "sidecar.__main__", "sidecar.hooks", "sidecar.hooks.hook", "sidecar.meeting", "_socket"}


def test_nothing_is_loaded_but_a_socket(listening: Callable[..., Listener], package: Path) -> None:
    """What Python loads for `pass`, and one module: any more would show in every prompt of every agent."""
    listener = listening(answering(b"yes"))
    nothing = loaded(listener, package, "-c", "pass")
    assert loaded(listener, package, *HOOK) - nothing == {"_socket"}


@pytest.mark.parametrize("state", ["missing", "stale", "of another Python", "cut off", "of the wrong kind"])
def test_a_cache_that_is_not_as_it_should_be_goes_the_usual_way(
    listening: Callable[..., Listener], package: Path, state: str
) -> None:
    listener = listening(answering(b"yes"))
    nothing = loaded(listener, package, "-c", "pass")
    source = package / "sidecar" / "hooks" / "hook.py"
    [cache] = source.parent.glob("__pycache__/hook.*.pyc")
    if state == "missing":
        cache.unlink()
    elif state == "stale":
        source.write_text(source.read_text() + "\n# changed\n")
    elif state == "of another Python":
        cache.write_bytes(b"\0\0\r\n" + cache.read_bytes()[4:])
    elif state == "cut off":
        cache.write_bytes(cache.read_bytes()[:10])
    else:
        cache.unlink()
        cache.mkdir()
    assert loaded(listener, package, *HOOK) - nothing == USUAL


def test_the_first_package_on_the_path_counts(
    listening: Callable[..., Listener], package: Path, tmp_path: Path
) -> None:
    """Not the first that is compiled: that might be another version."""
    first = tmp_path / "first"
    shutil.copytree(package / "sidecar", first / "sidecar", ignore=shutil.ignore_patterns("__pycache__"))
    hook = first / "sidecar" / "hooks" / "hook.py"
    hook.write_text(hook.read_text().replace("def run(arguments", "def run(_arguments", 1) + "\nimport json\n")
    env = {**os.environ, "PYTHONPATH": f"{first}{os.pathsep}{package}", "SIDECAR_SOCKET": "/nowhere"}
    line = [sys.executable, "-X", "importtime", *HOOK]
    done = subprocess.run(line, input=b"{}", capture_output=True, env=env, timeout=HANG_S)
    assert b" json\n" in done.stderr


def test_python_m_serves_hooks_too(listening: Callable[..., Listener]) -> None:
    env = {**os.environ, "SIDECAR_SOCKET": listening(answering(b"yes")).path, "PYTHONPATH": str(PROGRAM.parents[1])}
    command = [sys.executable, "-m", "sidecar", "hook", "Stop", "--agent", "codex"]
    assert subprocess.run(command, input=b"{}", capture_output=True, env=env, timeout=HANG_S).stdout == b"yes"


def test_help_is_still_help() -> None:
    done = run("/nowhere", "--help")
    assert done.returncode == 0
    assert b"--agent" in done.stdout


@pytest.mark.parametrize(
    ("note", "environ", "expected"),
    [
        (None, {}, 300),
        (b"1 750\n", {}, 750),
        (b"1 750\n", {meeting.VARIABLE: "40"}, 40),
        (b"1 750\n", {meeting.VARIABLE: "forty"}, 750),
        (b"2 750 ms\n", {}, 300),
        (b"1 9\n", {}, 300),
        (b"1 600001\n", {}, 300),
        (b"", {}, 300),
        (b"\xff\xff", {}, 300),
    ],
)
def test_the_limit_is_what_the_daemon_has_noted(
    tmp_path: Path, note: bytes | None, environ: dict[str, str], expected: int
) -> None:
    path = str(tmp_path / "sidecar.sock")
    if note is not None:
        Path(meeting.note_path(path)).write_bytes(note)
    assert meeting.limit_ms(environ, path) == expected


def test_a_note_says_what_was_noted(tmp_path: Path) -> None:
    path = str(tmp_path / "sidecar.sock")
    Path(meeting.note_path(path)).write_bytes(meeting.note(1234))
    assert meeting.limit_ms({}, path) == 1234

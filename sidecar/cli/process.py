"""The daemon as a process: whether one runs, starting one in the background, waiting for its end."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sidecar.client import Client
from sidecar.descriptors import hint_for, log_file
from sidecar.errors import BadAnswer, DaemonSilent, FileSystemFailed, NoDaemon, SidecarError, Unavailable
from sidecar.files import ensure_folder
from sidecar.paths import Paths, resolve

START_SECONDS = 60.0
"""Opening a large journal and index on a slow disk takes its time; longer than this is a fault."""

STOP_SECONDS = 20.0
"""A stop takes under two seconds, apart from a model's answer or a push that must first be broken off."""

_POLL_SECONDS = 0.05
_UNKNOWN_PID = 0
_NOT_ANSWERING = (NoDaemon, DaemonSilent, BadAnswer)


def holder(lock: Path) -> int | None:
    """The pid of the daemon that holds the lock, 0 if it is not told, or None if no daemon runs.

    The lock counts, not the socket: systemd may listen on the socket while no daemon runs.
    """
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # of a pipe, too, nothing is waited for
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        written = os.read(descriptor, 32).split()
        return int(written[0]) if written and written[0].isdigit() else _UNKNOWN_PID
    finally:
        os.close(descriptor)
    return None


def spawn(environ: Mapping[str, str], output: Path) -> subprocess.Popen[bytes]:
    """Start `sidecar up` in a session of its own, in the folder /, with everything it prints in `output`.

    In place of a link a new file is begun: another one would be emptied.  Raises FileSystemFailed.
    """
    ensure_folder(output.parent)
    try:
        descriptor = log_file(output, os.O_WRONLY)
    except OSError as error:
        why, hint = error.strerror or str(error), hint_for(error, output)
        raise FileSystemFailed(path=output, action="written", why=why, hint=hint) from error
    try:
        os.ftruncate(descriptor, 0)
        return subprocess.Popen(
            [sys.executable, "-m", "sidecar", "up", "--yes"],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            cwd="/",
            env=_environment(environ),
        )
    finally:
        os.close(descriptor)


def start_apart(environ: Mapping[str, str]) -> None:
    """Start a daemon that is nobody's child here, and wait until it answers; one that runs already is fine.

    Who calls this may live for days: a daemon of its own would stay a zombie when it ends.  So `sidecar up --detach`
    is run, whose end leaves the daemon to the system.  Raises Unavailable with the reason if none answers.
    """
    done = subprocess.run(
        [sys.executable, "-m", "sidecar", "up", "--detach"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        cwd="/",
        env=_environment(environ),
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        told = next((line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")), "it did not start")
        raise Unavailable(what="The daemon", why=told)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a daemon that runs in another folder: paths are absolute, and this package is found."""
    found = dict(environ)
    for name in ("SIDECAR_HOME", "SIDECAR_SOCKET"):
        if found.get(name):
            found[name] = str(Path(found[name]).expanduser().absolute())
    package = str(Path(__file__).resolve().parents[2])
    found["PYTHONPATH"] = os.pathsep.join(filter(None, (package, found.get("PYTHONPATH"))))
    return found


def wait_ready(client: Client, process: subprocess.Popen[bytes] | None, seconds: float = START_SECONDS) -> bool:
    """Wait until the daemon answers; False as soon as `process` has ended instead.  Raises DaemonSilent.

    Without a process of ours, one that answers that it is not available has said so: Unavailable.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            client.health()
            return True
        except _NOT_ANSWERING:
            if process is not None and process.poll() is not None:
                return False
        except Unavailable:  # one that has failed to start answers so while it ends, and then tells why
            if process is None:
                raise
        time.sleep(_POLL_SECONDS)
    raise DaemonSilent(socket=client.socket_path, seconds=seconds)


def stop(paths: Paths, pid: int, seconds: float = STOP_SECONDS) -> None:
    """End the daemon that holds the lock: ask it, or signal it if it does not answer.

    Raises Unavailable if it is still there after `seconds`.
    """
    try:
        Client(paths.socket, timeout=5).shutdown()
    except Unavailable:
        pass  # it is stopping already
    except _NOT_ANSWERING:
        if pid == _UNKNOWN_PID:
            raise
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while holder(paths.lock) is not None:
        if time.monotonic() > deadline:
            raise Unavailable(what="A free lock", why=f"the daemon (pid {pid}) is still stopping after {seconds:g} s")
        time.sleep(_POLL_SECONDS)


@contextmanager
def throwaway(environ: Mapping[str, str], hint: str) -> Iterator[Client]:
    """A daemon of our own, as long as this lasts; its client waits half a minute for an answer.

    Raises SidecarError, with what the daemon said or else `hint`, if it does not start.
    """
    paths = resolve(environ)
    output = paths.logs / "up.log"
    process = spawn(environ, output)
    client = Client(paths.socket, timeout=30)
    try:
        if not wait_ready(client, process):
            told = last_words(output) or ("Error: it ended without a word", f"Try: {hint}")
            raise SidecarError(detail=told[0].removeprefix("Error: "), hint=told[1].removeprefix("Try: "))
        yield client
    finally:
        pid = holder(paths.lock)
        if pid is not None:
            stop(paths, pid)
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_words(output: Path) -> tuple[str, str] | None:
    """The two lines with which a daemon that did not start has said why, or None if it said nothing."""
    lines = output.read_text("utf-8", errors="replace").splitlines()
    told = [line for line in lines if line.startswith("Error: ")]
    hints = [line for line in lines if line.startswith("Try: ")]
    return (told[-1], hints[-1]) if told and hints else None

"""A daemon in a home of its own that is thrown away afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.client import Client
from sidecar.errors import SidecarError

START_SECONDS = 300
"""A daemon that has not answered by then, over a hundred thousand files on a busy machine, will not."""

SETTLE_SECONDS = 3_600
ANSWER_SECONDS = 300
"""An ingest of 500 long messages on a busy machine."""

POLL_SECONDS = 0.1
_START_POLL_SECONDS = 0.01

NOTHING_LEARNED: Final = {"SIDECAR_EXTRACT_EXTRACTOR": "none"}

_STRANGERS = ("SIDECAR_", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "GEMINI_CLI_HOME")
"""Variables of the caller's that would lead the daemon out of its home."""


@dataclass(frozen=True, slots=True)
class Home:
    """A running daemon, its folder and its process."""

    folder: Path
    client: Client
    pid: int

    def settled(self) -> None:
        """Wait until nothing is left to do.  Raises TimeoutError."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while not self.client.status()["settled"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the daemon has not settled within {SETTLE_SECONDS} s")
            time.sleep(POLL_SECONDS)

    def rebuilt(self) -> float:
        """Have the index made anew; the seconds that it took."""
        before = self.client.status()["index"]["generation"]
        begun = time.monotonic()
        self.client.rebuild()
        while self.client.status()["index"]["generation"] <= before:
            if time.monotonic() > begun + SETTLE_SECONDS:
                raise TimeoutError(f"the index was not made within {SETTLE_SECONDS} s")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - begun

    def pss(self) -> int:
        """The bytes of memory that are the daemon's, what it shares with others in proportion (Linux)."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii")
        return next(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))

    def processor_s(self) -> float:
        """The processor time that the daemon has taken, without its children (Linux)."""
        return _processor_s(self.pid)

    def children_s(self) -> float:
        """The processor time that those of its children have taken that are still there (Linux)."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return sum(_processor_s(int(child)) for child in children.split())

    def index_bytes(self) -> int:
        """What the index takes on disk."""
        return sum(path.stat().st_size for path in (self.folder / "cache").rglob("*") if path.is_file())


@contextmanager
def running(
    user: Path | None = None,
    folder: Path | None = None,
    settings: Mapping[str, str] = NOTHING_LEARNED,
    ask: Callable[[Client], object] = Client.health,
) -> Iterator[Home]:
    """A daemon that learns nothing, so that what is measured is archive and index.

    `user`: the home folder in which agents have left their sessions; without one an empty one.  `folder`: what an
    earlier daemon, or `bulk.fill`, has left; without one it is new, and thrown away afterwards.  `settings`: other
    settings than that, as variables of the environment.  `ask`: what is asked until it is answered; only then is the
    daemon given.
    """
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as name:
        folder = folder or Path(name) / ".sidecar"
        environ = {key: value for key, value in os.environ.items() if not key.startswith(_STRANGERS)}
        environ |= {"HOME": str(user or name), "SIDECAR_HOME": str(folder), **settings}
        command = [sys.executable, "-m", "sidecar", "up", "--yes"]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
        home = Home(folder, Client(folder / "run" / "sidecar.sock", timeout=ANSWER_SECONDS), process.pid)
        try:
            _answers(home.client, process, ask)
            yield home
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _answers(client: Client, process: subprocess.Popen[bytes], ask: Callable[[Client], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"the daemon ended with {process.returncode}")
        try:
            ask(client)
        except SidecarError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_START_POLL_SECONDS)
        else:
            return
